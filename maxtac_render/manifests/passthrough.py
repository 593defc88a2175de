"""Documents on their way through: every byte as it is, without the objects that are left out, in one stream."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from maxtac_render.manifests import build
from maxtac_render.manifests.faults import Broken, OverLimit
from maxtac_render.manifests.read import Piece
from maxtac_render.model.diagnostics import Code, Report
from maxtac_render.model.objects import Resource

_BEGINNING = re.compile(rb"(?:[ \t]*(?:#[^\r\n]*)?(?:\r\n?|\n))*(%|---(?![^\s#]))?")
_MARKS = (re.compile(rb"^apiVersion:", re.MULTILINE), re.compile(rb"^kind:", re.MULTILINE))
_SEPARATORS = {b"%": b"...\n", b"---": b"", None: b"---\n"}
"""What has to stand before a document that begins with directives, with its own marker, and with neither."""


def kept(pieces: Iterable[Piece], leave_out: Callable[[Resource], bool], report: Report) -> Iterator[Piece]:
    """The pieces without the objects that are left out.

    A document goes with its comments; of a list of objects only the objects go. Where that cannot be done without
    changing something else, it is reported, and the piece stays whole.
    """
    for piece in pieces:
        gone = [resource for resource in piece.resources if leave_out(resource)]
        if not gone:
            yield piece
        elif len(gone) < piece.objects:
            yield piece._replace(text=_without(piece, gone, report))


def join(pieces: Iterable[Piece], documents: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces and then further documents, which have no marker of their own, as one stream of YAML.

    Only what a stream must have between two documents is added: a line break at the end of a file, and a marker.
    """
    last = b""
    for piece in pieces:
        if not piece.text:
            continue
        begun = _BEGINNING.match(piece.text)
        separator = _SEPARATORS[begun[1] if begun else None] if piece.documents else b""
        yield from (_break(last), separator if last else b"", piece.text)
        last = piece.text
    for document in documents:
        yield from (_break(last), b"---\n" if last else b"", document)
        last = document


def holds_an_object(piece: Piece) -> bool:
    """Tell whether a piece holds something with an apiVersion and a kind, or may hold it: it cannot be read."""
    if piece.resources or all(mark.search(piece.text) for mark in _MARKS):
        return True
    try:
        values = [parsed.value for parsed in build.documents(piece.text)]
    except (Broken, OverLimit, RecursionError):
        return True
    return any(isinstance(value, dict) and {"apiVersion", "kind"} <= value.keys() for value in values)


def _break(before: bytes) -> bytes:
    """The line break that is missing at the end of what comes before."""
    return b"" if before.endswith(b"\n") or not before else b"\n"


def _without(piece: Piece, gone: list[Resource], report: Report) -> bytes:
    """The text of a piece without some of its objects."""
    from maxtac_render.manifests import edit  # noqa: PLC0415 - it is rare that only a part of a document goes

    edits = [edit.edit_at(resource.origin, (), "remove") for resource in gone]
    try:
        if not all(one.path for one in edits):
            raise edit.Refused("its stream has directives, or line ends of its own, and cannot be cut")
        return edit.apply(piece.text, (one._replace(document=one.document - piece.first) for one in edits))
    except edit.Refused as reason:
        report.add(Code.STUCK_OBJECT, gone[0], (), reason=reason)
    return piece.text
