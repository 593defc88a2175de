"""Differences as findings, each at the place that is responsible: for the reports that machines read."""

from __future__ import annotations

from collections.abc import Sequence

from maxtac_render.analysis.reasons import Reason
from maxtac_render.analysis.universe import bits
from maxtac_render.cli.comparing import Account, words
from maxtac_render.model.catalogue import Code
from maxtac_render.model.diagnostics import NOWHERE, Report, Site


def add(account: Account, report: Report) -> None:
    """Report what opened and closed, and which pods became isolated or open."""
    names = words.Names(words.cast(account.comparison.aligned))
    for shift, reasons in account.lasting:
        ends = f"{names.of(shift.sources)} -> {names.of(shift.targets)}"
        for code, gained in (
            (Code.CONNECTION_OPENED, shift.pairing.opened),
            (Code.CONNECTION_CLOSED, shift.pairing.closed),
        ):
            if gained.possible:
                _add(report, code, reasons, what=f"{ends}: {words.passing(gained)}")
    for comer in account.comers:
        code = Code.CONNECTION_OPENED if comer.fresh else Code.CONNECTION_CLOSED
        workload = account.comparison.aligned.workload(next(bits(comer.pods)))
        what, why = f"connections of {names.of(comer.pods)}", "; ".join(words.connected(comer, names))
        report.add(code, workload, (), what=what, why=why)
    for turn, reasons in account.turns:
        for code, so in ((Code.POD_ISOLATED, turn.isolates), (Code.POD_UNISOLATED, turn.frees)):
            if so:
                _add(report, code, reasons, what=f"{names.of(turn.pods)}: {words.became(turn)}")


def _add(report: Report, code: Code, reasons: Sequence[Reason], what: str) -> None:
    site = reasons[0].site if reasons else Site(NOWHERE)
    report.add(code, site.about, site.field, what=what, why=" and ".join(map(words.because, reasons)))
