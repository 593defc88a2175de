"""Causes agree with verdicts: over random clusters, with labels and ports that are known and that are not."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from maxtac_render.analysis.causes import Allowing, Side, causes
from maxtac_render.analysis.endpoints import Stage, stage
from maxtac_render.analysis.reachability import Verdicts
from maxtac_render.analysis.universe import USUAL, bits
from maxtac_render.model.cluster import Applied, Cluster, Workload
from maxtac_render.model.intent import Direction
from maxtac_render.model.objects import ObjectRef, Origin
from maxtac_render.model.policy import ANY_PEER, NAMESPACE_NAME, CIDRPeer, PodPeer, Policy, Rule
from maxtac_render.model.ports import ANY_PORT, Port
from maxtac_render.model.portsets import ALL_PORTS, NO_PORTS, PortSet, union
from maxtac_render.model.selectors import Requirement, Selector

SLOW = settings(deadline=None)
HOMES, WORDS = ("shop", "bank"), ("web", "db")
SELECTOR = st.builds(
    Selector,
    st.sampled_from(((), (("app", "web"),), (("tier", "front"),))),
    st.sampled_from(((), (Requirement("tier", "NotIn", ("back",)),), (Requirement("app", "Exists"),))),
)
PEER = st.one_of(
    st.just(ANY_PEER),
    st.builds(CIDRPeer, st.sampled_from(("192.0.2.0/24", "10.0.0.0/8"))),
    st.builds(
        PodPeer, st.sampled_from([Selector(), *(Selector(((NAMESPACE_NAME, home),)) for home in HOMES)]), SELECTOR
    ),
)
PORTS = st.one_of(
    st.just(ANY_PORT),
    st.lists(
        st.sampled_from((Port("TCP", 80), Port("TCP", "http"), Port("UDP", 50, 90), Port("TCP", 1, 65535))), min_size=1
    ).map(tuple),
)
DIRECTION = st.sampled_from((Direction.INGRESS, Direction.EGRESS))
RULE = st.builds(Rule, DIRECTION, st.lists(PEER, min_size=1, max_size=2).map(tuple), PORTS)


@st.composite
def workloads(draw: st.DrawFn, known: bool) -> Workload:
    """Pods: of which everything is known, or perhaps nothing but some labels."""
    ref = ObjectRef("v1", "Pod", draw(st.sampled_from(HOMES)), f"p{draw(st.integers(0, 10**6))}")
    labels = {"app": draw(st.sampled_from(WORDS))} | draw(st.sampled_from(({}, {"tier": "front"})))
    ports = draw(st.sampled_from(({}, {("TCP", "http"): 80}, {("TCP", "http"): 8080})))
    if not known and draw(st.booleans()):
        return Workload(ref, labels, None, None, Origin(""))
    return Workload(ref, labels, frozenset(), ports, Origin(""))


@st.composite
def clusters(draw: st.DrawFn, known: bool = False) -> Cluster:
    """A few pods, a few policies."""
    policies = []
    for number, rules in enumerate(draw(st.lists(st.lists(RULE, max_size=3), max_size=4))):
        home, types = draw(st.sampled_from(HOMES)), draw(st.sampled_from((*DIRECTION_SETS,)))
        opened = tuple(rule for rule in rules if (rule.direction & types) is rule.direction)
        policy = Policy(home, f"n{number}", draw(SELECTOR), types, opened, (), (), None)
        policies.append(
            Applied(policy, ObjectRef("networking.k8s.io/v1", "NetworkPolicy", home, policy.name), Origin(""))
        )
    pods = draw(st.lists(workloads(known), min_size=2, max_size=4))
    return Cluster({}, tuple(pods), (), tuple(policies))


DIRECTION_SETS = (Direction.INGRESS, Direction.EGRESS, Direction.ALL)


def judged(cluster: Cluster) -> tuple[Stage, Verdicts]:
    """The endpoints of a cluster, and the verdicts on them."""
    staged = stage(cluster, (), USUAL)
    return staged, Verdicts(staged.universe, [each.policy for each in cluster.policies])


def certain(side: Side) -> PortSet:
    """What a side lets pass for certain, out of its causes alone."""
    if not side.isolating:
        return ALL_PORTS
    each = [union([rule.ports for rule in policy.allowing if rule.certain]) for policy in side.isolating]
    sure = [ports for ports, policy in zip(each, side.isolating, strict=True) if policy.certain]
    return union(sure) if sure else reduce(PortSet.meet, each, ALL_PORTS)


def possible(side: Side) -> PortSet:
    """What a side may let pass, out of its causes alone."""
    sure = [policy for policy in side.isolating if policy.certain]
    return union([rule.ports for rule in side.allowing]) if sure else ALL_PORTS


@SLOW
@given(clusters())
def test_the_causes_of_a_connection_add_up_to_its_verdict(cluster: Cluster) -> None:
    """What the named policies and rules let pass is just what the evaluator says, side by side and together."""
    staged, verdicts = judged(cluster)
    everyone = list(bits(staged.universe.everyone))
    for source in everyone:
        for target in everyone:
            if source >= len(cluster.workloads) and target >= len(cluster.workloads):
                continue
            found = causes(verdicts, cluster.policies, source, target)
            for side in (found.egress, found.ingress):
                assert (side.certain, side.possible) == (certain(side), possible(side))
            assert found.certain is found.egress.certain.meet(found.ingress.certain)
            assert found.possible is found.egress.possible.may_meet(found.ingress.possible)


@SLOW
@given(clusters(known=True))
def test_without_the_only_rule_that_allows_it_a_connection_fails(cluster: Cluster) -> None:
    """A rule that is named as the only cause is one."""
    _, verdicts = judged(cluster)
    for source, target in permutations(range(len(cluster.workloads)), 2):
        found = causes(verdicts, cluster.policies, source, target)
        for side in (found.egress, found.ingress):
            if found.certain and len(list(side.allowing)) == 1:
                fewer = without(cluster.policies, *side.allowing)
                assert Verdicts(verdicts.universe, fewer).possible.ports(source, target) is NO_PORTS


def without(policies: Sequence[Applied], gone: Allowing) -> list[Policy]:
    """The policies, one of them without a rule."""
    ours = [rule for rule in gone.applied.policy.rules if rule.direction is gone.direction]
    kept = tuple(rule for rule in gone.applied.policy.rules if rule is not ours[gone.number])
    return [each.policy._replace(rules=kept) if each is gone.applied else each.policy for each in policies]
