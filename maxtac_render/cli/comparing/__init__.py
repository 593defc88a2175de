"""Comparisons in the forms that people and programs read, one file a form; what several of them say is in ``words``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from importlib import import_module
from operator import or_
from typing import NamedTuple

from maxtac_render.analysis.compare import Comparison, Shift, Turn
from maxtac_render.analysis.reasons import Reason, Reasons, once
from maxtac_render.analysis.universe import bits
from maxtac_render.model.changes import Change

LAYERS = ("connections", "isolation", "objects")

FORMATS = ("text", "json", "markdown")
"""The forms of ``-o``; each is a module of this folder."""


class Comer(NamedTuple):
    """Pods of one side only that are alike in what is open to them: they come, or (not ``fresh``) go.

    ``outgoing`` are the connections from them, and ``incoming`` those to them.
    """

    pods: int
    fresh: bool
    outgoing: tuple[Shift, ...]
    incoming: tuple[Shift, ...]


Explained = tuple[Shift, tuple[Reason, ...]]


class Account(NamedTuple):
    """What a comparison found, with the reasons. ``layers`` are those of LAYERS that are told.

    ``shifts`` are all connections, and ``lasting`` those between pods of both sides, and outside addresses.
    """

    changes: tuple[Change, ...]
    comparison: Comparison
    shifts: tuple[Explained, ...]
    turns: tuple[tuple[Turn, tuple[Reason, ...]], ...]
    layers: tuple[str, ...]

    @property
    def happened(self) -> frozenset[str]:
        """What happened, in the words of --gate."""
        found = {"any"} if self.shifts or self.turns or self.changes else set()
        return self.comparison.happened | found

    @property
    def lasting(self) -> list[Explained]:
        """The connections between pods of both sides, and outside addresses."""
        aligned = self.comparison.aligned
        return [each for each in self.shifts if not _touches(each[0], aligned.fresh | aligned.gone)]

    @property
    def comers(self) -> list[Comer]:
        """The other ones, by the pods that come or go."""
        aligned = self.comparison.aligned
        shifts = [shift for shift, _ in self.shifts if _touches(shift, aligned.fresh | aligned.gone)]
        return [*_comers(aligned.fresh, shifts, fresh=True), *_comers(aligned.gone, shifts, fresh=False)]


def merged(explained: Iterable[Explained]) -> list[Explained]:
    """Connections that changed alike from the same sources, and those to the same targets, as one: for people."""
    by_sources, by_targets = (dict[object, list[Explained]]() for _ in range(2))
    for each in explained:
        by_sources.setdefault((each[0].pairing, each[0].sources), []).append(each)
    for one in map(_joined, by_sources.values()):
        by_targets.setdefault((one[0].pairing, one[0].targets), []).append(one)
    return [_joined(group) for group in by_targets.values()]


def _joined(group: Sequence[Explained]) -> Explained:
    if len(group) == 1:
        return group[0]
    shifts = [shift for shift, _ in group]
    sources, targets = (
        reduce(or_, masks) for masks in zip(*((each.sources, each.targets) for each in shifts), strict=True)
    )
    reasons = once(reason for _, some in group for reason in some)
    return Shift(sources, targets, shifts[0].pairing, sum(shift.pairs for shift in shifts)), reasons


def _touches(shift: Shift, mask: int) -> bool:
    return bool((shift.sources | shift.targets) & mask)


def load(form: str) -> Callable[..., Iterator[str]]:
    """What writes an account in one of FORMATS."""
    render: Callable[..., Iterator[str]] = import_module(f"{__name__}.{form}").render
    return render


def account(changes: tuple[Change, ...], comparison: Comparison, layers: tuple[str, ...]) -> Account:
    """Look for the reasons of what was found in the layers."""
    reasons = Reasons(comparison.aligned)
    shifts = comparison.shifts if "connections" in layers else ()
    turns = comparison.turns if "isolation" in layers else ()
    return Account(
        changes if "objects" in layers else (),
        comparison,
        tuple((shift, reasons.of_shift(shift)) for shift in shifts),
        tuple((turn, reasons.of_turn(turn)) for turn in turns),
        layers,
    )


def _comers(pods: int, shifts: Sequence[Shift], *, fresh: bool) -> Iterator[Comer]:
    """Pods by the groups that they are in."""
    alike: dict[tuple[tuple[Shift, ...], tuple[Shift, ...]], int] = {}
    for pod in bits(pods):
        outgoing = tuple(shift for shift in shifts if shift.sources >> pod & 1)
        incoming = tuple(shift for shift in shifts if shift.targets >> pod & 1)
        alike[outgoing, incoming] = alike.get((outgoing, incoming), 0) | 1 << pod
    for (outgoing, incoming), mask in alike.items():
        if outgoing or incoming:
            yield Comer(mask, fresh, outgoing, incoming)
