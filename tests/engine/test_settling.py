"""What is done to a cluster's policies: ours are made what they are to be, all others stay as they are."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxtac_render.compiler import compile_intents
from maxtac_render.engine.plan import shown
from maxtac_render.engine.settling import Foreign, Scope, Settlement, over, report_foreign, settle, step, whose
from maxtac_render.manifests.read import read
from maxtac_render.model.diagnostics import Diagnostic, Report
from maxtac_render.model.options import Options, severities
from maxtac_render.model.ownership import MANAGER_LABELS, is_written
from maxtac_render.model.policy import Policy
from maxtac_render.model.stored import Stored
from policies import SET, bare, policy, stored, written

SCOPE = Scope(SET, "apply")

SERVICES = "".join(
    f"""
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: shop, labels: {{app: {name}}}}}
spec: {{selector: {{app: {name}}}, ports: [{{port: 80}}]}}
---
"""
    for name in ("web", "cart")
)
ACCESS = """
apiVersion: maxtac.vtk.io/v1alpha1
kind: Access
metadata: {name: NAME, namespace: shop}
spec:
  serviceSelector: {matchLabels: {app: web}}
  direction: ingress
  targets: [{serviceName: cart, namespace: shop}]
"""
GOOD = ACCESS.replace("NAME", "web-in")
OTHER = ACCESS.replace("NAME", "other")


def compiled(text: str, options: Options | None = None) -> tuple[list[Policy], list[Diagnostic]]:
    """The policies of a text, and what was found in it."""
    options = options or Options(set=SET)
    report = Report(severities(options))
    resources = list(read(text.encode(), "web.yaml", report, named=True))
    return compile_intents(resources, options, report).policies, report.sorted()


def counts(settlement: Settlement) -> dict[str, int]:
    """How many changes of each sort there are."""
    actions = [change.action for change in settlement.changes]
    return {action: actions.count(action) for action in ("create", "patch", "delete") if action in actions}


def there(policies: list[Policy]) -> list[Stored]:
    """The policies as apply has written them."""
    return [written(each) for each in policies]


def test_what_is_missing_is_made_what_differs_is_changed_what_is_not_wanted_goes() -> None:
    """In this order, and the rest is told to be unchanged."""
    wanted = [policy("new"), policy("changed", cidr="10.0.0.0/8"), policy("same")]
    present = [written(policy("changed")), written(policy("same")), written(policy("gone"))]
    settlement = settle(wanted, [], present, SCOPE)
    assert [(each.action, each.applied.policy.name) for each in settlement.changes] == [
        ("create", "new"),
        ("patch", "changed"),
        ("delete", "gone"),
    ]
    assert [each.policy.name for each in settlement.unchanged] == ["same"]
    assert (settlement.owned, settlement.wanted) == (3, 3)


def test_what_others_add_is_no_difference_and_stays() -> None:
    """Labels and annotations of others, and what they are when the policy changes."""
    mark, note = (("team", "red"),), (("example.com/seen", "yes"), ("app.kubernetes.io/name", "x"))
    present = written(policy("web"), labels=mark, annotations=note)
    assert settle([policy("web")], [], [present], SCOPE).changes == ()
    (change,) = settle([policy("web", cidr="10.0.0.0/8")], [], [present], SCOPE).changes
    assert change.after is not None
    assert set(mark) <= set(change.after.policy.labels)
    assert set(note) <= set(change.after.policy.annotations)


@pytest.mark.parametrize(
    ("labels", "annotations"),
    [
        ((("maxtac.vtk.io.access/owner", "stale"),), ()),
        ((), (("render.maxtac.vtk.io/expires-at", "2027-01-01T00:00:00Z"),)),
    ],
)
def test_what_is_ours_and_not_wanted_any_more_goes(
    labels: tuple[tuple[str, str], ...], annotations: tuple[tuple[str, str], ...]
) -> None:
    """Labels and annotations of ours are no one else's to set."""
    present = written(policy("web"), labels=labels, annotations=annotations)
    (change,) = settle([policy("web")], [], [present], SCOPE).changes
    assert change.after is not None
    assert not set(labels + annotations) & set(change.after.policy.labels + change.after.policy.annotations)


