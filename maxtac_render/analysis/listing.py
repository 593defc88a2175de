"""The connections that a question asks for, and those that depend on what network plugins decide differently."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from maxtac_render.analysis.connections import Connection, Verdict
from maxtac_render.analysis.endpoints import Group
from maxtac_render.analysis.matrix import NOTHING, Answer, Answers, Matrix
from maxtac_render.analysis.parties import Parties
from maxtac_render.analysis.universe import Endpoint
from maxtac_render.model.intent import Direction, direction_of
from maxtac_render.model.portsets import PortSet


def connections(matrix: Matrix, parties: Parties) -> Iterator[Connection]:
    """The connections by source and target: pods in the order of the cluster, then addresses."""
    leaving, entering = matrix.unprotected(Direction.EGRESS), matrix.unprotected(Direction.INGRESS)

    def row(source: int) -> list[tuple[int, _Passing]]:
        return _passing(matrix.row(source), egress=bool(leaving >> source & 1), entering=entering)

    def column(target: int) -> list[tuple[int, _Passing]]:
        return _passing(matrix.column(target), egress=False, entering=-(entering >> target & 1))

    for source, target, passing in parties.rows(matrix.scope, row, column):
        yield Connection(source, target, *passing)


_Passing = tuple[PortSet, Verdict, Direction]


def _passing(answers: Answers, *, egress: bool, entering: int) -> list[tuple[int, _Passing]]:
    """What passes by the verdict (what is certain first) and the unprotected sides, with those at the other ends."""
    found: dict[_Passing, int] = {}
    for answer, mask in answers.items():
        for ingress, part in ((True, mask & entering), (False, mask & ~entering)):
            unprotected = direction_of(ingress=ingress, egress=egress)
            for ports, verdict in answer.verdicts() if part else ():
                found[ports, verdict, unprotected] = found.get((ports, verdict, unprotected), 0) | part
    ordered = sorted(found.items(), key=lambda entry: entry[0][1] is not Verdict.YES)
    return [(mask, passing) for passing, mask in ordered]


class Difference(NamedTuple):
    """What passes from one endpoint to another under each value of an assumption, where that is not the same."""

    source: Endpoint | Group
    target: Endpoint | Group
    answers: tuple[tuple[str, Answer], ...]


def differences(matrices: Mapping[str, Matrix], parties: Parties) -> Iterator[Difference]:
    """The pairs about which the answers to one question differ between the values of an assumption."""
    first = next(iter(matrices.values()))

    def row(source: int) -> Iterator[tuple[int, tuple[Answer, ...]]]:
        return _differing([matrix.row(source) for matrix in matrices.values()], first.universe.everyone)

    def column(target: int) -> Iterator[tuple[int, tuple[Answer, ...]]]:
        return _differing([matrix.column(target) for matrix in matrices.values()], first.universe.outside)

    for source, target, answers in parties.rows(first.scope, row, column):
        yield Difference(source, target, tuple(zip(matrices, answers, strict=True)))


def _differing(lines: list[Answers], ends: int) -> Iterator[tuple[int, tuple[Answer, ...]]]:
    """Those of some ends about which not all lines say the same, with what each says."""
    parts: dict[tuple[Answer, ...], int] = {(): ends}
    for line in lines:
        refined: dict[tuple[Answer, ...], int] = {}
        for said, mask in parts.items():
            rest = mask
            for answer, theirs in line.items():
                if mask & theirs:
                    refined[*said, answer] = mask & theirs
                    rest &= ~theirs
            if rest:
                refined[*said, NOTHING] = rest
        parts = refined
    return ((mask, said) for said, mask in parts.items() if len(set(said)) > 1)
