"""When access begins to end: the deadlines of what was read, by the clock as it is now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from maxtac_render.model.intent import Reading


def following(readings: Iterable[Reading], now: datetime) -> datetime | None:
    """The earliest deadline that is still to come; None where there is none."""
    return min((deadline for deadline in _deadlines(readings) if deadline > now), default=None)


def crossed(readings: Iterable[Reading], before: datetime, now: datetime) -> bool:
    """Tell whether a deadline lies between two moments, whichever of them is later: clocks are set back, too."""
    first, last = min(before, now), max(before, now)
    return any(first < deadline <= last for deadline in _deadlines(readings))


def _deadlines(readings: Iterable[Reading]) -> Iterator[datetime]:
    return (reading.lifetime.deadline for reading in readings if reading.lifetime.deadline is not None)
