"""When rounds are made: soon after something changed, when access begins to end, and when something was left to do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from maxtac_render.engine import deadlines
from maxtac_render.live.bell import Bell
from maxtac_render.watch.rounds import Result, Rounds

LOOK = 5.0
"""Seconds after which the clock on the wall is looked at again, at most: it may have been set."""

STUCK_AFTER = 60.0
"""Seconds without a sign of life after which whoever leads is not well."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds until a round that failed is made again, after the first failure, and after many, at most."""


class Hooks(NamedTuple):
    """What the loop asks and tells.

    ``may`` tells whether a round may be made, ``now`` is the clock on the wall, and ``look`` is called now and then,
    whatever happens. Each round is told to ``done``, which says in how many seconds it needs another one, if at all;
    what the program itself is at fault for to ``failed``.
    """

    may: Callable[[], bool]
    now: Callable[[], datetime]
    look: Callable[[], None]
    done: Callable[[Result], float | None]
    failed: Callable[[Exception], None]


class Loop:
    """Makes rounds until it is stopped."""

    def __init__(self, rounds: Rounds, bell: Bell, hooks: Hooks) -> None:
        self._rounds = rounds
        self._bell = bell
        self._hooks = hooks
        self._alive = time.monotonic()
        self._again: float | None = None
        self._judged: datetime | None = None
        self._failures = 0

    def run(self, stop: threading.Event) -> None:
        """Make rounds. One that failed is made again."""
        dirty = True
        while not stop.is_set():
            self.beat()
            dirty = self._bell.wait(LOOK if dirty else self._patience()) or dirty or self._is_due()
            self._hooks.look()
            if stop.is_set() or not dirty or not self._hooks.may():
                continue
            dirty = False
            try:
                self._round()
            except Exception as error:  # what one round cannot do, the next one may
                self._rest(min(LONGEST_PAUSE, FIRST_PAUSE * 2**self._failures))
                self._failures += 1
                self._hooks.failed(error)

    def beat(self) -> None:
        """Give a sign of life."""
        self._alive = time.monotonic()

    def is_well(self) -> bool:
        """Tell whether there was a sign of life lately."""
        return time.monotonic() - self._alive < STUCK_AFTER

    def _round(self) -> None:
        self._again = None
        result = self._rounds.run()
        self._judged = result.compiled.now
        waits = [wait for wait in (result.again, self._hooks.done(result)) if wait is not None]
        if waits:
            self._rest(min(waits))
        self._failures = 0

    def _rest(self, seconds: float) -> None:
        self._again = time.monotonic() + seconds

    def _patience(self) -> float:
        """For how long nothing needs to be done if nothing changes."""
        waits = [LOOK]
        if self._again is not None:
            waits.append(self._again - time.monotonic())
        now = self._hooks.now()
        deadline = deadlines.following(self._rounds.readings, now)
        if deadline is not None:
            waits.append((deadline - now).total_seconds())
        return max(0.0, min(waits))

    def _is_due(self) -> bool:
        """Tell whether a round is needed although nothing changed."""
        again = self._again is not None and time.monotonic() >= self._again
        judged = self._judged
        return again or (judged is not None and deadlines.crossed(self._rounds.readings, judged, self._hooks.now()))
