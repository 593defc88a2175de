"""One policy, by its name: what it was made from, whom it governs, and where all of it is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from maxtac_render.analysis import endpoints, provenance
from maxtac_render.analysis.endpoints import Unfit
from maxtac_render.analysis.provenance import Provenance
from maxtac_render.analysis.universe import Assumptions, Endpoint, bits
from maxtac_render.model.cluster import Applied, Cluster
from maxtac_render.model.diagnostics import Site, nearest
from maxtac_render.model.intent import EXPIRES_AT, Direction, Intent
from maxtac_render.model.names import is_label_name, is_object_name
from maxtac_render.model.policy import KIND

WORDS = frozenset({"networkpolicy", "networkpolicies", "netpol"})
"""What kubectl takes for the kind."""


class Name(NamedTuple):
    """The name of a policy, in one namespace or (without one) in any."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return "/".join(filter(None, self))


class Portrait(NamedTuple):
    """A policy, what it was made from, and the pods that it governs: for certain, and perhaps."""

    applied: Applied
    made: Provenance
    governed: tuple[Endpoint, ...]
    perhaps: tuple[Endpoint, ...]


def parse(text: str, namespace: str = "") -> Name:
    """Read the name of a policy, ``[NetworkPolicy/][NAMESPACE/]NAME``. Raises Unfit."""
    *before, name = text.split("/")
    if before and before[0].lower() in WORDS:
        del before[0]
    if len(before) > 1 or not is_object_name(name) or not all(map(is_label_name, before)):
        raise Unfit(f"{text} is no policy; write [{KIND}/]NAMESPACE/NAME, or SRC and DST to ask about a connection")
    return Name(before[0] if before else namespace, name)


def portray(cluster: Cluster, wanted: Name, assumptions: Assumptions) -> Portrait:
    """Find a policy, and tell what it is. Raises Unfit for a name that none bears, or several do."""
    applied = _find(cluster, wanted)
    universe = endpoints.stage(cluster, (), assumptions, [applied.policy]).universe
    must, may = universe.subject(applied.policy)
    governed, perhaps = (tuple(map(universe.endpoint, bits(mask))) for mask in (must, may & ~must))
    return Portrait(applied, provenance.provenance(applied), governed, perhaps)


def _find(cluster: Cluster, wanted: Name) -> Applied:
    found = [
        each
        for each in cluster.policies
        if each.ref.name == wanted.name and wanted.namespace in ("", each.ref.namespace)
    ]
    if not found:
        names = [str(Name(each.ref.namespace, each.ref.name)) for each in cluster.policies]
        near = nearest(str(wanted), names) or next((name for name in names if name.endswith(f"/{wanted.name}")), "")
        hint = f"; did you mean {near}?" if near else "; maxtac render -o wide lists those that are rendered"
        raise Unfit(f"no {KIND} {wanted} in the input{hint}")
    if len(found) > 1:
        raise Unfit(f"{KIND} {wanted} is in {' and '.join(each.ref.namespace for each in found)}; name one of them")
    return found[0]


def sites(applied: Applied) -> Iterator[tuple[str, Site]]:
    """Where everything about a policy is written, each by a word."""
    cause = applied.policy.cause
    if cause is None:
        if applied.origin.path:
            yield "policy", Site(applied, ("metadata", "name"))
        return
    intent = cause.intent
    yield "resource", Site(intent, ("metadata", "name"))
    yield "service", Site(intent.subject, ("metadata", "name"))
    yield "target", provenance.rule_site(applied, Direction.ALL, 0)
    yield "direction", provenance.direction_site(intent)
    if cause.mirror:
        yield "mirror", provenance.isolation_site(applied)
    yield from (("deadline", site) for site in _deadlines(intent))


def _deadlines(intent: Intent) -> Iterator[Site]:
    for field in (("metadata", "annotations", EXPIRES_AT), ("spec", "duration")):
        site = Site(intent, field)
        if provenance.is_written(site):
            yield site


def described(portrait: Portrait, spec: Mapping[str, Any]) -> dict[str, Any]:
    """A portrait for programs; ``spec`` is the policy's as the API server takes it."""
    applied, made, governed, perhaps = portrait
    ref, isolates = applied.ref, applied.policy.isolates
    sides = (side.word for side in (Direction.INGRESS, Direction.EGRESS) if (isolates & side) is side)
    return {
        "namespace": ref.namespace,
        "name": ref.name,
        **{name: value or None for name, value in made._asdict().items()},
        "governs": [endpoints.described(each) for each in governed],
        "perhapsGoverns": [endpoints.described(each) for each in perhaps],
        "isolates": list(sides),
        "spec": spec,
        "sites": [{"what": word, **provenance.described(site)} for word, site in sites(applied)],
    }
