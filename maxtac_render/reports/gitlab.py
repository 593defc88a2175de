"""Findings as a GitLab Code Quality report: https://docs.gitlab.com/ci/testing/code_quality/."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from maxtac_render.model.catalogue import Severity
from maxtac_render.model.diagnostics import Diagnostic
from maxtac_render.reports import Run
from maxtac_render.reports._findings import encode, fingerprints, gathered, whole

_SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFO: "info"}


def render(found: Sequence[Diagnostic], run: Run) -> Iterator[str]:
    """A list with one object a line; ``[]`` without findings, which GitLab takes for clean."""
    findings = gathered(found, run)
    separator = "[\n"
    for finding, fingerprint in zip(findings, fingerprints(findings), strict=True):
        yield separator + encode(
            {
                "description": finding.message,
                "check_name": finding.id,
                "fingerprint": fingerprint,
                "severity": _SEVERITIES[finding.severity],
                "location": {
                    "path": finding.file or whole(run),
                    "lines": {"begin": finding.line if finding.file else 1},
                },
            }
        )
        separator = ",\n"
    yield "\n]\n" if findings else "[]\n"
