"""Print a shell's completion script.

With it the shell completes commands, options and their values. Install it once:

\b
bash 4.4 or newer:  maxtac completion bash > ~/.local/share/bash-completion/completions/maxtac
zsh:                maxtac completion zsh > "${fpath[1]}/_maxtac"
fish:               maxtac completion fish > ~/.config/fish/completions/maxtac.fish
"""

from __future__ import annotations

import click

from maxtac_render.cli import exits, pages

SECTION = "Shell"


@click.command(
    cls=pages.Command,
    help=__doc__,
    epilog=pages.examples(
        'eval "$(maxtac completion bash)"       for this shell only',
        "maxtac completion fish | source",
    ),
)
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def command(shell: str) -> int:
    """Print the completion script of a shell."""
    from click.shell_completion import get_completion_class  # noqa: PLC0415 - whoever renders does not pay

    from maxtac_render.cli.program import COMPLETE, program  # noqa: PLC0415 - the program finds this module

    kind = get_completion_class(shell)
    assert kind is not None, shell  # noqa: S101 - click brings all three
    click.echo(kind(program, {}, "maxtac", COMPLETE).source())
    return exits.CLEAN
