"""Explain why one may talk to another or not, or where a policy comes from.

SRC and DST are what bears a name, [KIND/]NAMESPACE/NAME (a Service is the pods behind it); an address, a CIDR, or
outside; or any pods: NAMESPACE/*, */{app=web}, {team=shop}/*. PORT is a number or the name of a container port, TCP
unless it says otherwise. With one argument it is a policy, [NetworkPolicy/]NAMESPACE/NAME.

The verdict comes first: yes, no, or depends, where it hangs on labels that nobody has declared. Then follows, for each
side, which policies isolate it and which of their rules let the connection pass, with the lines where that is written.

Exit codes: 0 explained; 1 findings at or above --fail-on, or with --exit-code a verdict other than yes; 2 could not
run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import click

from maxtac_render import compiler
from maxtac_render.analysis import answers, endpoints, portrait
from maxtac_render.analysis.answers import Answers, Question
from maxtac_render.analysis.connections import Verdict
from maxtac_render.analysis.portrait import Portrait
from maxtac_render.analysis.universe import assumptions
from maxtac_render.cli import clusters, compilation, exits, pages, parameters, publishing
from maxtac_render.cli.clusters import Known
from maxtac_render.cli.console import Console

SECTION = "Analyse"

API_VERSION, KIND = "render.maxtac.vtk.io/v1alpha1", "Explanation"


@click.command(
    cls=pages.Command,
    help=__doc__,
    epilog=pages.examples(
        "maxtac explain shop/web bank/ledger                 may they talk, on which ports, and why?",
        "maxtac explain shop/web bank/ledger 8080 -f deploy/",
        "maxtac explain 'shop/*' deploy/bank/ledger http     any pod of a namespace; a port by its name",
        "maxtac explain bank/ledger 192.0.2.7 443 --exit-code    in a script: is it allowed?",
        "maxtac explain shop/allow-dns                       where does this policy come from?",
    ),
)
@click.argument("source", metavar="SRC|POLICY")
@click.argument("target", metavar="[DST", required=False)
@click.argument("port", metavar="[PORT[/PROTO]]]", required=False)
@parameters.reading
@click.option(
    "-o",
    "--output",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
    cls=pages.Option,
    help="Format on standard output.",
)
@click.option("--exit-code", is_flag=True, cls=pages.Option, help="Exit with 1 unless the verdict is yes.")
@parameters.compiling
@parameters.assuming
@parameters.talking
@publishing.reporting
def command(**given: Any) -> int:
    """Explain, and return the exit code."""
    asked = _asked(given)
    console = Console(parameters.manner(given))
    voice = publishing.voice(given, sys.stderr)
    known = clusters.known(given, compilation.sources(given), console)
    publishing.publish(known, console, voice, "nothing explained" if console.withheld(known.report) else "")
    if console.withheld(known.report):
        return console.code(known.report)
    explanation = _explained(asked, known)
    console.put(_FORMATS[given["output"]](explanation, console), sys.stdout)
    denied = isinstance(explanation, Answers) and any(each.verdict is not Verdict.YES for each in explanation.answers)
    return exits.FOUND if given["exit_code"] and denied else console.code(known.report)


def _asked(given: Mapping[str, Any]) -> Question | portrait.Name:
    """What was asked for; what cannot be understood is wrong usage."""
    namespace = given["namespace"] or ""
    try:
        if given["target"] is None:
            return portrait.parse(given["source"], namespace)
        port = endpoints.port(given["port"]) if given["port"] is not None else None
        source, target = (endpoints.parse(given[end], namespace) for end in ("source", "target"))
        return Question(source, target, port)
    except endpoints.Unfit as error:
        raise click.UsageError(str(error), click.get_current_context()) from error


def _explained(asked: Question | portrait.Name, known: Known) -> Answers | Portrait:
    """The explanation. What is not there cannot be explained."""
    try:
        if isinstance(asked, Question):
            return answers.answer(known.cluster, asked, assumptions(known.options))
        return portrait.portray(known.cluster, asked, assumptions(known.options))
    except endpoints.Unfit as error:
        raise click.ClickException(str(error)) from error


def _text(explanation: Answers | Portrait, console: Console) -> Iterable[str]:
    from maxtac_render.cli import origins, reasons  # noqa: PLC0415 - each format pays for itself
    from maxtac_render.reports.text import COLOURS, PLAIN  # noqa: PLC0415 - likewise

    paint = COLOURS if console.coloured(sys.stdout) else PLAIN
    if isinstance(explanation, Portrait):
        return origins.text(explanation, paint)
    return reasons.text(explanation, paint)


def _json(explanation: Answers | Portrait, _console: Console) -> Iterator[str]:
    from json import dumps  # noqa: PLC0415 - each format pays for itself

    if isinstance(explanation, Portrait):
        (body,) = compiler.bodies([explanation.applied.policy])
        document: dict[str, Any] = {"policy": portrait.described(explanation, body["spec"])}
    else:
        document = answers.described(explanation)
    yield dumps({"apiVersion": API_VERSION, "kind": KIND, **document}, indent=2) + "\n"


_FORMATS = {"text": _text, "json": _json}