@pytest.mark.parametrize(
    ("present", "expected"),
    [
        (bare(policy("web")), "not ours"),
        (bare(policy("web"), (("app.kubernetes.io/managed-by", "Helm"),)), "not ours"),
        (
            bare(policy("web"), (), (("kubectl.kubernetes.io/last-applied-configuration", "{}"),)),
            "not ours, but applied by kubectl",
        ),
        (bare(policy("web"), (("maxtac.vtk.io.access/owner", "web-in"),)), "the MaxTac controller's"),
        (
            bare(policy("web"), (("maxtac.vtk.io.access/owner", "web-in"),), (("render.maxtac.vtk.io/source", "x"),)),
            "ours, of no named set, written by something else",
        ),
        (written(policy("web"), of="bank"), "ours, of the set bank, written by maxtac apply"),
        (written(policy("web"), by="watch"), "ours, of this set, but written by maxtac watch"),
        (stored(policy("web")), "ours, of this set, but written by something else"),
        (
            stored(policy("web"), (("argocd.argoproj.io/tracking-id", "shop"),)),
            "ours, of this set, but written by Argo CD",
        ),
        (bare(policy("web"), MANAGER_LABELS), "ours, of no named set, written by something else"),
    ],
)
def test_what_is_not_ours_to_write_is_reported_and_left_alone(present: Stored, expected: str) -> None:
    """All three facts make a policy ours; the rest goes on."""
    settlement = settle([policy("web", cidr="10.0.0.0/8"), policy("new")], [], [present], SCOPE)
    assert counts(settlement) == {"create": 1}
    assert [each.stored for each in settlement.foreign] == [present]
    assert whose(present.applied.policy, SCOPE) == expected
    report = Report()
    report_foreign(settlement.foreign, SCOPE, report)
    (found,) = report.sorted()
    assert expected in found.message
    assert "maxtac adopt --set web" in found.mend
    assert settle([], [], [present], SCOPE).changes == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("direction: ingress", "direction: inward"),
        ("direction: ingress", "direction: ingress\n  mirored: true"),
        ("serviceSelector: {matchLabels: {app: web}}", "serviceSelecter: {}"),
        ("serviceSelector: {matchLabels: {app: web}}", "serviceSelector: {matchLabels: [app]}"),
        ("direction: ingress", "direction: ingress\n  direction: egress"),
        ("targets: [{serviceName: cart, namespace: shop}]", "targets: cart"),
    ],
)
def test_policies_of_an_invalid_resource_stay_and_the_rest_goes_on(old: str, new: str) -> None:
    """Neither made, changed nor deleted; the policies of the other resource are made."""
    policies, _ = compiled(SERVICES + GOOD)
    settlement = settle(*compiled(f"{SERVICES}{GOOD.replace(old, new)}\n---\n{OTHER}"), there(policies), SCOPE)
    assert counts(settlement) == {"create": 1}
    assert {each.why for each in settlement.held} <= {"Access/shop/web-in is invalid"}
    names = [policy.name for policy in policies]
    stay = [*settlement.unchanged, *(each.applied for each in settlement.held)]
    assert set(names) <= {each.policy.name for each in stay}


def test_policies_of_an_incomplete_resource_change_and_do_not_go() -> None:
    """A Service for which nobody names targets may have lost its annotation."""
    policies, _ = compiled(SERVICES + GOOD)
    settlement = settle(
        *compiled(SERVICES + GOOD.replace("targets: [{serviceName: cart, namespace: shop}]", "")),
        there(policies),
        SCOPE,
    )
    assert [each.why for each in settlement.held] == ["Access/shop/web-in is incomplete"]
    assert not settlement.changes


def test_policies_for_a_service_that_is_unclear_do_not_go() -> None:
    """Nobody knows which pods it stands for."""
    policies, _ = compiled(SERVICES + GOOD)
    broken = SERVICES.replace("{selector: {app: web}", "{selector: web")
    settlement = settle(*compiled(broken + GOOD), there(policies), SCOPE)
    assert [each.why for each in settlement.held] == ["Service shop/web is invalid"]
    assert not settlement.changes


