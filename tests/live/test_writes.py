"""Policies are written with what each write goes by, and every fault ends in an outcome: nothing is lost or forced."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from live import fake
from live.fake import FakeServer
from maxtac_render.engine.plan import rendered
from maxtac_render.engine.settling import Scope, settle, step
from maxtac_render.live import writes
from maxtac_render.live.access import Access, Choice, load
from maxtac_render.live.client import Client
from maxtac_render.live.kinds import NETWORK_POLICIES
from maxtac_render.live.objects import stored
from maxtac_render.live.outcomes import Outcome, Result, Why
from maxtac_render.live.writes import Guard, Manner, Writer
from maxtac_render.model.changes import Change
from maxtac_render.model.diagnostics import Report
from maxtac_render.model.objects import Origin
from maxtac_render.model.policy import Policy
from maxtac_render.model.stored import Stored
from maxtac_render.wire import networkpolicy
from policies import SET, policy

SCOPE = Scope(SET, "apply")
WITHIN = 30.0


@pytest.fixture(name="cluster")
def _cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    monkeypatch.setattr(writes, "backoff", lambda *_, **__: 0.01)
    with FakeServer() as server:
        server.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        yield server


class World:
    """A cluster, and a writer that makes it what is wanted."""

    def __init__(self, server: FakeServer, directory: Path, manner: Manner, guard: Guard, timeout: float = 5.0) -> None:
        self.server = server
        self.scope = SCOPE
        self.client = Client(load(Choice(str(server.kubeconfig(directory)))), timeout=timeout)
        self.writer = Writer(self.client, partial(step, scope=SCOPE), manner, guard)

    def present(self) -> list[Stored]:
        """The policies that there are."""
        take = partial(stored, origin=Origin("live"), report=Report())
        return [each for each in self.client.list(NETWORK_POLICIES, take).items if each is not None]

    def apply(self, *wanted: Policy, seen: Iterable[tuple[str, str]] = (), **more: Any) -> Outcome:
        """Make the set's policies those that are wanted, by what there is now."""
        present = more.pop("present", None) or self.present()
        changes = settle(wanted, [], present, SCOPE).changes
        return self.execute(changes, present, seen, **more)

    def execute(
        self, changes: Iterable[Change], present: list[Stored], seen: Iterable[tuple[str, str]] = (), **more: Any
    ) -> Outcome:
        """Make changes, and see that there is one outcome for each."""
        every = list(changes)
        outcome = self.writer.execute(every, {each.ref: each for each in present}, list(seen), **more)
        assert [result.change for result in outcome.results] == every
        return outcome


@pytest.fixture(name="world")
def _world(cluster: FakeServer, tmp_path: Path) -> Iterator[World]:
    world = World(cluster, tmp_path, Manner(), Guard(threading.Event()))
    yield world
    world.client.close()
    world.writer.close()


def only(outcome: Outcome) -> Result:
    """The one result of an outcome."""
    (result,) = outcome.results
    return result


def writes_of(server: FakeServer) -> list[str]:
    """The methods of all writes."""
    return [request.method for request in server.writes()]


def test_a_set_comes_changes_and_goes(world: World) -> None:
    """And the second run of each writes nothing."""
    for wanted in ([policy("a"), policy("b", "db")], [policy("a", cidr="10.0.0.0/8"), policy("c", "db")], []):
        outcome = world.apply(*wanted)
        assert len(outcome.done) == len(outcome.results) > 0
        count = len(world.server.writes())
        assert world.apply(*wanted).results == ()
        assert len(world.server.writes()) == count
        assert {name for _, name in world.server.objects("networkpolicies")} == {each.name for each in wanted}


def test_creates_come_before_patches_and_these_before_deletes(world: World) -> None:
    """A rename leaves no gap, whatever is slow."""
    world.apply(policy("old"), policy("same"))
    world.server.fail(fake.slow(0.3), "POST", "networkpolicies", times=1)
    world.server.fail(fake.slow(0.3), "PATCH", "networkpolicies", times=1)
    since = len(world.server.writes())
    world.apply(*(policy(f"new-{number}") for number in range(5)), policy("same", cidr="10.0.0.0/8"))
    assert writes_of(world.server)[since:] == ["POST"] * 5 + ["PATCH", "DELETE"]


