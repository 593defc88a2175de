"""The program ``maxtac``: finds its commands in this folder, and imports one when it is used."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NamedTuple, NoReturn

import click

from maxtac_render import __version__, cli
from maxtac_render.cli import exits, pages

COMPLETE = "_MAXTAC_COMPLETE"
"""The environment variable by which the shell asks for completions, as click's scripts spell it."""


class Card(NamedTuple):
    """What a command's module says about itself without being imported."""

    section: str
    summary: str


class Program(pages.Group):
    """A group whose commands are the modules of this folder that state a ``SECTION``."""

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, **_: Any) -> NoReturn:  # type: ignore[override] # click's has more ways to be called
        """Run and exit, as click's own would, with this program's exit codes."""
        sys.exit(exits.guard(lambda: run(args, prog_name or "")))

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names of all commands."""
        return sorted(cards())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The command of that name, imported now."""
        module = cmd_name.replace("-", "_")
        if not module.isidentifier():
            return None
        name = f"{cli.__name__}.{module}"
        try:
            command = getattr(import_module(name), "command", None)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
            return None
        return command if isinstance(command, click.Command) else None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands by their sections, then the options."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for name, card in sorted(cards().items()):
            sections.setdefault(card.section, []).append((name, card.summary))
        for title, rows in sorted(sections.items()):
            with formatter.section(title):
                formatter.write_dl(rows)
        pages.Command.format_options(self, ctx, formatter)


def cards() -> dict[str, Card]:
    """What every command says about itself, read from its source: a help page imports no command."""
    from importlib.abc import InspectLoader  # noqa: PLC0415 - only for help pages
    from importlib.util import find_spec  # noqa: PLC0415 - likewise
    from pkgutil import iter_modules  # noqa: PLC0415 - likewise

    found = {}
    for module in iter_modules(cli.__path__):
        name = f"{cli.__name__}.{module.name}"
        spec = find_spec(name)
        source = spec.loader.get_source(name) if spec and isinstance(spec.loader, InspectLoader) else None
        card = _card(ast.parse(source or ""))
        if card is not None:
            found[module.name.replace("_", "-")] = card
    return found


def _card(module: ast.Module) -> Card | None:
    for statement in module.body:
        match statement:
            case ast.Assign([ast.Name("SECTION")], ast.Constant(str(section))):
                summary = (ast.get_docstring(module) or "").partition("\n")[0]
                return Card(section, summary.removesuffix("."))
    return None


@click.group(
    cls=Program,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=pages.examples(
        "maxtac render                          the policies for the manifests below this directory",
        "maxtac render deploy/ -o wide          the same as a table",
        "maxtac render deploy/ --output-dir policies/ --layout namespace",
        "maxtac render deploy/ --output-dir policies/ --layout namespace --check    in CI: is it up to date?",
        "kustomize build overlays/prod | maxtac render -",
        "maxtac check deploy/                   what is wrong with them? --fix mends what it can",
        "maxtac rule missing-target             what does that mean?",
        "maxtac explain shop/web bank/ledger    may they talk, and why, or why not?",
        "maxtac list deploy/                    who may talk to whom, and what does no policy protect?",
    ),
)
@click.version_option(__version__, prog_name="maxtac", message="%(prog)s %(version)s")
def program() -> None:
    """Compile MaxTac resources and annotated Services into Kubernetes NetworkPolicies."""


def run(arguments: Sequence[str] | None, name: str) -> int:
    """Run the command that the arguments name, and return its exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    name = name or sys.argv[0].rpartition(os.sep)[2]
    if instruction := os.environ.get(COMPLETE):
        return _complete(instruction)
    try:
        if not given:
            return _ask_for_a_command(name)
        with program.make_context(name, list(given)) as context:
            code: int = program.invoke(context)
            return code
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        return exits.fail(_words(error))


def _ask_for_a_command(name: str) -> int:
    with program.make_context(name, [], resilient_parsing=True) as context:
        click.echo(program.get_help(context), err=True)
    return exits.FAILED


def _complete(instruction: str) -> int:
    from click.shell_completion import shell_complete  # noqa: PLC0415 - only for the shell

    return shell_complete(program, {}, "maxtac", COMPLETE, instruction)


def _words(error: click.ClickException) -> str:
    """A usage error as the other errors read: one line, lower case, without a full stop."""
    message = " ".join(error.format_message().split()).removesuffix(".")
    message = message[:1].lower() + message[1:]
    context = getattr(error, "ctx", None)
    return f"{message} (see {context.command_path} --help)" if context is not None else message
