"""Results on standard output."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import AnyStr, BinaryIO

from maxtac_render.model.errors import SinkFault

_ENOUGH = 1 << 20


def write(chunks: Iterable[str], stream: BinaryIO) -> None:
    """Write texts as UTF-8, in few large pieces, and flush.

    Raises SinkFault when the stream takes no more (a full disk); BrokenPipeError passes, because a reader that has
    seen enough is no fault.
    """
    for piece in _pieces(chunks, ""):
        _put(piece.encode(), stream)


def write_bytes(chunks: Iterable[bytes], stream: BinaryIO) -> None:
    """Write bytes as they are, and else as ``write`` does."""
    for piece in _pieces(chunks, b""):
        _put(piece, stream)


def _pieces(chunks: Iterable[AnyStr], nothing: AnyStr) -> Iterator[AnyStr]:
    """The chunks in few large pieces; the last one may be empty."""
    gathered: list[AnyStr] = []
    size = 0
    for chunk in chunks:
        gathered.append(chunk)
        size += len(chunk)
        if size >= _ENOUGH:
            yield nothing.join(gathered)
            gathered, size = [], 0
    yield nothing.join(gathered)


def _put(data: bytes, stream: BinaryIO) -> None:
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[stream.write(rest) :]  # an unbuffered stream may take a part
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise SinkFault(f"cannot write standard output: {reason[:1].lower()}{reason[1:]}") from error
