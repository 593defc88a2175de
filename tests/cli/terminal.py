"""A terminal for the tests: programs run as somebody who watches them would."""

from __future__ import annotations

import os
import pty
import subprocess


def environment(**variables: str) -> dict[str, str]:
    """The environment of a terminal, without what the tests' own says of pagers and widths."""
    unwanted = ("PAGER", "LESS", "LV", "COLUMNS")
    plain = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {**plain, "TERM": "xterm", **variables}


def shown(command: list[str], **variables: str) -> tuple[int, str]:
    """The exit code of a program, and what a terminal shows of it."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, stdin=theirs, env=environment(**variables)) as process:
        os.close(theirs)
        text = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    return process.returncode, text.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # what Linux says when nobody holds the other end any more
        return b""
