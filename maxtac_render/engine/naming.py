"""The pass that settles names: the plain one wherever it can stand, else a readable cut and a hash.

A plain name cannot stand when two policies want it in one namespace, when it is too long, or when it is no name.
The result depends on the set of policies only, never on their order.
"""

from __future__ import annotations

from collections import Counter
from operator import attrgetter

from maxtac_render.model.diagnostics import Code, Report, counted
from maxtac_render.model.intent import Intent, UnusableTarget
from maxtac_render.model.names import LONGEST_NAME, SHORT_NAME, cut, is_object_name
from maxtac_render.model.objects import ObjectRef
from maxtac_render.model.options import Options
from maxtac_render.model.policy import Policy

_DIGITS = (8, 12, 20, 40)


def settle(policies: list[Policy], options: Options, report: Report) -> list[Policy]:
    """The policies under names that are valid and unique, sorted by namespace and name."""
    limit = SHORT_NAME if options.names == "short" else LONGEST_NAME
    places = [(policy.namespace, policy.name) for policy in policies]
    wanted = Counter(places)
    kept: list[Policy] = []
    renamed: list[Policy] = []
    for policy, place in zip(policies, places, strict=True):
        fits = len(place[1]) <= limit and is_object_name(place[1]) and wanted[place] == 1
        (kept if fits else renamed).append(policy)
    while True:
        names = _hashed(renamed, limit)
        taken = {(policy.namespace, name) for policy, name in zip(renamed, names, strict=True)}
        met = [policy for policy in kept if (policy.namespace, policy.name) in taken] if taken else []
        if not met:
            break
        kept = [policy for policy in kept if (policy.namespace, policy.name) not in taken]
        renamed += met
    rivals: dict[tuple[str, str], list[Policy]] = {}
    for policy in renamed:
        rivals.setdefault((policy.namespace, policy.name), []).append(policy)
    for policy, name in zip(renamed, names, strict=True):
        _report_renamed(policy, name, rivals[policy.namespace, policy.name], limit, report)
        kept.append(policy._replace(name=name))
    _report_long(kept, report)
    kept.sort(key=_ORDER)
    return kept


_ORDER = attrgetter("namespace", "name")


def _hashed(policies: list[Policy], limit: int) -> list[str]:
    """A name for each policy that no other of them has; should two hashes meet, all of them grow."""
    identities = [identity(policy) for policy in policies]
    for digits in _DIGITS:
        names = [cut(policy.name, text, limit, digits) for policy, text in zip(policies, identities, strict=True)]
        if len(set(names)) == len(names):
            break
    return names


def identity(policy: Policy) -> str:
    """What makes a policy this one: the resource, the Service, the target and the side it stands on."""
    import json  # noqa: PLC0415 - most names are plain

    if policy.cause is None:
        return json.dumps([policy.namespace, policy.name])
    intent, wanted, mirror = policy.cause
    target = [type(wanted.target).__name__, str(wanted.target)]
    return json.dumps([intent.ref, intent.subject.ref, target, intent.direction.word, mirror])


def _report_renamed(policy: Policy, name: str, rivals: list[Policy], limit: int, report: Report) -> None:
    if policy.cause is None or isinstance(policy.cause.wanted.target, UnusableTarget):
        return
    about, facts = policy.cause.intent, {"plain": policy.name, "name": name}
    if not is_object_name(policy.name):
        problem = f"over {LONGEST_NAME} characters" if len(policy.name) > LONGEST_NAME else "no DNS subdomain"
        report.add(Code.NAME_CUT, about, ("metadata", "name"), problem=problem, **facts)
    elif len(policy.name) <= limit:
        causes = [rival.cause for rival in rivals if rival is not policy]
        others = {"the baseline" if cause is None else str(cause.intent.ref) for cause in causes} or {"another"}
        report.add(Code.NAME_COLLISION, about, ("metadata", "name"), others=counted(sorted(others)), **facts)


def _report_long(policies: list[Policy], report: Report) -> None:
    """Report, once for each resource, names that some network plugins cannot handle."""
    long: dict[ObjectRef, tuple[Intent, list[int]]] = {}
    for policy in policies:
        if len(policy.name) > SHORT_NAME and policy.cause is not None:
            intent = policy.cause.intent
            long.setdefault(intent.ref, (intent, []))[1].append(len(policy.name))
    for intent, lengths in long.values():
        facts = {"number": len(lengths), "length": max(lengths)}
        report.add(Code.LONG_NAME, intent, ("metadata", "name"), **facts)
