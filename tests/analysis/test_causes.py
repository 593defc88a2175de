"""Causes agree with verdicts, over clusters of which everything is known, and of which not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from itertools import permutations

from hypothesis import HealthCheck, given, settings

from clusters import Cluster, OpenCluster, clusters, open_clusters
from maxtac_render.analysis.causes import Allowing, Side, causes
from maxtac_render.analysis.endpoints import parse, stage
from maxtac_render.analysis.reachability import Verdicts
from maxtac_render.analysis.universe import USUAL, bits
from maxtac_render.assembly import assemble
from maxtac_render.model import cluster as model
from maxtac_render.model.cluster import Applied
from maxtac_render.model.diagnostics import Report
from maxtac_render.model.options import Options
from maxtac_render.model.policy import Policy
from maxtac_render.model.portsets import ALL_PORTS, NO_PORTS, PortSet, union
from worlds import Body, resources

SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def assembled(bodies: list[Body]) -> model.Cluster:
    """What is known of a cluster."""
    return assemble(resources(bodies), Options(), Report()).cluster


def judged(cluster: model.Cluster, queries: Iterable[str] = ()) -> Verdicts:
    """The verdicts on a cluster, and on what is asked for."""
    universe = stage(cluster, [parse(query) for query in queries], USUAL).universe
    return Verdicts(universe, [each.policy for each in cluster.policies])


def certain(side: Side) -> PortSet:
    """What a side lets pass for certain, out of its causes alone."""
    if not side.isolating:
        return ALL_PORTS
    each = [union(rule.ports for rule in policy.allowing if rule.certain) for policy in side.isolating]
    sure = [ports for ports, policy in zip(each, side.isolating, strict=True) if policy.certain]
    return union(sure) if sure else reduce(PortSet.meet, each, ALL_PORTS)


def possible(side: Side) -> PortSet:
    """What a side may let pass, out of its causes alone."""
    sure = any(policy.certain for policy in side.isolating)
    return union(rule.ports for rule in side.allowing) if sure else ALL_PORTS


def check(verdicts: Verdicts, policies: Sequence[Applied]) -> None:
    """Hold the causes of every connection against its verdict, side by side and together."""
    for source, target in permutations(bits(verdicts.universe.everyone), 2):
        if not verdicts.universe.pods >> source & 1 and not verdicts.universe.pods >> target & 1:
            continue
        found = causes(verdicts, policies, source, target)
        for side in (found.egress, found.ingress):
            assert (side.certain, side.possible) == (certain(side), possible(side))
        assert found.certain is found.egress.certain.meet(found.ingress.certain)
        assert found.possible is found.egress.possible.may_meet(found.ingress.possible)


@SLOW
@given(clusters())
def test_the_causes_of_a_connection_add_up_to_its_verdict(cluster: Cluster) -> None:
    """What the named policies and rules let pass is just what the evaluator says."""
    known = assembled(cluster.bodies)
    check(judged(known), known.policies)


@SLOW
@given(open_clusters())
def test_the_causes_of_what_is_not_known_add_up_too(cluster: OpenCluster) -> None:
    """What perhaps isolates and what perhaps allows make up both answers."""
    known = assembled(cluster.bodies)
    check(judged(known, cluster.queries), known.policies)


@SLOW
@given(clusters())
def test_without_the_only_rule_that_allows_it_a_connection_fails(cluster: Cluster) -> None:
    """A rule that is named as the only cause is one."""
    known = assembled(cluster.bodies)
    verdicts = judged(known)
    for source, target in permutations(range(len(known.workloads)), 2):
        found = causes(verdicts, known.policies, source, target)
        for side in (found.egress, found.ingress):
            if found.certain and len(list(side.allowing)) == 1:
                fewer = without(known.policies, *side.allowing)
                assert Verdicts(verdicts.universe, fewer).possible.ports(source, target) is NO_PORTS


def without(policies: Sequence[Applied], gone: Allowing) -> list[Policy]:
    """The policies, one of them without a rule."""
    kept = tuple(rule for rule in gone.applied.policy.rules if rule is not gone.rule)
    return [each.policy._replace(rules=kept) if each is gone.applied else each.policy for each in policies]
