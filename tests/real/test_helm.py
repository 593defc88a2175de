"""Helm itself calls the post-renderer, in both of its forms, and installs what comes out into an API server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable

    from .control_plane import ControlPlane

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="without /proc, findings need a terminal")

PROJECT = Path(__file__).parents[2]
HELM = PROJECT / "functions" / "helm"
EXAMPLE = HELM / "example"
COMMANDS = re.findall(r"^\$ (.*)$", (HELM / "README.md").read_text(), re.MULTILINE)
TILL = """\
apiVersion: v1
kind: Service
metadata: {name: till, namespace: bank}
spec: {selector: {app: till}, ports: [{port: 80}]}
"""
MAXTAC = f'#!/bin/sh\nexec "{sys.executable}" -P -m maxtac_render "$@"\n'


class Helm(NamedTuple):
    """One version of Helm, a home of its own, and how it is told to call the post-renderer."""

    post_renderer: str
    environment: dict[str, str]

    def run(self, *command: str, cwd: Path = PROJECT) -> subprocess.CompletedProcess[str]:
        """Run a command; ``helm`` is this version, and ``maxtac`` the program under test."""
        return subprocess.run(
            command, cwd=cwd, env=self.environment, capture_output=True, text=True, check=False, timeout=120
        )

    def render(self, verb: str, chart: Path, namespace: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Install, upgrade or template a release with the post-renderer and arguments for it."""
        given = [f"--post-renderer-args={argument}" for argument in arguments]
        return self.run("helm", verb, "r1", str(chart), "-n", namespace, "--post-renderer", self.post_renderer, *given)


@pytest.fixture(params=["helm", "helm3"])
def helm(request: pytest.FixtureRequest, part: Callable[[str], Path], tmp_path: Path) -> Helm:
    """Each Helm in turn, with the plugin in its home."""
    program, folder = part(request.param), tmp_path / "bin"
    folder.mkdir()
    (folder / "maxtac").write_text(MAXTAC)
    (folder / "maxtac").chmod(0o755)
    (folder / "helm").symlink_to(program)
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(tmp_path / "home")}
    if request.param == "helm3":
        return Helm(str(HELM / "maxtac" / "post-render"), environment)
    helm = Helm("maxtac", environment)
    assert helm.run("helm", "plugin", "install", str(HELM / "maxtac")).returncode == 0
    return helm


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    """A copy of the example that a test may change."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "chart"))


def edit(chart: Path, old: str, new: str) -> None:
    """Change the intents of a chart."""
    intents = chart / "templates" / "intents.yaml"
    text = intents.read_text()
    assert old in text
    intents.write_text(text.replace(old, new))


def objects(text: str) -> dict[tuple[str, str], Any]:
    """The objects of a stream by kind and name."""
    bodies = [body for body in yaml.safe_load_all(text) if body]
    found = {(body["kind"], body["metadata"]["name"]): body for body in bodies}
    assert len(found) == len(bodies)
    return found


def test_a_release_has_its_policies_and_loses_its_intents(helm: Helm) -> None:
    """All else is what Helm alone makes of the chart."""
    alone = objects(helm.run("helm", "template", "r1", str(EXAMPLE), "-n", "demo").stdout)
    done = helm.render("template", EXAMPLE, "demo", "--namespace=demo")
    assert done.returncode == 0, done.stderr
    release = objects(done.stdout)
    policies = {key: body for key, body in release.items() if key[0] == "NetworkPolicy"}
    assert [(name, body["metadata"]["namespace"]) for (_, name), body in policies.items()] == [
        ("r1-cart-reads--demo-r1-web---r1-cart-demo-ing", "demo")
    ]
    others = {key: body for key, body in release.items() if key not in policies}
    assert others == {key: body for key, body in alone.items() if key[0] != "Access"}
    assert ("Pod", "r1-test") in others


def test_a_release_without_a_namespace_fails_and_says_why(helm: Helm) -> None:
    """In words of ours beside Helm's own."""
    done = helm.render("template", EXAMPLE, "demo")
    assert (done.returncode, done.stdout) == (1, "")
    assert "error[missing-namespace]: no namespace; object left out" in done.stderr
    assert "Error: error while running post render on files" in done.stderr


