"""kustomize takes what ``maxtac explain --suggest`` prints: resources to add, and patches of Services."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = Path(__file__).parents[2] / "testdata" / "cases"
SUGGESTED = [
    path.parents[1] for path in sorted(CASES.glob("a-suggestion-*/expected/output.txt")) if "json" not in str(path)
]


@pytest.mark.parametrize("case", SUGGESTED, ids=[case.name for case in SUGGESTED])
def test_kustomize_takes_a_suggestion(case: Path, part: Callable[[str], Path], tmp_path: Path) -> None:
    """Built with the suggestion, the manifests allow what was asked for."""
    shutil.copytree(case / "input", tmp_path, dirs_exist_ok=True)
    documents = list(yaml.safe_load_all((case / "expected" / "output.txt").read_text()))
    files = {f"suggestion-{number}.yaml": document for number, document in enumerate(documents)}
    for name, document in files.items():
        (tmp_path / name).write_text(yaml.safe_dump(document))
    patches = [{"path": name} for name, document in files.items() if document["kind"] == "Service"]
    added = [name for name, document in files.items() if document["kind"] != "Service"]
    there = sorted(path.name for path in (case / "input").iterdir())
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump({"resources": [*there, *added], "patches": patches}))
    built = subprocess.run(
        [part("kustomize"), "build", tmp_path], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    args = [str(arg) for arg in yaml.safe_load((case / "case.yaml").read_text())["args"] if arg != "--suggest"]
    tolerant = ["--severity", "missing-target=warning"]  # kustomize moves the comments that ignore it
    command = [sys.executable, "-m", "maxtac_render", *args, *tolerant, "-f", "-", "--exit-code"]
    done = subprocess.run(command, input=built, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
