"""The client gives whole answers, or says what came instead; and it ends when it is told to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from live import fake
from live.fake import FakeServer
from maxtac_render.live import client as module
from maxtac_render.live.access import Choice, load
from maxtac_render.live.client import Client
from maxtac_render.live.faults import ClusterFault, Gone, Refused, Unreachable, Withheld
from maxtac_render.live.kinds import INTENTS, LEASES, NETWORK_POLICIES, SERVICES

NEW = {"token": "token-new"}
WITHIN = 30.0
"""Seconds after which a wait has failed."""


@pytest.fixture(name="server")
def _server() -> Iterator[FakeServer]:
    with FakeServer() as server:
        yield server


@pytest.fixture(name="client")
def _client(server: FakeServer, tmp_path: Path) -> Iterator[Client]:
    client = connect(server, tmp_path)
    yield client
    client.close()


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a tenth as long as else before reads are repeated."""
    monkeypatch.setattr(module, "backoff", lambda attempt: 0.025 * 2**attempt)


def connect(server: FakeServer, directory: Path, timeout: float = WITHIN, **user: Any) -> Client:
    """A client of a server."""
    return Client(load(Choice(str(server.kubeconfig(directory, **user)))), timeout=timeout)


def service(name: str, namespace: str = "default") -> dict[str, Any]:
    """A Service."""
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": namespace}, "spec": {}}


def policy(name: str) -> dict[str, Any]:
    """A policy."""
    body = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name}}
    return {**body, "spec": {"podSelector": {}}}


def name_of(body: dict[str, Any]) -> str:
    """The name."""
    return str(body["metadata"]["name"])


def names(client: Client) -> list[str]:
    """The names of all Services."""
    return client.list(SERVICES, name_of).items


def fails(ask: Callable[[], object], *kinds: type[ClusterFault]) -> str:
    """What is said of a fault of some kind: one line without control characters of the server's, and no token."""
    with pytest.raises(kinds or ClusterFault) as caught:
        ask()
    said = str(caught.value)
    assert "\n" not in said
    assert "token-" not in said
    return said


# Lists


def test_a_list_comes_in_pages_of_one_moment(
    server: FakeServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE", 2)
    server.add(*map(service, "abcde"))
    revision = server.revision
    server.fail(fake.after(lambda fake: fake.add(service("bb"))), "GET", skip=1)
    listing = client.list(SERVICES, name_of)
    assert listing == ([*"abcde"], revision)
    assert [request.query.get("limit") for request in server.requests] == ["2", "2", "2"]
    assert all(request.headers["accept-encoding"] == "gzip" for request in server.requests)
    assert server.accepted == 1


def test_a_list_of_a_namespace_with_a_selector(server: FakeServer, client: Client) -> None:
    server.add(service("a", "shop"), service("b", "shop"), service("c"))
    server.change("services", "shop", "a", metadata={"labels": {"x/y": "z"}})
    assert client.list(SERVICES, name_of, "shop").items == ["a", "b"]
    assert client.list(SERVICES, name_of, "shop", "x/y=z").items == ["a"]


def test_a_list_that_the_server_forgets_on_the_way_begins_anew_all_at_once(
    server: FakeServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE", 2)
    server.add(*map(service, "abcde"))

    def forget(fake: FakeServer) -> None:
        fake.remove("services", "default", "a")
        fake.add(service("f"))
        fake.compact()

    server.fail(fake.after(forget), "GET", skip=1)
    listing = client.list(SERVICES, name_of)
    assert listing.items == [*"bcdef"]
    assert [request.status for request in server.requests] == [200, 410, 200]
    assert "continue" not in server.requests[-1].query


def test_a_list_that_is_gone_again_is_gone(server: FakeServer, client: Client) -> None:
    server.fail(fake.status(410, "Expired"), times=2)
    fails(lambda: names(client), Gone)
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"[]",
            b"{}",
            b"null",
            b'{"items": []}',
            b"{",
            b"",
            b"\xff",
            b"<html>",
            b'{"metadata": {"resourceVersion": "1"}}',
        ),
        *(b'{"metadata": {}, "items": []}', b'{"metadata": {"resourceVersion": "1"}, "items": {}}'),
    ],
)
def test_what_is_no_list_is_not_an_empty_one(server: FakeServer, client: Client, body: bytes) -> None:
    server.fail(fake.raw(body), times=-1)
    assert fails(lambda: names(client), Unreachable).startswith(f"{server.url} is no API server: it answers with")


