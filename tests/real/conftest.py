"""The real parts as fixtures; every test in this folder is marked "real"."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from .control_plane import ControlPlane, control_plane

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
TOOLS = HERE.parents[1] / "tools"
NOT_IN_REGISTRIES = {"kubectl", "kpt"}
OPTIONAL = {"argocd", "flux", "helm3"}
"""What `make tools` leaves to whoever wants it."""


class Run(Protocol):
    """Runs a program to its end and returns its output."""

    def __call__(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.real)


@cache
def _path(name: str) -> Path | None:
    answer = subprocess.run(
        [TOOLS / "install", "--print", name], capture_output=True, text=True, check=False, timeout=60
    )
    return Path(answer.stdout.strip()) if answer.returncode == 0 else None


def _part(name: str) -> Path:
    """The path of a real part. Where it is missing the test is skipped, or with CI=true fails if it is not optional."""
    path = _path(name)
    if path is not None:
        return path
    if name in NOT_IN_REGISTRIES:
        pytest.skip(f"{name} is not on PATH, and no package registry has it, so `make tools` cannot install it")
    if name in OPTIONAL:
        pytest.skip(f"{name} is optional and not installed: run `tools/install {name}`")
    reason = f"{name} is not installed: run `make tools`"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def part() -> Callable[[str], Path]:
    """The function that gives the path of a real part: `part("kustomize")`."""
    return _part


@pytest.fixture(scope="session")
def versions() -> dict[str, str]:
    """The pinned versions of the parts, as tools/versions.env has them."""
    lines = (TOOLS / "versions.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


@pytest.fixture(scope="session", name="control_plane")
def _control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """An API server for the whole session; let every test create a namespace of its own."""
    with control_plane(_part, tmp_path_factory.mktemp("control-plane")) as plane:
        yield plane


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """An API server with the kinds of MaxTac for the whole session; not for tests that list all of the cluster."""
    with control_plane(_part, tmp_path_factory.mktemp("cluster")) as plane:
        plane.install_crds()
        yield plane


@pytest.fixture
def kubectl(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run kubectl as the administrator of the control plane: `kubectl("get", "ns")`."""
    program = _part("kubectl")
    cache = tmp_path_factory.mktemp("kubectl-cache")  # what an earlier test discovered may have changed

    def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = [str(program), f"--kubeconfig={control_plane.kubeconfig}", f"--cache-dir={cache}", *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=120)

    return run
