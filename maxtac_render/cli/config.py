"""Print the options that count, and where each comes from.

The output is a maxtac.yaml in which every option stands, with its value and, as a comment, whether that is the default,
or which line of the configuration or which flag says so. Options, SOURCEs and the search for the file are those of
maxtac render. Null is an option that is not set.

Put the output into a file maxtac.yaml at the root of your repository to have the same options without flags.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import click

from maxtac_render.cli import configuration, exits, pages, parameters
from maxtac_render.cli.configuration import Configuration
from maxtac_render.manifests import write
from maxtac_render.model.configuration import API_VERSION, KIND
from maxtac_render.model.diagnostics import CODES
from maxtac_render.model.options import INTENTS, LAYOUT, SETTINGS, SOURCES, Option, Options

SECTION = "Configure"

DEFAULT = "default"


@click.command(
    cls=pages.Command,
    help=__doc__,
    epilog=pages.examples(
        "maxtac config                               what counts here, and why",
        "maxtac config --compat controller           and with a flag",
        "maxtac config --no-config                   the defaults",
        "maxtac config -o json",
    ),
)
@click.argument("sources", nargs=-1, metavar="[SOURCE]...", type=click.Path())
@click.option(
    "-o",
    "--output",
    type=click.Choice(("yaml", "json")),
    default="yaml",
    show_default=True,
    cls=pages.Option,
    help="Format on standard output; only YAML has the comments.",
)
@parameters.flag(LAYOUT)
@parameters.flag(INTENTS)
@parameters.assuming
@parameters.accepting
@parameters.talking
def command(**given: Any) -> int:
    """Print the options."""
    file = configuration.load(given)
    said = configuration.complete(given, file)
    options = written(parameters.options(said)) | ({} if said["now"] else {"now": None})
    document = {"apiVersion": API_VERSION, "kind": KIND, "spec": options}
    if given["output"] == "json":
        from json import dumps  # noqa: PLC0415 - whoever wants YAML does not pay

        click.echo(dumps(document, indent=2))
    else:
        click.echo("".join(lines(document, Cause(given, file))), nl=False)
    return exits.CLEAN


def written(options: Options) -> dict[str, Any]:
    """Every option by its name, as a configuration writes its value; null is not set."""
    return {option.name: _written(getattr(options, option.field)) for option in SETTINGS}


def _written(value: object) -> object:
    match value:
        case Mapping():
            return {code.id: level.word for code, level in value.items()}
        case tuple():
            return list(value)
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case _:
            return value or None


class Cause(NamedTuple):
    """What the command line and the file say, to find out which of them an option has its value from."""

    given: Mapping[str, Any]
    file: Configuration | None

    def of(self, option: Option, key: str = "") -> str:
        """Why an option has its value, or why a finding has its severity."""
        flagged = self.given[option.field] or ()
        if dict(flagged).get(CODES[key]) is not None if key else flagged:
            return "command line" if option is SOURCES else option.flag
        if self.file is not None and option.field in self.file.values:
            return f"{self.file.path}:{self.file.line(option.name, *filter(None, (key,)))}"
        return DEFAULT


def lines(document: Mapping[str, Any], cause: Cause) -> Iterator[str]:
    """The document as text, with the cause of each option behind it."""
    yield f"apiVersion: {document['apiVersion']}\nkind: {document['kind']}\nspec:\n"
    for option in SETTINGS:
        match document["spec"][option.name]:
            case dict() as severities if severities:
                yield f"  {option.name}:\n"
                for key, level in severities.items():
                    yield f"    {key}: {write.scalar(level)}  # {cause.of(option, key)}\n"
            case list() as items if items:
                yield f"  {option.name}:  # {cause.of(option)}\n"
                yield from (f"  - {write.scalar(item)}\n" for item in items)
            case value:
                text = write.scalar(value) if isinstance(value, str) else "null" if value is None else str(value)
                yield f"  {option.name}: {text}  # {cause.of(option)}\n"
