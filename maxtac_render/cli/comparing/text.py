"""A comparison for people: how much differs, then connections and isolation with what is responsible, then policies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from maxtac_render.analysis.reasons import Reason
from maxtac_render.cli.comparing import Account, merged, words
from maxtac_render.cli.differences import coloured
from maxtac_render.reports.text import COLOURS, PLAIN, Paint

_MARKS = {"opened": "+", "closed": "-", "changed": "~"}


def render(account: Account, *, colour: bool = False) -> Iterator[str]:
    """The whole text; nothing where nothing differs."""
    if "any" not in account.happened:
        return
    paint = COLOURS if colour else PLAIN
    for line in words.headline(account):
        yield f"{paint.strong}{line}{paint.end}\n"
    names = words.Names(words.cast(account.comparison.aligned))
    yield from _section("Connections", _connections(account, names), paint, colour=colour)
    yield from _section("Isolation", _isolation(account, names), paint, colour=colour)
    yield from _section("Policies", _policies(account), paint, colour=colour)


def _section(title: str, lines: Iterable[str], paint: Paint, *, colour: bool) -> Iterator[str]:
    head = f"\n{paint.strong}{title}{paint.end}\n"
    for line in lines:
        shown = words.line(line)
        yield head + (coloured(shown) if colour else shown)
        head = ""


def _connections(account: Account, names: words.Names) -> Iterator[str]:
    for shift, reasons in merged(account.lasting):
        pairing = shift.pairing
        ends = f"{names.of(shift.sources)} -> {names.of(shift.targets)}"
        yield f"{_MARKS[pairing.word]} {ends}: {words.ports(pairing)}"
        yield from _reasons(reasons)
    for comer in account.comers:
        yield f"{'+' if comer.fresh else '-'} {names.of(comer.pods)}"
        yield from (f"    {line}" for line in words.connected(comer, names))


def _isolation(account: Account, names: words.Names) -> Iterator[str]:
    for turn, reasons in account.turns:
        mark = "~" if turn.isolates and turn.frees else "-" if turn.isolates else "+"
        yield f"{mark} {names.of(turn.pods)}: {words.became(turn)}"
        yield from _reasons(reasons)


def _reasons(reasons: Sequence[Reason]) -> Iterator[str]:
    for text, place in words.why(reasons):
        yield f"    {text}{f' ({place})' if place else ''}"


def _policies(account: Account) -> Iterator[str]:
    for change in account.changes:
        yield from words.unified(change)
