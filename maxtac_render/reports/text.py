"""Findings for people, as a good compiler prints them: what, where, the source line, and how to mend it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from maxtac_render.model.catalogue import Severity
from maxtac_render.model.diagnostics import Diagnostic, Site
from maxtac_render.model.objects import Place, path_text

TAB = 4
"""Columns from one tab stop to the next."""

WIDEST = 120
"""Columns of a source line that are shown; more is cut around the field."""

BEFORE = 40
"""Columns kept before the field where a line is cut."""

CUT = "..."


class Paint(NamedTuple):
    """The escape sequences of each part of a finding; all empty without colour."""

    error: str = ""
    warning: str = ""
    info: str = ""
    strong: str = ""
    frame: str = ""
    end: str = ""

    def of(self, severity: Severity) -> str:
        """The colour of a severity."""
        return {Severity.ERROR: self.error, Severity.WARNING: self.warning}.get(severity, self.info)


PLAIN = Paint()
COLOURS = Paint("\x1b[1;31m", "\x1b[1;33m", "\x1b[1;36m", "\x1b[1m", "\x1b[1;34m", "\x1b[0m")


def render(diagnostics: Sequence[Diagnostic], *, colour: bool = False, outcome: str = "") -> Iterator[str]:
    """One text for each finding, then how many there were and what came of it; nothing at all where there are none."""
    paint = COLOURS if colour else PLAIN
    for diagnostic in diagnostics:
        yield "".join(f"{line.rstrip(' ')}\n" for line in _finding(diagnostic, paint)) + "\n"
    if diagnostics:
        yield f"{paint.strong}{'; '.join(filter(None, (tally(diagnostics), outcome)))}{paint.end}\n"


def tally(diagnostics: Iterable[Diagnostic]) -> str:
    """How many findings of each severity there are: ``2 errors, 1 warning``; empty without any."""
    counts = Counter(diagnostic.severity for diagnostic in diagnostics)
    return ", ".join(_number(counts[severity], severity) for severity in sorted(counts, reverse=True))


def _number(count: int, severity: Severity) -> str:
    plural = "s" if count != 1 and severity is not Severity.INFO else ""
    return f"{count} {severity.word}{plural}"


def _finding(diagnostic: Diagnostic, paint: Paint) -> Iterator[str]:
    code, severity, message, mend, _, field, _, _ = diagnostic
    colour = paint.of(severity)
    yield f"{colour}{severity.word}[{code.id}]{paint.end}{paint.strong}: {visible(message)}{paint.end}"
    yield from located(Site(diagnostic, field), paint, colour, {"help": mend})


def located(site: Site, paint: Paint, colour: str, notes: Mapping[str, str]) -> Iterator[str]:
    """Where something is written: file and place, the source line with the field in a colour, object, and notes."""
    place, ref, origin = site.place, site.about.ref, site.about.origin
    number = str(place.line) if origin.line else ""
    margin = " " * len(number)
    if origin.path:
        yield f"{paint.frame}{margin}-->{paint.end} {visible(origin.path)}{_position(site)}"
    if place.excerpt.strip() and place.column <= len(place.excerpt):
        yield from _excerpt(place, number, paint, colour)
    about = "" if ref is None else f"{ref}, {path_text(site.field)}" if site.field else str(ref)
    for word, note in {"object": about, **notes}.items():
        if note:
            yield f"{paint.frame}{margin} = {paint.end}{paint.strong}{word}{paint.end}: {visible(note)}"


def _position(site: Site) -> str:
    """Where in its file something is; where its line is not known, in which of several documents."""
    origin = site.about.origin
    if origin.line:
        return f":{site.place.line}:{site.place.column}"
    return f", document {origin.document + 1}" if origin.document else ""


def _excerpt(place: Place, number: str, paint: Paint, colour: str) -> Iterator[str]:
    """The source line between two bars, with its number, and carets under the field."""
    margin = " " * len(number)
    source, start, length = _window(place)
    yield f"{paint.frame}{margin} |{paint.end}"
    yield f"{paint.frame}{number} |{paint.end} {source}"
    yield f"{paint.frame}{margin} |{paint.end} {' ' * start}{colour}{'^' * length}{paint.end}"


def _window(place: Place) -> tuple[str, int, int]:
    """The source line as it is shown, the column under which the carets begin, and how many there are."""
    line = place.excerpt.rstrip()
    first = min(place.column - 1, len(line))
    last = max(first, min(place.end_column - 1, len(line)))
    begin = 0 if last <= WIDEST else max(0, first - BEFORE)
    stop = begin + WIDEST
    lead = CUT if begin else ""
    before = _shown(line[begin:first], len(lead))
    start = len(lead) + before.width
    field = _shown(line[first : min(last, stop)], start)
    after = _shown(line[min(last, stop) : stop], start + field.width)
    trail = CUT if stop < len(line) else ""
    return lead + before.text + field.text + after.text + trail, start, max(field.width, 1)


class Shown(NamedTuple):
    """Source text as it is shown, and the columns that it takes."""

    text: str
    width: int


def _shown(text: str, column: int) -> Shown:
    """Source text with tabs as blanks and what cannot be seen as escapes; ``column`` is where it begins."""
    if text.isascii() and text.isprintable():
        return Shown(text, len(text))
    end, shown = column, []
    for char in text:
        cell = " " * (TAB - end % TAB) if char == "\t" else visible(char)
        shown.append(cell)
        end += len(cell) if len(cell) > 1 else _columns(cell)
    return Shown("".join(shown), end - column)


def _columns(char: str) -> int:
    """How many columns a character takes on a terminal (Unicode Standard Annex 11, and none for combining marks)."""
    if char.isascii():
        return 1
    from unicodedata import category, east_asian_width  # noqa: PLC0415 - only for what is not ASCII

    if category(char) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(char) in "WF" else 1


def visible(text: str) -> str:
    """Text that a terminal shows as it is: whatever could steer it, or cannot be seen, as an escape."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
