"""A comparison for the comment on a pull request: counts, tables of what opened and closed, and the policies folded.

Nothing that was read is Markdown or HTML in it, as in the report of findings, and what it has no room for is counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from maxtac_render.analysis.reasons import Reason
from maxtac_render.cli.comparing import Account, merged, words
from maxtac_render.model.changes import Change
from maxtac_render.reports.markdown import LONGEST, SPARE, code, length, plain
from maxtac_render.reports.text import visible

MARK = "<!-- maxtac-render diff -->"
"""The first line, by which a later run finds its comment again."""

_CHANGES = {"opened": "opened", "closed": "closed", "changed": "other ports"}
_TICKS = re.compile("`+")


class _Part(NamedTuple):
    """Entries of a comment, what stands before and after them, and what they are called where they are left out."""

    noun: str
    head: str
    entries: Sequence[str]
    tail: str = ""


def render(account: Account, *, colour: bool = False) -> Iterator[str]:  # noqa: ARG001 - the signature of every form
    """The whole comment; where it would be too long, the last entries of each part are left out."""
    first, *others = words.headline(account)
    yield f"{MARK}\n### maxtac diff: {plain(first)}\n"
    if others:
        yield f"\n{plain('; '.join(others))}\n"
    names = words.Names(words.cast(account.comparison.aligned))
    room = LONGEST - SPARE - length([first, *others])
    for part in (_connections(account, names), _isolation(account, names), _policies(account)):
        fitting = list(_fitting(part.entries, room))
        room -= length(fitting)
        if fitting:
            yield f"{part.head}{''.join(fitting)}{part.tail}"
        left = len(part.entries) - len(fitting)
        if left:
            yield f"\nLeft out, because a comment is not that long: {left:,} {part.noun}.\n"


def _fitting(entries: Sequence[str], room: int) -> Iterator[str]:
    for entry in entries:
        room -= length([entry])
        if room < 0:
            return
        yield entry


def _connections(account: Account, names: words.Names) -> _Part:
    rows = [
        (
            _CHANGES[shift.pairing.word],
            plain(names.of(shift.sources)),
            plain(names.of(shift.targets)),
            plain(words.ports(shift.pairing)),
            _why(reasons),
        )
        for shift, reasons in merged(account.lasting)
    ]
    for comer in account.comers:
        said = "<br>".join(plain(line) for line in words.connected(comer, names))
        rows.append(("opened" if comer.fresh else "closed", plain(names.of(comer.pods)), "", "", said))
    head = "\n| | from | to | ports | |\n|---|---|---|---|---|\n"
    return _Part("rows of connections", head, [_row(*cells) for cells in rows])


def _isolation(account: Account, names: words.Names) -> _Part:
    rows = [_row(plain(names.of(turn.pods)), words.became(turn), _why(reasons)) for turn, reasons in account.turns]
    return _Part("rows of workloads", "\n| workloads | are | |\n|---|---|---|\n", rows)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def _why(reasons: Sequence[Reason]) -> str:
    return "<br>".join(
        " ".join(filter(None, (plain(visible(text)), code(visible(place))))) for text, place in words.why(reasons)
    )


def _policies(account: Account) -> _Part:
    head = "\n<details><summary>Policies</summary>\n"
    return _Part("policies", head, [_difference(change) for change in account.changes], "\n</details>\n")


def _difference(change: Change) -> str:
    """A policy's diff as a block that nothing in it ends."""
    text = "".join(words.line(line) for line in words.unified(change))
    fence = "`" * max(3, *(len(ticks) + 1 for ticks in _TICKS.findall(text)), 3)
    return f"\n{fence}diff\n{text}{fence}\n"
