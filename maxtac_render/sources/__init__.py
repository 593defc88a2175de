"""Where input comes from: files and directories, standard input, commits of Git, clusters. No YAML is known here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from maxtac_render.model.diagnostics import Report
from maxtac_render.model.errors import SourceFault
from maxtac_render.sources.inputs import Input, Location, read, shown
from maxtac_render.sources.selection import Selection

__all__ = ["GIT", "LIVE", "SCHEMES", "STDIN", "Input", "Location", "Reach", "load"]

STDIN = "<stdin>"
"""The path under which standard input is shown."""

LIVE = "live:"
"""What a SOURCE begins with that is a cluster; the rest is a context, empty for the current one."""

GIT = "git:"

SCHEMES = (GIT, LIVE)
"""What a SOURCE begins with that is no path."""

Reach = Callable[[str], Input]
"""Gives the cluster that a context leads to."""


def load(
    source: str, exclude: Sequence[str], report: Report, stdin: BinaryIO, reach: Reach | None = None
) -> Iterator[Input]:
    """The files of one SOURCE: ``-``, ``git:REV[:PATH]``, ``live:[CONTEXT]``, or the path of a file or a directory.

    A path that looks like one of the others is written ``./git:...``. Exclusions are globs below the source
    (sources/selection.py) and do not touch a file that is named itself. Raises SourceFault, while loading too, for
    whatever cannot be read; a cluster cannot without ``reach``.
    """
    if source == "-":
        return _stdin(stdin)
    if source.startswith(LIVE):
        return _live(source, reach)
    selection = Selection(exclude)
    if source.startswith(GIT):
        return _git(source.removeprefix(GIT), selection, report)
    return _path(source, selection, report)


def _stdin(stream: BinaryIO) -> Iterator[Input]:
    yield Input(STDIN, read(stream, STDIN), named=True)


def _path(source: str, selection: Selection, report: Report) -> Iterator[Input]:
    from maxtac_render.sources import files  # noqa: PLC0415 - each kind of source pays for itself

    try:
        yield from files.load(source, selection, report)
    except SourceFault as fault:
        if ":" in source and isinstance(fault.__cause__, FileNotFoundError):
            raise SourceFault(f"{fault}; kinds of sources besides paths: -, {', '.join(SCHEMES)}") from fault
        raise


def _git(rest: str, selection: Selection, report: Report) -> Iterator[Input]:
    from maxtac_render.sources import git  # noqa: PLC0415 - as above

    return git.load(rest, selection, report)


def _live(source: str, reach: Reach | None) -> Iterator[Input]:
    if reach is None:
        raise SourceFault(f"cannot read {shown(source)}: here only files count, so that equal input is equal output")
    yield reach(source.removeprefix(LIVE))
