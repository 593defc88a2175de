"""Findings as SARIF 2.1.0 for code scanning, within the limits of GitHub's.

https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning:
every result has a location, and a fingerprint that stays when lines move; what is over the limits is left out, the
mildest first, and counted in a notification.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from maxtac_render.model.catalogue import CODES, Code, Severity
from maxtac_render.model.diagnostics import Diagnostic
from maxtac_render.model.explanations import EXPLANATIONS
from maxtac_render.reports import Run
from maxtac_render.reports._findings import Finding, encode, fingerprints, gathered, whole

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

MOST = 25_000
"""Results in a run."""

LARGEST = 9_000_000
"""Bytes of a file after gzip; 10 MB are the limit, and some of it is for what stands around the results."""

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note", Severity.OFF: "none"}
_PROBLEMS = {**_LEVELS, Severity.INFO: "recommendation", Severity.OFF: "recommendation"}
_LINK = re.compile(r"\](?=\()")


def render(found: Sequence[Diagnostic], run: Run) -> Iterator[str]:
    """The whole log, one rule and one result a line; ``results`` is an empty list without findings."""
    findings = gathered(found, run)
    rules = {name: index for index, name in enumerate(sorted({finding.id for finding in findings}))}
    yield f'{{"$schema":"{SCHEMA}","version":"2.1.0","runs":[{{\n"tool":{{"driver":{_driver(run)},"rules":['
    yield from _lines(encode(_rule(CODES[name])) for name in rules)
    yield ']}},\n"automationDetails":{"id":"maxtac-render/"},"columnKind":"unicodeCodePoints","results":['
    fitting = _Fitting()
    yield from _lines(fitting.those_of(_results(findings, rules, run)))
    yield f'],\n"invocations":[{encode(_invocation(len(findings) - fitting.count))}]\n}}]}}\n'


def _driver(run: Run) -> str:
    """The program, as an object that is still open."""
    version = {"semanticVersion": run.version} if run.version else {}
    return encode({"name": "maxtac-render", **version})[:-1]


def _lines(texts: Iterable[str]) -> Iterator[str]:
    separator = "\n"
    for text in texts:
        yield separator + text
        separator = ",\n"


def _rule(code: Code) -> dict[str, Any]:
    """What the catalogue says of a finding, for the page that explains an alert."""
    name, severity, message, mend = code.value
    why, wrong, right = EXPLANATIONS[code]
    advice = _shown(mend)
    text = f"{why}\n\nhelp: {advice}" if advice else why
    examples = f"{text}\n\n{_block(wrong)}\nMended:\n\n{_block(right)}"
    return {
        "id": name,
        "shortDescription": {"text": _shown(message)},
        "fullDescription": {"text": why},
        "help": {"text": text, "markdown": examples},
        "defaultConfiguration": {"level": _LEVELS[severity]},
        "properties": {
            "tags": ["kubernetes", "network-policy"],
            "precision": "very-high",
            "problem.severity": _PROBLEMS[severity],
        },
    }


def _block(example: str) -> str:
    return f"```{'sh' if example.startswith('$') else 'yaml'}\n{example}```\n"


class _Facts(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "" if name == "guess" else f"<{name.replace('_', ' ')}>"


def _shown(template: str) -> str:
    """A text of the catalogue with its facts in angle brackets; guesses are left out."""
    return template.format_map(_Facts())


def _results(findings: Sequence[Finding], rules: Mapping[str, int], run: Run) -> Iterator[str]:
    root = whole(run)
    for finding, fingerprint in zip(findings, fingerprints(findings), strict=True):
        yield encode(
            {
                "ruleId": finding.id,
                "ruleIndex": rules[finding.id],
                "level": _LEVELS[finding.severity],
                "message": {"text": _message(finding)},
                "locations": [_location(finding, root)],
                "partialFingerprints": {"primaryLocationLineHash": fingerprint},
            }
        )


def _message(finding: Finding) -> str:
    """What was found, and how to mend it; never what SARIF's readers take for a link (section 3.11.6)."""
    text = f"{finding.message}\nhelp: {finding.mend}" if finding.mend else finding.message
    return _LINK.sub("] ", text) or finding.id


def _location(finding: Finding, root: str) -> dict[str, Any]:
    """The file and the region, or the input as a whole; and the object."""
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(finding.file or root)}}
    if finding.file:
        numbers = {"startLine": finding.line, "startColumn": finding.column, "endColumn": finding.end_column}
        physical["region"] = {name: number for name, number in numbers.items() if number}
    if not finding.about:
        return {"physicalLocation": physical}
    return {"physicalLocation": physical, "logicalLocations": [{"fullyQualifiedName": finding.about}]}


def _uri(path: str) -> str:
    """A path as a URI reference, relative unless the path is absolute."""
    return f"file://{quote(path)}" if path.startswith("/") else quote(path)


class _Fitting:
    """The results that a file holds, and how many they are."""

    def __init__(self) -> None:
        self.count = 0

    def those_of(self, results: Iterable[str]) -> Iterator[str]:
        """The first results, as far as they fit."""
        gzip, size = zlib.compressobj(1), 0
        for result in results:
            size += len(gzip.compress(result.encode()))
            if self.count == MOST or size > LARGEST:
                return
            self.count += 1
            yield result


def _invocation(left: int) -> dict[str, Any]:
    if not left:
        return {"executionSuccessful": True}
    text = f"{left:,} milder {'finding is' if left == 1 else 'findings are'} left out: over the limits of code scanning"
    notification = {"level": "warning", "message": {"text": text}}
    return {"executionSuccessful": True, "toolExecutionNotifications": [notification]}
