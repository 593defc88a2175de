"""What another program prints as a source: kustomize or helm, bounded in time and size, and never by way of a shell.

The program stays in our process group, so whoever ends the group ends it too, and it leaves nothing to be undone.
"""

from __future__ import annotations

import os
import selectors
import time
from collections.abc import Mapping, Sequence
from subprocess import DEVNULL, PIPE, Popen, TimeoutExpired
from typing import NamedTuple

from maxtac_render.model.errors import SourceFault
from maxtac_render.sources.inputs import shown

COMPLAINT = 800
"""Characters of its standard error that are shown, the last ones: programs end with what made them fail."""

_CHUNK = 1 << 16
_KEPT = 4 * COMPLAINT


class Limits(NamedTuple):
    """How long a program may run, in seconds, and how many bytes it may print."""

    seconds: float
    size: int


def output(command: Sequence[str], environment: Mapping[str, str], limits: Limits) -> bytes:
    """What a program prints, run in the working directory and with nothing on its standard input.

    Raises SourceFault when it cannot be started, fails, or goes over a limit, for which it is killed.
    """
    name = command[0]
    try:
        child = Popen(command, env=environment, stdin=DEVNULL, stdout=PIPE, stderr=PIPE)  # noqa: S603 - no shell
    except FileNotFoundError as error:
        raise SourceFault(f"{name} is not on PATH") from error
    except (OSError, ValueError) as error:
        raise SourceFault(f"{name} cannot be run: {error}") from error
    with child:
        try:
            printed, complaint = _gathered(child, limits)
        except _Over as over:
            raise SourceFault(f"{name} {over}, and was ended") from None
        finally:
            child.kill()
    if child.returncode:
        raise SourceFault(f"{name} {_end(child.returncode)}{_last(complaint)}")
    return printed


class _Over(Exception):
    """A limit that a program went over."""


def _gathered(child: Popen[bytes], limits: Limits) -> tuple[bytes, bytes]:
    """Standard output, and the end of standard error, once the program has ended."""
    deadline = time.monotonic() + limits.seconds
    chunks: list[bytes] = []
    complaint, left = b"", limits.size
    with selectors.DefaultSelector() as streams:
        for stream in filter(None, (child.stdout, child.stderr)):
            streams.register(stream, selectors.EVENT_READ)
        while streams.get_map():
            ready = streams.select(max(0, deadline - time.monotonic()))
            if not ready:
                raise _Over(f"took longer than {limits.seconds:g} s")
            for key, _ in ready:
                data = os.read(key.fd, _CHUNK)
                if not data:
                    streams.unregister(key.fileobj)
                elif key.fileobj is child.stderr:
                    complaint = (complaint + data)[-_KEPT:]
                else:
                    chunks.append(data)
                    left -= len(data)
            if left < 0:
                raise _Over(f"printed more than {limits.size >> 20} MiB")
    try:
        child.wait(max(0, deadline - time.monotonic()))
    except TimeoutExpired:
        raise _Over(f"took longer than {limits.seconds:g} s") from None
    return b"".join(chunks), complaint


def _end(code: int) -> str:
    return f"failed with exit code {code}" if code > 0 else f"was ended by signal {-code}"


def _last(complaint: bytes) -> str:
    """The last lines of a complaint as one."""
    text = shown(" ".join(complaint.decode(errors="replace").split()))
    return f": {'...' if len(text) > COMPLAINT else ''}{text[-COMPLAINT:]}" if text else ""
