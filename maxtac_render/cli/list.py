"""List who may talk to whom.

SOURCE is a file, a directory (all *.yaml, *.yml and *.json below it), git:REV[:PATH], or - for standard input; without
one it is the working directory. NetworkPolicies, Namespaces, Pods, workloads and Services are read, and MaxTac
resources are rendered first.

Exit codes: 0 clean; 1 findings at or above --fail-on; 2 could not run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import click

from maxtac_render.analysis.endpoints import name, stage
from maxtac_render.analysis.reachability import Verdicts
from maxtac_render.analysis.universe import assumptions, bits
from maxtac_render.cli import clusters, compilation, pages, parameters, publishing
from maxtac_render.cli.clusters import Known
from maxtac_render.cli.console import Console

SECTION = "Analyse"


@click.command(cls=pages.Command, help=__doc__, epilog=pages.examples("maxtac list deploy/     every connection"))
@click.argument("sources", nargs=-1, metavar="[SOURCE]...", type=click.Path())
@parameters.compiling
@parameters.assuming
@parameters.talking
@publishing.reporting
def command(**given: Any) -> int:
    """List connections, and return the exit code."""
    console = Console(parameters.manner(given))
    voice = publishing.voice(given, sys.stderr)
    known = clusters.known(given, compilation.sources(given), console)
    publishing.publish(known, console, voice, "nothing listed" if console.withheld(known.report) else "")
    if not console.withheld(known.report):
        console.put(_lines(known), sys.stdout)
    return console.code(known.report)


def _lines(known: Known) -> Iterator[str]:
    policies = [applied.policy for applied in known.cluster.policies]
    universe = stage(known.cluster, (), assumptions(known.options)).universe
    for source, row in Verdicts(universe, policies).certain.rows():
        for ports, targets in sorted(row.items()):
            for target in bits(targets):
                yield f"{name(universe.endpoint(source))}   {name(universe.endpoint(target))}   {ports}\n"
