"""Long lists in the formats of ``-o``: one function for each, from a sheet to texts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Generic, NamedTuple, TypeVar

from maxtac_render.cli.columns import aligned, room
from maxtac_render.model.configuration import API_VERSION

Item = TypeVar("Item")

NONE = "<none>"
"""What stands in an empty cell, as kubectl has it."""


class Sheet(NamedTuple, Generic[Item]):
    """Rows, and how each is written: as cells below the header, and as a JSON object.

    In JSON they are the last field of an object of a kind, after what ``head`` says.
    """

    kind: str
    head: Mapping[str, Any]
    field: str
    header: tuple[str, ...]
    rows: Iterable[Item]
    cells: Callable[[Item], tuple[str, ...]]
    facts: Callable[[Item], str]


class Texts(Generic[Item]):
    """Texts of things that stand in many rows, each made once."""

    def __init__(self, make: Callable[[Item], str]) -> None:
        self._make = make
        self._known: dict[int, tuple[Item, str]] = {}

    def __call__(self, thing: Item) -> str:
        """The text of a thing."""
        known = self._known.get(id(thing))
        if known is None:
            known = self._known[id(thing)] = (thing, self._make(thing))  # keeps the thing, and so its id
        return known[1]


def table(sheet: Sheet[Any]) -> Iterator[str]:
    """Aligned columns, wrapped where a terminal is too narrow; nothing without rows."""
    rows = [tuple(cell or NONE for cell in sheet.cells(row)) for row in sheet.rows]
    if rows:
        yield from aligned([tuple(map(str.upper, sheet.header)), *rows], room(sys.stdout))


def csv(sheet: Sheet[Any]) -> Iterator[str]:
    """Comma-separated values (RFC 4180, but for line ends) below a header."""
    quoted = cache(_quoted)
    yield ",".join(sheet.header) + "\n"
    for row in sheet.rows:
        yield ",".join(map(quoted, sheet.cells(row))) + "\n"


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if set(cell) & set('",\r\n') else cell


def json(sheet: Sheet[Any]) -> Iterator[str]:
    """One object, one row a line."""
    from json import dumps  # noqa: PLC0415 - who wants a table does not pay

    yield "{\n"
    for key, value in {"apiVersion": API_VERSION, "kind": sheet.kind, **sheet.head}.items():
        yield f"  {dumps(key)}: {''.join(_list(map(dumps, value))) if isinstance(value, list) else dumps(value)},\n"
    yield f"  {dumps(sheet.field)}: "
    yield from _list(map(sheet.facts, sheet.rows))
    yield "\n}\n"


def _list(texts: Iterable[str]) -> Iterator[str]:
    """A list of JSON with one entry a line."""
    opening, closing = "[\n    ", "[]"
    for text in texts:
        yield opening + text
        opening, closing = ",\n    ", "\n  ]"
    yield closing


def jsonl(sheet: Sheet[Any]) -> Iterator[str]:
    """One object a line."""
    return (f"{sheet.facts(row)}\n" for row in sheet.rows)


def markdown(sheet: Sheet[Any]) -> Iterator[str]:
    """A table for pull requests and job summaries; nothing without rows."""
    from maxtac_render.reports.markdown import plain  # noqa: PLC0415 - each format pays for itself

    text = cache(plain)
    opening = f"| {' | '.join(sheet.header)} |\n{'|---' * len(sheet.header)}|\n"
    for row in sheet.rows:
        yield f"{opening}| {' | '.join(map(text, sheet.cells(row)))} |\n"
        opening = ""


FORMATS: Mapping[str, Callable[[Sheet[Any]], Iterator[str]]] = {
    "table": table,
    "csv": csv,
    "json": json,
    "jsonl": jsonl,
    "markdown": markdown,
}
FOR_PEOPLE = ("table", "markdown")
"""The formats that people read."""
