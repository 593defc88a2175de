"""The plugin under the kustomize in kubectl."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLE = Path(__file__).parents[2] / "functions" / "kustomize" / "example"
BIN = Path(sys.executable).parent


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment in which the plugin is installed."""
    env = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "KUSTOMIZE_PLUGIN_HOME": str(tmp_path / "plugins")}
    subprocess.run([BIN / "maxtac", "plugin", "install"], env=env, check=True, capture_output=True, timeout=60)
    return env


def built(program: list[str | Path], directory: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Build a kustomization with plugins."""
    command = [*program, "--enable-alpha-plugins", directory]
    return subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("name", ["kubectl", "kustomize"])
def test_both_call_the_plugin(part: Callable[[str], Path], environment: dict[str, str], name: str) -> None:
    program = [part(name), "kustomize" if name == "kubectl" else "build"]
    done = built(program, EXAMPLE / "kubectl", environment)
    assert done.returncode == 0, done.stderr
    kinds = [body["kind"] for body in yaml.safe_load_all(done.stdout)]
    assert sorted(kinds) == ["NetworkPolicy", "Service", "Service"]


def test_names_of_before_are_found(part: Callable[[str], Path], environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "over").mkdir()
    base = os.path.relpath(EXAMPLE / "kubectl", tmp_path / "over")
    fields = {"resources": [base], "namespace": "outer", "namePrefix": "o-", "transformers": ["render.yaml"]}
    (tmp_path / "over" / "kustomization.yaml").write_text(yaml.dump(fields))
    (tmp_path / "over" / "render.yaml").write_text((EXAMPLE / "kubectl" / "render.yaml").read_text())
    done = built([part("kubectl"), "kustomize"], tmp_path / "over", environment)
    assert done.returncode == 0, done.stderr
    (policy,) = [body for body in yaml.safe_load_all(done.stdout) if body["kind"] == "NetworkPolicy"]
    assert policy["metadata"]["annotations"]["render.maxtac.vtk.io/peer"] == "outer/o-web"


def test_an_error_fails_the_build(part: Callable[[str], Path], environment: dict[str, str], tmp_path: Path) -> None:
    for path in (EXAMPLE / "kubectl").iterdir():
        text = path.read_text().replace("../base", "base")
        (tmp_path / path.name).write_text(text)
    (tmp_path / "base").mkdir()
    for path in (EXAMPLE / "base").iterdir():
        (tmp_path / "base" / path.name).write_text(path.read_text().replace("serviceName: web", "serviceName: wbe"))
    done = built([part("kubectl"), "kustomize"], tmp_path, environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert "error[missing-target]: target shop/wbe not found" in done.stderr


def test_without_the_plugin_the_build_fails(part: Callable[[str], Path], tmp_path: Path) -> None:
    """It is not passed over, as a function is."""
    env = {**os.environ, "KUSTOMIZE_PLUGIN_HOME": str(tmp_path)}
    assert built([part("kubectl"), "kustomize"], EXAMPLE / "kubectl", env).returncode != 0


def test_a_function_is_passed_over_by_kubectl(part: Callable[[str], Path], environment: dict[str, str]) -> None:
    """Why there is a plugin: with an annotation about a function kubectl runs nothing, and ends with 0."""
    done = built([part("kubectl"), "kustomize"], EXAMPLE / "prod", environment)
    assert (done.returncode, "NetworkPolicy" in done.stdout) == (0, False)


def test_what_is_printed_can_be_applied(
    part: Callable[[str], Path], environment: dict[str, str], kubectl: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = built([part("kubectl"), "kustomize"], EXAMPLE / "kubectl", environment)
    kubectl("create", "namespace", "shop")
    applied = kubectl("apply", "-f", "-", stdin=done.stdout)
    assert applied.returncode == 0, applied.stderr
    assert "networkpolicy.networking.k8s.io/db-from-web--shop-db---web-shop-ing created" in applied.stdout
