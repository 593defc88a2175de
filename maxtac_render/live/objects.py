"""Objects as an API server lists them, for whoever reads manifests: what a list leaves out of its items is put in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from maxtac_render.live.kinds import NETWORK_POLICIES, Kind
from maxtac_render.model.cluster import Applied
from maxtac_render.model.diagnostics import Report
from maxtac_render.model.objects import ObjectRef, Origin, Resource
from maxtac_render.model.stored import Stored
from maxtac_render.wire import networkpolicy_reader


def resource(kind: Kind, item: Mapping[str, Any], origin: Origin) -> Resource:
    """An item of a list of a kind."""
    metadata = item.get("metadata") or {}
    ref = ObjectRef(kind.api_version, kind.kind, str(metadata.get("namespace", "")), str(metadata.get("name", "")))
    return Resource(ref, {**item, "apiVersion": kind.api_version, "kind": kind.kind}, origin)


def stored(item: Mapping[str, Any], origin: Origin, report: Report) -> Stored | None:
    """A NetworkPolicy in the cluster; None, with findings, where it is not understood: nothing may be done to it."""
    found = resource(NETWORK_POLICIES, item, origin)
    policy = networkpolicy_reader.decode(found, report)
    if policy is None:
        return None
    metadata = item.get("metadata") or {}
    uid, version = (str(metadata.get(key, "")) for key in ("uid", "resourceVersion"))
    return Stored(Applied(policy, found.ref, origin), uid, version, tuple(_owners(metadata, found.ref.namespace)))


def _owners(metadata: Mapping[str, Any], namespace: str) -> Iterator[ObjectRef]:
    for entry in metadata.get("ownerReferences") or ():
        api_version, kind, name = (str(entry.get(key, "")) for key in ("apiVersion", "kind", "name"))
        yield ObjectRef(api_version, kind, namespace, name)
