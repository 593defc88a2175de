"""Where policies come from: what they do is written in fields of intents, of Services or of their own files."""

from __future__ import annotations

from maxtac_render.model.cluster import Applied
from maxtac_render.model.diagnostics import Site
from maxtac_render.model.intent import Direction

_TYPES, _SUBJECT = ("spec", "policyTypes"), ("spec", "podSelector")


def rule_site(applied: Applied, direction: Direction, number: int) -> Site:
    """Where a rule is written, by its number among those of its direction: the target of an intent, or the rule."""
    cause = applied.policy.cause
    if cause is not None:
        return Site(cause.wanted.about, cause.wanted.field)
    return Site(applied, ("spec", direction.word, number))


def isolation_site(applied: Applied) -> Site:
    """Where it is written that a policy isolates: the direction of an intent or that it is mirrored, or the types."""
    cause = applied.policy.cause
    if cause is None:
        places = applied.origin.places
        return Site(applied, _SUBJECT if places(_TYPES) == places(_TYPES[:1]) else _TYPES)
    if cause.mirror:
        return Site(cause.intent, ("spec", "mirrored"))
    return cause.intent.aimed or Site(cause.intent, ("spec", "direction"))
