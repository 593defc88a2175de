"""Edits of a user's file in place: spliced into its text, so that every other byte stays as it is.

What comes out is read as ever, and must mean what the edits say and nothing else, with every comment still there; what
would change more is refused.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from json import dumps, loads
from typing import Any, Literal, NamedTuple

from maxtac_render.manifests import build, json
from maxtac_render.manifests.encoding import looks_like_json, to_utf8
from maxtac_render.manifests.faults import Broken, Fault, OverLimit
from maxtac_render.manifests.places import Part
from maxtac_render.manifests.splices import Layout, Refused, Splice, What, add, made, remove, rename, rewrite
from maxtac_render.manifests.stream import Chunk, chunks, remainder
from maxtac_render.model.objects import FieldPath, Origin

__all__ = ["Applied", "Edit", "Refused", "Verb", "apply", "apply_each", "edit_at"]

Verb = Literal["set", "add", "rename", "remove"]

_ORDER = ("set", "add", "rename", "remove")


class Edit(NamedTuple):
    """One change of one document of a file, which counts from 0 as in Origin; the path leads from the document's root.

    ``what`` is the text to set or add, or the new key; to set, it can also be what makes the new text from the old one.
    Several edits may set one scalar, one after the other.
    """

    document: int
    path: FieldPath
    verb: Verb
    what: What = ""


class Applied(NamedTuple):
    """A file with the edits that could be made, and the numbers of the groups that were refused, with the reasons."""

    data: bytes
    refused: dict[int, str]


def edit_at(origin: Origin, path: FieldPath, verb: Verb, what: What = "") -> Edit:
    """The edit of a field of the object that was read at an origin, which may be an item of a list."""
    places = origin.places
    prefix = places._prefix if isinstance(places, Part) else ()  # noqa: SLF001 - the same room
    return Edit(origin.document, (*prefix, *path), verb, what)


def apply(data: bytes, edits: Iterable[Edit]) -> bytes:
    """The file with the edits made, each once.

    Raises:
        Refused: something else would change too, or the file is in no form that can be edited.
    """
    return _File(data).apply(edits)


def apply_each(data: bytes, groups: Sequence[Sequence[Edit]]) -> Applied:
    """Apply the groups of edits that can be made, each as a whole.

    One that can be made alone but not together with others is neither made nor refused: look at the result again.
    """
    try:
        file = _File(data)
    except Refused as reason:
        return Applied(data, dict.fromkeys(range(len(groups)), str(reason)))
    numbered = list(enumerate(groups))
    refused = _refusals(file.splices, numbered)
    sound = [(number, group) for number, group in numbered if number not in refused]
    made = _makeable(file, [], sound)
    done = {number for number, _ in made}
    others = [(number, group) for number, group in sound if number not in done]
    return Applied(file.apply(_edits(made)), refused | _refusals(file.apply, others))


_Groups = list[tuple[int, Sequence[Edit]]]


def _refusals(attempt: Callable[[Iterable[Edit]], object], groups: _Groups) -> dict[int, str]:
    """The reasons why an attempt with one group alone is refused, by the groups' numbers."""
    refused: dict[int, str] = {}
    for number, group in groups:
        try:
            attempt(group)
        except Refused as reason:
            refused[number] = str(reason)
    return refused


def _makeable(file: _File, base: _Groups, groups: _Groups) -> _Groups:
    """Those of the groups that can be made together with others, for which this is known already."""
    try:
        file.apply(_edits(base + groups))
    except Refused:
        if len(groups) == 1:
            return []
    else:
        return groups
    middle = len(groups) // 2
    first = _makeable(file, base, groups[:middle])
    return first + _makeable(file, base + first, groups[middle:])


def _edits(groups: _Groups) -> list[Edit]:
    return [edit for _, group in groups for edit in group]


