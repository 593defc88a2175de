"""The gates before deletes: each is shut by what it is there for, and a revocation passes those that guess."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxtac_render.engine.plan import rendered
from maxtac_render.engine.pruning import (
    Feed,
    Gate,
    Gates,
    after_failures,
    judge,
    limit,
    name_of,
    opened,
    surroundings,
)
from maxtac_render.engine.settling import Scope, Settlement, settle
from maxtac_render.model.changes import Change
from maxtac_render.model.intent import Direction
from maxtac_render.model.ownership import SERVICE
from maxtac_render.model.policy import Policy
from maxtac_render.model.selectors import Selector
from policies import SET, bare, policy, written

SCOPE = Scope(SET, "apply")
KEPT = policy("kept")


def settled(gone: int, wanted: int = 1, kept: int = 0, *, namespace: str = "shop") -> Settlement:
    """A settlement in which some policies go, and some stay."""
    stay = [policy(f"stay-{number}") for number in range(kept)]
    going = [policy(f"gone-{number}", namespace=namespace) for number in range(gone)]
    return settle([*stay, *[KEPT] * wanted], [], map(written, [*stay, *going]), SCOPE)


@pytest.mark.parametrize(
    ("settlement", "gates", "gate"),
    [
        (settled(1), Gates(prune=False), Gate.OFF),
        (settled(1), Gates(namespaces={"bank"}), Gate.NAMESPACE),
        (settled(1, wanted=0), Gates(), Gate.EMPTY),
        (settled(11), Gates(), Gate.LIMIT),
        (settled(1), Gates(limit=0), Gate.LIMIT),
        (settled(1), Gates(before=()), Gate.ONCE),
        *((settled(1), Gates(closed=frozenset({gate})), gate) for gate in Gate if gate is not Gate.GROUP),
    ],
    ids=str,
)
def test_a_gate_that_is_shut_keeps_every_policy(settlement: Settlement, gates: Gates, gate: Gate) -> None:
    """And says which gate it is."""
    deletes, blocked = judge(settlement, gates)
    assert deletes == ()
    assert blocked == {gate: settlement.deletes}


@pytest.mark.parametrize(("home", "goes"), [("shop", True), ("bank", False), ("", True)])
def test_a_mirror_of_another_namespace_stays(home: str, goes: bool) -> None:
    """Of one namespace it is not known whether a Service of another one asks for a policy here."""
    gone = policy("gone")
    marks = ((SERVICE, f"{home}/web"),) if home else ()
    gone = gone._replace(annotations=(*((key, text) for key, text in gone.annotations if key != SERVICE), *marks))
    settlement = settle([KEPT], [], map(written, [KEPT, gone]), SCOPE)
    deletes, blocked = judge(settlement, Gates(namespaces={"shop"}))
    assert bool(deletes) is goes
    assert blocked == ({} if goes else {Gate.NAMESPACE: settlement.deletes})


def test_what_could_not_be_read_keeps_every_policy() -> None:
    """Whatever was seen."""
    settlement = settled(1)._replace(unread=("a finding",))  # type: ignore[arg-type] # that there is one counts
    seen = [name_of(each) for each in settlement.deletes]
    assert list(judge(settlement, Gates(seen=seen)).blocked) == [Gate.UNREAD]


@pytest.mark.parametrize(
    ("settlement", "gates"),
    [
        (settled(10), Gates()),
        (settled(20, kept=80), Gates()),
        (settled(1, wanted=0), Gates(allow_empty=True)),
        (settled(99), Gates(limit=99)),
        (settled(1), Gates(before={("shop", "gone-0")})),
        (settled(1), Gates(namespaces={"shop"})),
    ],
)
def test_open_gates_let_all_pass(settlement: Settlement, gates: Gates) -> None:
    """In the order in which they stood."""
    assert judge(settlement, gates) == (settlement.deletes, {})


@pytest.mark.parametrize(
    ("wanted", "gates"), [(0, Gates()), (1, Gates(limit=0)), (1, Gates(before=())), (1, Gates(limit=2))]
)
def test_a_revocation_passes_the_gates_that_guess(wanted: int, gates: Gates) -> None:
    """Its cause was seen to go; it counts for no limit, and the others wait."""
    settlement = settled(11, wanted=wanted)
    seen = {("shop", "gone-3"), ("shop", "gone-7")}
    deletes, blocked = judge(settlement, gates._replace(seen=seen))
    assert {name_of(each) for each in deletes} == seen
    assert sum(map(len, blocked.values())) == 9


def test_the_usual_limit_is_a_fifth_and_no_less_than_ten() -> None:
    """Of the policies that are ours."""
    assert [limit(owned, Gates()) for owned in (0, 50, 54, 55, 1000)] == [10, 10, 10, 11, 200]


@given(
    gone=st.integers(0, 30),
    wanted=st.integers(0, 2),
    gates=st.builds(
        Gates,
        prune=st.booleans(),
        limit=st.none() | st.integers(0, 30),
        allow_empty=st.booleans(),
        namespaces=st.none() | st.sampled_from([{"shop"}, {"bank"}]),
        closed=st.frozensets(st.sampled_from(list(Gate)), max_size=1),
        seen=st.sets(st.integers(0, 30).map(lambda number: ("shop", f"gone-{number}"))),
        before=st.none() | st.sets(st.integers(0, 30).map(lambda number: ("shop", f"gone-{number}"))),
    ),
)
def test_every_delete_goes_or_is_told_to_stay(gone: int, wanted: int, gates: Gates) -> None:
    """None is lost, none is both, and more than the limit go only where their causes were seen."""
    settlement = settled(gone, wanted)
    deletes, blocked = judge(settlement, gates)
    staying = [each for every in blocked.values() for each in every]
    assert sorted(map(name_of, [*deletes, *staying])) == sorted(map(name_of, settlement.deletes))
    unknown = [each for each in deletes if name_of(each) not in gates.seen]
    assert len(unknown) <= limit(settlement.owned, gates)
    assert not (deletes and (not gates.prune or gates.closed or gates.namespaces == {"bank"}))
    assert not (unknown and wanted == 0 and not gates.allow_empty)


def test_what_failed_keeps_what_it_may_replace() -> None:
    """The policies for the same pods; a revocation waits for its own resource only, and other pods are no concern."""
    deletes = [
        Change(rendered(made), None)
        for made in (policy("a"), policy("b"), policy("c", "db"), policy("d", source="other"), policy("e"))
    ]
    failed = [Change(None, rendered(policy("new", source="other")))]
    going, staying = after_failures(deletes, failed, {("shop", name) for name in "bcd"})
    assert [each.applied.policy.name for each in going] == ["b", "c"]
    assert [each.applied.policy.name for each in staying] == ["a", "d", "e"]


def test_what_takes_a_taken_name_keeps_what_it_replaces() -> None:
    """Also where the cause of that was seen to go: the same resource asks for it under another name."""
    old, new, foreign = policy("old"), policy("new"), bare(policy("new", cidr="10.0.0.0/8"))
    settlement = settle([new], [], [written(old), foreign], SCOPE)
    assert judge(settlement, Gates(seen={("shop", "old")})).blocked == {Gate.GROUP: settlement.deletes}


@pytest.mark.parametrize(
    ("remaining", "expected"),
    [
        ([], Direction.INGRESS),
        ([policy("other", "db")], Direction.INGRESS),
        ([policy("other", namespace="bank")], Direction.INGRESS),
        ([policy("other")._replace(isolates=Direction.EGRESS)], Direction.INGRESS),
        ([policy("other")], None),
        ([policy("other")._replace(subject=Selector(), isolates=Direction.ALL)], None),
    ],
)
def test_the_last_policy_of_pods_opens_them(remaining: list[Policy], expected: Direction | None) -> None:
    """Nothing that is left selects all of its pods and closes the same side."""
    change = Change(rendered(policy("gone")), None)
    assert opened([change], remaining) == ([(change, expected)] if expected else [])


LABELS = st.dictionaries(st.sampled_from(("app", "tier", "zone")), st.sampled_from(("x", "y")))
POLICIES = st.lists(
    st.builds(
        lambda pairs, isolates, place: policy("x", namespace=place)._replace(
            subject=Selector(pairs), isolates=isolates
        ),
        LABELS.map(dict.items).map(sorted).map(tuple),
        st.sampled_from(list(Direction)),
        st.sampled_from(("shop", "bank")),
    )
)


@given(gone=POLICIES, remaining=POLICIES)
def test_pods_are_open_where_no_policy_selects_all_of_them(gone: list[Policy], remaining: list[Policy]) -> None:
    """As whoever looks at every policy finds it."""
    expected = []
    for each in gone:
        closing = [other for other in remaining if other.namespace == each.namespace]
        closing = [other for other in closing if set(other.subject.match_labels) <= set(each.subject.match_labels)]
        ingress = each.isolates.ingress and not any(other.isolates.ingress for other in closing)
        egress = each.isolates.egress and not any(other.isolates.egress for other in closing)
        if ingress or egress:
            expected.append((each.subject, ingress, egress))
    changes = [Change(rendered(each), None) for each in gone]
    found = [(change.applied.policy.subject, side.ingress, side.egress) for change, side in opened(changes, remaining)]
    assert found == expected


def test_a_policy_that_turns_to_other_pods_may_open_those_it_had() -> None:
    """It is as if it were deleted for them; a policy that only comes opens nothing."""
    before, after = rendered(policy("a")), rendered(policy("a", "db"))
    change = Change(before, after)
    assert opened([change, Change(None, after)], [after.policy]) == [(change, Direction.INGRESS)]
    assert opened([change], [after.policy, policy("b")]) == []


@pytest.mark.parametrize(
    ("feed", "gate"),
    [
        (Feed("Service", synced=False, failing=False, age=0), Gate.UNSYNCED),
        (Feed("Service", synced=True, failing=True, age=0), Gate.FAILING),
        (Feed("Service", synced=True, failing=False, age=90), Gate.LATE),
        (Feed("Access", synced=False, failing=True, age=0, missing=True), Gate.MISSING),
    ],
)
def test_one_kind_that_is_not_followed_shuts_its_gate(feed: Feed, gate: Gate) -> None:
    """Whatever the others are like."""
    good = Feed("Access", synced=True, failing=False, age=89)
    assert surroundings([good, feed], leading=True, faulty=False) == {gate}
    assert surroundings([good], leading=True, faulty=False) == frozenset()
    assert surroundings([good], leading=False, faulty=True) == {Gate.STANDBY, Gate.INTERNAL}
