"""Which observed flows the policies would drop, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from maxtac_render.analysis.assertions.judging import Breach, Status
from maxtac_render.analysis.assertions.reasons import asked, command, reason
from maxtac_render.analysis.assertions.traffic import Place, Traffic, home, stranger
from maxtac_render.analysis.assertions.world import World
from maxtac_render.analysis.connections import Verdict
from maxtac_render.analysis.endpoints import stage
from maxtac_render.analysis.reachability import Verdicts
from maxtac_render.analysis.universe import Assumptions
from maxtac_render.model.cluster import Cluster
from maxtac_render.model.diagnostics import Code, Report, Spot
from maxtac_render.model.flows import QUIET, Party
from maxtac_render.model.objects import Origin
from maxtac_render.model.portsets import PortSet, Span

FINDINGS = 1_000
"""Findings about one file of flows; those over that are counted."""


class Drop(NamedTuple):
    """Flows between two ends that would not pass, or (DEPENDS) perhaps: how many, and the line of the first.

    ``addresses`` are those of the first, and ``others`` tells of both ends whether there were more.
    """

    breach: Breach
    flows: int
    line: int
    addresses: tuple[str, str]
    others: tuple[bool, bool]


class Observation(NamedTuple):
    """What became of the flows of one file: how many connections they are, and what of them would be dropped."""

    traffic: Traffic
    world: World
    drops: tuple[Drop, ...]

    @property
    def status(self) -> Status:
        """What became of them as a test: that none would be dropped. Without any it would prove nothing."""
        if any(drop.breach.verdict is Verdict.NO for drop in self.drops):
            return Status.FAILED
        return Status.PASSED if self.traffic.seen else Status.ERROR


def observe(traffic: Traffic, cluster: Cluster, assumptions: Assumptions) -> Observation:
    """Judge flows that have been counted."""
    parties = sorted({each for key in traffic.seen for each in key[:2] if isinstance(each, Party)})
    namespaces = {party.namespace: home(party) for party in parties}
    told = cluster._replace(namespaces={**namespaces, **cluster.namespaces})
    universe = stage(told, (), assumptions, besides=list(map(stranger, parties))).universe
    verdicts = Verdicts(universe, [each.policy for each in cluster.policies])
    world = World(universe, verdicts, cluster.policies, len(cluster.workloads))
    numbers = {party: len(cluster.workloads) + number for number, party in enumerate(parties)}
    return Observation(traffic, world, tuple(_drops(traffic, world, numbers)))


def _drops(traffic: Traffic, world: World, numbers: dict[Party, int]) -> Iterator[Drop]:
    """The flows that would be dropped, those between the same ends together."""

    def end(place: Place) -> int:
        if isinstance(place, Party):
            return numbers[place]
        return place if place >= 0 else len(world.universe.workloads) - 1 - place

    found: dict[tuple[int, int, Verdict], Drop] = {}
    for (one, other, protocol, port), seen in traffic.seen.items():
        source, target = end(one), end(other)
        ports = PortSet((Span(protocol, port, port),))
        verdict = _verdict(world.verdicts, (source, target), ports)
        if verdict is Verdict.YES:
            continue
        breach = Breach(1 << source, 1 << target, ports, verdict, missing=True)
        drop = Drop(breach, seen.count, seen.line, seen.addresses, seen.others)
        known = found.get((source, target, verdict))
        found[source, target, verdict] = drop if known is None else _joined(known, drop)
    yield from sorted(found.values(), key=lambda drop: (drop.breach.verdict is Verdict.DEPENDS, drop.line))


def _verdict(verdicts: Verdicts, ends: tuple[int, int], ports: PortSet) -> Verdict:
    if min(ends) >= len(verdicts.universe.workloads):
        return Verdict.YES  # no policy is about what both ends of are outside
    if ports.meet(verdicts.certain.ports(*ends)):
        return Verdict.YES
    return Verdict.DEPENDS if ports.may_meet(verdicts.possible.ports(*ends)) else Verdict.NO


def _joined(one: Drop, other: Drop) -> Drop:
    first, second = sorted((one, other), key=lambda drop: drop.line)
    breach = one.breach._replace(ports=one.breach.ports.union(other.breach.ports))
    source, target = (
        more or also or mine != theirs
        for more, also, mine, theirs in zip(first.others, second.others, first.addresses, second.addresses, strict=True)
    )
    return first._replace(breach=breach, flows=one.flows + other.flows, others=(source, target))


def report_drops(path: str, found: Observation, report: Report) -> None:
    """Report the flows that would be dropped, those that may be, and those of which it cannot be told."""
    shown, rest = found.drops[:FINDINGS], sum(drop.flows for drop in found.drops[FINDINGS:])
    others = f"; {_counted(rest)} besides" if rest else ""
    for drop in shown:
        breach = drop.breach
        source, target = _ends(found.world, drop)
        facts: dict[str, object] = {
            "flows": _counted(drop.flows),
            "source": source[0],
            "target": target[0],
            "ports": breach.ports,
            "reason": reason(breach, found.world),
            "others": others if drop is shown[-1] else "",
            "command": command((source[1], target[1]), breach.ports),
        }
        code = Code.FLOW_DROPPED if breach.verdict is Verdict.NO else Code.FLOW_UNCERTAIN
        report.add(code, Spot(Origin(path, 0, drop.line)), (), **facts)
    for aside, number in sorted(found.traffic.aside.items()):
        if aside not in QUIET and number:
            report.add(Code.FLOWS_UNJUDGED, Spot(Origin(path)), flows=_counted(number), what=aside)


def _ends(world: World, drop: Drop) -> Iterator[tuple[str, str]]:
    """The ends of flows, as they are shown and as they can be asked for; outside of the cluster by address."""
    for number, address, others in zip(drop.breach.pair, drop.addresses, drop.others, strict=True):
        if number < len(world.universe.workloads):
            yield world.name(number), asked(number, world)
        else:
            yield f"{address} and other addresses" if others else address, address


def _counted(number: int) -> str:
    return f"{number:,} {'flow' if number == 1 else 'flows'}"
