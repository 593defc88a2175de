"""The endpoints of a cluster as tests mean them: each side of a test as a mask, each port as the target has it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from maxtac_render.analysis.assertions import Case, Ends, Part, exposure
from maxtac_render.analysis.assertions.world import World
from maxtac_render.analysis.endpoints import Anyone, Query, stage
from maxtac_render.analysis.reachability import Verdicts
from maxtac_render.analysis.universe import Assumptions, bits
from maxtac_render.model.cluster import Cluster
from maxtac_render.model.intent import Direction
from maxtac_render.model.ports import AnyPort, Port, Ports
from maxtac_render.model.portsets import ALL_PORTS, PortSet, Span, ports_of


class Asked(NamedTuple):
    """Ports that some targets share: those of a test, each name as the number that it has there.

    ``nameless`` tells that the targets have no port of one of the names.
    """

    targets: int
    ports: PortSet
    nameless: bool = False


class Scene:
    """A cluster with the endpoints of some tests. All their parts must name something."""

    def __init__(self, cluster: Cluster, cases: Sequence[Case], assumptions: Assumptions) -> None:
        sides = list(_sides(cases))
        queries = list(dict.fromkeys(part.query for _, ends in sides for part in ends.parts))
        wanted = [direction for direction in Direction if any(side == direction and ends.but for side, ends in sides)]
        besides = {direction: exposure.strangers(cluster, direction) for direction in wanted}
        staged = stage(cluster, queries, assumptions, besides=[each for found in besides.values() for each in found])
        verdicts = Verdicts(staged.universe, [each.policy for each in cluster.policies])
        self.world = World(staged.universe, verdicts, cluster.policies, len(cluster.workloads))
        self._known = (1 << len(cluster.workloads)) - 1
        self._masks: dict[Query, int] = dict(zip(queries, staged.asked, strict=True))
        self._strangers: dict[Direction, range] = {}
        begin = len(staged.universe.workloads) - sum(map(len, besides.values()))
        for direction, found in besides.items():
            self._strangers[direction] = range(begin, begin + len(found))
            begin += len(found)

    def mask(self, ends: Ends, direction: Direction) -> int:
        """The endpoints of one side of a test: INGRESS for its sources, who come in, and EGRESS for its targets."""
        named = 0
        for part in ends.parts:
            named |= self._masks[part.query]
        if not ends.but:
            return named
        everyone = self._known | self.world.universe.outside
        for number in self._strangers[direction]:
            if not self._excepted(ends.parts, number):
                everyone |= 1 << number
        return everyone & ~named

    def _excepted(self, parts: Iterable[Part], stranger: int) -> bool:
        return any(
            exposure.covers(part.query, self._masks[part.query], self.world.universe, stranger) for part in parts
        )

    def unknown(self, part: Part) -> bool:
        """Tell whether a part means pods with labels that no known pod has, in a place where there are known pods."""
        query = part.query
        if not isinstance(query, Anyone) or self._masks[query] & self._known:
            return False
        return not query.namespace or any(
            workload is not None and workload.ref.namespace == query.namespace
            for workload in self.world.universe.workloads[: self._known.bit_length()]
        )

    def asked(self, ports: Ports, targets: int) -> list[Asked]:
        """The ports of a test, for groups of its targets."""
        if isinstance(ports, AnyPort):
            return [Asked(targets, ALL_PORTS)]
        numbers, names = ports_of(ports), _port_names(ports)
        found: dict[tuple[PortSet, bool], int] = {}
        for target in bits(targets) if names else ():
            resolved = [self._named(name, target) for name in names]
            union = numbers
            for each in filter(None, resolved):
                union = union.union(each)
            key = (union, None in resolved)
            found[key] = found.get(key, 0) | 1 << target
        return [Asked(mask, union, nameless) for (union, nameless), mask in found.items()] or [Asked(targets, numbers)]

    def lacking(self, ports: Ports, targets: int) -> tuple[str, str] | None:
        """The protocol and the name of a port of a test that no target has."""
        names = () if isinstance(ports, AnyPort) else _port_names(ports)
        return next((name for name in names if not any(self._named(name, target) for target in bits(targets))), None)

    def _named(self, port: tuple[str, str], target: int) -> PortSet | None:
        """A port of a name as a target has it: its number, or the name where the ports are not known."""
        workload = self.world.universe.workloads[target] if target < len(self.world.universe.workloads) else None
        if workload is None:
            return None
        if workload.ports is None:
            return PortSet((), (port,))
        number = workload.ports.get(port)
        return PortSet((Span(port[0], number, number),)) if number is not None else None


def _port_names(ports: Iterable[Port]) -> list[tuple[str, str]]:
    return [(protocol, name) for protocol, name, _ in ports if isinstance(name, str)]


def _sides(cases: Iterable[Case]) -> Iterator[tuple[Direction, Ends]]:
    for case in cases:
        if case.claim is not None:
            yield Direction.INGRESS, case.claim.source
            yield Direction.EGRESS, case.claim.target
