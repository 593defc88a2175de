"""What goes wrong costs time, and neither policies nor what is not ours."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from live.fake import Action, FakeServer, hang, reset, slow, status
from maxtac_render.engine import rivalry
from maxtac_render.live import caches
from maxtac_render.model.options import Options
from maxtac_render.watch import service as serving
from maxtac_render.watch.settings import Settings
from watch.watching import ALONE, SET, Watch, access_to, in_step, ours, policy, service, watching
from watch.world import MARKS

SHARED = ALONE._replace(lease=("default", "maxtac"))


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """A shop with a web server, which a database may talk to, and an orphan of ours."""
    with FakeServer() as fake:
        fake.add(service("web"), service("db", labels={"app": "db"}), access_to("web-in", "db"))
        fake.add(policy("orphan", labels=MARKS))
        yield fake


def _many(server: FakeServer, number: int = 120) -> None:
    server.add(*(service(f"web-{each}") for each in range(number)))


def _deletes(server: FakeServer) -> int:
    return sum(request.method == "DELETE" for request in server.requests)


@pytest.mark.parametrize("plural", ["services", "accesses", "externalaccesses", "clusteraccesses"])
@pytest.mark.parametrize("fault", ["forbidden", "missing", "hanging"])
def test_nothing_is_deleted_while_a_kind_is_not_read(
    plural: str, fault: str, server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is missing is not taken for deleted; what is known is written all the same."""
    monkeypatch.setattr(caches, "PATIENCE", 0.3)
    actions: dict[str, Action] = {"forbidden": status(403), "missing": status(404), "hanging": hang()}
    wrong = server.fail(actions[fault], path=rf"/{plural}$", times=-1)
    with watching(server, tmp_path) as watch:
        if plural in ("externalaccesses", "clusteraccesses"):
            server.wait_for(lambda: len(ours(server)) == 2)
            watch.next_rounds(3)
        else:
            server.wait_for(lambda: wrong.hits >= 1)
            time.sleep(0.5)
        assert _deletes(server) == 0
        wrong.remove()
        watch.settled()
        assert _deletes(server) == 1


def test_a_kind_that_becomes_unreadable_keeps_its_policies(server: FakeServer, tmp_path: Path) -> None:
    """A CRD that is taken away takes no policies with it."""
    with watching(server, tmp_path) as watch:
        watch.settled()
        deleted = _deletes(server)
        server.missing.add("accesses")
        server.end_watches()
        server.wait_for(lambda: watch.metric('maxtac_synced{kind="Access"}') == 0)
        server.add(policy("another", labels=MARKS))
        server.wait_for(lambda: watch.metric('maxtac_prune_blocked{reason="missing-kind"}') == 1)
        watch.next_rounds(3)
        assert _deletes(server) == deleted
        server.missing.clear()
        watch.settled()


def test_a_kind_that_is_deleted_keeps_its_policies(server: FakeServer, tmp_path: Path) -> None:
    """Whoever deletes a CRD deletes its resources too, one after the other, and opens no pods; nor when it is back."""
    server.add(*(access_to(f"in-{number}", "db") for number in range(30)))
    with watching(server, tmp_path) as watch:
        watch.settled()
        before, deleted = ours(server), _deletes(server)
        server.ending.add("accesses")
        for number in range(30):
            server.remove("accesses", "shop", f"in-{number}")
        watch.next_rounds(3)
        assert watch.metric('maxtac_prune_blocked{reason="missing-kind"}') == 30
        server.end_kind("accesses")
        watch.next_rounds(3)
        server.missing.clear()
        server.ending.clear()
        server.wait_for(lambda: watch.metric('maxtac_synced{kind="Access"}') == 1)
        watch.next_rounds(5)
        assert (ours(server), _deletes(server)) == (before, deleted)
        server.add(*(access_to(f"in-{number}", "db") for number in range(30)), access_to("web-in", "db"))
        watch.next_rounds(3)
        server.remove("accesses", "shop", "in-7")
        watch.settled()
        assert _deletes(server) == deleted + 1


