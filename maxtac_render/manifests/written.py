"""Files of which every document is wanted, whatever it is: those that people write for this program."""

from __future__ import annotations

from typing import Any, NamedTuple

from maxtac_render.manifests import build
from maxtac_render.manifests.encoding import to_utf8
from maxtac_render.manifests.faults import Broken, OverLimit
from maxtac_render.manifests.places import Document
from maxtac_render.model.diagnostics import Code, Located, Report, Spot
from maxtac_render.model.objects import FieldPath, Key, Origin, Place

LONGEST = 1 << 20
"""Bytes of a file; more is none that somebody wrote by hand."""


class Written(NamedTuple):
    """A document that says something: its value, where it was read, and the keys that stand twice in it."""

    value: Any
    origin: Origin
    twice: tuple[FieldPath, ...]

    def report_twice(self, about: Located, report: Report) -> None:
        """Report the keys that stand twice; what the document says is ``about`` one object."""
        for path in self.twice:
            report.add(Code.DUPLICATE_KEY, about, path, key=path[-1])


def read(data: bytes, path: str, report: Report, longest: int = LONGEST) -> list[Written] | None:
    """The documents of a file that are not empty; None, with a finding, for a file that cannot be read to its end."""
    try:
        if len(data) > longest:
            raise OverLimit("the size of the file", longest)
        text = to_utf8(data)
        parsed = list(enumerate(build.documents(text)))
    except (Broken, OverLimit) as fault:
        return _unreadable(fault, path, report)
    except RecursionError:
        return _unreadable(OverLimit(build.NESTING, build.DEPTH), path, report)
    return [_written(text, path, number, each) for number, each in parsed if each.value is not None]


def _written(text: bytes, path: str, number: int, parsed: build.Parsed) -> Written:
    places = Document(text, 0, number)
    twice = tuple((*where, Key(key)) for where, key in places.duplicates()) if parsed.twice else ()
    return Written(parsed.value, Origin(path, number, parsed.line + 1, places), twice)


def _unreadable(fault: Broken | OverLimit, path: str, report: Report) -> None:
    place = Place(fault.line + 1, fault.column + 1, fault.column + 1, "", "")
    spot = Spot(Origin(path, 0, place.line, lambda _path: place))
    if isinstance(fault, OverLimit):
        report.add(Code.OVER_LIMIT, spot, what=fault.what, limit=fault.limit)
    else:
        report.add(Code.BROKEN_YAML, spot, problem=fault.problem)
