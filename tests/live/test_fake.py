"""The fake API server keeps the contract of the real one, and does wrong what it is ordered to."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from live import fake
from live.contract import CONTRACT, Response, Server, policy
from live.fake import FakeServer


@pytest.fixture(name="cluster")
def _cluster() -> Iterator[FakeServer]:
    with FakeServer() as server:
        yield server


def send(
    server: FakeServer, method: str, path: str, body: object = None, content_type: str = "application/json", **more: str
) -> Response:
    """Send one request on a connection of its own."""
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port or 0, timeout=10)
    headers = {"Authorization": f"Bearer {server.token}", "Content-Type": content_type}
    headers |= {key.replace("_", "-"): value for key, value in more.items()}
    try:
        data = body if body is None or isinstance(body, str) else json.dumps(body)
        connection.request(method, path, data, headers)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        return Response(answer.status, {key.lower(): value for key, value in answer.getheaders()}, text)
    finally:
        connection.close()


@pytest.mark.parametrize("clause", CONTRACT, ids=lambda clause: clause.__name__)
def test_it_does_as_an_api_server_does(cluster: FakeServer, clause: Callable[[Server], None]) -> None:
    namespace = "shop"
    cluster.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    cluster.tokens["limited"] = "limited"
    cluster.compact()

    def admin(*arguments: object, **more: str) -> Response:
        return send(cluster, *arguments, **more)  # type: ignore[arg-type]

    def limited(*arguments: object, **more: str) -> Response:
        allow = cluster.forbid()
        try:
            return admin(*arguments, Authorization="Bearer limited", **more)
        finally:
            allow()

    clause(Server(admin, namespace, limited))


PATH = "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies"


@pytest.mark.parametrize(
    ("action", "status"), [(fake.status(429, retry_after=2), 429), (fake.html(502), 502), (fake.raw(b"{", 200), 200)]
)
def test_it_answers_wrongly_as_often_as_ordered(cluster: FakeServer, action: fake.Action, status: int) -> None:
    fault = cluster.fail(action, "POST", "networkpolicies", times=2, skip=1)
    answers = [send(cluster, "POST", PATH, policy(name)) for name in "abcd"]
    assert [answer.status for answer in answers] == [201, status, status, 201]
    assert fault.hits == 2
    assert {name for _, name in cluster.objects("networkpolicies")} == {"a", "d"}
    assert [request.status for request in cluster.writes()] == [201, status, status, 201]


@pytest.mark.parametrize("action", [fake.reset(), fake.drop(), fake.cut(10)], ids=["reset", "drop", "cut"])
def test_a_connection_ends_before_the_answer_does(cluster: FakeServer, action: fake.Action) -> None:
    cluster.fail(action)
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        send(cluster, "POST", PATH, policy("a"))
    assert send(cluster, "POST", PATH, policy("b")).status == 201


def test_what_was_done_without_an_answer_is_done(cluster: FakeServer) -> None:
    cluster.fail(fake.drop())
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        send(cluster, "POST", PATH, policy("a"))
    assert send(cluster, "POST", PATH, policy("a")).status == 409


def test_a_hung_connection_ends_with_the_server(cluster: FakeServer) -> None:
    address = urlsplit(cluster.url)
    cluster.fail(fake.hang())
    connection = http.client.HTTPConnection(address.hostname or "", address.port or 0, timeout=0.2)
    connection.request("GET", "/version")
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()
    began = time.monotonic()
    cluster.stop()
    assert time.monotonic() - began < fake.LIMIT
    with pytest.raises(ConnectionRefusedError):
        send(cluster, "GET", "/version")


def test_it_starts_again_with_all_it_had(cluster: FakeServer) -> None:
    address = cluster.url
    assert send(cluster, "POST", PATH, policy("a")).status == 201
    cluster.stop()
    cluster.start()
    assert cluster.url == address
    assert send(cluster, "GET", f"{PATH}/a").json()["metadata"]["name"] == "a"


def test_compaction_makes_what_was_before_go(cluster: FakeServer) -> None:
    for name in "ab":
        send(cluster, "POST", PATH, policy(name))
    page = send(cluster, "GET", f"{PATH}?limit=1").json()
    cluster.compact()
    revision, token = page["metadata"]["resourceVersion"], page["metadata"]["continue"]
    for query in (f"limit=1&continue={token}", f"resourceVersion={revision}&resourceVersionMatch=Exact"):
        answer = send(cluster, "GET", f"{PATH}?{query}")
        assert (answer.status, answer.json()["reason"]) == (410, "Expired")
    (event,) = send(cluster, "GET", f"{PATH}?watch=1&resourceVersion={revision}").lines()
    assert event["object"]["code"] == 410


def test_watches_end_in_all_ways(cluster: FakeServer) -> None:
    def watch() -> http.client.HTTPResponse:
        address = urlsplit(cluster.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port or 0, timeout=0.5)
        headers = {"Authorization": f"Bearer {cluster.token}"}
        query = f"watch=1&resourceVersion={cluster.revision}&allowWatchBookmarks=true"
        connection.request("GET", f"{PATH}?{query}", headers=headers)
        return connection.getresponse()

    marked, ended = watch(), watch()
    cluster.bookmark()
    assert json.loads(marked.readline())["type"] == "BOOKMARK"
    cluster.end_watches()
    assert [json.loads(line)["type"] for line in ended.read().splitlines()] == ["BOOKMARK"]
    broken = watch()
    cluster.cut_watches()
    with pytest.raises(http.client.IncompleteRead):
        broken.read()
    frozen, fresh = watch(), None
    cluster.freeze_watches()
    fresh = watch()
    send(cluster, "POST", PATH, policy("a"))
    assert json.loads(fresh.readline())["type"] == "ADDED"
    with pytest.raises(TimeoutError):
        frozen.readline()


def test_others_come_and_go(cluster: FakeServer) -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"}, "spec": {}}
    first = cluster.add(service)[0]
    assert cluster.add({**service, "spec": {"a": 1}})[0]["metadata"]["uid"] == first["metadata"]["uid"]
    cluster.change("services", "shop", "web", metadata={"labels": {"a": "b"}})
    cluster.remove("services", "shop", "web")
    assert [change.type for change in cluster.history("services")] == ["ADDED", "MODIFIED", "MODIFIED", "DELETED"]
    cluster.add(service)
    cluster.terminate("shop")
    cluster.remove("namespaces", "", "shop")
    assert not cluster.objects("services")
    assert not cluster.find("namespaces", "", "shop")


def test_a_prefix_stands_before_every_path() -> None:
    with FakeServer(prefix="/k8s/clusters/c-1") as server:
        assert send(server, "GET", f"/k8s/clusters/c-1{PATH}").status == 200
        assert send(server, "GET", PATH).status == 404
