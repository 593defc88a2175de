"""Findings as one JSON object for programs, described by ``schemas/report.json``; one finding a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from maxtac_render.model.catalogue import Severity
from maxtac_render.model.diagnostics import Diagnostic
from maxtac_render.reports import Run
from maxtac_render.reports._findings import Finding, encode, gathered
from maxtac_render.reports.text import visible

API_VERSION = "render.maxtac.vtk.io/v1alpha1"
KIND = "Report"


def render(found: Sequence[Diagnostic], run: Run) -> Iterator[str]:
    """The whole report; a key whose value is not known holds null."""
    findings = gathered(found, run)
    head = {"apiVersion": API_VERSION, "kind": KIND, "tool": {"name": "maxtac-render", "version": run.version or None}}
    yield f'{encode({**head, "summary": _summary(findings, run)})[:-1]},"findings":['
    separator = "\n"
    for finding in findings:
        yield separator + encode(_body(finding))
        separator = ",\n"
    yield "\n]}\n" if findings else "]}\n"


def _summary(findings: Sequence[Finding], run: Run) -> dict[str, object]:
    counts = Counter(finding.rank for finding in findings)
    return {
        "errors": counts[-Severity.ERROR],
        "warnings": counts[-Severity.WARNING],
        "info": counts[-Severity.INFO],
        "resources": len(run.checked),
        "outcome": visible(run.outcome) or None,
    }


def _body(finding: Finding) -> dict[str, object]:
    api_version, kind, namespace, name = finding.ref
    return {
        "id": finding.id,
        "severity": finding.severity.word,
        "message": finding.message,
        "help": finding.mend or None,
        "object": {"apiVersion": api_version, "kind": kind, "namespace": namespace, "name": name} if kind else None,
        "field": finding.field or None,
        "file": finding.path or None,
        "line": finding.line or None,
        "column": finding.column or None,
        "endColumn": finding.end_column or None,
    }