def test_what_the_server_makes_something_else_of_is_not_done(world: World) -> None:
    """An admission webhook may open what was to be closed, and nobody would hear of it."""

    def opened(body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "spec": {**body["spec"], "ingress": [{}]}} if body["kind"] == "NetworkPolicy" else body

    world.apply(policy("old"))
    world.server.admission = opened
    for _ in ("POST", "PATCH"):
        outcome = world.apply(policy("web"), seen=[("shop", "old")])
        assert [(each.change.action == "delete", each.why) for each in outcome.failed] == [(False, Why.ALTERED)]
    world.server.admission = lambda body: body
    assert world.apply(policy("web"), seen=[("shop", "old")]).failed == ()


def test_others_labels_annotations_and_whole_policies_stay(world: World) -> None:
    """A change takes back what somebody did to the spec, and nothing else."""
    world.apply(policy("web"))
    metadata = {"labels": {"team": "red"}, "annotations": {"example.com/note": "yes"}}
    world.server.change("networkpolicies", "shop", "web", metadata=metadata, spec={"ingress": [{}]})
    hand = networkpolicy.body(policy("hand")._replace(labels=(), annotations=()))
    world.server.add(hand)
    assert only(world.apply(policy("web"))).state == "done"
    after = world.server.find("networkpolicies", "shop", "web")
    assert after is not None
    assert after["metadata"]["labels"]["team"] == "red"
    assert after["metadata"]["annotations"]["example.com/note"] == "yes"
    assert "ingress" not in after["spec"]
    found = world.server.find("networkpolicies", "shop", "hand")
    assert found is not None
    assert found["spec"] == hand["spec"]


def test_a_policy_that_lost_its_annotations_gets_ours_and_keeps_those_that_we_did_not_see(world: World) -> None:
    """What we keep of a policy may lack others' annotations; it is read before all of them are replaced."""
    world.apply(policy("web"))
    ours = ("render.maxtac.vtk.io/source", "render.maxtac.vtk.io/service")
    metadata = {"annotations": {**dict.fromkeys(ours), "example.com/note": "yes"}}
    world.server.change("networkpolicies", "shop", "web", metadata=metadata)
    (present,) = world.present()
    bare = present.applied.policy._replace(annotations=())
    present = present._replace(applied=present.applied._replace(policy=bare))
    assert only(world.apply(policy("web"), present=[present])).state == "done"
    after = world.server.find("networkpolicies", "shop", "web")
    assert after is not None
    assert {"example.com/note", "render.maxtac.vtk.io/source"} <= set(after["metadata"]["annotations"])


def test_a_conflict_is_decided_again_by_what_is_there(world: World) -> None:
    """Somebody changes the policy between our look and our write."""
    world.apply(policy("web"))
    present = world.present()
    world.server.change("networkpolicies", "shop", "web", metadata={"annotations": {"example.com/a": "b"}})
    result = only(world.apply(policy("web", cidr="10.0.0.0/8"), present=present))
    assert (result.state, writes_of(world.server)[-2:]) == ("done", ["PATCH", "PATCH"])
    after = world.server.find("networkpolicies", "shop", "web")
    assert after is not None
    assert after["spec"]["ingress"]


def test_a_policy_that_others_keep_changing_is_given_up_after_five_times(world: World) -> None:
    """And it says so."""
    world.apply(policy("web"))
    touch = iter(range(100))
    world.server.fail(
        fake.after(
            lambda server: server.change(
                "networkpolicies", "shop", "web", metadata={"annotations": {"n": str(next(touch))}}
            )
        ),
        "PATCH",
        "networkpolicies",
        times=-1,
    )
    result = only(world.apply(policy("web", cidr="10.0.0.0/8")))
    assert (result.state, result.why, result.code) == ("failed", Why.CONFLICT, 409)
    assert writes_of(world.server).count("PATCH") == 6


