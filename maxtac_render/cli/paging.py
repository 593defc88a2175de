"""Results through a pager, as git shows them, where somebody watches; into files and pipes as they are."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import IO, BinaryIO, TypeVar, cast

import click

from maxtac_render.cli.console import Console, terminal
from maxtac_render.cli.pages import Option
from maxtac_render.cli.parameters import TALKING

Function = TypeVar("Function", bound=Callable[..., object])

USUAL = "less"
"""The pager of those who name none."""

MANNERS = {"LESS": "FRX", "LV": "-c"}
"""What git tells its pager, unless the environment says otherwise: colours, and no stop at what fits on the screen."""

NONE = ("", "cat")
"""What PAGER says where none is wanted."""


def paging(function: Function) -> Function:
    """Give a command the options ``--pager`` and ``--no-pager``."""
    words = "Whether a terminal shows the result page by page, with the program that PAGER names."
    option = click.option(
        "--pager/--no-pager", default=True, show_default=True, cls=Option, section=TALKING, help=words
    )
    return option(function)


def put(texts: Iterable[str], console: Console, *, pager: bool = True) -> None:
    """Write texts to standard output, by way of the pager where there is one. Raises SinkFault as Console.put does."""
    command = chosen(os.environ) if pager and terminal(sys.stdout) else ""
    if not command:
        console.put(texts, sys.stdout)
        return
    from maxtac_render.sinks import stdout  # noqa: PLC0415 - as the console does it

    console.clear()
    environment = {**MANNERS, **os.environ}
    with subprocess.Popen(["sh", "-c", command], stdin=subprocess.PIPE, env=environment) as process:  # noqa: S603, S607 - the user's own choice, to be read by a shell
        assert process.stdin is not None  # noqa: S101 - it was asked for
        try:
            with suppress(BrokenPipeError):  # whoever has seen enough leaves the pager
                stdout.write(texts, cast("BinaryIO", process.stdin))
        finally:
            _end(process, process.stdin)


def _end(process: subprocess.Popen[bytes], stream: IO[bytes]) -> None:
    """Wait until the pager is left: Ctrl-C is the pager's own as long as it runs."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with suppress(BrokenPipeError):
            stream.close()
        process.wait()
    finally:
        signal.signal(signal.SIGINT, before)


def chosen(environment: Mapping[str, str]) -> str:
    """The pager's command; empty where there is none, it is not installed, or the terminal cannot do it."""
    command = environment.get("PAGER", USUAL).strip()
    if command in NONE or environment.get("TERM", "dumb") == "dumb":
        return ""
    try:
        words = [word for word in shlex.split(command) if "=" not in word]
    except ValueError:
        return ""
    return command if words and shutil.which(words[0]) else ""