class _File:
    """A file that is edited: read once, and each document laid out once.

    Raises:
        Refused: it is not UTF-8.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._body = _body(data)
        self._documents = _documents(self._body)
        self._layouts: dict[int, Layout] = {}
        self._known: dict[tuple[Edit, ...], bytes] = {(): data}

    def apply(self, edits: Iterable[Edit]) -> bytes:
        """The file with the edits made, each once; Refused if that cannot be."""
        wanted = tuple(dict.fromkeys(edits))
        if wanted not in self._known:
            self._known[wanted] = self._edited(wanted)
        return self._known[wanted]

    def _edited(self, wanted: Sequence[Edit]) -> bytes:
        body, changed = self._body, []
        for start, splices in sorted(self.splices(wanted).items(), reverse=True):
            old = self._layouts[splices[0][0]]
            new = _cut(old.text, [splice for _, splice in splices])
            changed.append((old, new))
            body = body[:start] + new.encode() + body[start + len(old.text.encode()) :]
        _require_meaning(self._documents, _documents(body), wanted)
        for old, new in changed:
            if Layout(new, old.number).comments() != old.comments():
                raise Refused("a comment would change")
        return self.data[: len(self.data) - len(self._body)] + body

    def splices(self, edits: Iterable[Edit]) -> dict[int, list[tuple[int, Splice]]]:
        """What the edits exchange in each piece of the file, by where that begins, with the documents' numbers."""
        splices: dict[int, list[tuple[int, Splice]]] = {}
        for number, group in _by_document(edits).items():
            layout = self._layout(number)
            document = self._documents[number]
            found = splices.setdefault(document.start, [])
            found += ((number, splice) for splice in _splices(layout, document.value, group))
        return splices

    def _layout(self, number: int) -> Layout:
        if number not in self._layouts:
            if number >= len(self._documents):
                raise Refused("its document is not there")
            document = self._documents[number]
            piece = self._body[document.start : document.start + len(document.text)]
            if document.fault or document.text not in (piece, piece + b"\n"):
                raise Refused("its document cannot be edited")
            self._layouts[number] = Layout(_decoded(piece), document.number)
        return self._layouts[number]


def _by_document(edits: Iterable[Edit]) -> dict[int, list[Edit]]:
    found: dict[int, list[Edit]] = {}
    for edit in edits:
        found.setdefault(edit.document, []).append(edit)
    return found


def _body(data: bytes) -> bytes:
    """The file without its byte order mark."""
    try:
        body = to_utf8(data)
    except Broken as error:
        raise Refused("the file is no text") from error
    if data[: len(data) - len(body)] not in (b"", BOM_UTF8):
        raise Refused("the file is not UTF-8")
    return body


class _Document(NamedTuple):
    """One document: its value, or why it cannot be read; and the piece of the file in which it is the n-th one."""

    value: Any
    fault: str
    start: int
    text: bytes
    number: int = 0


def _documents(body: bytes) -> list[_Document]:
    """The documents of a file, counted as they are when it is read."""
    return list(_stream(body))


def _stream(body: bytes) -> Iterator[_Document]:
    rest = (yield from _of_json(body)) if looks_like_json(body) else 0
    starts = [rest]
    for line in body[rest:].split(b"\n"):
        starts.append(starts[-1] + len(line) + 1)
    for chunk in chunks(body[rest:], thorough=True):
        fault = yield from _of_chunk(chunk, starts)
        if fault is not None:
            for after in remainder(chunk, fault):
                yield from _of_chunk(after, starts)


def _of_json(body: bytes) -> Generator[_Document, None, int]:
    """The JSON documents that a file begins with; returns where the rest begins, which may be YAML."""
    source = _decoded(body)
    count = start = 0
    fault = ""
    try:
        for found in json.documents(source):
            count, start = count + 1, len(source[: found.start].encode())
            yield _Document(found.value, "", start, source[found.start : found.end].encode())
    except json.Unread as unread:
        if count <= 1:
            return len(source[: unread.start].encode()) if count else 0
        fault = unread.problem
    except OverLimit as error:
        fault = error.what
    if fault:
        yield _Document(None, fault, start, b"")
    return len(body)


