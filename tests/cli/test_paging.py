"""Results are paged where somebody watches, and nowhere else."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from terminal import environment, shown

from maxtac_render.cli.paging import chosen

CODE = """\
import sys
from maxtac_render.cli import exits, paging
from maxtac_render.cli.console import Console
from maxtac_render.cli.parameters import Manner

def run():
    paging.put((f"line {number}\\n" for number in range(int(sys.argv[1]))), Console(Manner()), pager=sys.argv[2] == "1")
    return 0

sys.exit(exits.guard(run))
"""


def on_terminal(pager: str, lines: int = 3, wanted: str = "1") -> tuple[int, str]:
    """The exit code and what a terminal shows."""
    return shown([sys.executable, "-c", CODE, str(lines), wanted], PAGER=pager)


def test_a_terminal_is_paged() -> None:
    """What is printed goes through PAGER, which a shell reads, with what git tells it."""
    assert on_terminal("sed s/^/$LESS:/") == (0, "FRX:line 0\nFRX:line 1\nFRX:line 2\n")


@pytest.mark.parametrize(("pager", "wanted"), [("cat", "1"), ("", "1"), ("no-such-pager -x", "1"), ("sed d", "0")])
def test_whoever_wants_no_pager_has_none(pager: str, wanted: str) -> None:
    """``cat``, nothing, what is not installed, and --no-pager."""
    assert on_terminal(pager, wanted=wanted) == (0, "line 0\nline 1\nline 2\n")


def test_a_pipe_is_not_paged() -> None:
    """Files and pipes get what is printed as it is."""
    command = [sys.executable, "-c", CODE, "2", "1"]
    done = subprocess.run(command, env=environment(PAGER="sed d"), capture_output=True, text=True, check=True)
    assert done.stdout == "line 0\nline 1\n"


def test_leaving_the_pager_early_is_no_failure() -> None:
    """Who has seen enough leaves, and the exit code is that of the command."""
    assert on_terminal("head -n 1", lines=1_000_000) == (0, "line 0\n")


def test_an_interruption_is_the_pagers_own(tmp_path: Path) -> None:
    """Ctrl-C does not take the pager's terminal away as long as it runs."""
    started, pager = tmp_path / "started", tmp_path / "pager"
    pager.write_text(f"#!/bin/sh\ntrap '' INT; cat >/dev/null; touch {started}; sleep 0.5; echo paged\n")
    pager.chmod(0o755)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", CODE, "3", "1"]
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment(PAGER=str(pager))) as process:
        os.close(theirs)
        for _ in range(600):
            if started.exists():
                break
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        process.wait(60)
    assert os.read(ours, 4096).strip() == b"paged"
    os.close(ours)
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("environment", "command"),
    [
        ({"TERM": "xterm", "PAGER": "sh -c cat"}, "sh -c cat"),
        ({"TERM": "xterm", "PAGER": "LESS=R sh"}, "LESS=R sh"),
        ({"TERM": "xterm", "PAGER": " cat "}, ""),
        ({"TERM": "xterm", "PAGER": "'"}, ""),
        ({"TERM": "dumb", "PAGER": "sh"}, ""),
        ({"PAGER": "sh"}, ""),
    ],
)
def test_which_pager(environment: dict[str, str], command: str) -> None:
    """PAGER decides, if its program is there and the terminal can do it."""
    assert chosen(environment) == command


def test_the_usual_pager_is_less(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without PAGER it is less, where that is installed."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert chosen({"TERM": "xterm"}) == ""
    (tmp_path / "less").touch(mode=0o755)
    assert chosen({"TERM": "xterm"}) == "less"
