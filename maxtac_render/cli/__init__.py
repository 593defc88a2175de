"""The command line: one file a command. This room owns click, the clock, the environment and the exit codes.

A module of this folder that states its ``SECTION`` is a command: its docstring is the help, the docstring's first line
the short help, and its object ``command`` what click runs. No list is edited for a new one.
"""

from __future__ import annotations

import gc


def main(arguments: list[str] | None = None, program: str = "") -> int:
    """Run the program and return its exit code; ``program`` is how it calls itself in its help.

    Without arguments they are those of the process, and the process is taken to end afterwards.
    """
    if arguments is not None:
        return _guarded(arguments, program)
    gc.set_threshold(1_000_000)  # looking for cycles, where nearly all that is made is kept, is a tenth of a short run
    code = _guarded(None, program)
    gc.freeze()  # and so is looking for them once more when the interpreter ends
    return code


def _guarded(arguments: list[str] | None, program: str) -> int:
    from maxtac_render.cli import exits  # noqa: PLC0415 - a command's module can be had without the program

    return exits.guard(lambda: _run(arguments, program))


def _run(arguments: list[str] | None, program: str) -> int:
    from maxtac_render.cli import program as cli  # noqa: PLC0415 - Ctrl-C while click is imported ends well too

    return cli.run(arguments, program)
