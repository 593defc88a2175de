"""Comments that ignore findings: ``# maxtac: ignore[ID, ID] reason``.

Behind something it is about its own line. On a line of its own it is about the next line that says something, or,
before everything that its document says, about the whole document.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from yaml.error import YAMLError
from yaml.tokens import (
    BlockEndToken,
    DirectiveToken,
    DocumentEndToken,
    DocumentStartToken,
    ScalarToken,
    StreamEndToken,
    StreamStartToken,
)

from maxtac_render.manifests.encoding import to_utf8
from maxtac_render.manifests.events import Parser  # type: ignore[attr-defined] # it stands there under two conditions
from maxtac_render.manifests.faults import Broken
from maxtac_render.manifests.stream import Chunk, chunks
from maxtac_render.model.catalogue import CODES, Code
from maxtac_render.model.diagnostics import Diagnostic, Report, Spot, did_you_mean
from maxtac_render.model.objects import Origin, Place

ADDRESS = "maxtac:"
"""What stands in every such comment."""

_COMMENT = re.compile(r"#[^\r\n\x85\u2028\u2029]*")
_IGNORE = re.compile(r"#+\s*maxtac:\s*ignore\b\s*(.*)")
_NAMED = re.compile(r"\[([^\]]*)\][\s:-]*(.*)")
_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_SILENT = (BlockEndToken, DirectiveToken, DocumentEndToken, DocumentStartToken, StreamEndToken, StreamStartToken)
_MARKERS = (DocumentEndToken, DocumentStartToken)


class Ignore(NamedTuple):
    """A comment: where it stands, what it says, and the lines, from 1, that it is about; no line without ``last``."""

    place: Place
    words: str
    document: int
    first: int
    last: int

    @property
    def where(self) -> str:
        """What the comment is about."""
        if self.first == self.last:
            return "on this line" if self.first == self.place.line else f"on line {self.first}"
        return "in this document" if self.last else "after this line"


class Order(NamedTuple):
    """What a comment asks for, or else what is wrong with it."""

    codes: tuple[Code, ...] = ()
    problem: str = ""
    guess: str = ""


def heed(report: Report, texts: Mapping[str, bytes], unasked: Collection[Code] = ()) -> None:
    """Withdraw the findings that comments in these files ignore, and report comments that ignore nothing.

    ``unasked`` are codes that were not looked for everywhere: that they were not found says nothing about a comment.
    """
    comments = {path: found for path, data in texts.items() if (found := list(find(data)))}
    if not comments:
        return
    used: set[tuple[Ignore, Code]] = set()
    ignored: list[Diagnostic] = []
    for diagnostic in report.sorted():
        ignores = _ignoring(diagnostic, comments.get(diagnostic.origin.path, ()))
        if ignores:
            used.update((ignore, diagnostic.code) for ignore in ignores)
            ignored.append(diagnostic)
    report.withdraw(ignored)
    for path, found in comments.items():
        for ignore in found:
            _judge(
                path,
                ignore,
                [code for code in order(ignore.words).codes if (ignore, code) not in used],
                report,
                unasked,
            )


def _ignoring(diagnostic: Diagnostic, ignores: Collection[Ignore]) -> list[Ignore]:
    """The comments that ignore a finding."""
    if not ignores:
        return []
    line, code = diagnostic.place.line, diagnostic.code
    return [ignore for ignore in ignores if ignore.first <= line <= ignore.last and code in order(ignore.words).codes]


def _judge(path: str, ignore: Ignore, idle: list[Code], report: Report, unasked: Collection[Code]) -> None:
    """Report a comment that is not heard, or that names what is not there."""
    spot = Spot(Origin(path, ignore.document, ignore.place.line, lambda _path: ignore.place))
    wish = order(ignore.words)
    if wish.problem:
        report.add(Code.BAD_IGNORE, spot, problem=wish.problem, guess=wish.guess)
        return
    needless = [code.id for code in idle if code not in unasked and report.hears(code)]
    if needless:
        report.add(Code.UNUSED_IGNORE, spot, ids=", ".join(needless), where=ignore.where)


def order(words: str) -> Order:
    """What the words behind ``ignore`` ask for."""
    named = _NAMED.fullmatch(words)
    ids = [word.strip() for word in named[1].split(",")] if named else [""]
    if named is None or "" in ids:
        return Order(problem="a comment that ignores names ids in brackets", guess="write # maxtac: ignore[ID] and why")
    unknown = next((word for word in ids if word not in CODES), "")
    if unknown:
        return Order(problem=f"no finding {unknown}", guess=did_you_mean(unknown, list(CODES)))
    if not named[2].strip():
        return Order(problem="a comment that ignores says why", guess="write the reason behind the bracket")
    return Order(tuple(CODES[word] for word in dict.fromkeys(ids)))


def find(data: bytes) -> Iterator[Ignore]:
    """The comments in a file that ignore something."""
    try:
        text = to_utf8(data)
    except Broken:
        return
    waiting: list[Ignore] = []
    document = 0
    for chunk in chunks(text, thorough=True):
        reading = _Reading(chunk, document, waiting)
        if waiting or ADDRESS.encode() in chunk.text:
            reading.run()
        elif chunk.text.strip():
            reading.said = True
        yield from reading.found
        waiting, document = reading.waiting, reading.document + reading.said
    yield from (ignore._replace(last=0) for ignore in waiting)


class _Reading:
    """The comments of a chunk: they stand between the tokens of its text, and nothing else but blanks does."""

    def __init__(self, chunk: Chunk, document: int, waiting: list[Ignore]) -> None:
        self.found: list[Ignore] = []
        self.waiting = waiting
        """Comments before everything that their document says, whose end is not known yet."""
        self.document = document
        self.said = False
        """Whether the document has said anything."""
        self._chunk = chunk
        self._source = chunk.text.decode("utf-8", "replace")
        self._position = 0
        self._next: list[int] = []
        """Those of the found that wait for the next line that says something."""

    def run(self) -> None:
        """Find them, up to whatever cannot be read."""
        parser: Any = Parser(self._chunk.text)
        try:
            while parser.check_token():
                self._take(parser.get_token())
        except YAMLError as error:
            mark = getattr(error, "context_mark", None) or getattr(error, "problem_mark", None)
            if mark is not None:
                self._comments(mark.index)
                self._aim(mark.line)
        if self.said:
            self._close(self._chunk.text.count(b"\n"))

    def _take(self, token: Any) -> None:
        start, end = token.start_mark, token.end_mark
        self._comments(start.index)
        if isinstance(token, _MARKERS) and self.said:
            self._close(start.line)
            self.document, self.said = self.document + 1, False
        elif not isinstance(token, _SILENT):
            self._aim(start.line)
        if isinstance(token, ScalarToken) and token.style in ("|", ">"):
            header = _BREAK.search(self._source, start.index)
            self._comments(header.start() if header else end.index)
        self._position = max(self._position, end.index)

    def _comments(self, end: int) -> None:
        """Note the comments up to an index."""
        for match in _COMMENT.finditer(self._source, self._position, end):
            ignore = _IGNORE.fullmatch(match[0].rstrip())
            if ignore is not None:
                self._note(match.start(), match[0].rstrip(), ignore[1])
        self._position = max(self._position, end)

    def _note(self, start: int, comment: str, words: str) -> None:
        breaks = [found.end() for found in _BREAK.finditer(self._source, 0, start)]
        begin = breaks[-1] if breaks else 0
        line, column = self._chunk.line + len(breaks) + 1, start - begin + 1
        before = self._source[begin:start]
        alone = not before.strip()
        place = Place(line, column, column + len(comment), comment, before + comment if alone else "")
        if not self.said:
            self.waiting.append(Ignore(place, words, self.document, line, 0))
            return
        if alone:
            self._next.append(len(self.found))
        self.found.append(Ignore(place, words, self.document, line, 0 if alone else line))

    def _aim(self, line: int) -> None:
        """Something is said on a line: that is what the comments above it are about."""
        self.said = True
        said = self._chunk.line + line + 1
        for number in self._next:
            self.found[number] = self.found[number]._replace(first=said, last=said)
        self._next = []

    def _close(self, line: int) -> None:
        """The document ends before a line."""
        last = self._chunk.line + line
        self.found += [ignore._replace(document=self.document, last=last) for ignore in self.waiting]
        self.found.sort()
        self.waiting, self._next = [], []