def test_a_list_of_null_is_an_empty_one(server: FakeServer, client: Client) -> None:
    server.fail(fake.raw(b'{"metadata": {"resourceVersion": "1"}, "items": null}'))
    assert client.list(SERVICES, name_of) == ([], "1")


def test_a_kind_that_is_not_installed_is_refused(server: FakeServer, client: Client) -> None:
    server.missing.add("accesses")
    said = fails(lambda: client.list(INTENTS[0], name_of), Refused)
    assert "404" in said
    assert len(server.requests) == 1


def test_a_kind_that_may_not_be_listed_is_refused(server: FakeServer, client: Client) -> None:
    server.forbid("list", "services", "")
    server.add(service("a"))
    assert 'cannot list resource "services"' in fails(lambda: names(client), Refused)
    assert client.list(SERVICES, name_of, "default").items == ["a"]
    assert [request.status for request in server.requests] == [403, 200]


def test_large_answers_come_compressed(server: FakeServer, client: Client) -> None:
    server.gzip_from = 0
    server.add(*(service(f"s-{number:04}") for number in range(1200)))
    assert names(client) == [f"s-{number:04}" for number in range(1200)]
    assert client.get(SERVICES, "default", "s-0007")["metadata"]["name"] == "s-0007"


# What answers badly


@pytest.mark.parametrize(
    "action",
    [
        fake.reset(),
        fake.drop(),
        fake.cut(100),
        fake.cut(0),
        fake.raw(b"no gzip", Content_Encoding="gzip"),
        fake.raw(b"\x1f\x8b\x08\x00\x00", Content_Encoding="gzip"),
    ],
    ids=["reset", "drop", "cut", "cut at once", "no gzip", "cut gzip"],
)
def test_a_read_without_a_whole_answer_is_tried_once_more(
    server: FakeServer, client: Client, action: fake.Action
) -> None:
    server.add(service("a"))
    server.fail(action)
    assert names(client) == ["a"]
    server.fail(action, times=-1)
    fails(lambda: names(client), Unreachable)


@pytest.mark.parametrize("action", [fake.reset(), fake.drop(), fake.cut(10)], ids=["reset", "drop", "cut"])
def test_a_write_without_an_answer_is_not_repeated(server: FakeServer, client: Client, action: fake.Action) -> None:
    server.fail(action)
    path = NETWORK_POLICIES.path("default")
    fails(lambda: client.send("POST", path, body=policy("a")), Unreachable)
    assert len(server.writes()) == 1
    assert client.send("POST", path, body=policy("b")).status == 201


def test_a_connection_that_the_server_has_closed_meanwhile_is_replaced(server: FakeServer, client: Client) -> None:
    path = NETWORK_POLICIES.path("default")
    client.send("POST", path, body=policy("a"))
    for name in "bcd":
        server.stop()
        server.start()
        assert client.send("POST", path, body=policy(name)).status == 201
    assert [request.status for request in server.writes()] == [201] * 4
    assert len(client._connections) == 1


@pytest.mark.parametrize("action", [fake.status(401), fake.drop()])
def test_what_may_not_be_sent_any_more_is_not(server: FakeServer, tmp_path: Path, action: fake.Action) -> None:
    """Also where it is to be sent once more, with other credentials or over another connection."""
    may = threading.Event()
    may.set()
    client = Client(load(Choice(str(server.kubeconfig(tmp_path)))), may_send=may.is_set)
    names(client)

    def ending(handler: Any, request: Any) -> None:
        may.clear()
        action(handler, request)

    server.fail(ending, "POST")
    begun = len(server.requests)
    with pytest.raises(Withheld):
        client.send("POST", NETWORK_POLICIES.path("default"), body=policy("new"))
    assert len(server.requests) == begun + 1
    client.close()


def test_a_server_that_is_away_is_unreachable(server: FakeServer, client: Client) -> None:
    names(client)
    server.stop()
    assert fails(lambda: names(client), Unreachable) == f"cannot reach {server.url}: connection refused"
    server.start()
    assert names(client) == []


