"""Where input comes from: files and directories, standard input, commits of Git. Bytes only; no YAML is known here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from maxtac_render.model.diagnostics import Report
from maxtac_render.model.errors import SourceFault
from maxtac_render.sources.inputs import Input, Location, read
from maxtac_render.sources.selection import Selection

__all__ = ["STDIN", "Input", "Location", "load"]

STDIN = "<stdin>"
"""The path under which standard input is shown."""

_Loader = Callable[[str, Selection, Report], Iterator[Input]]


def load(source: str, exclude: Sequence[str], report: Report, stdin: BinaryIO) -> Iterator[Input]:
    """The files of one SOURCE: ``-``, ``git:REV[:PATH]``, or the path of a file or a directory.

    A path that looks like one of the others is written ``./git:...``. Exclusions are globs below the source
    (sources/selection.py) and do not touch a file that is named itself. Raises SourceFault, while loading too, for
    whatever cannot be read.
    """
    if source == "-":
        return _stdin(stdin)
    selection = Selection(exclude)
    scheme, colon, rest = source.partition(":")
    if colon and scheme in _SCHEMES:
        return _SCHEMES[scheme](rest, selection, report)
    return _path(source, selection, report)


def _stdin(stream: BinaryIO) -> Iterator[Input]:
    yield Input(STDIN, read(stream, STDIN), named=True)


def _path(source: str, selection: Selection, report: Report) -> Iterator[Input]:
    from maxtac_render.sources import files  # noqa: PLC0415 - each kind of source pays for itself

    try:
        yield from files.load(source, selection, report)
    except SourceFault as fault:
        if ":" in source and isinstance(fault.__cause__, FileNotFoundError):
            kinds = ", ".join(f"{scheme}:" for scheme in _SCHEMES)
            raise SourceFault(f"{fault}; kinds of sources besides paths: -, {kinds}") from fault
        raise


def _git(rest: str, selection: Selection, report: Report) -> Iterator[Input]:
    from maxtac_render.sources import git  # noqa: PLC0415 - as above

    return git.load(rest, selection, report)


_SCHEMES: dict[str, _Loader] = {"git": _git}
