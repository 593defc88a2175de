"""A cluster as a source: what its API server has, of which no more is kept than is read of files.

There is no moment at which all kinds are seen. Policies are read first, so that one that is made meanwhile is missing,
and does not look as if nobody had asked for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from typing import Any, NamedTuple

from maxtac_render.live import access, kinds
from maxtac_render.live.access import Choice
from maxtac_render.live.client import Client
from maxtac_render.live.faults import Refused
from maxtac_render.live.kinds import Kind
from maxtac_render.live.objects import resource
from maxtac_render.manifests.wanted import INTENTS, Wanted
from maxtac_render.model.catalogue import Code
from maxtac_render.model.diagnostics import Report, Spot, listed
from maxtac_render.model.errors import SourceFault
from maxtac_render.model.objects import Origin, Resource
from maxtac_render.sources import LIVE
from maxtac_render.sources.inputs import Input, shown
from maxtac_render.wire.projection import projected


def load(choice: Choice, namespace: str, report: Report) -> Input:
    """A cluster, of which only the objects of ``namespace`` are read, and those of none, if one is given.

    Raises ClusterFault where there is no way to it, and while it is read where it cannot be reached; then also
    SourceFault for what we may not read.
    """
    way = access.load(choice)
    path = shown(f"{LIVE}{way.context or way.server}")

    def objects(wanted: Wanted) -> Iterator[Resource]:
        with closing(Client(way, choice.timeout)) as client:
            yield from _objects(_Place(client, path, namespace, report), wanted)

    return Input(path, b"", named=True, objects=objects)


class _Place(NamedTuple):
    """Where objects are read: a server, how that is shown, one namespace or (empty) all; and who hears of it."""

    client: Client
    path: str
    namespace: str
    report: Report


def _objects(place: _Place, wanted: Wanted) -> Iterator[Resource]:
    missing: list[Kind] = []
    for kind in kinds.READ:
        if not wanted.takes(kind.api_version, kind.kind):
            continue
        found = _listed(place, kind)
        if found is None:
            missing.append(kind)
        for body in found or ():
            yield resource(kind, body, Origin(place.path, 0, 0))
    if missing:
        _say_missing(place, missing, wanted)


def _listed(place: _Place, kind: Kind) -> list[dict[str, Any]] | None:
    """What is kept of all objects of a kind; None where the kind is one of MaxTac's and is not installed."""
    client, _, namespace, _ = place
    take = partial(projected, kind)
    try:
        if kind == kinds.NAMESPACES and namespace:
            return [take(client.get(kind, "", namespace))]
        return client.list(kind, take, namespace if kind.namespaced else "").items
    except Refused as refused:
        if refused.status.code == 404 and kind in kinds.INTENTS:
            return None
        raise SourceFault(f"cannot read {place.path}: {_reason(place, kind, refused)}") from refused


def _reason(place: _Place, kind: Kind, refused: Refused) -> str:
    """Why an answer is no list, and what helps."""
    where = f" in {place.namespace}" if place.namespace and kind.namespaced else ""
    verb = "get" if kind == kinds.NAMESPACES and place.namespace else "list"
    narrowed = f" -n {place.namespace}" if place.namespace else ""
    match refused.status.code:
        case 403:
            grant = f"maxtac manifests reader{narrowed} prints the role that is needed"
            return f"no permission to {verb} {kind.resource}{where} ({refused.status.message}); {grant}"
        case 401:
            return f"the credentials are not accepted ({refused.status.message})"
        case 404 if kind == kinds.NAMESPACES:
            return f"there is no namespace {place.namespace}"
        case _:
            return f"{verb} {kind.resource}{where}: {refused}"


def _say_missing(place: _Place, missing: list[Kind], wanted: Wanted) -> None:
    """Report MaxTac kinds that are not installed; whoever reads nothing else has nothing to read then."""
    names = listed(kind.resource for kind in missing)
    if len(missing) == len(kinds.INTENTS) and wanted == INTENTS:
        words = "install the CRDs of MaxTac: maxtac manifests crds | kubectl apply --server-side -f -"
        raise SourceFault(f"cannot read {place.path}: {names} are not installed; {words}")
    place.report.add(Code.NOT_INSTALLED, Spot(Origin(place.path, 0, 0)), kinds=names)