def test_a_hung_server_is_given_up_in_time(server: FakeServer, tmp_path: Path) -> None:
    client = connect(server, tmp_path, timeout=0.3)
    server.fail(fake.hang(), times=-1)
    began = time.monotonic()
    assert fails(lambda: names(client), Unreachable) == f"{server.url} does not answer in time"
    assert time.monotonic() - began < WITHIN
    assert len(server.requests) == 1
    fails(lambda: client.send("POST", NETWORK_POLICIES.path("default"), body=policy("a")), Unreachable)
    server.mend()
    assert names(client) == []


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again(server: FakeServer, client: Client, code: int) -> None:
    server.add(service("a"))
    fault = server.fail(fake.status(code), times=3)
    assert names(client) == ["a"]
    assert fault.hits == 3
    server.fail(fake.status(code), times=-1)
    assert str(code) in fails(lambda: names(client), Refused)
    assert len(server.requests) == 4 + module.ATTEMPTS


def test_a_server_is_left_alone_as_long_as_it_asks_for(server: FakeServer, client: Client) -> None:
    server.fail(fake.status(429, retry_after=1), times=2)
    names(client)
    first, second, third = (request.at for request in server.requests)
    assert min(second - first, third - second) >= 1


def test_a_server_that_asks_for_too_much_patience_is_given_up(server: FakeServer, client: Client) -> None:
    server.fail(fake.status(429, retry_after=3600), times=-1)
    with pytest.raises(Refused) as caught:
        names(client)
    assert caught.value.status.retry_after == 3600
    assert len(server.requests) == 1


def test_a_version_that_the_server_does_not_have_yet_is_waited_for(server: FakeServer, client: Client) -> None:
    with pytest.raises(Refused) as caught:
        client.send("GET", SERVICES.path(), {"resourceVersion": int(server.revision) + 1000})
    status = caught.value.status
    assert (status.code, status.reason, status.causes) == (504, "Timeout", ("ResourceVersionTooLarge",))
    assert status.retry_after == 1


def test_a_page_of_a_load_balancer_is_one_line(server: FakeServer, client: Client) -> None:
    server.fail(fake.html(502), times=-1)
    said = fails(lambda: names(client), Refused)
    assert said == "the API server answered 502: Bad Gateway [31m"


def test_refusals_say_what_the_server_says(server: FakeServer, client: Client) -> None:
    path = NETWORK_POLICIES.path("default")
    stored = client.send("POST", path, {"fieldManager": "x"}, policy("a")).json()
    stale = [{"op": "replace", "path": "/metadata/resourceVersion", "value": "1"}]
    other = [{"op": "replace", "path": "/metadata/uid", "value": "1"}]
    expected: list[tuple[str, str, object, int, str]] = [
        ("POST", path, policy("a"), 409, "AlreadyExists"),
        ("PATCH", f"{path}/a", stale, 409, "Conflict"),
        ("PATCH", f"{path}/a", other, 422, "Invalid"),
        ("PATCH", f"{path}/b", stale, 404, "NotFound"),
        ("DELETE", f"{path}/a", {"preconditions": {"uid": "1"}}, 409, "Conflict"),
        ("POST", NETWORK_POLICIES.path("nowhere"), policy("a"), 404, "NotFound"),
    ]
    for method, where, body, code, reason in expected:
        with pytest.raises(Refused) as caught:
            client.send(method, where, body=body, content_type="application/json-patch+json")
        assert (caught.value.status.code, caught.value.status.reason) == (code, reason)
    server.terminate("default")
    with pytest.raises(Refused) as caught:
        client.send("POST", path, body=policy("b"))
    assert caught.value.status.causes == ("NamespaceTerminating",)
    assert client.send("DELETE", f"{path}/a", body={"preconditions": {"uid": stored["metadata"]["uid"]}}).status == 200


def test_warnings_come_with_the_answer(client: Client) -> None:
    strange = policy("a")
    strange["spec"]["ingress"] = [{"from": [{"ipBlock": {"cidr": "2001:DB8::/32"}}]}]
    answer = client.send("POST", NETWORK_POLICIES.path("default"), body=strange)
    assert "2001:DB8::/32" in answer.headers["warning"]