def test_it_is_asked_whether_a_kind_stays_until_there_is_an_answer(server: FakeServer, tmp_path: Path) -> None:
    """A resource that went is not forgotten meanwhile: its policies go as those of one that was seen to go."""
    server.add(*(access_to(f"in-{number}", "db") for number in range(30)))
    with watching(server, tmp_path) as watch:
        watch.settled()
        deleted = _deletes(server)
        wrong = server.fail(status(403), path="/v1alpha1$", times=-1)
        for number in range(30):
            server.remove("accesses", "shop", f"in-{number}")
        server.wait_for(lambda: wrong.hits >= 3)
        assert _deletes(server) == deleted
        wrong.remove()
        server.wait_for(lambda: _deletes(server) == deleted + 30)
        watch.settled()
    assert "which kinds there are" in watch.log.getvalue()


def test_an_invalid_resource_keeps_its_policies(server: FakeServer, tmp_path: Path) -> None:
    """The rest goes on, and the resource's status says what is wrong."""
    with watching(server, tmp_path) as watch:
        watch.settled()
        before = ours(server)
        server.add(access_to("web-in", "db", direction="sideways"))
        server.add(access_to("other", "db", direction="egress"))
        server.wait_for(lambda: len(ours(server)) == 2)
        watch.next_rounds()
        assert {key: body for key, body in ours(server).items() if key in before} == before
        server.wait_for(lambda: _ready(server, "web-in") == "False")
        assert _ready(server, "other") == "True"
        server.wait_for(lambda: watch.metric("maxtac_policies_held") == 2, "one stays, and one is not made")
        server.add(access_to("web-in", "db"))
        watch.settled()


def _ready(server: FakeServer, name: str) -> str:
    found = server.find("accesses", "shop", name) or {}
    conditions = {each["type"]: each["status"] for each in found.get("status", {}).get("conditions", ())}
    return conditions.get("Ready", "")


def test_a_kind_that_may_not_be_read_costs_no_other_its_status(server: FakeServer, tmp_path: Path) -> None:
    """What can be read is told of; nothing is deleted meanwhile."""
    allow = server.forbid("*", "clusteraccesses")
    with watching(server, tmp_path) as watch:
        server.wait_for(lambda: _ready(server, "web-in"))
        watch.next_rounds(3)
        assert "cannot read what statuses say" not in watch.log.getvalue()
        assert ("shop", "orphan") in ours(server)
        allow()
        watch.settled()


def test_a_target_that_goes_takes_its_rule(server: FakeServer, tmp_path: Path) -> None:
    """The policy stays, and opens nothing."""
    with watching(server, tmp_path) as watch:
        watch.settled()
        server.remove("services", "shop", "db")
        watch.settled()
        assert [body["spec"].get("ingress") for body in ours(server).values()] == [None]


GATES = {
    "prune-off": Settings(Options(set=SET), prune=False),
    "prune-limit": Settings(Options(set=SET), limit=0),
    "empty": Settings(Options(set=SET)),
}


@pytest.mark.parametrize("reason", GATES)
def test_gates(reason: str, server: FakeServer, tmp_path: Path) -> None:
    """Each gate holds back what nobody saw to go, and says so."""
    if reason == "empty":
        server.remove("accesses", "shop", "web-in")
    with watching(server, tmp_path, GATES[reason]) as watch:
        server.wait_for(lambda: watch.metric(f'maxtac_prune_blocked{{reason="{reason}"}}') == 1)
        watch.next_rounds(3)
        assert ("shop", "orphan") in ours(server)


def test_what_was_seen_to_go_is_not_counted(server: FakeServer, tmp_path: Path) -> None:
    """A revocation passes the limit, also where nothing is left."""
    server.remove("networkpolicies", "shop", "orphan")
    with watching(server, tmp_path, Settings(Options(set=SET), limit=0)) as watch:
        _many(server, 5)
        server.wait_for(lambda: len(ours(server)) == 6)
        watch.settled()
        server.remove("accesses", "shop", "web-in")
        server.wait_for(lambda: not ours(server))


