"""What one watch is to do, and the parts with which it does it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal, NamedTuple

from maxtac_render.engine.settling import Scope
from maxtac_render.live.caches import Caches
from maxtac_render.live.client import Client
from maxtac_render.live.events import Events
from maxtac_render.live.journal import Journal
from maxtac_render.live.metrics import Metrics
from maxtac_render.live.statuses import Statuses
from maxtac_render.live.writes import Writer
from maxtac_render.model.options import Options

Expired = Literal["isolate", "remove", "delete"]
"""What becomes of expired access: isolation without rules; nothing; nothing, and the resource goes too."""


class Settings(NamedTuple):
    """What a watch is to do.

    ``options`` are the compiler's, without a moment. ``namespace`` is the only one that is read and written, empty for
    all. ``limit`` None is the usual one. With ``shadow`` nothing is written at all.
    """

    options: Options
    namespace: str = ""
    prune: bool = True
    limit: int | None = None
    allow_empty: bool = False
    expired: Expired = "isolate"
    shadow: bool = False

    @property
    def scope(self) -> Scope:
        """Whose policies are written."""
        return Scope(self.options.set, "watch")


class Parts(NamedTuple):
    """With what it is done. ``leads`` tells whether we may write now, ``now`` is the clock on the wall."""

    client: Client
    caches: Caches
    writer: Writer
    statuses: Statuses
    events: Events
    journal: Journal
    metrics: Metrics
    leads: Callable[[], bool]
    now: Callable[[], datetime]
