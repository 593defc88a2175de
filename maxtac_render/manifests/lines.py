"""The plainest documents, read several times as fast as from events; all others are refused.

Why a document that is taken means what the event parser says. It is cut at its values: what stands behind ``key:`` or
``-`` and fills the line. The rest, its shape, is checked to the last character: below a head of ``---`` and comments
come lines of blanks, at most one dash, and a key. So all is printable ASCII, and has one place in this grammar:

- A value is one token. In quotes there is neither an escape nor the quote. A plain one begins with no indicator, has no
  ``: `` or `` #`` and no colon at its end, and it ends with its line, because the next one is never deeper than the
  collection it stands in. What it means says the table that the events use; what that refuses is left to them.
- A key is plain, short, means itself, and stands once in its mapping. So nothing is merged or overwritten.
- A line belongs to the innermost open collection at exactly its column, and closes those that are deeper. One opens
  only behind a dash, or where a key without a value waits for it: a mapping deeper than the key, a list perhaps beside
  it. No key waits in vain. Lines that are blank or all comment stand between these and end nothing that is still open.
- Anchors, tags, block scalars, directives, inner markers, and flow collections but ``{}`` and ``[]`` have no place.

The same shape always makes the same collections, so it is remembered. The tests compare all this with the event parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final, TypeAlias

from maxtac_render.manifests import scalars
from maxtac_render.manifests.build import DEPTH, Parsed, Value
from maxtac_render.manifests.faults import NoJSON
from maxtac_render.manifests.memory import Memory

LONGEST: Final = 10_000
"""Characters of a document. The shapes of longer ones would fill the memory."""
SHAPES: Final = 1_000
"""How many shapes are remembered."""

# Only sets are repeated possessively: before 3.11.5 groups may then fail to match.
_IGNORED = r"(?: *(?:#[ -~]*+)?\n)*"
_HEAD = re.compile(rf"(?:--- *\n)?{_IGNORED}")
# No word begins with a dash or a quote or ends in a dash or a colon, so that tries to match hardly overlap.
_WORD = r"[A-Za-z0-9_./][A-Za-z0-9_./@:,=+-]*+(?<![:-])"
_VALUE = rf" +({_WORD}(?: {_WORD})*|\"[ !#-\[\]-~]*+\"|'[ -&(-~]*+') *+\n"
_KEYED = re.compile(f":{_VALUE}")
_ANY = re.compile(f"([:-]){_VALUE}")
_KEY = r"[A-Za-z][A-Za-z0-9_./-]{0,127}"
_LINE = re.compile(rf"^( *)(?:-\0|(- +)?({_KEY}):(\0| +\{{\}}| +\[\])? *)\n", re.MULTILINE)
_LINES = re.compile(rf"(?:{_IGNORED}{_LINE.pattern})+{_IGNORED}", re.MULTILINE)

_Shape: TypeAlias = "tuple[tuple[str, ...] | None, tuple[_Shape | None, ...] | None]"
"""A mapping's keys, None for a list; and what is inside, a None for each scalar, or None for only scalars in a mapping.

A plain tuple, because it is taken apart for every collection.
"""


def plain_document(text: bytes) -> Parsed | None:
    """The only document of a text; None if it is not so plain, or its root has ``items``.

    ``lines`` is empty: only ``items`` need it.
    """
    if len(text) > LONGEST or not text.isascii() or b"\0" in text:
        return None
    source = text.decode("ascii")
    if not source.endswith("\n"):
        source += "\n"
    head = _HEAD.match(source)
    start = head.end() if head else 0
    rest, values = _cut(source[start:])
    shape = _shape(rest)
    if shape is None:
        return None
    try:
        value = _filled(shape, map(_VALUES.__getitem__, values))
    except NoJSON:
        return None
    return Parsed(value, source.count("\n", 0, start), {}, False)


def _cut(source: str) -> tuple[str, list[str]]:
    """A text with a NUL for each of its values, and these."""
    pieces = _KEYED.split(source)
    rest, values = ":\0\n".join(pieces[::2]), pieces[1::2]
    if rest.count("\n") > len(values) + rest.count(":\n"):  # rare, and the other pattern takes twice as long
        pieces = _ANY.split(source)
        values = pieces[2::3]
        pieces[2::3] = ["\0\n"] * len(values)
        rest = "".join(pieces)
    return rest, values


def _meaning(text: str) -> scalars.Scalar:
    return text[1:-1] if text[0] in "\"'" else scalars.plain(text)


_VALUES = Memory(_meaning)


def _filled(shape: _Shape, values: Iterator[Value]) -> Value:
    """A collection with the next of the values as its scalars. In one piece, because calls cost the most here."""
    keys, inner = shape
    if keys is None:
        return [next(values) if within is None else _filled(within, values) for within in inner or ()]
    if inner is None:
        return dict(zip(keys, values))  # noqa: B905 # the keys come first, so that no value too many is taken
    filled: dict[str, Value] = {}
    for key, within in zip(keys, inner):  # noqa: B905 # slower by a third
        filled[key] = next(values) if within is None else _filled(within, values)
    return filled


@lru_cache(SHAPES)
def _shape(text: str) -> _Shape | None:
    """The shape of a text with NULs for its values; None if it is not plain."""
    outline = _outline(_LINE.findall(text)) if _LINES.fullmatch(text) else None
    return None if outline is None or "items" in outline else _shaped(outline)


def _outline(lines: list[tuple[str, str, str, str]]) -> dict[str, Any] | None:
    """The collections that lines of indentation, dash, key and end make, with None for each scalar."""
    root: dict[str, Any] = {}
    stack: list[tuple[int, Any]] = [(0, root)]
    waiting = ""
    for indent, dash, key, end in lines:
        column, in_list = len(indent), bool(dash) or not key
        around = _around(stack, column, waiting, in_list=in_list)
        if around is None or len(stack) >= DEPTH - 1:
            return None
        if in_list:
            around.append({} if key else None)
            around = around[-1]
            if key:
                stack.append((column + len(dash), around))
        if key:
            if key in around or scalars.resolve(key) != key:
                return None
            around[key] = {} if "{" in end else [] if "[" in end else None
        waiting = "" if end else key
    return None if waiting else root


def _around(stack: list[tuple[int, Any]], column: int, waiting: str, *, in_list: bool) -> Any:
    """The open collection that a line belongs to, perhaps a new one for the waiting key; None if there is none."""
    if waiting:
        outer, around = stack[-1]
        if column < outer + (not in_list):
            return None
        around[waiting] = [] if in_list else {}
        stack.append((column, around[waiting]))
    while stack[-1][0] > column:
        stack.pop()
    if not in_list and isinstance(stack[-1][1], list):  # it may stand at its key's column, where the mapping goes on
        stack.pop()
    found, around = stack[-1]
    return around if found == column and isinstance(around, list) == in_list else None


def _shaped(outline: Any) -> _Shape | None:
    if outline is None:
        return None
    if isinstance(outline, list):
        return None, tuple(map(_shaped, outline))
    inner = tuple(map(_shaped, outline.values()))
    return tuple(outline), inner if any(inner) else None
