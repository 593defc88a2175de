"""Keeps a store in step with the cluster: lists once, then watches, and lists anew where a watch cannot go on.

One thread for each kind. What goes wrong is waited out, and said in the store as long as it lasts.
Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any, Generic, NamedTuple

from maxtac_render.live.client import Client, Event, backoff
from maxtac_render.live.faults import ClusterFault, Gone, Refused
from maxtac_render.live.kinds import Kind
from maxtac_render.live.store import LISTING, Store, Value

WATCH_FOR = 300
"""Seconds after which the server is to end a watch, at least; up to a fifth more, so that not all end at once."""

LIST_AGAIN = 600.0
"""Seconds after which everything is listed anew, at least."""

UNREADABLE_PAUSE = 30.0
"""Seconds to wait where the kind is not there, or may not be read."""

SHORTEST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds to wait after the first fault, and after many, at most."""

BRIEF = 0.1
"""Seconds, at most, between a watch that ended as it should and the next one."""

_UNREADABLE = frozenset({403, 404, 405})


class Pace(NamedTuple):
    """How long this takes its time, in seconds; tests are in a hurry."""

    watch_for: int = WATCH_FOR
    list_again: float = LIST_AGAIN
    unreadable: float = UNREADABLE_PAUSE
    shortest: float = SHORTEST_PAUSE
    longest: float = LONGEST_PAUSE


PACE = Pace()


class Reflector(Generic[Value]):
    """Follows the objects of one kind, in one namespace or (without one) in all."""

    def __init__(self, client: Client, kind: Kind, store: Store[Value], namespace: str = "", pace: Pace = PACE) -> None:
        self.kind = kind
        self.store = store
        self.lists: Counter[str] = Counter()
        """How often everything was listed, by why: ``start``, ``expired``, ``resync``."""
        self._client = client
        self._namespace = namespace
        self._pace = pace
        self._version = ""
        self._why = "start"
        self._due = 0.0
        self._faults = 0

    def run(self, stop: threading.Event) -> None:
        """Follow until told to stop; whoever closes the client ends what this waits for."""
        while not stop.is_set():
            try:
                self._once()
                self._faults = 0
                pause = random.uniform(0, BRIEF)  # noqa: S311 - nothing secret
            except ClusterFault as fault:
                pause = self._pause(fault)
            except Exception as error:  # an object that is none, or whatever else: nobody else would notice
                pause = self._broken(error)
            stop.wait(pause)

    def _once(self) -> None:
        """List if there is a reason to, then watch until the watch ends."""
        if not self._why and time.monotonic() >= self._due:
            self._why = "resync"
        if self._why:
            self._list()
        seconds = self._pace.watch_for + random.randint(0, self._pace.watch_for // 5)  # noqa: S311 - as above
        for event in self._client.watch(self.kind, self._version, self._namespace, seconds, self.store.follow):
            self._faults = 0
            self._take(event)

    def _list(self) -> None:
        if not self.store.trouble:
            self.store.doubt(LISTING)
        listing = self._client.list(self.kind, self.store.entry, self._namespace)
        self.store.replace(dict(listing.items))
        self.lists[self._why] += 1
        self._version, self._why = listing.resource_version, ""
        self._due = time.monotonic() + self._pace.list_again * random.uniform(1, 1.2)  # noqa: S311 - as above

    def _take(self, event: Event) -> None:
        if event.type == "BOOKMARK":
            self.store.follow()
        elif event.type == "DELETED":
            self.store.drop(self.store.entry(event.object)[0])
        else:
            self.store.put(*self.store.entry(event.object))
        self._version = event.object["metadata"]["resourceVersion"]

    def _pause(self, fault: ClusterFault) -> float:
        """How long to wait after a fault, and what to do then."""
        pause = max(backoff(self._faults, self._pace.shortest, self._pace.longest), _asked(fault))
        self._faults += 1
        code = fault.status.code if isinstance(fault, Refused) else 0
        unreadable = code in _UNREADABLE
        self.store.doubt(str(fault), code if unreadable else 0)
        if isinstance(fault, Gone):
            self._why = "expired"
        if unreadable:
            self._why = self._why or "unreadable"
            return self._pace.unreadable
        return pause

    def _broken(self, error: Exception) -> float:
        """List anew after an object that could not be understood: its change must not be lost."""
        self._why = "broken"
        self.store.doubt(f"something that is no {self.kind.kind}: {type(error).__name__} {error}")
        self._faults += 1
        return backoff(self._faults, self._pace.shortest, self._pace.longest)


def _asked(fault: ClusterFault) -> float:
    """How long the server wants to be left alone."""
    return (fault.status.retry_after or 0.0) if isinstance(fault, Refused) else 0.0


def start(reflectors: Iterable[Reflector[Any]], stop: threading.Event) -> list[threading.Thread]:
    """Run every reflector in a thread of its own."""
    threads = [
        threading.Thread(target=each.run, args=(stop,), name=f"reflector-{each.kind.plural}", daemon=True)
        for each in reflectors
    ]
    for thread in threads:
        thread.start()
    return threads
