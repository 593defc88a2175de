"""What the compiler writes, a real API server takes: every golden case, hostile ones among them, and README's pipe."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from .test_control_plane import VALIDATE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .conftest import Run
    from .control_plane import ControlPlane

TESTDATA = Path(__file__).parents[2] / "testdata"
RENDERED = sorted(TESTDATA.glob("cases/*/expected/networkpolicy.yaml"))
POLICIES = "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies"


def make_namespaces(control_plane: ControlPlane, names: Iterable[str]) -> None:
    """Create the namespaces that do not exist yet."""
    for name in sorted(set(names)):
        answer = control_plane.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        assert answer.status in (201, 409), answer.text


def rendered(path: Path) -> list[dict[str, Any]]:
    """The policies in a file."""
    return [body for body in yaml.safe_load_all(path.read_text()) if body]


def test_the_server_takes_the_policies_of_every_case(control_plane: ControlPlane) -> None:
    """No case renders anything that validation refuses or warns of, field by field."""
    cases = {path.parents[1].name: rendered(path) for path in RENDERED}
    make_namespaces(control_plane, (body["metadata"]["namespace"] for bodies in cases.values() for body in bodies))
    refused = {}
    for case, bodies in cases.items():
        for body in bodies:
            path = POLICIES.format(body["metadata"]["namespace"]) + "?dryRun=All&fieldValidation=Strict"
            answer = control_plane.request("POST", path, body)
            if answer.status != 201:
                refused[case, body["metadata"]["name"]] = answer.text
            else:
                assert answer.json()["spec"] == body["spec"], f"{case}: the server has nothing to add"
    assert not refused
    assert len(cases) > 20


def render(*args: str) -> str:
    """The output of ``maxtac render``."""
    command = [sys.executable, "-m", "maxtac_render", "render", *args]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("compat", ["readme", "controller"])
def test_kubectl_takes_the_walkthrough(control_plane: ControlPlane, kubectl: Run, compat: str) -> None:
    """As a user would pipe it, with strict validation."""
    make_namespaces(control_plane, ("ombi", "zitadel"))
    answer = kubectl(*VALIDATE, stdin=render(str(TESTDATA / "walkthrough"), "--compat", compat))
    assert answer.returncode == 0, answer.stderr
    assert len(answer.stdout.splitlines()) == 10


def test_a_second_apply_changes_nothing(control_plane: ControlPlane, kubectl: Run) -> None:
    """README's pipe into the cluster: once it writes, and then there is nothing left to do."""
    make_namespaces(control_plane, ("ombi", "zitadel"))
    text = render(str(TESTDATA / "walkthrough"))
    apply = ("apply", "--server-side", "--field-manager=maxtac-render", "-f", "-")
    assert kubectl(*apply, stdin=text).returncode == 0
    before = kubectl("get", "networkpolicy", "-A", "-o", "yaml").stdout
    assert kubectl(*apply, stdin=text).returncode == 0
    assert kubectl("get", "networkpolicy", "-A", "-o", "yaml").stdout == before
    assert kubectl("diff", "--server-side", "--field-manager=maxtac-render", "-f", "-", stdin=text).returncode == 0
