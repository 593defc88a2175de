"""Whether somebody else writes what we write: a policy that is changed back again and again is let rest.

Moments are seconds of any clock that only goes forward.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from maxtac_render.model.policy import Policy

Place = tuple[str, str]
"""A policy's namespace and name."""

WITHIN = 60.0
"""Seconds in which so many repeats make a conflict."""

REPEATS = 5

FIRST_REST, LONGEST_REST = 60.0, 900.0
"""Seconds for which a policy is let rest after the first conflict, and after many, at most."""


class _Record(NamedTuple):
    """What was written last at a place, when that had to be repeated, and until when it rests."""

    wanted: Policy
    repeats: tuple[float, ...] = ()
    rest: float = 0.0
    until: float = 0.0


class Rivalry:
    """Remembers what was written at each place."""

    def __init__(self) -> None:
        self._records: dict[Place, _Record] = {}

    def wrote(self, policy: Policy, now: float) -> bool:
        """Note that a policy was written; tell whether that was once too often."""
        place, wanted = policy[:2], policy._replace(cause=None)
        record = self._records.get(place)
        if record is None or record.wanted != wanted:
            self._records[place] = _Record(wanted)
            return False
        repeats = (*(moment for moment in record.repeats if moment > now - WITHIN), now)
        if len(repeats) < REPEATS:
            self._records[place] = record._replace(repeats=repeats)
            return False
        rest = min(LONGEST_REST, record.rest * 2) or FIRST_REST
        self._records[place] = record._replace(repeats=(), rest=rest, until=now + rest)
        return True

    def rests(self, policy: Policy, now: float) -> bool:
        """Tell whether a policy is to be left as it is for now. One that is to become something else is not."""
        record = self._records.get(policy[:2])
        return record is not None and now < record.until and record.wanted == policy._replace(cause=None)

    def until(self, now: float) -> float | None:
        """When the first one has rested; None where none rests."""
        return min((record.until for record in self._records.values() if record.until > now), default=None)

    def taken(self, foreign: Iterable[Place]) -> list[Place]:
        """Those of the places at which we wrote and that others have now; each is told once."""
        return [place for place in foreign if self._records.pop(place, None) is not None]
