"""What the MaxTac controller left behind: policies that it made, and that no resource and no Service asks for any more.

It takes a policy away only when the Service is gone that it was made for; a target, a direction, a label or a mirror
that is taken back stays open.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from maxtac_render.model import names
from maxtac_render.model.changes import meaning
from maxtac_render.model.cluster import Applied
from maxtac_render.model.intent import GROUP, KINDS, ServiceTarget
from maxtac_render.model.objects import ObjectRef
from maxtac_render.model.ownership import OWNER, SERVICE_NAME, SERVICE_NAMESPACE, is_owned
from maxtac_render.model.policy import Cause, Policy


class Maker(NamedTuple):
    """What a policy says it was made for: a MaxTac resource, and the Service that this selected, if that is known."""

    owner: ObjectRef
    service: tuple[str, str] | None = None


class Leftover(NamedTuple):
    """A policy that nothing asks for, and why that is so."""

    applied: Applied
    why: str


def makers(applied: Applied, owners: Iterable[ObjectRef] = ()) -> list[Maker]:
    """What the MaxTac controller made a policy for, by its labels or its ``owners``; nothing for one of ours."""
    policy = applied.policy
    labels = dict(policy.labels)
    if is_owned(labels, dict(policy.annotations)):
        return []
    found = [_labelled(kind, labels, policy.namespace) for kind in KINDS if f"{KINDS[kind].prefix}/{OWNER}" in labels]
    ours = [ref for ref in owners if ref.api_version.partition("/")[0] == GROUP and ref.kind in KINDS]
    known = {maker.owner for maker in found}
    owned = (_reference(ref.kind, policy.namespace, ref.name) for ref in ours)
    return [*found, *(Maker(ref) for ref in owned if ref not in known)]


def _labelled(kind: str, labels: dict[str, str], home: str) -> Maker:
    prefix = KINDS[kind].prefix
    namespace = labels.get(f"{prefix}/{SERVICE_NAMESPACE}", home)
    service = labels.get(f"{prefix}/{SERVICE_NAME}")
    owner = _reference(kind, namespace, labels[f"{prefix}/{OWNER}"])
    return Maker(owner, None if service is None else (namespace, service))


def _reference(kind: str, namespace: str, name: str) -> ObjectRef:
    return ObjectRef("", kind, "" if KINDS[kind].cluster else namespace, name)


def leftovers(
    present: Iterable[tuple[Applied, Sequence[Maker]]], yielded: Iterable[Policy], there: Collection[ObjectRef]
) -> Iterator[Leftover]:
    """The policies of the controller that it would not make now.

    ``yielded`` are those that it would make (as ``--compat controller`` renders them), and ``there`` the MaxTac
    resources and Services that there are. A policy under another name that does just what the same resource asks for
    the same Service is none: the controller names some after the spelling of an address.
    """
    known: set[object] = set()
    for policy in yielded:
        if policy.cause is not None:
            intent = policy.cause.intent
            maker = Maker(intent.ref._replace(api_version=""), (intent.subject.ref.namespace, intent.subject.ref.name))
            known |= {(policy.namespace, _name(policy.cause)), (maker, meaning(policy))}
    refs = {ref._replace(api_version="") for ref in there}
    for applied, made in present:
        asked = [(each, meaning(applied.policy)) for each in made]
        if made and applied.policy[:2] not in known and known.isdisjoint(asked):
            yield Leftover(applied, _reason(made[0], refs))


def _name(cause: Cause) -> str:
    """The name that the controller gives to a policy, whatever others it collides with."""
    intent, wanted, mirror = cause
    if mirror and isinstance(wanted.target, ServiceTarget):
        return names.mirror(intent, wanted.target, controller=True)
    return names.prefix(intent, controller=True) + names.suffix(wanted.target, intent.direction, controller=True)


def _reason(maker: Maker, there: Collection[ObjectRef]) -> str:
    if maker.owner not in there:
        return f"{maker.owner} is not there any more"
    if maker.service is not None:
        service = ObjectRef("", "Service", *maker.service)
        if service not in there:
            return f"{service} is not there any more"
    return f"{maker.owner} does not ask for it any more"
