"""Statuses are written when they say something new, and what fails is neither forgotten nor hammered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from live.clock import Clock
from live.fake import FakeServer, after, reset, status
from maxtac_render.engine.standing import Failure, Standing
from maxtac_render.live.access import Choice, load
from maxtac_render.live.client import Client
from maxtac_render.live.statuses import FORBIDDEN_PAUSE, LASTS, PAUSE, READ_EVERY, Statuses, Written
from maxtac_render.model.intent import API_VERSION
from maxtac_render.model.objects import ObjectRef

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
REF = ObjectRef(API_VERSION, "Access", "shop", "web-in")
STANDING = Standing(REF, "u1", generation=1, services=[("shop", "web")], policies=[("shop", "p1")])
MORE = STANDING._replace(policies=[("shop", "p1"), ("shop", "p2")])
EVEN_MORE = STANDING._replace(policies=[("shop", "p3")])
FAILING = Failure("create", ("shop", "p9"), "no")


def access(name: str) -> dict[str, Any]:
    """A resource."""
    return {"apiVersion": API_VERSION, "kind": "Access", "metadata": {"name": name, "namespace": "shop"}}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    """A cluster with one resource, in which the uid of all is known."""
    monkeypatch.setattr("live.storage.uuid.uuid4", lambda: "u1")
    with FakeServer() as fake:
        fake.add(access("web-in"))
        yield fake


@pytest.fixture
def clock() -> Clock:
    """The clock of the statuses; and whether they may write."""
    return Clock()


@pytest.fixture
def statuses(server: FakeServer, clock: Clock, tmp_path: Path) -> Iterator[Statuses]:
    """What writes to the server."""
    client = Client(load(Choice(kubeconfig=str(server.kubeconfig(tmp_path)))))
    one = Statuses(client, lambda: clock.leads, clock)
    one.load()
    yield one
    one.close()
    client.close()


def test_a_status_is_written_where_it_says_something_new(server: FakeServer, statuses: Statuses) -> None:
    """Once, however many rounds there are."""
    for _ in range(5):
        statuses.write({REF: STANDING}, NOW)
    assert len(server.writes()) == 1
    assert statuses.write({REF: MORE}, NOW + timedelta(days=1)) == (1, [], None)
    assert len(server.writes()) == 2
    stored = server.find("accesses", "shop", "web-in")
    assert stored
    assert [each["name"] for each in stored["status"]["netpols"]] == ["p1", "p2"]


def test_what_is_said_already_is_read_first(server: FakeServer, statuses: Statuses, tmp_path: Path) -> None:
    """Another replica takes over, and has nothing to write."""
    statuses.write({REF: STANDING}, NOW)
    client = Client(load(Choice(kubeconfig=str(server.kubeconfig(tmp_path)))))
    other = Statuses(client)
    assert other.write({REF: STANDING}, NOW + timedelta(days=1)) == (0, [], PAUSE)
    other.load()
    assert other.write({REF: STANDING}, NOW + timedelta(days=1)) == (0, [], None)
    server.change("accesses", "shop", "web-in", status={"netpols": []})
    other.load()
    assert other.write({REF: STANDING}, NOW + timedelta(days=1)).written == 1
    other.close()
    client.close()
    assert len(server.writes()) == 2


def test_whoever_does_not_lead_writes_nothing(server: FakeServer, statuses: Statuses, clock: Clock) -> None:
    """Not even what is new."""
    clock.leads = False
    assert statuses.write({REF: STANDING}, NOW) == (0, [], None)
    assert server.writes() == []


@pytest.mark.parametrize(
    ("fault", "pause"),
    [
        (status(500, "InternalError", "boom"), PAUSE),
        (status(429, "TooManyRequests", "later", retry_after=1), PAUSE),
        (status(503, "ServiceUnavailable", "later", retry_after=20), 20.0),
        (status(403, "Forbidden", "no"), FORBIDDEN_PAUSE),
        (reset(), PAUSE),
    ],
)
def test_what_fails_is_told_and_tried_again_after_a_while(
    server: FakeServer, statuses: Statuses, clock: Clock, fault: object, pause: float
) -> None:
    """Not before, whatever else happens; then with what is to be said then."""
    server.fail(fault, "PATCH", "status", times=2)  # type: ignore[arg-type] # any of them
    written = statuses.write({REF: STANDING}, NOW)
    assert (written.written, written.wait, [ref for ref, _ in written.refused]) == (0, pause, [REF])
    server.mend()
    before = len(server.writes())
    clock.moment += pause - 1
    assert statuses.write({REF: MORE}, NOW) == (0, [], 1.0)
    assert len(server.writes()) == before
    clock.moment += 1
    assert statuses.write({REF: MORE}, NOW) == (1, [], None)


@pytest.mark.parametrize(
    "message",
    [
        "failed to create typed patch object (shop/web-in; maxtac.vtk.io/v1alpha1, Kind=Access): field not declared",
        "failed to convert new object (shop/web-in)",
        "etcdserver: request is too large",
    ],
)
def test_what_will_never_be_taken_is_not_sent_again(
    server: FakeServer, statuses: Statuses, clock: Clock, message: str
) -> None:
    """Until there is something else to say."""
    server.fail(status(500, "", message), "PATCH", "status", times=1)
    written = statuses.write({REF: STANDING}, NOW)
    assert written.wait is None
    assert message in written.refused[0][1]
    clock.moment += 3600
    assert statuses.write({REF: STANDING}, NOW + timedelta(hours=1)) == (0, [], None)
    assert len(server.writes()) == 1
    assert statuses.write({REF: MORE}, NOW) == (1, [], None)


def test_a_resource_of_which_something_fails_is_written_seldom(
    server: FakeServer, statuses: Statuses, clock: Clock
) -> None:
    """Its policies may fail in another way each round; what is well is said at once."""
    assert statuses.write({REF: STANDING}, NOW).written == 1
    for number in range(20):
        failing = STANDING._replace(failed=[FAILING._replace(reason=f"attempt {number}")])
        clock.moment += 0.5
        statuses.write({REF: failing}, NOW)
    assert len(server.writes()) == 1 + 2
    assert statuses.write({REF: EVEN_MORE}, NOW).written == 1


def test_a_resource_that_is_gone_is_forgotten(server: FakeServer, statuses: Statuses) -> None:
    """Its status is not remembered for the next one of its name."""
    statuses.write({REF: STANDING}, NOW)
    statuses.write({}, NOW)
    statuses.write({REF: STANDING}, NOW)
    assert len(server.writes()) == 2
    statuses.write({REF: STANDING._replace(uid="another")}, NOW)
    server.remove("accesses", "shop", "web-in")
    assert statuses.write({REF: MORE}, NOW) == (0, [], None)
    assert len(server.writes()) == 4


def test_many_are_written_and_one_that_fails_keeps_nobody_waiting(server: FakeServer, statuses: Statuses) -> None:
    """Each by itself."""
    standings = {}
    for number in range(200):
        name = f"a{number}"
        server.add(access(name))
        standings[REF._replace(name=name)] = STANDING._replace(ref=REF._replace(name=name))
    server.fail(status(500, "InternalError", "boom"), "PATCH", "a77/status")
    written = statuses.write(standings, NOW)
    assert written.written == 199
    assert [ref.name for ref, _ in written.refused] == ["a77"]


def test_a_server_that_takes_its_time_holds_up_no_round(server: FakeServer, statuses: Statuses, clock: Clock) -> None:
    """What is not written in time is for the next round, at once."""
    refs = [REF._replace(name=f"a{number}") for number in range(50)]
    standings = {ref: STANDING._replace(ref=ref) for ref in refs}
    for ref in refs:
        server.add(access(ref.name))

    def long(_: FakeServer) -> None:
        clock.moment += LASTS + 1

    server.fail(after(long), "PATCH", "/status")
    written = statuses.write(standings, NOW)
    assert (written.written < len(refs), written.wait) == (True, 0.0)
    assert statuses.write(standings, NOW) == Written(len(refs) - written.written, [], None)


def test_what_somebody_else_wrote_is_noticed_after_a_while(
    server: FakeServer, statuses: Statuses, clock: Clock
) -> None:
    """And said right; a server that does not answer meanwhile is no reason to say nothing."""
    statuses.load()
    statuses.write({REF: STANDING}, NOW)
    server.change("accesses", "shop", "web-in", status={"netpols": []})
    clock.moment += READ_EVERY / 2
    assert statuses.write({REF: STANDING}, NOW) == (0, [], None)
    clock.moment += READ_EVERY
    server.fail(status(500, "InternalError", "boom"), "GET", times=99)
    assert statuses.write({REF: MORE}, NOW) == (1, [], None)
    server.mend()
    server.change("accesses", "shop", "web-in", status={"netpols": []})
    clock.moment += READ_EVERY + 1
    assert statuses.write({REF: MORE}, NOW) == (1, [], None)


def test_a_kind_that_is_not_installed_is_passed_over(server: FakeServer, statuses: Statuses) -> None:
    """What is said of the others is read."""
    statuses.write({REF: STANDING}, NOW)
    server.missing.add("clusteraccesses")
    statuses.load()
    assert statuses.write({REF: STANDING}, NOW + timedelta(days=1)) == (0, [], None)


def test_nothing_is_written_after_the_end(server: FakeServer, statuses: Statuses) -> None:
    """Whoever comes late is no trouble."""
    statuses.close()
    assert statuses.write({REF: STANDING}, NOW) == (0, [], PAUSE)
    assert server.writes() == []
