"""A KRM ResourceList: its items in their own text, so that whoever gets them back finds every byte as it was.

The text of a list is cut at the lines where its fields and its items begin. Each item is a document of its own then,
and what was cut is put together again, perhaps with others beside it. A list that has no such lines (JSON, a flow list,
aliases from one item to another) is written as block YAML first.

Source: https://github.com/kubernetes-sigs/kustomize/blob/master/cmd/config/docs/api-conventions/functions-spec.md
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

import yaml
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

from maxtac_render.manifests import build, events, write
from maxtac_render.manifests.encoding import looks_like_json, to_utf8
from maxtac_render.manifests.events import Event, Take
from maxtac_render.manifests.faults import Broken
from maxtac_render.manifests.places import Document, Twice
from maxtac_render.model.objects import FieldPath, Place, nowhere
from maxtac_render.model.orchestration import INDEX, PATH

API_VERSION: Final = "config.kubernetes.io/v1"
KIND: Final = "ResourceList"

_API_VERSIONS: Final = (API_VERSION, f"{API_VERSION}beta1", f"{API_VERSION}alpha1")
_ITEMS: Final = "items"
_CONFIG: Final = "functionConfig"
_RESULTS: Final = "results"

_ENDS = (MappingEndEvent, SequenceEndEvent)
_ENDLESS = 10**9
"""The width at which no line is folded."""

_DASH = re.compile(r"(?:[ \t\r\n]++|#[^\r\n]*+)*-")  # possessive, or comments could be taken apart in too many ways
_MARKER = re.compile(r"^(?:---|\.\.\.|%)", re.MULTILINE)
_ODD_BREAK = re.compile("\r(?!\n)|[\x85\u2028\u2029]")
_PATH, _INDEX = (re.compile(rf"^ +['\"]?{re.escape(key)}['\"]?: .*$", re.MULTILINE) for key in (PATH, INDEX))


class Item(NamedTuple):
    """One object of a list: its text, with the comments above it, and where in that its dash stands."""

    text: str
    dash: int

    @property
    def document(self) -> str:
        """The object as a document of its own: a blank in the place of the dash, and all lines moved to the left alike.

        They stay where they are if one would begin with what is a marker there, or does not end as it seems to.
        """
        text = " " * (self.dash - self.text.rfind("\n", 0, self.dash)) + self.text[self.dash + 1 :]
        if _ODD_BREAK.search(text):
            return text
        lines = text.split("\n")
        margin = min((len(line) - len(line.lstrip(" ")) for line in lines if line.strip()), default=0)
        moved = "\n".join(line[margin:] for line in lines)
        return text if _MARKER.search(moved) else moved

    @property
    def place(self) -> tuple[str, int]:
        """The file that the object is in, if an annotation says so, and which of its documents it is, from 0."""
        index = self._annotation(_INDEX)
        return self._annotation(_PATH), int(index) if index.isdecimal() and len(index) < 10 else 0

    def _annotation(self, line: re.Pattern[str]) -> str:
        found = line.search(self.text)
        try:
            values = [parsed.value for parsed in build.documents(found[0].strip().encode())] if found else []
        except Broken:
            return ""
        return str(*values[0].values()) if values else ""


class Field(NamedTuple):
    """A field of a list, and its text; that of the items ends where the first of them begins."""

    key: str
    text: str


class Config(NamedTuple):
    """What configures the function: its value (None where there is none), its places, and the keys that stand twice."""

    value: Any = None
    places: Callable[[FieldPath], Place | None] = nowhere
    twice: Sequence[Twice] = ()


class ResourceList(NamedTuple):
    """A list: what stands before its fields, these, and its items; ``column`` is the one of their dashes."""

    head: str
    fields: Sequence[Field]
    items: Sequence[Item]
    column: int = 0

    def stream(self) -> bytes:
        """The items as a stream of YAML documents: the first is document 0."""
        return "".join(f"---\n{_whole_line(item.document)}" for item in self.items).encode()

    def config(self) -> Config:
        """The functionConfig. Raises Broken where Kubernetes could not read it."""
        for key, text in self.fields:
            if key == _CONFIG:
                document = Document(text.encode(), 0)
                twice = [each._replace(path=each.path[1:]) for each in document.duplicates()]
                return Config(_value(text, key), document.within((key,)), twice)
        return Config()

    @property
    def only_configures(self) -> bool:
        """Whether the configuration of the function is its only item, as kustomize has it for a generator."""
        config = self.config().value
        if len(self.items) != 1 or not isinstance(config, dict):
            return False
        (item,) = (parsed.value for parsed in build.documents(self.items[0].document.encode()))
        return isinstance(item, dict) and _identity(item) == _identity(config)

    def item(self, document: str) -> str:
        """The text of an item that is such a document; no scalar in it goes on over the end of a line."""
        pad = " " * self.column
        lines = document.splitlines(keepends=True)
        return "".join(f"{pad}{'- ' if not number else '  '}{line}" for number, line in enumerate(lines))

    def text(self, items: Iterable[str], results: Sequence[Any]) -> str:
        """The list with these items, and with results. What configured the function goes, and results of others."""
        texts = {_CONFIG: "", _RESULTS: ""}
        inner = "".join(map(_whole_line, items))
        for key, text in self.fields:
            if key == _ITEMS:
                texts[key] = f"{_whole_line(text)}{inner}" if inner else f"{_ITEMS}: []\n"
        fields = (texts.get(key, _whole_line(text)) for key, text in self.fields)
        return "".join((self.head, *fields, write.document({_RESULTS: [*results]}) if results else ""))


def parse(data: bytes) -> ResourceList:
    """Read a ResourceList. Raises Broken or OverLimit for what is none."""
    text = to_utf8(data)
    try:
        source = text.decode()
    except UnicodeDecodeError as error:
        raise Broken("invalid UTF-8", text.count(b"\n", 0, error.start)) from error
    read = (None if looks_like_json(text) else _cut(source)) or _cut(_in_blocks(source))
    words = {key: _value(text, key) for key, text in read.fields if key in ("apiVersion", "kind")} if read else {}
    if read is None or words.get("kind") != KIND or words.get("apiVersion") not in _API_VERSIONS:
        raise Broken(f"no {KIND} of {API_VERSION}")
    if all(key != _ITEMS for key, _ in read.fields):
        raise Broken("no items, not even an empty list")
    today = Field("apiVersion", f"apiVersion: {API_VERSION}\n")
    return read if words["apiVersion"] == API_VERSION else _exchanged(read, today)


def _exchanged(read: ResourceList, new: Field) -> ResourceList:
    """The same list with another text for a field."""
    return read._replace(fields=[new if field.key == new.key else field for field in read.fields])


def _value(text: str, key: str) -> Any:
    """The value of a field, out of its text."""
    return next(build.documents(text.encode())).value[key]


def _identity(body: dict[str, Any]) -> tuple[Any, ...]:
    metadata = body.get("metadata")
    return body.get("apiVersion"), body.get("kind"), metadata.get("name") if isinstance(metadata, dict) else None


def _whole_line(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"


def _in_blocks(source: str) -> str:
    """The same list as block YAML without aliases. What its scalars are written as stays, for whoever reads them."""
    from maxtac_render.manifests import json  # noqa: PLC0415 - orchestrators write block YAML

    documents: list[Any] = []
    with suppress(json.Unread):
        documents = list(json.documents(source))
    if documents:
        return write.document(_only(documents))
    _only(list(build.documents(source.encode())))
    take = events.of(source.encode())
    head, start = take(), take()
    start.version = start.tags = None
    body = _node(take(), take, {})
    return str(yaml.emit([head, start, *body, take(), take()], Dumper=yaml.SafeDumper, width=_ENDLESS))


def _only(documents: list[Any]) -> Any:
    """The value of the only document, a mapping without double keys."""
    if len(documents) != 1 or not isinstance(documents[0].value, dict):
        raise Broken("more than one document" if len(documents) > 1 else "no mapping")
    if documents[0].twice:
        raise Broken("a key that stands twice")
    return documents[0].value


def _node(event: Event, take: Take, anchored: dict[Any, list[Event]]) -> list[Event]:
    """The events of a node, its collections as blocks, and in the places of aliases what they stand for."""
    if type(event) is AliasEvent:
        return anchored[event.anchor]
    anchor, event.anchor = event.anchor, None
    found = [event]
    if type(event) is not ScalarEvent:
        event.flow_style = False
        while type(inner := take()) not in _ENDS:
            found += _node(inner, take, anchored)
        found.append(inner)
    if anchor is not None:
        anchored[anchor] = found
    return found


class _NoLines(Exception):
    """The parts of a list do not begin with lines of their own."""


def _cut(source: str) -> ResourceList | None:
    """A list cut at its lines; None where it has none that it could be cut at."""
    try:
        return _Cutting(source).cut()
    except _NoLines:
        return None
    except YAMLError as error:
        raise events.broken(error, source.encode()) from error


class _Cutting:
    """One text on its way to a list. Nothing in it is built: what an item means says whoever reads its document."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._take = events.of(source.encode())
        self._last = 0
        """Where the last token ended that is no mere indentation."""

    def cut(self) -> ResourceList:
        """The list. Raises YAMLError, Broken or _NoLines."""
        self._take()
        start = self._take()
        if type(start) is StreamEndEvent:
            raise Broken("nothing in it")
        root = self._take()
        self._require(
            start.version is None and not start.tags and _is_block(root, MappingStartEvent) and not root.anchor
        )
        starts: list[tuple[str, int]] = []
        items: list[tuple[int, int]] | None = None
        while type(event := self._take()) is not MappingEndEvent:
            starts.append((self._key(event), event.start_mark.index))
            value = self._take()
            if event.value == _ITEMS and _is_block(value, SequenceStartEvent):
                items = self._items(event.end_mark.index)
            else:
                self._skip(value)
        end = self._take().start_mark.index
        if type(self._take()) is not StreamEndEvent:
            raise Broken("more than one document")
        return self._joined(starts, items, end)

    def _key(self, event: Event) -> str:
        """A key of the root, which begins its line."""
        plain = type(event) is ScalarEvent and not event.anchor and not events.is_merge(event)
        self._require(plain and event.start_mark.column == 0)
        return str(event.value)

    def _items(self, last: int) -> list[tuple[int, int]]:
        """Where the items of a block sequence begin, comments above them included, and where their dashes stand."""
        self._last = last + 1  # behind the colon
        found = []
        while type(event := self._take()) is not SequenceEndEvent:
            if type(event) not in (MappingStartEvent, AliasEvent):
                raise events.at(event, "items that are no list of objects")
            dash = self._dash()
            found.append((self._above(dash), dash))
            self._skip(event)
        return found

    def _dash(self) -> int:
        """Where the next dash stands."""
        found = _DASH.match(self._source, self._last)
        if found is None:
            raise _NoLines
        return found.end() - 1

    def _above(self, dash: int) -> int:
        """Where the comments directly above a dash begin that stand at its column or before it."""
        begin = self._source.rfind("\n", 0, dash) + 1
        indent = self._source[begin:dash]
        self._require(not indent.strip(" "))
        comment = re.compile(rf" {{0,{len(indent)}}}#")
        while begin and (above := self._source.rfind("\n", 0, begin - 1) + 1) >= self._last:
            if not comment.match(self._source, above):
                break
            begin = above
        return begin

    def _skip(self, event: Event) -> None:
        """Pass over a value, whose first event is given; none of its aliases leads out of it."""
        anchors: set[str] = set()
        depth = 0
        while True:
            kind = type(event)
            if kind is AliasEvent:
                self._require(event.anchor in anchors)
            elif kind in _ENDS:
                depth -= 1
            else:
                anchors.add(event.anchor)
                depth += kind is not ScalarEvent
            if event.end_mark.index > event.start_mark.index:
                self._last = event.end_mark.index
            if not depth:
                return
            event = self._take()

    def _joined(self, starts: list[tuple[str, int]], items: list[tuple[int, int]] | None, end: int) -> ResourceList:
        """The list whose fields and items begin there."""
        source, stops = self._source, [start for _, start in starts[1:]] + [end]
        spans = {key: (start, stop) for (key, start), stop in zip(starts, stops, strict=True)}
        self._require(len(spans) == len(starts))
        fields = [Field(key, source[start:stop]) for key, (start, stop) in spans.items()]
        read = ResourceList(source[: starts[0][1]], fields, ())
        if items is None:
            return self._empty(read)
        begins = [begin for begin, _ in items]
        first = Field(_ITEMS, source[spans[_ITEMS][0] : begins[0]])
        texts = zip(begins, [*begins[1:], spans[_ITEMS][1]], items, strict=True)
        return _exchanged(read, first)._replace(
            items=[Item(source[begin:stop], dash - begin) for begin, stop, (_, dash) in texts],
            column=items[0][1] - source.rfind("\n", 0, items[0][1]) - 1,
        )

    def _empty(self, read: ResourceList) -> ResourceList:
        """The same list, ready for items; _NoLines where it has some that are no blocks."""
        value = next((_value(text, key) for key, text in read.fields if key == _ITEMS), None)
        if value is not None and not isinstance(value, list):
            raise Broken("items that are no list of objects")
        self._require(not value)
        return _exchanged(read, Field(_ITEMS, f"{_ITEMS}:\n"))

    @staticmethod
    def _require(fact: bool) -> None:
        if not fact:
            raise _NoLines


def _is_block(event: Event, kind: type) -> bool:
    return isinstance(event, kind) and not getattr(event, "flow_style", True)
