"""Events tell what happened, and never become a load: counted, limited, and let go where they cannot be written."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from live.clock import Clock
from live.fake import FakeServer, hang, reset, status
from maxtac_render.engine.notices import Notice
from maxtac_render.live.access import Choice, load
from maxtac_render.live.client import Client
from maxtac_render.live.events import BURST, LONGEST_MESSAGE, REFILL, SAME_FOR, WAITING, Events
from maxtac_render.model.intent import API_VERSION
from maxtac_render.model.objects import ObjectRef

REF = ObjectRef(API_VERSION, "Access", "shop", "web-in")
SERVICE = ObjectRef("v1", "Service", "shop", "web")
NOTICE = Notice(REF, "Warning", "Invalid", "spec.direction: no", "u1")


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """A cluster with a Service."""
    with FakeServer() as fake:
        fake.add({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"}})
        yield fake


@pytest.fixture
def clock() -> Clock:
    """The clock of the events."""
    return Clock()


@pytest.fixture
def events(server: FakeServer, clock: Clock, tmp_path: Path) -> Iterator[Events]:
    """What writes to the server."""
    client = Client(load(Choice(kubeconfig=str(server.kubeconfig(tmp_path)))), timeout=5.0)
    one = Events(client, "pod-1", lambda: clock.leads, clock)
    yield one
    client.close()
    one.close()


def stored(server: FakeServer) -> list[dict[str, Any]]:
    """The Events that there are."""
    return list(server.objects("events").values())


def done(server: FakeServer, events: Events, number: int) -> None:
    """Wait until so many notices were written or let go."""
    server.wait_for(lambda: events.dropped + sum(each["count"] for each in stored(server)) == number)


def test_what_is_told_again_is_counted(server: FakeServer, events: Events, clock: Clock) -> None:
    """On the Event that there is; after a while, or where that is gone, it is another one."""
    events.record([NOTICE] * 3)
    done(server, events, 3)
    (event,) = stored(server)
    assert event["count"] == 3
    assert event["involvedObject"] == {
        "apiVersion": API_VERSION,
        "kind": "Access",
        "namespace": "shop",
        "name": "web-in",
        "uid": "u1",
    }
    server.remove("events", "shop", event["metadata"]["name"])
    events.record([NOTICE])
    done(server, events, 1)
    clock.moment += SAME_FOR + 1
    events.record([NOTICE])
    done(server, events, 2)
    assert [each["count"] for each in stored(server)] == [1, 1]


def test_an_object_has_an_allowance(server: FakeServer, events: Events, clock: Clock) -> None:
    """Whatever somebody does to a resource, it is not told without end; others are not kept from being told of."""
    events.record(NOTICE._replace(message=f"message {number}") for number in range(BURST + 5))
    events.record([NOTICE._replace(ref=REF._replace(name="other"))])
    done(server, events, BURST + 6)
    assert events.dropped == 5
    clock.moment += REFILL
    events.record([NOTICE._replace(message=f"later {number}") for number in range(2)])
    done(server, events, BURST + 8)
    assert events.dropped == 6


def test_the_uid_is_looked_up_where_it_is_not_known(server: FakeServer, events: Events) -> None:
    """What is gone by then is told of nothing."""
    events.record(
        [Notice(SERVICE, "Warning", "Invalid", "x"), Notice(SERVICE._replace(name="gone"), "Normal", "X", "x")]
    )
    done(server, events, 2)
    (event,) = stored(server)
    uid = (server.find("services", "shop", "web") or {})["metadata"]["uid"]
    assert event["involvedObject"]["uid"] == uid
    assert events.dropped == 1


@pytest.mark.parametrize("text", ["x" * 5000, "\u00e4" * 5000, "a\x1b[2J\u202eb\n" * 300, "\ud800"])
def test_a_hostile_text_is_made_harmless(server: FakeServer, events: Events, text: str) -> None:
    """It fits, and moves nothing on a terminal."""
    events.record([NOTICE._replace(message=text)])
    done(server, events, 1)
    (event,) = stored(server)
    assert event["message"].isprintable()
    assert 0 < len(event["message"].encode()) <= LONGEST_MESSAGE


@pytest.mark.parametrize("name", ["a" * 253, "a." * 126 + "a"])
def test_a_long_name_gives_a_valid_name(server: FakeServer, events: Events, name: str) -> None:
    """Names of Events have limits, too."""
    events.record([NOTICE._replace(ref=REF._replace(name=name))])
    done(server, events, 1)
    (event,) = stored(server)
    assert len(event["metadata"]["name"]) <= 253


def test_what_is_in_no_namespace_is_told_of_in_default(server: FakeServer, events: Events) -> None:
    """As the API asks for it."""
    events.record([NOTICE._replace(ref=ObjectRef(API_VERSION, "ClusterAccess", "", "x"))])
    done(server, events, 1)
    (event,) = stored(server)
    assert event["metadata"]["namespace"] == "default"
    assert "namespace" not in event["involvedObject"]


@pytest.mark.parametrize("fault", [status(403, "Forbidden", "no"), status(500, "InternalError", "boom"), reset()])
def test_what_cannot_be_written_is_let_go(server: FakeServer, events: Events, fault: Any) -> None:
    """And the next one is written."""
    server.fail(fault, "POST", "events", times=2)
    events.record([NOTICE])
    server.wait_for(lambda: events.dropped == 1)
    server.mend()
    events.record([NOTICE._replace(message="next")])
    done(server, events, 2)


def test_whoever_does_not_lead_tells_nothing(server: FakeServer, events: Events, clock: Clock) -> None:
    """Two replicas do not say everything twice."""
    clock.leads = False
    events.record([NOTICE])
    server.wait_for(lambda: events.dropped == 1)
    assert stored(server) == []


def test_nobody_waits_for_a_server_that_hangs(server: FakeServer, events: Events) -> None:
    """What is told is bounded, and goes on being counted."""
    server.fail(hang(), "POST", "events", times=9)
    finished = threading.Event()
    notices = [NOTICE._replace(message=f"{number}") for number in range(WAITING + 100)]
    threading.Thread(target=lambda: (events.record(notices), finished.set()), daemon=True).start()
    assert finished.wait(5)
    assert events.dropped >= 99
