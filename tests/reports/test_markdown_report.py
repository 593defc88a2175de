"""The Markdown report: read by a foreign parser, nothing in a finding is structure, and it fits into a comment."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st
from report_samples import FOUND, HOSTILE, RUN, finding, findings, foreign, rendered

from maxtac_render.model.catalogue import Code
from maxtac_render.model.diagnostics import Diagnostic
from maxtac_render.reports import Run
from maxtac_render.reports.text import visible

TAGS = {"h3", "table", "thead", "tbody", "tr", "th", "td", "code", "details", "summary", "ul", "li", "p"}
MENTION = re.compile(r"[@#!~%$&^](?=[\w\"\[])")


class Page(HTMLParser):
    """What a browser would see: the tags, and the cells of the table."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.cells: list[list[str]] = []
        self.text = ""
        self._open = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not attrs, attrs
        self.tags.append(tag)
        if tag == "tr":
            self.cells.append([])
        if tag in ("td", "th"):
            self.cells[-1].append("")
            self._open = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._open = False

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._open:
            self.cells[-1][-1] += data


def page(found: list[Diagnostic], run: Run = RUN) -> Page:
    """The report as a Markdown parser with tables and raw HTML shows it."""
    markdown = foreign("markdown_it").MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    shown = Page(markdown.render(rendered("markdown", found, run)))
    assert set(shown.tags) <= TAGS, set(shown.tags) - TAGS
    assert not MENTION.search(shown.text), MENTION.search(shown.text)
    return shown


def words(text: str) -> str:
    """Text without the blanks that no reader sees."""
    return " ".join(text.replace("\u200b", "").split())


def test_the_golden_report_reads_as_what_was_found() -> None:
    """A heading, a row for each finding, and each mend."""
    shown = page(list(FOUND))
    assert shown.cells[0] == ["", "finding", "where"]
    assert len(shown.cells) == len(FOUND) + 1
    assert [row[0] for row in shown.cells[1:]] == ["error"] * 8 + ["warning"] * 3 + ["info"] * 2
    assert words(f"{visible(HOSTILE)} malformed-target") in {words(row[1]) for row in shown.cells}
    assert "8 errors, 3 warnings, 2 info; nothing rendered" in shown.text
    assert shown.tags.count("details") == 1


def test_without_findings_it_says_so() -> None:
    """A comment that an earlier run made can be brought up to date."""
    assert rendered("markdown", [], RUN._replace(outcome="")) == (
        "<!-- maxtac-render -->\n### maxtac: no findings\n\n5 MaxTac resources checked.\n"
    )


def test_what_is_too_long_is_left_out_and_counted() -> None:
    """The gravest findings come first, and the last line counts the rest."""
    found = [finding(Code.BARE_IP, field=("spec", number), message="\U0001f4a5" * 50) for number in range(5_000)]
    found += [finding(field=("spec", number)) for number in range(5)]
    text = rendered("markdown", found)
    assert 60_000 < len(text.encode("utf-16-le")) / 2 <= 65_536
    shown = page(found)
    assert [row[0] for row in shown.cells[1:7]] == ["error"] * 5 + ["info"]
    left = len(found) - (len(shown.cells) - 1)
    assert text.splitlines()[-1] == f"{left:,} more findings are left out: a comment is not that long."


def test_one_finding_that_is_too_long_is_left_out() -> None:
    """The limit holds whatever a finding says."""
    text = rendered("markdown", [finding(message="@" * 70_000)])
    assert text.endswith("\n1 more finding is left out: a comment is not that long.\n")


@given(st.lists(findings(), max_size=5))
def test_any_text_is_text(found: list[Diagnostic]) -> None:
    """Whatever findings say, each is one row of three cells, and its message is read as it is."""
    shown = page(found, RUN._replace(outcome=""))
    assert len(shown.cells) == (len(found) + 1 if found else 0)
    assert all(len(row) == 3 for row in shown.cells)
    read = {words(row[1]) for row in shown.cells}
    for one in found:
        assert words(f"{visible(one.message)} {one.code.id}") in read
