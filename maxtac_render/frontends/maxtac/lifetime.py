"""How long access lasts: durations as Go and MaxTac write them, and deadlines in RFC 3339."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from maxtac_render.model.diagnostics import Code
from maxtac_render.model.fields import Fields
from maxtac_render.model.intent import EXPIRES_AT, Lifetime

_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_DAYS = re.compile(r"[0-9]{1,6}d")
_LONGEST = 2**63 / 1e9
"""What a Go duration holds, in seconds: 64 bits of nanoseconds."""
_DELETION = ("metadata", "deletionTimestamp")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})")


def parse_duration(text: str) -> float | None:
    """Seconds of a positive duration: ``3600s``, ``1h30m``, ``1.5h``, ``300ms``, ``7d``; None when it is none.

    Source: Go's time.ParseDuration, and MaxTac for whole days.
    """
    if _DAYS.fullmatch(text):
        seconds = int(text[:-1]) * 86400.0
    else:
        unsigned = text.removeprefix("+")
        parts = list(_PART.finditer(unsigned))
        if not parts or sum(len(part[0]) for part in parts) != len(unsigned):
            return None
        seconds = sum(float(part[1]) * _SECONDS[part[2]] for part in parts)
    return seconds if 1e-9 <= seconds < _LONGEST else None


def parse_moment(text: str) -> datetime | None:
    """A moment in RFC 3339, aware of its time zone; None when it is none."""
    if _MOMENT.fullmatch(text) is None:
        return None
    try:
        return datetime.fromisoformat(_microseconds(text.upper())).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _microseconds(text: str) -> str:
    """The text without the digits below a microsecond, which datetime does not hold."""
    return re.sub(r"(\.[0-9]{6})[0-9]+", r"\1", text)


def read_lifetime(fields: Fields) -> Lifetime:
    """What a resource says about its end; what cannot be read makes the lifetime unusable."""
    moments, usable = _expires_at(fields)
    if fields.at(_DELETION) is not None:
        fields.report.add(Code.BEING_DELETED, fields.resource, _DELETION)
        usable = False
    seconds = None
    duration = fields.at(("spec", "duration"))
    if duration not in (None, ""):
        seconds = parse_duration(duration) if isinstance(duration, str) else None
        created = parse_moment(str(fields.at(("metadata", "creationTimestamp"))))
        if seconds is None:
            fields.report.add(
                Code.BAD_DURATION, fields.resource, ("spec", "duration"), value=fields.written(("spec", "duration"))
            )
            usable = False
        elif created is not None:
            moments += _after(created, seconds)
    return Lifetime(min(moments, default=None), seconds, str(duration or ""), usable)


def _after(start: datetime, seconds: float) -> list[datetime]:
    try:
        return [start + timedelta(seconds=seconds)]
    except OverflowError:
        return []


def _expires_at(fields: Fields) -> tuple[list[datetime], bool]:
    path = ("metadata", "annotations", EXPIRES_AT)
    annotations = fields.at(path[:2])
    if annotations is None or not isinstance(annotations, dict) or EXPIRES_AT not in annotations:
        return [], annotations is None or isinstance(annotations, dict)
    text = annotations[EXPIRES_AT]
    moment = parse_moment(text) if isinstance(text, str) else None
    if moment is None:
        fields.report.add(Code.BAD_DEADLINE, fields.resource, path, value=fields.written(path))
        return [], False
    return [moment], True
