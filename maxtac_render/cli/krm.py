"""Render inside kustomize and kpt, as a KRM function.

Reads a ResourceList from standard input and writes it back with the policies among its items. Everything else in it
stays as it is, byte for byte where it is block YAML. Policies that an earlier run made, and of the same set, are
replaced; nobody else's are touched. The functionConfig sets options: it is the document of maxtac.yaml (kind Render),
or a ConfigMap with the same options as texts. No maxtac.yaml is looked for.

As a generator of kustomize, which gets no items, it renders the sources that its functionConfig names.

It is all or nothing: with a finding of severity error all items come back unchanged, the findings with them as results
and on standard error, and the exit code is 1. maxtac-render-krm is the same command, for callers that give no
arguments.

Exit codes: 0 clean; 1 findings at or above --fail-on, or no ResourceList (then nothing is written); 2 could not run.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from maxtac_render.cli import configuration, exits, functionconfig, intake, package, pages, parameters
from maxtac_render.cli.console import Console, terminal
from maxtac_render.manifests import resourcelist
from maxtac_render.manifests.faults import Broken, OverLimit
from maxtac_render.manifests.resourcelist import ResourceList
from maxtac_render.model.diagnostics import Diagnostic, Report, Severity
from maxtac_render.model.options import LAYOUT, severities
from maxtac_render.reports._results import results
from maxtac_render.sources import STDIN, inputs

SECTION = "Deliver"

NEW_FILES = "Where new policies go"


@click.command(
    cls=pages.Command,
    help=__doc__,
    epilog=pages.examples(
        'kpt fn eval shop/ --exec "maxtac krm --set shop"',
        "kpt fn source shop/ | maxtac krm | kpt fn sink rendered/",
    ),
)
@parameters.flag(LAYOUT, NEW_FILES)
@parameters.choosing
@parameters.talking
def command(**given: Any) -> int:
    """Run the function, and return the exit code."""
    console = Console(parameters.manner(given))
    try:
        return _answer(resourcelist.parse(_stdin()), given, console)
    except (Broken, OverLimit) as fault:
        exits.fail(f"standard input is no ResourceList: {_words(fault)}")
        return exits.FOUND


def _stdin() -> bytes:
    if terminal(sys.stdin):
        raise click.UsageError("a ResourceList is read from standard input", click.get_current_context())
    return inputs.read(intake.stdin(), STDIN)


def _words(fault: Broken | OverLimit) -> str:
    problem = fault.problem if isinstance(fault, Broken) else f"{fault.what} is over the limit of {fault.limit}"
    return f"{problem} (line {fault.line + 1})" if fault.line else problem


def _answer(given: ResourceList, said: Mapping[str, Any], console: Console) -> int:
    """Write the list as it is to be, and say what was found."""
    report = Report()
    configured = functionconfig.read(given, report)
    sources = configured.values.get("sources") if given.only_configures else None
    options = parameters.options(configuration.complete(said, configured))
    if sources is None:
        functionconfig.require_moment(options, configured, report)
    if report.worst > Severity.OFF:
        return _give_back(given, report.sorted(), console)
    report = Report(severities(options))
    rendering = (
        package.render(given, options, report)
        if sources is None
        else package.generate(sources, options, report, console)
    )
    found = list(package.located(report.sorted(), given))
    if console.withheld(report):
        return _give_back(given, found, console)
    console.put([given.text(package.put(given, rendering, options), results(found))], sys.stdout)
    console.tell(found, sys.stderr)
    return console.code(report)


def _give_back(given: ResourceList, found: Sequence[Diagnostic], console: Console) -> int:
    """Write the list with its items as they came."""
    console.put([given.text([item.text for item in given.items], results(found))], sys.stdout)
    console.tell(found, sys.stderr, "nothing rendered")
    return exits.FOUND