# Credentials


def test_a_token_that_is_refused_is_got_anew_once(server: FakeServer, client: Client, tmp_path: Path) -> None:
    names(client)
    server.tokens = {"token-new": "tester"}
    said = fails(lambda: names(client), Refused)
    assert "401" in said
    assert [request.status for request in server.requests] == [200, 401, 401]
    server.kubeconfig(tmp_path, **NEW)
    assert names(client) == []
    assert client.send("POST", NETWORK_POLICIES.path("default"), body=policy("a")).status == 201
    assert [request.status for request in server.requests[3:]] == [401, 200, 201]


def test_a_token_that_a_watch_is_refused_with_is_got_anew(server: FakeServer, client: Client, tmp_path: Path) -> None:
    server.tokens = {"token-new": "tester"}
    fails(lambda: list(client.watch(SERVICES, server.revision, seconds=1)), Refused)
    server.kubeconfig(tmp_path, **NEW)
    assert [event.type for event in client.watch(SERVICES, server.revision, seconds=1)] == ["BOOKMARK"]
    assert [request.status for request in server.requests] == [401, 401, 401, 200]


def test_a_token_is_got_anew_once_for_all_threads(server: FakeServer, client: Client, tmp_path: Path) -> None:
    names(client)
    server.kubeconfig(tmp_path, **NEW)
    server.tokens = {"token-new": "tester"}
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: names(client), range(32))) == [[]] * 32
    assert sum(request.status == 401 for request in server.requests) <= 8


# Watches


def watching(client: Client, server: FakeServer, seconds: int = 300) -> Iterator[tuple[str, str]]:
    """What a watch from now on tells: types and names."""
    for event in client.watch(SERVICES, server.revision, seconds=seconds):
        yield event.type, event.object["metadata"].get("name", "")


def test_a_watch_tells_what_happens_until_it_ends(server: FakeServer, client: Client) -> None:
    watch = watching(client, server, seconds=2)
    server.fail(fake.after(lambda fake: fake.add(service("a"))), watch=True)
    assert next(watch) == ("ADDED", "a")
    server.change("services", "default", "a", spec={"type": "ExternalName"})
    assert next(watch) == ("MODIFIED", "a")
    server.remove("services", "default", "a")
    assert next(watch) == ("DELETED", "a")
    assert list(watch) == [("BOOKMARK", "")]
    assert not client._connections


def test_a_watch_ends_clean_or_not(server: FakeServer, client: Client) -> None:
    watch = watching(client, server)
    server.fail(fake.after(lambda fake: fake.add(service("a"))), watch=True)
    next(watch)
    server.bookmark()
    assert next(watch) == ("BOOKMARK", "")
    server.end_watches()
    assert list(watch) == []
    watch = watching(client, server)
    server.fail(fake.after(lambda fake: fake.add(service("b"))), watch=True)
    next(watch)
    server.cut_watches()
    fails(lambda: next(watch), Unreachable)
    assert not client._connections


