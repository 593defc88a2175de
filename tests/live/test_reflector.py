"""A store is what the cluster holds, whatever happens to lists and watches on the way."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from live.fake import FakeServer, cut, events, expired, hang, html, raw, reset, status
from maxtac_render.live import access
from maxtac_render.live.client import Client
from maxtac_render.live.kinds import SERVICES
from maxtac_render.live.reflector import Pace, Reflector
from maxtac_render.live.store import Store

HASTE = Pace(watch_for=30, list_again=60.0, unreadable=0.05, shortest=0.01, longest=0.05)


def service(name: str, **labels: str) -> dict[str, Any]:
    """A Service."""
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "shop", "labels": labels}}


def _labels(item: Mapping[str, Any]) -> Mapping[str, str]:
    return item["metadata"].get("labels") or {}


class Following:
    """A reflector of Services at work, and what it told."""

    def __init__(self, server: FakeServer, client: Client, pace: Pace) -> None:
        self.server = server
        self.changes = 0
        self.store: Store[Mapping[str, str]] = Store(_labels, self._changed)
        self.reflector = Reflector(client, SERVICES, self.store, pace=pace)

    def _changed(self) -> None:
        self.changes += 1

    def equals(self) -> bool:
        """Tell whether the store has what the server has, with uids and versions."""
        there = {
            key: (body["metadata"]["uid"], body["metadata"]["resourceVersion"], _labels(body))
            for key, body in self.server.objects("services").items()
        }
        return there == {key: entry[:3] for key, entry in self.store.seen().entries.items()}

    def settled(self) -> None:
        """Wait until the store has what the server has, and says that it has."""
        self.server.wait_for(lambda: self.store.synced and not self.store.trouble and self.equals(), "a store in step")


@contextmanager
def following(server: FakeServer, directory: Path, pace: Pace = HASTE) -> Iterator[Following]:
    """A reflector that has begun, and is ended afterwards."""
    client = Client(access.load(access.Choice(str(server.kubeconfig(directory)))), timeout=2.0)
    found, stop = Following(server, client, pace), threading.Event()
    thread = threading.Thread(target=found.reflector.run, args=(stop,))
    thread.start()
    try:
        yield found
    finally:
        stop.set()
        client.close()
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """A server with two Services."""
    with FakeServer() as fake:
        fake.add(service("web", app="web"), service("db", app="db"))
        yield fake


def test_a_list_and_then_every_change(server: FakeServer, tmp_path: Path) -> None:
    """What is there is read, and what changes afterwards too."""
    with following(server, tmp_path) as found:
        found.settled()
        server.add(service("mail", app="mail"))
        server.change("services", "shop", "web", metadata={"labels": {"app": "other"}})
        server.remove("services", "shop", "db")
        found.settled()
        assert found.store.deleted() == {("shop", "db")}
        assert found.reflector.lists == {"start": 1}


def test_nobody_is_told_of_what_does_not_count(server: FakeServer, tmp_path: Path) -> None:
    """A change of a status, or of what is not kept, is taken over in silence; the value held stays the same object."""
    with following(server, tmp_path) as found:
        found.settled()
        told, epoch = found.changes, found.store.epoch
        value = found.store.seen().entries["shop", "web"].value
        server.change("services", "shop", "web", metadata={"annotations": {"helm.sh/noise": "1"}})
        found.settled()
        assert (found.changes, found.store.epoch) == (told, epoch)
        assert found.store.seen().entries["shop", "web"].value is value


def test_pages(server: FakeServer, tmp_path: Path) -> None:
    """A long list comes in pages."""
    server.add(*(service(f"s{number}") for number in range(1203)))
    with following(server, tmp_path) as found:
        found.settled()
        lists = [each for each in server.requests if each.path.endswith("/services") and "watch" not in each.query]
        assert len(lists) == 3


def test_a_watch_that_ends_goes_on_where_it_was(server: FakeServer, tmp_path: Path) -> None:
    """The end of a watch is no reason to list again, and nothing is missed meanwhile."""
    with following(server, tmp_path) as found:
        found.settled()
        for number in range(3):
            server.end_watches()
            server.add(service(f"more-{number}"))
            found.settled()
        assert found.reflector.lists == {"start": 1}


@pytest.mark.parametrize("form", ["answer", "event", "page"])
def test_a_version_that_is_gone(form: str, server: FakeServer, tmp_path: Path) -> None:
    """410, in whatever form: everything is listed again, and only what changed is told."""
    server.add(*(service(f"s{number}") for number in range(600)))
    with following(server, tmp_path) as found:
        found.settled()
        told = found.changes
        if form == "page":
            server.fail(status(410, "Expired"), path="services", watch=False, skip=1)
        server.fail(expired() if form == "event" else status(410, "Expired"), watch=True)
        server.end_watches()
        server.wait_for(lambda: found.reflector.lists["expired"] == 1)
        found.settled()
        assert found.changes == told
        server.cut_watches()
        server.fail(status(410, "Expired"), watch=True)
        server.remove("services", "shop", "s7")
        found.settled()
        assert found.changes == told + 1


def test_what_went_in_a_gap_was_not_seen_to_go(server: FakeServer, tmp_path: Path) -> None:
    """An object that is missing in a list is out of the store, but nobody saw it being deleted."""
    with following(server, tmp_path) as found:
        found.settled()
        server.fail(status(410, "Expired"), watch=True)
        server.fail(status(503), path="services", times=2, watch=False)
        server.cut_watches()
        server.remove("services", "shop", "db")
        found.settled()
        assert found.store.deleted() in (frozenset(), {("shop", "db")})
        assert ("shop", "db") not in found.store.seen().entries


FAULTS = {
    "reset": reset(),
    "html": html(502),
    "malformed line": raw(b'{"type": "ADDED", "obj\n'),
    "no object": events({"type": "ADDED", "object": {"kind": "Service"}}),
    "unavailable": status(503),
    "error event": events({"type": "ERROR", "object": {"kind": "Status", "code": 500, "reason": "InternalError"}}),
    "cut": cut(40),
    "no list": raw(b"{}"),
    "too many": status(429, retry_after=1),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_waited_out(fault: str, server: FakeServer, tmp_path: Path) -> None:
    """Whatever comes instead of a watch or a list: in the end the store is in step, and it never lost a thing."""
    with following(server, tmp_path) as found:
        found.settled()
        server.fail(FAULTS[fault], path="services", times=3)
        server.end_watches()
        server.add(service("late"))
        found.settled()
        assert len(found.store.seen().entries) == 3


@pytest.mark.parametrize("code", [403, 404])
def test_a_kind_that_cannot_be_read_is_no_empty_one(code: int, server: FakeServer, tmp_path: Path) -> None:
    """What was known stays known, and the store says that it is not to be trusted."""
    with following(server, tmp_path) as found:
        found.settled()
        told = found.changes
        fault = server.fail(status(code), path="services", times=10**6)
        server.end_watches()
        server.wait_for(lambda: found.store.unreadable)
        assert found.store.trouble
        assert len(found.store.seen().entries) == 2
        assert found.changes == told + 1
        fault.remove()
        found.settled()
        assert not found.store.unreadable


def test_a_kind_that_never_was_readable(server: FakeServer, tmp_path: Path) -> None:
    """It is not synced before there was a list."""
    server.missing.add("services")
    with following(server, tmp_path) as found:
        server.wait_for(lambda: found.store.unreadable)
        assert not found.store.synced
        assert found.store.age() == float("inf")
        server.missing.clear()
        found.settled()


def test_a_dead_connection_is_noticed(server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A watch on which nothing comes, not even its end, is given up after its time."""
    monkeypatch.setattr("maxtac_render.live.client.SLACK", 0.5)
    with following(server, tmp_path, HASTE._replace(watch_for=1)) as found:
        found.settled()
        server.freeze_watches()
        server.add(service("late"))
        found.settled()


