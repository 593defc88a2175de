"""Results on standard output."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

from maxtac_render.model.errors import SinkFault

_ENOUGH = 1 << 20


def write(chunks: Iterable[str], stream: BinaryIO) -> None:
    """Write texts as UTF-8, in few large pieces, and flush.

    Raises SinkFault when the stream takes no more (a full disk); BrokenPipeError passes, because a reader that has
    seen enough is no fault.
    """
    texts: list[str] = []
    size = 0
    for chunk in chunks:
        texts.append(chunk)
        size += len(chunk)
        if size >= _ENOUGH:
            _put("".join(texts), stream)
            texts, size = [], 0
    _put("".join(texts), stream)


def _put(text: str, stream: BinaryIO) -> None:
    rest = memoryview(text.encode())
    try:
        while rest:
            rest = rest[stream.write(rest) :]  # an unbuffered stream may take a part
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise SinkFault(f"cannot write standard output: {reason[:1].lower()}{reason[1:]}") from error
