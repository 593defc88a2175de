"""A cluster that is watched has the policies that its resources ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from live.failing import Action, status
from live.fake import FakeServer
from maxtac_render.model.options import Options
from maxtac_render.watch.settings import Settings
from watch.watching import SET, access_to, in_step, ours, policy, service, watching


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """A shop: a web server, which a mail server and a database may talk to."""
    with FakeServer() as fake:
        fake.add(service("web"), service("db", labels={"app": "db"}), service("mail", labels={"app": "mail"}))
        fake.add(access_to("web-in", "db", "mail"))
        yield fake


def test_policies_are_made_and_follow(server: FakeServer, tmp_path: Path) -> None:
    """What is asked for is created; what is asked for otherwise is changed, and what is asked for no more deleted."""
    with watching(server, tmp_path) as watch:
        watch.settled()
        assert len(ours(server)) == 2
        server.add(access_to("web-in", "db", direction="all"))
        watch.settled()
        assert len(ours(server)) == 1
        server.add(service("shop2"))
        watch.settled()
        assert len(ours(server)) == 2
        server.remove("services", "shop", "shop2")
        watch.settled()
        server.remove("accesses", "shop", "web-in")
        server.wait_for(lambda: not ours(server))


def test_nothing_is_written_in_steady_state(server: FakeServer, tmp_path: Path) -> None:
    """Neither our own writes nor noise make anything to do."""
    with watching(server, tmp_path) as watch:
        watch.settled()
        watch.next_rounds()
        begun = len(server.requests)
        server.change("services", "shop", "web", metadata={"annotations": {"noise": "1"}})
        server.add(service("other", labels={"app": "x"}))
        watch.next_rounds(3)
        assert server.writes(begun) == []
        assert in_step(server)


def test_what_is_not_ours_is_left_alone(server: FakeServer, tmp_path: Path) -> None:
    """A foreign policy, one of another set, and one that apply wrote stay; a name that is taken is told of."""
    set_of = "render.maxtac.vtk.io/set"
    mark = {"app.kubernetes.io/managed-by": "maxtac-render", set_of: "other", "render.maxtac.vtk.io/writer": "watch"}
    name = "web-in--shop-web---db-shop-ing"
    server.add(
        policy(name),
        policy("a"),
        policy("b", labels=mark),
        policy("c", labels={**mark, set_of: SET, "render.maxtac.vtk.io/writer": "apply"}),
    )
    before = server.objects("networkpolicies")
    with watching(server, tmp_path) as watch:
        server.wait_for(lambda: len(ours(server)) == 1)
        watch.next_rounds()
        assert {key: body for key, body in server.objects("networkpolicies").items() if key in before} == before
        assert "the name of a policy is taken" in watch.log.getvalue()
        server.remove("networkpolicies", "shop", name)
        watch.settled()


def test_a_policy_that_somebody_changes_is_changed_back(server: FakeServer, tmp_path: Path) -> None:
    """Also one that somebody deletes; labels of others stay."""
    with watching(server, tmp_path) as watch:
        watch.settled()
        key = next(iter(ours(server)))
        server.change("networkpolicies", *key, spec={"ingress": [{}]}, metadata={"labels": {"theirs": "1"}})
        watch.settled()
        assert server.objects("networkpolicies")[key]["metadata"]["labels"]["theirs"] == "1"
        server.remove("networkpolicies", *key)
        watch.settled()


def test_shadow(server: FakeServer, tmp_path: Path) -> None:
    """A shadow writes nothing, and says what it would."""
    with watching(server, tmp_path, Settings(Options(set=SET), shadow=True)) as watch:
        server.wait_for(lambda: "would have created a policy" in watch.log.getvalue())
        assert server.writes() == []
        assert watch.metric("maxtac_queue") == 2


@pytest.mark.parametrize("refusal", [status(403, "Forbidden", "exceeded quota"), status(422, "Invalid", "no")])
def test_what_cannot_be_renamed_stays(server: FakeServer, tmp_path: Path, refusal: Action) -> None:
    """A policy under another name takes the place of the one before; without it, that one stays."""
    with watching(server, tmp_path) as watch:
        watch.settled()
        before = ours(server)
        fault = server.fail(refusal, "POST", "networkpolicies", times=-1)
        server.add(access_to("web-in", "db", "mail", direction="all"))
        server.wait_for(lambda: fault.hits >= 2 and watch.metric('maxtac_prune_blocked{reason="failed-group"}') == 2)
        assert ours(server) == before
