"""Test who may talk to whom.

FILE has tests: ConnectionTests, or a list of netassert's. It is a file, a directory (in which other files are passed
over), git:REV[:PATH], or - for standard input. The sources that -f names are what is tested: NetworkPolicies,
Namespaces, Pods, workloads and Services are read, and MaxTac resources are rendered first; without -f they are those of
the working directory.

A test says that every connection from some to some others passes on some ports (allow), that none does (deny), or that
they pass there and nowhere else (exactly). What hangs on labels that nobody knows passes no test. A test that would be
about nobody is an error.

Exit codes: 0 all tests hold; 1 some fail, or other findings at or above --fail-on; 2 could not run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import click

from maxtac_render.analysis.assertions import findings
from maxtac_render.analysis.universe import assumptions
from maxtac_render.cli import clusters, compilation, pages, parameters, publishing, results, testfiles
from maxtac_render.cli.clusters import Known
from maxtac_render.cli.console import Console
from maxtac_render.cli.intake import inputs
from maxtac_render.cli.results import MACHINES, Result
from maxtac_render.model.diagnostics import NOWHERE, Code, Diagnostic, Located, Report

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
        "kustomize build overlays/prod | maxtac test tests.yaml -f -",
    ),
)
@click.argument("files", nargs=-1, metavar="FILE...", type=click.Path(), required=True)
@parameters.reading
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
@parameters.talking
@publishing.reporting
def command(**given: Any) -> int:
    """Test, and return the exit code."""
    console = Console(parameters.manner(given))
    _once_from_stdin(given)
    machine = MACHINES.get(given["output"])
    voice = publishing.voice(given, sys.stderr if machine else sys.stdout)
    known = clusters.known(given, compilation.sources(given), console)
    if console.withheld(known.report):
        publishing.publish(known, console, voice, "nothing tested")
        return console.code(known.report)
    run = _tested(given, known)
    if machine:
        console.put(machine(run.results), sys.stdout)
    elif voice.format == "text":
        console.put(_text(run, console, quiet=given["quiet"]), sys.stdout)
    publishing.publish(run, console, voice._replace(noun="test"), results.tally(run.results))
    return console.code(run.report)


def _once_from_stdin(given: Mapping[str, Any]) -> None:
    if [*given["files"], *given["sources"]].count("-") > 1:
        raise click.UsageError("standard input (-) can be read only once", click.get_current_context())


def _tested(given: Mapping[str, Any], known: Known) -> Run:
    """Read the tests of a command, and judge them."""
    options, report = known.options, known.report
    cases = list(testfiles.read(inputs(given["files"], options, report), options.namespace, report))
    if not cases and not report.sorted():
        report.add(Code.NO_TESTS, NOWHERE)
    scene, outcomes = findings.run(cases, known.cluster, assumptions(options), report)
    found: dict[object, list[Diagnostic]] = {}
    for diagnostic in report.sorted():
        found.setdefault((diagnostic.ref, diagnostic.origin[:3]), []).append(diagnostic)
    told = [results.of(outcome, scene, found.get((outcome.case[0], outcome.case[1][:3]), ())) for outcome in outcomes]
    return Run(report, cases, told)


def _text(run: Run, console: Console, *, quiet: bool) -> Iterator[str]:
    """The tests line by line, and their number where nothing else will tell it."""
    lines = list(results.text(run.results, colour=console.coloured(sys.stdout), quiet=quiet))
    yield from lines
    if lines:
        yield "\n"
    if not run.report.sorted() and not quiet:
        yield f"{results.tally(run.results)}\n"
