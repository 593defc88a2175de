"""Test who may talk to whom.

FILE has tests: ConnectionTests, or a list of netassert's. It is a file, a directory (in which other files are passed
over), git:REV[:PATH], or - for standard input. The sources that -f names are what is tested: NetworkPolicies,
Namespaces, Pods, workloads and Services are read, and MaxTac resources are rendered first; without -f they are those of
the working directory.

A test says that every connection from some to some others passes on some ports (allow), that none does (deny), or that
they pass there and nowhere else (exactly). What hangs on labels that nobody knows passes no test. A test that would be
about nobody is an error. schemas/connectiontest.json describes the fields.

Exit codes: 0 all tests hold; 1 some fail, or other findings at or above --fail-on; 2 could not run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from maxtac_render.analysis.assertions import findings
from maxtac_render.analysis.universe import assumptions
from maxtac_render.cli import clusters, compilation, pages, parameters, publishing, reaching, results, testfiles
from maxtac_render.cli.clusters import Known
from maxtac_render.cli.console import Console
from maxtac_render.cli.intake import inputs
from maxtac_render.cli.results import MACHINES, Result
from maxtac_render.model.diagnostics import NOWHERE, Code, Diagnostic, Located, Report, Spot
from maxtac_render.model.objects import Origin

if TYPE_CHECKING:
    from maxtac_render.analysis.assertions.drops import Observation
    from maxtac_render.cli.flowfiles import Reading

SECTION = "Analyse"


class Run(NamedTuple):
    """What was tested, and what was found."""

    report: Report
    checked: Sequence[Located]
    results: Sequence[Result]


@click.command(
    cls=pages.Command,
    help=__doc__,
    epilog=pages.examples(
        "maxtac test tests.yaml                               of everything below this directory",
        "maxtac test tests/ -f deploy/ -f policies/           of these",
        "maxtac test tests.yaml -f deploy/ -o tap             for a harness, such as prove",
        "maxtac test tests.yaml --report junit=junit.xml      for CI: one test case for each test",
        "hubble observe -o jsonpb | maxtac test --flows - -f deploy/    what would these policies drop?",
        "kustomize build overlays/prod | maxtac test tests.yaml -f -",
    ),
)
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path())
@parameters.reading
@click.option(
    "--flows",
    type=click.Path(),
    multiple=True,
    metavar="FILE",
    cls=pages.Option,
    help="Observed flows, as hubble observe -o jsonpb prints them: which would be dropped? - is standard input."
    " Repeatable.",
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(("text", *MACHINES)),
    default="text",
    show_default=True,
    cls=pages.Option,
    help="Format on standard output.",
)
@parameters.compiling
@parameters.assuming
@reaching.reaching
@parameters.talking
@publishing.reporting
def command(**given: Any) -> int:
    """Test, and return the exit code."""
    _require_sense(given)
    console = Console(parameters.manner(given))
    machine = MACHINES.get(given["output"])
    voice = publishing.voice(given, sys.stderr if machine else sys.stdout)
    known = clusters.known(given, compilation.sources(given), console)
    if console.withheld(known.report):
        publishing.publish(known, console, voice, "nothing tested")
        return console.code(known.report)
    run = _tested(given, known, console)
    if machine:
        console.put(machine(run.results), sys.stdout)
    elif voice.format == "text":
        console.put(_text(run, console, quiet=given["quiet"]), sys.stdout)
    publishing.publish(run, console, voice._replace(noun="test"), results.tally(run.results))
    return console.code(run.report)


def _require_sense(given: Mapping[str, Any]) -> None:
    """There must be something to test, and standard input can be read only once."""
    context = click.get_current_context()
    if not given["files"] and not given["flows"]:
        raise click.UsageError("nothing to test: name a FILE of tests, or --flows", context)
    if [*given["files"], *given["sources"], *given["flows"]].count("-") > 1:
        raise click.UsageError("standard input (-) can be read only once", context)


def _tested(given: Mapping[str, Any], known: Known, console: Console) -> Run:
    """Read the tests and the flows of a command, and judge them."""
    options, report = known.options, known.report
    before = report.copy()
    cases = list(testfiles.read(inputs(given["files"], options, report), options.namespace, report))
    unread = report.since(before)
    if given["files"] and not cases and not unread:
        report.add(Code.NO_TESTS, NOWHERE)
        unread = report.since(before)
    world, outcomes = findings.run(cases, known.cluster, assumptions(options), report)
    observed = [_observed(path, known, console) for path in given["flows"]]
    found = _by_subject(report.since(before))
    subjects = set(map(_subject, cases))
    told = [results.of(outcome, world, found.get(_subject(outcome.case), ())) for outcome in outcomes]
    told += results.of_files([each for each in unread if _subject(each) not in subjects])
    told += [results.of_flows(reading, seen, found.get((None, reading.name), ())) for reading, seen in observed]
    files = (Spot(Origin(reading.name, 0, 0)) for reading, _ in observed)
    return Run(report, [*cases, *files], told)


def _subject(about: Located) -> object:
    """What tells a test from others, or else a file."""
    return (about.ref, about.origin[:3]) if about.ref is not None else (None, about.origin.path)


def _by_subject(found: Iterable[Diagnostic]) -> dict[object, list[Diagnostic]]:
    by_subject: dict[object, list[Diagnostic]] = {}
    for diagnostic in found:
        by_subject.setdefault(_subject(diagnostic), []).append(diagnostic)
    return by_subject


def _observed(path: str, known: Known, console: Console) -> tuple[Reading, Observation]:
    """Read a file of flows, and judge them."""
    from maxtac_render.analysis.assertions import drops  # noqa: PLC0415 - only for whoever has flows
    from maxtac_render.cli.flowfiles import Reading  # noqa: PLC0415 - likewise

    reading = Reading(path, known.cluster, known.report)
    reading.run(console)
    seen = drops.observe(reading.traffic, known.cluster, assumptions(known.options))
    drops.report_drops(reading.name, seen, known.report)
    return reading, seen


def _text(run: Run, console: Console, *, quiet: bool) -> Iterator[str]:
    """The tests line by line, and their number where nothing else will tell it."""
    lines = list(results.text(run.results, colour=console.coloured(sys.stdout), quiet=quiet))
    yield from lines
    if lines:
        yield "\n"
    if not run.report.sorted() and not quiet:
        yield f"{results.tally(run.results)}\n"
