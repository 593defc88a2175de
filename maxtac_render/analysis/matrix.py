"""The answers to a question about connections, endpoint by endpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from maxtac_render.analysis.connections import Verdict
from maxtac_render.analysis.reachability import Parts, Reach, Verdicts, parted
from maxtac_render.model.intent import Direction
from maxtac_render.model.policy import ANY_PEER, Rule
from maxtac_render.model.ports import ANY_PORT, Ports
from maxtac_render.model.portsets import NO_PORTS, PortSet


class Scope(NamedTuple):
    """Which connections are asked for: between these endpoints, on these ports."""

    sources: int
    targets: int
    ports: Ports = ANY_PORT


class Answer(NamedTuple):
    """The ports on which something passes: for certain, and perhaps, which includes those."""

    certain: PortSet
    possible: PortSet

    @property
    def depends(self) -> PortSet:
        """The ports of which it is not known."""
        return NO_PORTS if self.possible is self.certain else self.possible.without(self.certain)

    def verdicts(self) -> Iterator[tuple[PortSet, Verdict]]:
        """The ports by their verdict."""
        if self.certain:
            yield self.certain, Verdict.YES
        if depends := self.depends:
            yield depends, Verdict.DEPENDS


NOTHING = Answer(NO_PORTS, NO_PORTS)

Answers = dict[Answer, int]
"""Endpoints as masks by what passes to them or from them. Nothing passes to or from one that is not there."""


class Matrix:
    """Who of the sources of a question may talk to whom of its targets."""

    def __init__(self, verdicts: Verdicts, scope: Scope) -> None:
        self.universe = verdicts.universe
        self.scope = scope
        self._certain = verdicts.certain
        self._possible = verdicts.possible
        self._unprotected = {
            side: self.universe.pods & ~verdicts.certain.isolated(side)
            for side in (Direction.INGRESS, Direction.EGRESS)
        }
        self._asked = _asked(verdicts.certain, scope.ports)

    def row(self, source: int) -> Answers:
        """What leaves an endpoint."""
        answers = self._joint(Reach.row, source)
        return _narrowed(answers, self.scope.targets, self._asked)

    def column(self, target: int) -> Answers:
        """What reaches an endpoint."""
        answers = self._joint(Reach.column, target)
        asked = [(self.universe.everyone, ports) for mask, ports in self._asked if mask >> target & 1]
        return _narrowed(answers, self.scope.sources, asked)

    def _joint(self, line: Callable[[Reach, int], dict[PortSet, int]], end: int) -> Answers:
        """Both answers in one."""
        certain = line(self._certain, end)
        if self._possible is self._certain:
            return {Answer(ports, ports): mask for ports, mask in certain.items()}
        found: Answers = {}
        for ports, mask in line(self._possible, end).items():
            rest = mask
            for known, theirs in certain.items():
                if mask & theirs:
                    found[Answer(known, ports)] = mask & theirs
                    rest &= ~theirs
            if rest:
                found[Answer(NO_PORTS, ports)] = rest
        return found

    def unprotected(self, side: Direction) -> int:
        """The pods that no policy isolates on one side, not even perhaps."""
        return self._unprotected[side]

    def isolated(self, side: Direction, pod: int) -> Verdict:
        """Whether a pod is isolated on one side."""
        if not self._certain.isolating(side, pod):
            return Verdict.NO
        return Verdict.YES if self._possible.isolating(side, pod) else Verdict.DEPENDS


def _asked(reach: Reach, ports: Ports) -> Parts:
    """The ports that are asked for, by the targets that have them: a name is a port of the pods that declare it."""
    found: dict[PortSet, int] = {}
    for mask, opened in reach.opened(Rule(Direction.EGRESS, (ANY_PEER,), ports), 0):
        found[opened] = found.get(opened, 0) | mask
    return parted(found)


def _narrowed(answers: Answers, ends: int, asked: Parts) -> Answers:
    """The answers about some ends, as far as they are about the ports that are asked for."""
    found: Answers = {}
    for (certain, possible), mask in answers.items():
        for wanted, ports in asked:
            answer = Answer(certain.meet(ports), possible.may_meet(ports))
            if mask & wanted & ends and answer != NOTHING:
                found[answer] = found.get(answer, 0) | mask & wanted & ends
    return found
