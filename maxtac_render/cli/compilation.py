"""What the commands that compile have in common: parameters in, one run of the compiler, its findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import chain
from typing import Any, NamedTuple

import click

from maxtac_render import compiler
from maxtac_render.cli import parameters, reaching
from maxtac_render.cli.console import Console
from maxtac_render.cli.intake import Intake, inputs, passed
from maxtac_render.manifests.read import Piece
from maxtac_render.manifests.wanted import CLUSTER, INTENTS, is_ours
from maxtac_render.model import configuration
from maxtac_render.model.catalogue import Code, Severity
from maxtac_render.model.diagnostics import NOWHERE, Located, Report
from maxtac_render.model.objects import Resource, is_local
from maxtac_render.model.options import Options, severities
from maxtac_render.model.policy import API_VERSION, KIND
from maxtac_render.sources import Input

PARSED = frozenset({Code.BROKEN_YAML, Code.UNREADABLE_DOCUMENT, Code.OVER_LIMIT, Code.DUPLICATE_KEY})
"""What is found only in documents that are parsed."""


class Look(NamedTuple):
    """What a command looks for: in every document, and access that ends within a time."""

    thorough: bool = False
    within: timedelta | None = None


class Compilation(NamedTuple):
    """One run: what was read, what came of it, what of the input comes out again, and what was found."""

    options: Options
    report: Report
    intake: Intake
    output: compiler.Output

    @property
    def checked(self) -> Sequence[Located]:
        """The MaxTac resources that were read."""
        return self.intake.checked

    passed: Sequence[Piece]


def sources(given: Mapping[str, Any]) -> Sequence[str]:
    """The sources of a command, by default the working directory; standard input can be read only once."""
    named: Sequence[str] = given["sources"]
    through: Sequence[str] = given.get("passthrough", ())
    if [*named, *through].count("-") > 1:
        raise click.UsageError("standard input (-) can be a source only once", click.get_current_context())
    return named or (() if through else (".",))


def run(given: Mapping[str, Any], console: Console, look: Look | None = None) -> Compilation:
    """Compile the sources of a command, and find what is wrong with them."""
    options = parameters.options(given)
    report = Report(severities(options))
    files = inputs(sources(given), options, report, reaching.reach(given, options, report))
    if given.get("passthrough"):
        files = chain(passed(given["passthrough"], options, report), files)
    return compiled(files, options, report, console, look or Look())


def compiled(files: Iterable[Input], options: Options, report: Report, console: Console, look: Look) -> Compilation:
    """Compile files, and find what is wrong with them."""
    intake = Intake(files, options, report, thorough=look.thorough, wanted=CLUSTER if look.thorough else INTENTS)
    output = _output(intake, options, report, console, look)
    if look.within is not None and options.now is not None:
        from maxtac_render.engine.expiring import remind  # noqa: PLC0415 - only for whoever asks

        remind(output.policies, options.now, look.within, report)
    if look.thorough and report.worst is Severity.ERROR:
        from maxtac_render.frontends.maxtac.validation import validate  # noqa: PLC0415 - only where something is wrong

        validate(intake.checked, report.sorted(), report)
    kept = _kept(intake.passed, output, options, report) if intake.passed else ()
    if intake.addressed:
        heed(intake.addressed, look, output, report)
    return Compilation(options, report, intake, output, kept)


def _kept(pieces: Sequence[Piece], output: compiler.Output, options: Options, report: Report) -> Sequence[Piece]:
    """What comes out again: all but what the output replaces, what is for tools only, and intents, if those are to go.

    What is for tools only does not get to the cluster, so that its name is not taken there. A configuration of ours is
    that without saying so.
    """
    from maxtac_render.manifests import passthrough  # noqa: PLC0415 - only for whoever passes documents through

    policies = (found for piece in pieces for found in piece.resources if found.ref[:2] == (API_VERSION, KIND))
    lasting = (policy for policy in policies if not is_local(policy.body))
    replaced = {policy.origin for policy in compiler.replaced(lasting, output, options, report)}

    def goes(resource: Resource) -> bool:
        dropped = options.intents == "drop" and is_ours(resource.ref.api_version)
        ours = resource.ref[:2] == (configuration.API_VERSION, configuration.KIND)
        return dropped or ours or resource.origin in replaced or is_local(resource.body)

    return list(passthrough.kept(pieces, goes, report))


def _output(intake: Intake, options: Options, report: Report, console: Console, look: Look) -> compiler.Output:
    """What the intents are compiled to. Who looks thoroughly wants to know, too, what is wrong beside them."""
    anchor = intake.anchor()
    if not look.thorough:
        return compiler.compile_intents(intake.resources(console), options, report, anchor)
    from maxtac_render.analysis.lints import Scene, lint  # noqa: PLC0415 - render does not pay
    from maxtac_render.analysis.universe import assumptions  # noqa: PLC0415 - likewise
    from maxtac_render.assembly import assemble  # noqa: PLC0415 - likewise
    from maxtac_render.assembly.behind import report_leftovers  # noqa: PLC0415 - likewise

    resources = list(intake.resources(console))
    cluster, output = assemble(resources, options, report, anchor)
    if not output.intents and not cluster.policies and report.worst < Severity.ERROR:
        report.add(Code.NO_INTENTS, NOWHERE)
    lint(Scene(cluster, assumptions(options)), report)
    report_leftovers(resources, options, report)
    return output


def heed(addressed: Mapping[str, bytes], look: Look, output: compiler.Output, report: Report) -> None:
    """Let comments in these texts ignore findings. They cannot make an empty output a sound one."""
    from maxtac_render.manifests import ignores  # noqa: PLC0415 - few files have such comments

    unasked = {Code.EXPIRING} if look.within is None else set()
    ignores.heed(report, addressed, unasked if look.thorough else unasked | PARSED)
    if output.intents and not output.policies and report.worst < Severity.ERROR:
        report.add(Code.NO_POLICIES, NOWHERE)


def count(number: int, noun: str, plural: str = "") -> str:
    """A number and its noun: ``1 file``, ``2 policies``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
