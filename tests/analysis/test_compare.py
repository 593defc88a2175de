"""What differs between two clusters, held against every pair of endpoints one by one."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from edits import changes, instances
from maxtac_render.analysis import unseen
from maxtac_render.analysis.alignment import Aligned, align
from maxtac_render.analysis.compare import Comparison, Pairing, compare
from maxtac_render.analysis.connections import Verdict
from maxtac_render.analysis.reasons import Reasons
from maxtac_render.analysis.universe import USUAL, Outside, bits
from maxtac_render.engine.plan import plan
from maxtac_render.model.addresses import Range
from maxtac_render.model.cluster import Cluster
from maxtac_render.model.intent import Direction
from maxtac_render.model.objects import ObjectRef
from maxtac_render.model.portsets import NO_PORTS, PortSet

SLOW = settings(deadline=None, max_examples=200)
KNOWN = changes(known=True)

End = ObjectRef | Range


def compared(before: Cluster, after: Cluster) -> Comparison:
    """The comparison of two clusters."""
    return compare(align(before, after, plan(after.policies, before.policies), USUAL))


def compared_with_strangers(before: Cluster, after: Cluster) -> Comparison:
    """The same, with pods that nobody has declared."""
    changes = plan(after.policies, before.policies)
    return compare(align(before, after, changes, USUAL, unseen.strangers((before, after), changes, USUAL)))


def pairs(aligned: Aligned) -> Iterator[tuple[int, int]]:
    """Every pair that there may be."""
    for source in bits(aligned.everyone):
        for target in bits(aligned.everyone):
            pods = source < len(aligned.new.universe.workloads) or target < len(aligned.new.universe.workloads)
            if source != target and pods:
                yield source, target


def ends(aligned: Aligned, number: int) -> list[End]:
    """Who a bit stands for, by what is the same in every universe; addresses by the first of each range."""
    (endpoint,) = aligned.endpoints(1 << number)
    return list(endpoint.ranges) if isinstance(endpoint, Outside) else [endpoint.ref]


def passing(aligned: Aligned, source: int, target: int) -> list[PortSet]:
    """What passes for certain, and perhaps, before and after; nothing to and from who is not there."""
    found = []
    for side in (aligned.old, aligned.new):
        there = side.universe.everyone >> source & side.universe.everyone >> target & 1
        reaches = (side.verdicts.certain, side.verdicts.possible)
        found += [reach.ports(source, target) if there else NO_PORTS for reach in reaches]
    return found


def expanded(comparison: Comparison) -> dict[tuple[int, int], Pairing]:
    """The differing pairs, each by itself."""
    found: dict[tuple[int, int], Pairing] = {}
    possible = set(pairs(comparison.aligned))
    for shift in comparison.shifts:
        for source in bits(shift.sources):
            for target in bits(shift.targets):
                if (source, target) in possible:
                    assert (source, target) not in found, "each pair stands in one group"
                    found[source, target] = shift.pairing
    return found


@SLOW
@given(changes())
def test_the_groups_are_the_pairs_that_differ(change: tuple[Cluster, Cluster]) -> None:
    """Expanded, the groups say of each pair what both sides say of it; pairs in no group have not changed."""
    comparison = compared(*change)
    found = expanded(comparison)
    for pair in pairs(comparison.aligned):
        was, may, now, will = passing(comparison.aligned, *pair)
        if pair in found:
            before, after, *_ = found[pair]
            assert (*before, *after) == (was, may, now, will)
        else:
            assert (was, may) == (now, will)


@SLOW
@given(KNOWN)
def test_what_opened_is_the_new_list_without_the_old_one(change: tuple[Cluster, Cluster]) -> None:
    """Where everything is known nothing depends."""
    comparison = compared(*change)
    for (source, target), pairing in expanded(comparison).items():
        was, _, now, _ = passing(comparison.aligned, source, target)
        assert pairing.opened == (now.without(was), now.without(was))
        assert pairing.closed == (was.without(now), was.without(now))
        assert pairing.opened.possible or pairing.closed.possible


@SLOW
@given(changes())
def test_a_change_and_its_reverse_mirror_each_other(change: tuple[Cluster, Cluster]) -> None:
    """What one opens the other closes."""
    before, after = change
    forth, back = expanded(compared(before, after)), expanded(compared(after, before))
    assert {pair: Pairing(p.after, p.before, p.kept, p.bounded) for pair, p in forth.items()} == back


@SLOW
@given(changes())
def test_nothing_differs_from_itself(change: tuple[Cluster, Cluster]) -> None:
    """A cluster and itself, and its policies under other names."""
    before, _ = change
    assert compared(before, before)[1:] == ((), ())
    renamed = [each._replace(policy=each.policy._replace(name=f"z-{each.policy.name}")) for each in before.policies]
    assert compared(before, before._replace(policies=tuple(reversed(renamed))))[1:] == ((), ())


@SLOW
@given(st.data())
def test_whatever_is_not_known_no_change_is_missed(data: st.DataObject) -> None:
    """With every label known, in any of the ways it may be, what differs is what was said to differ, or perhaps."""
    change = data.draw(changes())
    comparison = compared(*change)
    said = {
        (a, b): pairing
        for (source, target), pairing in expanded(comparison).items()
        for a in ends(comparison.aligned, source)
        for b in ends(comparison.aligned, target)
    }
    known = compared(*data.draw(instances(*change)))
    seen = set()
    for (source, target), pairing in expanded(known).items():
        for pair in ((a, b) for a in ends(known.aligned, source) for b in ends(known.aligned, target)):
            seen.add(pair)
            assert pair in said
            _covers(said[pair].opened.possible, pairing.opened.possible)
            _covers(said[pair].closed.possible, pairing.closed.possible)
    for pair, pairing in said.items():
        if pairing.opened.certain.spans and not pairing.before.possible.names:
            assert pair in seen, "what is certain happens"


def _covers(said: PortSet, done: PortSet) -> None:
    """What was done is among what was said; a name may be any number of its protocol."""
    named = {protocol for protocol, _ in said.names}
    left = [span for span in done.without(said).spans if span.protocol not in named]
    assert not left


@SLOW
@given(changes())
def test_pods_turn_as_their_policies_say(change: tuple[Cluster, Cluster]) -> None:
    """Every pod of both sides that is isolated on one of them only, and no other."""
    comparison = compared(*change)
    aligned = comparison.aligned
    lasting = aligned.old.universe.pods & aligned.new.universe.pods
    for direction in (Direction.INGRESS, Direction.EGRESS):
        for pod in bits(lasting):
            turns = [turn for turn in comparison.turns if turn.direction is direction and turn.pods >> pod & 1]
            was, now = (_isolation(aligned, side, direction, pod) for side in (0, 1))
            assert [(turn.before, turn.after) for turn in turns] in ([(was, now)], [])
            assert was is now or turns


def _isolation(aligned: Aligned, side: int, direction: Direction, pod: int) -> Verdict:
    verdicts = aligned[side].verdicts
    if verdicts.possible.isolating(direction, pod):
        return Verdict.YES
    return Verdict.DEPENDS if verdicts.certain.isolating(direction, pod) else Verdict.NO


@SLOW
@given(changes())
def test_every_difference_has_a_reason(change: tuple[Cluster, Cluster]) -> None:
    """A policy that came, went or changed, or pods that did."""
    comparison = compared(*change)
    reasons = Reasons(comparison.aligned)
    assert all(reasons.of_shift(shift) for shift in comparison.shifts)
    assert all(reasons.of_turn(turn) for turn in comparison.turns)


@SLOW
@given(changes(), st.randoms(use_true_random=False))
def test_the_order_of_the_input_changes_nothing(change: tuple[Cluster, Cluster], random: st.DrawFn) -> None:
    """Shuffled policies and pods give the same groups."""
    shuffled = [
        side._replace(
            policies=tuple(random.sample(side.policies, len(side.policies))),
            workloads=tuple(random.sample(side.workloads, len(side.workloads))),
        )
        for side in change
    ]
    assert compared(*change)[1:] == compared(*shuffled)[1:]


@SLOW
@given(changes())
def test_pods_that_nobody_has_declared_change_nothing_among_the_others(change: tuple[Cluster, Cluster]) -> None:
    """They come on top, and nobody else is told of them less."""
    plain, more = compared(*change), compared_with_strangers(*change)
    known = len({workload.ref for side in change for workload in side.workloads})
    among = [{pair: pairing for pair, pairing in expanded(each).items() if max(pair) < known} for each in (plain, more)]
    assert among[0] == among[1]
    assert plain.happened <= more.happened
