"""Why a connection passes or not: which policies isolate its two sides, and which of their rules let it pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from maxtac_render.analysis.reachability import Reach, Verdicts
from maxtac_render.model.cluster import Applied
from maxtac_render.model.intent import Direction
from maxtac_render.model.policy import Rule
from maxtac_render.model.portsets import PortSet, union


class Allowing(NamedTuple):
    """A rule that lets the peer pass on some ports; ``number`` counts the policy's rules of this direction from 0.

    ``certain`` tells that it means the peer whatever labels it has besides those that are known.
    """

    applied: Applied
    direction: Direction
    number: int
    ports: PortSet
    certain: bool

    @property
    def rule(self) -> Rule:
        """The rule itself."""
        return [rule for rule in self.applied.policy.rules if rule.direction is self.direction][self.number]


class Isolating(NamedTuple):
    """A policy that isolates one side, with those of its rules that let the peer pass.

    ``certain`` tells that it governs the pods of that side whatever labels they have besides those that are known.
    """

    applied: Applied
    certain: bool
    allowing: tuple[Allowing, ...]


class Side(NamedTuple):
    """One side of a connection: egress of its source, or ingress of its target. Unless isolated, it is open.

    ``certain`` are the ports that it lets pass whatever is not known, and ``possible`` those that it may let pass.
    """

    direction: Direction
    isolating: tuple[Isolating, ...]
    certain: PortSet
    possible: PortSet

    @property
    def allowing(self) -> Iterator[Allowing]:
        """The rules that let the peer pass."""
        return (allowing for isolating in self.isolating for allowing in isolating.allowing)


class Causes(NamedTuple):
    """Both sides of a connection, and the ports that pass both: for certain, and perhaps."""

    egress: Side
    ingress: Side
    certain: PortSet
    possible: PortSet


def causes(verdicts: Verdicts, applied: Sequence[Applied], source: int, target: int) -> Causes:
    """Explain the connections from one endpoint to another; ``applied`` are the policies of the verdicts in order."""
    return Causes(
        side(verdicts, applied, Direction.EGRESS, (source, target)),
        side(verdicts, applied, Direction.INGRESS, (target, source)),
        verdicts.certain.ports(source, target),
        verdicts.possible.ports(source, target),
    )


def side(verdicts: Verdicts, applied: Sequence[Applied], direction: Direction, ends: tuple[int, int]) -> Side:
    """Explain what the first of two endpoints lets pass to or from the second."""
    pod, peer = ends
    certainly = set(verdicts.possible.isolating(direction, pod))
    isolating = (
        Isolating(applied[number], number in certainly, tuple(_allowing(verdicts, applied[number], direction, ends)))
        for number in verdicts.certain.isolating(direction, pod)
    )
    lets = (verdicts.certain.lets(direction, pod, peer), verdicts.possible.lets(direction, pod, peer))
    return Side(direction, tuple(isolating), *lets)


def _allowing(verdicts: Verdicts, applied: Applied, direction: Direction, ends: tuple[int, int]) -> Iterator[Allowing]:
    rules = (rule for rule in applied.policy.rules if rule.direction is direction)
    for number, rule in enumerate(rules):
        ports = _ports(verdicts.possible, rule, ends)
        if ports:
            yield Allowing(applied, direction, number, ports, _ports(verdicts.certain, rule, ends) is ports)


def _ports(reach: Reach, rule: Rule, ends: tuple[int, int]) -> PortSet:
    """On which ports a rule for an endpoint lets another pass."""
    pod, peer = ends
    return union(ports for mask, ports in reach.opened(rule, pod) if mask >> peer & 1)
