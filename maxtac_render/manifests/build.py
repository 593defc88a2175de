"""From a parser's events to plain values, with Kubernetes' meaning of every scalar.

This is the hot path. Four fifths of its time libyaml and its events need; what is left is here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

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

from maxtac_render.manifests import events, scalars
from maxtac_render.manifests.events import Event, Take, at, refused
from maxtac_render.manifests.faults import NoJSON, OverLimit
from maxtac_render.manifests.memory import Memory

Value = Any
"""What JSON has: dict, list, str, int, float, bool, None."""

DEPTH: Final = 100
"""Mappings and lists within each other."""
ALIASED: Final = 1_000_000
"""Nodes that the aliases of one document stand for; a long text counts as one node for each 64 characters."""
ALIASED_FREELY: Final = 10_000
"""Aliased nodes that are fine even in a small document."""
MULTIPLIED: Final = 10
"""How many nodes the aliases may stand for beyond that, for each node that is written."""

NESTING: Final = "the nesting"
_ALIASES: Final = "the number of nodes behind aliases"


class Parsed(NamedTuple):
    """One document: its value, the line it begins on (from 0), and what a second look at it would find.

    ``lines`` gives the line of every mapping in a list, by the mapping's identity. ``twice`` tells that a key may
    stand twice.
    """

    value: Value
    line: int
    lines: dict[int, int]
    twice: bool


_ODD: Final = object()
"""Stands for a key that is none: a merge, or one that Kubernetes refuses."""


def _key(text: str) -> object:
    try:
        return _ODD if text == scalars.MERGE else scalars.key(text)
    except NoJSON:
        return _ODD


_PLAIN = Memory(scalars.plain)
_KEYS = Memory(_key)

_OPEN: Final = object()
"""Stands for the content of an anchor that has not ended yet."""


def documents(text: bytes) -> Iterator[Parsed]:
    """The documents of a text.

    Raises:
        Broken: a document is unreadable; those after it are not reached.
        OverLimit: likewise.
    """
    try:
        take = events.of(text)
        take()
        while type(take()) is not StreamEndEvent:
            yield _Document(take).parsed()
            take()
    except YAMLError as error:
        raise events.broken(error, text) from error


class _Document:
    """One document on its way from events to a value."""

    __slots__ = ("_aliased", "_anchors", "_lines", "_measures", "_take", "_twice", "_written")

    def __init__(self, take: Take) -> None:
        self._take = take
        self._anchors: dict[str, Any] = {}
        self._lines: dict[int, int] = {}
        self._measures: dict[int, tuple[Value, int, int]] = {}
        self._aliased = self._written = 0
        self._twice = False

    def parsed(self) -> Parsed:
        """The document, whose start has been read; its end is left to be read."""
        event = self._take()
        value = self._node(event, 1)
        limit = max(ALIASED_FREELY, MULTIPLIED * self._written)
        if self._aliased > limit:
            raise _over(event, _ALIASES, limit)
        return Parsed(value, event.start_mark.line, self._lines, self._twice)

    def _node(self, event: Event, depth: int) -> Value:
        kind = type(event)
        if kind is ScalarEvent:
            return self._scalar(event)
        if kind is AliasEvent:
            return self._alias(event, depth)
        anchor = event.anchor
        if anchor is None:
            return self._collection(event, depth)
        # Go's decoder knows an anchor from where it begins, and of two with one name the newer counts.
        opened = (_OPEN,)
        self._anchors[anchor] = opened
        value = self._collection(event, depth)
        if self._anchors[anchor] is opened:
            self._anchors[anchor] = value
        return value

    def _collection(self, event: Event, depth: int) -> Value:
        if depth > DEPTH:
            raise _over(event, NESTING, DEPTH)
        value = self._mapping(depth) if type(event) is MappingStartEvent else self._sequence(depth)
        self._written += len(value)
        return value

    def _mapping(self, depth: int) -> dict[str, Value]:
        """A mapping whose start has been read. In one piece, because calls cost more here than anything else."""
        take, plain, keys = self._take, _PLAIN, _KEYS
        result: dict[str, Value] = {}
        event = take()
        try:
            while type(event) is not MappingEndEvent:
                if type(event) is ScalarEvent and event.tag is None is event.anchor:
                    key = keys[event.value] if event.implicit[0] else event.value
                else:
                    key = self._odd_key(event)
                if key is _ODD:
                    self._merge(event, result, depth)
                    event = take()
                    continue
                if key in result:
                    self._twice = True
                event = take()
                if type(event) is not ScalarEvent:
                    result[key] = self._node(event, depth + 1)
                elif event.tag is None is event.anchor:
                    result[key] = plain[event.value] if event.implicit[0] else event.value
                else:
                    result[key] = self._scalar(event)
                event = take()
        except NoJSON as error:
            raise refused(error, event) from error
        return result

    def _sequence(self, depth: int) -> list[Value]:
        """A list whose start has been read."""
        take, plain = self._take, _PLAIN
        result: list[Value] = []
        event = take()
        try:
            while type(event) is not SequenceEndEvent:
                kind = type(event)
                if kind is not ScalarEvent:
                    value = self._node(event, depth + 1)
                    if kind is MappingStartEvent:
                        self._lines[id(value)] = event.start_mark.line
                elif event.tag is None is event.anchor:
                    value = plain[event.value] if event.implicit[0] else event.value
                else:
                    value = self._scalar(event)
                result.append(value)
                event = take()
        except NoJSON as error:
            raise refused(error, event) from error
        return result

    def _scalar(self, event: Event) -> Value:
        if event.anchor is not None:
            self._anchors[event.anchor] = event
        return events.value_of(event)

    def _alias(self, event: Event, depth: int) -> Value:
        value = self._anchored(event)
        if isinstance(value, ScalarEvent):
            self._count(_weight(value.value), event)
            return events.value_of(value)
        nodes, height = self._measure(value)
        if depth + height - 1 > DEPTH:
            raise _over(event, NESTING, DEPTH)
        self._count(nodes, event)
        return value

    def _anchored(self, event: Event) -> Value:
        try:
            value = self._anchors[event.anchor]
        except KeyError:
            raise at(event, "found undefined alias") from None
        if type(value) is tuple:
            raise at(event, "found an alias within what it stands for")
        return value

    def _count(self, nodes: int, event: Event) -> None:
        self._aliased += nodes
        if self._aliased > ALIASED:
            raise _over(event, _ALIASES, ALIASED)

    def _measure(self, value: Value) -> tuple[int, int]:
        """How many nodes a value has, aliased ones counted again, and how deep they go."""
        if not isinstance(value, dict | list):
            return _weight(value), 0
        known = self._measures.get(id(value))
        if known is None:
            inner = [self._measure(child) for child in (value.values() if isinstance(value, dict) else value)]
            nodes = 1 + sum(nodes for nodes, _ in inner)
            height = 1 + max((height for _, height in inner), default=0)
            self._measures[id(value)] = known = (value, nodes, height)
        return known[1:]

    def _odd_key(self, event: Event) -> object:
        """A key that is no scalar without properties."""
        if type(event) is AliasEvent:
            return events.key_of(self._anchored(event), event)
        if type(event) is ScalarEvent and event.anchor is not None:
            self._anchors[event.anchor] = event
        return _ODD if events.is_merge(event) else events.key_of(event, event)

    def _merge(self, event: Event, result: dict[str, Value], depth: int) -> None:
        """Merge what follows a ``<<`` key. As for Kubernetes it wins over the keys before it, not over those after."""
        if not events.is_merge(event):
            raise at(event, "a key that is null or beyond 64 bits, which Kubernetes refuses")
        event = self._take()
        value = self._node(event, depth + 1)
        sources = value if type(event) is SequenceStartEvent else [value]
        if not all(isinstance(source, dict) for source in sources):
            raise at(event, "a merge of something that is no mapping")
        written = len(result)
        for source in reversed(sources):
            result.update(source)
        self._written -= len(result) - written


def _weight(value: Value) -> int:
    return 1 + len(value) // 64 if isinstance(value, str) else 1


def _over(event: Event, what: str, limit: int) -> OverLimit:
    return OverLimit(what, limit, event.start_mark.line, event.start_mark.column)
