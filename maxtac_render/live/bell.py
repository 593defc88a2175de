"""A bell that several threads ring and one hears: what is rung in quick succession is heard once."""

from __future__ import annotations

import threading
import time
from typing import NamedTuple


class Calm(NamedTuple):
    """For how long it must be quiet before the bell is heard, and how long that may take at most; in seconds."""

    quiet: float = 0.3
    most: float = 2.0


CALM = Calm()


class Bell:
    """What changed is not said: whoever hears it looks at everything."""

    def __init__(self, calm: Calm = CALM) -> None:
        self._calm = calm
        self._condition = threading.Condition()
        self._first: float | None = None
        self._last = 0.0
        self._closed = False

    def ring(self) -> None:
        """Let whoever listens hear it, soon."""
        with self._condition:
            self._last = time.monotonic()
            if self._first is None:
                self._first = self._last
            self._condition.notify_all()

    def close(self) -> None:
        """Let nobody wait any more."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def wait(self, most: float) -> bool:
        """Wait until it is heard, for ``most`` seconds: tell whether it was."""
        with self._condition:
            self._condition.wait_for(lambda: self._first is not None or self._closed, max(0.0, most))
            while not self._closed and self._first is not None:
                due = min(self._last + self._calm.quiet, self._first + self._calm.most) - time.monotonic()
                if due <= 0:
                    self._first = None
                    return True
                self._condition.wait(due)
            return False