def test_a_namespace_in_the_templates_is_as_good(helm: Helm, chart: Path) -> None:
    """It cannot be forgotten, and not be another one than the release's."""
    for template in (chart / "templates").glob("*.yaml"):
        text = template.read_text()
        template.write_text(text.replace("\nmetadata:\n", "\nmetadata:\n  namespace: {{ .Release.Namespace }}\n"))
    done = helm.render("template", chart, "demo")
    assert done.returncode == 0, done.stderr
    assert ("NetworkPolicy", "r1-cart-reads--demo-r1-web---r1-cart-demo-ing") in objects(done.stdout)


def test_a_target_of_another_release_comes_from_a_source_beside(helm: Helm, chart: Path, tmp_path: Path) -> None:
    """Which is read and does not come out again; without it the release fails, and the findings may go into a file."""
    edit(chart, "{{ .Release.Name }}-cart\n      namespace: {{ .Release.Namespace }}", "till\n      namespace: bank")
    findings = tmp_path / "findings.txt"
    done = helm.render("template", chart, "demo", "--namespace=demo", f"--report=text={findings}")
    assert (done.returncode, done.stdout) == (1, "")
    assert "error[missing-target]: target bank/till not found" in findings.read_text()
    (tmp_path / "till.yaml").write_text(TILL)
    done = helm.render("template", chart, "demo", "--namespace=demo", str(tmp_path / "till.yaml"))
    assert done.returncode == 0, done.stderr
    assert ("NetworkPolicy", "r1-cart-reads--demo-r1-web---till-bank-ing") in objects(done.stdout)
    assert ("Service", "till") not in objects(done.stdout)


def test_a_policy_that_the_chart_has_rendered_already_is_replaced(helm: Helm, chart: Path) -> None:
    """And one that somebody else has written under that name is an error."""
    first = objects(helm.render("template", chart, "demo", "--namespace=demo").stdout)
    (policy,) = (body for (kind, _), body in first.items() if kind == "NetworkPolicy")
    (chart / "templates" / "policy.yaml").write_text(yaml.safe_dump(policy))
    done = helm.render("template", chart, "demo", "--namespace=demo")
    assert (done.returncode, objects(done.stdout)) == (0, first), done.stderr
    del policy["metadata"]["labels"], policy["metadata"]["annotations"]
    (chart / "templates" / "policy.yaml").write_text(yaml.safe_dump(policy))
    done = helm.render("template", chart, "demo", "--namespace=demo")
    assert done.returncode == 1
    assert "error[policy-taken]" in done.stderr


def test_a_release_lives(helm: Helm, chart: Path, control_plane: ControlPlane) -> None:
    """Installed, upgraded and removed, in a cluster that knows no intents."""
    helm.environment["KUBECONFIG"] = str(control_plane.kubeconfig)
    namespace = control_plane.new_namespace()
    name = f"r1-cart-reads--{namespace}-r1-web---r1-cart-{namespace}"

    def policies() -> list[str]:
        path = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies"
        return [item["metadata"]["name"] for item in control_plane.request("GET", path).json()["items"]]

    done = helm.render("install", chart, namespace, f"--namespace={namespace}")
    assert (done.returncode, policies()) == (0, [f"{name}-ing"]), done.stderr
    edit(chart, "direction: ingress", "direction: egress")
    done = helm.render("upgrade", chart, namespace, f"--namespace={namespace}")
    assert (done.returncode, policies()) == (0, [f"{name}-egr"]), done.stderr
    assert "warning[egress-without-dns]" in done.stderr
    forgotten = helm.run("helm", "upgrade", "r1", str(chart), "-n", namespace)
    assert (forgotten.returncode, policies()) == (1, [f"{name}-egr"])
    assert 'no matches for kind "Access"' in forgotten.stderr
    edit(chart, '"true"', '"false"')
    assert helm.render("upgrade", chart, namespace, f"--namespace={namespace}").returncode == 1
    done = helm.render("upgrade", chart, namespace, f"--namespace={namespace}", "--intents=drop")
    assert (done.returncode, policies()) == (0, [f"{name}-egr"]), done.stderr
    assert helm.run("helm", "uninstall", "r1", "-n", namespace).returncode == 0
    assert policies() == []


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_of_the_page_run(helm: Helm, command: str) -> None:
    """Each with the Helm that it is for."""
    third = helm.post_renderer != "maxtac"
    if ("plugin" in command or "--post-renderer maxtac " in command) if third else "post-render " in command:
        pytest.skip("it is for the other Helm")
    if "plugin install" in command:
        assert helm.run("helm", "plugin", "uninstall", "maxtac").returncode == 0
    done = helm.run("bash", "-c", command)
    assert done.returncode == 0, done.stderr
    assert "plugin install" in command or "kind: NetworkPolicy" in done.stdout
