"""``maxtac watch`` as a program, with a real API server that comes and goes."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from .control_plane import ControlPlane, control_plane, free_ports

LIMIT = 60.0
"""Seconds after which a wait has failed."""
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
POLICIES = "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies"


@pytest.fixture(scope="module", name="plane")
def _plane(part: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A server of our own, with the CRDs: it is killed."""
    with control_plane(part, tmp_path_factory.mktemp("watched")) as plane:
        plane.install_crds()
        yield plane


class Program:
    """A watch as a process."""

    def __init__(self, plane: ControlPlane, namespace: str, log: Path) -> None:
        self.log = log
        health, numbers = free_ports(2)
        self.ports = {"health": health, "metrics": numbers}
        command = [sys.executable, "-m", "maxtac_render", "watch", "--set", "it", "--no-config", "-n", namespace]
        command += [f"--kubeconfig={plane.kubeconfig}", f"--lease-namespace={namespace}", "--log-format=json"]
        command += [f"--health-address=127.0.0.1:{health}", f"--metrics-address=127.0.0.1:{numbers}"]
        with log.open("ab") as stderr:
            self.process = subprocess.Popen(command, stderr=stderr)

    def get(self, which: str, path: str) -> tuple[int, str]:
        """What it answers; 0 where it does not."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[which], timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return 0, ""
        finally:
            connection.close()

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, and give the exit code."""
        self.process.send_signal(number)
        return self.process.wait(LIMIT)


@contextmanager
def running(plane: ControlPlane, namespace: str, log: Path) -> Iterator[Program]:
    """A watch that is ended for certain."""
    program = Program(plane, namespace, log)
    try:
        yield program
    finally:
        with suppress(ProcessLookupError):
            program.process.kill()
        program.process.wait(LIMIT)


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, f"not within {LIMIT:.0f} s: {what}"
        time.sleep(0.05)


def put(plane: ControlPlane, path: str, body: dict[str, Any]) -> None:
    """Create an object."""
    assert plane.request("POST", path, body).status == 201


def names(plane: ControlPlane, namespace: str) -> set[str]:
    """The policies in a namespace."""
    return {each["metadata"]["name"] for each in plane.request("GET", POLICIES.format(namespace)).json()["items"]}


def service(name: str, namespace: str) -> dict[str, Any]:
    """A Service."""
    metadata = {"name": name, "namespace": namespace, "labels": {"net": "yes"}}
    spec = {"selector": {"app": name}, "ports": [{"port": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def fill(plane: ControlPlane, namespace: str, count: int) -> set[str]:
    """Services, and an Access for all of them to the first; returns the policies that it asks for."""
    for number in range(count):
        put(plane, f"/api/v1/namespaces/{namespace}/services", service(f"s{number}", namespace))
    metadata = {"name": "in", "namespace": namespace}
    spec = {
        "serviceSelector": {"matchLabels": {"net": "yes"}},
        "direction": "ingress",
        "targets": [{"serviceName": "s0", "namespace": namespace}],
    }
    access = {"apiVersion": "maxtac.vtk.io/v1alpha1", "kind": "Access", "metadata": metadata, "spec": spec}
    put(plane, f"/apis/maxtac.vtk.io/v1alpha1/namespaces/{namespace}/accesses", access)
    return {policy_of(number, namespace) for number in range(count)}


def policy_of(number: int, namespace: str) -> str:
    """The name of a Service's policy."""
    return f"in--{namespace}-s{number}---s0-{namespace}-ing"


def test_a_life(plane: ControlPlane, tmp_path: Path) -> None:
    """It becomes ready, follows what changes, writes nothing when nothing does, survives its server, and ends."""
    namespace = plane.new_namespace()
    wanted = fill(plane, namespace, 3)
    with running(plane, namespace, tmp_path / "log") as program:
        wait_for(lambda: names(plane, namespace) == wanted, "the policies")
        wait_for(lambda: program.get("health", "/readyz")[0] == 200, "readiness")
        assert program.get("health", "/healthz") == (200, "ok\n")
        assert "maxtac_leader 1\n" in program.get("metrics", "/metrics")[1]
        put(plane, f"/api/v1/namespaces/{namespace}/services", service("s3", namespace))
        wanted.add(policy_of(3, namespace))
        wait_for(lambda: names(plane, namespace) == wanted, "another policy")
        plane.program.kill()
        time.sleep(1)
        plane.start()
        plane.request("DELETE", f"/api/v1/namespaces/{namespace}/services/s1")
        wanted.remove(policy_of(1, namespace))
        wait_for(lambda: names(plane, namespace) == wanted, "a policy that goes, after the server was killed")
        versions = _versions(plane, namespace)
        time.sleep(2)
        assert _versions(plane, namespace) == versions
        assert program.end() == 0
    lease = plane.request("GET", f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/maxtac-render-it").json()
    assert lease["spec"]["holderIdentity"] == ""
    assert names(plane, namespace) == wanted


def _versions(plane: ControlPlane, namespace: str) -> list[str]:
    paths = (POLICIES, "/apis/maxtac.vtk.io/v1alpha1/namespaces/{}/accesses")
    lists = [plane.request("GET", path.format(namespace)).json()["items"] for path in paths]
    return [each["metadata"]["resourceVersion"] for items in lists for each in items]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["term", "kill"])
def test_an_end_in_the_middle(number: int, plane: ControlPlane, tmp_path: Path) -> None:
    """Whoever comes next finishes; a Lease that was not given back is taken over."""
    namespace = plane.new_namespace()
    wanted = fill(plane, namespace, 150)
    with running(plane, namespace, tmp_path / "first") as program:
        wait_for(lambda: names(plane, namespace), "the first policies")
        code = program.end(number)
        assert code == (0 if number == signal.SIGTERM else -number)
    assert names(plane, namespace) <= wanted
    with running(plane, namespace, tmp_path / "second"):
        wait_for(lambda: names(plane, namespace) == wanted, "all policies")


def test_a_kind_that_is_deleted_keeps_its_policies(plane: ControlPlane, tmp_path: Path) -> None:
    """The server deletes the resources first, and the kind then; a policy of one that was deleted by itself goes."""
    namespace = plane.new_namespace()
    wanted = fill(plane, namespace, 30)
    with running(plane, namespace, tmp_path / "log") as program:
        wait_for(lambda: names(plane, namespace) == wanted, "the policies")
        plane.request("DELETE", f"{CRDS}/accesses.maxtac.vtk.io")
        blocked = 'maxtac_prune_blocked{reason="missing-kind"} 30\n'
        wait_for(lambda: blocked in program.get("metrics", "/metrics")[1], "deletes that are held back")
        wait_for(lambda: 'maxtac_synced{kind="Access"} 0\n' in program.get("metrics", "/metrics")[1], "no such kind")
        time.sleep(2)
        assert names(plane, namespace) == wanted


def test_a_way_that_leads_nowhere(tmp_path: Path) -> None:
    """Without a cluster the exit code is 2, and one line says why."""
    command = [sys.executable, "-m", "maxtac_render", "watch", "--set", "it", "--no-config"]
    environment = {**os.environ, "KUBECONFIG": str(tmp_path / "none")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT, env=environment)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