def test_the_leader_writes_and_the_other_is_ready(server: FakeServer, tmp_path: Path) -> None:
    """When the leader dies without a word the other takes over; never do two write."""
    homes = [tmp_path / name for name in ("a", "b")]
    for home in homes:
        home.mkdir()
        server.tokens[home.name] = home.name
    watches = [Watch(server, home, None, SHARED._replace(identity=home.name), token=home.name) for home in homes]
    try:
        server.wait_for(lambda: in_step(server))
        first = next(each for each in watches if each.service._leads())
        second = next(each for each in watches if each is not first)
        server.wait_for(lambda: second.service._readiness().well)
        first.kill()
        server.add(service("late"))
        server.wait_for(lambda: in_step(server))
        assert second.service._leads()
        users = [each.user for each in server.writes() if "/networkpolicies" in each.path]
        writers = [name for name, _ in groupby(users)]
        assert writers == [first.service._around.identity, second.service._around.identity]
    finally:
        for each in watches:
            each.end()


def test_a_lost_lease_ends_all_writing(server: FakeServer, tmp_path: Path) -> None:
    """In the middle of many writes the Lease cannot be renewed: not one is sent when its time is over."""
    server.fail(slow(0.2), "POST", "/networkpolicies", times=-1)
    _many(server)
    watch = Watch(server, tmp_path, None, SHARED)
    server.wait_for(lambda: len(ours(server)) > 20)
    server.fail(status(500), path="/leases", times=-1)
    watch.thread.join(60)
    assert watch.ended is False
    assert 20 < len(ours(server)) < 122
    over = watch.service._elector
    assert over is not None
    assert all(each.at <= over._until + 0.1 for each in server.writes() if "/networkpolicies" in each.path)
    server.mend()
    with watching(server, tmp_path, None, SHARED._replace(identity="two")) as other:
        other.settled()


@pytest.mark.parametrize("how", ["term", "kill"])
def test_an_end_in_the_middle(how: str, server: FakeServer, tmp_path: Path) -> None:
    """Whoever comes next makes what is left; in order, the Lease is free at once and nothing is on its way."""
    server.fail(slow(0.1), "POST", "/networkpolicies", times=-1)
    _many(server)
    watch = Watch(server, tmp_path, None, SHARED)
    server.wait_for(lambda: len(ours(server)) > 10)
    watch.end() if how == "term" else watch.kill()
    there = len(ours(server))
    assert there < 122
    if how == "term":
        lease = server.find("leases", "default", "maxtac")
        assert lease is not None
        assert lease["spec"]["holderIdentity"] == ""
        assert all(each.status for each in server.requests if each.method == "POST" and "/networkpolicies" in each.path)
    assert _deletes(server) == 0
    server.mend()
    with watching(server, tmp_path, None, SHARED._replace(identity="two")) as other:
        other.settled()


@pytest.mark.parametrize("what", ["stop", "reset", "unavailable"])
def test_a_server_that_fails_in_the_middle(what: str, server: FakeServer, tmp_path: Path) -> None:
    """Nothing is lost, and nothing is there twice."""
    server.fail(slow(0.05), "POST", "/networkpolicies", times=20)
    _many(server)
    with watching(server, tmp_path) as watch:
        server.wait_for(lambda: len(ours(server)) > 10)
        if what == "stop":
            server.stop()
            time.sleep(0.5)
            server.start()
        else:
            server.fail(reset() if what == "reset" else status(503), path="/networkpolicies", times=50)
            server.cut_watches()
        watch.settled()


def test_a_storm_of_refusals_slows_all_writes(server: FakeServer, tmp_path: Path) -> None:
    """Of many writes that are told to wait none comes before its time."""
    _many(server)
    server.fail(status(429, retry_after=1), "POST", "/networkpolicies", times=40)
    with watching(server, tmp_path) as watch:
        watch.settled()
        refused = [each.at for each in server.requests if each.status == 429]
        assert len(refused) == 40
        assert max(refused) - min(refused) > 1.5, "they came in waves, as far apart as the server asked"


