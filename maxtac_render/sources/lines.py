"""Files that are read line by line, because nobody knows how long they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from maxtac_render.sources.inputs import shown, unreadable

LONGEST = 1 << 20
"""Bytes of a line; what is longer is cut there, and the rest of it passed over."""


def lines(path: str, stdin: BinaryIO) -> Iterator[bytes]:
    """The lines of a file, or (``-``) of standard input, without their ends.

    Raises SourceFault for what cannot be read.
    """
    try:
        if path == "-":
            yield from _lines(stdin)
            return
        with open(path, "rb") as stream:  # noqa: PTH123 - importing pathlib costs
            yield from _lines(stream)
    except (OSError, ValueError) as error:
        raise unreadable(shown(path), error) from error


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    while line := stream.readline(LONGEST):
        yield line.rstrip(b"\r\n")
        while not line.endswith(b"\n") and len(line) == LONGEST:
            line = stream.readline(LONGEST)