@pytest.mark.parametrize("mine", [True, False])
def test_a_name_that_is_taken_is_read(world: World, mine: bool) -> None:
    """Ours, seen late, is made what it is to be; anybody else's is left alone, and the rest goes on."""
    if mine:
        world.apply(policy("web"))
    else:
        world.server.add(networkpolicy.body(policy("web")))
    before = world.server.find("networkpolicies", "shop", "web")
    changes = settle([policy("other"), policy("web", cidr="10.0.0.0/8")], [], [], SCOPE).changes
    outcome = world.execute(changes, [])
    assert outcome.results[0].state == "done"
    if mine:
        assert outcome.results[1].state == "done"
    else:
        assert (outcome.results[1].state, outcome.results[1].why) == ("skipped", Why.FOREIGN)
        assert outcome.results[1].found is not None
        assert world.server.find("networkpolicies", "shop", "web") == before


def test_a_policy_that_is_gone_is_made_again_or_is_gone(world: World) -> None:
    """What we were to change, or to delete, somebody has deleted."""
    world.apply(policy("web"), policy("gone"))
    present = world.present()
    for name in ("web", "gone"):
        world.server.remove("networkpolicies", "shop", name)
    outcome = world.apply(policy("web", cidr="10.0.0.0/8"), present=present)
    assert [result.state for result in outcome.results] == ["done", "done"]
    assert {name for _, name in world.server.objects("networkpolicies")} == {"web"}


def test_a_delete_is_for_one_object_in_one_state(world: World) -> None:
    """One that is ours no more, or is another by now, stays; one that somebody only touched goes."""
    world.apply(policy("taken"), policy("other"), policy("touched"))
    present = world.present()
    world.server.change("networkpolicies", "shop", "touched", metadata={"annotations": {"example.com/a": "b"}})
    world.server.change("networkpolicies", "shop", "taken", metadata={"labels": {"render.maxtac.vtk.io/writer": None}})
    again = world.server.find("networkpolicies", "shop", "other")
    assert again is not None
    world.server.remove("networkpolicies", "shop", "other")
    world.server.add({**again, "metadata": {key: again["metadata"][key] for key in ("name", "namespace", "labels")}})
    outcome = world.apply(present=present)
    assert {result.change.ref.name: (result.state, result.why) for result in outcome.results} == {
        "other": ("skipped", Why.FOREIGN),
        "taken": ("done", Why.NOTHING),
        "touched": ("done", Why.NOTHING),
    }
    assert {name for _, name in world.server.objects("networkpolicies")} == {"taken", "other"}


@pytest.mark.parametrize("code", [400, 413, 422])
def test_what_is_refused_for_what_it_says_is_not_sent_again(world: World, code: int) -> None:
    """Until it says something else."""
    fault = world.server.fail(fake.status(code, "Invalid", "spec is not liked"), "POST", "networkpolicies", times=-1)
    first, second = (only(world.apply(policy("web"))) for _ in range(2))
    assert (first.state, first.why, first.code, first.message) == ("failed", Why.INVALID, code, "spec is not liked")
    assert second == first
    assert fault.hits == 1
    assert only(world.apply(policy("web", cidr="10.0.0.0/8"))).why is Why.INVALID
    assert fault.hits == 2
    fault.remove()
    assert only(world.apply(policy("web", cidr="192.0.2.0/24"))).state == "done"


def test_a_patch_that_is_refused_for_what_it_says_is_told_from_one_that_came_too_late(world: World) -> None:
    """Both may be a 422: where the object was made anew, the write is decided again."""
    world.apply(policy("web"))
    present = world.present()
    body = world.server.find("networkpolicies", "shop", "web")
    assert body is not None
    world.server.remove("networkpolicies", "shop", "web")
    world.server.add({**body, "metadata": {key: body["metadata"][key] for key in ("name", "namespace", "labels")}})
    assert only(world.apply(policy("web", cidr="10.0.0.0/8"), present=present)).state == "done"
    fault = world.server.fail(fake.status(422, "Invalid", "no"), "PATCH", "networkpolicies", times=-1)
    for _ in range(2):
        result = only(world.apply(policy("web", cidr="192.0.2.0/24")))
        assert (result.state, result.why, result.message) == ("failed", Why.INVALID, "no")
    assert fault.hits == 1


