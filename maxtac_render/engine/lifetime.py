"""The pass that ends access: gives every intent its deadline, and closes those that are past it or have none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from maxtac_render.model.diagnostics import Code, Report
from maxtac_render.model.intent import EXPIRES_AT, Direction, Intent
from maxtac_render.model.objects import FieldPath, ObjectRef, Origin
from maxtac_render.model.options import Options
from maxtac_render.model.ownership import rfc3339

Anchor = Callable[[Origin], datetime | None]
"""The moment from which the duration of the resource at an origin counts, besides its creation; None: no other."""


class Term(NamedTuple):
    """How one resource stands: its deadline if known, and whether its access is still open."""

    expires: datetime | None
    open: bool
    expired: bool = False


def limit(intents: Iterable[Intent], options: Options, report: Report, anchor: Anchor | None) -> Iterator[Intent]:
    """Give every intent its deadline; what is expired or unusable keeps its isolation and loses what it opens."""
    terms: dict[ObjectRef, Term] = {}
    controller = options.compat == "controller"
    for intent in intents:
        if intent.lifetime == _ENDLESS:
            yield intent
            continue
        removes = options.expired == "remove" or (controller and intent.lifetime.seconds is not None)
        term = terms.get(intent.ref)
        if term is None:
            term = terms[intent.ref] = _term(intent, options.now, report, anchor)
            if term.expired and term.expires is not None:
                done = "its policies are left out" if removes else "rules left out, isolation kept"
                report.add(Code.EXPIRED, intent, _field(intent), deadline=rfc3339(term.expires), done=done)
        if not (term.expired and removes):
            yield intent._replace(expires=term.expires, opens=intent.opens if term.open else Direction.NONE)


_ENDLESS = Intent._field_defaults["lifetime"]


def _field(intent: Intent) -> FieldPath:
    """Where the end of an intent is written."""
    return ("metadata", "annotations", EXPIRES_AT) if intent.lifetime.seconds is None else ("spec", "duration")


def _term(intent: Intent, now: datetime | None, report: Report, anchor: Anchor | None) -> Term:
    deadline, seconds, duration, usable = intent.lifetime
    if seconds is not None and anchor is not None:
        start = anchor(intent.origin)
        anchored = None if start is None else _after(start, seconds)
        deadline = min(filter(None, (deadline, anchored)), default=None)
    if deadline is None:
        if usable:
            report.add(Code.UNANCHORED_DURATION, intent, ("spec", "duration"), value=duration)
        return Term(None, open=False)
    expired = now is not None and now >= deadline
    return Term(deadline, usable and not expired, expired)


def _after(start: datetime, seconds: float) -> datetime | None:
    try:
        return start + timedelta(seconds=seconds)
    except OverflowError:
        return None
