"""Surgery on the text of one document: where everything in it stands, and which characters an edit exchanges.

It is laid out by ruamel.yaml's round-trip parser, which knows the quotes of every scalar, what aliases share, and its
tokens: all between two tokens is blank or a comment. It is never dumped, which would write the whole document anew.
What a document means is not asked here: whoever splices has to read the result.
"""

from __future__ import annotations

import re
import warnings
from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, NamedTuple

from maxtac_render.manifests import scalars, write
from maxtac_render.manifests.faults import NoJSON
from maxtac_render.model.objects import FieldPath

Node = Any
"""One of ruamel.yaml.nodes, whose attributes have no types."""

What = str | Callable[[str], str]
"""A new text, or what makes it from the one that stands there."""

_COMMENT = re.compile(r"#[^\r\n]*")
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
_PLAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_./,; -]|:(?=[^ ]))*(?<=[A-Za-z0-9;])")
_TEXT = re.compile(r"[/,;]|::|\..*\.")
"""What stands in no number and no date of any YAML."""
_REST = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?=\r?\n|\Z)")
_GAP = re.compile(r",\s*")
_COMMA = re.compile(r"\s*,\s*")
_STEP = 2


class Refused(Exception):
    """An edit that cannot be made without changing something else; says why."""


class Span(NamedTuple):
    """A piece of a text, by characters."""

    start: int
    end: int


class Entry(NamedTuple):
    """A field of a mapping or an item of a list (which has no ``key``), and what it stands in."""

    parent: Node
    key: Node | None
    node: Node


class Layout:
    """The spans of one document of a text, which may hold others before and after it.

    Raises:
        Refused: ruamel.yaml cannot read the text.
    """

    def __init__(self, text: str, number: int) -> None:
        self.text = text
        self.number = number
        try:
            self.root, self.remarks, self._tokens = _read(text, number)
        except Refused:
            # ruamel.yaml takes no tab between tokens; one in a scalar is as long as the blank that stands for it here
            self.root, self.remarks, self._tokens = _read(text.replace("\t", " "), number)
        self._starts = [token.start for token in self._tokens]
        self._uses: dict[int, int] = {}
        self._count_uses(self.root)

    def entry(self, path: FieldPath) -> Entry | None:
        """The entry at a path; None where nothing is written there.

        Raises:
            Refused: something around it belongs to an alias too.
        """
        entry, node = None, self.root
        for step in path:
            self.require_own(node)
            entry = _child(node, step)
            if entry is None:
                return None
            node = entry.node
        return entry

    def require_own(self, node: Node) -> None:
        """Refuse a node that an alias shares."""
        if self._uses.get(id(node), 0) > 1:
            raise Refused("an alias shares it")

    def body(self, node: Node) -> Span:
        """The span of a node without its anchor.

        Raises:
            Refused: it has a tag.
        """
        start, end = node.start_mark.index, node.end_mark.index
        properties = _PROPERTIES.match(self.text, start, end)
        if properties and "!" in properties[0]:
            raise Refused("it has a tag")
        return Span(properties.end() if properties else start, end)

    def tail(self, before: int) -> int:
        """Where the last token ends that begins before a position: what follows is blank or a comment."""
        token = self.token_before(before)
        return token.start + len(self.text[token.start : token.end].rstrip())

    def token_before(self, position: int) -> Span:
        """The last token that begins before a position."""
        return self._tokens[bisect_left(self._starts, position) - 1]

    def line_end(self, position: int) -> int:
        """Where the line ends on which nothing but a comment follows.

        Raises:
            Refused: something else follows.
        """
        rest = _REST.match(self.text, position)
        if rest is None:
            raise Refused("it shares its line with something else")
        return rest.end()

    def comments(self) -> list[str]:
        """Every comment of the text."""
        return [self.text[start:end].rstrip() for start, end in self.remarks]

    def _count_uses(self, node: Node) -> None:
        self._uses[id(node)] = self._uses.get(id(node), 0) + 1
        if self._uses[id(node)] == 1 and isinstance(node.value, list):
            for child in node.value:
                for part in child if isinstance(child, tuple) else (child,):
                    self._count_uses(part)


def is_mapping(node: Node) -> bool:
    """Tell whether a node is a mapping."""
    return type(node).__name__ == "MappingNode"


def is_scalar(node: Node) -> bool:
    """Tell whether a node is a scalar."""
    return type(node).__name__ == "ScalarNode"


def _child(node: Node, step: str | int) -> Entry | None:
    if not is_mapping(node):
        listed = isinstance(step, int) and not is_scalar(node) and step < len(node.value)
        return Entry(node, None, node.value[step]) if listed else None
    found = None
    for key, value in node.value:
        if is_scalar(key) and _key(key) == step:
            found = Entry(node, key, value)
    return found


