"""List what can be found, or explain one finding.

Without an ID it lists the catalogue: every finding with its severity and what is said about it. With one it says what
that finding means, shows an example, and how to mend it. Words in angle brackets stand for what was found.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from maxtac_render.cli import exits, pages
from maxtac_render.cli.columns import aligned
from maxtac_render.model.catalogue import CODES, Code
from maxtac_render.model.diagnostics import nearest

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

SECTION = "Check"

HEADER = ("ID", "SEVERITY", "MESSAGE")
WIDTH = 100
"""Columns of an explanation."""


class Identity(click.ParamType):  # type: ignore[type-arg] # generic in newer versions of click only
    """The id of a finding."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Code:  # noqa: ARG002 - click's signature
        """The code of that id."""
        if value not in CODES:
            near = nearest(value, CODES)
            hint = f"did you mean {near}?" if near else "maxtac rule lists what there is"
            raise click.UsageError(f"no rule {value}; {hint}", ctx)
        return CODES[value]

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002 - click's signature
        """The ids that begin so."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - only for the shell

        return [CompletionItem(word) for word in CODES if word.startswith(incomplete)]


@click.command(
    cls=pages.Command,
    help=__doc__,
    epilog=pages.examples(
        "maxtac rule                    everything that can be found",
        "maxtac rule missing-target     one finding, with an example and its mend",
        "maxtac rule -o json            for machines",
    ),
)
@click.argument("code", metavar="[ID]", required=False, type=Identity())
@click.option(
    "-o",
    "--output",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
    cls=pages.Option,
    help="Format on standard output.",
)
def command(code: Code | None, output: str) -> int:
    """Print the catalogue, or one entry of it."""
    if output == "json":
        from json import dumps  # noqa: PLC0415 - whoever wants text does not pay

        facts: object = explained(code) if code else [entry(each) for each in Code]
        click.echo(dumps(facts, indent=2))
    else:
        click.echo("".join(explanation(code) if code else listing()), nl=False)
    return exits.CLEAN


def listing() -> Iterator[str]:
    """The catalogue as a table."""
    return aligned([HEADER, *((code.id, code.value.severity.word, shown(code.value.message)) for code in Code)])


def explanation(code: Code) -> Iterator[str]:
    """One entry for people."""
    from textwrap import fill, indent  # noqa: PLC0415 - only for whoever asks

    facts = explained(code)
    yield f"{facts['id']} ({facts['severity']})\n{facts['message']}\n\n{fill(facts['why'], WIDTH)}\n"
    yield f"\nExample:\n\n{indent(facts['example'], '  ')}"
    yield f"\nMended:\n\n{indent(facts['mended'], '  ')}"
    if facts["mend"]:
        yield f"\nhelp: {facts['mend']}\n"


def entry(code: Code) -> dict[str, Any]:
    """What the catalogue itself says of a finding."""
    identity, severity, message, mend = code.value
    return {"id": identity, "severity": severity.word, "message": shown(message), "mend": shown(mend)}


def explained(code: Code) -> dict[str, Any]:
    """Everything that is known of a finding."""
    from maxtac_render.model.explanations import EXPLANATIONS  # noqa: PLC0415 - long texts

    why, wrong, right = EXPLANATIONS[code]
    return {**entry(code), "why": why, "example": wrong, "mended": right}


class _Facts(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "" if name == "guess" else f"<{name.replace('_', ' ')}>"


def shown(template: str) -> str:
    """A text of the catalogue with its facts in angle brackets; guesses are left out."""
    return template.format_map(_Facts())


def page() -> str:
    """The catalogue as a page of the documentation."""
    rows = (f"| [`{code.id}`](#{code.id}) | {code.value.severity.word} | {_cell(code)} |\n" for code in Code)
    return "".join((_HEAD, *rows, *map(_section, Code)))


_HEAD = """\
# Rules

Everything that `maxtac render` and `maxtac check` can find; `maxtac rule ID` prints the same. Words in angle brackets
stand for what was found. The severity of each can be changed with `--severity ID=LEVEL`, where `off` silences it, and a
single finding can be ignored with a comment on its line, on the line above, or at the top of its document:

```yaml
direction: Ingress # maxtac: ignore[direction-case] the generator writes it so
```

Examples show the fields that matter. A line that begins with `# maxtac` says how the example is checked, and one that
begins with `$` is a command.

| id | severity | message |
|---|---|---|
"""


def _cell(code: Code) -> str:
    return _markdown(shown(code.value.message)).replace("|", "\\|")


def _section(code: Code) -> str:
    facts = explained(code)
    parts = [f"\n## {code.id}\n\n{facts['severity']}: {_markdown(facts['message'])}\n\n{_markdown(facts['why'])}\n"]
    parts += [f"\n{_block(facts['example'])}\nMended:\n\n{_block(facts['mended'])}"]
    parts += [f"\nHelp: {_markdown(facts['mend'])}\n"] if facts["mend"] else []
    return "".join(parts)


def _block(text: str) -> str:
    return f"```{'sh' if text.startswith('$') else 'yaml'}\n{text}```\n"


def _markdown(text: str) -> str:
    return text.replace("<", "\\<").replace("*", "\\*")
