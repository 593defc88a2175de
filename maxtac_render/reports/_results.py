"""Findings as the results of a KRM function.

Source: https://github.com/kubernetes-sigs/kustomize/blob/master/cmd/config/docs/api-conventions/functions-spec.md
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from maxtac_render.model.diagnostics import Diagnostic
from maxtac_render.reports import Run
from maxtac_render.reports._findings import Finding, gathered


def results(found: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    """The findings in the order of the reference implementation: by file, document, and severity, the gravest first."""
    return [_result(finding) for finding in sorted(gathered(found, Run()), key=_order)]


def _order(finding: Finding) -> tuple[object, ...]:
    return (finding.path, finding.document, *finding)


def _result(finding: Finding) -> dict[str, Any]:
    result: dict[str, Any] = {"message": finding.message, "severity": finding.severity.word}
    api_version, kind, namespace, name = finding.ref
    if kind:
        place = {"namespace": namespace} if namespace else {}
        result["resourceRef"] = {"apiVersion": api_version, "kind": kind, **place, "name": name}
        result |= {"field": {"path": finding.field}} if finding.field else {}
    if finding.path:
        result["file"] = {"path": finding.path, "index": finding.document}
    result["tags"] = {"rule": finding.id, **({"help": finding.mend} if finding.mend else {})}
    return result
