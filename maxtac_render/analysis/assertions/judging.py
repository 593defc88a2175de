"""Tests judged: which connections are not as a test states, and whether for certain or depending on what is not known.

A connection that is to pass must pass for certain, and one that must not may not even be possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from maxtac_render.analysis.assertions import Case, Claim, Expectation
from maxtac_render.analysis.assertions.scene import Asked, Scene
from maxtac_render.analysis.connections import Verdict
from maxtac_render.analysis.matrix import NOTHING, Answers, Matrix, Scope
from maxtac_render.analysis.universe import bits
from maxtac_render.model.intent import Direction
from maxtac_render.model.portsets import PortSet


class Status(StrEnum):
    """What became of a test. An ERROR is one that could not be judged, because of what it says."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    ERROR = "error"


class Breach(NamedTuple):
    """Connections that are not as a test states: from any of some sources to any of some targets, on these ports.

    ``verdict`` is what they are: YES and DEPENDS where none was to be, NO and DEPENDS where they were to pass
    (``missing``).
    """

    sources: int
    targets: int
    ports: PortSet
    verdict: Verdict
    missing: bool

    @property
    def pair(self) -> tuple[int, int]:
        """The first of the connections."""
        return next(bits(self.sources)), next(bits(self.targets))

    @property
    def pairs(self) -> int:
        """How many connections there are."""
        return self.sources.bit_count() * self.targets.bit_count()


class Outcome(NamedTuple):
    """What became of a test: all that breaches it, and how many pairs of endpoints it is about."""

    case: Case
    status: Status
    breaches: tuple[Breach, ...] = ()
    pairs: int = 0


def judge(case: Case, claim: Claim, scene: Scene) -> Outcome:
    """Look at every connection that a test is about. A pod is not asked about itself, nor outside about outside.

    A test that is about no connection at all is an ERROR.
    """
    sources, targets = scene.mask(claim.source, Direction.INGRESS), scene.mask(claim.target, Direction.EGRESS)
    asked = scene.asked(claim.ports, targets)
    breaches: list[Breach] = []
    pairs = 0
    for one, answers in _lines(scene, sources, targets):
        pairs += sum(mask.bit_count() for mask in answers.values())
        breaches += _breaches(one, answers, asked, claim.expectation)
    status = Status.FAILED if breaches else Status.PASSED if pairs else Status.ERROR
    return Outcome(case, status, tuple(_joined(breaches)), pairs)


def _joined(breaches: Iterable[Breach]) -> Iterator[Breach]:
    """The same connections in fewer breaches: those of sources with the same targets, and of targets with the same."""
    by_targets: dict[tuple[object, ...], Breach] = {}
    for breach in breaches:
        known = by_targets.setdefault(breach[1:], breach)
        by_targets[breach[1:]] = known._replace(sources=known.sources | breach.sources)
    by_sources: dict[tuple[object, ...], Breach] = {}
    for breach in by_targets.values():
        key = (breach.sources, *breach[2:])
        known = by_sources.setdefault(key, breach)
        by_sources[key] = known._replace(targets=known.targets | breach.targets)
    yield from by_sources.values()


class _One(NamedTuple):
    """The endpoint that is looked at with all of the other side."""

    bit: int
    is_source: bool


def _lines(scene: Scene, sources: int, targets: int) -> Iterator[tuple[_One, Answers]]:
    """The connections, also those that do not pass, from the side that has fewer endpoints."""
    universe, matrix = scene.world.universe, Matrix(scene.world.verdicts, Scope(sources, targets))
    by_source = sources.bit_count() <= targets.bit_count()
    ones, others, line = (sources, targets, matrix.row) if by_source else (targets, sources, matrix.column)
    for number in bits(ones):
        there = others & (universe.everyone if number < len(universe.workloads) else universe.pods)
        if not universe.several >> number & 1:
            there &= ~(1 << number)
        answers = line(number)
        for mask in answers.values():
            there &= ~mask
        yield _One(1 << number, by_source), {**answers, NOTHING: there}


def _breaches(one: _One, answers: Answers, asked: Sequence[Asked], expectation: Expectation) -> Iterator[Breach]:
    for targets, wanted, nameless in asked:
        for (certain, possible), mask in answers.items():
            others = mask & targets if one.is_source else mask * bool(one.bit & targets)
            if not others:
                continue
            ends = (one.bit, others) if one.is_source else (others, one.bit)
            if expectation is not Expectation.DENY:
                for ports, verdict in _missing(wanted, certain, possible, nameless=nameless):
                    yield Breach(*ends, ports, verdict, missing=True)
            if expectation is not Expectation.ALLOW:
                for ports, verdict in _forbidden(wanted, certain, possible, expectation):
                    yield Breach(*ends, ports, verdict, missing=False)


def _missing(
    wanted: PortSet, certain: PortSet, possible: PortSet, *, nameless: bool
) -> Iterator[tuple[PortSet, Verdict]]:
    """The ports that are to pass, and do not for certain."""
    closed = wanted.without(possible)
    if closed or nameless:
        yield closed, Verdict.NO
    elif left := wanted.without(certain):
        yield left, Verdict.DEPENDS


def _forbidden(
    wanted: PortSet, certain: PortSet, possible: PortSet, expectation: Expectation
) -> Iterator[tuple[PortSet, Verdict]]:
    """The ports that pass, or may pass, and are not to."""
    if expectation is Expectation.DENY:
        surely, perhaps = certain.meet(wanted), possible.may_meet(wanted)
    else:
        surely, perhaps = certain.without(wanted), possible.without(wanted)
    if surely:
        yield surely, Verdict.YES
    elif perhaps:
        yield perhaps, Verdict.DEPENDS
