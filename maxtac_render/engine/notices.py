"""What events tell of a round: what has become of resources since the round before, and of Services at fault.

Whatever stays as it is is told once. Source: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from maxtac_render.engine.standing import Standing
from maxtac_render.engine.status import SAID, TAKEN, told
from maxtac_render.model.changes import Action
from maxtac_render.model.diagnostics import Diagnostic, Severity, counted, printable
from maxtac_render.model.objects import ObjectRef, path_text
from maxtac_render.model.ownership import rfc3339

NORMAL, WARNING = "Normal", "Warning"

RECONCILED = "Reconciled"
EXPIRED = "Expired"
INVALID = "Invalid"
ADVICE = "Advice"
NAME_TAKEN = "NameTaken"
WRITE_FAILED = "WriteFailed"
PRUNE_BLOCKED = "PruneBlocked"
OTHER_CONTROLLER = "OtherController"

_VERBS: dict[Action, str] = {"create": "created", "patch": "changed", "delete": "deleted"}


class Notice(NamedTuple):
    """One thing to tell of an object. ``uid`` is empty where it is not known; ``reason`` is one word."""

    ref: ObjectRef
    type: str
    reason: str
    message: str
    uid: str = ""


def notices(after: Mapping[ObjectRef, Standing], before: Mapping[ObjectRef, Standing]) -> list[Notice]:
    """What is to be told of resources: what was done in the last round, and what is otherwise than in the one before.

    A resource that has no standing before is told of in full.
    """
    found: list[Notice] = []
    for ref, standing in after.items():
        last = before.get(ref)
        known = set(_states(last)) if last is not None else set()
        found += (notice for notice in _deeds(standing))
        found += (notice for notice in _states(standing) if notice not in known)
    return found


def of_services(findings: Iterable[Diagnostic]) -> list[Notice]:
    """What is to be told of Services: warnings and errors that are about their annotations."""
    return [
        Notice(found.ref, WARNING, INVALID, f"{path_text(found.field)}: {found.message} ({found.code.id})")
        for found in findings
        if found.ref is not None
        and found.ref.kind == "Service"
        and found.severity >= Severity.WARNING
        and found.field[:2] == ("metadata", "annotations")
    ]


def contested(standing: Standing, policy: str) -> Notice:
    """That somebody else keeps changing a policy of a resource."""
    words = f"policy {printable(policy)} keeps being changed by somebody else; does the MaxTac controller still run?"
    return Notice(standing.ref, WARNING, OTHER_CONTROLLER, words, standing.uid)


def _deeds(standing: Standing) -> Iterator[Notice]:
    """What was done in the round."""
    made = Counter(action for action, _ in standing.done)
    if made:
        words = ", ".join(f"{verb} {made[action]:,}" for action, verb in _VERBS.items() if made[action])
        policies = "NetworkPolicy" if made.total() == 1 else "NetworkPolicies"
        yield Notice(standing.ref, NORMAL, RECONCILED, f"{words} {policies}", standing.uid)


def _states(standing: Standing) -> Iterator[Notice]:
    """What holds since some round, and is told when it begins."""
    ref, uid = standing.ref, standing.uid
    if standing.ended and standing.expires:
        yield Notice(ref, NORMAL, EXPIRED, f"the access expired at {rfc3339(standing.expires)}", uid)
    for found in standing.findings[:SAID]:
        stays = "; its policies stay as they are" if standing.held else ""
        yield Notice(ref, WARNING, INVALID, told(found, standing) + stays, uid)
    for found in standing.remarks[:SAID]:
        yield Notice(ref, WARNING, ADVICE, told(found, standing), uid)
    if standing.foreign:
        names = counted(["/".join(place) for place in standing.foreign])
        yield Notice(ref, WARNING, NAME_TAKEN, f"{printable(names)}: {TAKEN}; maxtac adopt takes it over", uid)
    for action, place, reason in standing.failed[:SAID]:
        words = f"cannot {action} policy {printable('/'.join(place))}: {printable(reason)}"
        yield Notice(ref, WARNING, WRITE_FAILED, words, uid)
    reasons: dict[str, list[str]] = {}
    for place, reason in standing.blocked:
        reasons.setdefault(reason, []).append("/".join(place))
    for reason, stay in reasons.items():
        yield Notice(ref, WARNING, PRUNE_BLOCKED, f"not deleted, {printable(reason)}: {printable(counted(stay))}", uid)
