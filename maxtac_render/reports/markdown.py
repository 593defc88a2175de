"""Findings as Markdown for the comment on a pull request: a count, a table, and the mends folded away.

Nothing in a finding is Markdown or HTML: each character that could be is written as a character reference, which never
is structure (https://spec.commonmark.org/0.31.2/#entity-and-numeric-character-references), and one that forges read as
a mention or a reference is kept apart from what follows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from maxtac_render.model.diagnostics import Diagnostic
from maxtac_render.reports import Run
from maxtac_render.reports._findings import Finding, gathered
from maxtac_render.reports.text import tally, visible

LONGEST = 65_536
"""Characters of a comment on GitHub."""

SPARE = 1_000
"""Characters that are kept for what stands around the findings."""

MARK = "<!-- maxtac-render -->"
"""The first line, by which a later run finds its comment again."""

_SPECIAL = re.compile(r"""[\\`*_\[\]<>#!|~&@$:^=%+{}]""")
_SIGIL = re.compile(r"""(?<=[@#!~%$&^])(?=[\w"\[{(*-])""")
_WWW = re.compile(r"(?<=www)\.", re.IGNORECASE)
_APART = "\u200b"
"""A blank without width."""


def render(found: Sequence[Diagnostic], run: Run) -> Iterator[str]:
    """The whole comment; the mildest findings are left out where it would be too long."""
    findings = gathered(found, run)
    outcome = "; ".join(filter(None, (tally(found) or "no findings", visible(run.outcome))))
    yield f"{MARK}\n### maxtac: {plain(outcome)}\n"
    rows, mends, left = _fitting(findings)
    if rows:
        yield "\n| | finding | where |\n|---|---|---|\n"
        yield from rows
    if mends:
        yield "\n<details><summary>Objects, and how to mend them</summary>\n\n"
        yield from mends
        yield "\n</details>\n"
    if left:
        yield f"\n{left:,} more {'finding is' if left == 1 else 'findings are'} left out: a comment is not that long.\n"
    elif run.checked:
        yield f"\n{len(run.checked):,} {run.noun}{'' if len(run.checked) == 1 else 's'} checked.\n"


def _fitting(findings: Sequence[Finding]) -> tuple[list[str], list[str], int]:
    """The rows and the mends that a comment holds, and how many findings it does not."""
    rows: list[str] = []
    mends: list[str] = []
    left = LONGEST - SPARE
    for finding in findings:
        row, mend = _row(finding), _mend(finding)
        left -= length((row, mend))
        if left < 0:
            break
        rows.append(row)
        mends += [mend] if mend else []
    return rows, mends, len(findings) - len(rows)


def length(texts: Iterable[str]) -> int:
    """The length as the strictest readers count it, in units of UTF-16."""
    return sum(len(text.encode("utf-16-le")) // 2 for text in texts)


def _row(finding: Finding) -> str:
    what = f"{plain(finding.message)} {code(finding.id)}"
    return f"| {finding.severity.word} | {what} | {code(finding.where)} |\n"


def _mend(finding: Finding) -> str:
    about, mend = finding.about or finding.where, finding.mend
    if not (about and (mend or finding.about)):
        return ""
    return f"- {code(about)}: {plain(mend)}\n" if mend else f"- {code(about)}\n"


def code(text: str) -> str:
    """Text in the shape of code; empty without text."""
    return f"<code>{plain(text)}</code>" if text else ""


def plain(text: str) -> str:
    """Text that no Markdown reader takes for anything but text."""
    apart = _SIGIL.sub(_APART, text)
    return _WWW.sub("&#46;", _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", apart))
