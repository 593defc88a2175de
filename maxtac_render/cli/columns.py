"""Columns as kubectl aligns them: as wide as their longest cell, and wrapped where a terminal is too narrow."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TextIO

from maxtac_render.cli.console import terminal

GAP = "   "
"""What kubectl puts between two columns."""

LEAST = 12
"""To how many characters a column may be narrowed."""

MARKS = (" ,;", "/-.=")
"""Behind what a cell is broken: between its parts if that is possible, else within one."""


def aligned(rows: Sequence[Sequence[str]], columns: int = 0) -> Iterator[str]:
    """The lines of a table whose first row is its header; it fits into so many columns if it can (0: any)."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    if columns:
        words = [max(map(_longest, cells)) for cells in zip(*rows, strict=True)]
        widths = fitted(widths, words, columns)
    for row in rows:
        yield from lines(row, widths)


def fitted(widths: Sequence[int], words: Sequence[int], columns: int) -> list[int]:
    """The widths of a table's columns, the widest made narrower until all fit, or none can be.

    ``words`` are the longest parts of their cells, which are broken last.
    """
    found = list(widths)
    excess = sum(found) + len(GAP) * (len(found) - 1) - columns
    for least in (words, [LEAST] * len(found)):
        while excess > 0 and (wide := [column for column, width in enumerate(found) if width > least[column]]):
            found[max(wide, key=found.__getitem__)] -= 1
            excess -= 1
    return found


def _longest(cell: str) -> int:
    """The length of the longest part of a cell that is not to be broken."""
    return max(map(len, re.findall(rf"[^{MARKS[0]}]*[{MARKS[0]}]?", cell)))


def lines(cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """The lines of one row: one, unless a cell is longer than its column."""
    if all(len(cell) <= width for cell, width in zip(cells, widths, strict=True)):
        yield _line(cells, widths)
        return
    for parts in zip_longest(*map(_wrapped, cells, widths), fillvalue=""):
        yield _line(parts, widths)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return GAP.join(map(str.ljust, cells, widths)).rstrip() + "\n"


def _wrapped(text: str, width: int) -> Iterator[str]:
    """A cell in pieces of at most this width."""
    while len(text) > width:
        ends = (max(text.rfind(mark, 0, width) for mark in marks) + 1 for marks in MARKS)
        end = next(filter(None, ends), width)
        yield text[:end].rstrip()
        text = text[end:].lstrip()
    yield text


def room(stream: TextIO | None) -> int:
    """How many columns there are for a table on a stream: those of a terminal; 0 (any) in files and pipes."""
    return shutil.get_terminal_size().columns if terminal(stream) else 0