def test_a_list_that_hangs_is_no_sync(server: FakeServer, tmp_path: Path) -> None:
    """Nothing is synced while the server does not answer."""
    fault = server.fail(hang(), path="services", times=10**6)
    with following(server, tmp_path) as found:
        server.wait_for(lambda: fault.hits)
        assert not found.store.synced
        fault.remove()
        found.settled()


def test_all_is_listed_anew_now_and_then(server: FakeServer, tmp_path: Path) -> None:
    """A list after some time finds what a watch may have missed, and tells nobody where it missed nothing."""
    with following(server, tmp_path, HASTE._replace(watch_for=1, list_again=0.0)) as found:
        found.settled()
        told = found.changes
        server.end_watches()
        server.wait_for(lambda: found.reflector.lists["resync"] >= 2)
        found.settled()
        assert found.changes == told


def test_the_end_is_at_once(server: FakeServer, tmp_path: Path) -> None:
    """A thread that waits at a quiet watch ends when it is told to."""
    with following(server, tmp_path) as found:
        found.settled()
        begun = time.monotonic()
    assert time.monotonic() - begun < 10


def test_an_age_grows(server: FakeServer) -> None:
    """The age of a store is the time since the server was last heard."""
    now = [100.0]
    store: Store[Any] = Store(_labels, clock=lambda: now[0])
    assert store.age() == float("inf")
    store.replace(dict([store.entry(body) for body in server.objects("services").values()]))
    now[0] += 7
    assert store.age() == 7
    store.follow()
    assert store.age() == 0
