"""How each MaxTac resource stands after a round of reconciling: what its status and its events tell of.

Policies and changes are matched with resources by the annotation that says what a policy was made for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from maxtac_render.model.changes import Action, Change
from maxtac_render.model.cluster import Applied
from maxtac_render.model.diagnostics import Diagnostic, Severity
from maxtac_render.model.intent import KINDS, Kind, Reading
from maxtac_render.model.objects import ObjectRef, Resource
from maxtac_render.model.ownership import SOURCE, slashed
from maxtac_render.model.policy import Policy

Place = tuple[str, str]
"""A namespace and a name."""

_Told = TypeVar("_Told")


class Round(NamedTuple):
    """One round of reconciling, as far as resources are told about it.

    ``readings`` and ``findings`` are the compiler's. ``present`` are our policies as they are after the round, ``done``
    the changes that were made, ``failed`` those that were tried in vain, with what the API server said. ``foreign`` are
    desired policies whose names others have, ``held`` the resources whose policies stay as they are, and ``blocked``
    the policies that nobody wants any more and that stay all the same, with the reason.
    """

    readings: Sequence[Reading] = ()
    findings: Sequence[Diagnostic] = ()
    present: Iterable[Applied] = ()
    done: Sequence[Change] = ()
    failed: Sequence[tuple[Change, str]] = ()
    foreign: Sequence[Applied] = ()
    held: frozenset[ObjectRef] = frozenset()
    blocked: Sequence[tuple[Applied, str]] = ()


class Failure(NamedTuple):
    """A change of a policy that could not be made, and why."""

    action: Action
    policy: Place
    reason: str


class Standing(NamedTuple):
    """How one resource stands. ``findings`` are errors, the resource's own and those of its Services' annotations.

    ``remarks`` are warnings about the resource itself. ``expires`` is its deadline, ``ended`` tells that this is over,
    and ``held`` that its policies stay as they are because it cannot be relied on.
    """

    ref: ObjectRef
    uid: str = ""
    generation: int = 0
    services: Sequence[Place] = ()
    policies: Sequence[Place] = ()
    expires: datetime | None = None
    ended: bool = False
    held: bool = False
    findings: Sequence[Diagnostic] = ()
    remarks: Sequence[Diagnostic] = ()
    done: Sequence[tuple[Action, Place]] = ()
    failed: Sequence[Failure] = ()
    foreign: Sequence[Place] = ()
    blocked: Sequence[tuple[Place, str]] = ()

    @property
    def failing(self) -> bool:
        """Whether something of it was tried in vain."""
        return bool(self.failed)


def standings(resources: Iterable[Resource], told: Round, now: datetime) -> dict[ObjectRef, Standing]:
    """How each of the resources stands after a round, judged at a moment."""
    readings = {reading.ref: reading for reading in told.readings}
    errors, warnings = (_about(told.findings, severity) for severity in (Severity.ERROR, Severity.WARNING))
    sources = _Sources(told)
    found = {}
    for resource in resources:
        ref = resource.ref
        reading = readings.get(ref)
        services = reading.services if reading else ()
        expires = reading.lifetime.deadline if reading else None
        uid, generation = _identity(resource)
        standing = Standing(
            ref,
            uid,
            generation,
            sorted((service.ref.namespace, service.ref.name) for service in services),
            expires=expires,
            ended=expires is not None and now >= expires,
            held=ref in told.held,
            findings=[*errors.get(ref, ()), *_of_services(KINDS[ref.kind], reading, errors)],
            remarks=warnings.get(ref, ()),
        )
        found[ref] = sources.told(standing)
    return found


class _Sources:
    """What a round did to policies, by the resources for which they were made."""

    def __init__(self, told: Round) -> None:
        self._present = _grouped((each.policy, _place(each)) for each in told.present)
        self._done = _grouped((each.applied.policy, (each.action, _place(each.applied))) for each in told.done)
        self._failed = _grouped(
            (each.applied.policy, Failure(each.action, _place(each.applied), reason)) for each, reason in told.failed
        )
        self._foreign = _grouped((each.policy, _place(each)) for each in told.foreign)
        self._blocked = _grouped((each.policy, (_place(each), reason)) for each, reason in told.blocked)

    def told(self, standing: Standing) -> Standing:
        """A resource's standing with all that concerns its policies."""
        source = slashed(standing.ref)
        return standing._replace(
            policies=sorted(set(self._present.get(source, ()))),
            done=self._done.get(source, ()),
            failed=sorted(self._failed.get(source, ())),
            foreign=sorted(self._foreign.get(source, ())),
            blocked=sorted(self._blocked.get(source, ())),
        )


def _grouped(pairs: Iterable[tuple[Policy, _Told]]) -> Mapping[str, list[_Told]]:
    """What is told of policies, by the resource of each."""
    groups: dict[str, list[_Told]] = {}
    for policy, told in pairs:
        groups.setdefault(source_of(policy), []).append(told)
    return groups


def source_of(policy: Policy) -> str:
    """The resource for which a policy was made, as ``Access/shop/web-in``; empty for none."""
    return next((value for key, value in policy.annotations if key == SOURCE), "")


def _place(applied: Applied) -> Place:
    return applied.policy.namespace, applied.policy.name


def _identity(resource: Resource) -> tuple[str, int]:
    """The uid of a resource, and the number of its latest spec."""
    metadata: Any = resource.body.get("metadata") or {}
    generation = metadata.get("generation")
    return str(metadata.get("uid") or ""), generation if isinstance(generation, int) else 0


def _about(findings: Iterable[Diagnostic], severity: Severity) -> Mapping[ObjectRef, list[Diagnostic]]:
    """The findings of a severity, by the objects that they are about."""
    groups: dict[ObjectRef, list[Diagnostic]] = {}
    for found in findings:
        if found.ref is not None and found.severity is severity:
            groups.setdefault(found.ref, []).append(found)
    return groups


def _of_services(
    kind: Kind, reading: Reading | None, errors: Mapping[ObjectRef, Sequence[Diagnostic]]
) -> Iterator[Diagnostic]:
    """The errors of a resource's Services, but for those in annotations that are for other kinds."""
    for service in reading.services if reading else ():
        for found in errors.get(service.ref, ()):
            if not any(_is_annotation_of(other, found) for other in KINDS.values() if other is not kind):
                yield found


def _is_annotation_of(kind: Kind, found: Diagnostic) -> bool:
    return found.field[:2] == ("metadata", "annotations") and str(found.field[-1]).startswith(f"{kind.prefix}/")