@pytest.mark.parametrize(
    "action",
    [fake.drop(), fake.status(500), fake.html(502), fake.reset(), fake.raw(b"{", 500), fake.cut(5)],
    ids=["drop", "500", "502", "reset", "half", "cut"],
)
def test_what_got_no_answer_is_read_and_tried_again(world: World, action: fake.Action) -> None:
    """A create that was heard is not made twice, and one that was not is made; likewise changes and deletes."""
    for method, wanted in (("POST", [policy("web")]), ("PATCH", [policy("web", cidr="10.0.0.0/8")]), ("DELETE", [])):
        fault = world.server.fail(action, method, "networkpolicies", times=2)
        assert only(world.apply(*wanted)).state == "done"
        assert fault.hits >= 1
        fault.remove()
        assert world.apply(*wanted).results == ()


def test_a_server_that_hangs_is_given_up_in_time(cluster: FakeServer, tmp_path: Path) -> None:
    """Nothing waits for ever, and the outcome is that nobody answered."""
    world = World(cluster, tmp_path, Manner(), Guard(threading.Event()), timeout=0.2)
    cluster.fail(fake.hang(), "POST", "networkpolicies", times=-1)
    began = time.monotonic()
    result = only(world.apply(policy("web")))
    assert (result.state, result.why, result.code) == ("failed", Why.UNANSWERED, 0)
    assert time.monotonic() - began < WITHIN
    world.writer.close()


def test_what_is_no_api_server_has_done_nothing(world: World) -> None:
    """A proxy may answer 200 to anything."""
    world.server.fail(fake.html(200), "POST", "networkpolicies", times=-1)
    assert only(world.apply(policy("web"))).why is Why.UNANSWERED