def test_a_namespace_that_is_being_deleted(server: FakeServer, tmp_path: Path) -> None:
    """Nothing is created there, and it is not tried again and again."""
    with watching(server, tmp_path) as watch:
        server.add(service("late", labels={"net": "no"}))
        watch.settled()
        server.terminate("shop")
        server.wait_for(lambda: "shop" in watch.service.caches.going())
        before = len(server.requests)
        server.change("services", "shop", "late", metadata={"labels": {"net": "yes"}})
        watch.next_rounds(5)
        assert not [each for each in server.writes(before) if each.method == "POST" and "networkpolicies" in each.path]
        server.wait_for(lambda: watch.metric("maxtac_queue") == 1)
        server.remove("namespaces", "", "shop")
        server.wait_for(lambda: not ours(server))
        server.add(service("web"), service("db", labels={"app": "db"}), access_to("web-in", "db"))
        watch.settled()


def test_a_token_that_is_replaced(server: FakeServer, tmp_path: Path) -> None:
    """The new one is read when the old one is not taken any more."""
    with watching(server, tmp_path, None, SHARED) as watch:
        watch.settled()
        server.tokens["fresh"] = "tester"
        server.kubeconfig(tmp_path, token="fresh")  # noqa: S106 - no secret
        del server.tokens[server.token]
        server.cut_watches()
        server.add(service("late"))
        watch.settled()
        server.wait_for(lambda: server.requests[-1].headers["authorization"] == "Bearer fresh")
        assert "fresh" not in watch.log.getvalue()


def test_somebody_who_changes_back(server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that write the same policy do not do so for ever: we leave it alone for a while, and say so."""
    monkeypatch.setattr(rivalry, "FIRST_REST", 8.0)
    key = ("shop", "web-in--shop-web---db-shop-ing")
    stop = threading.Event()

    def rival() -> None:
        while not stop.wait(0.02):
            found = server.find("networkpolicies", *key)
            if found is not None and found["spec"].get("ingress") != [{}]:
                server.change("networkpolicies", *key, spec={"ingress": [{}]})

    with watching(server, tmp_path) as watch:
        watch.settled()
        thread = threading.Thread(target=rival)
        thread.start()
        server.wait_for(lambda: "keeps changing" in watch.log.getvalue())
        before = len(server.requests)
        watch.next_rounds(5)
        assert not [each for each in server.writes(before) if each.path.endswith(key[1])]
        server.wait_for(lambda: watch.metric("maxtac_conflicts_total") == 1)
        stop.set()
        thread.join()
        assert '"by":"somebody"' in watch.log.getvalue()
        server.wait_for(lambda: "OtherController" in {each["reason"] for each in server.objects("events").values()})
        watch.settled()


def test_a_policy_that_somebody_takes(server: FakeServer, tmp_path: Path) -> None:
    """Without our labels it is not ours any more: it is left alone, and told of."""
    with watching(server, tmp_path) as watch:
        watch.settled()
        key = next(iter(ours(server)))
        server.change("networkpolicies", *key, metadata={"labels": {"render.maxtac.vtk.io/writer": None}})
        server.wait_for(lambda: "taken a policy over" in watch.log.getvalue())
        version = server.objects("networkpolicies")[key]["metadata"]["resourceVersion"]
        watch.next_rounds(3)
        assert server.objects("networkpolicies")[key]["metadata"]["resourceVersion"] == version


def test_a_round_that_breaks_is_made_again(server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in one round writes nothing, deletes nothing, and does not end the watch."""
    whole = serving.Rounds.run
    monkeypatch.setattr(serving.Rounds, "run", lambda _: 1 // 0)
    with watching(server, tmp_path) as watch:
        server.wait_for(lambda: watch.metric('maxtac_reconcile_total{result="error"}') >= 1)
        assert server.writes() == []
        monkeypatch.setattr(serving.Rounds, "run", whole)
        watch.settled()
