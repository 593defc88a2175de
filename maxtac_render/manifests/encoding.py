"""Bytes of a manifest as UTF-8 without a byte order mark."""

from __future__ import annotations

import codecs

from maxtac_render.manifests.faults import Broken

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def to_utf8(data: bytes) -> bytes:
    """The text as UTF-8; UTF-16 is known by its mark or by the NUL of its first character. UTF-8 is not checked.

    Raises:
        Broken: it is UTF-16 by its beginning, and not by the rest.
    """
    encoding, text = _encoding(data)
    if encoding == "utf-8":
        return text
    try:
        return text.decode(encoding).encode()
    except UnicodeError as error:
        raise Broken("invalid UTF-16") from error


def _encoding(data: bytes) -> tuple[str, bytes]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding, data[len(mark) :]
    if len(data) >= 2 and bool(data[0]) is not bool(data[1]):
        return ("utf-16-le" if data[0] else "utf-16-be"), data
    return "utf-8", data


def mentions(data: bytes, word: str) -> bool:
    """Tell whether a word stands in bytes of whatever encoding."""
    return any(word.encode(encoding) in data for encoding in ("utf-8", "utf-16-le", "utf-16-be"))


def looks_like_json(text: bytes) -> bool:
    """Tell whether a stream's first character is a brace."""
    return text[:1] == b"{" or text.lstrip()[:1] == b"{"