def test_a_server_that_wants_to_be_left_alone_for_a_day_is_asked_again_today(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is a most that anybody waits."""
    monkeypatch.setattr(writes, "MOST_PAUSE", 0.1)
    world.server.fail(fake.status(429, retry_after=86400), "POST", "networkpolicies", times=2)
    assert only(world.apply(policy("web"))).state == "done"


def test_five_attempts_are_all_without_patience(world: World) -> None:
    """Whoever asks once more gets five again."""
    fault = world.server.fail(fake.status(500), "POST", "networkpolicies", times=-1)
    assert only(world.apply(policy("web"))).why is Why.UNANSWERED
    assert fault.hits == 5


def test_a_storm_of_429_slows_all_and_loses_nothing(cluster: FakeServer, tmp_path: Path) -> None:
    """All wait for as long as one is told to, and every policy is there in the end."""
    world = World(cluster, tmp_path, Manner(patience=WITHIN), Guard(threading.Event()))
    fault = cluster.fail(fake.status(429, retry_after=1), "POST", "networkpolicies", times=20, skip=20)
    began = time.monotonic()
    outcome = world.apply(*(policy(f"web-{number:03}") for number in range(100)))
    spent = time.monotonic() - began
    assert len(outcome.done) == 100
    assert len(cluster.objects("networkpolicies")) == 100
    assert fault.hits == 20
    assert spent >= 1  # 16 at once: 20 refusals take two rounds, with a second between them at least
    world.writer.close()


@pytest.mark.parametrize("code", [429, 503, 504])
def test_without_a_time_to_wait_a_throttled_write_is_tried_five_times(world: World, code: int) -> None:
    """Then it is left for later."""
    fault = world.server.fail(fake.status(code, "Busy"), "POST", "networkpolicies", times=-1)
    result = only(world.apply(policy("web")))
    assert (result.state, result.why, result.code, fault.hits) == ("failed", Why.THROTTLED, code, 5)


def test_with_patience_a_write_outlasts_its_attempts(cluster: FakeServer, tmp_path: Path) -> None:
    """As long as the time is not over."""
    world = World(cluster, tmp_path, Manner(patience=WITHIN), Guard(threading.Event()))
    cluster.fail(fake.status(503), "POST", "networkpolicies", times=12)
    assert only(world.apply(policy("web"))).state == "done"
    world.writer.close()


def test_a_namespace_that_is_missing_or_ends_fails_its_creates_only(world: World) -> None:
    """They are not tried again; the other namespace's policies are made, and what is there can change."""
    world.server.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ending"}})
    world.apply(policy("there", namespace="ending"))
    world.server.terminate("ending")
    wanted = [
        policy("web"),
        policy("new", namespace="ending"),
        policy("there", cidr="10.0.0.0/8", namespace="ending"),
        policy("web", namespace="nowhere"),
    ]
    outcome = world.apply(*wanted)
    found = {(result.change.ref.namespace, result.change.ref.name): result for result in outcome.results}
    assert {key: (result.state, result.why) for key, result in found.items()} == {
        ("shop", "web"): ("done", Why.NOTHING),
        ("ending", "there"): ("done", Why.NOTHING),
        ("ending", "new"): ("failed", Why.NAMESPACE),
        ("nowhere", "web"): ("failed", Why.NAMESPACE),
    }
    assert 'namespaces "nowhere" not found' in found["nowhere", "web"].message


def test_what_is_forbidden_fails_and_says_what_is_missing(world: World) -> None:
    """The rest goes on."""
    world.server.forbid("create", "networkpolicies", "bank")
    world.server.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bank"}})
    outcome = world.apply(policy("web", namespace="bank"), policy("web"))
    assert [(result.state, result.why) for result in outcome.results] == [
        ("failed", Why.FORBIDDEN),
        ("done", Why.NOTHING),
    ]
    assert "create" in outcome.results[0].message


def test_what_failed_keeps_the_policies_of_the_same_pods(world: World) -> None:
    """They may be what it replaces; a revocation goes, and so do other pods' policies."""
    world.apply(policy("old"), policy("revoked", source="gone"), policy("unwanted", "db"))
    world.server.fail(fake.status(422), "POST", "networkpolicies", times=-1)
    outcome = world.apply(policy("new"), seen=[("shop", "revoked")])
    assert {result.change.ref.name: (result.state, result.why) for result in outcome.results} == {
        "new": ("failed", Why.INVALID),
        "old": ("skipped", Why.GROUP),
        "revoked": ("done", Why.NOTHING),
        "unwanted": ("done", Why.NOTHING),
    }


def test_deletes_are_asked_about_once_more(world: World) -> None:
    """The input may have changed while the rest was written."""
    world.apply(policy("old"))
    outcome = world.apply(policy("new"), proceed=lambda: False)
    assert [(result.state, result.why) for result in outcome.results] == [
        ("done", Why.NOTHING),
        ("skipped", Why.CHANGED),
    ]


def test_after_a_lost_lease_nothing_is_written(cluster: FakeServer, tmp_path: Path) -> None:
    """The fence is asked before every write; what was sent before may still be answered."""
    held = threading.Event()
    held.set()
    cluster.fail(fake.after(lambda _: held.clear()), "POST", "networkpolicies", times=1, skip=9)
    world = World(cluster, tmp_path, Manner(concurrency=4), Guard(threading.Event(), held.is_set))
    outcome = world.apply(*(policy(f"web-{number:03}") for number in range(60)))
    assert 10 <= len(outcome.done) < 10 + 4
    assert {result.why for result in outcome.skipped} == {Why.FENCED}
    assert len(outcome.done) + len(outcome.skipped) == 60
    assert len(cluster.objects("networkpolicies")) == len(outcome.done)
    held.set()
    assert len(world.apply(*(policy(f"web-{number:03}") for number in range(60))).done) == 60 - len(outcome.done)
    world.writer.close()


def test_a_stop_lets_what_is_under_way_end_and_drops_the_deletes(cluster: FakeServer, tmp_path: Path) -> None:
    """What was not begun is skipped, and says so; a second run ends the work."""
    stop = threading.Event()
    world = World(cluster, tmp_path, Manner(concurrency=4), Guard(stop))
    world.apply(policy("old"))
    cluster.fail(fake.after(lambda _: stop.set()), "POST", "networkpolicies", times=1, skip=9)
    wanted = [policy(f"web-{number:03}") for number in range(60)]
    outcome = world.apply(*wanted)
    assert {result.why for result in outcome.skipped} <= {Why.STOPPED, Why.GROUP}
    assert ("shop", "old") in cluster.objects("networkpolicies")
    assert len(cluster.objects("networkpolicies")) == len(outcome.done) + 1 < 20
    stop.clear()
    world.apply(*wanted)
    assert {name for _, name in cluster.objects("networkpolicies")} == {each.name for each in wanted}
    world.writer.close()


def test_a_try_changes_nothing_and_is_refused_what_would_be_refused(cluster: FakeServer, tmp_path: Path) -> None:
    """The server judges the same requests."""
    real = World(cluster, tmp_path, Manner(), Guard(threading.Event()))
    real.apply(policy("old"), policy("same"))
    before = cluster.objects("networkpolicies")
    world = World(cluster, tmp_path, Manner(dry=True), Guard(threading.Event()))
    outcome = world.apply(policy("new"), policy("same", cidr="10.0.0.0/8"), policy("web", namespace="nowhere"))
    assert [(result.change.action, result.state) for result in outcome.results] == [
        ("create", "failed"),
        ("create", "done"),
        ("patch", "done"),
        ("delete", "done"),
    ]
    assert cluster.objects("networkpolicies") == before
    for each in (real, world):
        each.writer.close()


def test_warnings_are_told_once_for_each_object(world: World) -> None:
    """As the API server words them."""
    odd = policy("web", cidr="2001:DB8::/32")
    result = only(world.apply(odd))
    assert result.state == "done"
    assert [("2001:DB8::/32" in text, "\\" in text) for text in result.warnings] == [(True, False)]
    world.server.remove("networkpolicies", "shop", "web")
    assert only(world.apply(odd)).warnings == ()


def test_credentials_that_ran_out_are_got_anew_once(world: World) -> None:
    """One 401 is nothing, and an outcome where they do not help."""
    fault = world.server.fail(fake.status(401, "Unauthorized"), "POST", "networkpolicies", times=1)
    assert only(world.apply(policy("web"))).state == "done"
    assert fault.hits == 1
    world.server.fail(fake.status(401, "Unauthorized"), "POST", "networkpolicies", times=-1)
    assert only(world.apply(policy("other"), policy("web"))).why is Why.FORBIDDEN


def test_credentials_that_do_not_help_are_got_anew_once_for_all(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is unknown with one write is with all of them."""
    renewals: list[object] = []
    again = Access.again
    monkeypatch.setattr(Access, "again", lambda access: renewals.append(access) or again(access))
    world.server.tokens.clear()
    outcome = world.execute(settle([policy(f"web-{number}") for number in range(200)], [], [], SCOPE).changes, [])
    assert {result.why for result in outcome.results} == {Why.FORBIDDEN}
    assert len(outcome.failed) <= 16
    assert len(renewals) <= 16


def test_a_server_that_is_gone_ends_the_work_for_all(world: World) -> None:
    """Every write has its outcome, soon; and once it is back the same writer goes on."""
    wanted = [policy(f"web-{number:03}") for number in range(500)]
    world.server.stop()
    began = time.monotonic()
    outcome = world.execute(settle(wanted, [], [], SCOPE).changes, [])
    assert time.monotonic() - began < WITHIN
    assert {result.why for result in outcome.results} == {Why.UNANSWERED}
    assert len(outcome.failed) <= 16
    world.server.start()
    assert len(world.apply(*wanted).done) == 500


def test_one_write_that_nobody_answers_does_not_end_the_others(world: World) -> None:
    """The server takes those."""
    world.server.fail(fake.status(500), "POST", "networkpolicies", times=5)
    outcome = world.apply(*(policy(f"web-{number:03}") for number in range(40)))
    assert len(outcome.done) >= 39


def test_what_breaks_inside_is_an_outcome_too(world: World) -> None:
    """No change is lost."""
    broken = Change(None, rendered(policy("web")._replace(isolates=None)))  # type: ignore[arg-type] # what is broken
    outcome = world.execute([broken, Change(None, rendered(policy("other")))], [])
    assert [(result.state, result.why) for result in outcome.results] == [
        ("failed", Why.INTERNAL),
        ("done", Why.NOTHING),
    ]


def test_who_listens_hears_every_answer(cluster: FakeServer, tmp_path: Path) -> None:
    """The action, the code, and which attempt it was."""
    heard: list[tuple[str, int, int]] = []
    guard = Guard(threading.Event(), heard=lambda action, code, attempt: heard.append((action, code, attempt)))
    world = World(cluster, tmp_path, Manner(), guard)
    cluster.fail(fake.status(503), "POST", "networkpolicies", times=1)
    cluster.fail(fake.reset(), "POST", "networkpolicies", times=1)
    world.apply(policy("web"))
    assert heard[0] == ("create", 503, 0)
    assert heard[-1][:2] == ("create", 201)
    world.writer.close()
