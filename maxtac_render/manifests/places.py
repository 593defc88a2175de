"""Where the fields of a document stand: found by reading it again, only when something has to be said about one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from yaml.error import YAMLError
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from maxtac_render.manifests import events
from maxtac_render.manifests.events import Event, Take
from maxtac_render.manifests.faults import Broken
from maxtac_render.model.objects import FieldPath, Key, Place

LONGEST_EXCERPT = 200

_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_UNPRINTABLE = re.compile("[\x7f-\x84\x86-\x9f\ufffe\uffff]")
_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")


class _Span(NamedTuple):
    """A piece of the text, by characters, and where it begins, from 0."""

    start: int
    end: int
    line: int
    column: int


class _Node:
    """A value in the text: its span, and the nodes inside it. ``keys`` are the places of a mapping's keys."""

    __slots__ = ("block", "inner", "keys", "scalar", "span")

    def __init__(self, span: _Span, *, scalar: bool = False, block: bool = False) -> None:
        self.span = span
        self.scalar = scalar
        self.block = block
        self.inner: dict[str | int, _Node] = _NO_NODES if scalar else {}
        self.keys: dict[str | int, _Span] = _NO_KEYS if scalar else {}


_NO_NODES: dict[str | int, _Node] = {}
_NO_KEYS: dict[str | int, _Span] = {}


class Twice(NamedTuple):
    """A key that stands twice in the mapping at a path."""

    path: FieldPath
    key: str


class Document:
    """The text of one document, which finds places in it; ``number`` counts from 0 within the text.

    Calling it gives the place of a field. It keeps the text alive and, once asked, the spans of everything in it.
    """

    __slots__ = ("_line", "_number", "_root", "_source", "_text")

    def __init__(self, text: bytes, line: int, number: int = 0) -> None:
        self._text = text
        self._line = line
        self._number = number
        self._source = ""
        self._root: _Node | None = None

    def __call__(self, path: FieldPath) -> Place | None:
        return self.place((), path)

    def within(self, prefix: FieldPath) -> Callable[[FieldPath], Place | None]:
        """What finds the places of an object inside the document, such as an item of a List."""
        return Part(self, prefix)

    def place(self, prefix: FieldPath, path: FieldPath) -> Place | None:
        """The place of a field of the object at ``prefix``, or of the nearest thing around it that exists."""
        item = self._find(prefix)
        if item is None:
            return None
        node, span, owner = item, item.span, item
        for step in path:
            inner = node.inner.get(step)
            if inner is None:
                break
            owner, node = node, inner
            seen = inner.scalar and inner.span.end > inner.span.start
            span = inner.span if seen and not isinstance(step, Key) else owner.keys.get(step, inner.span)
        return self._shown(span, node, item)

    def duplicates(self) -> list[Twice]:
        """Every key that stands twice, wherever in the document."""
        reading = self._read()
        return reading.twice if reading else []

    def lines(self, path: FieldPath) -> list[int]:
        """The file's lines, from 1, of the items of the list at a path."""
        node = self._find(path)
        return [self._line + item.span.line + 1 for item in node.inner.values()] if node else []

    def _find(self, prefix: FieldPath) -> _Node | None:
        if self._root is None:
            self._read()
        node = self._root
        for step in prefix:
            node = node and node.inner.get(step)
        return node

    def _read(self) -> _Spans | None:
        """Read the text again; None where libyaml cannot read what JSON may hold."""
        source = self._text.decode("utf-8", "replace")
        readable = _UNPRINTABLE.sub("?", _SURROGATE.sub(r"\\uFFFD", source)) if source.lstrip()[:1] == "{" else source
        self._source = source
        try:
            reading = _Spans(events.of(readable.encode()), self._number)
        except (YAMLError, Broken, RecursionError):
            return None
        self._root = reading.root
        return reading

    def _shown(self, span: _Span, node: _Node, item: _Node) -> Place:
        start = _PROPERTIES.match(self._source, span.start, span.end)
        first = start.end() if start else span.start
        line_break = _BREAK.search(self._source, first, span.end)
        stop = line_break.start() if line_break else span.end
        begin = max(_last_break(self._source, first), span.start - span.column)
        line = self._line + span.line + 1 + len(_BREAK.findall(self._source, span.start, first))
        column = first - begin + 1
        text = self._written(first, span.end) if node.scalar and span is node.span else ""
        return Place(line, column, column + stop - first, text, self._excerpt(begin, span, item))

    def _written(self, start: int, end: int) -> str:
        text = self._source[start:end]
        if text[:1] in ("'", '"') and text[-1:] == text[:1] and len(text) > 1:
            return text[1:-1]
        return text.rstrip("\r\n") if text[:1] in ("|", ">") else text

    def _excerpt(self, begin: int, span: _Span, item: _Node) -> str:
        """The line, unless other objects' text may stand in it."""
        inside = item.span.start <= span.start and span.end <= item.span.end
        if not item.block or not inside:
            return ""
        stop = _BREAK.search(self._source, begin)
        return self._source[begin : stop.start() if stop else None][:LONGEST_EXCERPT]


