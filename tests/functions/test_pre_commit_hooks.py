"""The hooks for pre-commit call commands that there are, and see the whole set of files."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import yaml
from ci_jobs import PROJECT

HOOKS: list[dict[str, Any]] = yaml.safe_load((PROJECT / ".pre-commit-hooks.yaml").read_text())


def test_there_is_a_hook_to_check_to_mend_to_compare_and_to_test() -> None:
    """The ids are what others write into their configuration: they stay."""
    assert [hook["id"] for hook in HOOKS] == ["maxtac-check", "maxtac-fix", "maxtac-render-check", "maxtac-test"]


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_reads_the_whole_set_once(hook: dict[str, Any]) -> None:
    """A list of changed files, or a part of them in each of several processes, would miss targets."""
    assert hook["pass_filenames"] is False
    assert hook["require_serial"] is True
    assert hook["types_or"] == ["yaml", "json"]


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_calls_a_command_that_there_is(hook: dict[str, Any]) -> None:
    """The options of the entry and of the default arguments stand on the page of the command."""
    words: list[str] = [*hook["entry"].split(), *hook.get("args", [])]
    program, command, *options = words
    page = subprocess.run(
        [sys.executable, "-m", "maxtac_render", command, "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert program == "maxtac"
    assert all(option in page for option in options if option.startswith("--"))
