"""A clock and a Lease for tests that do not wait."""

from __future__ import annotations


class Clock:
    """A monotonic clock that stands until it is set on, and whether we lead."""

    moment = 1000.0
    leads = True

    def __call__(self) -> float:
        return self.moment
