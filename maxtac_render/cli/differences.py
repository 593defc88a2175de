"""Unified diffs as a terminal shows them."""

from __future__ import annotations

_COLOURS = {"+": "\x1b[32m", "-": "\x1b[31m", "@": "\x1b[36m"}


def coloured(line: str) -> str:
    """A line of a unified diff in the colours that diffs have."""
    colour = _COLOURS.get(line[:1])
    return f"{colour}{line.rstrip()}\x1b[0m\n" if colour else line
