"""Findings in the forms that were asked for: ``--report FORMAT[=FILE]``, and text for people."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TextIO, TypeVar

import click

from maxtac_render.cli.console import Console
from maxtac_render.cli.pages import Option
from maxtac_render.cli.parameters import TALKING

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from maxtac_render.model.diagnostics import Located, Report
    from maxtac_render.reports import Run

Function = TypeVar("Function", bound=Callable[..., object])

STDOUT = "-"
"""The file that is standard output."""


class Request(NamedTuple):
    """One report: its format, and its file; without one it goes where the command tells its findings."""

    format: str
    path: str = ""


class Voice(NamedTuple):
    """How a command tells its findings: on which stream and in which format, and in which files besides.

    ``whole`` is the path that stands for all that it reads, and ``noun`` what the things are that it looks at.
    """

    stream: TextIO | None
    format: str = "text"
    files: tuple[Request, ...] = ()
    whole: str = "."
    noun: str = "MaxTac resource"


class Found(Protocol):
    """What a command read, and what it found."""

    @property
    def report(self) -> Report:
        """The findings."""

    @property
    def checked(self) -> Sequence[Located]:
        """What was looked at, with findings or without."""


class Form(click.ParamType):  # type: ignore[type-arg] # generic in newer versions of click only
    """A format, and perhaps a file."""

    name = "FORMAT[=FILE]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Request:
        """What the text asks for."""
        from maxtac_render.reports import formats  # noqa: PLC0415 - only for whoever asks for a report

        name, equals, path = str(value).partition("=")
        if name not in formats():
            from maxtac_render.model.diagnostics import did_you_mean  # noqa: PLC0415 - only for wrong usage

            raise click.UsageError(f"no report format {name}; {did_you_mean(name, formats())}", ctx)
        if equals and not path:
            self.fail(f"{value} names no file", param, ctx)
        return Request(name, path)

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:  # noqa: ARG002
        """What the help page calls the value."""
        return self.name

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002
        """The formats that begin so."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - only for the shell

        from maxtac_render.reports import formats  # noqa: PLC0415 - likewise

        return [CompletionItem(name) for name in formats() if name.startswith(incomplete)]


def reporting(function: Function) -> Function:
    """Give a command the option ``--report``."""
    words = (
        "Findings for machines: concise, github, gitlab, json, junit, markdown, sarif or text, into a file, or else in"
        " place of the text. Repeatable."
    )
    option = click.option("--report", type=Form(), multiple=True, cls=Option, section=TALKING, help=words)
    return option(function)


def voice(given: Mapping[str, Any], stream: TextIO | None) -> Voice:
    """How a command is to tell its findings; ``stream`` is where it tells them itself."""
    requests: Sequence[Request] = given["report"]
    spoken = [request for request in requests if request.path in ("", STDOUT)]
    context = click.get_current_context()
    if len(spoken) > 1:
        raise click.UsageError("only one --report can go without a file", context)
    if spoken and spoken[0].path and stream is not sys.stdout:
        words = f"standard output has the result; --report {spoken[0].format} without a file goes to standard error"
        raise click.UsageError(words, context)
    files = tuple(request for request in requests if request.path not in ("", STDOUT))
    sources = given["sources"]
    whole = sources[0] if len(sources) == 1 and sources[0] != "-" else "."
    return Voice(stream, spoken[0].format if spoken else "text", files, whole)


def publish(run: Found, console: Console, voice: Voice, outcome: str = "") -> None:
    """Write the findings in every form that was asked for, and what came of them.

    Raises SinkFault for a file that cannot be written.
    """
    if voice.format == "text":
        console.findings(run.report, voice.stream, outcome)
    if not voice.files and voice.format == "text":
        return
    from maxtac_render.reports import load  # noqa: PLC0415 - only for whoever asks for a report
    from maxtac_render.sinks import file  # noqa: PLC0415 - likewise

    found, context = run.report.sorted(), _context(run, console, voice, outcome)
    for name, path in voice.files:
        file.write(path, load(name)(found, context))
    if voice.format != "text":
        console.clear()
        console.put(load(voice.format)(found, context), voice.stream)


def _context(run: Found, console: Console, voice: Voice, outcome: str) -> Run:
    """What reports say besides the findings."""
    from maxtac_render import __version__  # noqa: PLC0415 - only for whoever asks for a report
    from maxtac_render.reports import Run  # noqa: PLC0415 - likewise

    directory = os.getcwd()  # noqa: PTH109 - importing pathlib costs more than this
    return Run(
        __version__,
        outcome,
        run.checked,
        console.failing,
        _root(directory),
        directory,
        voice.whole,
        voice.noun,
    )


def _root(directory: str) -> str:
    """The repository that a directory belongs to; empty without one."""
    while not os.path.exists(f"{directory}/.git"):  # noqa: PTH110 - as above
        parent = os.path.dirname(directory)  # noqa: PTH120 - as above
        if parent == directory:
            return ""
        directory = parent
    return directory
