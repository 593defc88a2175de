"""One of several replicas leads, and it knows when it must not any more."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from live.fake import FakeServer, drop, hang, html, reset, status
from maxtac_render.live import access
from maxtac_render.live.client import Client
from maxtac_render.live.lease import Elector, Terms

TERMS = Terms(duration=1.0, renew=0.6, retry=0.05)
PLACE = ("system", "maxtac-render")


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """A server with a namespace for the Lease."""
    with FakeServer() as fake:
        fake.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "system"}})
        yield fake


class Replica:
    """One that wants to lead."""

    def __init__(self, server: FakeServer, directory: Path, name: str) -> None:
        self.client = Client(access.load(access.Choice(str(server.kubeconfig(directory)))), timeout=TERMS.renew / 2)
        self.elector = Elector(self.client, PLACE, name, TERMS)
        self.won, self.lost, self.stop = threading.Event(), threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self.elector.run, args=(self.stop, self.won.set, self.lost.set))

    def __enter__(self) -> Replica:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.die()
        assert not self.thread.is_alive()

    def die(self) -> None:
        """End without a word."""
        self.stop.set()
        self.client.close()
        self.thread.join(30)


def _spec(server: FakeServer) -> dict[str, Any]:
    lease = server.find("leases", *PLACE)
    assert lease is not None
    spec: dict[str, Any] = lease["spec"]
    return spec


def test_the_first_leads_and_renews(server: FakeServer, tmp_path: Path) -> None:
    """Where there is no Lease it is made, and then renewed."""
    with Replica(server, tmp_path, "a") as one:
        assert one.won.wait(30)
        first = _spec(server)
        assert first["holderIdentity"] == "a"
        assert first["leaseTransitions"] == 0
        server.wait_for(lambda: _spec(server)["renewTime"] != first["renewTime"])
        assert _spec(server)["acquireTime"] == first["acquireTime"]
        assert one.elector.leads()


def test_a_lease_is_taken_over_when_nobody_renews_it(server: FakeServer, tmp_path: Path) -> None:
    """The second waits as long as the Lease lasts, before its own eyes, and counts the change."""
    with Replica(server, tmp_path, "a") as one:
        assert one.won.wait(30)
        with Replica(server, tmp_path, "b") as two:
            server.wait_for(lambda: two.elector.holder == "a")
            assert not two.won.is_set()
            one.die()
            assert two.won.wait(30)
            assert not one.elector.leads(), "never two at a time"
            assert _spec(server)["holderIdentity"] == "b"
            assert _spec(server)["leaseTransitions"] == 1


def test_what_another_clock_says_counts_for_nothing(server: FakeServer, tmp_path: Path) -> None:
    """A time of renewal in the distant past or future neither frees a Lease nor keeps it."""
    for moment in ("1999-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z"):
        spec = {"holderIdentity": "x", "leaseDurationSeconds": 1, "renewTime": moment, "leaseTransitions": 4}
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "spec": spec}
        server.add({**lease, "metadata": {"name": PLACE[1], "namespace": PLACE[0]}})
        begun = time.monotonic()
        with Replica(server, tmp_path, "a") as one:
            assert one.won.wait(30)
            assert time.monotonic() - begun >= 0.9
            assert _spec(server)["leaseTransitions"] == 5


def test_whoever_sees_the_lease_with_another_leads_no_more(server: FakeServer, tmp_path: Path) -> None:
    """At once, and not when it would have run out: somebody may have deleted it, and the other have made a new one."""
    client = Client(access.load(access.Choice(str(server.kubeconfig(tmp_path)))))
    elector = Elector(client, PLACE, "a", Terms(duration=90, renew=60))
    elector.attempt()
    assert elector.leads()
    server.change("leases", *PLACE, spec={"holderIdentity": "b"})
    elector.attempt()
    assert (elector.leads(), elector.holder) == (False, "b")
    client.close()


def test_a_lease_that_was_given_back_is_free_at_once(server: FakeServer, tmp_path: Path) -> None:
    """Who stops in order makes nobody wait."""
    with Replica(server, tmp_path, "a") as one:
        assert one.won.wait(30)
        one.stop.set()
        one.thread.join(30)
        one.elector.release()
        assert _spec(server)["holderIdentity"] == ""
        assert not one.elector.leads()
        with Replica(server, tmp_path, "b") as two:
            assert two.won.wait(30)
            assert _spec(server)["leaseTransitions"] == 1


def test_only_ones_own_lease_is_given_back(server: FakeServer, tmp_path: Path) -> None:
    """Another's stays as it is."""
    with Replica(server, tmp_path, "a") as one:
        assert one.won.wait(30)
        one.stop.set()
        one.thread.join(30)
        server.change("leases", *PLACE, spec={"holderIdentity": "b"})
        one.elector.release()
        assert _spec(server)["holderIdentity"] == "b"


FAULTS = {
    "reset": reset(),
    "hang": hang(),
    "gateway": html(502),
    "too many": status(429, retry_after=1),
    "conflict": status(409),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_goes_wrong_is_no_renewal(fault: str, server: FakeServer, tmp_path: Path) -> None:
    """In time, before another may take over, the leader knows that it leads no more."""
    with Replica(server, tmp_path, "a") as one:
        assert one.won.wait(30)
        server.fail(FAULTS[fault], path="leases", times=-1)
        assert one.lost.wait(30)
        assert not one.elector.leads()
        assert one.elector.trouble
        assert not one.thread.is_alive() or one.thread.join(30) is None


def test_a_leader_whose_lease_is_taken_leads_no_more(server: FakeServer, tmp_path: Path) -> None:
    """Somebody else's name in the Lease is the end."""
    with Replica(server, tmp_path, "a") as one:
        assert one.won.wait(30)
        server.change("leases", *PLACE, spec={"holderIdentity": "b"})
        assert one.lost.wait(30)
        assert one.elector.holder == "b"


def test_one_fault_is_not_the_end(server: FakeServer, tmp_path: Path) -> None:
    """A renewal that failed is tried again, also one whose answer was lost."""
    with Replica(server, tmp_path, "a") as one:
        assert one.won.wait(30)
        for fault in (reset(), drop(), status(500)):
            server.fail(fault, method="PUT", path="leases", times=2)
            before = _spec(server)["renewTime"]
            server.wait_for(lambda before=before: _spec(server)["renewTime"] != before)
        assert one.elector.leads()
        assert not one.lost.is_set()


def test_without_permission_nobody_leads(server: FakeServer, tmp_path: Path) -> None:
    """It says why."""
    server.forbid("get", "leases")
    with Replica(server, tmp_path, "a") as one:
        server.wait_for(lambda: "403" in one.elector.trouble)
        assert not one.won.is_set()


def test_of_many_at_most_one_writes(server: FakeServer, tmp_path: Path) -> None:
    """However leaders come and go, no two think at the same time that they lead."""
    replicas = [Replica(server, tmp_path, name) for name in "abcd"]
    for each in replicas:
        each.thread.start()
    try:
        ended = time.monotonic() + 6
        while time.monotonic() < ended:
            leading = [each for each in replicas if each.elector.leads()]
            again = [each for each in leading if each.elector.leads()]
            assert len(again) <= 1
            if again and len(replicas) > 1 and time.monotonic() > ended - 3:
                again[0].die()
                replicas.remove(again[0])
            time.sleep(0.001)
    finally:
        for each in replicas:
            each.die()
