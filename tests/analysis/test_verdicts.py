"""Verdicts are those of the brute-force evaluator: on every pair, on every port that could make a difference."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clusters import (
    ADDRESSES,
    PROTOCOLS,
    Cluster,
    OpenCluster,
    addresses,
    body,
    clusters,
    completed,
    everything,
    numbers,
    open_clusters,
    plain_policies,
)
from evaluator import Body, Connection, Endpoint, Pod, allowed, isolates
from judge import assembled, opened, position, verdicts
from maxtac_render.analysis.reachability import Reach, Verdicts
from maxtac_render.analysis.universe import Assumptions, Universe, bits
from maxtac_render.model.intent import Direction
from maxtac_render.model.portsets import NO_PORTS, PortSet

ASSUMPTIONS = (Assumptions("outside"), Assumptions(host_network="node"), Assumptions(long_names="ignored"))
SLOW = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def ends(cluster: Cluster, universe: Universe) -> Iterator[tuple[int, Endpoint]]:
    """The endpoints of a universe with what the evaluator knows of them."""
    for number, workload in enumerate(universe.workloads):
        assert workload is not None
        yield number, cluster.pods[workload.ref.namespace, workload.ref.name]
    yield from outside(cluster.policies, universe)


def outside(policies: Iterable[Body], universe: Universe) -> Iterator[tuple[int, Endpoint]]:
    """The outside addresses that could make a difference, with the endpoints that they belong to."""
    for address in addresses(policies):
        yield position(universe, address), address


def at(row: dict[PortSet, int], target: int) -> PortSet:
    """The one set of ports under which a target stands in a row."""
    found = [ports for ports, mask in row.items() if mask >> target & 1]
    assert len(found) <= 1, "each target stands once"
    return found[0] if found else NO_PORTS


def check(cluster: Cluster, reach: Reach) -> int:
    """Hold the verdicts on every pair against the evaluator's; the number of connections tried."""
    tried = 0
    rows = dict(reach.rows())
    known = list(ends(cluster, reach.universe))
    for (source, here), (target, there) in itertools.permutations(known, 2):
        if isinstance(here, str) and isinstance(there, str):
            continue
        wanted = numbers(cluster.policies, [end for end in (here, there) if not isinstance(end, str)])
        connections: list[Connection] = [(here, there, protocol, port) for protocol in PROTOCOLS for port in wanted]
        ports = reach.ports(source, target)
        passing = {connection for connection in connections if opened(ports, *connection[2:])}
        assert passing == allowed(cluster.policies, connections), (here, there)
        assert ports is at(rows.get(source, {}), target)
        assert not ports.names
        tried += len(connections)
    return tried


SIDES = (Direction.INGRESS, Direction.EGRESS)


def named(reach: Reach, side: Direction, pod: int) -> set[int]:
    """The numbers of the policies that isolate a pod on one side, in the sense of one answer, by their names."""
    return {int(reach.policies[number].name[1:]) for number in reach.isolating(side, pod)}


def isolating(cluster: Cluster | OpenCluster, side: Direction, pod: Pod) -> set[int]:
    """The numbers of the policies that isolate a pod on one side, by the evaluator."""
    return {number for number, policy in enumerate(cluster.policies) if isolates(policy, side.word, pod)}


@SLOW
@given(clusters())
def test_verdicts_are_those_of_the_evaluator(cluster: Cluster) -> None:
    """Where everything is known there is one answer, and it is exact."""
    found = verdicts(assembled(cluster.bodies))
    assert found.certain is found.possible
    assert check(cluster, found.certain)
    for side in SIDES:
        pods = [(number, pod) for number, pod in ends(cluster, found.universe) if isinstance(pod, Pod)]
        closed = {number: isolating(cluster, side, pod) for number, pod in pods}
        assert closed == {number: named(found.certain, side, number) for number in closed}
        assert set(bits(found.certain.isolated(side))) == {number for number, some in closed.items() if some}


@SLOW
@given(clusters(), st.sampled_from(ASSUMPTIONS), st.data())
def test_verdicts_follow_what_is_assumed_of_the_network_plugin(
    cluster: Cluster, assumptions: Assumptions, data: st.DataObject
) -> None:
    """Blocks that mean no pods, pods that are known by their node's address, policies whose names are too long."""
    for policy in cluster.policies[::2]:
        policy["metadata"]["name"] = "p" + policy["metadata"]["name"][1:].zfill(70)
    hosted = data.draw(st.sets(st.sampled_from(sorted(cluster.pods)))) if assumptions.host_network == "node" else set()
    pods: dict[tuple[str, str], Endpoint] = {}
    for written in cluster.bodies:
        place = (written["metadata"].get("namespace", ""), written["metadata"]["name"])
        if place in hosted:
            address = data.draw(st.sampled_from(ADDRESSES))
            written["spec"]["hostNetwork"], written["status"]["podIPs"] = True, [{"ip": address}]
            pods[place] = address
        elif place in cluster.pods:
            known = cluster.pods[place]
            pods[place] = known._replace(addresses=()) if assumptions.ip_blocks == "outside" else known
    heard = cluster.policies[1::2] if assumptions.long_names == "ignored" else cluster.policies
    check(Cluster(cluster.bodies, heard, pods), verdicts(assembled(cluster.bodies), (), assumptions).certain)


