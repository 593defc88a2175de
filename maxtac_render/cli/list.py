"""List who may talk to whom, on which ports.

SOURCE is a file, a directory (all *.yaml, *.yml and *.json below it), git:REV[:PATH], live:[CONTEXT] for a cluster, or
- for standard input; without one it is the working directory. NetworkPolicies, Namespaces, Pods, workloads and Services
are read, and MaxTac resources are rendered first. A Service whose pods are in no manifest stands for them.

The verdict is yes, or depends, where it hangs on labels, ports or addresses that are not known. Unprotected are the
sides that no policy isolates: egress of the source, ingress of the target.

ENDPOINT is [KIND/]NAMESPACE/NAME (of a Service: the pods behind it), an address, a CIDR, the word outside for all
addresses, or any pods: NAMESPACE/*, NAMESPACE/{app=web}, */{app=web} or {team=shop}/*, with labels in braces. Those
are the known ones and, as a row of its own, pods that nobody has declared.

What no policy can change is not listed: what a pod says to itself, what its own node says to it, answers, and all that
is not TCP, UDP or SCTP, such as ICMP. Ports are those of the pods, which may differ from those of their Services.

Exit codes: 0 clean; 1 findings at or above --fail-on; 2 could not run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from itertools import chain, islice
from typing import Any

import click

from maxtac_render.analysis.universe import assumptions
from maxtac_render.cli import (
    asking,
    clusters,
    compilation,
    connections,
    pages,
    paging,
    parameters,
    publishing,
    reaching,
    sheets,
)
from maxtac_render.cli.clusters import Known
from maxtac_render.cli.compilation import count
from maxtac_render.cli.console import Console, terminal
from maxtac_render.cli.sheets import Sheet

SECTION = "Analyse"

SHOWN = "How it is shown"


@click.command(
    cls=pages.Command,
    help=__doc__,
    epilog=pages.examples(
        "maxtac list deploy/                              everything that is open",
        "maxtac list deploy/ --to bank/ledger             who can reach it?",
        "maxtac list deploy/ --from outside               what can be reached from outside?",
        "maxtac list deploy/ --from shop/* --port 5432    does anything in there reach a database?",
        "maxtac list deploy/ -o csv > connections.csv",
        "maxtac list deploy/ --cni-differences            what depends on the network plugin?",
    ),
)
@click.argument("sources", nargs=-1, metavar="[SOURCE]...", type=click.Path())
@asking.narrowing
@click.option(
    "--cni-differences",
    "differences",
    is_flag=True,
    cls=pages.Option,
    section=asking.ASKED,
    help="Only what depends on the assumptions about the network plugin, with what passes under each.",
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(tuple(sheets.FORMATS)),
    default="table",
    show_default=True,
    cls=pages.Option,
    section=SHOWN,
    help="Format on standard output.",
)
@click.option(
    "--group/--no-group",
    default=None,
    cls=pages.Option,
    section=SHOWN,
    help="Whether workloads that no row tells apart stand together.  [default: in table and markdown]",
)
@paging.paging
@parameters.compiling
@parameters.assuming
@reaching.reaching
@parameters.talking
@publishing.reporting
def command(**given: Any) -> int:
    """List connections, and return the exit code."""
    console = Console(parameters.manner(given))
    voice = publishing.voice(given, sys.stderr)
    known = clusters.known(given, compilation.sources(given), console)
    publishing.publish(known, console, voice, "nothing listed" if console.withheld(known.report) else "")
    console.detail(f"{_read(known)}, {console.seconds():.2f} seconds so far")
    if not console.withheld(known.report):
        _print(_sheet(known, given), known, given, console)
    return console.code(known.report)


def _read(known: Known) -> str:
    """What was read: ``3 files read, 20 workloads, 40 policies``."""
    workloads, policies = len(known.cluster.workloads), len(known.cluster.policies)
    found = (count(workloads, "workload"), count(policies, "policy", "policies"))
    return ", ".join((f"{count(known.intake.files, 'file')} read", *found))


def _sheet(known: Known, given: Mapping[str, Any]) -> Sheet[Any]:
    """What is to be listed."""
    people = given["output"] in sheets.FOR_PEOPLE
    grouped = people if given["group"] is None else given["group"]
    make: Callable[..., Sheet[Any]] = connections.differing if given["differences"] else connections.passing
    return make(known.cluster, asking.asked(given, known.options), assumptions(known.options), grouped=grouped)


def _print(sheet: Sheet[Any], known: Known, given: Mapping[str, Any], console: Console) -> None:
    """Write a sheet; where it has no rows there is a word on standard error, as kubectl has it."""
    rows = iter(sheet.rows if terminal(sys.stdout) else console.progress(sheet.rows, "writing row"))
    first = list(islice(rows, 1))
    texts = sheets.FORMATS[given["output"]](sheet._replace(rows=chain(first, rows)))
    paging.put(texts, console, pager=given["pager"])
    if not first:
        there = known.cluster.workloads or known.cluster.policies
        console.remark("No connections found" if there else "No resources found")
