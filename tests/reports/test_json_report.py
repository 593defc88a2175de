"""The JSON report: what its schema says of it is true, and all of it."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from report_samples import ACCESS, FOUND, RUN, at, finding, findings, rendered

from maxtac_render.model.diagnostics import Diagnostic
from maxtac_render.reports import Run
from validation import validate


def report(found: list[Diagnostic], run: Run = RUN) -> Any:
    return json.loads(rendered("json", found, run))


def test_the_golden_report_is_valid() -> None:
    """The schema in schemas/ describes every property that there is."""
    validate(report(list(FOUND)), "report")
    validate(report([], Run()), "report")


def test_a_finding_with_all_it_has() -> None:
    """Every fact of a finding stands under its name."""
    (one,) = report([finding(place=at(14, 20, 28))])["findings"]
    assert one == {
        "id": "missing-target",
        "severity": "error",
        "message": "target shop/payments not found; rule left out",
        "help": "add the Service to the sources",
        "object": dict(zip(("apiVersion", "kind", "namespace", "name"), ACCESS, strict=True)),
        "field": "spec.targets[0].serviceName",
        "file": "deploy/access.yaml",
        "line": 14,
        "column": 20,
        "endColumn": 28,
    }


def test_without_findings_the_list_is_empty() -> None:
    """A clean run is a report too."""
    empty = report([], RUN._replace(outcome=""))
    assert empty["findings"] == []
    assert empty["summary"] == {"errors": 0, "warnings": 0, "info": 0, "resources": 5, "outcome": None}


@given(st.lists(findings(), max_size=5))
def test_any_text_is_valid_and_counted(found: list[Diagnostic]) -> None:
    """The counts are those of the findings, and every line break in the text is one of ours."""
    read = report(found)
    validate(read, "report")
    assert Counter(one["id"] for one in read["findings"]) == Counter(one.code.id for one in found)
    assert sum(read["summary"][name] for name in ("errors", "warnings", "info")) == len(found)
    assert rendered("json", found).isascii()
