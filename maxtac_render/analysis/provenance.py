"""Where policies come from: what they do is written in fields of intents, of Services or of their own files."""

from __future__ import annotations

from typing import Any, NamedTuple

from maxtac_render.model import ownership
from maxtac_render.model.cluster import Applied
from maxtac_render.model.diagnostics import Site
from maxtac_render.model.intent import KINDS, Direction, Intent
from maxtac_render.model.objects import ObjectRef, path_text


class Provenance(NamedTuple):
    """What a policy was made from: a MaxTac resource, as ``kind/namespace/name``, or (empty) by hand.

    ``maker`` is who made it: this program or the MaxTac controller; empty for others. ``service`` is whose pods it is
    about, ``peer`` whom it is to let in or out, ``expires`` when that ends and ``baseline`` what it was added for: each
    empty where that is not known.
    """

    maker: str = ""
    source: str = ""
    service: str = ""
    peer: str = ""
    expires: str = ""
    baseline: str = ""


CONTROLLER = "the MaxTac controller"


def provenance(applied: Applied) -> Provenance:
    """What is known of where a policy comes from: what it was rendered from, or what its marks say."""
    policy = applied.policy
    labels, annotations = dict(policy.labels), dict(policy.annotations)
    if policy.cause is None and not ownership.is_owned(labels, annotations):
        return _by_controller(labels)
    keys = (ownership.SOURCE, ownership.SERVICE, ownership.PEER, ownership.EXPIRES, ownership.BASELINE)
    return Provenance(ownership.MANAGER, *(annotations.get(key, "") for key in keys))


def _by_controller(labels: dict[str, str]) -> Provenance:
    """What the labels of the MaxTac controller say."""
    for kind in KINDS.values():
        owner = labels.get(f"{kind.prefix}/{ownership.OWNER}")
        if owner is not None:
            keys = (ownership.SERVICE_NAMESPACE, ownership.SERVICE_NAME)
            namespace, name = (labels.get(f"{kind.prefix}/{key}", "") for key in keys)
            source = ObjectRef("", kind.name, "" if kind.cluster else namespace, owner)
            return Provenance(CONTROLLER, ownership.slashed(source), f"{namespace}/{name}")
    return Provenance()


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
        types = Site(applied, ("spec", "policyTypes"))
        return types if is_written(types) else Site(applied, ("spec", "podSelector"))
    return Site(cause.intent, ("spec", "mirrored")) if cause.mirror else direction_site(cause.intent)


def direction_site(intent: Intent) -> Site:
    """Where the direction of an intent is written."""
    return intent.aimed or Site(intent, ("spec", "direction"))


def is_written(site: Site) -> bool:
    """Tell whether a field exists: the place of one that does not is that of what is around it."""
    places = site.about.origin.places
    return places(site.field) != places(site.field[:-1])


def described(site: Site) -> dict[str, Any]:
    """Where something is written, for programs; what is not known is null."""
    ref, origin, place = site.about.ref, site.about.origin, site.place
    return {
        "object": dict(zip(("apiVersion", "kind", "namespace", "name"), ref, strict=True)) if ref is not None else None,
        "field": path_text(site.field) or None,
        "file": origin.path or None,
        "line": place.line if origin.path and origin.line else None,
        "column": place.column if origin.path and place.end_column > place.column else None,
    }
