"""Results on standard output: large writes, and faults that have a name."""

from __future__ import annotations

import io
import os
from contextlib import nullcontext
from pathlib import Path

import pytest

from maxtac_render.model.errors import SinkFault
from maxtac_render.sinks.stdout import write


class Counting(io.BytesIO):
    """A stream that counts how often it is written to."""

    writes = 0

    def write(self, data) -> int:
        self.writes += 1
        return super().write(data)


def test_texts_are_written_as_utf_8_in_large_pieces() -> None:
    """Many small texts become few writes."""
    stream = Counting()
    write((f"naïve {number}\n" for number in range(300_000)), stream)
    assert stream.getvalue() == "".join(f"naïve {number}\n" for number in range(300_000)).encode()
    assert stream.writes < 10


def test_nothing_is_written_of_nothing() -> None:
    """No texts, no bytes."""
    stream = io.BytesIO()
    write([], stream)
    assert stream.getvalue() == b""


def test_a_stream_may_take_a_part() -> None:
    """An unbuffered stream gets the rest in further writes."""

    class Sipping(io.BytesIO):
        def write(self, data) -> int:
            return super().write(bytes(data[:3]))

    stream = Sipping()
    write(["abcdefgh"], stream)
    assert stream.getvalue() == b"abcdefgh"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_a_fault() -> None:
    """The reason is passed on, from the write of an unbuffered stream and from the flush of a buffered one."""
    for stream in (io.FileIO("/dev/full", "w"), io.BufferedWriter(io.FileIO("/dev/full", "w"))):
        with pytest.raises(SinkFault, match=r"^cannot write standard output: no space left on device$"):
            write(["x"], stream)
        with pytest.raises(OSError, match="No space") if isinstance(stream, io.BufferedWriter) else nullcontext():
            stream.close()


def test_a_reader_that_has_seen_enough_is_no_fault() -> None:
    """A broken pipe passes, for the caller to end quietly."""
    reading, writing = os.pipe()
    os.close(reading)
    with io.FileIO(writing, "w") as stream, pytest.raises(BrokenPipeError):
        write(["x" * 1_000_000], stream)