@pytest.mark.parametrize(
    "action",
    [
        fake.status(410, "Expired"),
        fake.expired(),
        fake.events({"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "m"}}),
    ],
    ids=["as an answer", "as an event", "as a short event"],
)
def test_a_watch_from_a_version_that_is_forgotten_is_gone(
    server: FakeServer, client: Client, action: fake.Action
) -> None:
    server.fail(action)
    fails(lambda: list(client.watch(SERVICES, "1")), Gone)
    revision = server.revision
    server.compact()
    fails(lambda: list(client.watch(SERVICES, revision)), Gone)


@pytest.mark.parametrize(
    "lines",
    [
        (b"{",),
        (b"[]",),
        (b"null",),
        (b'{"type": "ADDED"}',),
        (b'{"type": "ADDED", "object": []}',),
        (b"<html>",),
        (b"\xff\xfe",),
        ({"type": "ERROR", "object": {}},),
        ({"type": "ERROR", "object": {"code": "x", "details": []}},),
        ({"type": "ERROR", "object": {"code": 500, "message": "etcdserver: no leader"}},),
    ],
)
def test_a_watch_that_tells_nonsense_fails(
    server: FakeServer, client: Client, lines: tuple[bytes | dict[str, Any], ...]
) -> None:
    server.fail(fake.events(*lines))
    fails(lambda: list(client.watch(SERVICES, server.revision)), Unreachable, Refused)
    assert not client._connections


def test_blank_lines_of_a_watch_are_nothing(server: FakeServer, client: Client) -> None:
    server.fail(fake.events(b"", {"type": "ADDED", "object": service("a")}, b""))
    assert [event.type for event in client.watch(SERVICES, server.revision)] == ["ADDED"]


def test_a_watch_over_a_dead_connection_ends_in_time(
    server: FakeServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SLACK", 0.3)
    opened = threading.Event()
    watch = client.watch(SERVICES, server.revision, seconds=1, opened=opened.set)
    server.fail(fake.after(lambda fake: fake.add(service("a"))), watch=True)
    next(watch)
    assert opened.is_set()
    server.freeze_watches()
    fails(lambda: next(watch), Unreachable)


def test_a_watch_that_is_not_answered_ends_in_time(
    server: FakeServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SLACK", 0.3)
    server.fail(fake.hang())
    fails(lambda: list(client.watch(SERVICES, server.revision, seconds=0)), Unreachable)


def test_a_watch_that_nobody_follows_any_more_gives_its_connection_back(server: FakeServer, client: Client) -> None:
    server.fail(fake.after(lambda fake: fake.add(service("a"))), watch=True)
    watch = client.watch(SERVICES, server.revision)
    next(watch)
    watch.close()  # type: ignore[attr-defined]
    assert not client._connections


# The end


@pytest.mark.parametrize("how", ["list", "watch", "hung watch", "write"])
def test_who_waits_is_woken_when_the_client_is_closed(server: FakeServer, client: Client, how: str) -> None:
    if how != "watch":
        server.fail(fake.hang(), times=-1)
    ask: dict[str, Callable[[], object]] = {
        "list": lambda: names(client),
        "watch": lambda: list(client.watch(SERVICES, server.revision)),
        "hung watch": lambda: list(client.watch(SERVICES, server.revision)),
        "write": lambda: client.send("POST", NETWORK_POLICIES.path("default"), body=policy("a")),
    }
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(fails, ask[how], Unreachable)
        server.wait_for(lambda: server.requests)
        began = time.monotonic()
        client.close()
        assert waiting.result(WITHIN) == "the client was closed"
    assert time.monotonic() - began < 5
    assert fails(lambda: names(client), Unreachable) == "the client was closed"


def test_who_waits_for_a_busy_server_is_woken_too(server: FakeServer, client: Client) -> None:
    server.fail(fake.status(429, retry_after=20), times=-1)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(fails, lambda: names(client), Unreachable)
        server.wait_for(lambda: server.requests)
        began = time.monotonic()
        client.close()
        waiting.result(WITHIN)
    assert time.monotonic() - began < 10


def test_connections_are_kept_for_whoever_comes_next(server: FakeServer, client: Client) -> None:
    for _ in range(5):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: names(client), range(20)))
    assert server.accepted <= 4
    assert len(client._connections) <= 4


# Other servers


def test_a_server_behind_another_has_a_path_before_its_own(tmp_path: Path) -> None:
    with FakeServer(prefix="/k8s/clusters/c-m-1") as server:
        server.add(service("a"))
        client = connect(server, tmp_path)
        assert names(client) == ["a"]
        assert [event.type for event in client.watch(SERVICES, server.revision, seconds=1)] == ["BOOKMARK"]
        assert server.requests[0].path == "/k8s/clusters/c-m-1/api/v1/services"


def test_a_server_at_an_ipv6_address(tmp_path: Path) -> None:
    try:
        server = FakeServer(host="::1").__enter__()
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    try:
        assert names(connect(server, tmp_path)) == []
        assert server.requests[0].headers["host"] == f"[::1]:{server.port}"
    finally:
        server.stop()


def test_names_are_escaped_in_paths(server: FakeServer, client: Client) -> None:
    fails(lambda: client.get(LEASES, "default", "a/../b?c#d"), Refused)
    assert server.requests[0].path == f"{LEASES.path('default')}/a/../b?c#d"
    assert json.dumps(server.requests[0].query) == "{}"
