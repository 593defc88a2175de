"""Find what is wrong with intents, and mend it.

SOURCE is a file, a directory (all *.yaml, *.yml and *.json below it), git:REV[:PATH], live:[CONTEXT] for a cluster, or
- for standard input; without one it is the working directory. Everything is parsed and compiled, and nothing is
rendered: the findings are those of render with the same options, and they are the output. Of NetworkPolicies,
Namespaces and workloads beside the intents it is proved besides what their authors may not expect. maxtac rule ID
explains a finding.

A comment can ignore findings: "# maxtac: ignore[ID] reason", or several ids with commas. Behind something
it is about its line; on a line of its own about the next line that says something; before everything that its document
says, about the whole document.

--fix mends in place what can be mended without changing what is meant, and --unsafe-fixes what was most likely meant.
Comments, order and quotes stay, and a file that would change in any other way is left alone. Standard input is mended
to standard output, and the findings then go to standard error; commits are left as they are.

Exit codes: 0 clean; 1 findings at or above --fail-on, or with --diff something to mend; 2 could not run.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from maxtac_render.cli import compilation, exits, pages, parameters, publishing, reaching
from maxtac_render.cli.compilation import Compilation, Look, count
from maxtac_render.cli.console import Console
from maxtac_render.model.diagnostics import Site
from maxtac_render.model.errors import SinkFault

if TYPE_CHECKING:
    from maxtac_render.cli.mending import Mended

SECTION = "Check"

LOOKED_FOR = "What is looked for"
MENDED = "What is mended"


@click.command(
    cls=pages.Command,
    help=__doc__,
    epilog=pages.examples(
        "maxtac check                                    everything below this directory",
        "maxtac check deploy/ --fail-on warning          in CI: no finding but information",
        "maxtac check deploy/ --expiring-within 7d       what ends within a week?",
        "maxtac check deploy/ --diff                     what would be mended?",
        "maxtac check deploy/ --fix                      mend it",
        "maxtac check deploy/ --report sarif=out.sarif   for machines",
        "kustomize build overlays/prod | maxtac check -",
    ),
)
@click.argument("sources", nargs=-1, metavar="[SOURCE]...", type=click.Path())
@click.option("--fix", is_flag=True, cls=pages.Option, section=MENDED, help="Mend in place what is safe to mend.")
@click.option(
    "--unsafe-fixes",
    is_flag=True,
    cls=pages.Option,
    section=MENDED,
    help="With --fix or --diff: mend also what changes the meaning.",
)
@click.option(
    "--diff", is_flag=True, cls=pages.Option, section=MENDED, help="Show what --fix would change; write nothing."
)
@click.option(
    "--expiring-within",
    type=parameters.Span(),
    cls=pages.Option,
    section=LOOKED_FOR,
    help="Report access that ends within this time, such as 7d or 36h.",
)
@parameters.compiling
@parameters.assuming
@reaching.reaching
@parameters.talking
@publishing.reporting
def command(**given: Any) -> int:
    """Check, and return the exit code."""
    _require_sense(given)
    console = Console(parameters.manner(given))
    look = Look(thorough=True, within=given["expiring_within"])
    if given["diff"]:
        return _show(given, console, look)
    mends_stdin = given["fix"] and "-" in given["sources"]
    voice = publishing.voice(given, sys.stderr if mends_stdin else sys.stdout)
    if not given["fix"]:
        run = compilation.run(given, console, look)
        publishing.publish(run, console, voice, _hint(run))
        console.summary(_read(run), run.report)
        return console.code(run.report)
    mended = _mend(given, console, look)
    publishing.publish(mended.run, console, voice)
    console.remark(_done(mended, "mended"))
    return console.code(mended.run.report)


def _require_sense(given: Mapping[str, Any]) -> None:
    """Options that need each other, or exclude each other, are wrong usage."""
    context = click.get_current_context()
    if given["unsafe_fixes"] and not (given["fix"] or given["diff"]):
        raise click.UsageError("--unsafe-fixes adds to --fix or --diff: give one of them too", context)
    if given["diff"] and given["report"]:
        raise click.UsageError("--diff shows what would change and no findings: it excludes --report", context)


def _mend(given: Mapping[str, Any], console: Console, look: Look) -> Mended:
    """Mend the files in place, and standard input to standard output."""
    from maxtac_render.cli import mending  # noqa: PLC0415 - only for whoever mends

    mended = mending.mend(given, console, look)
    mending.write(mended.files)
    for file in mended.files:
        if not file.place:
            _pass_on(file.after)
    _lament(mended, console)
    return mended


def _pass_on(data: bytes) -> None:
    """Write to standard output, byte for byte."""
    if sys.stdout is None:
        raise SinkFault("standard output is closed")
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _show(given: Mapping[str, Any], console: Console, look: Look) -> int:
    """Print what mending would change."""
    from maxtac_render.cli import mending  # noqa: PLC0415 - only for whoever mends
    from maxtac_render.cli.differences import coloured  # noqa: PLC0415 - likewise

    mended = mending.mend(given, console, look)
    lines = list(mending.differences(mended.files))
    console.put(map(coloured, lines) if console.coloured(sys.stdout) else lines, sys.stdout)
    _lament(mended, console)
    console.remark(_done(mended, "would be mended"))
    return exits.FOUND if lines else exits.CLEAN


def _lament(mended: Mended, console: Console) -> None:
    """Say which mends could not be made."""
    for diagnostic, reason in mended.unmended:
        where = Site(diagnostic, diagnostic.field).where
        console.remark(f"{where}: {diagnostic.code.id} not mended: {reason}")


def _done(mended: Mended, verb: str) -> str:
    """What mending came to: ``3 findings mended, 2 left, 1 of them for --unsafe-fixes``."""
    left = len(mended.run.report.sorted())
    more = f", {mended.unsafe:,} of them for --unsafe-fixes" if mended.unsafe else ""
    return f"{count(mended.fixed, 'finding')} {verb}, {left:,} left{more}"


def _hint(run: Compilation) -> str:
    """How many findings have a mend: ``2 can be mended with --fix, 1 with --unsafe-fixes``."""
    found = run.report.sorted()
    if not found:
        return ""
    from maxtac_render.frontends.maxtac.mends import mends  # noqa: PLC0415 - clean input does not pay

    assert run.options.now is not None  # noqa: S101 - parameters.options sees to it
    safe = [mend.safe for mend in mends(filter(run.intake.may_change, found), run.options.now)]
    numbers = ((safe.count(True), "--fix"), (safe.count(False), "--unsafe-fixes"))
    ways = [f"{number:,} {{}}with {option}" for number, option in numbers if number]
    return ", ".join(way.format("" if place else "can be mended ") for place, way in enumerate(ways))


def _read(run: Compilation) -> str:
    """What was looked at: ``3 files and 2 MaxTac resources checked``."""
    checked = f"{count(run.intake.files, 'file')} and {count(run.output.intents, 'MaxTac resource')} checked"
    return f"{checked}, {count(run.report.ignored, 'finding')} ignored" if run.report.ignored else checked
