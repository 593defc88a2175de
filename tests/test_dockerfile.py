"""The Dockerfile keeps to a few rules, and its steps give a program that runs without a home or a writable disk."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCKERFILE = ROOT / "Dockerfile"
PACKAGE = ROOT / "testdata" / "cases" / "a-function-gives-its-package-back-with-the-policies"

Instruction = tuple[str, str]


def instructions() -> list[Instruction]:
    """The instructions with their continued lines joined; comments are left out."""
    lines = [line for line in DOCKERFILE.read_text().splitlines() if line and not line.startswith("#")]
    joined = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines))
    return [(word.upper(), rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines())]


def arguments(word: str) -> list[str]:
    """What stands behind each instruction of that name, in order."""
    return [rest for name, rest in instructions() if name == word]


def copied_from_context() -> list[str]:
    """The sources of every COPY that takes from the build context."""
    copies = [shlex.split(rest) for rest in arguments("COPY")]
    return [source for words in copies if not words[0].startswith("--from=") for source in words[:-1]]


@pytest.mark.parametrize("source", copied_from_context())
def test_what_is_copied_exists_and_is_not_ignored(source: str) -> None:
    assert (ROOT / source).exists()
    assert f"!{source}" in (ROOT / ".dockerignore").read_text().splitlines()


def test_the_image_runs_as_a_numeric_user_that_is_not_root() -> None:
    assert re.fullmatch(r"[1-9]\d*(:[1-9]\d*)?", arguments("USER")[-1])


def test_no_shell_stands_between_docker_and_the_program() -> None:
    (vector,) = arguments("ENTRYPOINT")
    assert all(isinstance(argument, str) for argument in json.loads(vector))


def test_whoever_gives_no_arguments_gets_none() -> None:
    """Orchestrators start a function's image so."""
    assert arguments("CMD") == []


def test_every_base_image_has_a_tag_that_is_not_latest() -> None:
    for image in (rest.split()[0] for rest in arguments("FROM")):
        assert re.search(r":(?!latest)[^/]+$", image), image


def test_both_stages_have_one_base_image_so_that_the_environment_finds_its_python() -> None:
    builder, final = (rest.split()[0] for rest in arguments("FROM"))
    assert builder == final


def test_nothing_is_added_and_no_package_lists_stay() -> None:
    assert arguments("ADD") == []
    for command in arguments("RUN"):
        assert "apt-get install" not in command or "rm -rf /var/lib/apt/lists" in command


def test_there_is_no_health_check() -> None:
    assert arguments("HEALTHCHECK") == []


@pytest.mark.real
def test_the_build_steps_give_a_program_that_needs_no_home(tmp_path: Path) -> None:
    build, app = tmp_path / "build", tmp_path / "app"
    for source in copied_from_context():
        copy(ROOT / source, build / source)
    python = tmp_path / "builder/bin/python"
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "builder"], check=True, capture_output=True)
    for command in arguments("RUN"):
        here = command.replace("/opt/app", str(app))
        here = re.sub(r"(?<!/bin/)\bpython(?= -m)", str(python), here)
        step = subprocess.run(["sh", "-ec", here], cwd=build, capture_output=True, text=True, check=False)
        assert step.returncode == 0, step.stdout + step.stderr
    shutil.rmtree(build)
    shutil.rmtree(tmp_path / "builder")
    assert_it_runs(app)


def copy(source: Path, target: Path) -> None:
    """Copy a file or a folder of the build context."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copyfile(source, target)


def assert_it_runs(app: Path) -> None:
    """Run the installed program with an empty environment: as a command, and as the function; it writes nothing."""
    before = sorted(app.rglob("*"))
    package = (PACKAGE / "input" / "package.yaml").read_text()
    rendered = (PACKAGE / "expected" / "output.txt").read_text()
    for given, stdin, printed in ((["--version"], "", "maxtac "), (["--help"], "", "Usage: "), ([], package, rendered)):
        answer = start(app, given, stdin)
        assert (answer.returncode, answer.stderr) == (0, "")
        assert answer.stdout.startswith(printed)
    assert (start(app, [], "").returncode, start(app, [], "").stdout) == (1, "")
    assert sorted(app.rglob("*")) == before


def start(app: Path, given: list[str], stdin: str) -> subprocess.CompletedProcess[str]:
    """Start the image with arguments."""
    environment = {"PATH": f"{app}/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    (program,) = json.loads(arguments("ENTRYPOINT")[0])
    command = [app / "bin" / program, *given]
    return subprocess.run(command, cwd="/", env=environment, input=stdin, capture_output=True, text=True, check=False)
