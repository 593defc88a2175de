"""The program around the commands: help, versions, exit codes, and what start-up imports."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from maxtac_render import __version__
from maxtac_render.cli import exits, main, program
from maxtac_render.model.errors import SourceFault

if TYPE_CHECKING:
    from collections.abc import Callable

SLOW = ("difflib", "subprocess", "tempfile", "pathlib", "logging", "dataclasses", "importlib.metadata", "argparse")


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-m", "maxtac_render", *arguments),
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def imported_by(*arguments: str) -> set[str]:
    """The modules that a run imports and that an interpreter with click has not got anyway."""
    code = (
        "import sys, click; before = set(sys.modules)\n"
        "from maxtac_render.cli import main\n"
        f"code = main({list(arguments)!r})\n"
        "print(code, *sorted(set(sys.modules) - before), file=sys.stderr)"
    )
    ended = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True, timeout=60)
    code_, *modules = ended.stderr.splitlines()[-1].split()
    assert code_ == "0"
    return set(modules)


def test_version() -> None:
    """The version is one line on standard output."""
    ended = run("--version")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"maxtac {__version__}\n", "")


def test_version_imports_almost_nothing() -> None:
    """A question about the version pays for no command and for no part of the compiler but its errors."""
    ours = {name for name in imported_by("--version") if name.startswith("maxtac_render")}
    assert ours == {
        "maxtac_render",
        "maxtac_render.cli",
        "maxtac_render.cli.exits",
        "maxtac_render.cli.pages",
        "maxtac_render.cli.program",
        "maxtac_render.model",
        "maxtac_render.model.errors",
    }


def test_render_imports_nothing_slow(walkthrough: str) -> None:
    """A render of a directory to standard output pays for none of the slow modules of the standard library."""
    assert imported_by("render", walkthrough).isdisjoint(SLOW)


@pytest.mark.parametrize("arguments", [("--help",), ("-h",), ("render", "-h"), ("completion", "--help")])
def test_help_pages_end_in_examples(arguments: tuple[str, ...]) -> None:
    """Every help page is on standard output and has examples that are not wrapped."""
    ended = run(*arguments)
    assert (ended.returncode, ended.stderr) == (0, "")
    examples = ended.stdout.partition("\nExamples:\n")[2].splitlines()
    assert examples
    assert all(line.startswith("  ") for line in examples)
    assert any("maxtac " in line for line in examples)


def test_every_example_is_a_command_that_exists() -> None:
    """The examples on the help pages name commands and options that there are."""
    for name in (None, *program.cards()):
        command = program.program if name is None else command_of(name)
        for line in (command.epilog or "").splitlines():
            words = line.split("    ")[0].split("maxtac ", 1)[1].rstrip(')"').split("|")[0].split()
            context = program.program.make_context("maxtac", words, resilient_parsing=True)
            assert program.program.get_command(context, words[0]) is not None, line


def command_of(name: str) -> click.Command:
    found = program.program.get_command(click.Context(program.program), name)
    assert found is not None
    return found


def test_help_lists_commands_in_sections() -> None:
    """The main page shows each command under its section, with the first line of its module's docstring."""
    page = CliRunner().invoke(program.program, ["--help"]).output
    assert "\nCompile:\n  render  " in page
    assert "\nShell:\n  completion  Print a shell's completion script\n" in page


def test_commands_keep_what_their_modules_promise() -> None:
    """Whatever states a SECTION has a command, whose help is the docstring and whose epilog is examples."""
    for name in program.cards():
        module = import_module(f"maxtac_render.cli.{name.replace('-', '_')}")
        assert module.command.help == module.__doc__
        assert module.command.epilog


def test_no_arguments_ask_for_one() -> None:
    """Without arguments the help is shown on stderr, and the exit code tells a script that nothing was done."""
    ended = run()
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("Usage: python -m maxtac_render ")


@pytest.mark.parametrize(
    ("arguments", "message", "place"),
    [
        (["rendr"], "no command 'rendr'; did you mean render?", "maxtac --help"),
        (["console"], "no command 'console'; ", "maxtac --help"),
        ([""], "no command ''; known here: adopt, apply, ", "maxtac --help"),
        (["render.py"], "no command 'render.py'; did you mean render?", "maxtac --help"),
        (["--nope"], "--nope", "maxtac --help"),
        (["completion", "csh"], "'csh' is not one of 'bash', 'zsh', 'fish'", "maxtac completion --help"),
        (["\x1b[2J"], "no command '\\x1b[2J'; ", "maxtac --help"),
    ],
)
def test_wrong_usage_is_one_line(
    arguments: list[str], message: str, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong usage exits with 2 and says in one line what is wrong and where to look."""
    assert main(arguments, "maxtac") == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.startswith("maxtac: error: ")
    assert message in errors
    assert errors.endswith(f" (see {place})\n")
    assert errors.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--version"], 0), (["render", "no-such-file"], 2), (["render", "-"], 1), (["rendr"], 2)]
)
def test_click_runs_the_program_as_the_shell_does(arguments: list[str], code: int) -> None:
    """Whoever calls the click object itself, as its test runner does, gets the same exit codes."""
    result = CliRunner().invoke(program.program, arguments, prog_name="maxtac")
    assert (result.exit_code, type(result.exception)) == (code, SystemExit if code else type(None))


def raising(error: BaseException) -> Callable[[], int]:
    def run() -> int:
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (SourceFault("cannot read x: no such file"), 2, "maxtac: error: cannot read x: no such file\n"),
        (SourceFault("two\nlines \x1b[2J"), 2, "maxtac: error: two lines \\x1b[2J\n"),
        (FileNotFoundError(2, "No such file or directory", "x"), 2, "maxtac: error: x: no such file or directory\n"),
        (OSError(28, "No space left on device"), 2, "maxtac: error: no space left on device\n"),
        (MemoryError(), 2, "maxtac: error: out of memory\n"),
        (BrokenPipeError(), 141, ""),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_ways_out(error: BaseException, code: int, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every way out of the program ends in its exit code, with at most one harmless line."""
    assert exits.guard(raising(error)) == code
    assert capsys.readouterr().err == message


def test_internal_errors_are_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug shows its kind and its place in one line, and the traceback only on demand."""
    monkeypatch.delenv(exits.TRACEBACK, raising=False)
    assert exits.guard(raising(KeyError("x\ny"))) == 2
    line = capsys.readouterr().err
    assert line.startswith("maxtac: internal error: KeyError: 'x\\ny' (test_program.py:")
    assert "MAXTAC_TRACEBACK=1" in line
    assert line.count("\n") == 1
    monkeypatch.setenv(exits.TRACEBACK, "1")
    exits.guard(raising(KeyError("x")))
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_help_into_a_full_disk() -> None:
    """Output that cannot be written is an error also where it is only help."""
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        command = (sys.executable, "-m", "maxtac_render", "--help")
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (2, "maxtac: error: no space left on device\n")
