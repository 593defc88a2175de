"""Compile manifests into network policies.

SOURCE is a file, a directory (all *.yaml, *.yml and *.json below it), git:REV[:PATH], live:[CONTEXT] for a cluster, or
- for standard input; without one it is the working directory. MaxTac resources and Services are read, everything else
is passed over.

Policies go to standard output, or into the files of --output-dir; findings go to standard error. It is all or nothing:
with a finding of severity error, or of the one that --fail-on names, nothing is written. What you can live with, make
no error: --severity missing-target=warning.

With --passthrough the documents of a SOURCE come out again, byte for byte, and the policies after them, as a filter
between two tools has to do it. Policies that were rendered before are replaced, and objects marked
config.kubernetes.io/local-config are left out, as kustomize leaves them out. A filter that writes nothing fails,
whatever --fail-on says.

Exit codes: 0 clean; 1 findings at or above --fail-on, or with --check files that are out of date; 2 could not run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import click

from maxtac_render import compiler
from maxtac_render.cli import compilation, exits, pages, parameters, publishing, reaching
from maxtac_render.cli.compilation import Compilation, count
from maxtac_render.cli.console import Console, terminal
from maxtac_render.cli.formats import FORMATS
from maxtac_render.model.options import INTENTS, LAYOUT
from maxtac_render.model.policy import Policy

if TYPE_CHECKING:
    from maxtac_render.sinks.directory import Layout, Plan

SECTION = "Compile"

OUTPUT = "Where the policies go"


class Destination(NamedTuple):
    """Where the policies go: a format for standard output, or a directory (``check`` only compares it).

    ``passthrough`` tells that documents of the input go before them.
    """

    format: str
    directory: str
    layout: Layout
    check: bool
    passthrough: bool


@click.command(
    cls=pages.Command,
    help=__doc__,
    epilog=pages.examples(
        "maxtac render                                  everything below this directory, as YAML",
        "maxtac render deploy/ -o wide                  as a table",
        "maxtac render deploy/ | kubectl apply -f -     into the cluster",
        "kustomize build overlays/prod | maxtac render -",
        "maxtac render git:HEAD~1:deploy                as it was a commit ago",
        "helm template shop/ | maxtac render -n shop --passthrough -    the release with its policies",
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
    "--passthrough",
    type=click.Path(),
    multiple=True,
    metavar="SOURCE",
    cls=pages.Option,
    section=OUTPUT,
    help="A SOURCE whose documents come out, byte for byte, before the policies; others are only read. Repeatable.",
)
@parameters.flag(INTENTS, OUTPUT)
@click.option(
    "--output-dir",
    type=click.Path(file_okay=False),
    metavar="DIR",
    cls=pages.Option,
    section=OUTPUT,
    help="Directory to keep in step with the policies; files without our mark are left alone.",
)
@parameters.flag(LAYOUT, OUTPUT)
@click.option(
    "--check", is_flag=True, cls=pages.Option, section=OUTPUT, help="Compare with the directory; print the differences."
)
@parameters.compiling
@reaching.reaching
@parameters.talking
@publishing.reporting
def command(**given: Any) -> int:
    """Render, and return the exit code."""
    destination = _destination(given)
    console = Console(parameters.manner(given))
    voice = publishing.voice(given, sys.stderr)
    run = compilation.run(given, console)
    _, report, intake, output, _ = run
    publishing.publish(run, console, voice, "nothing rendered" if console.withheld(report) else "")
    console.detail(f"{count(intake.files, 'file')} read, {console.seconds():.2f} seconds so far")
    if console.withheld(report):
        return exits.FOUND if destination.passthrough else console.code(report)
    done = _delivery(destination)(run, destination, console)
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
    if given["passthrough"] and (directory or given["output"] != "yaml"):
        raise click.UsageError("--passthrough writes one stream of YAML to standard output", context)
    if given["intents"] and not given["passthrough"]:
        raise click.UsageError("--intents is about what is passed through: name it with --passthrough", context)
    if given["output"] != "yaml" and directory:
        raise click.UsageError(f"files are YAML: --output-dir and -o {given['output']} exclude each other", context)
    layout = cast("Layout", given["layout"] or LAYOUT.choices[0])
    return Destination(given["output"], directory, layout, given["check"], bool(given["passthrough"]))


def _delivery(destination: Destination) -> Callable[[Compilation, Destination, Console], Done]:
    if destination.directory:
        return _compare if destination.check else _keep
    return _pass if destination.passthrough else _print


def _pass(run: Compilation, _destination: Destination, console: Console) -> Done:
    """Write what is passed through and then the policies to standard output."""
    from maxtac_render.manifests.passthrough import join  # noqa: PLC0415 - each destination pays for itself

    texts = console.progress(compiler.yaml_documents(run.output.policies), "writing policy")
    console.put_bytes(join(run.passed, (text.encode() for text in texts)))
    return Done()


def _print(run: Compilation, destination: Destination, console: Console) -> Done:
    """Write the policies to standard output."""
    chunks: Iterable[str] = FORMATS[destination.format](run.output.policies)
    console.put(chunks if terminal(sys.stdout) else console.progress(chunks, "writing policy"), sys.stdout)
    return Done()


def _keep(run: Compilation, destination: Destination, console: Console) -> Done:
    """Make the directory hold the policies."""
    from maxtac_render.sinks import directory  # noqa: PLC0415 - each destination pays for itself

    plan = directory.write(destination.directory, _files(run.output.policies, destination, console))
    return Done(_changes(plan, "written", "removed"))


def _compare(run: Compilation, destination: Destination, console: Console) -> Done:
    """Print what differs between the directory and the policies."""
    from maxtac_render.cli.differences import coloured  # noqa: PLC0415 - each destination pays for itself
    from maxtac_render.sinks import directory  # noqa: PLC0415 - likewise

    plan = directory.plan(destination.directory, _files(run.output.policies, destination, console))
    lines = directory.differences(plan)
    console.put(map(coloured, lines) if console.coloured(sys.stdout) else lines, sys.stdout)
    return Done(_changes(plan, "out of date", "no longer wanted"), exits.FOUND if plan.differs else exits.CLEAN)


def _files(policies: Sequence[Policy], destination: Destination, console: Console) -> Mapping[str, str]:
    """The files that the directory is to hold."""
    from maxtac_render.sinks.directory import arrange  # noqa: PLC0415 - each destination pays for itself

    texts = console.progress(compiler.yaml_documents(policies), "writing policy")
    named = ((policy.namespace, policy.name, text) for policy, text in zip(policies, texts, strict=True))
    return arrange(named, destination.layout)


def _made(output: compiler.Output) -> str:
    """What was compiled: ``10 policies in 2 namespaces from 2 MaxTac resources``."""
    namespaces = len({policy.namespace for policy in output.policies})
    policies = f"{count(len(output.policies), 'policy', 'policies')} in {count(namespaces, 'namespace')}"
    return f"{policies} from {count(output.intents, 'MaxTac resource')}"


def _changes(plan: Plan, written: str, removed: str) -> str:
    """What a directory's plan comes to: ``3 files written, 1 removed, 6 up to date``."""
    numbers = (
        (len(plan.new) + len(plan.changed), written),
        (len(plan.stale), removed),
        (len(plan.unchanged), "up to date"),
    )
    (first, word), *rest = [part for part in numbers if part[0]] or [(0, "up to date")]
    return ", ".join((f"{count(first, 'file')} {word}", *(f"{number:,} {word}" for number, word in rest)))
