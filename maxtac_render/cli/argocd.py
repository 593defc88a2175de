"""Serve as a plugin of Argo CD, which turns the directory of an Application into the manifests that it applies.

Argo CD calls both commands in that directory, as functions/argocd/plugin.yaml tells it: generate for the manifests, and
parameters for the form in its user interface.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, TextIO

import click

from maxtac_render import compiler
from maxtac_render.argocd import plugin
from maxtac_render.argocd.settings import OWN, Settings
from maxtac_render.cli import application, compilation, configuration, exits, pages, parameters
from maxtac_render.cli.compilation import Look
from maxtac_render.cli.console import Console
from maxtac_render.cli.parameters import Function
from maxtac_render.manifests import passthrough
from maxtac_render.model.catalogue import Code, Severity
from maxtac_render.model.diagnostics import Diagnostic, Report
from maxtac_render.model.options import INTENTS, severities

SECTION = "Deliver"

STAGE = "Where the manifests come from, and which go on"

STRICT = dict.fromkeys((Code.UNREADABLE_DOCUMENT, Code.SKIPPED_LINK), Severity.ERROR)
"""What is graver here: nobody sees the standard error of a plugin that succeeds, and what is missing is pruned."""

LINES = 20
"""Findings that are told."""
LONGEST = 400
"""Characters of one."""


class Terse(Console):
    """Tells findings in few lines, and shows none of the input's: Argo CD keeps them, and shows them to many."""

    def _worded(self, found: Sequence[Diagnostic], stream: TextIO | None, outcome: str) -> Iterator[str]:  # noqa: ARG002 - the console's signature
        from maxtac_render.reports import Run, concise, text  # noqa: PLC0415 - clean input does not pay

        for line in islice(concise.render(found, Run()), LINES):
            yield line if len(line) <= LONGEST else f"{line[: LONGEST - 3].rstrip()}...\n"
        left = f"{len(found) - LINES} more" if len(found) > LINES else ""
        yield "; ".join(filter(None, (left, text.tally(found), outcome))) + "\n"


def settable(function: Function) -> Function:
    """Give a command what an Application may set."""
    function = parameters.flag(INTENTS, STAGE)(parameters.accepting(function))
    for option in reversed(OWN):
        function = parameters.flag(option, STAGE, Settings)(function)
    return function


@click.group(
    cls=pages.Group,
    help=__doc__,
    no_args_is_help=False,
    epilog=pages.examples(
        "maxtac manifests argocd | kubectl apply -n argocd -f -     tell Argo CD of the plugin",
        "cd apps/shop && maxtac argocd generate                     see what it would get",
    ),
)
def command() -> None:
    """Serve as a plugin."""


@command.command(
    cls=pages.Command,
    epilog=pages.examples(
        "maxtac argocd generate                              all as the Application wants it",
        "maxtac argocd generate --input=helm                 always charts, whatever it wants",
        "maxtac argocd generate --input=kustomize --arguments=--enable-helm",
        "kustomize build --enable-helm | maxtac argocd generate -",
    ),
)
@click.argument("source", required=False, type=click.Choice(("-",)), metavar="[-]")
@click.option(
    "--timeout",
    type=parameters.Span(),
    default="40s",
    show_default=True,
    cls=pages.Option,
    section=STAGE,
    help="How long kustomize or helm may take; Argo CD itself waits 60 seconds for everything.",
)
@settable
@parameters.talking
def generate(**given: Any) -> int:
    """Print the manifests of an Application: those of its directory, and the policies.

    All options but --timeout, and those about what is said, are parameters of the Application too, by their names in
    maxtac.yaml. The command line wins over the parameters, and these win over maxtac.yaml. Of the arguments of helm
    those are taken that cannot reach beyond the repository; on the command line all are.

    With - the manifests are read from standard input: for an administrator's own command in plugin.yaml.

    The namespace of what names none is that of the Application's destination.

    Exit codes: 0 all is printed; 1 findings, or 2 could not run, and nothing is.
    """
    console = Terse(parameters.manner(given))
    asked = application.request(given, os.environ, console)
    options = parameters.options(asked.said)
    options = options._replace(severity={**STRICT, **options.severity})
    report = Report(severities(options))
    read = list(application.files(asked, options, report, given["timeout"]))
    run = compilation.compiled(read, options, report, console, Look())
    withheld = console.withheld(report)
    console.findings(report, sys.stderr, "nothing rendered" if withheld else "")
    if withheld:
        return console.code(report) or exits.FOUND
    pieces = run.passed if asked.programmed else filter(passthrough.holds_an_object, run.passed)
    policies = compiler.yaml_documents(plugin.pruned_last(run.output.policies))
    console.put_bytes([b"".join(passthrough.join(pieces, (text.encode() for text in policies)))])
    return console.code(report)


@command.command("parameters", cls=pages.Command, epilog=pages.examples("maxtac argocd parameters"))
@settable
@parameters.talking
def announce(**given: Any) -> int:
    """Print what an Application may set, as Argo CD's user interface wants to know it.

    The values are those that count where it sets none: what maxtac.yaml says, or the default.
    """
    from json import dumps  # noqa: PLC0415 - whoever renders does not pay

    from maxtac_render.cli.config import written  # noqa: PLC0415 - likewise

    said = configuration.complete(given, configuration.load(given, Terse(parameters.manner(given))))
    values = written(parameters.options(said)) | ({} if said["now"] else {"now": None})
    own = {option.name: given[option.field] or Settings._field_defaults[option.field] for option in OWN}
    click.echo(dumps(plugin.announced(values | own), indent=2))
    return exits.CLEAN
