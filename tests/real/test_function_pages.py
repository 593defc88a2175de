"""What the pages about the function show is what happens, with kustomize, kpt and kubectl themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from consoles import examples

if TYPE_CHECKING:
    from collections.abc import Callable

FUNCTIONS = Path(__file__).parents[2] / "functions"
PARTS = {"krm": ("kpt",), "kpt": ("kpt",), "kustomize": ("kustomize", "kubectl")}


@pytest.mark.parametrize("folder", PARTS)
def test_every_command_prints_what_the_page_shows(folder: str, part: Callable[[str], Path], tmp_path: Path) -> None:
    shutil.copytree(FUNCTIONS, tmp_path / "functions")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in PARTS[folder]:
        (programs / name).symlink_to(part(name))
    path = f"{Path(sys.executable).parent}:{programs}:{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "HOME": str(tmp_path), "KUSTOMIZE_PLUGIN_HOME": str(tmp_path / "plugins")}
    here = tmp_path / "functions" / folder
    shown = list(examples((here / "README.md").read_text()))
    assert shown
    for example in shown:
        command = ["bash", "-o", "pipefail", "-c", example.command]
        done = subprocess.run(command, cwd=here, env=env, capture_output=True, text=True, check=False, timeout=120)
        assert example.shows(done.stdout or done.stderr), f"{example.command}\n{done.stdout}\n{done.stderr}"
