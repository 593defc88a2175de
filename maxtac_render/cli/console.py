"""What a command says on stderr while it works and when it is done: findings, progress, one line at the end."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TextIO, TypeVar

from maxtac_render.cli.exits import CLEAN, FOUND
from maxtac_render.cli.parameters import Manner
from maxtac_render.model.catalogue import Severity
from maxtac_render.model.diagnostics import Diagnostic, Report
from maxtac_render.model.errors import SinkFault

Item = TypeVar("Item")

PATIENCE = 1.0
"""Seconds of work before progress is shown."""

INTERVAL = 0.1
"""Seconds between two looks at the progress."""


class Console:
    """Talks to whoever called a command, in the manner they asked for."""

    def __init__(
        self, manner: Manner, environment: Mapping[str, str] = os.environ, stream: TextIO | None = None
    ) -> None:
        self._manner = manner
        self._environment = environment
        self._stream = sys.stderr if stream is None else stream
        self._begin = time.monotonic()
        self._drawn = False
        self._watched = terminal(self._stream)

    def coloured(self, stream: TextIO | None) -> bool:
        """Tell whether to colour what goes to a stream."""
        match self._manner.colour, self._environment:
            case "always", _:
                return True
            case "never", _:
                return False
            case _, {"NO_COLOR": word} if word:
                return False
            case _, {"FORCE_COLOR": word} if word and word != "0":
                return True
            case _:
                return terminal(stream) and self._environment.get("TERM") != "dumb"

    @property
    def failing(self) -> Severity:
        """The least severity that withholds output: an error always does, a warning if it is to fail the command."""
        return min(self._manner.fail_on or Severity.ERROR, Severity.ERROR)

    def withheld(self, report: Report) -> bool:
        """Tell whether the findings forbid any output."""
        return report.worst >= self.failing

    def code(self, report: Report) -> int:
        """The exit code that the findings ask for."""
        fail_on = self._manner.fail_on
        return FOUND if fail_on is not None and report.worst >= fail_on else CLEAN

    def findings(self, report: Report, stream: TextIO | None, outcome: str = "") -> None:
        """Write the findings of a report for people, and what came of them."""
        self.tell(report.sorted(), stream, outcome)

    def tell(self, diagnostics: Iterable[Diagnostic], stream: TextIO | None, outcome: str = "") -> None:
        """Write findings for people, and what came of them; when quiet, only those that make the command fail."""
        least = self.failing if self._manner.quiet else Severity.INFO
        found = [diagnostic for diagnostic in diagnostics if diagnostic.severity >= least]
        self.clear()
        if found:
            self.put(self._worded(found, stream, outcome), stream)

    def _worded(self, found: Sequence[Diagnostic], stream: TextIO | None, outcome: str) -> Iterable[str]:
        from maxtac_render.reports import text  # noqa: PLC0415 - clean input does not pay

        return text.render(found, colour=self.coloured(stream), outcome=outcome)

    def put(self, texts: Iterable[str], stream: TextIO | None) -> None:
        """Write texts to a stream. Raises SinkFault when standard output takes no more."""
        if stream is not sys.stdout:
            _write("".join(texts), stream)
            return
        from maxtac_render.sinks import stdout  # noqa: PLC0415 - what ends on stderr does not pay

        if stream is None:
            raise SinkFault("standard output is closed")
        stdout.write(texts, stream.buffer)

    def put_bytes(self, chunks: Iterable[bytes]) -> None:
        """Write bytes to standard output. Raises SinkFault when it takes no more."""
        from maxtac_render.sinks import stdout  # noqa: PLC0415 - as above

        if sys.stdout is None:
            raise SinkFault("standard output is closed")
        stdout.write_bytes(chunks, sys.stdout.buffer)

    def summary(self, line: str, report: Report) -> None:
        """Write the line that closes the work, if somebody watches or asked for it."""
        if (self._watched and not self._manner.quiet) or self._manner.verbose:
            from maxtac_render.reports.text import tally  # noqa: PLC0415 - nobody listens in CI

            self._write("; ".join(filter(None, (line, tally(report.sorted())))) + "\n")

    def remark(self, line: str) -> None:
        """Write what was done to files, unless quiet."""
        if not self._manner.quiet:
            from maxtac_render.reports.text import visible  # noqa: PLC0415 - only where there is something to say

            self._write(f"{visible(line)}\n")

    def complain(self, line: str) -> None:
        """Write what went wrong, or what somebody has to know, also when quiet."""
        from maxtac_render.reports.text import visible  # noqa: PLC0415 - only where there is something to say

        self.clear()
        self._write(f"{visible(line)}\n")

    def detail(self, line: str) -> None:
        """Write what only the curious want to know."""
        if self._manner.verbose:
            self._write(f"{line}\n")

    def seconds(self) -> float:
        """How long the command has been working."""
        return time.monotonic() - self._begin

    def progress(self, items: Iterable[Item], doing: str) -> Iterable[Item]:
        """The items, counted on the terminal as they pass once the work takes long."""
        if not self._watched or self._manner.quiet or self._environment.get("TERM") == "dumb":
            return items
        return self._counted(items, doing)

    def clear(self) -> None:
        """Take the progress off the terminal."""
        if self._drawn:
            self._write("\r\x1b[K")
            self._drawn = False

    def _counted(self, items: Iterable[Item], doing: str) -> Iterator[Item]:
        due = self._begin + PATIENCE
        try:
            for count, item in enumerate(items, 1):
                if time.monotonic() >= due:
                    self._write(f"\r{doing} {count:,}\x1b[K")
                    self._drawn = True
                    due = time.monotonic() + INTERVAL
                yield item
        finally:
            self.clear()

    def _write(self, text: str) -> None:
        _write(text, self._stream)


def _write(text: str, stream: TextIO | None) -> None:
    if stream is not None:
        stream.write(text)
        stream.flush()


def terminal(stream: TextIO | None) -> bool:
    """Tell whether a stream is shown to somebody."""
    return stream is not None and not stream.closed and stream.isatty()
