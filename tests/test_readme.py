"""What README shows is what happens: every command in a console block is run, and its output compared."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from consoles import Example, examples
from live.fake import FakeServer

PROJECT = Path(__file__).parents[1]
README = (PROJECT / "README.md").read_text()
ELSEWHERE = {  # commands that stand in the text or in sh blocks, and the test that runs them
    "make demo": "tests/real/test_newcomer.py",
    "make check": ".ci/run",
    "make help": "tests/real/test_newcomer.py",
    "make tools": ".ci/run",
    "make bench": "benchmarks/__main__.py",
    "make test": ".ci/run",
    "pipx install": "tests/real/test_newcomer.py",
    "uvx --from": "tests/real/test_newcomer.py",
    "docker build": "tests/test_dockerfile.py",
    "docker run": "tests/test_dockerfile.py",
    "maxtac render deploy/ | kubectl apply": "tests/real/test_apply.py",
    "maxtac adopt": "tests/cli/test_adopt_command.py",
    "maxtac apply": "tests/cli/test_apply_command.py",
    "maxtac watch": "tests/watch/test_watch.py",
    "maxtac config": "tests/cli/test_config_command.py",
    "maxtac check deploy/ --fix": "tests/cli/test_check_fix.py",
    "maxtac check": "tests/cli/test_check_command.py",
    "maxtac diff": "tests/cli/test_diff_command.py",
    "maxtac snapshot": "tests/cli/test_snapshot_command.py",
    "maxtac manifests reader": "tests/real/test_reading.py",
    "kubectl create clusterrolebinding": "tests/real/test_reading.py",
    "maxtac manifests": "tests/cli/test_manifests.py",
    "maxtac list": "tests/cli/test_list_command.py",
    "maxtac test": "tests/cli/test_test_command.py",
    "maxtac rule": "tests/cli/test_rule_command.py",
    "maxtac explain": "tests/cli/test_explain_command.py",
    "maxtac render": "tests/cli/test_render_command.py",
    "maxtac completion": "tests/cli/test_completion_command.py",
    "kustomize build": "tests/real/test_function_pages.py",
    "kpt fn": "tests/real/test_function_pages.py",
    "maxtac plugin": "tests/cli/test_plugin_command.py",
    "maxtac argocd": "tests/functions/test_argocd_files.py",
    "python -m maxtac_render": "tests/cli/test_program.py",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project's test data in a repository of its own."""
    copy = tmp_path_factory.mktemp("readme")
    for name in ("walkthrough", "shop", "mistake", "lifetime", "unquoted", "tests"):
        shutil.copytree(PROJECT / "testdata" / name, copy / "testdata" / name)
    for args in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "all"]):
        subprocess.run(["git", *args], cwd=copy, check=True)
    return copy


@pytest.fixture(scope="module")
def kubeconfig(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The way to a cluster with the shop in it, and with its policies."""
    rendered = [sys.executable, "-m", "maxtac_render", "render", "testdata/shop", "--set", "shop"]
    policies = subprocess.run(rendered, cwd=project, capture_output=True, check=True)
    with FakeServer() as server:
        for text in (*(path.read_text() for path in (project / "testdata" / "shop").glob("*.yaml")), policies.stdout):
            server.add(*yaml.safe_load_all(text))
        path = server.kubeconfig(tmp_path_factory.mktemp("cluster"))
        path.write_text(path.read_text().replace('"fake"', '"prod"'))
        yield path


@pytest.mark.parametrize("example", list(examples(README)), ids=lambda example: example.command)
def test_the_output_is_what_readme_shows(example: Example, project: Path, kubeconfig: Path) -> None:
    """Each shown line is printed, in this order, and no other where nothing is left out."""
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "NO_COLOR": "1"}
    env["KUBECONFIG"] = str(kubeconfig)
    shell = ["bash", "-c", example.command]
    done = subprocess.run(shell, cwd=project, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode != 0) == example.fails, done.stderr
    assert example.shows(done.stdout or done.stderr), f"{done.stdout}\n{done.stderr}"


def test_every_other_command_is_run_by_a_test() -> None:
    """Commands in sh blocks and in the text are each named here with the test that runs them."""
    shown = re.findall(r"^```sh\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    lines = [line.partition("#")[0].strip() for block in shown for line in block.splitlines()]
    inline = re.findall(
        r"`((?:maxtac|make|pipx|uvx|docker|python) [^`]+)`", re.sub(r"```.*?```", "", README, flags=re.DOTALL)
    )
    for command in filter(None, [*lines, *inline]):
        assert any(command.startswith(known) for known in ELSEWHERE), command
    for place in ELSEWHERE.values():
        assert (PROJECT / place).exists(), place
