"""What the commands that write into a cluster have in common: what is there, the way to write, and how it is ended."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from typing import Any

import click

from maxtac_render.cli import reaching
from maxtac_render.cli.pages import Option
from maxtac_render.live import access
from maxtac_render.live.access import Access
from maxtac_render.live.client import Client
from maxtac_render.live.faults import Refused
from maxtac_render.live.kinds import NETWORK_POLICIES
from maxtac_render.live.objects import stored
from maxtac_render.live.outcomes import Outcome, Why
from maxtac_render.live.writes import ANSWERED_WITHIN, CONCURRENCY, MOST_CONCURRENCY, Decide, Guard, Manner, Writer
from maxtac_render.model.changes import Change
from maxtac_render.model.diagnostics import Report
from maxtac_render.model.errors import SourceFault
from maxtac_render.model.objects import Origin
from maxtac_render.model.stored import Stored

WRITTEN = "What is written"

UNREACHED = frozenset({Why.FORBIDDEN, Why.THROTTLED, Why.UNANSWERED})
"""Why a write failed of which the API server never heard, or which we may not make."""

Function = Callable[..., object]


def concurrency(function: Any) -> Any:
    """Give a command the option of how many writes are under way at once."""
    option = click.option(
        "--concurrency",
        type=click.IntRange(1, MOST_CONCURRENCY),
        default=CONCURRENCY,
        show_default=True,
        cls=Option,
        section=WRITTEN,
        help="How many writes are under way at once.",
    )
    return option(function)


class Cluster:
    """The cluster that a command writes to, and the policies that were seen in it."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given
        self._way: Access = access.load(reaching.choice(given))
        self.policies: dict[tuple[str, str], Stored] = {}
        """All that are understood, by namespace and name."""

    @property
    def name(self) -> str:
        """The cluster, as messages name it."""
        return self._way.context or self._way.server

    def look(self, namespaces: Iterable[str]) -> None:
        """See the policies of these namespaces; an empty name is all of them.

        Raises ClusterFault where the cluster cannot be reached, and SourceFault where we may not look.
        """
        take = partial(stored, origin=Origin(f"live:{self.name}", 0, 0), report=Report())
        with closing(Client(self._way, reaching.choice(self._given).timeout)) as client:
            for namespace in namespaces:
                for found in _listed(client, take, namespace):
                    policy = found.applied.policy
                    self.policies[policy.namespace, policy.name] = found

    def write(self, changes: Sequence[Change], decide: Decide, manner: Manner, stop: threading.Event) -> Outcome:
        """Make changes, as long as nobody stops it."""
        patience = self._given["request_timeout"]
        seconds = ANSWERED_WITHIN if patience is None else patience or None
        with closing(Client(self._way, seconds)) as client, closing(Writer(client, decide, manner, Guard(stop))) as to:
            return to.execute(changes, {each.ref: each for each in self.policies.values()})


def _listed(client: Client, take: Callable[[dict[str, Any]], Stored | None], namespace: str) -> Iterable[Stored]:
    try:
        return filter(None, client.list(NETWORK_POLICIES, take, namespace).items)
    except Refused as refused:
        if refused.status.code != 403:
            raise
        where = f" in {namespace}" if namespace else ""
        words = f"no permission to list {NETWORK_POLICIES.resource}{where} ({refused.status.message})"
        raise SourceFault(f"{words}; give it to this user, or name one namespace with -n") from refused


class Stop(threading.Event):
    """Whether the work is to end, and by which signal (0: none)."""

    signal = 0


@contextmanager
def stopping() -> Iterator[Stop]:
    """Let Ctrl-C and SIGTERM end the work in an orderly way; whoever is impatient and sends a second one ends it."""
    stop = Stop()

    def heard(number: int, _frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.signal = number
        stop.set()

    before = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
