"""``maxtac apply`` and ``maxtac adopt`` against a real API server: what they write is what it keeps."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable

    from .control_plane import ControlPlane

WITHIN = 120.0
POLICY = "{}--{}-web---cart-{}-ing"
SERVICE = """
apiVersion: v1
kind: Service
metadata: {{name: {0}, namespace: {1}, labels: {{app: {0}}}}}
spec: {{selector: {{app: {0}}}, ports: [{{port: {2}}}]}}
---
"""
ACCESS = """
apiVersion: maxtac.vtk.io/v1alpha1
kind: Access
metadata: {{name: {0}, namespace: {1}}}
spec:
  serviceSelector: {{matchLabels: {{app: web}}}}
  direction: ingress
  targets: [{{serviceName: cart, namespace: {1}}}]
---
"""


class Place:
    """A namespace of a real cluster, a working directory, and what is run there."""

    def __init__(self, plane: ControlPlane, directory: Path, namespace: str = "") -> None:
        self.plane = plane
        self.directory = directory
        self.namespace = namespace or plane.new_namespace()

    def write(self, *names: str, port: int = 80) -> None:
        """Write a file that asks for one policy for each name."""
        text = SERVICE.format("web", self.namespace, port) + SERVICE.format("cart", self.namespace, port)
        text += "".join(ACCESS.format(name, self.namespace) for name in names)
        (self.directory / "all.yaml").write_text(text)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the program."""
        command = [sys.executable, "-m", "maxtac_render", *arguments]
        environment = {**os.environ, "KUBECONFIG": str(self.plane.kubeconfig)}
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, cwd=self.directory, env=environment, **pipes)

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Run the program: exit code, output, and what it says besides."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=WITHIN)
        return process.returncode, out, err

    def apply(self, *arguments: str) -> list[str]:
        """Apply the file, which ends well; what became of each policy."""
        code, out, err = self.run("apply", "all.yaml", "--set", self.namespace, *arguments)
        assert code == 0, err
        return [line.split()[1] for line in out.splitlines()]

    def name(self, name: str) -> str:
        """The name of the policy that a resource asks for."""
        return POLICY.format(name, self.namespace, self.namespace)

    def path(self, name: str = "") -> str:
        """Where a policy is, or all are."""
        path = f"/apis/networking.k8s.io/v1/namespaces/{self.namespace}/networkpolicies"
        return f"{path}/{self.name(name)}" if name else path

    def policies(self) -> dict[str, dict[str, Any]]:
        """The policies of the namespace."""
        return {each["metadata"]["name"]: each for each in self.plane.request("GET", self.path()).json()["items"]}

    def install(self) -> None:
        """Create the Services in the cluster, too."""
        for body in yaml.safe_load_all((self.directory / "all.yaml").read_text()):
            if body and body["kind"] == "Service":
                answer = self.plane.request("POST", f"/api/v1/namespaces/{self.namespace}/services", body)
                assert answer.status == 201, answer.text

    def diff(self) -> tuple[int, str]:
        """What would still be different."""
        code, out, err = self.run("diff", "all.yaml", "--set", self.namespace, "-n", self.namespace)
        assert code != 2, err
        return code, out


@pytest.fixture(name="place")
def _place(cluster: ControlPlane, tmp_path: Path) -> Place:
    return Place(cluster, tmp_path)


def test_a_set_comes_changes_and_goes(place: Place) -> None:
    """Create, patch and delete as the server takes them; a second run sends nothing, and nothing differs."""
    place.write("a", "b")
    place.install()
    assert place.apply("--dry-run=server") == ["created"] * 2
    assert not place.policies()
    assert place.diff()[0] == 1
    assert place.apply() == ["created"] * 2
    before = place.policies()
    assert place.diff() == (0, "")
    assert place.apply() == ["unchanged"] * 2
    assert place.policies() == before
    place.write("a", "c", port=81)
    assert sorted(place.apply("--dry-run=server")) == ["configured", "created", "pruned"]
    assert place.policies() == before
    assert sorted(place.apply()) == ["configured", "created", "pruned"]
    assert set(place.policies()) == {place.name("a"), place.name("c")}
    place.write()
    assert place.apply("--allow-empty") == ["pruned"] * 2
    assert not place.policies()


def test_what_somebody_did_to_a_policy_is_taken_back_and_their_marks_stay(place: Place) -> None:
    """The whole spec is ours; labels and annotations of others are not."""
    place.write("a")
    place.apply()
    spec = place.policies()[place.name("a")]["spec"]
    drift = {
        "metadata": {"labels": {"team": "red"}, "annotations": {"example.com/note": "yes"}},
        "spec": {"ingress": [{}], "egress": [{}], "policyTypes": ["Ingress", "Egress"]},
    }
    answer = place.plane.request("PATCH", place.path("a"), drift, "application/merge-patch+json")
    assert answer.status == 200, answer.text
    assert place.apply() == ["configured"]
    body = place.policies()[place.name("a")]
    assert body["spec"] == spec
    assert body["metadata"]["labels"]["team"] == "red"
    assert body["metadata"]["annotations"]["example.com/note"] == "yes"
    assert place.apply() == ["unchanged"]


