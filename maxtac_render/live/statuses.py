"""Writes the status of MaxTac resources into the cluster, by server-side apply, and only where it says something new.

Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from functools import partial
from math import inf
from typing import Any, Final, NamedTuple

from maxtac_render.engine.standing import Standing
from maxtac_render.engine.status import Status, differs, leftovers, status
from maxtac_render.live import kinds
from maxtac_render.live.client import Client
from maxtac_render.live.faults import ClusterFault, Refused
from maxtac_render.live.faults import Status as Answered
from maxtac_render.live.kinds import Kind
from maxtac_render.model.diagnostics import printable
from maxtac_render.model.intent import API_VERSION
from maxtac_render.model.objects import ObjectRef

MANAGER: Final = "maxtac-render-status"
"""Who the fields of a status belong to."""

PAUSE = 5.0
"""Seconds between two writes to one resource of which something fails."""

FORBIDDEN_PAUSE = 30.0
"""Seconds until what is forbidden is tried again."""

READ_EVERY = 600.0
"""Seconds after which it is looked whether somebody else has written statuses."""

LASTS = 5.0
"""Seconds in which writes are begun for one round: policies do not wait for what is said about them."""

WORKERS = 4

_APPLY: Final = "application/apply-patch+yaml"
_JSON_PATCH: Final = "application/json-patch+json"
_MANAGED: Final = {"fieldManager": MANAGER}

_PERMANENT = (
    "failed to create typed patch object",
    "failed to convert new object",
    "etcdserver: request is too large",
    "expected ",
    "duplicate entries for key",
)
"""How the messages begin of answers 500 that a server-side apply gets for a body that is wrong, or too large."""


class Written(NamedTuple):
    """What became of the statuses of a round.

    ``wait`` is in how many seconds some of them should be tried again; None where all is said.
    """

    written: int
    refused: list[tuple[ObjectRef, str]]
    wait: float | None


class _Said(NamedTuple):
    """What is known of one resource's status: as it is in the cluster, and when (monotonic seconds) it was written.

    ``uid`` is that of the resource: another one of its name has another status. ``until`` is when it may be tried again
    after a failure; ``useless`` will not be taken, however often it is tried.
    """

    uid: str = ""
    status: Mapping[str, Any] = {}
    written: float = -inf
    until: float = -inf
    useless: Status | None = None


class _Result(NamedTuple):
    """What became of one status."""

    written: bool = False
    refused: str = ""
    wait: float | None = None


class Statuses:
    """The statuses in one cluster.

    ``may_write`` is asked before every write: only the leader says anything. ``clock`` is monotonic, in seconds.
    """

    def __init__(
        self,
        client: Client,
        may_write: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._may_write = may_write
        self._clock = clock
        self._said: dict[ObjectRef, _Said] = {}
        self._read: tuple[float, tuple[Kind, ...], str] | None = None
        self._closed = False
        self._ends = inf
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="statuses")

    def load(self, only: Iterable[Kind] = kinds.INTENTS, namespace: str = "") -> None:
        """Read what the statuses say now: before the first write, and whenever others may have written them.

        Kinds that the API server does not know are passed over. Raises ClusterFault.
        """
        read = tuple(only)
        there = [each for kind in read for each in self._listed(kind, namespace)]
        self._said = {ref: self._of(ref, uid)._replace(status=said) for ref, uid, said in there}
        self._read = (self._clock(), read, namespace)

    def _listed(self, kind: Kind, namespace: str) -> list[_Read]:
        try:
            return self._client.list(kind, partial(_taken, kind), namespace if kind.namespaced else "").items
        except Refused as fault:
            if fault.status.code != 404:
                raise
            return []

    def write(self, standings: Mapping[ObjectRef, Standing], now: datetime) -> Written:
        """Write the statuses that say something new. What fails is told, and tried again with a later round.

        Before it is known what they say now, nothing is written: the moments in them would be wrong.
        """
        if self._read is None or self._closed:
            return Written(0, [], PAUSE)
        if self._clock() - self._read[0] > READ_EVERY:
            self._read = (self._clock(), *self._read[1:])
            with suppress(ClusterFault):  # then what is known counts, until the next time
                self.load(*self._read[1:])
        self._said = {ref: said for ref, said in self._said.items() if ref in standings}
        self._ends = self._clock() + LASTS
        results = dict(
            zip(standings, self._workers.map(partial(self._write, now=now), standings.values()), strict=True)
        )
        return Written(
            sum(result.written for result in results.values()),
            [(ref, result.refused) for ref, result in results.items() if result.refused],
            min((result.wait for result in results.values() if result.wait is not None), default=None),
        )

    def close(self) -> None:
        """End the threads; what is on its way is waited for, and nothing is written any more."""
        self._closed = True
        self._workers.shutdown(wait=True, cancel_futures=True)

    def _of(self, ref: ObjectRef, uid: str) -> _Said:
        """What is known of the status of a resource."""
        said = self._said.get(ref)
        return said if said is not None and said.uid == uid else _Said(uid)

    def _write(self, standing: Standing, now: datetime) -> _Result:
        said = self._of(standing.ref, standing.uid)
        wanted = status(standing, said.status, now)
        if not differs(said.status, wanted) or _same(wanted, said.useless):
            return _Result()
        moment = self._clock()
        due = max(said.until, said.written + PAUSE if standing.failing else -inf)
        if moment < due:
            return _Result(wait=due - moment)
        if moment > self._ends:
            return _Result(wait=0.0)
        if not self._may_write():
            return _Result()
        try:
            self._send(standing.ref, wanted)
        except ClusterFault as fault:
            return self._failed(standing.ref, said, wanted, fault)
        self._said[standing.ref] = _Said(standing.uid, wanted, moment)
        return _Result(written=True)

    def _send(self, ref: ObjectRef, wanted: Status) -> None:
        """Write a status, and take out what is left of the MaxTac controller's."""
        path = _KINDS[ref.kind].path(ref.namespace, ref.name, "status")
        metadata = {"name": ref.name} | ({"namespace": ref.namespace} if ref.namespace else {})
        body = {"apiVersion": API_VERSION, "kind": ref.kind, "metadata": metadata, "status": wanted}
        there = self._client.send("PATCH", path, {**_MANAGED, "force": "true"}, body, _APPLY).json()
        left = leftovers(there.get("status") or {}, wanted)
        if left:
            with suppress(Refused):  # somebody else was faster: it is looked at again with the next reading
                self._client.send("PATCH", path, _MANAGED, left, _JSON_PATCH)

    def _failed(self, ref: ObjectRef, said: _Said, wanted: Status, fault: ClusterFault) -> _Result:
        """Keep in mind what became of a write in vain; that the resource is gone is nothing to tell of."""
        code = fault.status.code if isinstance(fault, Refused) else 0
        if code == 404:
            self._said.pop(ref, None)
            return _Result()
        if isinstance(fault, Refused) and _is_permanent(fault.status):
            self._said[ref] = said._replace(useless=wanted)
            return _Result(refused=printable(str(fault)))
        asked = (fault.status.retry_after if isinstance(fault, Refused) else None) or 0.0
        pause = max(asked, FORBIDDEN_PAUSE if code == 403 else PAUSE)
        self._said[ref] = said._replace(until=self._clock() + pause)
        return _Result(refused=printable(str(fault)), wait=pause)


_KINDS = {kind.kind: kind for kind in kinds.INTENTS}


_Read = tuple[ObjectRef, str, Mapping[str, Any]]
"""A resource, its uid, and its status."""


def _taken(kind: Kind, body: dict[str, Any]) -> _Read:
    """What is kept of a resource that is listed."""
    metadata = body.get("metadata") or {}
    ref = ObjectRef(kind.api_version, kind.kind, str(metadata.get("namespace", "")), str(metadata.get("name", "")))
    return ref, str(metadata.get("uid", "")), body.get("status") or {}


def _is_permanent(answer: Answered) -> bool:
    """Tell whether the same status would be refused again."""
    if answer.code == 500:
        return answer.message.startswith(_PERMANENT)
    return answer.code in (400, 413, 422)


def _same(wanted: Status, useless: Status | None) -> bool:
    """Tell whether two statuses say the same, whenever they say that it began."""
    return useless is not None and _timeless(wanted) == _timeless(useless)


def _timeless(said: Status) -> Status:
    conditions = [{**each, "lastTransitionTime": ""} for each in said["conditions"]]
    return {**said, "conditions": conditions}
