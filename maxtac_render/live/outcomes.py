"""What became of changes: each is done, has failed, or was not tried, and says why."""

from __future__ import annotations

from enum import Enum
from typing import Literal, NamedTuple

from maxtac_render.model.changes import Change
from maxtac_render.model.stored import Stored


class Why(Enum):
    """Why a change was not made: the word for machines and metrics. Of what failed, ``lasting`` would fail again."""

    NOTHING = ("", False)
    STOPPED = ("stopped", False)
    FENCED = ("not-leading", False)
    GROUP = ("failed-group", False)
    CHANGED = ("changed-input", False)
    FOREIGN = ("foreign", True)
    INVALID = ("invalid", True)
    ALTERED = ("altered", True)
    FORBIDDEN = ("forbidden", True)
    NAMESPACE = ("namespace", True)
    CONFLICT = ("conflict", False)
    THROTTLED = ("throttled", False)
    UNANSWERED = ("unanswered", False)
    INTERNAL = ("internal-error", False)

    def __init__(self, word: str, lasting: bool) -> None:
        self.word = word
        self.lasting = lasting


State = Literal["done", "failed", "skipped"]


class Result(NamedTuple):
    """What became of one change. ``message`` is why it was not made, ``code`` the last answer's (0: none came).

    ``found`` is the policy that is in the way, as far as it is understood. ``warnings`` are the API server's.
    """

    change: Change
    state: State
    why: Why = Why.NOTHING
    message: str = ""
    code: int = 0
    found: Stored | None = None
    warnings: tuple[str, ...] = ()


class Outcome(NamedTuple):
    """What became of all changes, in the order in which these were given; none is missing."""

    results: tuple[Result, ...]

    @property
    def done(self) -> tuple[Result, ...]:
        """The changes that the cluster has."""
        return self._of("done")

    @property
    def failed(self) -> tuple[Result, ...]:
        """The changes that were tried in vain."""
        return self._of("failed")

    @property
    def skipped(self) -> tuple[Result, ...]:
        """The changes that were not made, because of something else."""
        return self._of("skipped")

    def _of(self, state: State) -> tuple[Result, ...]:
        return tuple(result for result in self.results if result.state == state)
