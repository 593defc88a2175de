"""Explain why one may talk to another or not, or where a policy comes from.

SRC and DST are what bears a name, [KIND/]NAMESPACE/NAME (a Service is the pods behind it); an address, a CIDR, or
outside; or any pods: NAMESPACE/*, */{app=web}, {team=shop}/*. PORT is a number or the name of a container port, TCP
unless it says otherwise. With one argument it is a policy, [NetworkPolicy/]NAMESPACE/NAME.

The verdict comes first: yes, no, or depends, where it hangs on labels that nobody has declared. Then follows, for each
side, which policies isolate it and which of their rules let the connection pass, with the lines where that is written.

What no policy can change is left out: what a pod says to itself, what its own node says to it, answers, and all that is
not TCP, UDP or SCTP, such as ICMP.

Exit codes: 0 explained; 1 findings at or above --fail-on, with --exit-code a verdict other than yes, or with --suggest
nothing that would allow it; 2 could not run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from maxtac_render import compiler
from maxtac_render.analysis import answers, endpoints, portrait
from maxtac_render.analysis.answers import Answers, Question
from maxtac_render.analysis.connections import Verdict
from maxtac_render.analysis.portrait import Portrait
from maxtac_render.analysis.universe import assumptions
from maxtac_render.cli import clusters, compilation, exits, pages, paging, parameters, publishing, reaching
from maxtac_render.cli.clusters import Known
from maxtac_render.cli.console import Console
from maxtac_render.model.objects import Resource
from maxtac_render.reports.text import visible

if TYPE_CHECKING:
    from maxtac_render.suggesting import Situation, Suggestion

SECTION = "Analyse"

API_VERSION, KIND = "render.maxtac.vtk.io/v1alpha1", "Explanation"


@click.command(
    cls=pages.Command,
    help=__doc__,
    epilog=pages.examples(
        "maxtac explain shop/web bank/ledger                 may they talk, on which ports, and why?",
        "maxtac explain shop/web bank/ledger 8080 -f deploy/",
        "maxtac explain 'shop/*' deploy/bank/ledger http     any pod of a namespace; a port by its name",
        "maxtac explain shop/web bank/ledger 8080 --suggest > access.yaml    what would allow it?",
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
@click.option(
    "--suggest",
    is_flag=True,
    cls=pages.Option,
    help="Print what would allow it: the annotation or resource that opens least, proved, as YAML to apply or merge.",
)
@click.option("--exit-code", is_flag=True, cls=pages.Option, help="Exit with 1 unless the verdict is yes.")
@paging.paging
@parameters.compiling
@parameters.assuming
@reaching.reaching
@parameters.talking
@publishing.reporting
def command(**given: Any) -> int:
    """Explain, and return the exit code."""
    asked = _asked(given)
    console = Console(parameters.manner(given))
    voice = publishing.voice(given, sys.stderr)
    kept: list[Resource] | None = [] if given["suggest"] else None
    known = clusters.known(given, compilation.sources(given), console, kept)
    publishing.publish(known, console, voice, "nothing explained" if console.withheld(known.report) else "")
    if console.withheld(known.report):
        return console.code(known.report)
    told = _told(asked, known, kept)
    paging.put(_FORMATS[given["output"]](told, console), console, pager=given["pager"])
    if told.advice is not None and told.advice.words:
        console.put([f"maxtac: {visible(told.advice.words)}\n"], sys.stderr)
    failed = (given["exit_code"] and told.denied) or (told.denied and told.advice is not None and not told.advice.found)
    return exits.FOUND if failed else console.code(known.report)


class Advice(NamedTuple):
    """A suggestion, or words that say why there is none."""

    found: Suggestion | None
    words: str = ""


class Told(NamedTuple):
    """What is to be told: an explanation, and advice if it was asked for."""

    explanation: Answers | Portrait
    advice: Advice | None = None

    @property
    def denied(self) -> bool:
        """Whether any verdict is other than yes."""
        found = self.explanation
        return isinstance(found, Answers) and any(each.verdict is not Verdict.YES for each in found.answers)


def _asked(given: Mapping[str, Any]) -> Question | portrait.Name:
    """What was asked for; what cannot be understood is wrong usage."""
    namespace = given["namespace"] or ""
    try:
        if given["target"] is None:
            if given["suggest"]:
                raise endpoints.Unfit("--suggest is about a connection: name SRC and DST")
            return portrait.parse(given["source"], namespace)
        port = endpoints.port(given["port"]) if given["port"] is not None else None
        source, target = (endpoints.parse(given[end], namespace) for end in ("source", "target"))
        return Question(source, target, port)
    except endpoints.Unfit as error:
        raise click.UsageError(str(error), click.get_current_context()) from error


def _told(asked: Question | portrait.Name, known: Known, kept: Sequence[Resource] | None) -> Told:
    """The explanation, and advice if the resources were kept for it. What is not there cannot be explained."""
    options, cluster = known.options, known.cluster
    try:
        if isinstance(asked, portrait.Name):
            return Told(portrait.portray(cluster, asked, assumptions(options)))
        found = answers.answer(cluster, asked, assumptions(options))
    except endpoints.Unfit as error:
        raise click.ClickException(str(error)) from error
    if kept is None:
        return Told(found)
    from maxtac_render.suggesting import Situation  # noqa: PLC0415 - only for who asks for advice

    return Told(found, _advice(Situation(kept, options, known.intake.anchor(), cluster, asked, found)))


def _advice(situation: Situation) -> Advice:
    from maxtac_render.suggesting import Hopeless, suggest  # noqa: PLC0415 - only for who asks for advice

    try:
        found = suggest(situation)
    except Hopeless as why:
        return Advice(None, f"nothing to suggest: {why}")
    return Advice(found, "" if found else "nothing to suggest: it is allowed already")


def _text(told: Told, console: Console) -> Iterable[str]:
    from maxtac_render.cli import origins, reasons, suggestions  # noqa: PLC0415 - each format pays for itself
    from maxtac_render.reports.text import COLOURS, PLAIN  # noqa: PLC0415 - likewise

    paint = COLOURS if console.coloured(sys.stdout) else PLAIN
    if told.advice is not None:
        return suggestions.text(told.advice.found) if told.advice.found is not None else ()
    if isinstance(told.explanation, Portrait):
        return origins.text(told.explanation, paint)
    return reasons.text(told.explanation, paint)


def _json(told: Told, _console: Console) -> Iterator[str]:
    from json import dumps  # noqa: PLC0415 - each format pays for itself

    explanation, advice = told
    if isinstance(explanation, Portrait):
        (body,) = compiler.bodies([explanation.applied.policy])
        document: dict[str, Any] = {"policy": portrait.described(explanation, body["spec"])}
    else:
        document = answers.described(explanation)
    if advice is not None:
        from maxtac_render.cli import suggestions  # noqa: PLC0415 - likewise

        document["suggestion"] = suggestions.described(advice.found) if advice.found is not None else None
    yield dumps({"apiVersion": API_VERSION, "kind": KIND, **document}, indent=2) + "\n"


_FORMATS = {"text": _text, "json": _json}
