"""JSON documents, which kubectl tries first when a stream begins with a brace."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from maxtac_render.manifests.build import DEPTH, NESTING
from maxtac_render.manifests.faults import OverLimit
from maxtac_render.manifests.scalars import json_number, replace_surrogates

_SPACE = " \t\r\n"
_LONGEST_INTEGER = 19
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class JSONText(NamedTuple):
    """One JSON document: its value, where it stands in the stream, and whether a key stands twice.

    ``after`` is where the next one would begin.
    """

    value: Any
    start: int
    end: int
    after: int
    twice: bool


class Unread(Exception):
    """The rest of a stream, from ``start`` on, is no JSON; the problem is at ``position``."""

    def __init__(self, start: int, error: ValueError) -> None:
        super().__init__(start)
        self.start = start
        self.position = error.pos if isinstance(error, json.JSONDecodeError) else start
        self.problem = error.msg.lower() if isinstance(error, json.JSONDecodeError) else str(error)


def documents(text: str) -> Iterator[JSONText]:
    """The JSON documents of a stream, one after the other.

    Raises:
        Unread: the rest is no JSON.
        OverLimit: a document is nested too deeply; those after it are not reached.
    """
    start = _skip_space(text, 0)
    while start < len(text):
        reading = _Reading()
        try:
            value, end = reading.decoder.raw_decode(text, start)
        except RecursionError:
            raise _too_deep(text, start) from None
        except ValueError as error:
            raise Unread(start, error) from None
        if _is_deep(value):
            raise _too_deep(text, start)
        if _ESCAPED_SURROGATE.search(text, start, end):
            value = _without_surrogates(value)
        after = _skip_space(text, end)
        yield JSONText(value, start, end, after, reading.twice)
        start = after


def _skip_space(text: str, start: int) -> int:
    while text[start : start + 1] and text[start] in _SPACE:
        start += 1
    return start


class _Reading:
    """One document being read; notes whether a key stands twice."""

    def __init__(self) -> None:
        self.twice = False
        self.decoder = json.JSONDecoder(
            object_pairs_hook=self._mapping, parse_int=_integer, parse_float=_float, parse_constant=_constant
        )

    def _mapping(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        mapping = dict(pairs)
        self.twice = self.twice or len(mapping) < len(pairs)
        return mapping


def _integer(digits: str) -> int | float:
    return json_number(int(digits)) if len(digits) <= _LONGEST_INTEGER + 1 else _float(digits)


def _float(digits: str) -> int | float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("a number beyond 64 bits")
    return json_number(number)


def _constant(_word: str) -> float:
    raise ValueError("a number that is not finite")


def _too_deep(text: str, start: int) -> OverLimit:
    return OverLimit(NESTING, DEPTH, text.count("\n", 0, start))


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEPTH + 1):
        level = [child for parent in level if isinstance(parent, dict | list) for child in _children(parent)]
        if not level:
            return False
    return True


def _children(parent: dict[str, Any] | list[Any]) -> list[Any]:
    return list(parent.values()) if isinstance(parent, dict) else parent


def _without_surrogates(value: Any) -> Any:
    match value:
        case str():
            return replace_surrogates(value)
        case list():
            return [_without_surrogates(item) for item in value]
        case dict():
            return {replace_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return value
