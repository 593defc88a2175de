"""The pass that looks ahead: which access ends soon."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from maxtac_render.model.diagnostics import Code, Report
from maxtac_render.model.intent import EXPIRES_AT, Direction, Intent
from maxtac_render.model.objects import FieldPath, Origin
from maxtac_render.model.ownership import rfc3339
from maxtac_render.model.policy import Policy

_ANNOTATION = ("metadata", "annotations", EXPIRES_AT)
_DURATION = ("spec", "duration")


def remind(policies: Iterable[Policy], now: datetime, within: timedelta, report: Report) -> None:
    """Report, once for each resource, access that is open now and ends within a time."""
    intents = {policy.cause.intent.ref: policy.cause.intent for policy in policies if policy.cause is not None}
    for intent in intents.values():
        left = _left(intent, now)
        if left is not None and left <= within:
            deadline = rfc3339(intent.expires or now)
            report.add(Code.EXPIRING, intent, _field(intent.origin), deadline=deadline, left=in_words(left))


def _left(intent: Intent, now: datetime) -> timedelta | None:
    """How long an intent still opens something; None where it does not, or has no end."""
    if intent.expires is None or intent.opens is Direction.NONE or intent.expires <= now:
        return None
    return intent.expires - now


def _field(origin: Origin) -> FieldPath:
    """Where the deadline is written."""
    place = origin.places(_ANNOTATION)
    return _ANNOTATION if place is not None and place.text else _DURATION


def in_words(span: timedelta) -> str:
    """A length of time in its largest whole unit: ``3 days``, ``1 hour``."""
    seconds = int(span.total_seconds())
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            number = seconds // size
            return f"{number} {unit}{'s' if number > 1 else ''}"
    return "less than a minute"
