"""The log of what runs for long: one line for each thing that happened, as JSON or as text.

Nothing that others wrote breaks a line or hides in it, and nothing that looks like a secret is written.
"""

from __future__ import annotations

import json
import math
import re
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Literal, TextIO

from maxtac_render.model.diagnostics import printable

Form = Literal["text", "json"]
Level = Literal["debug", "info", "warning", "error"]

LEVELS: tuple[Level, ...] = ("debug", "info", "warning", "error")
"""From the least to the most grave."""

HIDDEN = "[hidden]"

LONGEST = 2000
"""Characters of a text that are looked at."""

_NAMES = "token|password|passwd|secret|authorization|credential|cookie|kubeconfig|api[-_]?key|client-key"
_SECRET_NAME = re.compile(_NAMES, re.IGNORECASE)
_SECRETS = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        r"-----BEGIN [A-Z ]+-----.*?(-----END [A-Z ]+-----|$)",
        r"\b(bearer|basic|negotiate)\s+[\w.~+/=-]{6,}",
        r"\beyJ[\w-]{5,}\.[\w-]+(\.[\w-]*)?",
        r"(?<=://)[^\s/@]+(?=@)",
        rf"""({_NAMES}|-data)(-data)?["']?\s*[:=]\s*["']?[^\s"',;]+""",
    )
)
"""What gives an identity away: keys, headers, service account tokens, users in addresses, and pairs with such names."""

_WORD = re.compile(r"[A-Za-z0-9_./:@%+-]+")


class Journal:
    """Writes lines to a stream, at least as grave as ``level``; several threads may do so at once.

    A stream that cannot be written to any more is no reason to stop: the lines are counted in ``lost``.
    """

    def __init__(
        self,
        form: Form = "text",
        level: Level = "info",
        stream: TextIO | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.lost = 0
        self._line = _json if form == "json" else _text
        self._least = LEVELS.index(level)
        self._stream = stream
        self._clock = clock
        self._lock = threading.Lock()

    def debug(self, message: str, about: object = None, **facts: object) -> None:
        """Write what only helps to find a fault.

        ``about`` is the object, and ``facts`` are what is to be known of it, but for empty texts.
        """
        self._write("debug", message, about, facts)

    def info(self, message: str, about: object = None, **facts: object) -> None:
        """Write what happened as it should."""
        self._write("info", message, about, facts)

    def warning(self, message: str, about: object = None, **facts: object) -> None:
        """Write what somebody should look at."""
        self._write("warning", message, about, facts)

    def error(self, message: str, about: object = None, **facts: object) -> None:
        """Write what keeps us from doing our work."""
        self._write("error", message, about, facts)

    def _write(self, level: Level, message: str, about: object, facts: Mapping[str, object]) -> None:
        if LEVELS.index(level) < self._least:
            return
        head = {"time": _time(self._clock()), "level": level, "message": _sound(message)}
        if about is not None and str(about):
            head["object"] = _sound(str(about))
        told = {name: _fact(name, fact) for name, fact in facts.items() if name not in head and fact != ""}
        line = self._line({**head, **told})
        stream = self._stream or sys.stderr
        with self._lock:
            try:
                stream.write(f"{line}\n")
                stream.flush()
            except (OSError, ValueError):  # nobody reads it any more, or it is closed
                self.lost += 1


def _time(moment: datetime) -> str:
    """A moment in UTC, to the millisecond: all lines have one as long."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _fact(name: str, fact: object) -> object:
    """A fact as it is written: numbers, truth values and nothing as they are, all else as text that can be shown."""
    if _SECRET_NAME.search(name):
        return HIDDEN
    plain = fact is None or isinstance(fact, bool | int) or (isinstance(fact, float) and math.isfinite(fact))
    return fact if plain else _sound(str(fact))


def _sound(text: str) -> str:
    """Text without secrets, and without anything that could end a line or steer a terminal."""
    text = text[:LONGEST]
    for secret in _SECRETS:
        text = secret.sub(HIDDEN, text)
    return printable(text)


def _json(entry: Mapping[str, object]) -> str:
    return json.dumps(entry, separators=(",", ":"))


def _text(entry: Mapping[str, object]) -> str:
    """``2027-01-31T12:00:00Z INFO created policies object="Access shop/web" number=3``."""
    time, level, message, *rest = entry.items()
    facts = (f"{name}={_quoted(fact)}" for name, fact in rest)
    return " ".join((str(time[1]), str(level[1]).upper(), str(message[1]), *facts))


def _quoted(fact: object) -> str:
    """A fact whose end can be seen."""
    text = "null" if fact is None else str(fact).lower() if isinstance(fact, bool) else str(fact)
    return text if _WORD.fullmatch(text) else json.dumps(text, ensure_ascii=False)
