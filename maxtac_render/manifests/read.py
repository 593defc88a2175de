"""Text of manifests to Resources, with the meaning that Kubernetes' own decoder gives it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from maxtac_render.manifests import build
from maxtac_render.manifests.encoding import looks_like_json, mentions, to_utf8
from maxtac_render.manifests.faults import Broken, Fault, OverLimit
from maxtac_render.manifests.lines import plain_document
from maxtac_render.manifests.places import Document
from maxtac_render.manifests.stream import SKIPPED, Chunk, chunks, cut, remainder
from maxtac_render.manifests.wanted import INTENTS, Wanted
from maxtac_render.model.diagnostics import Code, Report, Spot, did_you_mean, nearest
from maxtac_render.model.intent import GROUP, KINDS, VERSION
from maxtac_render.model.objects import FieldPath, Key, ObjectRef, Origin, Place, Resource, is_local

if TYPE_CHECKING:
    from maxtac_render.manifests.json import JSONText

BYTES: Final = 256 * 1024 * 1024
"""The largest input that is read."""


Memory = dict[bytes, build.Parsed | None]
"""What plain documents say, by their text: who reads one thing twice parses it once."""


def read(  # noqa: PLR0913 - what is read, and four ways to read it
    data: bytes,
    path: str,
    report: Report,
    *,
    named: bool = False,
    thorough: bool = False,
    wanted: Wanted = INTENTS,
    memory: Memory | None = None,
) -> Iterator[Resource]:
    """The objects of a file that are wanted, in their order; by default Services and all of MaxTac's group.

    What cannot be read is reported and left out: loudly if somebody ``named`` the file or it mentions MaxTac's group,
    else once for the file. With ``thorough`` even documents that cannot matter are parsed, and so found broken.
    ``memory`` is filled, and used: bodies of equal documents are one.
    """
    reading = _Reading(path, report, wanted, loud=named or mentions(data, GROUP))
    reading.memory = memory
    for piece in reading.pieces(data, thorough=thorough):
        yield from piece.resources


class Piece(NamedTuple):
    """A piece of a stream that holds whole documents, nearly always one: its bytes, and what in it is wanted.

    ``first`` is the number of its first document in the stream; it may have none and hold comments only. ``objects``
    is how many there are in it, wanted or not.
    """

    text: bytes
    first: int
    documents: int
    objects: int
    resources: list[Resource]


def pieces(data: bytes, path: str, report: Report, wanted: Wanted) -> Iterator[Piece]:
    """A file cut into pieces, which together are the file as UTF-8 without a byte order mark.

    Every document that cannot be read is reported loudly, if it is looked at; it is a piece all the same.
    """
    return _Reading(path, report, wanted, loud=True).pieces(data, thorough=False)


class _Text(NamedTuple):
    """One document as text and as a value. ``lines`` finds the lines of the mappings in a list."""

    value: Any
    line: int
    places: Document
    lines: Callable[[FieldPath, list[Any]], list[int]]
    twice: bool


class _Reading:
    """One file being read: counts its documents, and says what is wrong with them."""

    def __init__(self, path: str, report: Report, wanted: Wanted, *, loud: bool) -> None:
        self._path = path
        self._report = report
        self._wanted = wanted
        self._loud = loud
        self._quiet_said = False
        self._count = 0
        self._objects_seen = 0
        self.memory: Memory | None = None

    def pieces(self, data: bytes, *, thorough: bool) -> Iterator[Piece]:
        """The pieces of a file."""
        try:
            text = _utf8(data)
        except (Broken, OverLimit) as fault:
            yield self._unread(data, fault)
            return
        rest = Chunk(text, 0)
        if looks_like_json(text):
            rest = yield from self._json(text)
        whole = cut(rest.text)
        for chunk in chunks(rest.text, thorough=thorough, wanted=self._wanted):
            if chunk is SKIPPED:
                self._count += 1
                yield Piece(next(whole), self._count - 1, 1, 1, [])
            else:
                first, seen = self._count, self._objects_seen
                found = list(self._yaml(Chunk(chunk.text, rest.line + chunk.line)))
                yield Piece(next(whole), first, self._count - first, self._objects_seen - seen, found)

    def _refuse(self, fault: Broken | OverLimit, line: int) -> None:
        """Report that a document cannot be used; ``line`` is the one, from 0, that the fault's own counts from."""
        place = Place(line + fault.line + 1, fault.column + 1, fault.column + 1, "", "")
        spot = Spot(Origin(self._path, self._count, place.line, lambda _path: place))
        if isinstance(fault, OverLimit):
            self._report.add(Code.OVER_LIMIT, spot, what=fault.what, limit=fault.limit)
        elif self._loud:
            self._report.add(Code.BROKEN_YAML, spot, problem=fault.problem)
        elif not self._quiet_said:
            self._quiet_said = True
            self._report.add(Code.UNREADABLE_DOCUMENT, spot, problem=fault.problem)
        self._count += 1

    def _yaml(self, chunk: Chunk) -> Iterator[Resource]:
        fault = yield from self._documents(chunk)
        if fault is not None:
            for rest in remainder(chunk, fault):
                yield from self._documents(rest)

    def _documents(self, chunk: Chunk) -> Generator[Resource, None, Fault | None]:
        """The Resources of a chunk up to the first document that cannot be read; returns why not."""
        fault: Broken | OverLimit
        try:
            plain = self._plain(chunk.text)
            for number, parsed in enumerate(build.documents(chunk.text) if plain is None else (plain,)):
                yield from self._objects(_yaml_text(chunk, number, parsed))
                self._count += 1
        except (Broken, OverLimit) as found:
            fault = found
        except RecursionError:
            fault = OverLimit(build.NESTING, build.DEPTH, 0, 1)
        else:
            return None
        self._refuse(fault, chunk.line)
        return fault

    def _plain(self, text: bytes) -> build.Parsed | None:
        """The only document of a text, if it is a plain one."""
        if self.memory is None:
            return plain_document(text)
        if text not in self.memory:
            self.memory[text] = plain_document(text)
        return self.memory[text]

    def _json(self, text: bytes) -> Generator[Piece, None, Chunk]:
        """The JSON documents that a stream begins with; returns the rest, which may be YAML.

        As for kubectl: a stream of more than one JSON document is JSON to its end.
        """
        from maxtac_render.manifests import json  # noqa: PLC0415 - most manifests are YAML

        try:
            source = text.decode()
        except UnicodeDecodeError:
            return Chunk(text, 0)
        line = counted = begin = 0
        try:
            for found in json.documents(source):
                line, counted = line + source.count("\n", counted, found.start), found.start
                seen = self._objects_seen
                resources = self._objects(_json_text(source, found, line))
                text = source[begin : found.after].encode()
                yield Piece(text, self._count, 1, self._objects_seen - seen, resources)
                begin = found.after
                self._count += 1
        except json.Unread as unread:
            if self._count <= 1:
                start = unread.start if self._count else 0
                return Chunk(source[start:].encode(), source.count("\n", 0, start))
            column = unread.position - source.rfind("\n", 0, unread.position) - 1
            broken = Broken(unread.problem, source.count("\n", 0, unread.position), column)
            yield self._unread(source[begin:].encode(), broken)
        except OverLimit as fault:
            yield self._unread(source[begin:].encode(), fault)
        return Chunk(b"", 0)

    def _unread(self, text: bytes, fault: Broken | OverLimit) -> Piece:
        """A piece of which nothing is used, as is reported."""
        self._refuse(fault, 0)
        return Piece(text, self._count - 1, 1, 1, [])

    def _objects(self, text: _Text) -> list[Resource]:
        """The Resources of one document; only one that has some is searched for double keys."""
        found = list(self._within(text, text.value, (), text.line))
        if found and text.twice:
            self._report_twice(text, dict(found))
        return [resource for _, resource in found]

    def _within(
        self,
        text: _Text,
        value: Any,
        path: FieldPath,
        line: int,
    ) -> Iterator[tuple[FieldPath, Resource]]:
        """The Resources of a value, which may be a list of objects: to kubectl, whatever has ``items`` is one."""
        if not isinstance(value, dict):
            self._objects_seen += value is not None
            return
        items, kind = value.get("items"), value.get("kind")
        if not isinstance(items, list) or not kind or not isinstance(kind, str):
            self._objects_seen += 1
            resource = self._resource(text, value, path, line)
            if resource is not None:
                yield path, resource
            return
        where = (*path, "items")
        for number, (item, item_line) in enumerate(zip(items, text.lines(where, items), strict=True)):
            yield from self._within(text, _typed(item, value), (*where, number), item_line or line)

    def _resource(self, text: _Text, body: dict[str, Any], path: FieldPath, line: int) -> Resource | None:
        api_version, kind = _word(body, "apiVersion"), _word(body, "kind")
        wanted = self._wanted.takes(api_version, kind)
        local = self._wanted.local and is_local(body)
        if not (wanted or local or kind in KINDS):
            return None
        metadata = body.get("metadata")
        names = metadata if isinstance(metadata, dict) else {}
        ref = ObjectRef(api_version, kind, _word(names, "namespace"), _word(names, "name"))
        places = text.places.within(path) if path else text.places
        resource = Resource(ref, body, Origin(self._path, self._count, line, places))
        sound = bool(wanted and kind)
        if not sound and (wanted or kind in KINDS):
            self._report_kind(resource, wanted=wanted)
        return resource if sound or local else None

    def _report_kind(self, resource: Resource, *, wanted: bool) -> None:
        """Report an object that may be meant for us, and is not of a kind of ours."""
        api_version, kind = resource.ref.api_version, resource.ref.kind
        if not api_version:
            facts = {"what": f"{kind} without an apiVersion", "guess": f"write apiVersion: {GROUP}/{VERSION}"}
            self._report.add(Code.UNKNOWN_KIND, resource, ("kind",), **facts)
        elif wanted:
            facts = {"what": f"an object of {api_version} without a kind"}
            self._report.add(Code.UNKNOWN_KIND, resource, (), **facts, guess=did_you_mean("", list(KINDS)))
        elif nearest(api_version, [f"{GROUP}/{VERSION}"], 0.85):
            facts = {"what": f"{kind} of {api_version}", "guess": f"did you mean {GROUP}/{VERSION}?"}
            self._report.add(Code.UNKNOWN_KIND, resource, ("apiVersion",), **facts)
        else:
            self._report.add(Code.OTHER_GROUP, resource, ("apiVersion",), kind=kind, api_version=api_version)

    def _report_twice(self, text: _Text, found: dict[FieldPath, Resource]) -> None:
        for path, key in text.places.duplicates():
            owner = next((path[:length] for length in range(len(path) + 1) if path[:length] in found), None)
            if owner is not None:
                self._report.add(Code.DUPLICATE_KEY, found[owner], (*path[len(owner) :], Key(key)), key=key)
            elif not any(isinstance(step, int) for step in path):
                spot = Spot(Origin(self._path, self._count, text.line, text.places))
                self._report.add(Code.DUPLICATE_KEY, spot, (*path, Key(key)), key=key)


