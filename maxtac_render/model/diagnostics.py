"""Findings about the input, and the report that collects them; what can be found is in the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Protocol

from maxtac_render.model.catalogue import CODES, SEVERITIES, Code, Entry, Severity
from maxtac_render.model.objects import FieldPath, ObjectRef, Origin, Place, path_text

__all__ = [
    "CODES",
    "SEVERITIES",
    "Code",
    "Diagnostic",
    "Entry",
    "Located",
    "Report",
    "Severity",
    "Site",
    "Spot",
    "counted",
    "did_you_mean",
    "listed",
    "nearest",
    "printable",
]


class Located(Protocol):
    """Anything that a finding can be about."""

    @property
    def ref(self) -> ObjectRef | None:
        """The object."""

    @property
    def origin(self) -> Origin:
        """Where it was read."""


class Spot(NamedTuple):
    """A place in the input that belongs to no object."""

    origin: Origin
    ref: ObjectRef | None = None


class Site(NamedTuple):
    """A field of something, where that was read."""

    about: Located
    field: FieldPath = ()

    @property
    def place(self) -> Place:
        """Where the field stands, or else where its document begins."""
        origin = self.about.origin
        return origin.places(self.field) or Place(origin.line, 1, 1, "", "")

    @property
    def where(self) -> str:
        """File and line: ``web.yaml:7``. A line that is not known is left out; for what is in no file it is empty."""
        origin = self.about.origin
        return f"{origin.path}:{self.place.line}" if origin.path and origin.line else origin.path


NOWHERE = Spot(Origin(""))
"""What findings about the input as a whole are about."""


class Diagnostic(NamedTuple):
    """One finding: what, how grave, about which field of which object, and how to mend it.

    ``facts`` are what was found, as it was found: not made harmless to print, as the texts are.
    """

    code: Code
    severity: Severity
    message: str
    mend: str
    ref: ObjectRef | None
    field: FieldPath
    origin: Origin
    facts: Mapping[str, object] = {}

    @property
    def place(self) -> Place:
        """Where the field stands, or else where its document begins."""
        return Site(self, self.field).place

    def moved(self, move: Callable[[Origin], Origin]) -> Diagnostic:
        """The same finding, where each place that it names is the one that ``move`` gives for it."""
        facts = {name: move(fact) if isinstance(fact, Origin) else fact for name, fact in self.facts.items()}
        message, mend = _worded(self.code, facts)
        return self._replace(message=message, mend=mend, origin=move(self.origin), facts=facts)


def _worded(code: Code, facts: Mapping[str, object]) -> tuple[str, str]:
    """A code's message and how to mend it, the braces filled with facts that were made harmless to print."""
    shown = {name: printable(str(fact)) for name, fact in facts.items()}
    return code.value.message.format(**shown), code.value.mend.format(**shown)


class Report:
    """Collects findings; equal ones count once, and rules that are switched off are not heard."""

    def __init__(self, severities: Mapping[Code, Severity] | None = None) -> None:
        self._severities = severities or {}
        self._found: dict[tuple[object, ...], Diagnostic] = {}
        self.ignored = 0
        """How many findings have been withdrawn."""

    def add(self, code: Code, about: Located, field: FieldPath = (), **facts: object) -> None:
        """Report a finding about a field of an object; the facts fill the message's braces, made harmless to print."""
        severity = self._severities.get(code, code.value.severity)
        if severity is Severity.OFF:
            return
        message, mend = _worded(code, facts)
        self.take([Diagnostic(code, severity, message, mend, about.ref, field, about.origin, facts)])

    def copy(self) -> Report:
        """Another report with what has been found so far."""
        other = Report(self._severities)
        other._found.update(self._found)
        return other

    def take(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Take in what others have found."""
        for found in diagnostics:
            code, _, message, _, ref, field, origin, _ = found
            self._found.setdefault((code, ref, field, message, origin.path, origin.document), found)

    def since(self, before: Report) -> list[Diagnostic]:
        """The findings that an earlier copy did not have, sorted."""
        return sorted((each for key, each in self._found.items() if key not in before._found), key=_order)

    def withdraw(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Take findings back, because somebody has said that they may be."""
        gone = {id(diagnostic) for diagnostic in diagnostics}
        self._found = {key: found for key, found in self._found.items() if id(found) not in gone}
        self.ignored += len(gone)

    def hears(self, code: Code) -> bool:
        """Tell whether findings of a code are collected at all."""
        return self._severities.get(code, code.value.severity) is not Severity.OFF

    def sorted(self) -> list[Diagnostic]:
        """The findings in the order of the input: path, line, column, then id; what is about all of it comes last."""
        return sorted(self._found.values(), key=_order)

    @property
    def worst(self) -> Severity:
        """The gravest severity reported; OFF when nothing was."""
        return max((diagnostic.severity for diagnostic in self._found.values()), default=Severity.OFF)

    def count(self, severity: Severity) -> int:
        """How many findings of this severity there are."""
        return sum(diagnostic.severity is severity for diagnostic in self._found.values())


def _order(diagnostic: Diagnostic) -> tuple[object, ...]:
    place, ref = diagnostic.place, diagnostic.ref
    path = diagnostic.origin.path
    where = (not path, path, diagnostic.origin.document, place.line, place.column)
    return (*where, diagnostic.code.id, str(ref or ""), path_text(diagnostic.field), diagnostic.message)


LONGEST_FACT = 253


def printable(text: str) -> str:
    """Text that can be shown anywhere: control and invisible characters escaped, cut where it is very long."""
    if len(text) > LONGEST_FACT:
        text = text[: LONGEST_FACT - 3] + "..."
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def nearest(word: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """The known word that looks most like a word; empty when none is as near as ``likeness``, of at most 1."""
    from difflib import get_close_matches  # noqa: PLC0415 - only for wrong input

    return next(iter(get_close_matches(word, list(known), n=1, cutoff=likeness)), "")


def did_you_mean(word: str, known: tuple[str, ...] | list[str]) -> str:
    """A hint with the nearest known word, or all of them when none is near."""
    near = nearest(word, known)
    return f"did you mean {near}?" if near else f"known here: {', '.join(known)}"


FEW = 4
"""Up to how many names are listed; of more the last are counted."""


def listed(names: Iterable[str]) -> str:
    """Names with commas and an "and"; of many the last are counted."""
    words = list(names)
    if len(words) > FEW + 1:
        words = [*words[:FEW], f"{len(words) - FEW:,} others"]
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def counted(names: list[str]) -> str:
    """A list in a message: the first name, and how many others there are."""
    others = len(names) - 1
    return f"{names[0]} and {others} {'other' if others == 1 else 'others'}" if others else names[0]
