"""Verdicts are those of the brute-force evaluator: on every pair, on every port that could make a difference."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from ipaddress import ip_address

from hypothesis import HealthCheck, given, settings

from clusters import PROTOCOLS, Cluster, addresses, clusters, numbers
from evaluator import Connection, Endpoint, allowed
from maxtac_render.analysis.endpoints import stage
from maxtac_render.analysis.reachability import Reach, Verdicts
from maxtac_render.analysis.universe import USUAL, Assumptions, Universe
from maxtac_render.assembly import assemble
from maxtac_render.model import cluster as model
from maxtac_render.model.diagnostics import Report, Severity
from maxtac_render.model.options import Options
from maxtac_render.model.portsets import NO_PORTS, PortSet
from worlds import Body, resources

SLOW = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def assembled(bodies: list[Body]) -> model.Cluster:
    """What is known of a cluster in which nothing is wrong."""
    report = Report()
    cluster = assemble(resources(bodies), Options(), report).cluster
    assert report.worst < Severity.ERROR, report.sorted()
    return cluster


def verdicts(cluster: model.Cluster, assumptions: Assumptions = USUAL) -> Verdicts:
    """Who may talk to whom in a cluster."""
    return Verdicts(stage(cluster, (), assumptions).universe, [each.policy for each in cluster.policies])


def position(universe: Universe, address: str) -> int:
    """The endpoint that an outside address belongs to."""
    here = ip_address(address)
    (number,) = (
        number
        for number, each in enumerate(universe.addresses.classes)
        if any(part.version == here.version and part.first <= int(here) <= part.last for part in each.ranges)
    )
    return number + len(universe.workloads)


def ends(cluster: Cluster, universe: Universe) -> Iterator[tuple[int, Endpoint]]:
    """The endpoints of a universe with what the evaluator knows of them."""
    for number, workload in enumerate(universe.workloads):
        assert workload is not None
        yield number, cluster.pods[workload.ref.namespace, workload.ref.name]
    for address in addresses(cluster.policies):
        yield position(universe, address), address


def opened(ports: PortSet, protocol: str, number: int) -> bool:
    """Whether a port is in a set."""
    return any(span.protocol == protocol and span.first <= number <= span.last for span in ports.spans)


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


@SLOW
@given(clusters())
def test_verdicts_are_those_of_the_evaluator(cluster: Cluster) -> None:
    """Where everything is known there is one answer, and it is exact."""
    found = verdicts(assembled(cluster.bodies))
    assert found.certain is found.possible
    assert check(cluster, found.certain)