def _key(node: Node) -> str:
    try:
        return str(node.value) if node.style else scalars.key(node.value)
    except NoJSON:
        return ""


def _read(text: str, number: int) -> tuple[Node, list[Span], list[Span]]:
    """The root of a document, and the comments and the tokens of the whole text."""
    from ruamel.yaml import YAML  # noqa: PLC0415 - only who edits pays for it
    from ruamel.yaml.scanner import RoundTripScanner  # noqa: PLC0415 - likewise

    taken: list[Any] = []

    class Scanner(RoundTripScanner):
        def get_token(self) -> Any:
            taken.append(super().get_token())
            return taken[-1]

    reader = YAML()
    reader.Scanner = Scanner
    try:
        with warnings.catch_warnings(action="ignore"):
            root = list(reader.compose_all(text))[number]
    except Exception as error:  # whatever stops the second parser, is a reason not to edit
        raise Refused("ruamel.yaml does not read it as a document that can be edited") from error
    if root is None:
        raise Refused("it is empty")
    return root, *_comments_and_tokens(text, taken)


def _comments_and_tokens(text: str, taken: list[Any]) -> tuple[list[Span], list[Span]]:
    comments: list[Span] = []
    tokens = [Span(0, 0)]
    seen = 0
    for token in taken:
        start, end = token.start_mark.index, token.end_mark.index
        comments += (Span(*match.span()) for match in _COMMENT.finditer(text, seen, start))
        seen = max(seen, end)
        if getattr(token, "style", None) in ("|", ">"):
            header = _COMMENT.search(text, start, text.find("\n", start, end))
            comments += [Span(*header.span())] if header else []
        if end > start:
            tokens.append(Span(start, end))
    return comments + [Span(*match.span()) for match in _COMMENT.finditer(text, seen)], tokens


class Splice(NamedTuple):
    """Characters of a text, and what is to stand in their place."""

    start: int
    end: int
    text: str


def rewrite(layout: Layout, path: FieldPath, whats: Sequence[What], value: object) -> Splice:
    """Change a scalar, whose value as it is read is needed too.

    Where the source is not the text itself (it has several lines or escapes, or is a block scalar), what makes the new
    text from the old one is let loose on the source, so that its lines stay.

    Raises:
        Refused: it cannot be done in place.
    """
    entry = _written(layout, path)
    layout.require_own(entry.node)
    start, end = layout.body(entry.node)
    if not is_scalar(entry.node) or start == end:
        raise Refused("it is no scalar")
    style = entry.node.style
    inner = _content(layout.text, Span(start, end), style)
    source = layout.text[inner.start : inner.end]
    if source != value and all(map(callable, whats)):
        return Splice(*inner, made(whats, source))
    if style in ("|", ">"):
        raise Refused("it is a block scalar")
    return Splice(start, end, _quoted(made(whats, value), style, in_flow=bool(entry.parent.flow_style)))


def made(whats: Sequence[What], value: object) -> str:
    """The text that comes out when a value is changed by one after the other.

    Raises:
        Refused: the value is no text, and has to be changed as one.
    """
    if isinstance(whats[0], str):
        value = whats[0]
    if not isinstance(value, str):
        raise Refused("it is no text")
    return reduce(lambda old, what: what if isinstance(what, str) else what(old), whats, value)


def _content(text: str, span: Span, style: str | None) -> Span:
    """The span of a scalar without its quotes, or without the head of a block scalar."""
    if style in ("'", '"'):
        return Span(span.start + 1, span.end - 1)
    return Span(text.find("\n", *span) + 1, span.end) if style else span


def _written(layout: Layout, path: FieldPath) -> Entry:
    entry = layout.entry(path)
    if entry is None:
        raise Refused("it is not written there")
    return entry


def _quoted(text: str, style: str | None, *, in_flow: bool) -> str:
    """A text as a scalar in the style of the one in whose place it comes, quoted where it has to be."""
    scalar = write.scalar(text)
    if style == "'" and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    if style:
        return scalar if scalar.startswith('"') else f'"{scalar}"'
    stays = _PLAIN.fullmatch(text) and _TEXT.search(text) and not (in_flow and re.search("[,:]", text))
    return text if stays else scalar


def rename(layout: Layout, path: FieldPath, key: str) -> Splice:
    """Give a field another key, in its place.

    Raises:
        Refused: it cannot be done in place.
    """
    entry = _written(layout, path)
    if entry.key is None:
        raise Refused("it is no field")
    layout.require_own(entry.key)
    return Splice(*layout.body(entry.key), _quoted(key, entry.key.style, in_flow=bool(entry.parent.flow_style)))


