"""Exit codes, and how every way out of the program ends in one of them."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable

from maxtac_render.model.errors import EnvironmentFault

CLEAN = 0
FOUND = 1
"""Findings at or above --fail-on, or differences."""
FAILED = 2
"""Could not run: wrong usage, or a broken environment."""
INTERRUPTED = 130
"""What a shell reports for a program that Ctrl-C ended."""
UNREAD = 141
"""What a shell reports for a program whose reader went away, as it does for kubectl, cat and git."""

TRACEBACK = "MAXTAC_TRACEBACK"
"""The environment variable that asks for the traceback of an internal error."""

LONGEST = 500
"""Characters of an internal error that are shown."""

LONGEST_LINE = 5000
"""Characters of any error that are shown: more than the longest path, and less than who keeps messages minds."""


def guard(run: Callable[[], int]) -> int:
    """Run to an exit code: whatever goes wrong is one line on stderr, and never a bare traceback."""
    try:
        code = run()
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        code = UNREAD
    except KeyboardInterrupt:
        code = INTERRUPTED
    except EnvironmentFault as fault:
        code = fail(str(fault))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        code = fail(f"{error.filename}: {reason}" if error.filename else reason)
    except MemoryError:
        code = fail("out of memory")
    except Exception as error:
        code = _internal(error)
    _drop_unwritable_output()
    return code


def fail(message: str) -> int:
    """Say on stderr, in one line, why the program could not run."""
    _say(f"error: {message}")
    return FAILED


def _internal(error: Exception) -> int:
    """Say what broke inside the program; the traceback only on demand."""
    if os.environ.get(TRACEBACK):
        import traceback  # noqa: PLC0415 - on demand

        traceback.print_exc()
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" ({place.tb_frame.f_code.co_filename.rpartition(os.sep)[2]}:{place.tb_lineno})" if place else ""
    what = f"{type(error).__name__}: {error}"[:LONGEST]
    _say(f"internal error: {what}{where}; this is a bug, please report it with the traceback that {TRACEBACK}=1 shows")
    return FAILED


def _say(message: str) -> None:
    from maxtac_render.reports.text import visible  # noqa: PLC0415 - only when something failed

    with contextlib.suppress(OSError):
        print(f"maxtac: {visible(' '.join(message.split()))[:LONGEST_LINE]}", file=sys.stderr, flush=True)


def _drop_unwritable_output() -> None:
    """Keep the interpreter from failing at its end on output that nobody takes."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
