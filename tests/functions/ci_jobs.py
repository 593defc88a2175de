"""Where the jobs of a pipeline run: a workspace, a program called maxtac, and values that no shell may run."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

PROJECT = Path(__file__).parents[2]
CI = PROJECT / "functions" / "ci"
PWNED = "pwned"

HOSTILE = {
    "substitution": f"$(touch {PWNED})",
    "backticks": f"`touch {PWNED}`",
    "variable": "${PATH}$HOME",
    "double-quote": f'"; touch {PWNED}; "',
    "single-quote": f"'; touch {PWNED}; '",
    "semicolon": f"shop; touch {PWNED}",
    "line": f"shop\ntouch {PWNED}\n",
    "here-document": f"EOF\ntouch {PWNED}\nEOF",
    "subscript": f"a[$(touch {PWNED})]",
    "glob": "*",
    "option": "--output-dir=/dev/null/x",
    "command": "::add-mask::shop",
    "output": "shop\nexit-code=0\nextra=1",
}
"""Values that do something where a shell, or the parser of an output, takes them for more than data."""


def workspace(home: Path, *samples: str) -> Path:
    """A directory with some of the project's test data."""
    place = home / "workspace"
    place.mkdir(parents=True)
    for sample in samples:
        shutil.copytree(PROJECT / "testdata" / sample, place / sample)
    return place


def install(folder: Path) -> None:
    """Put the program under test into a folder, under the name that the jobs call."""
    _program(folder / "maxtac", f'exec {shlex.quote(sys.executable)} -P -m maxtac_render "$@"')


def install_recorders(folder: Path, record: Path) -> None:
    """Put a ``maxtac`` and a ``python3`` into a folder that only write down what they were called with."""
    write = f"""printf '%s\\0' "$@" > {shlex.quote(str(record))}"""
    _program(folder / "maxtac", write)
    _program(
        folder / "python3", f'[ "$2" != venv ] || {{ mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; exit; }}\n{write}'
    )


def recorded(record: Path) -> list[str]:
    """The arguments of the last call."""
    return record.read_text().split("\0")[:-1]


def _program(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def files(place: Path) -> set[str]:
    """The paths of all files below a directory."""
    return {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}


def pwned(paths: Iterable[str]) -> bool:
    """Whether a hostile value was run."""
    return any(Path(path).name == PWNED for path in paths)
