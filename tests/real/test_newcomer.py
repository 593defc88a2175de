"""A newcomer's first minutes: a clean clone, and the ways README gives to install the program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


def run(*command: str, cwd: Path, **environment: str) -> str:
    """What a command prints; it must succeed."""
    env = {**os.environ, **environment}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as Git has it, with what is not committed yet."""
    copy = tmp_path_factory.mktemp("newcomer") / "maxtac-render"
    run("git", "clone", "--quiet", str(PROJECT), str(copy), cwd=PROJECT)
    changed = run("git", "ls-files", "--modified", "--others", "--exclude-standard", "-z", cwd=PROJECT)
    for name in filter(None, changed.split("\0")):
        if (PROJECT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((PROJECT / name).read_bytes())
    return copy


def test_make_demo_installs_and_renders_the_walkthrough(clone: Path) -> None:
    """One command on a fresh machine ends with the table of the ten policies."""
    printed = run("make", "demo", f"PYTHON={sys.executable}", cwd=clone)
    assert "access-sample--ombi-ombi---ombi-postgres-ombi-all-mirror" in printed
    assert "allow-external--zitadel-postgres-zitadel---2001-4860-4860--8888-128-ing" in printed


def test_make_help_lists_the_targets(clone: Path) -> None:
    """Every target that README names explains itself."""
    printed = run("make", "help", cwd=clone)
    assert all(f"make {name}" in printed for name in ("demo", "test", "test-real", "check", "tools", "bench"))


@pytest.fixture(scope="module")
def installers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with pipx and uv, from the package index."""
    home = tmp_path_factory.mktemp("installers")
    run(sys.executable, "-m", "venv", str(home), cwd=home)
    run(str(home / "bin/python"), "-m", "pip", "install", "--quiet", "pipx==1.18.4", "uv==0.13.8", cwd=home)
    return home


def test_pipx_installs_the_program(clone: Path, installers: Path, tmp_path: Path) -> None:
    """``pipx install .`` gives a ``maxtac`` that runs."""
    home = {"PIPX_HOME": str(tmp_path / "home"), "PIPX_BIN_DIR": str(tmp_path / "bin")}
    run(str(installers / "bin/pipx"), "install", "--python", sys.executable, ".", cwd=clone, **home)
    assert run(str(tmp_path / "bin/maxtac"), "--version", cwd=tmp_path).startswith("maxtac")


def test_uvx_runs_the_program_without_installing_it(clone: Path, installers: Path, tmp_path: Path) -> None:
    """``uvx --from . maxtac`` runs it from the checkout."""
    cache = {"UV_CACHE_DIR": str(tmp_path / "cache"), "UV_PYTHON": sys.executable}
    printed = run(str(installers / "bin/uvx"), "--from", ".", "maxtac", "--help", cwd=clone, **cache)
    assert printed.startswith("Usage: maxtac")
