"""The Code Quality report for GitLab: the fields that it asks for, and fingerprints of their own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import RUN, at, finding, findings, rendered

from maxtac_render.model.catalogue import Severity
from maxtac_render.model.diagnostics import Diagnostic


def issues(found: list[Diagnostic]) -> list[Any]:
    read: list[Any] = json.loads(rendered("gitlab", found))
    return read


def test_no_findings_are_an_empty_list() -> None:
    """GitLab takes an empty list for clean, and an empty file for a fault."""
    assert rendered("gitlab", []) == "[]\n"


@pytest.mark.parametrize(
    ("severity", "word"), [(Severity.ERROR, "major"), (Severity.WARNING, "minor"), (Severity.INFO, "info")]
)
def test_an_issue_has_what_gitlab_asks_for(severity: Severity, word: str) -> None:
    """Description, name, fingerprint, severity, path and line."""
    (issue,) = issues([finding(place=at(14, 20, 28), severity=severity)])
    assert len(issue.pop("fingerprint")) == 32
    assert issue == {
        "description": "target shop/payments not found; rule left out",
        "check_name": "missing-target",
        "severity": word,
        "location": {"path": "apps/deploy/access.yaml", "lines": {"begin": 14}},
    }


@pytest.mark.parametrize(
    ("path", "shown"), [("./a.yaml", "apps/a.yaml"), ("<stdin>", "apps/deploy"), ("", "apps/deploy")]
)
def test_paths_are_relative(path: str, shown: str) -> None:
    """No path begins with ``./``, and none is missing."""
    assert issues([finding(path=path)])[0]["location"]["path"] == shown


def test_the_directory_may_be_the_root() -> None:
    """Where the command runs in the root of the repository, paths stay."""
    run = RUN._replace(directory="/srv", whole=".")
    assert [
        issue["location"]["path"] for issue in json.loads(rendered("gitlab", [finding(), finding(path="")], run))
    ] == [
        "deploy/access.yaml",
        ".",
    ]


@given(st.lists(findings(), max_size=5))
def test_any_text_is_counted(found: list[Diagnostic]) -> None:
    """Each finding is one issue with a fingerprint of its own: equal ones collapse."""
    read = issues(found)
    assert sorted(issue["check_name"] for issue in read) == sorted(one.code.id for one in found)
    assert len({issue["fingerprint"] for issue in read}) == len(found)
    assert all(issue["location"]["path"] and issue["location"]["lines"]["begin"] > 0 for issue in read)
