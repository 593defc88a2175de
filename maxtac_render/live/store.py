"""What is known of one kind of object: a projection of each, how fresh that is, and what was seen to go.

Safe to use from several threads: a reflector writes, the loop reads.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

Value = TypeVar("Value")

NEW, LISTING = "not listed yet", "being listed"
"""Why a store may not be what the cluster holds although nothing is wrong."""

Place = tuple[str, str]
"""An object's namespace (empty for one of the cluster) and name."""


class Entry(NamedTuple, Generic[Value]):
    """One object: its identity, its version, and what is made of it. ``status`` is its own, which counts for nothing.

    Only a change of ``value``, or another object under the same name, is one that somebody is told about.
    """

    uid: str
    resource_version: str
    value: Value
    status: Mapping[str, Any] | None = None


class Seen(NamedTuple, Generic[Value]):
    """A store at one moment. ``epoch`` is another one whenever what it holds has changed since."""

    entries: Mapping[Place, Entry[Value]]
    epoch: int


class Store(Generic[Value]):
    """The objects of one kind, as far as they are read. ``project`` makes of each what is kept of it."""

    def __init__(
        self,
        project: Callable[[Mapping[str, Any]], Value],
        changed: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._project = project
        self._changed = changed
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[Place, Entry[Value]] = {}
        self._seen: Seen[Value] | None = None
        self._deleted: set[Place] = set()
        self.epoch = 0
        """How often what is held has changed."""
        self.synced = False
        """Whether everything has been read once."""
        self.unreadable = 0
        """The code of an answer that said that the kind is not there, or may not be read; 0 where it can be."""
        self.trouble = NEW
        """Why this may not be what the cluster holds now; empty while it is followed without a gap."""
        self.last_ok: float | None = None
        """The clock's time of the last word from the API server; None before the first."""

    def entry(self, item: Mapping[str, Any]) -> tuple[Place, Entry[Value]]:
        """What is kept of an object, and where."""
        metadata = item["metadata"]
        place = (metadata.get("namespace", ""), metadata["name"])
        return place, Entry(metadata["uid"], metadata["resourceVersion"], self._project(item), item.get("status"))

    def replace(self, entries: dict[Place, Entry[Value]]) -> None:
        """Take over a whole list. What is missing in it went unseen."""
        with self._lock:
            different = entries.keys() != self._entries.keys() or any(
                _differs(self._entries[place], entry) for place, entry in entries.items()
            )
            kept = {place: _kept(self._entries.get(place), entry) for place, entry in entries.items()}
            self._entries, self._seen = kept, None
            self._deleted.difference_update(kept)
            first, self.synced = not self.synced, True
            self.epoch += different
        self.follow()
        if different or first:
            self._changed()

    def put(self, place: Place, entry: Entry[Value]) -> None:
        """Take over one object, as it is now."""
        with self._lock:
            before = self._entries.get(place)
            different = before is None or _differs(before, entry)
            self._entries[place] = _kept(before, entry)
            self._deleted.discard(place)
            self._seen = None
            self.epoch += different
        self.follow()
        if different:
            self._changed()

    def drop(self, place: Place) -> None:
        """Take an object out that was seen to be deleted."""
        with self._lock:
            gone = self._entries.pop(place, None)
            if gone is not None:
                self._deleted.add(place)
                self._seen = None
                self.epoch += 1
        self.follow()
        if gone is not None:
            self._changed()

    def follow(self) -> None:
        """Note that the API server was just heard, and nothing is missing."""
        self.last_ok, self.trouble, self.unreadable = self._clock(), "", 0

    def doubt(self, trouble: str, unreadable: int = 0) -> None:
        """Note that something may be missing. What was known stays known."""
        self.trouble = trouble
        known, self.unreadable = self.unreadable, unreadable
        if unreadable and not known:
            self._changed()

    def age(self) -> float:
        """Seconds since the API server was last heard; endless before the first time."""
        return float("inf") if self.last_ok is None else self._clock() - self.last_ok

    def seen(self) -> Seen[Value]:
        """What is held now. Nobody may change it, and it changes no more."""
        with self._lock:
            if self._seen is None:
                self._seen = Seen(dict(self._entries), self.epoch)
            return self._seen

    def deleted(self) -> frozenset[Place]:
        """The objects that were seen to be deleted, and are not back."""
        with self._lock:
            return frozenset(self._deleted)

    def knows(self, place: Place) -> bool:
        """Tell whether an object is there, or was seen to be deleted."""
        with self._lock:
            return place in self._entries or place in self._deleted

    def forget(self, deleted: frozenset[Place]) -> None:
        """Remember no longer that these were deleted."""
        with self._lock:
            self._deleted -= deleted


def _differs(before: Entry[Value], after: Entry[Value]) -> bool:
    """Tell whether an object is another one, or says something else."""
    return before.uid != after.uid or before.value != after.value


def _kept(before: Entry[Value] | None, after: Entry[Value]) -> Entry[Value]:
    """The newer entry, with the value of the older one where that is equal: what is the same is held once."""
    return after if before is None or before.value != after.value else after._replace(value=before.value)
