"""The annotations for GitHub: read back as the runner reads them."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from report_samples import FOUND, at, finding, findings, rendered

from maxtac_render.model.catalogue import Severity
from maxtac_render.model.diagnostics import Diagnostic
from maxtac_render.reports.text import visible

LINE = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)", re.DOTALL)


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """The commands as the runner takes them apart: at line ends, then at ``::``, commas and the first ``=``."""
    found = []
    for line in text.split("\n")[:-1]:
        read = LINE.fullmatch(line)
        assert read, line
        properties = dict(pair.split("=", 1) for pair in read[2].split(","))
        found.append((read[1], {name: plain(value) for name, value in properties.items()}, plain(read[3])))
    return found


def plain(text: str) -> str:
    for escape, char in (("%2C", ","), ("%3A", ":"), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
        text = text.replace(escape, char)
    return text


def test_no_findings_are_no_commands() -> None:
    """A clean run says nothing."""
    assert rendered("github", []) == ""


def test_columns_count_inclusively() -> None:
    """GitHub's last column is one of the field."""
    ((_, properties, _),) = commands(rendered("github", [finding(place=at(14, 20, 28))]))
    assert (properties["col"], properties["endColumn"], properties["line"]) == ("20", "27", "14")


def test_nothing_in_a_path_ends_a_property() -> None:
    """Commas, colons, percent signs and escapes that stand in the path are read as its own."""
    ((_, properties, _),) = commands(rendered("github", [finding(path="a,line=9::b%2C:c=d.yaml")]))
    assert properties["file"] == "apps/a,line=9::b%2C:c=d.yaml"


def test_a_document_has_no_column() -> None:
    """Where only the line is known, only the line is said."""
    ((_, properties, _),) = commands(rendered("github", [finding(line=3)]))
    assert properties.keys() == {"file", "line", "endLine", "title"}


def test_the_gravest_come_first() -> None:
    """GitHub shows few of many."""
    kinds = [kind for kind, _, _ in commands(rendered("github", FOUND))]
    assert kinds == sorted(kinds, key=["error", "warning", "notice"].index)


@given(st.lists(findings(), max_size=5))
def test_any_text_reads_back(found: list[Diagnostic]) -> None:
    """There is one command for each finding, and the runner reads the message that was found."""
    read = commands(rendered("github", found))
    assert len(read) == len(found)
    for one in found:
        assert any(message.startswith(visible(one.message)) for _, _, message in read)
    assert sorted(kind for kind, _, _ in read) == sorted(
        {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}[one.severity] for one in found
    )
