"""The text report: its golden form, its carets, and that nothing in it can steer a terminal."""

from __future__ import annotations

import re
import time

import pytest

from maxtac_render.model.diagnostics import Code, Diagnostic, Severity
from maxtac_render.model.objects import FieldPath, ObjectRef, Origin, Place
from maxtac_render.reports import text

ACCESS = ObjectRef("maxtac.vtk.io/v1alpha1", "Access", "shop", "web-in")
ESCAPES = re.compile("\x1b\\[[0-9;]*m")


def finding(
    place: Place | None = None,
    *,
    code: Code = Code.MISSING_TARGET,
    severity: Severity = Severity.ERROR,
    message: str = "target shop/payments not found; rule left out",
    mend: str = "add the Service to the sources",
    ref: ObjectRef | None = ACCESS,
    field: FieldPath = ("spec", "targets", 0, "serviceName"),
    path: str = "deploy/access.yaml",
) -> Diagnostic:
    return Diagnostic(code, severity, message, mend, ref, field, Origin(path, 0, 3, lambda _path: place))


def at(excerpt: str, column: int, end_column: int, line: int = 14) -> Place:
    return Place(line, column, end_column, "", excerpt)


def rendered(*findings: Diagnostic, colour: bool = False) -> str:
    return "".join(text.render(findings, colour=colour))


def test_golden_finding() -> None:
    """A finding says what, where, shows the line with carets under the field, names the object and the mend."""
    assert rendered(finding(at("    - serviceName: payments", 20, 28))) == (
        "error[missing-target]: target shop/payments not found; rule left out\n"
        "  --> deploy/access.yaml:14:20\n"
        "   |\n"
        "14 |     - serviceName: payments\n"
        "   |                    ^^^^^^^^\n"
        "   = object: Access shop/web-in, spec.targets[0].serviceName\n"
        "   = help: add the Service to the sources\n"
        "\n"
        "1 error\n"
    )


def test_no_findings_are_no_text() -> None:
    """Without findings not even a count is printed."""
    assert rendered() == ""


def test_count_line_sorts_by_severity() -> None:
    """The last line counts the findings, the gravest first."""
    findings = [finding(severity=severity) for severity in (Severity.INFO, Severity.WARNING, Severity.INFO)]
    assert rendered(*findings, finding(), finding()).endswith("\n\n2 errors, 1 warning, 2 info\n")


def test_outcome_follows_the_count() -> None:
    """What came of the findings stands behind their count."""
    assert "".join(text.render([finding()], outcome="nothing rendered")).endswith("\n1 error; nothing rendered\n")


def test_without_an_excerpt_no_source_lines() -> None:
    """A place that must not be shown is named and not shown."""
    assert rendered(finding(at("", 5, 9))).splitlines()[1:4] == [
        "  --> deploy/access.yaml:14:5",
        "   = object: Access shop/web-in, spec.targets[0].serviceName",
        "   = help: add the Service to the sources",
    ]


def test_without_places_the_document_is_named() -> None:
    """An object without source text is placed at its document's first line."""
    assert " --> deploy/access.yaml:3:1\n" in rendered(finding())


def test_findings_about_the_whole_input() -> None:
    """A finding about no file and no object has neither line."""
    lonely = finding(code=Code.NO_INTENTS, message="no MaxTac resource", ref=None, field=(), path="", mend="")
    assert rendered(lonely) == "error[no-intents]: no MaxTac resource\n\n1 error\n"


@pytest.mark.parametrize(
    ("excerpt", "columns", "shown", "carets"),
    [
        ("\tname: x", (8, 9), "    name: x", "          ^"),
        ("a\tb: x", (6, 7), "a   b: x", "       ^"),
        ("名前: 値段", (5, 7), "名前: 値段", "      ^^^^"),
        ("e\u0301: x", (5, 6), "e\u0301: x", "   ^"),
        ("k: a\x1b[2J", (4, 9), "k: a\\x1b[2J", "   ^^^^^^^^"),
        ("k:\u202ex", (4, 5), "k:\\u202ex", "        ^"),
        ("k: x   ", (4, 5), "k: x", "   ^"),
        ("k:", (1, 1), "k:", "^"),
        ("k: x", (4, 400), "k: x", "   ^"),
    ],
)
def test_carets_stand_under_the_field(excerpt: str, columns: tuple[int, int], shown: str, carets: str) -> None:
    """Tabs, wide and combining characters and escapes do not shift the carets."""
    lines = rendered(finding(at(excerpt, *columns))).splitlines()
    assert lines[3:5] == [f"14 | {shown}", f"   | {carets}"]


def test_long_lines_are_cut_around_the_field() -> None:
    """Of a line of flow style a thousand characters long, the part with the field is shown."""
    excerpt = "x" * 500 + "NAME" + "y" * 500
    source, carets = rendered(finding(at(excerpt, 501, 505))).splitlines()[3:5]
    assert len(source) < 140
    assert source.startswith("14 | ...")
    assert source.endswith("...")
    assert source[carets.index("^") : carets.rindex("^") + 1] == "NAME"


def test_a_column_beyond_the_excerpt_shows_no_source() -> None:
    """An excerpt that was cut before the field is not shown: carets would stand under something else."""
    assert "|" not in rendered(finding(at("short", 100, 105)))


def test_gutter_is_as_wide_as_the_line_number() -> None:
    """The bars stand under each other whatever the line number."""
    lines = rendered(finding(at("name: x", 7, 8, line=12345))).splitlines()
    assert [line.index("|") for line in lines if "|" in line] == [6, 6, 6]
    assert lines[1].startswith("     --> ")


def test_nothing_hostile_reaches_the_terminal() -> None:
    """Escape sequences in paths, names, fields and messages are shown and not obeyed."""
    evil = "\x1b]0;owned\x07\r\n\u202e"
    ref = ObjectRef("v1", "Service", evil, evil)
    hostile = finding(at(evil, 1, 3), message=evil, mend=evil, ref=ref, field=(evil,), path=evil)
    assert all(line.isprintable() for line in rendered(hostile).splitlines())


def test_no_trailing_blanks() -> None:
    """No line ends in a blank, also where the source's does."""
    output = rendered(finding(at("name: x   ", 7, 8)), finding(at("  \t ", 1, 2)))
    assert all(line == line.rstrip() for line in output.splitlines())


def test_colour_only_adds_escapes() -> None:
    """The coloured report is the plain one with colour."""
    one = finding(at("    - serviceName: payments", 20, 28), severity=Severity.WARNING)
    coloured = rendered(one, colour=True)
    assert ESCAPES.sub("", coloured) == rendered(one)
    assert coloured.startswith("\x1b[1;33mwarning[missing-target]\x1b[0m")


def test_a_thousand_findings_are_all_there_and_quick() -> None:
    """No finding is hidden behind others, and writing a thousand takes a fraction of a second."""
    findings = [finding(at("    - serviceName: payments", 20, 28, line=line)) for line in range(1, 1001)]
    begin = time.process_time()
    output = rendered(*findings)
    assert time.process_time() - begin < 0.5
    assert output.count("error[missing-target]") == 1000
    assert output.endswith("\n1000 errors\n")
