"""What a watch tells of resources while it runs, in their status and in events: what holds, when it begins to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from live.fake import FakeServer
from maxtac_render.model.intent import EXPIRES_AT
from maxtac_render.model.options import Options
from maxtac_render.watch.settings import Settings
from watch.watching import SET, access_to, in_step, ours, policy, service, wanted, watching

NAME = "web-in--shop-web---db-shop-ing"


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """A shop: a web server, which a database may talk to."""
    with FakeServer() as fake:
        fake.add(service("web"), service("db", labels={"app": "db"}), access_to("web-in", "db"))
        yield fake


def conditions(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The conditions of a resource by their types."""
    return {each["type"]: each for each in body.get("status", {}).get("conditions", [])}


def now(server: FakeServer) -> dict[str, dict[str, Any]]:
    """The conditions of the one resource."""
    return conditions(server.find("accesses", "shop", "web-in") or {})


def ready(server: FakeServer) -> str:
    """Whether the one resource is ready."""
    return str(now(server).get("Ready", {}).get("status", ""))


def told(server: FakeServer, name: str = "web-in") -> list[tuple[str, str]]:
    """The reasons and messages of the events on an object, the oldest first."""
    events = [each for each in server.objects("events").values() if each["involvedObject"]["name"] == name]
    return [
        (each["reason"], each["message"])
        for each in sorted(events, key=lambda each: int(each["metadata"]["resourceVersion"]))
    ]


def test_a_fault_is_told_when_it_begins_and_when_it_is_mended(server: FakeServer, tmp_path: Path) -> None:
    """In the status for as long as it holds, and once in an event, on the Service that is at fault, too."""
    with watching(server, tmp_path) as watch:
        server.wait_for(lambda: ready(server) == "True")
        key = "maxtac.vtk.io.access/targets"
        server.change("services", "shop", "web", metadata={"annotations": {key: "db,shop;nowhere,shop"}})
        server.wait_for(lambda: ready(server) == "False")
        watch.next_rounds(3)
        words = "target shop/nowhere not found; rule left out"
        assert words in now(server)["NetworkPolicyDeployReady"]["message"]
        server.wait_for(lambda: told(server, "web"))
        assert len(told(server, "web")) == 1
        assert [reason for reason, message in told(server) if words in message] == ["Invalid"]
        server.change("services", "shop", "web", metadata={"annotations": {key: None}})
        server.wait_for(lambda: ready(server) == "True")
        watch.settled()


def test_a_name_that_is_taken_is_told_until_it_is_free(server: FakeServer, tmp_path: Path) -> None:
    """The list of policies does not name what is not there."""
    server.add(policy(NAME))
    with watching(server, tmp_path):
        server.wait_for(lambda: ready(server) == "False")
        assert now(server)["NetworkPolicyDeployReady"]["reason"] == "NetworkPolicyCreateFail"
        stored = server.find("accesses", "shop", "web-in") or {}
        assert stored["status"]["netpols"] == []
        server.wait_for(lambda: [reason for reason, _ in told(server)] == ["NameTaken"])
        server.remove("networkpolicies", "shop", NAME)
        server.wait_for(lambda: ready(server) == "True")
        stored = server.find("accesses", "shop", "web-in") or {}
        assert stored["status"]["netpols"] == [{"name": NAME, "namespace": "shop"}]


def orphan(server: FakeServer) -> None:
    """A policy of ours that the resource asked for at another time."""
    body = wanted(server)["shop", NAME]
    server.add({**body, "metadata": {**body["metadata"], "name": "old"}})


def test_what_goes_at_the_second_look_is_no_trouble(server: FakeServer, tmp_path: Path) -> None:
    """Nobody is told of the moment in between."""
    orphan(server)
    with watching(server, tmp_path) as watch:
        server.wait_for(lambda: set(ours(server)) == {("shop", NAME)})
        watch.next_rounds()
    history = [conditions(change.object) for change in server.history("accesses")]
    assert {each["NetpolsGCReady"]["status"] for each in history if each} == {"True"}
    assert "PruneBlocked" not in [reason for reason, _ in told(server)]


def test_what_may_not_go_is_told(server: FakeServer, tmp_path: Path) -> None:
    """With the reason; it is still one of the resource's policies."""
    orphan(server)
    settings = Settings(Options(set=SET), limit=0)
    with watching(server, tmp_path, settings):
        server.wait_for(lambda: now(server).get("NetpolsGCReady", {}).get("status") == "False")
        assert now(server)["NetpolsGCReady"]["message"].endswith("old stays: more than may be deleted at once.")
        server.wait_for(lambda: "PruneBlocked" in [reason for reason, _ in told(server)])
        stored = server.find("accesses", "shop", "web-in") or {}
        assert [each["name"] for each in stored["status"]["netpols"]] == ["old", NAME]


def test_an_end_is_told(server: FakeServer, tmp_path: Path) -> None:
    """When it comes: the status has its time before, and says that it is over afterwards."""
    end = (datetime.now(UTC) + timedelta(seconds=2)).isoformat(timespec="seconds").replace("+00:00", "Z")
    body = access_to("web-in", "db")
    body["metadata"]["annotations"] = {EXPIRES_AT: end}
    server.add(body)
    with watching(server, tmp_path):
        server.wait_for(lambda: now(server).get("ExpireReady"))
        assert now(server)["ExpireReady"]["message"] == "The resource has an expiration date."
        server.wait_for(lambda: "expired" in now(server)["ExpireReady"]["message"])
        stored = server.find("accesses", "shop", "web-in") or {}
        assert stored["status"]["expirationTimestamp"] == end
        server.wait_for(lambda: ("Expired", f"the access expired at {end}") in told(server))
        server.wait_for(lambda: in_step(server))
        assert ready(server) == "True"


@pytest.mark.parametrize(
    ("code", "words"),
    [(404, "maxtac manifests crds"), (403, "maxtac manifests controller")],
    ids=["missing", "forbidden"],
)
def test_a_kind_that_cannot_be_read_is_told_with_its_mend(
    server: FakeServer, tmp_path: Path, code: int, words: str
) -> None:
    """Once, and when it can be read again; the other kinds go on."""
    if code == 404:
        server.missing.add("clusteraccesses")
    else:
        allow = server.forbid("list", "clusteraccesses")

    def lines(message: str) -> list[str]:
        return [line for line in watch.log.getvalue().splitlines() if message in line and "clusteraccesses" in line]

    with watching(server, tmp_path) as watch:
        server.wait_for(lambda: lines("trouble with the cluster"))
        assert words in lines("trouble with the cluster")[0]
        if code == 404:
            server.missing.clear()
        else:
            allow()
        server.wait_for(lambda: lines("no trouble any more"))
        watch.settled()


def test_the_log_says_what_is_watched_and_that_it_ended(server: FakeServer, tmp_path: Path) -> None:
    """The first line and the last."""
    with watching(server, tmp_path) as watch:
        watch.settled()
    first, *_, last = (json.loads(line) for line in watch.log.getvalue().splitlines())
    assert (first["message"], first["server"], first["set"]) == ("watching", server.url, SET)
    assert "namespace" not in first
    assert last["message"] == "ended"