def test_a_baseline_stays_with_the_policies_for_whose_sake_it_is_there() -> None:
    """And it goes when they go."""
    options = Options(set=SET, baseline=("dns",))
    egress = GOOD.replace("ingress", "egress")
    policies, _ = compiled(SERVICES + egress, options)
    broken = settle(*compiled(SERVICES + egress.replace("spec:", "spec:\n  x: y"), options), there(policies), SCOPE)
    assert not broken.changes
    nothing = settle(*compiled(SERVICES + egress.replace("serviceSelector", "x"), options), there(policies), SCOPE)
    assert not nothing.changes
    assert len(nothing.held) == len(policies) == 2
    assert counts(settle([], [], there(policies), SCOPE)) == {"delete": 2}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("serviceName: cart", "serviceName: nobody"),
        ("namespace: shop}]", "namespace: shop, x: y}]"),
        ("direction: ingress", "direction: ingress\n  duration: soon"),
        ("direction: ingress", "direction: ingress\n  duration: [1]"),
    ],
)
def test_a_policy_with_something_unusable_is_written_without_that_rule(old: str, new: str) -> None:
    """A target, a port, an address or a deadline costs rules, and not the resource."""
    policies, _ = compiled(SERVICES + GOOD)
    settlement = settle(*compiled(SERVICES + GOOD.replace(old, new)), there(policies), SCOPE)
    assert not settlement.held
    assert not settlement.unread


@pytest.mark.parametrize(
    "text",
    [
        "a: [maxtac.vtk.io",
        GOOD.replace("kind: Access", "kind: Acess"),
        GOOD.replace("name: web-in", "name: Web_In"),
        GOOD.replace(", namespace: shop}\nspec", "}\nspec"),
    ],
)
def test_what_cannot_be_read_is_told(text: str) -> None:
    """Nobody knows which policies it would have kept."""
    settlement = settle(*compiled(f"{SERVICES}{OTHER}\n---\n{text}"), [], SCOPE)
    assert settlement.unread
    assert settlement.changes


LABELS = st.sets(st.sampled_from((("team", "red"), ("maxtac.vtk.io.access/owner", "x"), ("a", "b")))).map(tuple)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Policy], list[Stored]]:
    """Policies that are wanted, and others that are there: ours, another writer's, another set's, nobody's."""
    places = [*product(("shop", "bank"), ("a", "b", "c"))]
    cidrs = st.sampled_from(("", "10.0.0.0/8", "192.0.2.0/24"))
    wanted = [
        policy(name, draw(st.sampled_from(("web", "db"))), draw(cidrs), namespace)
        for namespace, name in places
        if draw(st.booleans())
    ]
    present = []
    for namespace, name in places:
        made = policy(name, "web", draw(cidrs), namespace)
        match draw(st.sampled_from(("none", "ours", "ours", "watch", "set", "bare"))):
            case "ours":
                present.append(written(made, labels=draw(LABELS), annotations=draw(LABELS)))
            case "watch":
                present.append(written(made, by="watch"))
            case "set":
                present.append(written(made, of="bank"))
            case "bare":
                present.append(bare(made, draw(LABELS)))
    return wanted, present


@given(worlds())
def test_once_done_there_is_nothing_more_to_do(world: tuple[list[Policy], list[Stored]]) -> None:
    """What is not ours is never touched, and whoever does what is said need not do it again."""
    wanted, present = world
    settlement = settle(wanted, [], present, SCOPE)
    cluster = {each.ref: each for each in present}
    for change in settlement.changes:
        if change.before is not None:
            assert is_written(dict(change.before.policy.labels), *SCOPE[:2])
        if change.after is None:
            del cluster[change.ref]
        else:
            assert change.before is not None or change.ref not in cluster
            cluster[change.ref] = Stored(change.after, "uid", "2")
    again = settle(wanted, [], cluster.values(), SCOPE)
    assert not again.changes
    assert again.foreign == settlement.foreign
    ours = [each for each in cluster.values() if is_written(dict(each.applied.policy.labels), *SCOPE[:2])]
    assert len(ours) + len(again.foreign) == len(wanted)
    for change in settlement.changes:
        if change.before is not None and change.after is not None:
            kept = {key for key, _ in change.before.policy.labels} & {"team", "a"}
            assert kept <= {key for key, _ in change.after.policy.labels}


@given(worlds())
def test_a_step_is_what_the_whole_says(world: tuple[list[Policy], list[Stored]]) -> None:
    """Whoever decides again about one policy decides as before."""
    wanted, present = world
    settlement = settle(wanted, [], present, SCOPE)
    there = {each.ref: each for each in present}
    for change in settlement.changes:
        if change.after is not None:
            assert step(change.after, there.get(change.ref), SCOPE) == change
    for each in settlement.foreign:
        assert step(each.wanted, each.stored, SCOPE) == Foreign(each.wanted, each.stored)
        taken = over(each.wanted, each.stored)
        assert shown(taken.policy)[:5] == shown(each.wanted.policy)[:5]
        assert is_written(dict(taken.policy.labels), *SCOPE[:2])
