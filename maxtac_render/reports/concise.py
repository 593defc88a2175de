"""Findings in one line each, as compilers write them: where, how grave, what, how to mend it; the gravest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from maxtac_render.model.diagnostics import Diagnostic
from maxtac_render.reports import Run
from maxtac_render.reports._findings import gathered


def render(found: Sequence[Diagnostic], run: Run) -> Iterator[str]:
    """One line for each finding; nothing without findings."""
    for finding in gathered(found, run):
        where = f"{place}: " if (place := finding.where or finding.about) else ""
        mend = f" ({finding.mend})" if finding.mend else ""
        yield f"{where}{finding.severity.word}[{finding.id}]: {finding.message}{mend}\n"
