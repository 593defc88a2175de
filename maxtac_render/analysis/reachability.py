"""Who may talk to whom, on which ports: the exact answer of NetworkPolicy, by masks instead of pairs.

A connection passes if the egress side of its source and the ingress side of its target both let it. A side that no
policy isolates lets everything pass; an isolated one what any rule of its policies allows
(https://kubernetes.io/docs/concepts/services-networking/network-policies/). Where labels are not known there are two
answers: what passes whatever they are, and what may pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from maxtac_render.analysis.universe import Mask, Universe, bits
from maxtac_render.model.intent import Direction
from maxtac_render.model.policy import Policy, Rule
from maxtac_render.model.ports import AnyPort
from maxtac_render.model.portsets import ALL_PORTS, NO_PORTS, PortSet, Span, ports_of

Parts = list[tuple[int, PortSet]]
"""Masks that do not meet, each with the ports that its endpoints share."""

SMALL = 64
"""Up to how many endpoints of a mask are looked at one by one."""


class Reach:
    """What a set of policies lets pass between the endpoints of a universe.

    ``possible`` tells which of the two answers it is: what may pass, or (False) what passes for certain.
    """

    def __init__(self, universe: Universe, policies: Sequence[Policy], *, possible: bool = False) -> None:
        self.universe = universe
        self.possible = possible
        self.policies = policies
        self._subjects = [universe.subject(policy) for policy in policies]
        self._selecting = {side: self._selections(side) for side in (Direction.INGRESS, Direction.EGRESS)}
        self._profiles: dict[object, Parts] = {}
        self._sides: dict[tuple[Direction, int], Parts] = {}
        self._incidences: dict[Direction, tuple[list[Parts], list[tuple[int, int, PortSet]]]] = {}

    def _selections(self, side: Direction) -> dict[int, tuple[tuple[int, ...], tuple[int, ...]]]:
        """The policies that isolate each pod on one side: for certain, and perhaps."""
        must: dict[int, list[int]] = {}
        may: dict[int, list[int]] = {}
        for number, policy in enumerate(self.policies):
            if (policy.isolates & side) is side:
                subject = self._subjects[number]
                for pod in bits(subject.must):
                    must.setdefault(pod, []).append(number)
                for pod in bits(subject.may):
                    may.setdefault(pod, []).append(number)
        return {pod: (tuple(must.get(pod, ())), tuple(numbers)) for pod, numbers in may.items()}

    def isolating(self, side: Direction, pod: int) -> tuple[int, ...]:
        """The numbers of the policies that isolate a pod on one side; with ``possible`` those that do so for certain.

        A pod is isolated in the sense of this answer if there are any: the less is isolated, the more may pass.
        """
        must, may = self._selecting[side].get(pod, ((), ()))
        return must if self.possible else may

    def isolated(self, side: Direction) -> int:
        """The pods that are isolated on one side, in the sense of this answer."""
        return sum(1 << pod for pod in self._selecting[side] if self.isolating(side, pod))

    def egress(self, source: int) -> Parts:
        """Whom an endpoint may talk to as far as its own side lets it, on which ports."""
        return self._side(Direction.EGRESS, source)

    def ingress(self, target: int) -> Parts:
        """Who may talk to an endpoint as far as its own side lets them, on which ports."""
        return self._side(Direction.INGRESS, target)

    def _side(self, side: Direction, pod: int) -> Parts:
        parts = self._sides.get((side, pod))
        if parts is None:
            must, may = self._selecting[side].get(pod, ((), ()))
            key = (side, must, may, *self._own_ports(side, pod))
            parts = self._profiles.get(key)
            if parts is None:
                parts = self._profiles[key] = self._profile(side, pod, must, may)
            self._sides[side, pod] = parts
        return parts

    def _own_ports(self, side: Direction, pod: int) -> Iterator[object]:
        """What else tells the sides of two pods with the same policies apart: the names of ports that receive."""
        if side is Direction.INGRESS and pod < len(self.universe.workloads):
            workload = self.universe.workloads[pod]
            ports = workload.ports if workload is not None else None
            yield None if ports is None else tuple(sorted(ports.items()))

    def _profile(self, side: Direction, pod: int, must: tuple[int, ...], may: tuple[int, ...]) -> Parts:
        """What one side lets pass.

        For certain passes what the policies let pass that certainly isolate. If there are only such that perhaps do,
        it is what each of them by itself lets pass, because it may be the only one.
        """
        everything: Parts = [(self.universe.everyone, ALL_PORTS)]
        if not (must if self.possible else may):
            return everything
        if self.possible:
            return self._allowed(side, pod, may)
        if must:
            return self._allowed(side, pod, must)
        parts = everything
        for number in may:
            parts = list(_meeting(parts, self._allowed(side, pod, (number,))))
        return parts

    def _allowed(self, side: Direction, pod: int, numbers: Iterable[int]) -> Parts:
        """What any rule of some policies allows on one side of a pod."""
        found: dict[PortSet, int] = {}
        for number in numbers:
            for rule in self.policies[number].rules:
                if rule.direction is side:
                    for mask, ports in self.opened(rule, pod):
                        found[ports] = found.get(ports, 0) | mask
        return parted(found)

    def opened(self, rule: Rule, pod: int) -> Iterator[tuple[int, PortSet]]:
        """Whom a rule for a pod means, in the sense of this answer, and on which ports; masks may meet."""
        universe = self.universe
        mask = 0
        for peer in rule.peers:
            found = universe.peer(peer)
            mask |= found.may if self.possible else found.must
        if isinstance(rule.ports, AnyPort):
            yield mask, ALL_PORTS
            return
        numbers = ports_of(rule.ports)
        if numbers:
            yield mask, numbers
        for protocol, name, _ in rule.ports:
            if isinstance(name, str):
                yield from self._named(rule.direction, mask, pod, (protocol, name))

    def _named(self, side: Direction, mask: int, pod: int, port: tuple[str, str]) -> Iterator[tuple[int, PortSet]]:
        """A named port, which is the receiving pod's. Outside addresses have none."""
        holders, unknown = self.universe.named(*port), self.universe.undeclared_ports
        for number, pods in holders.items():
            found = mask & pods if side is Direction.EGRESS else mask * (pods >> pod & 1)
            if found:
                yield found, PortSet((Span(port[0], number, number),))
        found = mask & unknown if side is Direction.EGRESS else mask * (unknown >> pod & 1)
        if found:
            yield found, PortSet((), (port,))

    def row(self, source: int) -> dict[PortSet, int]:
        """Whom an endpoint may talk to, by the ports; each target stands under the one set of all its ports.

        An endpoint stands for itself only where it is several pods: a pod cannot be kept from itself.
        """
        return self._line(Direction.EGRESS, source)

    def column(self, target: int) -> dict[PortSet, int]:
        """Who may talk to an endpoint, by the ports: the counterpart of a row."""
        return self._line(Direction.INGRESS, target)

    def _line(self, side: Direction, end: int) -> dict[PortSet, int]:
        """Who is at the other ends of the connections that leave (egress) or reach an endpoint."""
        there = self.universe.everyone if end < len(self.universe.workloads) else self.universe.pods
        if not self.universe.several >> end & 1:
            there &= ~(1 << end)
        found: dict[PortSet, int] = {}
        for wanted, ours in self._side(side, end):
            for others, theirs in self._facing(side.flipped, end, wanted & there):
                if ports := self._both(ours, theirs):
                    found[ports] = found.get(ports, 0) | others
        return found

    def _facing(self, side: Direction, end: int, mask: int) -> Iterator[tuple[int, PortSet]]:
        """What the sides of some others that face an endpoint let pass to it or from it."""
        if mask.bit_count() <= SMALL:
            for other in bits(mask):
                if ports := self.lets(side, other, end):
                    yield 1 << other, ports
            return
        partly, widely = self._incidence(side)
        for others, ports in partly[end]:
            if others & mask:
                yield others & mask, ports
        for wide, others, ports in widely:
            if wide >> end & 1 and others & mask:
                yield others & mask, ports

    def rows(self) -> Iterator[tuple[int, dict[PortSet, int]]]:
        """Every endpoint that may talk to anyone, with whom it may talk to."""
        for source in bits(self.universe.everyone):
            row = self.row(source)
            if row:
                yield source, row

    def ports(self, source: int, target: int) -> PortSet:
        """The ports on which one endpoint may talk to another."""
        if source >= len(self.universe.workloads) and target >= len(self.universe.workloads):
            return NO_PORTS
        return self._both(
            self.lets(Direction.EGRESS, source, target),
            self.lets(Direction.INGRESS, target, source),
        )

    def lets(self, side: Direction, pod: int, peer: int) -> PortSet:
        """The ports that one side of an endpoint lets pass to or from another."""
        return next((ports for mask, ports in self._side(side, pod) if mask >> peer & 1), NO_PORTS)

    def _both(self, ours: PortSet, theirs: PortSet) -> PortSet:
        return ours.may_meet(theirs) if self.possible else ours.meet(theirs)

    def _incidence(self, side: Direction) -> tuple[list[Parts], list[tuple[int, int, PortSet]]]:
        """One side of everyone seen from the peers: the narrow parts that mean each, and the wide parts by mask."""
        if side not in self._incidences:
            found: dict[tuple[int, PortSet], int] = {}
            for end in bits(self.universe.everyone):
                for mask, ports in self._side(side, end):
                    key = (mask, ports)
                    found[key] = found.get(key, 0) | 1 << end
            partly: list[Parts] = [[] for _ in range(self.universe.size)]
            widely = []
            for (mask, ports), ends in found.items():
                if mask.bit_count() > SMALL:
                    widely.append((mask, ends, ports))
                else:
                    for peer in bits(mask):
                        partly[peer].append((ends, ports))
            self._incidences[side] = (partly, widely)
        return self._incidences[side]


