"""How findings are mended: each as changes of its object's fields, safe ones apart from those that change meaning."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Literal, NamedTuple

from maxtac_render.frontends.maxtac.lifetime import parse_duration
from maxtac_render.model.diagnostics import Code, Diagnostic
from maxtac_render.model.intent import EXPIRES_AT, KINDS, Kind, ServiceTarget
from maxtac_render.model.names import is_label_name
from maxtac_render.model.objects import FieldPath
from maxtac_render.model.ownership import rfc3339

_UNEASY = re.compile(r"[\\\r\n]|''")
"""What stands in source text that is not the text itself."""


class Change(NamedTuple):
    """What happens to a field of the finding's object.

    ``what`` is the text to set or add, or the new key; to set, it can also be what makes the new text from the old one.
    """

    path: FieldPath
    verb: Literal["set", "add", "rename", "remove"]
    what: str | Callable[[str], str] = ""


class Mend(NamedTuple):
    """The changes that mend a finding, all of them or none; ``safe`` tells that they write down what was meant."""

    diagnostic: Diagnostic
    changes: tuple[Change, ...]
    safe: bool


Changes = tuple[Change, ...]


def mends(findings: Iterable[Diagnostic], now: datetime) -> Iterator[Mend]:
    """The mends of the findings that have one."""
    for diagnostic in findings:
        make = _SAFE.get(diagnostic.code) or _UNSAFE.get(diagnostic.code)
        changes = make(diagnostic, now) if make else ()
        if changes:
            yield Mend(diagnostic, changes, diagnostic.code in _SAFE)


def _quote(diagnostic: Diagnostic, _now: datetime) -> Changes:
    return (Change(diagnostic.field, "set", _fact(diagnostic, "value")),)


def _write_word(diagnostic: Diagnostic, _now: datetime) -> Changes:
    return (Change(diagnostic.field, "set", _fact(diagnostic, "word")),)


def _put_name_first(diagnostic: Diagnostic, _now: datetime) -> Changes:
    new = _fact(diagnostic, "name_first")
    return (
        Change(diagnostic.field, "set", partial(_exchanged, separator=";", old=_fact(diagnostic, "value"), new=new)),
    )


def _write_cidr(diagnostic: Diagnostic, _now: datetime) -> Changes:
    cidr = _fact(diagnostic, "cidr")
    if not _in_annotation(diagnostic):
        return (Change(diagnostic.field, "set", cidr),)
    return (Change(diagnostic.field, "set", partial(_with_cidr, old=_fact(diagnostic, "value"), cidr=cidr)),)


def _move(diagnostic: Diagnostic, _now: datetime) -> Changes:
    """Move an annotation, if all of it makes sense under the key that was meant."""
    meant = _fact(diagnostic, "meant")
    kind = _kind_of(meant)
    place = diagnostic.origin.places(diagnostic.field)
    if kind is None or place is None or _UNEASY.search(place.text):
        return ()
    parts = _parts(place.text, "," if kind.external else ";")
    makes_sense = bool(parts) and all(_meaning(part, kind) for part in parts)
    return (Change(diagnostic.field, "rename", meant),) if makes_sense else ()


def _stamp(diagnostic: Diagnostic, now: datetime) -> Changes:
    seconds = parse_duration(_fact(diagnostic, "value"))
    try:
        deadline = now.replace(microsecond=0) + timedelta(seconds=seconds or 0)
    except OverflowError:
        return ()
    return (Change(("metadata", "annotations", EXPIRES_AT), "add", rfc3339(deadline)),)


def _make_cluster_access(diagnostic: Diagnostic, _now: datetime) -> Changes:
    return (Change(diagnostic.field, "set", "ClusterAccess"),)


def _take_guess(diagnostic: Diagnostic, _now: datetime) -> Changes:
    near = _fact(diagnostic, "near")
    return (Change(diagnostic.field, "rename", near),) if near else ()


def _remove(diagnostic: Diagnostic, _now: datetime) -> Changes:
    return (Change(diagnostic.field, "remove"),)


def _remove_double(diagnostic: Diagnostic, _now: datetime) -> Changes:
    kind = _kind_of(str(diagnostic.field[-1]))
    if kind is None or not _in_annotation(diagnostic):
        return (Change(diagnostic.field, "remove"),)
    return (Change(diagnostic.field, "set", partial(_once, kind=kind, target=_fact(diagnostic, "target"))),)


def _fact(diagnostic: Diagnostic, name: str) -> str:
    return str(diagnostic.facts[name])


def _in_annotation(diagnostic: Diagnostic) -> bool:
    return diagnostic.field[:2] == ("metadata", "annotations")


def _kind_of(key: str) -> Kind | None:
    return next((kind for kind in KINDS.values() if kind.targets_annotation == key), None)


def _parts(text: str, separator: str) -> list[str]:
    return [part.strip() for part in text.split(separator) if part.strip()]


def _exchanged(text: str, *, separator: str, old: str, new: str) -> str:
    """A list with one of its parts exchanged wherever it stands; blanks and line breaks around the parts stay."""
    return separator.join(
        part.replace(part.strip(), new) if part.split() == old.split() else part for part in text.split(separator)
    )


def _with_cidr(text: str, *, old: str, cidr: str) -> str:
    """A list of address ranges with one of them exchanged, its prefix length set off as in the others."""
    slashed = "/" in (old if re.search(r"[-/]", old) else text)
    return _exchanged(text, separator=",", old=old, new=cidr if slashed else cidr.replace("/", "-"))


def _once(text: str, *, kind: Kind, target: str) -> str:
    """A list without the parts that mean a target, except for the first of them."""
    separator = "," if kind.external else ";"
    kept: list[str] = []
    seen = False
    for part in text.split(separator):
        same = target in (part.strip(), _meaning(part.strip(), kind))
        if not (same and seen):
            kept.append(part)
        seen = seen or same
    end = text[len(text.rstrip()) :]
    return separator.join(kept).rstrip() + end


def _meaning(part: str, kind: Kind) -> str:
    """The target that a part of an annotation means as it is written; empty when it means none."""
    if not kind.external:
        halves = [half.strip() for half in part.split(",")]
        return str(ServiceTarget(halves[1], halves[0])) if len(halves) == 2 and all(map(is_label_name, halves)) else ""
    from ipaddress import ip_network  # noqa: PLC0415 - not every input has addresses

    address, _, length = part.rpartition("/" if "/" in part else "-")
    try:
        return str(ip_network(f"{address}/{length}" if address else length, strict=False))
    except ValueError:
        return ""


_SAFE: dict[Code, Callable[[Diagnostic, datetime], Changes]] = {
    Code.UNQUOTED_VALUE: _quote,
    Code.DIRECTION_CASE: _write_word,
    Code.SWAPPED_PAIR: _put_name_first,
    Code.BARE_IP: _write_cidr,
    Code.HOST_BITS: _write_cidr,
    Code.WRONG_ANNOTATION: _move,
    Code.UNANCHORED_DURATION: _stamp,
}
_UNSAFE: dict[Code, Callable[[Diagnostic, datetime], Changes]] = {
    Code.MEANT_CLUSTER_ACCESS: _make_cluster_access,
    Code.UNKNOWN_FIELD: _take_guess,
    Code.UNKNOWN_ANNOTATION: _take_guess,
    Code.DUPLICATE_TARGET: _remove_double,
    Code.MIRRORED_IGNORED: _remove,
}