def _of_chunk(chunk: Chunk, starts: list[int]) -> Generator[_Document, None, Fault | None]:
    """The documents of a chunk up to the first one that cannot be read, which is returned too."""
    start = starts[chunk.line]
    fault: Broken | OverLimit
    try:
        for number, parsed in enumerate(build.documents(chunk.text)):
            yield _Document(parsed.value, "", start, chunk.text, number)
    except (Broken, OverLimit) as found:
        fault = found
    except RecursionError:
        fault = OverLimit(build.NESTING, build.DEPTH, 0, 1)
    else:
        return None
    yield _Document(None, fault.problem if isinstance(fault, Broken) else fault.what, start, chunk.text)
    return fault


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise Refused("the file is not UTF-8") from error


def _splices(layout: Layout, value: Any, edits: list[Edit]) -> Iterator[Splice]:
    """What the edits of one document exchange."""
    sets: dict[FieldPath, list[What]] = {}
    for edit in edits:
        if edit.verb == "set":
            sets.setdefault(edit.path, []).append(edit.what)
        elif edit.verb == "remove":
            yield remove(layout, edit.path)
        else:
            yield (add if edit.verb == "add" else rename)(layout, edit.path, str(edit.what))
    for path, whats in sets.items():
        parent, step = _parent(value, path)
        yield rewrite(layout, path, whats, parent[step])


def _cut(text: str, splices: list[Splice]) -> str:
    pieces, end = [], 0
    for splice in sorted(splices):
        if splice.start < end:
            raise Refused("another edit is in its way")
        pieces += [text[end : splice.start], splice.text]
        end = splice.end
    return "".join([*pieces, text[end:]])


def _require_meaning(before: list[_Document], after: list[_Document], edits: Iterable[Edit]) -> None:
    """Refuse when not exactly the wanted changes happened to what the documents mean."""
    wanted = _by_document(edits)
    if len(before) != len(after):
        raise Refused("other documents would change too")
    for number, (old, new) in enumerate(zip(before, after, strict=True)):
        if number not in wanted and (old.text, old.number) == (new.text, new.number):
            continue
        value = _edited(old.value, wanted.get(number, []))
        if _meaning(old._replace(value=value)) != _meaning(new):
            raise Refused("something else would change too")


def _meaning(document: _Document) -> str:
    """What a document says; other types are other texts here, where Python takes 1 for True."""
    return dumps([document.value, document.fault], sort_keys=True)


def _edited(value: Any, edits: list[Edit]) -> Any:
    """A value as the edits make it. Nothing in it is shared any more, even if it came from aliases."""
    value = loads(dumps(value))
    for edit in sorted(edits, key=_turn):
        parent, step = _parent(value, edit.path, missing=edit.verb == "add")
        match edit.verb:
            case "set":
                parent[step] = made([edit.what], parent[step])
            case "add":
                parent[step] = edit.what
            case "rename":
                if edit.what in parent:
                    raise Refused(f"{edit.what} is there already")
                parent[edit.what] = parent.pop(step)
            case "remove":
                del parent[step]
    return value


def _turn(edit: Edit) -> tuple[int, int]:
    """When an edit's turn is: items of a list are removed from its end."""
    last = edit.path[-1]
    return _ORDER.index(edit.verb), -last if isinstance(last, int) else 0


def _parent(value: Any, path: FieldPath, *, missing: bool = False) -> tuple[Any, Any]:
    """What the field at a path stands in, and its step from there; ``missing`` tells that it must not be there yet."""
    for step in path[:-1]:
        if missing and isinstance(value, dict) and value.get(step) is None:
            value[step] = {}
        value = value[step] if _has(value, step) else None
    if missing and isinstance(value, dict) and path[-1] in value:
        raise Refused(f"{path[-1]} is there already")
    if not (isinstance(value, dict) if missing else _has(value, path[-1])):
        raise Refused("it is not there")
    return value, path[-1]


def _has(value: Any, step: str | int) -> bool:
    if isinstance(value, dict):
        return step in value
    return isinstance(value, list) and isinstance(step, int) and step < len(value)
