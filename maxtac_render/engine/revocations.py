"""Which policies go because their cause was seen to go: by somebody's will, and not because something is missing.

A policy was asked for in this process before, and is no more. That is certain only where its resource and its Services
are still there to say so, or were seen being deleted; or where the resource itself says that its access is over.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple

from maxtac_render.model.diagnostics import Code, Diagnostic
from maxtac_render.model.intent import KINDS
from maxtac_render.model.ownership import MIRROR, PEER, SERVICE, SOURCE, slashed
from maxtac_render.model.policy import Policy

Name = tuple[str, str]
"""A namespace and a name."""


class Known(NamedTuple):
    """Tells whether something is there, or was seen to be deleted: a resource by its kind and name, or a Service."""

    resource: Callable[[str, Name], bool]
    service: Callable[[Name], bool]


def revoked(gone: Iterable[Policy], wanted: Collection[Name], known: Known) -> frozenset[Name]:
    """Those of the policies that are not wanted any more of which everything is known; ``wanted`` were, before."""
    return frozenset(policy[:2] for policy in gone if policy[:2] in wanted and all(_certain(policy, known)))


def ended(gone: Iterable[Policy], found: Iterable[Diagnostic]) -> frozenset[Name]:
    """Those of the policies whose resource says itself that its access is over, where expired access is removed."""
    over = {slashed(each.ref) for each in found if each.code is Code.EXPIRED and each.ref is not None}
    return frozenset(policy[:2] for policy in gone if dict(policy.annotations).get(SOURCE) in over)


def _certain(policy: Policy, known: Known) -> Iterator[bool]:
    marks = dict(policy.annotations)
    kind, _, place = marks.get(SOURCE, "").partition("/")
    if kind not in KINDS:  # of the baseline: it goes with those for whose sake it is there
        return
    yield known.resource(kind, _name(place, cluster=KINDS[kind].cluster))
    yield known.service(_name(marks.get(SERVICE, "")))
    if MIRROR in dict(policy.labels):  # it is there for its target's pods
        yield known.service(_name(marks.get(PEER, "")))


def _name(text: str, *, cluster: bool = False) -> Name:
    first, slash, second = text.partition("/")
    return ("", text) if cluster or not slash else (first, second)
