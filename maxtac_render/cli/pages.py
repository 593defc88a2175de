"""How help pages look: options in sections, examples as they are typed."""

from __future__ import annotations

from typing import Any

import click


class Option(click.Option):
    """An option that knows the section of the help page in which it stands."""

    def __init__(self, *names: Any, section: str = "Options", **attributes: Any) -> None:
        super().__init__(*names, **attributes)
        self.section = section


class Command(click.Command):
    """A command whose help page shows its options in their sections, and its epilog as examples."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each section, in the order of its first option."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if isinstance(parameter, click.Option) and record is not None:
                sections.setdefault(getattr(parameter, "section", "Options"), []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """Write the examples line by line: what is wrapped cannot be copied."""
        with formatter.section("Examples"):
            for line in (self.epilog or "").splitlines():
                formatter.write(f"{'':{formatter.current_indent}}{line}\n")


class Group(Command, click.Group):
    """A command with commands below it. One that is not there is named, with the one that may be meant."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, then the options."""
        self.format_commands(ctx, formatter)
        super().format_options(ctx, formatter)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name."""
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None and not ctx.resilient_parsing:
            from maxtac_render.model.diagnostics import did_you_mean  # noqa: PLC0415 - only for wrong usage

            raise click.UsageError(f"no command '{name}'; {did_you_mean(name, self.list_commands(ctx))}", ctx)
        return super().resolve_command(ctx, args)


def examples(*lines: str) -> str:
    """The end of a help page: commands to copy, with what they do."""
    return "\n".join(lines)
