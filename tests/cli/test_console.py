"""What is said on stderr: colour when it is wanted, progress when somebody waits, and nothing into pipes."""

from __future__ import annotations

import io
import sys

import pytest

from maxtac_render.cli import console as module
from maxtac_render.cli.console import Console
from maxtac_render.cli.parameters import Manner
from maxtac_render.model.diagnostics import Code, Report, Severity, Spot
from maxtac_render.model.objects import Origin

NOWHERE = Spot(Origin(""))


class Screen(io.StringIO):
    """A stream that somebody watches."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """A terminal, and nobody patient before it."""
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    monkeypatch.setattr(module, "INTERVAL", 0.0)
    return Screen()


@pytest.mark.parametrize(
    ("colour", "environment", "on_terminal", "on_file"),
    [
        ("auto", {}, True, False),
        ("auto", {"NO_COLOR": "1"}, False, False),
        ("auto", {"NO_COLOR": ""}, True, False),
        ("auto", {"TERM": "dumb"}, False, False),
        ("auto", {"FORCE_COLOR": "1"}, True, True),
        ("auto", {"FORCE_COLOR": "0"}, True, False),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
        ("always", {"NO_COLOR": "1"}, True, True),
        ("never", {"FORCE_COLOR": "1"}, False, False),
    ],
)
def test_colour(colour: str, environment: dict[str, str], on_terminal: bool, on_file: bool) -> None:
    """The flag wins over NO_COLOR, which wins over FORCE_COLOR, which wins over what the stream is."""
    console = Console(Manner(colour=colour), environment)  # type: ignore[arg-type]
    assert console.coloured(Screen()) is on_terminal
    assert console.coloured(io.StringIO()) is on_file
    assert console.coloured(None) is (colour == "always" or on_file)


@pytest.mark.parametrize(
    ("fail_on", "worst", "withheld", "code"),
    [
        (Severity.ERROR, Severity.OFF, False, 0),
        (Severity.ERROR, Severity.WARNING, False, 0),
        (Severity.ERROR, Severity.ERROR, True, 1),
        (Severity.WARNING, Severity.INFO, False, 0),
        (Severity.WARNING, Severity.WARNING, True, 1),
        (None, Severity.WARNING, False, 0),
        (None, Severity.ERROR, True, 0),
    ],
)
def test_what_findings_do(
    fail_on: Severity | None,
    worst: Severity,
    withheld: bool,
    code: int,
) -> None:
    """Errors withhold the output always; --fail-on decides over the exit code, and may withhold for warnings too."""
    report = Report({Code.EXPIRED: worst})
    report.add(Code.EXPIRED, NOWHERE, deadline="", done="")
    console = Console(Manner(fail_on=fail_on))
    assert (console.withheld(report), console.code(report)) == (withheld, code)


def test_progress_counts_and_leaves_no_trace(screen: Screen) -> None:
    """On a terminal the count is drawn over itself, and wiped in the end."""
    console = Console(Manner(), {}, screen)
    assert list(console.progress(range(2), "reading file")) == [0, 1]
    assert screen.getvalue() == "\rreading file 1\x1b[K\rreading file 2\x1b[K\r\x1b[K"


def test_progress_waits_for_a_second(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Short work shows nothing."""
    monkeypatch.setattr(module, "PATIENCE", 1.0)
    list(Console(Manner(), {}, screen).progress(range(1000), "reading file"))
    assert screen.getvalue() == ""


def test_progress_is_wiped_when_the_work_fails(screen: Screen) -> None:
    """An error does not stand behind a number."""

    def failing() -> object:
        yield 1
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - the one from above
        list(Console(Manner(), {}, screen).progress(failing(), "reading file"))  # type: ignore[arg-type]
    assert screen.getvalue().endswith("\r\x1b[K")


@pytest.mark.parametrize(("manner", "environment"), [(Manner(quiet=True), {}), (Manner(), {"TERM": "dumb"})])
def test_no_progress(screen: Screen, manner: Manner, environment: dict[str, str]) -> None:
    """Who is quiet, and whose terminal cannot wipe, sees no progress."""
    list(Console(manner, environment, screen).progress(range(5), "reading file"))
    assert screen.getvalue() == ""


def test_pipes_are_not_counted() -> None:
    """Without a terminal the items pass untouched, at no cost."""
    items = [1, 2]
    assert Console(Manner(), {}, io.StringIO()).progress(items, "reading file") is items


def test_a_closed_stderr_is_no_reason_to_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no stderr, nothing is said."""
    monkeypatch.setattr(sys, "stderr", None)
    report = Report()
    report.add(Code.NO_INTENTS, NOWHERE)
    console = Console(Manner(verbose=True))
    console.findings(report, sys.stderr)
    console.summary("done", report)