class Verdicts:
    """Both answers: what passes for certain, and what may pass. They are one where everything is known."""

    def __init__(self, universe: Universe, policies: Sequence[Policy]) -> None:
        self.universe = universe
        self.certain = Reach(universe, policies)
        self.possible = Reach(universe, policies, possible=True) if self._depends(policies) else self.certain

    def _depends(self, policies: Sequence[Policy]) -> bool:
        """Tell whether any selector may select what it does not select for certain, or a port's number is not known."""

        def open_to_doubt(mask: Mask) -> bool:
            return mask.must != mask.may

        universe = self.universe
        return bool(universe.undeclared_ports) or any(
            open_to_doubt(universe.subject(policy))
            or any(open_to_doubt(universe.peer(peer)) for rule in policy.rules for peer in rule.peers)
            for policy in policies
        )


def parted(found: dict[PortSet, int]) -> Parts:
    """Masks that do not meet, out of masks that may."""
    parts: Parts = []
    for ports, mask in found.items():
        rest, refined = mask, []
        for part, others in parts:
            if part & rest:
                refined.append((part & rest, others.union(ports)))
                if part & ~rest:
                    refined.append((part & ~rest, others))
                rest &= ~part
            else:
                refined.append((part, others))
        parts = [*refined, (rest, ports)] if rest else refined
    return parts


def _meeting(some: Parts, others: Parts) -> Iterator[tuple[int, PortSet]]:
    """What both of two sides let pass."""
    for mask, ports in some:
        for other, theirs in others:
            if mask & other and (both := ports.meet(theirs)):
                yield mask & other, both
