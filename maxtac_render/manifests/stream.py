"""A stream of YAML documents, cut at its markers, without the documents that cannot matter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from maxtac_render.manifests.faults import Fault
from maxtac_render.manifests.wanted import INTENTS, Wanted
from maxtac_render.model.intent import GROUP


class Chunk(NamedTuple):
    """Text that holds whole documents, nearly always one; ``line`` is the file's line it begins on, from 0."""

    text: bytes
    line: int


SKIPPED = Chunk(b"", -1)
"""Stands for a chunk with exactly one document, which cannot matter."""

_MARKER = b"\n---"
_AFTER_MARKER = (b"", b" ", b"\t", b"\r", b"\n")
_OTHER_BREAKS = (b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xa9")
_HEAD = re.compile(rb"(?:---(?: +#[^\n]*| *\r?)\n)?(?: *(?:#[^\n]*|\r)?\n)*[A-Za-z0-9_]+:[ \r\n]")
_NOTABLE = re.compile(rb"\n((?:kind|apiVersion|items|[^A-Za-z0-9_ #\r\n-]|-[^ \r\n])[^\n]*)")
_KIND = re.compile(rb"kind: +([A-Za-z0-9]+) *(?: #[^\n]*)?\r?")
_API_VERSION = re.compile(rb"apiVersion: +([A-Za-z0-9][A-Za-z0-9./-]*) *(?: #[^\n]*)?\r?")
_PERHAPS_LOCAL = re.compile(rb"local-config|\\|!!|!<")
"""What stands in every text of a key ``config.kubernetes.io/local-config``, unless an escape or a tag makes it."""


def chunks(text: bytes, *, thorough: bool, wanted: Wanted = INTENTS) -> Iterator[Chunk]:
    """Cut a stream at its document markers, as Kubernetes does; with ``thorough`` nothing is skipped.

    A column-0 ``---`` before a blank or the end of its line always begins a document: no scalar and no collection goes
    on across it. The marker line belongs to what follows. As for kubectl, ``---#`` is a marker too. A stream with
    directives is not cut, because they belong to the document after the next marker.
    """
    if has_directives(text):
        yield Chunk(_cut(text, 0, len(text)), 0)
        return
    careful = thorough or not _has_plain_lines(text)
    suspects = frozenset(kind.encode() for kind in wanted.suspects)
    line = counted = 0
    for start, end in _cuts(text):
        irrelevant = not careful and is_irrelevant(text, start, end, suspects)
        if irrelevant and not (wanted.local and _PERHAPS_LOCAL.search(text, start, end)):
            yield SKIPPED
            continue
        line += text.count(b"\n", counted, start)
        counted = start
        yield Chunk(_cut(text, start, end), line)


def cut(text: bytes) -> Iterator[bytes]:
    """The bytes of every chunk of a stream, as they are; together they are the stream."""
    if has_directives(text):
        yield text
        return
    for start, end in _cuts(text):
        yield text[start:end]


def has_directives(text: bytes) -> bool:
    """Tell whether a line of a stream begins as directives do."""
    return text.startswith(b"%") or b"\n%" in text


def remainder(chunk: Chunk, fault: Fault) -> Iterator[Chunk]:
    """The documents of a chunk after the one with a fault, cut at their markers.

    A marker where the fault is found, within a quoted scalar perhaps, begins such a document.
    """
    start = -1
    for _ in range(fault.line + (fault.column > 0)):
        start = chunk.text.find(b"\n", start + 1)
        if start < 0:
            return
    start = max(start, 0)
    text, begin = chunk.text[start:], chunk.line + chunk.text.count(b"\n", 0, start)
    cuts = _cuts(text)
    counted, _ = next(cuts)
    for first, end in cuts:
        begin += text.count(b"\n", counted, first)
        counted = first
        yield Chunk(_cut(text, first, end), begin)


def _cuts(text: bytes) -> Iterator[tuple[int, int]]:
    start, found = 0, text.find(_MARKER)
    while found >= 0:
        after = text[found + 4 : found + 5]
        if after in _AFTER_MARKER or after == b"#":
            yield start, found + 1
            start = found + 1
        found = text.find(_MARKER, found + 4)
    yield start, len(text)


def _cut(text: bytes, start: int, end: int) -> bytes:
    """A piece as kubectl hands it to its parser: with a blank in ``---#``, and never without a last line break."""
    chunk = text[start:end]
    if chunk.startswith(b"---#"):
        chunk = chunk.replace(b"---#", b"--- #", 1)
    return chunk if chunk.endswith(b"\n") else chunk + b"\n"


def _has_plain_lines(text: bytes) -> bool:
    r"""Tell whether lines end in ``\n`` or ``\r\n`` only, and not in one of YAML 1.1's other line breaks."""
    if b"\r" in text and text.count(b"\r") != text.count(b"\r\n"):
        return False
    return text.isascii() or not any(mark in text for mark in _OTHER_BREAKS)


def is_irrelevant(text: bytes, start: int, end: int, suspects: frozenset[bytes]) -> bool:
    """Tell whether one document of a stream with plain lines provably holds no object that is wanted.

    Its first content line is ``word:`` at column 0, so its root is a block mapping there, and it stays that: only a
    document marker could end it. A key of that mapping can only begin at column 0 of a line, because block keys stand
    at their mapping's indentation, and no other indentation is the root's. Every line that does not begin with a blank,
    a comment, ``- `` or a word is notable: quotes, anchors, tags, aliases, ``?``, ``<<`` and ``...`` are, and so is
    every line that begins with ``kind``, ``apiVersion`` or ``items``. There are exactly two notable lines, a ``kind``
    and an ``apiVersion``, both with one plain value of harmless characters. Either they are keys of the root, with
    these values (an indented line after them could only lengthen the value by a blank and more), or they are inside a
    quoted scalar or a flow collection, and then the root has no such key at all. In neither case is this an object of
    a wanted kind or group, or a list of objects.
    """
    if not _HEAD.match(text, start, end):
        return False
    notable = _NOTABLE.findall(*_after_marker(text, start, end))
    if len(notable) != 2:
        return False
    first, second = notable
    if first.startswith(b"k"):
        first, second = second, first
    api_version, kind = _API_VERSION.fullmatch(first), _KIND.fullmatch(second)
    if not api_version or not kind or kind[1] in suspects:
        return False
    return not api_version[1].startswith(GROUP.encode())


def _after_marker(text: bytes, start: int, end: int) -> tuple[bytes, int, int]:
    """A region where a line break stands before every line of the document but its marker."""
    if text.startswith(b"---", start):
        return text, start, end
    return b"\n" + text[start:end], 0, end - start + 1
