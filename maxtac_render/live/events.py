"""Tells of objects in Kubernetes Events, where ``kubectl describe`` and ``kubectl get events`` show them.

They are written by a thread of their own, and never wait for: what is too much, or cannot be written, is let go. What
is told again is counted on the Event that there is. Source: the API's reference of Event (v1), and the recorder of
client-go (https://github.com/kubernetes/client-go/blob/master/tools/record), whose limits these are.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from queue import Full, Queue
from threading import Thread
from typing import Any, Final, NamedTuple, TypeVar

from maxtac_render.engine.notices import Notice
from maxtac_render.live import kinds
from maxtac_render.live.client import Client
from maxtac_render.live.faults import ClusterFault, Refused
from maxtac_render.model.diagnostics import LONGEST_FACT, printable
from maxtac_render.model.names import LONGEST_NAME, cut
from maxtac_render.model.objects import ObjectRef
from maxtac_render.model.ownership import MANAGER, rfc3339

LONGEST_MESSAGE = 1024
"""Bytes of an Event's message that the API takes."""

WAITING = 1000
"""How many may wait to be written."""

KNOWN = 4096
"""How many Events, and objects, are remembered."""

BURST, REFILL = 25, 300.0
"""How many Events one object may have at once, and in how many seconds it may have another one."""

SAME_FOR = 600.0
"""Seconds within which what is told again counts as the same."""

CLUSTER_NAMESPACE: Final = "default"
"""Where the Events are of what is in no namespace."""


_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class _Written(NamedTuple):
    """An Event that was written: its name, how often it was told, and when last (monotonic seconds)."""

    name: str
    times: int
    last: float


class _Allowance(NamedTuple):
    """How many more Events an object may have, reckoned at a moment (monotonic seconds)."""

    left: float
    since: float


class Events:
    """Writes Events to one cluster, as an ``instance``, which is the name of a pod.

    ``may_write`` is asked before every write. ``clock`` is monotonic, in seconds. ``dropped`` counts what was let go.
    """

    def __init__(
        self,
        client: Client,
        instance: str,
        may_write: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.dropped = 0
        self._client = client
        self._instance = instance
        self._may_write = may_write
        self._clock = clock
        self._closed = False
        self._queue: Queue[Notice | None] = Queue(WAITING)
        self._written: OrderedDict[Notice, _Written] = OrderedDict()
        self._allowances: OrderedDict[ObjectRef, _Allowance] = OrderedDict()
        self._thread = Thread(target=self._run, name="events", daemon=True)
        self._thread.start()

    def record(self, notices: Iterable[Notice]) -> None:
        """Tell of objects, soon."""
        for notice in notices:
            try:
                self._queue.put_nowait(notice)
            except Full:
                self.dropped += 1

    def close(self, within: float = 2.0) -> None:
        """Write what waits, as far as that is done within some seconds, and end the thread."""
        with suppress(Full):
            self._queue.put(None, timeout=within)
        self._thread.join(within)
        self._closed = True

    def _run(self) -> None:
        while (notice := self._queue.get()) is not None and not self._closed:
            try:
                if not (self._may_write() and self._allowed(notice.ref) and self._tell(notice)):
                    self.dropped += 1
            except ClusterFault:
                self.dropped += 1

    def _allowed(self, ref: ObjectRef) -> bool:
        """Take one from the allowance of an object."""
        now = self._clock()
        left, since = self._allowances.pop(ref, _Allowance(BURST, now))
        left = min(float(BURST), left + (now - since) / REFILL)
        allowed = left >= 1
        _remember(self._allowances, ref, _Allowance(left - 1 if allowed else left, now))
        return allowed

    def _tell(self, notice: Notice) -> bool:
        """Write an Event, or count it on the one that says the same; tells whether that was done."""
        now = self._clock()
        known = self._written.pop(notice, None)
        if known is not None and now - known.last < SAME_FOR and self._counted(notice, known):
            _remember(self._written, notice, known._replace(times=known.times + 1, last=now))
            return True
        uid = notice.uid or self._uid(notice.ref)
        if not uid:
            return False
        body = self._body(notice._replace(uid=uid))
        self._client.send("POST", kinds.EVENTS.path(_home(notice.ref)), body=body)
        _remember(self._written, notice, _Written(body["metadata"]["name"], 1, now))
        return True

    def _counted(self, notice: Notice, known: _Written) -> bool:
        """Count on an Event that was written before; False where it is gone by now."""
        path = kinds.EVENTS.path(_home(notice.ref), known.name)
        said = {"count": known.times + 1, "lastTimestamp": _now()}
        try:
            self._client.send("PATCH", path, body=said, content_type="application/merge-patch+json")
        except Refused as fault:
            if fault.status.code != 404:
                raise
            return False
        return True

    def _uid(self, ref: ObjectRef) -> str:
        """The uid of an object, without which its description does not show what is told of it; empty if it is gone."""
        try:
            metadata = self._client.get(_KINDS[ref.kind], ref.namespace, ref.name).get("metadata") or {}
        except Refused as fault:
            if fault.status.code != 404:
                raise
            return ""
        return str(metadata.get("uid", ""))

    def _body(self, notice: Notice) -> dict[str, Any]:
        ref, moment = notice.ref, _now()
        about = dict(zip(("apiVersion", "kind", "namespace", "name"), ref, strict=True)) | {"uid": notice.uid}
        identity = f"{notice} {self._instance} {time.time_ns()}"
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": cut(ref.name, identity, LONGEST_NAME, 16), "namespace": _home(ref)},
            "involvedObject": {key: text for key, text in about.items() if text},
            "type": notice.type,
            "reason": notice.reason,
            "message": _message(notice.message),
            "count": 1,
            "firstTimestamp": moment,
            "lastTimestamp": moment,
            "source": {"component": MANAGER},
            "reportingComponent": MANAGER,
            "reportingInstance": self._instance,
        }


_KINDS = {kind.kind: kind for kind in (*kinds.INTENTS, kinds.SERVICES)}


def _home(ref: ObjectRef) -> str:
    return ref.namespace or CLUSTER_NAMESPACE


def _message(text: str) -> str:
    """A message as the API takes it: nothing that steers a terminal, and not too long."""
    shown = "".join(map(printable, (text[at : at + LONGEST_FACT] for at in range(0, len(text), LONGEST_FACT))))
    return shown.encode("utf-8", "replace")[:LONGEST_MESSAGE].decode("utf-8", "ignore")


def _remember(known: OrderedDict[_Key, _Value], key: _Key, value: _Value) -> None:
    """Keep what was used last, and not too much of it."""
    known[key] = value
    if len(known) > KNOWN:
        known.popitem(last=False)


def _now() -> str:
    return rfc3339(datetime.now(UTC).replace(microsecond=0))
