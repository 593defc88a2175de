"""pre-commit itself runs the hooks: from this project's repository, in that of a user."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

PROJECT = Path(__file__).parents[2]
README = (PROJECT / "functions/ci/README.md").read_text()
PRE_COMMIT = "pre-commit==4.7.0"
WHO = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
ACCESS, SERVICES = "deploy/access.yaml", "deploy/services.yaml"


def run(*command: str, cwd: Path, **environment: str) -> str:
    """What a command prints; it must succeed."""
    env = {**os.environ, **WHO, **environment}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def commit_all(place: Path) -> str:
    """Make a repository of a directory and commit everything in it; the commit's id."""
    run("git", "init", "--quiet", cwd=place)
    run("git", "add", "--all", cwd=place)
    run("git", "commit", "--quiet", "--no-verify", "--message=all", cwd=place)
    return run("git", "rev-parse", "HEAD", cwd=place).strip()


class User:
    """A repository with intents, and pre-commit with the hooks of this project."""

    def __init__(self, place: Path, bin_: Path, project: tuple[str, str]) -> None:
        self.place, self._bin, self._project = place, bin_, project
        shutil.copytree(PROJECT / "testdata/shop", place / "deploy")
        commit_all(place)

    def hooks(self, hooks: Sequence[dict[str, Any]]) -> None:
        """Configure hooks, and install them into Git."""
        repository, revision = self._project
        config = {"repos": [{"repo": repository, "rev": revision, "hooks": list(hooks)}]}
        (self.place / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
        commit_all(self.place)
        self.pre_commit("install")

    def pre_commit(self, *arguments: str) -> str:
        """Run pre-commit; it must succeed."""
        return run(str(self._bin / "pre-commit"), *arguments, cwd=self.place, **self._environment())

    def commit(self) -> tuple[int, str]:
        """Commit everything with Git, which runs the hooks; the exit code and what was said."""
        run("git", "add", "--all", cwd=self.place)
        env = {**os.environ, **WHO, **self._environment()}
        command = ["git", "commit", "--message=more"]
        done = subprocess.run(
            command, cwd=self.place, env=env, capture_output=True, text=True, check=False, timeout=600
        )
        return done.returncode, done.stdout + done.stderr

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace text in a file."""
        file = self.place / name
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def _environment(self) -> dict[str, str]:
        return {"PRE_COMMIT_HOME": str(self._bin.parent / "cache"), "PRE_COMMIT_COLOR": "never"}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A repository of the project as it is now, with what is not committed yet; its path and its commit."""
    copy = tmp_path_factory.mktemp("project") / "maxtac-render"
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", cwd=PROJECT)
    for name in filter(None, listed.split("\0")):
        if (PROJECT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(PROJECT / name, copy / name)
    return str(copy), commit_all(copy)


@pytest.fixture(scope="module")
def bin_(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a virtual environment with pre-commit, from the package index."""
    home = tmp_path_factory.mktemp("pre-commit")
    run(sys.executable, "-m", "venv", str(home), cwd=home)
    run(str(home / "bin/python"), "-m", "pip", "install", "--quiet", PRE_COMMIT, cwd=home)
    return home / "bin"


@pytest.fixture
def user(tmp_path: Path, bin_: Path, project: tuple[str, str]) -> User:
    """A user's repository."""
    return User(tmp_path / "user", bin_, project)


def shown() -> list[list[dict[str, Any]]]:
    """The hooks in the examples of the page, block by block."""
    blocks = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)]
    lists = [block["repos"][0]["hooks"] if "repos" in block else block for block in blocks]
    return [hooks for hooks in lists if isinstance(hooks, list) and "id" in hooks[0]]


def test_a_finding_keeps_a_commit_from_being_made(user: User) -> None:
    """The target in another file that did not change is known; one that is nowhere is a finding."""
    user.hooks([{"id": "maxtac-check"}])
    user.edit(ACCESS, "name: shop-reads", "name: shop-asks")
    code, said = user.commit()
    assert code == 0, said
    user.edit(ACCESS, "serviceName: web", "serviceName: wbe")
    code, said = user.commit()
    assert code == 1
    assert "error[missing-target]: target shop/wbe not found" in said
    assert f"{ACCESS}:11" in said


def test_arguments_of_the_user_lower_a_finding(user: User) -> None:
    """The arguments stand in the examples of the page."""
    user.hooks(shown()[1][:1])
    user.edit(ACCESS, "serviceName: web", "serviceName: wbe")
    code, said = user.commit()
    assert code == 0, said


def test_what_is_mended_fails_once_and_passes_when_staged(user: User) -> None:
    """pre-commit shows that a file was changed; the next commit goes through."""
    user.hooks([{"id": "maxtac-fix"}])
    user.edit(ACCESS, "direction: ingress", "direction: Ingress # as ever")
    code, said = user.commit()
    assert code == 1
    assert "files were modified by this hook" in said
    assert "direction: ingress # as ever" in (user.place / ACCESS).read_text()
    code, said = user.commit()
    assert code == 0, said


def test_policies_are_compared_with_the_intents(user: User, bin_: Path) -> None:
    """The configuration of the page: stale policies fail, and pass when they are rendered anew."""
    user.hooks(shown()[0])
    user.edit(ACCESS, "direction: ingress", "direction: egress")
    code, said = user.commit()
    assert code == 1
    assert re.search(r"maxtac check --fix\.+Passed", said)
    assert "+kind: NetworkPolicy" in said
    (program,) = (bin_.parent / "cache").glob("repo*/py_env-*/bin/maxtac")
    run(str(program), "render", "--output-dir", "policies", cwd=user.place)
    code, said = user.commit()
    assert code == 0, said


def test_a_test_that_fails_keeps_a_commit_from_being_made(user: User) -> None:
    """The arguments stand in the examples of the page."""
    (user.place / "deploy/tests").mkdir()
    shutil.copy(PROJECT / "testdata/tests/shop.yaml", user.place / "deploy/tests")
    user.hooks([hook for hook in shown()[1] if hook["id"] == "maxtac-test"])
    user.edit(ACCESS, "name: shop-reads", "name: shop-asks")
    code, said = user.commit()
    assert code == 1
    assert "FAIL  the ledger calls nobody outside" in said
    user.edit("deploy/tests/shop.yaml", "443/TCP\n      expect: deny", "443/TCP\n      expect: allow")
    code, said = user.commit()
    assert code == 0, said


def test_the_directories_are_the_users(user: User) -> None:
    """Arguments in place of the hook's own name what is read and where the policies are."""
    user.hooks([{"id": "maxtac-render-check", "args": ["deploy/", "--output-dir", "rendered/"]}])
    (user.place / "rendered").mkdir()
    (user.place / "deploy/empty.yaml").write_text("")
    code, said = user.commit()
    assert code == 1
    assert "rendered/" in said


def test_other_files_do_not_run_a_hook_unless_it_always_runs(user: User) -> None:
    """A commit that only deletes is one of those, as the page says."""
    user.hooks([{"id": "maxtac-check"}])
    (user.place / SERVICES).unlink()
    code, said = user.commit()
    assert (code, "Skipped" in said) == (0, True), said
    user.hooks([{"id": "maxtac-check", "always_run": True}])
    (user.place / "notes.txt").write_text("")
    code, said = user.commit()
    assert code == 1
    assert re.search(r"maxtac check\.+Failed", said)


@pytest.mark.parametrize("hook", ["maxtac-check", "maxtac-fix"])
def test_a_hook_can_be_tried_without_configuration(user: User, project: tuple[str, str], hook: str) -> None:
    """``pre-commit try-repo`` is how a newcomer looks at a hook."""
    assert "Passed" in user.pre_commit("try-repo", project[0], hook, "--all-files", f"--ref={project[1]}")