def _utf8(data: bytes) -> bytes:
    """The text of a file as UTF-8.

    Raises:
        Broken: it is none.
        OverLimit: it is too long.
    """
    if len(data) > BYTES:
        raise OverLimit("the size of the file", BYTES)
    return to_utf8(data)


def _yaml_text(chunk: Chunk, number: int, parsed: build.Parsed) -> _Text:
    def lines(_path: FieldPath, items: list[Any]) -> list[int]:
        known = (parsed.lines.get(id(item)) for item in items)
        return [0 if line is None else chunk.line + line + 1 for line in known]

    places = Document(chunk.text, chunk.line, number)
    return _Text(parsed.value, chunk.line + parsed.line + 1, places, lines, parsed.twice)


def _json_text(source: str, found: JSONText, line: int) -> _Text:
    indent = " " * (found.start - source.rfind("\n", 0, found.start) - 1)
    places = Document(f"{indent}{source[found.start : found.end]}".encode(), line)

    def lines(path: FieldPath, items: list[Any]) -> list[int]:
        known = places.lines(path)
        return known if len(known) == len(items) else [0] * len(items)

    return _Text(found.value, line + 1, places, lines, found.twice)


def _word(mapping: dict[str, Any], key: str) -> str:
    value = mapping.get(key)
    return value if isinstance(value, str) else ""


def _typed(item: Any, parent: dict[str, Any]) -> Any:
    """An item of a list; one without any type has that of the list, as in a ServiceList."""
    if not isinstance(item, dict) or _word(item, "kind") or _word(item, "apiVersion"):
        return item
    kind = _word(parent, "kind").removesuffix("List")
    return {**item, "kind": kind, "apiVersion": _word(parent, "apiVersion")} if kind else item