def test_policies_of_others_stay_until_they_are_adopted(place: Place) -> None:
    """kubectl's, another set's and the controller's; owner references go, so that no policy goes with its owner."""
    place.write("a", "b")
    labels = {"maxtac.vtk.io.access/owner": "a"}
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "00000000-0000-0000-0000-000000000001"}
    for name, metadata in (("a", {"labels": labels, "ownerReferences": [owner]}), ("b", {})):
        given = {"name": place.name(name), **metadata}
        body = {"metadata": given, "spec": {"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [{}]}}
        answer = place.plane.request("POST", place.path(), body)
        assert answer.status == 201, answer.text
    before = place.policies()
    code, _, err = place.run("apply", "all.yaml", "--set", place.namespace)
    assert code == 1
    assert "the MaxTac controller's" in err
    assert "is not ours" in err
    assert place.policies() == before
    code, out, err = place.run("adopt", "all.yaml", "--set", place.namespace)
    assert (code, out) == (1, "")
    assert place.policies() == before
    code, out, err = place.run("adopt", "all.yaml", "--set", place.namespace, "--yes", "-o", "json")
    assert code == 0, err
    assert json.loads(out)["summary"] == {"adopted": 2}
    assert place.apply() == ["unchanged"] * 2
    assert all("ownerReferences" not in each["metadata"] for each in place.policies().values())


def test_what_kubectl_applied_of_the_same_set_is_kubectl_s(place: Place, part: Callable[[str], Path]) -> None:
    """It is rendered by us, and not ours to write."""
    place.write("a")
    rendered = place.run("render", "all.yaml", "--set", place.namespace)[1]
    kubectl = [part("kubectl"), f"--kubeconfig={place.plane.kubeconfig}", f"--cache-dir={place.directory}/cache"]
    done = subprocess.run([*kubectl, "apply", "-f", "-"], input=rendered, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    place.write("a", "b", port=81)
    before = place.policies()
    code, out, err = place.run("apply", "all.yaml", "--set", place.namespace)
    assert code == 1
    assert "ours, of this set, but written by kubectl; left as it is" in err
    assert out.split()[:2] == [f"networkpolicy.networking.k8s.io/{place.name('b')}", "created"]
    assert place.policies()[place.name("a")] == before[place.name("a")]


def test_a_user_with_one_namespace_is_enough(place: Place) -> None:
    """A Role for one namespace, and no more."""
    verbs = ["get", "list", "create", "patch", "delete"]
    rule = {"apiGroups": ["networking.k8s.io"], "resources": ["networkpolicies"], "verbs": verbs}
    limited = place.plane.user(place.namespace, rule, everywhere=False)
    own = Place(limited, place.directory, place.namespace)
    own.write("a")
    code, _, err = own.run("apply", "all.yaml", "--set", "x")
    assert code == 2
    assert "no permission to list networkpolicies.networking.k8s.io" in err
    assert own.apply("-n", place.namespace) == ["created"]
    own.write()
    assert own.apply("-n", place.namespace, "--allow-empty") == ["pruned"]


def test_what_the_server_does_not_take_is_told_and_the_rest_is_done(place: Place) -> None:
    """Here a namespace that there is not."""
    place.write("a")
    there = "".join(SERVICE.format(name, "nowhere", 80) for name in ("web", "cart")) + ACCESS.format("b", "nowhere")
    with (place.directory / "all.yaml").open("a") as file:
        file.write(there)
    code, out, err = place.run("apply", "all.yaml", "--set", place.namespace)
    assert code == 1
    assert f"{place.name('a')} created" in out
    assert 'not written: namespaces "nowhere" not found' in err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_whoever_is_ended_leaves_what_the_next_run_ends(place: Place, number: signal.Signals) -> None:
    """SIGTERM tells what was done; SIGKILL tells nothing; the next run makes the rest either way."""
    names = [f"a{number:03}" for number in range(400)]
    place.write(*names)
    process = place.start("apply", "all.yaml", "--set", place.namespace, "--concurrency", "2", "-o", "json")
    _until(lambda: len(place.policies()) > 20, process)
    process.send_signal(number)
    out, err = process.communicate(timeout=WITHIN)
    there = set(place.policies())
    assert 20 < len(there) < 400
    if number is signal.SIGTERM:
        assert process.returncode == 143, err
        told = json.loads(out)["policies"]
        assert {each["name"] for each in told if each["result"] == "created"} == there
    assert sorted(place.apply()).count("created") == 400 - len(there)
    assert place.apply() == ["unchanged"] * 400


def test_a_server_that_is_killed_and_started_again_loses_nothing(place: Place) -> None:
    """Every policy is made, and every outcome is told."""
    names = [f"a{number:03}" for number in range(400)]
    place.write(*names)
    process = place.start("apply", "all.yaml", "--set", place.namespace, "--concurrency", "2")
    _until(lambda: len(place.policies()) > 20, process)
    place.plane.program.kill()
    back = threading.Timer(1.0, place.plane.start)
    back.start()
    out, err = process.communicate(timeout=WITHIN)
    back.join()
    assert process.returncode == 0, err
    assert out.count(" created ") == len(place.policies()) == 400
    assert place.apply() == ["unchanged"] * 400


def _until(condition: Any, process: subprocess.Popen[str]) -> None:
    """Wait for a condition while a process runs."""
    deadline = time.monotonic() + WITHIN
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
