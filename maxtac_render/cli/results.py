"""What became of tests, in the formats of ``-o``: one function for each, from results to texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from json import JSONEncoder
from typing import TYPE_CHECKING, Any, NamedTuple

from maxtac_render.analysis import endpoints
from maxtac_render.analysis.assertions.judging import Breach, Outcome, Status
from maxtac_render.analysis.assertions.world import World
from maxtac_render.analysis.connections import Verdict
from maxtac_render.analysis.universe import bits
from maxtac_render.cli.compilation import count
from maxtac_render.model import portsets
from maxtac_render.model.catalogue import Severity
from maxtac_render.model.configuration import API_VERSION
from maxtac_render.model.diagnostics import Diagnostic
from maxtac_render.reports.text import COLOURS, PLAIN, Paint, visible

if TYPE_CHECKING:
    from maxtac_render.analysis.assertions.drops import Drop, Observation
    from maxtac_render.cli.flowfiles import Reading

KIND = "TestResult"

_encode = JSONEncoder(separators=(",", ":")).encode
"""JSON on one line, in ASCII: nothing in it can steer a terminal."""

WORDS = {Status.PASSED: "ok", Status.FAILED: "FAIL", Status.SKIPPED: "skip", Status.ERROR: "error"}
NOUNS = {Status.PASSED: "passed", Status.FAILED: "failed", Status.SKIPPED: "skipped", Status.ERROR: "not run"}


class Result(NamedTuple):
    """One test: what became of it, where it stands, and what was found.

    ``note`` says in a few words what the test was about, or why it was skipped. ``sort`` is the list in which programs
    find it, and ``body`` what they are told besides.
    """

    name: str
    status: Status
    file: str
    line: int
    note: str = ""
    findings: Sequence[Diagnostic] = ()
    sort: str = "tests"
    body: Mapping[str, Any] = {}


def of(outcome: Outcome, world: World, found: Sequence[Diagnostic]) -> Result:
    """A test that was judged."""
    case, claim = outcome.case, outcome.case.claim
    body = {
        "expect": str(claim.expectation) if claim is not None else None,
        "connections": outcome.pairs,
        "breaches": [_breach(breach, world) for breach in outcome.breaches],
    }
    return Result(case.ref.name, outcome.status, case.origin.path, case.origin.line, case.skipped, found, "tests", body)


def of_files(found: Sequence[Diagnostic]) -> Iterator[Result]:
    """Files of tests of which not all could be read, each as a test that was not run."""
    files: dict[str, list[Diagnostic]] = {}
    for each in found:
        if each.severity is Severity.ERROR:
            files.setdefault(each.origin.path, []).append(each)
    body: dict[str, Any] = {"expect": None, "connections": 0, "breaches": []}
    for path, errors in files.items():
        yield Result(f"tests of {path}" if path else "tests", Status.ERROR, path, 0, "", errors, "tests", body)


def of_flows(reading: Reading, seen: Observation, found: Sequence[Diagnostic]) -> Result:
    """A file of flows as one test: that none of them would be dropped."""
    aside = {word: number for word, number in reading.traffic.aside.most_common() if number}
    counts = [f"{reading.traffic.judged:,} judged", *(f"{number:,} {word}" for word, number in aside.items())]
    note = f"{count(reading.flows, 'flow')}, {', '.join(counts)}"
    body = {
        "flows": reading.flows,
        "judged": reading.traffic.judged,
        "aside": {word.name.lower(): number for word, number in aside.items()},
        "faults": reading.faults,
        "drops": [_drop(drop, seen) for drop in seen.drops],
    }
    status = Status.ERROR if reading.faults and seen.status is Status.PASSED else seen.status
    return Result(f"observed flows of {reading.name}", status, reading.name, 0, note, found, "flows", body)


def _drop(drop: Drop, seen: Observation) -> dict[str, Any]:
    source, target = (endpoints.described(seen.world.universe.endpoint(number)) for number in drop.breach.pair)
    ends = {"source": source, "target": target, "ports": portsets.described(drop.breach.ports)}
    return {**ends, "verdict": str(drop.breach.verdict), "flows": drop.flows, "line": drop.line}


def _breach(breach: Breach, world: World) -> dict[str, Any]:
    ends = (
        [endpoints.described(world.universe.endpoint(number)) for number in bits(mask)]
        for mask in (breach.sources, breach.targets)
    )
    sides = dict(zip(("sources", "targets"), ends, strict=True))
    expected = Verdict.YES if breach.missing else Verdict.NO
    verdicts = {"verdict": str(breach.verdict), "expected": str(expected)}
    return {**sides, "ports": portsets.described(breach.ports), **verdicts}


Format = Callable[[Sequence[Result]], Iterator[str]]


def tally(results: Sequence[Result]) -> str:
    """How many tests there were, and what became of them: ``5 tests: 3 passed, 1 failed, 1 skipped``."""
    counts = Counter(result.status for result in results)
    number = count(len(results), "test")
    shown = ", ".join(f"{counts[status]:,} {NOUNS[status]}" for status in Status if counts[status])
    return f"{number}: {shown}" if shown else number


def text(results: Sequence[Result], *, colour: bool = False, quiet: bool = False) -> Iterator[str]:
    """One line for each test; when quiet, only for those that did not pass."""
    paint = COLOURS if colour else PLAIN
    for result in results:
        if quiet and result.status in (Status.PASSED, Status.SKIPPED):
            continue
        word = f"{_colour(result.status, paint)}{WORDS[result.status]:5}{paint.end}"
        note = f": {visible(result.note)}" if result.note else ""
        yield f"{word} {visible(result.name)}{note}\n"


def _colour(status: Status, paint: Paint) -> str:
    if status is Status.PASSED:
        return paint.frame
    return paint.warning if status is Status.SKIPPED else paint.error


def tap(results: Sequence[Result]) -> Iterator[str]:
    """The Test Anything Protocol, version 14 (https://testanything.org/tap-version-14-specification.html)."""
    yield f"TAP version 13\n1..{len(results)}\n"
    for number, result in enumerate(results, 1):
        skipped = f" # SKIP {_escaped(result.note)}" if result.status is Status.SKIPPED else ""
        word = "ok" if result.status in (Status.PASSED, Status.SKIPPED) else "not ok"
        yield f"{word} {number} - {_escaped(result.name)}{skipped}\n"
        if word == "not ok":
            yield from _block(result)


def _escaped(text: str) -> str:
    """Text in a line of TAP: a hash sign would begin a directive."""
    return visible(text).replace("\\", "\\\\").replace("#", "\\#")


def _block(result: Result) -> Iterator[str]:
    """What is known of a failure, as YAML, of which JSON is a part."""
    yield "  ---\n"
    yield f"  message: {_encode('; '.join(each.message for each in result.findings) or NOUNS[result.status])}\n"
    yield f"  severity: {'fail' if result.status is Status.FAILED else 'error'}\n"
    if result.note:
        yield f"  note: {_encode(result.note)}\n"
    if result.file:
        yield f"  at:\n    file: {_encode(visible(result.file))}\n"
    if result.line:
        yield f"    line: {result.line}\n"
    yield "  ...\n"


def json(results: Sequence[Result]) -> Iterator[str]:
    """One object for programs, described by ``schemas/testresult.json``; one test a line."""
    counts = Counter(result.status for result in results)
    summary = {"tests": len(results), **{str(status): counts[status] for status in Status}}
    yield f"{_encode({'apiVersion': API_VERSION, 'kind': KIND, 'summary': summary})[:-1]}"
    for sort in ("tests", "flows"):
        yield f',"{sort}":['
        separator = "\n"
        for result in results:
            if result.sort == sort:
                yield separator + _encode(_described(result))
                separator = ",\n"
        yield "]" if separator == "\n" else "\n]"
    yield "}\n"


def _described(result: Result) -> dict[str, Any]:
    findings = [
        {"id": found.code.id, "severity": found.severity.word, "message": found.message, "help": found.mend or None}
        for found in result.findings
    ]
    where = {"file": visible(result.file) or None, "line": result.line or None}
    told = {"name": result.name, "status": str(result.status), **where, "note": result.note or None}
    return {**told, **result.body, "findings": findings}


MACHINES: dict[str, Format] = {"tap": tap, "json": json}
"""The formats that are for programs alone."""
