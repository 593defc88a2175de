"""Findings as JUnit XML: one test case for each thing that was looked at, also for those without findings.

That is a MaxTac resource, or a test. A case fails with the findings that make the command fail; milder ones stand in
its output, and one of a skipped test says so. What is found in Services and other objects, in files, and in the input
as a whole has cases of its own. The XML is what Jenkins' xunit plugin
takes (its junit-10.xsd).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

from maxtac_render.model.catalogue import Code
from maxtac_render.model.diagnostics import Diagnostic, Located
from maxtac_render.model.objects import ObjectRef
from maxtac_render.reports import Run
from maxtac_render.reports._findings import NOTHING, Finding, gathered
from maxtac_render.reports.text import visible

Subject = tuple[str, int, int, ObjectRef]
"""What a case is about: path, document, the document's first line, and the object, or NOTHING for the file itself."""


class _Case(NamedTuple):
    """One test case: its class and its name, and the findings that fail it and that do not."""

    group: str
    name: str
    failures: list[Finding]
    remarks: list[Finding]

    @property
    def skipped(self) -> Sequence[Finding]:
        """The findings that say that it was not run, if nothing fails it."""
        return () if self.failures else [each for each in self.remarks if each.id == Code.SKIPPED_TEST.id]


def render(found: Sequence[Diagnostic], run: Run) -> Iterator[str]:
    """The whole document. Times are 0, so that equal findings are equal bytes."""
    cases = _cases(gathered(found, run), run)
    failed = sum(bool(case.failures) for case in cases)
    counts = f'name="maxtac" tests="{len(cases)}" failures="{failed}" errors="0"'
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites {counts} time="0">\n'
    yield f'  <testsuite {counts} skipped="{sum(bool(case.skipped) for case in cases)}" time="0">\n'
    for case, name in zip(cases, _unique(cases), strict=True):
        yield from _element(case, name)
    yield "  </testsuite>\n</testsuites>\n"


def _cases(findings: Sequence[Finding], run: Run) -> list[_Case]:
    """The cases of what was looked at in their order, then those of whatever else has findings."""
    cases = {subject: _case(subject) for subject in sorted(map(_subject, run.checked))}
    unplaced = {_without_namespace(subject): case for subject, case in cases.items()}
    others: dict[Subject, _Case] = {}
    for finding in findings:
        about = _about(finding)
        case = cases.get(about) or unplaced.get(about) or others.setdefault(about, _case(about))
        (case.failures if finding.severity >= run.failing else case.remarks).append(finding)
    return [*cases.values(), *(others[about] for about in sorted(others))]


def _subject(checked: Located) -> Subject:
    path, document, begin, _ = checked.origin
    return visible(path), document, begin, ObjectRef(*map(visible, checked.ref or NOTHING))


def _about(finding: Finding) -> Subject:
    """What a finding belongs to; those about no object belong to the file, wherever in it they are."""
    if finding.ref.kind:
        return finding.path, finding.document, finding.begin, finding.ref
    return finding.path, 0, 0, NOTHING


def _without_namespace(subject: Subject) -> Subject:
    """The subject as it was before it got the default namespace."""
    return (*subject[:3], subject[3]._replace(namespace=""))


def _case(subject: Subject) -> _Case:
    path, _, _, ref = subject
    if ref.kind:
        return _Case(f"maxtac.{ref.kind}", str(ref), [], [])
    return _Case("maxtac.file", path, [], []) if path else _Case("maxtac.input", "input", [], [])


def _unique(cases: Sequence[_Case]) -> Iterator[str]:
    """The names of the cases; readers drop a case whose name another one has."""
    seen: dict[str, int] = {}
    for case in cases:
        name = case.name
        while name in seen:
            seen[case.name] += 1
            name = f"{case.name} ({seen[case.name]})"
        seen[name] = 1
        yield name


def _element(case: _Case, name: str) -> Iterator[str]:
    """One case as XML, on lines of its own."""
    start = f'    <testcase classname="{escape(case.group)}" name="{escape(name)}" time="0"'
    if not (case.failures or case.remarks):
        yield f"{start}/>\n"
        return
    yield f"{start}>\n"
    if case.failures:
        first, more = case.failures[0], len(case.failures) - 1
        message = escape(f"{first.message} (and {more} more)" if more else first.message)
        yield f'      <failure type="{first.id}" message="{message}">{_lines(case.failures)}</failure>\n'
    for finding in case.skipped[:1]:
        yield f'      <skipped message="{escape(finding.message)}"/>\n'
    if case.remarks:
        yield f"      <system-out>{_lines(case.remarks)}</system-out>\n"
    yield "    </testcase>\n"


def _lines(findings: Sequence[Finding]) -> str:
    return escape("\n".join(line for finding in findings for line in _text(finding)), quote=False)


def _text(finding: Finding) -> Iterator[str]:
    where = f"{finding.where}: " if finding.where else ""
    yield f"{where}{finding.severity.word}[{finding.id}]: {finding.message}"
    if finding.about:
        yield f"  object: {finding.about}"
    if finding.mend:
        yield f"  help: {finding.mend}"
