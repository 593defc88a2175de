"""What it takes to get from the policies that are there to those that are wanted: creates, patches, deletes, in order.

Policies are compared as they are meant: what the API server fills in is filled in, the order of lists is none, and what
others write into the metadata of policies of ours, or tools into that of every object, does not count. Nothing is gone
before all that comes is there, so that a policy under a new name leaves no gap
(https://kubernetes.io/docs/concepts/services-networking/network-policies/: what policies allow adds up).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest

from maxtac_render.model.changes import Change, normalised
from maxtac_render.model.cluster import Applied
from maxtac_render.model.diagnostics import NOWHERE
from maxtac_render.model.intent import Direction
from maxtac_render.model.objects import ObjectRef
from maxtac_render.model.ownership import significant, unwritten
from maxtac_render.model.policy import API_VERSION, KIND, Policy

_PHASES = {"create": 0, "patch": 1, "delete": 2}


def plan(desired: Iterable[Applied], present: Iterable[Applied]) -> tuple[Change, ...]:
    """The changes that make the policies that are present the desired ones, in the order in which to make them.

    Creates stand before patches, and these before deletes; among themselves the policies of the same pods stand
    together, whatever the order of the input. Who wrote a policy of ours does not count.
    """
    wanted, there = _named(desired), _named(present)
    pairs = (
        pair for name in wanted.keys() | there.keys() for pair in zip_longest(there.get(name, ()), wanted.get(name, ()))
    )
    changes = [
        Change(before, after, found.fields)
        for before, after in pairs
        if (found := change(_unwritten(before), _unwritten(after))) is not None
    ]
    return tuple(sorted(changes, key=order))


def rendered(policy: Policy) -> Applied:
    """A policy that was compiled, as a cluster is to have it; its origin is that of its intent."""
    origin = policy.cause.intent.origin if policy.cause is not None else NOWHERE.origin
    return Applied(policy, ObjectRef(API_VERSION, KIND, policy.namespace, policy.name), origin)


def _named(policies: Iterable[Applied]) -> dict[tuple[str, str], list[Applied]]:
    """The policies by namespace and name; an input that is wrong may have several under one."""
    named: dict[tuple[str, str], list[Applied]] = {}
    for applied in policies:
        named.setdefault(applied.policy[:2], []).append(applied)
    return named


def _unwritten(applied: Applied | None) -> Applied | None:
    if applied is None or applied.policy.labels == (labels := unwritten(applied.policy.labels)):
        return applied
    return applied._replace(policy=applied.policy._replace(labels=labels))


def change(before: Applied | None, after: Applied | None) -> Change | None:
    """What makes one policy of another; None where nothing does."""
    if before is None or after is None:
        return Change(before, after)
    if before.policy[:7] == after.policy[:7]:
        return None
    fields = tuple(_differing(shown(before.policy), shown(after.policy)))
    return Change(before, after, fields) if fields else None


def order(made: Change) -> tuple[object, ...]:
    """Where a change stands among others."""
    policy = made.applied.policy
    return _PHASES[made.action], policy.namespace, policy.subject, policy.name


def shown(policy: Policy) -> Policy:
    """A policy as it is compared, and shown: in one order, and without what counts for nothing."""
    labels, annotations = significant(policy.labels, policy.annotations)
    return normalised(policy)._replace(labels=labels, annotations=annotations, cause=None)


def _differing(before: Policy, after: Policy) -> Iterator[str]:
    parts = (
        ("metadata.labels", before.labels, after.labels),
        ("metadata.annotations", before.annotations, after.annotations),
        ("spec.podSelector", before.subject, after.subject),
        ("spec.policyTypes", before.isolates, after.isolates),
        *((f"spec.{side.word}", _rules(before, side), _rules(after, side)) for side in _SIDES),
    )
    return (name for name, old, new in parts if old != new)


_SIDES = (Direction.INGRESS, Direction.EGRESS)


def _rules(policy: Policy, side: Direction) -> tuple[object, ...]:
    return tuple(rule for rule in policy.rules if rule.direction is side)
