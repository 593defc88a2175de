"""The whole of a watch: threads that follow the cluster, the Lease, probes, and the loop; its start and its end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import NamedTuple

from maxtac_render import __version__
from maxtac_render.live import metrics
from maxtac_render.live.access import Access
from maxtac_render.live.bell import CALM, Bell, Calm
from maxtac_render.live.caches import Caches
from maxtac_render.live.client import Client
from maxtac_render.live.events import Events
from maxtac_render.live.journal import Journal
from maxtac_render.live.kinds import INTENTS, Kind
from maxtac_render.live.lease import TERMS, Elector, Terms
from maxtac_render.live.metrics import Metrics
from maxtac_render.live.probes import Address, Listener, Reply
from maxtac_render.live.reflector import PACE, Pace
from maxtac_render.live.statuses import Statuses
from maxtac_render.live.store import LISTING, NEW
from maxtac_render.live.writes import ANSWERED_WITHIN, Guard, Writer
from maxtac_render.model.changes import Action
from maxtac_render.watch.expiry import Expiry
from maxtac_render.watch.loop import Hooks, Loop
from maxtac_render.watch.rounds import RETRY, Result, Rounds, decide
from maxtac_render.watch.settings import Parts, Settings
from maxtac_render.watch.telling import Teller

_MENDS = {
    403: "give it the rights that maxtac manifests controller prints",
    404: "install the kinds with maxtac manifests crds, or leave them out with --kinds",
}
"""How what cannot be read is mended, by the API server's answer."""

GRACE = 10.0
"""Seconds that requests are given which are on their way when the end comes."""


class Surroundings(NamedTuple):
    """How a watch runs: as whom (``identity``), with which Lease (None: alone), and where it answers.

    ``only`` are the MaxTac kinds that are read. The rest is in a hurry in tests.
    """

    identity: str
    lease: tuple[str, str] | None = None
    health: Address | None = None
    metrics: Address | None = None
    timeout: float | None = 60.0
    only: tuple[Kind, ...] = INTENTS
    calm: Calm = CALM
    pace: Pace = PACE
    terms: Terms = TERMS
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


