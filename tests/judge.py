"""The engine as a judge beside the evaluator: bodies in, verdicts out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from ipaddress import ip_address

from evaluator import Body, Connection, Endpoint
from maxtac_render.analysis.endpoints import parse, stage
from maxtac_render.analysis.reachability import Reach, Verdicts
from maxtac_render.analysis.universe import USUAL, Assumptions, Universe
from maxtac_render.assembly import assemble
from maxtac_render.model.cluster import Cluster
from maxtac_render.model.diagnostics import Report, Severity
from maxtac_render.model.options import Options
from maxtac_render.model.portsets import PortSet
from worlds import resources

USUALLY = Options()


def assembled(bodies: list[Body], options: Options = USUALLY, report: Report | None = None) -> Cluster:
    """What is known of a cluster; nothing may be wrong, but for what a report that is given takes for a warning."""
    report = Report() if report is None else report
    cluster = assemble(resources(bodies), options, report).cluster
    assert report.worst < Severity.ERROR, report.sorted()
    return cluster


def verdicts(cluster: Cluster, queries: Iterable[str] = (), assumptions: Assumptions = USUAL) -> Verdicts:
    """Who may talk to whom in a cluster."""
    universe = stage(cluster, [parse(query) for query in queries], assumptions).universe
    return Verdicts(universe, [each.policy for each in cluster.policies])


def position(universe: Universe, address: str) -> int:
    """The endpoint that an outside address belongs to."""
    here = ip_address(address)
    (number,) = (
        number
        for number, each in enumerate(universe.addresses.classes)
        if any(part.version == here.version and part.first <= int(here) <= part.last for part in each.ranges)
    )
    return number + len(universe.workloads)


def positions(
    universe: Universe, pods: Mapping[Endpoint, tuple[str, str]], outside: Iterable[str]
) -> dict[Endpoint, int]:
    """Where pods, by their namespaces and names, and outside addresses stand in a universe."""
    places = {each.ref[2:]: number for number, each in enumerate(universe.workloads) if each is not None}
    found: dict[Endpoint, int] = {pod: places[place] for pod, place in pods.items()}
    return found | {address: position(universe, address) for address in outside}


def opened(ports: PortSet, protocol: str, number: int) -> bool:
    """Whether a port is in a set."""
    return any(span.protocol == protocol and span.first <= number <= span.last for span in ports.spans)


def passing(reach: Reach, ends: Mapping[Endpoint, int], connections: Iterable[Connection]) -> set[Connection]:
    """The connections that pass, in the sense of one answer."""

    @cache
    def ports(source: Endpoint, target: Endpoint) -> PortSet:
        return reach.ports(ends[source], ends[target])

    return {connection for connection in connections if opened(ports(*connection[:2]), *connection[2:])}
