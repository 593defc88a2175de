"""Findings as GitHub's workflow commands, which show them beside the lines of a pull request; the gravest first.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands. GitHub shows the first ten of each
severity and step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from maxtac_render.model.catalogue import Severity
from maxtac_render.model.diagnostics import Diagnostic
from maxtac_render.reports import Run
from maxtac_render.reports._findings import Finding, gathered

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def render(found: Sequence[Diagnostic], run: Run) -> Iterator[str]:
    """One command a line for each finding; nothing without findings."""
    for finding in gathered(found, run):
        properties = ",".join(f"{name}={str(value).translate(_PROPERTY)}" for name, value in _properties(finding))
        lines = (finding.message, finding.about, finding.mend and f"help: {finding.mend}")
        message = "\n".join(filter(None, lines)).translate(_DATA)
        yield f"::{_COMMANDS[finding.severity]} {properties}::{message}\n"


def _properties(finding: Finding) -> Iterator[tuple[str, object]]:
    """The properties of the command: the title, and for a finding in a file its place; columns count inclusively."""
    if finding.file:
        yield from (("file", finding.file), ("line", finding.line), ("endLine", finding.line))
        if finding.column:
            yield from (("col", finding.column), ("endColumn", max(finding.column, finding.end_column - 1)))
    yield "title", f"maxtac: {finding.id}"