class Service:
    """One watch; ``run`` is to be called once."""

    def __init__(self, settings: Settings, access: Access, around: Surroundings, journal: Journal) -> None:
        self._around = around
        self._journal = journal
        self._stop = threading.Event()
        self._lost = threading.Event()
        self._bell = Bell(around.calm)
        self._client = Client(access, around.timeout)
        self._writing = Client(access, ANSWERED_WITHIN, may_send=self._may_write)
        self._electing = Client(access, around.terms.renew / 2)
        self._elector: Elector | None = None
        if around.lease is not None and not settings.shadow:
            self._elector = Elector(self._electing, around.lease, around.identity, around.terms)
        self.caches = Caches(self._client, self._bell.ring, settings.namespace, around.only, around.pace)
        self.metrics = Metrics()
        self._parts = self._made(settings)
        self._teller = Teller(settings, self._parts)
        self._expiry = Expiry(settings, self._parts)
        hooks = Hooks(self._may_begin, around.now, self._look, self._tell, self._teller.broken)
        self.loop = Loop(Rounds(settings, self._parts), self._bell, hooks)
        self._facts = {"server": access.server, "set": settings.options.set, "namespace": settings.namespace}
        self._troubles: dict[str, str] = {}
        self._listeners: list[Listener] = []

    def run(self, signals: SimpleQueue[int]) -> bool:
        """Watch until a signal comes, the Lease is lost, or the loop ends by itself; tells whether it was a signal.

        Raises EnvironmentFault where it cannot begin.
        """
        self._listen()
        self._journal.info("watching", **self._facts, version=__version__)
        threads = [threading.Thread(target=self._work, args=(signals,), name="loop")]
        if self._elector is not None:
            args = (self._stop, self._won, lambda: self._lose(signals))
            threads.append(threading.Thread(target=self._elector.run, args=args, name="lease"))
        for thread in threads:
            thread.start()
        following = self.caches.start(self._stop)
        try:
            heard = signals.get()
        finally:
            self._end(threads, following)
            self._journal.info("ended")
        return heard != 0 and not self._lost.is_set()

    def _made(self, settings: Settings) -> Parts:
        """The parts of which rounds are made."""
        guard = Guard(self._stop, self._may_write, self._heard)
        return Parts(
            client=self._client,
            caches=self.caches,
            writer=Writer(self._writing, decide(settings.scope), guard=guard),
            statuses=Statuses(self._writing, self._may_write),
            events=Events(self._client, self._around.identity, self._may_write),
            journal=self._journal,
            metrics=self.metrics,
            leads=self._leads,
            now=self._around.now,
        )

    def _leads(self) -> bool:
        return self._elector is None or self._elector.leads()

    def _may_begin(self) -> bool:
        """Tell whether a round may begin: enough is known, and it is for us."""
        return self.caches.usable and self._leads()

    def _may_write(self) -> bool:
        """The fence before every write. A long round shows by it that it is alive."""
        self.loop.beat()
        return self._leads() and not self._stop.is_set()

    def _heard(self, action: Action, code: int, attempt: int) -> None:
        self.metrics.add(metrics.WRITES, action, str(code or "none"))
        self.metrics.add(metrics.RETRIES, by=attempt > 0)

    def _work(self, signals: SimpleQueue[int]) -> None:
        """Make rounds until the end; an end of its own is one for all."""
        try:
            self.loop.run(self._stop)
        finally:
            signals.put(0)

    def _look(self) -> None:
        """Log what has begun, or ceased, to be wrong with how the cluster is followed, and with the Lease."""
        stores = {each.kind.resource: each.store for each in self.caches.reflectors}
        troubles = {name: store.trouble for name, store in stores.items() if store.trouble not in (NEW, LISTING)}
        mends = {name: _MENDS.get(store.unreadable, "") for name, store in stores.items()}
        troubles["which kinds there are"] = self.caches.trouble
        if self._elector is not None:
            troubles["the Lease"] = self._elector.trouble
        for what, trouble in troubles.items():
            before = self._troubles.get(what, "")
            if trouble and trouble != before:
                self._journal.warning("trouble with the cluster", what, reason=trouble, mend=mends.get(what, ""))
            elif before and not trouble:
                self._journal.info("no trouble any more", what)
        self._troubles = troubles

    def _tell(self, result: Result) -> float | None:
        """Tell of a round; returns in how many seconds another one is needed for what is left."""
        waits = [self._teller.tell(result), None if self._expiry.end(result) else RETRY]
        return min((wait for wait in waits if wait is not None), default=None)

    def _won(self) -> None:
        self._journal.info("leading", identity=self._around.identity)
        self._bell.ring()

    def _lose(self, signals: SimpleQueue[int]) -> None:
        """Stop writing for good: who starts anew knows nothing wrong."""
        self._lost.set()
        self._stop.set()
        self._bell.close()
        trouble = self._elector.trouble if self._elector else ""
        self._journal.error("the Lease is lost", reason=trouble or "another replica has it")
        signals.put(0)

    def _end(self, threads: list[threading.Thread], following: list[threading.Thread]) -> None:
        """Let what is on its way end, give the Lease back, and close every connection."""
        self._stop.set()
        self._bell.close()
        for thread in threads:
            thread.join(GRACE)
        self._writing.close()
        if self._elector is not None:
            self._elector.release()
        self._parts.events.close()
        for client in (self._client, self._electing):
            client.close()
        for listener in self._listeners:
            listener.close()
        for thread in (*threads, *following):
            thread.join(GRACE)
        self._parts.writer.close()
        self._parts.statuses.close()

    def _listen(self) -> None:
        """Answer probes and Prometheus; where both listen at one address, there at once."""
        pages: dict[Address, dict[str, Callable[[], Reply]]] = {}
        if self._around.health is not None:
            pages[self._around.health] = {"/healthz": self._health, "/readyz": self._readiness}
        if self._around.metrics is not None:
            pages.setdefault(self._around.metrics, {})["/metrics"] = self._numbers
        for address, each in pages.items():
            self._listeners.append(Listener(address, each))

    def _health(self) -> Reply:
        well = self.loop.is_well() or not self._leads()
        return Reply(well, "ok\n" if well else "the loop gives no sign of life\n")

    def _readiness(self) -> Reply:
        unread = [kind.resource for kind, store in self.caches.stores.items() if not store.synced]
        return Reply(not unread, f"not read yet: {', '.join(unread)}\n" if unread else "ok\n")

    def _numbers(self) -> Reply:
        numbers = self.metrics
        numbers.set(metrics.BUILD, 1, __version__)
        numbers.set(metrics.LEADER, self._leads())
        for reflector in self.caches.reflectors:
            kind, store = reflector.kind.kind, reflector.store
            numbers.set(metrics.OBJECTS, len(store.seen().entries), kind)
            numbers.set(metrics.SYNCED, store.synced and not store.trouble, kind)
            numbers.set(metrics.AGE, store.age(), kind)
            for reason, count in dict(reflector.lists).items():
                numbers.set(metrics.RELISTS, count, kind, reason)
        return Reply(well=True, text=numbers.text(), content_type=metrics.CONTENT_TYPE)