def concrete(ports: PortSet, target: Endpoint) -> set[tuple[str, int]]:
    """The numbers of the ports that a set has by their names, on the one pod."""
    named = () if isinstance(target, str) else target.ports
    return {(protocol, number) for name, protocol, number in named if (protocol, name) in ports.names}


def between(found: Verdicts, source: tuple[int, Endpoint], target: tuple[int, Endpoint], policies: list[Body]) -> None:
    """Hold what passes for certain, and what may pass, against what the evaluator says of two pods."""
    (one, here), (other, there) = source, target
    certain, possible = found.certain.ports(one, other), found.possible.ports(one, other)
    surely, perhaps = concrete(certain, there), concrete(possible, there)
    wanted = numbers(policies, [end for end in (here, there) if not isinstance(end, str)])
    connections: list[Connection] = [(here, there, protocol, port) for protocol in PROTOCOLS for port in wanted]
    passing = allowed(policies, connections)
    for connection in connections:
        port = connection[2:]
        if opened(certain, *port) or port in surely:
            assert connection in passing, (connection, certain)
        if connection in passing:
            assert opened(possible, *port) or port in perhaps, (connection, possible)


@SLOW
@given(open_clusters(), st.sampled_from(("pods", "any")), st.data())
def test_whatever_is_not_known_lies_between_the_answers(
    cluster: OpenCluster, ip_blocks: Literal["pods", "any"], data: st.DataObject
) -> None:
    """Whatever labels, namespaces, ports and addresses turn out to be: certain is certain, and more is possible."""
    found = verdicts(assembled(cluster.bodies), cluster.queries, Assumptions(ip_blocks))
    universe = found.universe
    known: list[tuple[int, Pod]] = []
    for number, workload in enumerate(universe.workloads):
        assert workload is not None
        pods = cluster.unknown[workload.ref.kind, workload.ref.namespace, workload.ref.name]
        fitting = completed(cluster, pods, addressed=ip_blocks == "any")
        known += [(number, data.draw(fitting)) for _ in range(2)]
    for number, pod in known:
        for side in SIDES:
            closed = isolating(cluster, side, pod)
            assert named(found.possible, side, number) <= closed <= named(found.certain, side, number)
    pairs: list[Any] = [*itertools.permutations(known, 2)]
    for address in outside(cluster.policies, universe):
        pairs += [pair for pod in known for pair in ((pod, address), (address, pod))]
    for source, target in pairs:
        between(found, source, target, cluster.policies)
    for reach in (found.certain, found.possible):
        for source in range(universe.size):
            row = reach.row(source)
            for target in range(universe.size):
                if source != target or universe.several >> source & 1:
                    assert at(row, target) is reach.ports(source, target)


KNOWN = Pod("shop", (("app", "web"), ("tier", "front")), (), ("10.0.0.1",), (("team", "red"),))


@SLOW
@given(open_clusters(plain_policies()))
def test_no_more_is_left_open_than_there_is(cluster: OpenCluster) -> None:
    """Where every selector is one requirement, and one end is known, the answers are what all and what some give.

    But for pods of several revisions: of what tells them apart it is not kept which values there are.
    """
    cluster.homes["shop"] = dict(KNOWN.home)
    known = body(
        "Pod", ("shop", "known"), metadata={"labels": dict(KNOWN.labels)}, status={"podIP": KNOWN.addresses[0]}
    )
    others = [each for each in cluster.bodies if each["metadata"]["name"] != "shop"]
    shop = body("Namespace", ("", "shop"), metadata={"labels": dict(KNOWN.home)})
    cluster = cluster._replace(bodies=[shop, known, *others])
    found = verdicts(assembled(cluster.bodies), cluster.queries)
    places = {(each.ref.kind, *each.ref[2:]): number for number, each in enumerate(found.universe.workloads) if each}
    fixed = [(places.pop(("Pod", "shop", "known")), KNOWN), (position(found.universe, "10.0.0.2"), "10.0.0.2")]
    for place, number in places.items():
        pods = [*everything(cluster, cluster.unknown[place])] if place[0] not in ("Pod", "ReplicaSet") else []
        for (other, end), swapped in itertools.product(fixed if pods else (), (False, True)):
            ends = [((end, pod) if swapped else (pod, end)) for pod in pods]
            answers = [{each[2:] for each in allowed(cluster.policies, _tried(*pair))} for pair in ends]
            pair = (other, number) if swapped else (number, other)
            for reach, expected in ((found.certain, set.intersection(*answers)), (found.possible, set.union(*answers))):
                ports = reach.ports(*pair)
                assert {each[2:] for each in _tried("", "") if opened(ports, *each[2:])} == expected, (
                    place,
                    end,
                    swapped,
                )


def _tried(source: Endpoint, target: Endpoint) -> list[Connection]:
    return [(source, target, protocol, port) for protocol in ("TCP", "UDP") for port in (79, 80, 81, 82)]