def add(layout: Layout, path: FieldPath, text: str) -> Splice:
    """Add a field with a text behind the others of its mapping, and the mappings around it that are missing.

    Raises:
        Refused: there is no mapping to which it can be added.
    """
    depth = next(depth for depth in range(len(path) - 1, -1, -1) if not depth or layout.entry(path[:depth]))
    entry = layout.entry(path[:depth])
    mapping = entry.node if entry else layout.root
    layout.require_own(mapping)
    keys = [str(step) for step in path[depth:]]
    if is_mapping(mapping) and mapping.flow_style:
        return _add_in_flow(layout, mapping, keys, text)
    if is_mapping(mapping):
        return _add_lines(layout, mapping, (_column(mapping), _step(layout, path[:depth])), (*keys, text))
    start, end = layout.body(mapping)
    if entry is None or not is_mapping(entry.parent) or not is_scalar(mapping) or start < end:
        raise Refused("there is no mapping to which it can be added")
    step = _step(layout, path[: depth - 1])
    return _add_lines(layout, mapping, (_column(entry.parent) + step, step), (*keys, text))


def _column(mapping: Node) -> int:
    return int(mapping.value[0][0].start_mark.column)


def _step(layout: Layout, path: FieldPath) -> int:
    """By how much the mapping at a path is indented deeper than the one around it."""
    entry = layout.entry(path)
    if entry is None or not is_mapping(entry.parent):
        return _STEP
    return max(_column(entry.node) - _column(entry.parent), 0) or _STEP


def _add_lines(layout: Layout, after: Node, indent: tuple[int, int], words: Sequence[str]) -> Splice:
    """Add a line for each key of ``words``, whose last one is the text, behind the last line of a node."""
    end = layout.line_end(layout.tail(after.end_mark.index))
    line_break = "\r\n" if "\r\n" in layout.text else "\n"
    column, step = indent
    lines = [f"{' ' * (column + number * step)}{write.scalar(key)}:" for number, key in enumerate(words[:-1])]
    return Splice(end, end, "".join(line_break + line for line in lines) + f" {write.scalar(words[-1])}")


def _add_in_flow(layout: Layout, mapping: Node, keys: Sequence[str], text: str) -> Splice:
    """Add a field to a flow mapping, set off from the one before it as that is from its own."""
    in_json = bool(mapping.value) and all(key.style == '"' for key, _ in mapping.value)
    field = _quoted(text, '"', in_flow=True)
    for key in reversed(keys):
        written = _quoted(key, '"' if in_json else None, in_flow=True)
        field = f"{written}: {field}" if key == keys[0] else f"{{{written}: {field}}}"
    first, last = layout.body(mapping).start + 1, layout.tail(mapping.end_mark.index - 1)
    if not mapping.value:
        return Splice(first, first, field)
    if layout.text[last - 1] == ",":
        return Splice(last, last, f" {field}")
    start = mapping.value[-1][0].start_mark.index
    before = layout.tail(start)
    gap = layout.text[before - 1 : start] if len(mapping.value) > 1 else "," + layout.text[first:start]
    return Splice(last, last, (gap if _GAP.fullmatch(gap) and gap != "," else ", ") + field)


def remove(layout: Layout, path: FieldPath) -> Splice:
    """Remove a field or an item; comments that stand in its lines stay, each on a line of its own.

    Raises:
        Refused: nothing would be left around it, or it cannot be taken out alone.
    """
    entry = _written(layout, path)
    layout.require_own(entry.node)
    start, end = (entry.key or entry.node).start_mark.index, layout.tail(entry.node.end_mark.index)
    if entry.parent.flow_style:
        return _remove_in_flow(layout, start, end)
    if len(entry.parent.value) == 1:
        raise Refused("nothing else would be left around it")
    if entry.key is None:
        start = layout.token_before(start).start
    return _remove_lines(layout, start, end)


def _remove_in_flow(layout: Layout, start: int, end: int) -> Splice:
    """Remove what stands in a flow collection, with the comma before it, or after it if it is the first."""
    text, before = layout.text, layout.token_before(start)
    if text[before.start : start].strip() == ",":
        return Splice(before.start, end, "")
    comma = _COMMA.match(text, end) if text[before.start : before.end] in ("{", "[") else None
    return Splice(start, comma.end() if comma else end, "")


def _remove_lines(layout: Layout, start: int, end: int) -> Splice:
    text = layout.text
    begin, stop = text.rfind("\n", 0, start) + 1, layout.line_end(end)
    indent = text[begin:start]
    if indent.strip():
        raise Refused("it shares its line with something else")
    line_break = re.compile(r"\r?\n|\Z").match(text, stop)
    ending = line_break[0] if line_break else ""
    kept = [text[span.start : span.end] for span in layout.remarks if begin <= span.start < stop]
    return Splice(begin, stop + len(ending), "".join(f"{indent}{comment}{ending}" for comment in kept))
