"""Bodies to YAML that every reader understands alike: block style, nothing plain that any YAML could misread."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from maxtac_render.manifests.memory import Memory

Value = Any
"""What JSON has: dict, list, str, int, float, bool, None."""

STEP: Final = "  "
DASH: Final = "- "

_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*")
_WORDS = frozenset(["y", "yes", "n", "no", "true", "false", "on", "off", "null", "nan", "inf", "infinity"])
_ESCAPED = re.compile('[\\x00-\\x1f"\\\\\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff\\ufeff\\ufffe\\uffff]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b", "\f": "\\f"}
_LONGEST_KEY = 1000
"""YAML takes a key of up to 1024 characters without a ``?`` before it (https://yaml.org/spec/1.2.2/, section 7.4)."""


def scalar(text: str) -> str:
    """A text as a YAML scalar on one line; one that any reader might take for something else is quoted.

    YAML's escapes are JSON's where both have one. A lone surrogate, which no file can hold, becomes U+FFFD.
    """
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return '"' + _ESCAPED.sub(_escape, text) + '"'


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    if "\ud800" <= char <= "\udfff":
        return "\ufffd"
    return _SHORT.get(char) or f"\\u{ord(char):04x}"


_SCALARS = Memory(scalar)


def _key(text: str) -> str:
    """A key with its colon; the indentation of its line stands in the place of the line break inside."""
    written = scalar(text)
    return f"{written}:" if len(written) <= _LONGEST_KEY else f"? {written}\n:"


_KEYS = Memory(_key)


def document(body: Value) -> str:
    """A whole document, without a marker before it; it ends with a line break."""
    lines: list[str] = []
    if isinstance(body, dict) and body:
        _append_mapping(lines, body, "", "")
    elif isinstance(body, list) and body:
        _append_sequence(lines, body, "", "")
    else:
        lines.append(f"{_word(body)}\n")
    return "".join(lines)


def stream(bodies: Iterable[Value]) -> Iterator[str]:
    """The documents of a stream, one by one, with markers between them."""
    marker = ""
    for body in bodies:
        yield marker + document(body)
        marker = "---\n"


def block(value: Value, indent: int) -> str:
    """What stands after the colon of a key at column ``indent``, to the end of the value's last line.

    Lists stand at the column of their key, mappings two further.

    Raises:
        ValueError: a float is not finite.
    """
    lines: list[str] = []
    _append_value(lines, "", value, " " * indent)
    return "".join(lines)


def _append_value(lines: list[str], key: str, value: Value, pad: str) -> None:
    """Add the lines of a value after its key; ``pad`` is what stands before the key."""
    kind = type(value)
    if kind is str:
        lines.append(f"{key} {_SCALARS[value]}\n")
    elif kind is dict and value:
        lines.append(f"{key}\n")
        _append_mapping(lines, value, pad + STEP, pad + STEP)
    elif kind is list and value:
        lines.append(f"{key}\n")
        _append_sequence(lines, value, pad, pad)
    else:
        lines.append(f"{key} {_word(value)}\n")


def _append_mapping(lines: list[str], mapping: dict[str, Value], first: str, pad: str) -> None:
    """Add the lines of a mapping; ``first`` stands before the first of them, ``pad`` before the others."""
    keys, scalars = _KEYS, _SCALARS
    for name, value in mapping.items():
        key = first + keys[name]
        first = pad
        if type(value) is str and "\n" not in key:
            lines.append(f"{key} {scalars[value]}\n")
        else:
            _append_value(lines, key.replace("\n", "\n" + pad), value, pad)


def _append_sequence(lines: list[str], items: list[Value], first: str, pad: str) -> None:
    """Add the lines of a list, likewise."""
    inner = pad + STEP
    for item in items:
        kind = type(item)
        if kind is dict and item:
            _append_mapping(lines, item, first + DASH, inner)
        elif kind is list and item:
            _append_sequence(lines, item, first + DASH, inner)
        else:
            lines.append(f"{first}{DASH}{_word(item)}\n")
        first = pad


def _word(value: Value) -> str:
    """A scalar or an empty collection."""
    if isinstance(value, str):
        return scalar(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float(value)
    return "null" if value is None else str(value)  # whole numbers, {} and []


def _float(value: float) -> str:
    """A float with a point in it, without which YAML 1.1 would take it for text."""
    if not math.isfinite(value):
        raise ValueError(f"{value} is no JSON number")
    mantissa, e, exponent = repr(value).partition("e")
    return mantissa + ("" if "." in mantissa else ".0") + e + exponent
