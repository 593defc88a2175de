"""Access ends when its time comes, by the clock on the wall, whatever else happens."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from live.fake import FakeServer, status
from maxtac_render.model.options import Options
from maxtac_render.watch.settings import Expired, Settings
from watch.watching import ALONE, SET, access_to, in_step, ours, service, watching


class Clock:
    """A clock on the wall that can be set."""

    def __init__(self) -> None:
        self.skew = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.skew


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """A shop with a web server, which a database may talk to for an hour, and a mail server for ever."""
    with FakeServer() as fake:
        fake.add(service("web"), service("db", labels={"app": "db"}), service("mail", labels={"app": "mail"}))
        fake.add(ending(3600), access_to("for-ever", "mail"))
        yield fake


def ending(seconds: float, **annotations: str) -> dict[str, Any]:
    """An Access that ends in some seconds."""
    body = access_to("web-in", "db")
    moment = datetime.now(UTC) + timedelta(seconds=seconds)
    deadline = moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    body["metadata"]["annotations"] = {"maxtac.vtk.io/expires-at": deadline, **annotations}
    return body


def opens(server: FakeServer) -> list[str]:
    """The resources whose policies open something."""
    source = "render.maxtac.vtk.io/source"
    return sorted(
        body["metadata"]["annotations"][source] for body in ours(server).values() if "ingress" in body["spec"]
    )


def _settings(expired: Expired) -> Settings:
    return Settings(Options(set=SET), expired=expired)


def test_access_ends_without_any_change(server: FakeServer, tmp_path: Path) -> None:
    """The rules go by themselves, and the isolation stays."""
    server.add(ending(1.5))
    with watching(server, tmp_path) as watch:
        server.wait_for(lambda: len(opens(server)) == 2)
        server.wait_for(lambda: opens(server) == ["Access/shop/for-ever"])
        assert len(ours(server)) == 2
        server.wait_for(lambda: watch.metric("maxtac_expired_total") == 1)
        assert in_step(server)


def test_a_clock_that_is_set(server: FakeServer, tmp_path: Path) -> None:
    """What the clock says counts, as soon as it is looked at again: forward, and back where it was wrong."""
    clock = Clock()
    with watching(server, tmp_path, None, ALONE._replace(now=clock)):
        server.wait_for(lambda: len(opens(server)) == 2)
        clock.skew = timedelta(hours=2)
        server.wait_for(lambda: len(opens(server)) == 1)
        clock.skew = timedelta()
        server.wait_for(lambda: len(opens(server)) == 2)


def test_expired_policies_can_go(server: FakeServer, tmp_path: Path) -> None:
    """With ``remove`` there is no policy any more; nobody counts that against a limit."""
    clock = Clock()
    settings = _settings("remove")._replace(limit=0)
    with watching(server, tmp_path, settings, ALONE._replace(now=clock)):
        server.wait_for(lambda: len(ours(server)) == 2)
        clock.skew = timedelta(hours=2)
        server.wait_for(lambda: len(ours(server)) == 1)
        assert server.find("accesses", "shop", "web-in")


def test_expired_policies_go_after_a_restart_too(server: FakeServer, tmp_path: Path) -> None:
    """Also where nothing else is wanted, and nothing may go of which the cause is not known."""
    server.remove("accesses", "shop", "for-ever")
    clock = Clock()
    settings = _settings("remove")._replace(limit=0)
    with watching(server, tmp_path, settings, ALONE._replace(now=clock)):
        server.wait_for(lambda: len(ours(server)) == 1)
    clock.skew = timedelta(hours=2)
    with watching(server, tmp_path, settings, ALONE._replace(now=clock)):
        server.wait_for(lambda: not ours(server))


def test_expired_resources_can_go(server: FakeServer, tmp_path: Path) -> None:
    """With ``delete`` the resource goes, after its policies, and nothing else does."""
    clock = Clock()
    with watching(server, tmp_path, _settings("delete"), ALONE._replace(now=clock)) as watch:
        server.wait_for(lambda: len(ours(server)) == 2)
        clock.skew = timedelta(hours=2)
        server.wait_for(lambda: server.find("accesses", "shop", "web-in") is None)
        assert server.find("accesses", "shop", "for-ever")
        gone = [each for each in server.requests if each.method == "DELETE"]
        assert ["networkpolicies" in each.path for each in gone] == [True, False]
        assert set(gone[1].json["preconditions"]) == {"uid", "resourceVersion"}
        assert "will bring it back" not in watch.log.getvalue()


def test_a_resource_stays_as_long_as_a_policy_of_it(server: FakeServer, tmp_path: Path) -> None:
    """What cannot be deleted keeps its cause."""
    clock = Clock()
    fault = server.fail(status(403), "DELETE", "networkpolicies", times=-1)
    with watching(server, tmp_path, _settings("delete"), ALONE._replace(now=clock)) as watch:
        server.wait_for(lambda: len(ours(server)) == 2)
        clock.skew = timedelta(hours=2)
        server.wait_for(lambda: fault.hits)
        watch.next_rounds(3)
        assert server.find("accesses", "shop", "web-in")
        fault.remove()
        server.wait_for(lambda: server.find("accesses", "shop", "web-in") is None)


def test_what_comes_back_is_warned_of(server: FakeServer, tmp_path: Path) -> None:
    """A tool that keeps the resource from a repository will make it anew."""
    server.add(ending(-5, **{"argocd.argoproj.io/tracking-id": "app:x"}))
    with watching(server, tmp_path, _settings("delete")) as watch:
        server.wait_for(lambda: server.find("accesses", "shop", "web-in") is None)
        assert "will bring it back" in watch.log.getvalue()
        assert "Argo CD" in watch.log.getvalue()


def test_a_resource_that_was_given_more_time_stays(server: FakeServer, tmp_path: Path) -> None:
    """Whoever is faster than the delete is heard."""
    clock = Clock()
    server.fail(
        lambda handler, request: (server.add(ending(36000)), handler.serve(request)), "DELETE", "/accesses/", times=1
    )
    with watching(server, tmp_path, _settings("delete"), ALONE._replace(now=clock)) as watch:
        server.wait_for(lambda: len(ours(server)) == 2)
        clock.skew = timedelta(hours=2)
        server.wait_for(lambda: "cannot delete a resource" in watch.log.getvalue())
        server.wait_for(lambda: len(opens(server)) == 2)
        assert server.find("accesses", "shop", "web-in")
