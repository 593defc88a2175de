"""All that is known of a cluster while it is watched: a store for each kind, followed by threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from maxtac_render.engine.pruning import Feed
from maxtac_render.live.client import Client
from maxtac_render.live.faults import ClusterFault, Refused
from maxtac_render.live.kinds import INTENTS, NAMESPACES, NETWORK_POLICIES, SERVICES, Kind
from maxtac_render.live.objects import resource, stored
from maxtac_render.live.reflector import PACE, Pace, Reflector, start
from maxtac_render.live.store import Entry, Place, Store
from maxtac_render.model.diagnostics import Diagnostic, Report
from maxtac_render.model.objects import ObjectRef, Origin, Resource, Service
from maxtac_render.model.stored import Stored
from maxtac_render.wire import service
from maxtac_render.wire.projection import projected

ORIGIN: Final = Origin("live:", 0, 0)
"""Where everything here was read."""

PATIENCE = 30.0
"""Seconds after which creates and changes do not wait for a kind any more that has not been listed yet."""


class Decoded(NamedTuple):
    """A Service, and what was found in it when it was read."""

    service: Service
    found: tuple[Diagnostic, ...]


class Caches:
    """The stores of one cluster, or of one of its namespaces. ``changed`` is called when one of them has changed.

    Of the MaxTac kinds those in ``only`` are read. Namespaces are there to know which of them are about to go; without
    them nothing else is less certain.
    """

    def __init__(
        self,
        client: Client,
        changed: Callable[[], None],
        namespace: str = "",
        only: Collection[Kind] = INTENTS,
        pace: Pace = PACE,
    ) -> None:
        self.policies: Store[Stored | None] = Store(_policy, changed)
        self.services: Store[Decoded] = Store(_service, changed)
        self.namespaces: Store[bool] = Store(_is_going, changed)
        self.intents: dict[Kind, Store[Resource]] = {kind: Store(partial(_intent, kind), changed) for kind in only}
        self.stores: dict[Kind, Store[Any]] = {
            NETWORK_POLICIES: self.policies,
            **self.intents,
            SERVICES: self.services,
        }
        """All by which deletes are judged."""
        every = self.stores if namespace else {**self.stores, NAMESPACES: self.namespaces}
        self.reflectors = [
            Reflector(client, kind, store, namespace if kind.namespaced else "", pace) for kind, store in every.items()
        ]
        self.trouble = ""
        """Why it is not known which of the MaxTac kinds are about to go; empty while it is, or nobody need know."""
        self._client = client
        self._ending: frozenset[Kind] = frozenset()
        self._begun = time.monotonic()
        self._listed: dict[Place, tuple[Entry[Stored | None], Stored]] = {}

    def start(self, stop: threading.Event) -> list[threading.Thread]:
        """Follow every kind in a thread of its own."""
        return start(self.reflectors, stop)

    @property
    def synced(self) -> bool:
        """Whether every kind has been read once."""
        return all(store.synced for store in self.stores.values())

    @property
    def usable(self) -> bool:
        """Whether enough is known to create and change policies.

        What a MaxTac kind says that cannot be read is missing then, and nothing else is.
        """
        if not (self.services.synced and self.policies.synced):
            return False
        late = time.monotonic() - self._begun > PATIENCE
        return all(store.synced or store.unreadable or late for store in self.intents.values())

    def epochs(self) -> tuple[int, ...]:
        """What changes whenever the input does: not what is made of it."""
        return tuple(store.epoch for store in self._input)

    def resources(self) -> list[Resource]:
        """The MaxTac resources."""
        return [entry.value for store in self.intents.values() for entry in store.seen().entries.values()]

    def decoded(self) -> Iterator[Decoded]:
        """The Services."""
        return (entry.value for entry in self.services.seen().entries.values())

    def stored(self) -> dict[ObjectRef, Stored]:
        """The policies, as they are to be named in writes. Those that are not understood are missing."""
        before, self._listed = self._listed, {}
        for place, entry in self.policies.seen().entries.items():
            known = before.get(place)
            if known is not None and known[0] is entry:
                self._listed[place] = known
            elif entry.value is not None:
                named = entry.value._replace(uid=entry.uid, resource_version=entry.resource_version)
                self._listed[place] = (entry, named)
        return {named.ref: named for _, named in self._listed.values()}

    def going(self) -> frozenset[str]:
        """The namespaces that are being deleted."""
        return frozenset(name for (_, name), entry in self.namespaces.seen().entries.items() if entry.value)

    def knows_resource(self, kind: str, place: Place) -> bool:
        """Tell whether a MaxTac resource is there, or was seen to be deleted, and not together with its kind."""
        standing = {each: store for each, store in self.intents.items() if each not in self._ending}
        return any(store.knows(place) for each, store in standing.items() if each.kind == kind)

    def judge_kinds(self) -> bool:
        """Find out which MaxTac kinds are about to go, where that matters; tell whether it is known.

        Whoever deletes a CRD deletes its resources, one after the other, and is not asked whether pods may be open.
        """
        self.trouble = ""
        if self._ending or any(store.deleted() for store in self.intents.values()):
            try:
                self._ending = frozenset(self.intents) - _lasting(self._client)
            except ClusterFault as fault:
                self.trouble = str(fault)
        return not self.trouble

    def deleted(self) -> list[frozenset[Place]]:
        """What was seen to be deleted of the input, by kind."""
        return [store.deleted() for store in self._input]

    def forget(self, deleted: list[frozenset[Place]]) -> None:
        """Remember no longer that these were deleted."""
        for store, places in zip(self._input, deleted, strict=True):
            store.forget(places)

    def feeds(self) -> Iterator[Feed]:
        """How the kinds are followed by which deletes are judged."""
        for kind, store in self.stores.items():
            missing = kind in self._ending or (store.unreadable == 404 and kind in INTENTS)
            yield Feed(kind.kind, store.synced, bool(store.trouble or self.trouble), store.age(), missing)

    @property
    def _input(self) -> list[Store[Any]]:
        return [self.services, *self.intents.values()]


def _lasting(client: Client) -> frozenset[Kind]:
    """The MaxTac kinds of which resources can be made.

    Of one that is being deleted they can still be read, so that a list proves nothing; but none can be made any more
    from the moment on when the first of them goes.
    """
    try:
        answer = client.send("GET", INTENTS[0].group_path)
    except Refused as fault:
        if fault.status.code != 404:
            raise
        return frozenset()
    body = answer.json()
    resources = body.get("resources") if isinstance(body, dict) else None
    if not isinstance(resources, list):
        raise answer.strange("list of resources")
    made = {each.get("name") for each in resources if isinstance(each, dict) and "create" in (each.get("verbs") or ())}
    return frozenset(kind for kind in INTENTS if kind.plural in made)


def _intent(kind: Kind, item: Mapping[str, Any]) -> Resource:
    """A MaxTac resource, without its status and its version, which change while it stays the same."""
    read = resource(kind, projected(kind, item), ORIGIN)
    metadata = item["metadata"]
    identity = {key: metadata[key] for key in ("uid", "generation") if key in metadata}
    return read._replace(body={**read.body, "metadata": {**read.body["metadata"], **identity}})


def _service(item: Mapping[str, Any]) -> Decoded:
    report = Report()
    decoded = service.decode(resource(SERVICES, projected(SERVICES, item), ORIGIN), report)
    return Decoded(decoded, tuple(report.sorted()))


def _policy(item: Mapping[str, Any]) -> Stored | None:
    """A policy, without its version: a change of that alone is none."""
    found = stored(projected(NETWORK_POLICIES, item), ORIGIN, Report())
    return None if found is None else found._replace(uid="", resource_version="")


def _is_going(item: Mapping[str, Any]) -> bool:
    return "deletionTimestamp" in item["metadata"]
