"""What the status of a MaxTac resource says, by how it stands and what the status said before.

Types and reasons of the conditions are those of the MaxTac controller, and so is what they say where all is well.
Unlike there each has one type, whether it holds or not. What the status says is never read for anything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from maxtac_render.engine.standing import Place, Standing
from maxtac_render.model.diagnostics import Diagnostic, printable
from maxtac_render.model.intent import EXPIRES_AT
from maxtac_render.model.objects import FieldPath, path_text
from maxtac_render.model.ownership import rfc3339

LISTED = 1000
"""Policies, and Services, that a status lists at most: an object must not grow over what etcd takes."""

LONGEST_MESSAGE = 1024
"""Characters of a condition's message."""

SAID = 3
"""How many troubles a message tells; the others are counted."""

DEPLOYED = "NetworkPolicyDeployReady"
POLICIES = "NetpolsListReady"
SERVICES = "ServicesListReady"
COLLECTED = "NetpolsGCReady"
EXPIRES = "ExpireReady"
READY = "Ready"

_NEGATIVE = ("NetpolsListNotReady", "ServicesListNotReady", "NetpolsGCNotReady")
"""Types that the MaxTac controller has for what does not hold."""

TYPES = frozenset((DEPLOYED, POLICIES, SERVICES, COLLECTED, EXPIRES, READY, *_NEGATIVE))
"""The conditions that are MaxTac's; all others are somebody else's."""

TAKEN = "its name is taken by a policy that is not ours, which is left as it is"

_UNCHANGED = ("NetworkPolicySyncSuccess", "No change in 'NetworkPolicy' child resources.")
_DEPLOYED = {
    "create": ("NetworkPolicyCreateSuccess", "Successfully created all 'NetworkPolicy' child resources."),
    "patch": ("NetworkPolicySyncSuccess", "Successfully synced all 'NetworkPolicy' child resources."),
    "delete": ("NetworkPolicyDeleteSuccess", "Successfully cleaned up unwanted 'NetworkPolicy' child resources."),
}
_UNDEPLOYED = {
    "create": ("NetworkPolicyCreateFail", "Failed to create some 'NetworkPolicy' child resources"),
    "patch": ("NetworkPolicySyncFail", "Failed to sync some 'NetworkPolicy' child resources"),
    "delete": ("NetworkPolicyDeleteFail", "Failed to clean up some unwanted 'NetworkPolicy' child resources"),
}
_MOMENT = re.compile(r"[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}Z")

Status = dict[str, Any]


class Condition(NamedTuple):
    """One condition, but for its times."""

    type: str
    holds: bool
    reason: str
    message: str


def status(standing: Standing, before: Mapping[str, Any], now: datetime) -> Status:
    """The status of a resource, as the API server takes it.

    Nothing in it differs from the status ``before`` where the resource stands as it did: a condition keeps its time for
    as long as it holds, and what was last done to policies stays said until something else is.
    """
    known = _conditions(before)
    conditions = [_deployed(standing, known.get(DEPLOYED, {})), *_others(standing)]
    conditions.append(_ready(holds=all(condition.holds for condition in conditions)))
    moment = rfc3339(now.replace(microsecond=0))
    return {
        "conditions": [_dated(each, known.get(each.type, {}), standing.generation, moment) for each in conditions],
        "netpols": _objects(standing.policies),
        "services": _objects(standing.services),
        **({"expirationTimestamp": rfc3339(standing.expires)} if standing.expires else {}),
    }


def differs(before: Mapping[str, Any], wanted: Status) -> bool:
    """Tell whether a status has to be written: it says something else than the one before, or less."""
    return _ours(before) != _ours(wanted)


def leftovers(before: Mapping[str, Any], wanted: Status) -> list[dict[str, Any]]:
    """What a JSON Patch takes out of a status that MaxTac's controller has left there, and a wanted one does not have.

    Each condition is tested before it goes, and the last of the list goes first.
    """
    patch: list[dict[str, Any]] = []
    there, kept = before.get("conditions"), _conditions(wanted)
    conditions = list(enumerate(there)) if isinstance(there, list) else []
    for index, each in reversed(conditions):
        name = each.get("type") if isinstance(each, dict) else None
        if name in TYPES and name not in kept:
            path = f"/status/conditions/{index}"
            patch += [{"op": "test", "path": f"{path}/type", "value": name}, {"op": "remove", "path": path}]
    if "expirationTimestamp" in before and "expirationTimestamp" not in wanted:
        patch.append({"op": "remove", "path": "/status/expirationTimestamp"})
    return patch


def told(found: Diagnostic, standing: Standing) -> str:
    """An error in words, with its field; of a resource that is held they do not say what a render would have done."""
    about = f"{found.ref} " if found.ref != standing.ref else ""
    message = found.message.rpartition("; ")[0] if standing.held and "; " in found.message else found.message
    return printable(f"{about}{path_text(found.field)}: {message} ({found.code.id})")


def _deployed(standing: Standing, before: Mapping[str, Any]) -> Condition:
    """Whether the policies are as they are wanted, and what was last done to make them so."""
    said = {action: list(_failures(standing, action)) for action in _UNDEPLOYED}
    for action, each in said.items():
        if each:
            reason, words = _UNDEPLOYED[action]
            return _fails(DEPLOYED, reason, words, [words for several in said.values() for words in several])
    done = [_DEPLOYED[action] for action in _DEPLOYED if any(action == each for each, _ in standing.done)]
    last = (before.get("reason"), before.get("message"))
    kept = [last] if before.get("status") == "True" and last in _DEPLOYED.values() else []
    return _holds(DEPLOYED, *next(iter(done or kept or [_UNCHANGED])))


