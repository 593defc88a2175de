"""``maxtac completion``: scripts that shells take, and answers that they get."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "maxtac_render", *arguments)
    env = {**os.environ, **environment}
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, env=env)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts_complete_maxtac(shell: str) -> None:
    """Each shell's script is for the program maxtac and asks it through the variable that it knows."""
    script = run("completion", shell).stdout
    assert "_MAXTAC_COMPLETE" in script
    assert "maxtac" in script.replace("_maxtac", "")


def test_bash_takes_its_script() -> None:
    """The script for bash is bash."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash")
    script = run("completion", "bash").stdout
    assert subprocess.run((bash, "-n"), input=script, text=True, check=True, capture_output=True).stderr == ""


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("maxtac r", "render"),
        ("maxtac render --out", "--output-dir"),
        ("maxtac render --severity missing-t", "missing-target="),
        ("maxtac render --baseline d", "dns"),
        ("maxtac completion z", "zsh"),
    ],
)
def test_answers(words: str, expected: str) -> None:
    """The shell gets commands, options and the values that options take."""
    count = len(words.split()) - 1
    answer = run(_MAXTAC_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(count)).stdout
    assert expected in [line.partition(",")[2] for line in answer.splitlines()]


@pytest.mark.parametrize("way", ["environment", "option", "nowhere"])
def test_contexts_are_answers(tmp_path: Path, way: str) -> None:
    """Those of the kubeconfig that counts; one that cannot be read has none."""
    path = tmp_path / "config"
    path.write_text("contexts: [{name: prod, context: {}}, {name: test, context: {}}]\nclusters: []\nusers: []\n")
    option = {"option": f"--kubeconfig {path} ", "nowhere": f"--kubeconfig {tmp_path} "}.get(way, "")
    typed = f"maxtac list {option}--context p"
    environment = {"_MAXTAC_COMPLETE": "bash_complete", "COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1)}
    answer = run(**environment, KUBECONFIG=str(path) if way == "environment" else "nowhere").stdout
    words = [line.partition(",")[2] for line in answer.splitlines() if line]
    assert words == ([] if way == "nowhere" else ["prod"])
