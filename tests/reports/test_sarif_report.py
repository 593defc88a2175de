"""The SARIF report: valid against the official schema, with stable fingerprints, within the limits of code scanning."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import FOUND, RUN, at, finding, findings, foreign, rendered

from maxtac_render.model.catalogue import Code, Severity
from maxtac_render.model.diagnostics import Diagnostic
from maxtac_render.reports import Run

SCHEMA = json.loads((Path(__file__).parent / "schemas" / "sarif-2.1.0.json").read_text())


def run_of(found: list[Diagnostic], run: Run = RUN) -> Any:
    """The one run of the log."""
    (only,) = json.loads(rendered("sarif", found, run))["runs"]
    return only


def validate(found: list[Diagnostic], run: Run = RUN) -> None:
    jsonschema = foreign("jsonschema")
    jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(
        json.loads(rendered("sarif", found, run))
    )


def fingerprints(found: list[Diagnostic], run: Run = RUN) -> list[str]:
    return [result["partialFingerprints"]["primaryLocationLineHash"] for result in run_of(found, run)["results"]]


def test_the_golden_log_is_valid() -> None:
    """The official schema takes what we write, also of a clean run."""
    validate(list(FOUND))
    validate([], Run())
    assert run_of([], Run())["results"] == []


def test_every_rule_of_the_catalogue_is_valid() -> None:
    """Each entry has the texts that code scanning asks for, and none is empty."""
    found = [finding(code) for code in Code]
    validate(found)
    for rule in run_of(found)["tool"]["driver"]["rules"]:
        for text in ("shortDescription", "fullDescription", "help"):
            assert rule[text]["text"].strip(), rule["id"]
        assert "{" not in rule["shortDescription"]["text"].replace("{}", "")


def test_results_point_at_their_rules() -> None:
    """The index of a result is that of the rule with its id."""
    run = run_of(list(FOUND))
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [rules[result["ruleIndex"]] for result in run["results"]] == [result["ruleId"] for result in run["results"]]
    assert len(rules) == len(set(rules))


@pytest.mark.parametrize(
    ("severity", "level"), [(Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.INFO, "note")]
)
def test_severities_are_levels(severity: Severity, level: str) -> None:
    """The level is the finding's own severity, and the rule's is the catalogue's."""
    run = run_of([finding(severity=severity)])
    assert run["results"][0]["level"] == level
    assert run["tool"]["driver"]["rules"][0]["defaultConfiguration"]["level"] == "error"


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("a.yaml", "apps/a.yaml"),
        ("./x/../a.yaml", "apps/a.yaml"),
        ("../b.yaml", "b.yaml"),
        ("/srv/apps/c.yaml", "apps/c.yaml"),
        ("../../other/d.yaml", "file:///other/d.yaml"),
        ("git:HEAD~1:deploy/e.yaml", "deploy/e.yaml"),
        ("git:HEAD@{1 day ago, 12:00}:deploy/f:g.yaml", "deploy/f%3Ag.yaml"),
        ("ä b#%?.yaml", "apps/%C3%A4%20b%23%25%3F.yaml"),
        ("<stdin>", "apps/deploy"),
        ("", "apps/deploy"),
    ],
)
def test_locations_are_seen_from_the_root(path: str, uri: str) -> None:
    """A location is a relative reference from the root of the repository; without a file it is the input."""
    (location,) = run_of([finding(path=path)])["results"][0]["locations"]
    assert location["physicalLocation"]["artifactLocation"] == {"uri": uri}


def test_without_a_repository_locations_are_seen_from_here() -> None:
    """Paths stay as they are where no root is known."""
    results = run_of([finding(path="./a.yaml"), finding(path="")], Run())["results"]
    uris = [result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in results]
    assert uris == ["a.yaml", "."]


def test_a_link_in_a_message_is_none() -> None:
    """Readers of SARIF follow embedded links; input cannot place one."""
    text = run_of([finding(message="[safe](https://evil.example)")])["results"][0]["message"]["text"]
    assert "](" not in text


def test_fingerprints_stay_when_lines_and_files_move() -> None:
    """Neither line nor file nor message is in it."""
    before = finding(place=at(3, 5, 9))
    after = finding(place=at(90, 7, 11), path="moved.yaml", message="said otherwise")
    assert fingerprints([before]) == fingerprints([after])


def test_fingerprints_tell_findings_apart() -> None:
    """Rule, object and field do, and otherwise the number among equal ones; files do for findings about no object."""
    found = [
        finding(place=at(3, 5, 9)),
        finding(place=at(4, 5, 9)),
        finding(place=at(5, 5, 9), field=("spec",)),
        finding(Code.BAD_PORT, place=at(6, 5, 9)),
        finding(Code.BROKEN_YAML, None),
        finding(Code.BROKEN_YAML, None, path="b.yaml"),
    ]
    assert len(set(fingerprints(found))) == len(found)


def test_too_many_results_leave_out_the_mildest() -> None:
    """What is over 25,000 is counted in a notification."""
    found = [finding(Code.BARE_IP, field=("spec", number)) for number in range(25_010)]
    found += [finding(field=("spec", number)) for number in range(3)]
    run = run_of(found)
    assert len(run["results"]) == 25_000
    assert [result["level"] for result in run["results"][:4]] == ["error"] * 3 + ["note"]
    (notification,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notification["message"]["text"].startswith("13 milder findings are left out")


def test_too_large_a_log_leaves_out_the_mildest() -> None:
    """A log of what cannot be compressed stays below 10 MB after gzip."""
    noise = random.Random(1)  # noqa: S311 - no secret
    found = [finding(field=("spec", number), message=noise.randbytes(1_000).hex()) for number in range(12_000)]
    text = rendered("sarif", found)
    assert len(gzip.compress(text.encode(), 1)) < 10_000_000
    (run,) = json.loads(text)["runs"]
    assert 5_000 < len(run["results"]) < 12_000
    assert run["invocations"][0]["toolExecutionNotifications"]


@given(st.lists(findings(), max_size=5))
def test_any_text_is_valid_and_counted(found: list[Diagnostic]) -> None:
    """Whatever findings say, the log is valid, holds each once, and each has a location and its own fingerprint."""
    validate(found)
    results = run_of(found)["results"]
    assert sorted(result["ruleId"] for result in results) == sorted(one.code.id for one in found)
    assert len(set(fingerprints(found))) == len(found)
    for result in results:
        (location,) = result["locations"]
        assert unquote(location["physicalLocation"]["artifactLocation"]["uri"]).isprintable()