class Part:
    """Finds the places of an object inside a document, such as an item of a List."""

    __slots__ = ("_document", "_prefix")

    def __init__(self, document: Document, prefix: FieldPath) -> None:
        self._document = document
        self._prefix = prefix

    def __call__(self, path: FieldPath) -> Place | None:
        return self._document.place(self._prefix, path)


def _last_break(source: str, before: int) -> int:
    return max(source.rfind(mark, 0, before) for mark in "\r\n\x85\u2028\u2029") + 1


class _Spans:
    """One document on its way from events to spans. It has been read before, so everything in it is in order."""

    def __init__(self, take: Take, number: int) -> None:
        self._take = take
        self._anchors: dict[Any, Any] = {}
        self.twice: list[Twice] = []
        for _ in range(number):
            self._skip_document()
        self.root = self._first_node()

    def _skip_document(self) -> None:
        while type(self._take()).__name__ != "DocumentEndEvent":
            pass

    def _first_node(self) -> _Node | None:
        while not isinstance(event := self._take(), ScalarEvent | MappingStartEvent | SequenceStartEvent):
            if isinstance(event, StreamEndEvent):
                return None
        return self._node(event, ())

    def _node(self, event: Event, path: FieldPath) -> _Node:
        if isinstance(event, AliasEvent):
            found: tuple[_Node, Event] = self._anchors[event.anchor]
            return found[0]
        block = not getattr(event, "flow_style", True)
        node = _Node(_span(event), scalar=isinstance(event, ScalarEvent), block=block)
        if event.anchor is not None:
            self._anchors[event.anchor] = (node, event)
        if isinstance(event, MappingStartEvent):
            node.span = _until(node.span, self._mapping(node, path))
        elif isinstance(event, SequenceStartEvent):
            node.span = _until(node.span, self._sequence(node, path))
        return node

    def _mapping(self, node: _Node, path: FieldPath) -> Event:
        written: set[str] = set()
        while not isinstance(event := self._take(), MappingEndEvent):
            if events.is_merge(event):
                self._merge(node, path)
                continue
            key = self._key(event)
            if key in written:
                self.twice.append(Twice(path, key))
            written.add(key)
            node.keys[key] = _span(event)
            node.inner[key] = self._node(self._take(), (*path, key))
        return event

    def _key(self, event: Event) -> str:
        if isinstance(event, AliasEvent):
            return events.key_of(self._anchors[event.anchor][1], event)
        if event.anchor is not None:
            self._anchors[event.anchor] = (_Node(_span(event), scalar=True), event)
        return events.key_of(event, event)

    def _merge(self, node: _Node, path: FieldPath) -> None:
        event = self._take()
        merged = self._node(event, (*path, "<<"))
        for source in reversed(merged.inner.values()) if isinstance(event, SequenceStartEvent) else (merged,):
            node.keys.update(source.keys)
            node.inner.update(source.inner)

    def _sequence(self, node: _Node, path: FieldPath) -> Event:
        for number, event in enumerate(iter(self._take, None)):
            if isinstance(event, SequenceEndEvent):
                return event
            node.inner[number] = self._node(event, (*path, number))
        raise AssertionError("a list without an end")


def _span(event: Event) -> _Span:
    start = event.start_mark
    return _Span(start.index, event.end_mark.index, start.line, start.column)


def _until(span: _Span, event: Event) -> _Span:
    return span._replace(end=event.end_mark.index)
