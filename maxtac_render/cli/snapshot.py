"""Keep what counts of a cluster in a file.

The file is a SOURCE of every command, and gives the same answers later, elsewhere, and without the cluster. SOURCE is
live:[CONTEXT], by default the current context; files and what else a SOURCE is can be kept likewise.

Only what those commands read is kept: of a Deployment the labels and ports of its pods, of a policy all that it says.
Environment, arguments, volumes, status, managed fields, what kubectl applied last, and other people's annotations are
not, so that the file has no secrets, unless somebody has written one into a label, or into an annotation of a policy.

Equal clusters give equal files, but for the first line, which says what was read and when. A new file is for its owner
alone (mode 0600), and is there as a whole or not at all.

Exit codes: 0 clean; 1 findings at or above --fail-on; 2 could not run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, groupby
from operator import attrgetter
from typing import Any

import click

from maxtac_render.cli import intake, pages, parameters, publishing, reaching
from maxtac_render.cli.compilation import count
from maxtac_render.cli.console import Console
from maxtac_render.cli.intake import Intake
from maxtac_render.manifests import write
from maxtac_render.manifests.wanted import CLUSTER
from maxtac_render.model.diagnostics import Located, Report
from maxtac_render.model.objects import Resource
from maxtac_render.model.options import OPTIONS, Options, severities
from maxtac_render.model.ownership import rfc3339
from maxtac_render.sources import LIVE, Input
from maxtac_render.wire.projection import projected

SECTION = "Cluster"

KEPT = "What is kept"
PRIVATE = 0o600
"""The mode of a new file: who may read a cluster is its owner's to say."""

_READ = ("namespace", "severity", "exclude")
"""The options of the compiler that are about what is read."""


class Withheld(Exception):
    """Findings forbid that anything is kept."""


def choosing(function: parameters.Function) -> parameters.Function:
    """Give the command the options that are about what is read."""
    for option in reversed([option for option in OPTIONS if option.name in _READ]):
        function = parameters.flag(option, KEPT)(function)
    return function


@click.command(
    cls=pages.Command,
    help=__doc__,
    epilog=pages.examples(
        "maxtac snapshot --output-file prod.yaml             the cluster of the current context",
        "maxtac snapshot live:prod -n shop > shop.yaml       one namespace of another one",
        "maxtac diff prod.yaml live:prod                     what has changed since?",
        "maxtac list prod.yaml --to bank/ledger              who could reach it then?",
    ),
)
@click.argument("sources", nargs=-1, metavar="[SOURCE]...", type=click.Path())
@click.option(
    "--output-file",
    type=click.Path(dir_okay=False, allow_dash=True),
    default="-",
    metavar="FILE",
    cls=pages.Option,
    section=KEPT,
    help="Where it goes; - is standard output, and the default.",
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(("yaml", "json")),
    default="yaml",
    show_default=True,
    cls=pages.Option,
    section=KEPT,
    help="A stream of documents with a first line that says what it is, or one List.",
)
@choosing
@reaching.reaching
@parameters.talking
@publishing.reporting
def command(**given: Any) -> int:
    """Keep a cluster, and return the exit code."""
    given["sources"] = given["sources"] or (LIVE,)
    if given["sources"].count("-") > 1:
        raise click.UsageError("standard input (-) can be read only once", click.get_current_context())
    console = Console(parameters.manner(given))
    voice = publishing.voice(given, sys.stderr)
    options = parameters.options(given)
    report = Report(severities(options))
    kept = Kept(Intake((), options, report, wanted=CLUSTER), console, report)
    inputs = list(intake.inputs(given["sources"], options, report, reaching.reach(given, options, report)))
    texts = FORMATS[given["output"]](kept.bodies(inputs), _header(inputs, options))
    with suppress(Withheld):
        _put(kept.guarded(texts), given["output_file"], console)
    publishing.publish(kept, console, voice, "nothing kept" if console.withheld(report) else "")
    console.summary(f"{count(kept.objects, 'object')} kept", report)
    return console.code(report)


class Kept:
    """What is kept, as it is read."""

    def __init__(self, read: Intake, console: Console, report: Report) -> None:
        self.report = report
        self.objects = 0
        """How many objects have been kept so far."""
        self._intake = read
        self._console = console

    @property
    def checked(self) -> Sequence[Located]:
        """The MaxTac resources that were read."""
        return self._intake.checked

    def bodies(self, inputs: Iterable[Input]) -> Iterator[dict[str, Any]]:
        """The objects of inputs, those of each cluster by kinds as they are read, those of files all together."""
        clusters, files = ([each for each in inputs if (each.objects is None) is wanted] for wanted in (False, True))
        groups = (group for each in clusters for _, group in groupby(self._read([each]), lambda found: found.ref[:2]))
        for group in chain(groups, [self._read(files)]):
            for each in sorted(group, key=attrgetter("ref")):
                self.objects += 1
                yield projected(each.ref, each.body)

    def _read(self, inputs: Iterable[Input]) -> Iterator[Resource]:
        return self._intake.read(inputs, self._console)

    def guarded(self, texts: Iterable[str]) -> Iterator[str]:
        """Texts that end in Withheld where findings forbid that they are kept."""
        yield from texts
        if self._console.withheld(self.report):
            raise Withheld


def _put(texts: Iterator[str], path: str, console: Console) -> None:
    """Write a file as it is read, or standard output once all is there."""
    if path == "-":
        console.put(list(texts), sys.stdout)
    else:
        from maxtac_render.sinks import file  # noqa: PLC0415 - each destination pays for itself

        file.write(path, texts, PRIVATE)


def _header(inputs: Iterable[Input], options: Options) -> str:
    """What was read, and when."""
    assert options.now is not None  # noqa: S101 - parameters.options sees to it
    whole = f"namespace {options.namespace} of " if options.namespace else ""
    moment = rfc3339(options.now.replace(microsecond=0))
    return f"snapshot of {whole}{', '.join(each.path for each in inputs)} at {moment}: what counts for network policies"


def _yaml(bodies: Iterable[dict[str, Any]], header: str) -> Iterator[str]:
    yield f"# {header}\n"
    yield from write.stream(bodies)


def _json(bodies: Iterable[dict[str, Any]], header: str) -> Iterator[str]:  # noqa: ARG001 - JSON has no comments
    from json import dumps  # noqa: PLC0415 - each format pays for itself

    yield '{"apiVersion": "v1", "kind": "List", "items": [\n'
    for number, body in enumerate(bodies):
        yield f"{',' if number else ''}{dumps(body)}\n"
    yield "]}\n"


FORMATS = {"yaml": _yaml, "json": _json}
