"""GitHub's runner, as far as the composite action needs it: expressions, bash, and the files of a step.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#exit-codes-and-error-action-preference
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from ci_jobs import CI

FOLDER = CI / "github"
ACTION: dict[str, Any] = yaml.safe_load((FOLDER / "action.yml").read_text())
STEPS: dict[str, Any] = {step["name"]: step for step in ACTION["runs"]["steps"] if "run" in step}
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
EXPRESSION = re.compile(r"\$\{\{ *(inputs|steps)\.([\w.-]+) *\}\}")
COMMAND = re.compile(r"^\s*::([\w-]+)|##\[([\w-]+)")


class Done(NamedTuple):
    """What a step left: its exit code, its log, what stands apart from that on standard error, outputs and summary."""

    code: int
    log: str
    errors: str
    outputs: dict[str, str]
    summary: str


class Job:
    """A job with a workspace, in which the steps of the action run."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.temporary = place.parent / "runner temp"
        self.temporary.mkdir()
        self.tools = place.parent / "tools"

    def run(self, name: str, **inputs: str) -> Done:
        """Run one step; inputs are written with _ for -, and have their defaults."""
        given = {key: str(value["default"]) for key, value in ACTION["inputs"].items()}
        given |= {key.replace("_", "-"): value for key, value in inputs.items()}
        assert given.keys() == ACTION["inputs"].keys()
        output, summary = self.temporary / f"{name}-output", self.temporary / f"{name}-summary"
        output.write_text("")
        summary.write_text("")
        environment = {
            "PATH": f"{self.tools}:{os.environ['PATH']}",
            "HOME": os.environ.get("HOME", "/"),
            "GITHUB_ACTION_PATH": str(FOLDER),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
            "RUNNER_TEMP": str(self.temporary),
            **{key: value for key, value in os.environ.items() if key.startswith("PIP_")},
            **{key: evaluated(value, given) for key, value in STEPS[name]["env"].items()},
        }
        script = self.temporary / "script.sh"
        script.write_text(STEPS[name]["run"])
        done = subprocess.run(
            [*BASH, script],
            cwd=self.place,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        return Done(done.returncode, done.stdout, done.stderr, outputs(output.read_text()), summary.read_text())


def evaluated(text: str, inputs: dict[str, str]) -> str:
    """The value of an expression; steps that do not run here have empty outputs."""
    match = EXPRESSION.fullmatch(text)
    assert match, text
    return inputs[match[2]] if match[1] == "inputs" else ""


def outputs(text: str) -> dict[str, str]:
    """What the runner reads from the file of outputs; a line that is none is an error, as it is for the runner."""
    found: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, equals, value = line.partition("=")
        if "<<" in name:
            name, _, end = line.partition("<<")
            value = "\n".join(iter(lambda: next(lines), end))
        else:
            assert equals, line
        found[name] = value
    return found


def obeyed(log: str) -> list[str]:
    """The lines of a log that the runner takes for commands, as its ActionCommandManager does."""
    found: list[str] = []
    token = ""
    for line in log.splitlines():
        match = COMMAND.search(line)
        command = (match[1] or match[2]) if match else ""
        if command == "stop-commands" and not token:
            token = line.strip().removeprefix("::stop-commands::")
        elif token and command == token:
            token = ""
        elif command and not token:
            found.append(line)
    assert not token, "commands stay stopped"
    return found