def _failures(standing: Standing, action: str) -> Iterator[str]:
    """What stands in the way of one sort of change."""
    if action == "create":
        yield from (f"{_name(place)}: {TAKEN}" for place in standing.foreign)
    if action == "patch":
        stays = "; its policies stay as they are" if standing.held else ""
        yield from (words + stays for words in _troubles_of(standing, DEPLOYED))
    yield from (f"{_name(each.policy)}: {each.reason}" for each in standing.failed if each.action == action)


def _others(standing: Standing) -> Iterator[Condition]:
    """The conditions about lists, about what is left over, and about the end, where there is to be one."""
    missing = [*standing.foreign, *(each.policy for each in standing.failed if each.action == "create")]
    if missing:
        words = "Failed to sync all matching netpols child resources: missing are"
        yield _fails(POLICIES, "NetpolsSyncUnSuccessful", words, map(_name, missing))
    else:
        words = f"Successfully synced all matching netpols child resources{_cut(standing.policies)}."
        yield _holds(POLICIES, "NetpolsSyncSuccess", words)
    unselected = _troubles_of(standing, SERVICES)
    if unselected:
        words = "Failed to sync all matching services child resources"
        yield _fails(SERVICES, "ServicesSyncUnSuccessful", words, unselected)
    else:
        words = f"Successfully synced all matching services child resources{_cut(standing.services)}."
        yield _holds(SERVICES, "ServicesSyncSuccess", words)
    yield _collected(standing)
    unending = _troubles_of(standing, EXPIRES)
    if unending:
        yield _fails(EXPIRES, "ExpireFail", "The end of the access is not known", unending)
    elif standing.expires:
        words = f"The access expired at {rfc3339(standing.expires)}."
        yield _holds(EXPIRES, "ExpireSuccess", words if standing.ended else "The resource has an expiration date.")


def _collected(standing: Standing) -> Condition:
    """Whether all policies are gone that nobody wants any more."""
    if not standing.blocked:
        words = "Successfully garbage collected any orphaned netpols resources."
        return _holds(COLLECTED, "NetpolsGCSuccess", words)
    kept = (f"{_name(place)} stays: {reason}" for place, reason in standing.blocked)
    return _fails(COLLECTED, "NetpolsGCUnsuccessful", "Failed to garbage collect any orphaned netpols resources", kept)


def _ready(*, holds: bool) -> Condition:
    if holds:
        return _holds(READY, "AllConditionsReady", "All conditions are met.")
    return Condition(READY, holds=False, reason="AllConditionsNotReady", message="Not all conditions are met.")


def _holds(name: str, reason: str, message: str) -> Condition:
    return Condition(name, holds=True, reason=reason, message=message)


def _fails(name: str, reason: str, words: str, troubles: Iterable[str]) -> Condition:
    """A condition that does not hold, with the first few of the troubles that are the reason."""
    several = list(troubles)
    rest = f"; and {len(several) - SAID:,} more" if len(several) > SAID else ""
    message = f"{words}: {'; '.join(map(printable, several[:SAID]))}{rest}."
    return Condition(name, holds=False, reason=reason, message=message[:LONGEST_MESSAGE])


def _troubles_of(standing: Standing, condition: str) -> list[str]:
    """What is wrong with that part of a resource that one condition is about."""
    return [told(found, standing) for found in standing.findings if _aspect(found.field) == condition]


def _aspect(field: FieldPath) -> str:
    """The condition that tells of a field."""
    if field[:2] == ("spec", "serviceSelector"):
        return SERVICES
    return EXPIRES if field[:2] == ("spec", "duration") or field[2:3] == (EXPIRES_AT,) else DEPLOYED


def _cut(listed: Sequence[Place]) -> str:
    return f", of which the first {LISTED:,} of {len(listed):,} are listed" if len(listed) > LISTED else ""


def _objects(places: Sequence[Place]) -> list[Status]:
    return [{"name": name, "namespace": namespace} for namespace, name in places[:LISTED]]


def _name(place: Place) -> str:
    return "/".join(place)


def _dated(condition: Condition, before: Mapping[str, Any], generation: int, moment: str) -> Status:
    """A condition with its times; that of the one before, as long as it is one and holds as it did."""
    word = "True" if condition.holds else "False"
    since = before.get("lastTransitionTime")
    stays = before.get("status") == word and isinstance(since, str) and _MOMENT.fullmatch(since)
    return {
        "type": condition.type,
        "status": word,
        "observedGeneration": generation,
        "lastTransitionTime": since if stays else moment,
        "reason": condition.reason,
        "message": condition.message,
    }


def _conditions(said: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The conditions of a status, by their types, as far as they are any."""
    conditions = said.get("conditions")
    listed = conditions if isinstance(conditions, list) else ()
    return {str(each.get("type")): each for each in listed if isinstance(each, dict)}


def _ours(said: Mapping[str, Any]) -> tuple[object, ...]:
    """What of a status is ours to say."""
    conditions = {name: each for name, each in _conditions(said).items() if name in TYPES}
    return conditions, said.get("netpols") or [], said.get("services") or [], said.get("expirationTimestamp")
