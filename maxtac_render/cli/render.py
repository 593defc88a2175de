"""Compile manifests into network policies.

SOURCE is a file, a directory (all *.yaml, *.yml and *.json below it), git:REV[:PATH], or - for standard input; without
one it is the working directory. MaxTac resources and Services are read, everything else is passed over.

Policies go to standard output, or into the files of --output-dir; findings go to standard error. It is all or nothing:
with a finding of severity error, or of the one that --fail-on names, nothing is written. What you can live with, make
no error: --severity missing-target=warning.

Exit codes: 0 clean; 1 findings at or above --fail-on, or with --check files that are out of date; 2 could not run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast

import click

from maxtac_render import compiler
from maxtac_render.cli import exits, pages, parameters
from maxtac_render.cli.console import Console, terminal
from maxtac_render.cli.formats import FORMATS
from maxtac_render.cli.intake import Intake
from maxtac_render.model.diagnostics import Report
from maxtac_render.model.errors import SinkFault
from maxtac_render.model.policy import Policy

if TYPE_CHECKING:
    from maxtac_render.sinks.directory import Layout, Plan

SECTION = "Compile"

LAYOUTS = ("policy", "namespace", "single")
OUTPUT = "Where the policies go"


class Destination(NamedTuple):
    """Where the policies go: a format for standard output, or a directory (``check`` only compares it)."""

    format: str
    directory: str
    layout: Layout
    check: bool


@click.command(
    cls=pages.Command,
    help=__doc__,
    epilog=pages.examples(
        "maxtac render                                  everything below this directory, as YAML",
        "maxtac render deploy/ -o wide                  as a table",
        "maxtac render deploy/ | kubectl apply -f -     into the cluster",
        "kustomize build overlays/prod | maxtac render -",
        "maxtac render git:HEAD~1:deploy                as it was a commit ago",
        "maxtac render deploy/ --output-dir policies/   into files, one a policy; removes what is no longer wanted",
        "maxtac render deploy/ --output-dir policies/ --check    in CI: are the files up to date?",
    ),
)
@click.argument("sources", nargs=-1, metavar="[SOURCE]...", type=click.Path())
@click.option(
    "-o",
    "--output",
    type=click.Choice(tuple(FORMATS)),
    default="yaml",
    show_default=True,
    cls=pages.Option,
    section=OUTPUT,
    help="Format on standard output.",
)
@click.option(
    "--output-dir",
    type=click.Path(file_okay=False),
    metavar="DIR",
    cls=pages.Option,
    section=OUTPUT,
    help="Directory to keep in step with the policies; files without our mark are left alone.",
)
@click.option(
    "--layout",
    type=click.Choice(LAYOUTS),
    cls=pages.Option,
    section=OUTPUT,
    help="One file for each policy (the default), for each namespace, or for all.",
)
@click.option(
    "--check", is_flag=True, cls=pages.Option, section=OUTPUT, help="Compare with the directory; print the differences."
)
@parameters.compiling
@parameters.talking
def command(**given: Any) -> int:
    """Render, and return the exit code."""
    destination = _destination(given)
    console = Console(parameters.manner(given))
    options = parameters.options(given)
    report = Report(options.severity)
    intake = Intake(_sources(given["sources"]), options, report)
    output = compiler.compile_intents(intake.resources(console), options, report, intake.anchor())
    console.findings(report)
    console.detail(f"{_count(intake.files, 'file')} read, {console.seconds():.2f} seconds so far")
    if console.withheld(report):
        return console.code(report)
    delivery = _print if not destination.directory else _compare if destination.check else _keep
    done = delivery(output.policies, destination, console)
    console.summary("; ".join(filter(None, (_made(output), done.words))), report)
    return done.code or console.code(report)


class Done(NamedTuple):
    """What became of the policies, for the summary, and the exit code that it asks for."""

    words: str = ""
    code: int = exits.CLEAN


def _destination(given: Mapping[str, Any]) -> Destination:
    """Where the policies go; options that need each other, or exclude each other, are wrong usage."""
    directory, context = given["output_dir"] or "", click.get_current_context()
    if given["output_dir"] == "":
        raise click.UsageError("--output-dir needs the name of a directory", context)
    if given["check"] and not directory:
        raise click.UsageError("--check compares a directory: name it with --output-dir", context)
    if given["layout"] and not directory:
        raise click.UsageError("--layout arranges a directory: name it with --output-dir", context)
    if given["output"] != "yaml" and directory:
        raise click.UsageError(f"files are YAML: --output-dir and -o {given['output']} exclude each other", context)
    layout = cast("Layout", given["layout"] or LAYOUTS[0])
    return Destination(given["output"], directory, layout, given["check"])


def _sources(given: Sequence[str]) -> Sequence[str]:
    """The sources; standard input can be read only once."""
    if list(given).count("-") > 1:
        raise click.UsageError("standard input (-) can be a source only once", click.get_current_context())
    return given or (".",)


def _print(policies: Sequence[Policy], destination: Destination, console: Console) -> Done:
    """Write the policies to standard output."""
    from maxtac_render.sinks import stdout  # noqa: PLC0415 - each destination pays for itself

    chunks: Iterable[str] = FORMATS[destination.format](policies)
    _put(chunks if terminal(sys.stdout) else console.progress(chunks, "writing policy"), stdout.write)
    return Done()


def _keep(policies: Sequence[Policy], destination: Destination, console: Console) -> Done:
    """Make the directory hold the policies."""
    from maxtac_render.sinks import directory  # noqa: PLC0415 - each destination pays for itself

    plan = directory.write(destination.directory, _files(policies, destination, console))
    return Done(_changes(plan, "written", "removed"))


def _compare(policies: Sequence[Policy], destination: Destination, console: Console) -> Done:
    """Print what differs between the directory and the policies."""
    from maxtac_render.sinks import directory, stdout  # noqa: PLC0415 - each destination pays for itself

    plan = directory.plan(destination.directory, _files(policies, destination, console))
    lines = directory.differences(plan)
    _put(map(_coloured, lines) if console.coloured(sys.stdout) else lines, stdout.write)
    return Done(_changes(plan, "out of date", "no longer wanted"), exits.FOUND if plan.differs else exits.CLEAN)


def _files(policies: Sequence[Policy], destination: Destination, console: Console) -> Mapping[str, str]:
    """The files that the directory is to hold."""
    from maxtac_render.sinks.directory import arrange  # noqa: PLC0415 - each destination pays for itself

    texts = console.progress(compiler.yaml_documents(policies), "writing policy")
    named = ((policy.namespace, policy.name, text) for policy, text in zip(policies, texts, strict=True))
    return arrange(named, destination.layout)


def _put(texts: Iterable[str], write: Callable[[Iterable[str], BinaryIO], None]) -> None:
    if sys.stdout is None:
        raise SinkFault("standard output is closed")
    write(texts, sys.stdout.buffer)


def _coloured(line: str) -> str:
    """A line of a unified diff in the colours that diffs have."""
    colour = _DIFF.get(line[:1])
    return f"{colour}{line.rstrip()}\x1b[0m\n" if colour else line


_DIFF = {"+": "\x1b[32m", "-": "\x1b[31m", "@": "\x1b[36m"}


def _made(output: compiler.Output) -> str:
    """What was compiled: ``10 policies in 2 namespaces from 2 MaxTac resources``."""
    namespaces = len({policy.namespace for policy in output.policies})
    policies = f"{_count(len(output.policies), 'policy', 'policies')} in {_count(namespaces, 'namespace')}"
    return f"{policies} from {_count(output.intents, 'MaxTac resource')}"


def _changes(plan: Plan, written: str, removed: str) -> str:
    """What a directory's plan comes to: ``3 files written, 1 removed, 6 up to date``."""
    numbers = (
        (len(plan.new) + len(plan.changed), written),
        (len(plan.stale), removed),
        (len(plan.unchanged), "up to date"),
    )
    (first, word), *rest = [part for part in numbers if part[0]] or [(0, "up to date")]
    return ", ".join((f"{_count(first, 'file')} {word}", *(f"{number:,} {word}" for number, word in rest)))


def _count(number: int, noun: str, plural: str = "") -> str:
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
