"""What every object must have: a name, a place, and no double."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from maxtac_render.model import ownership
from maxtac_render.model.diagnostics import Code, Report
from maxtac_render.model.fields import Fields
from maxtac_render.model.intent import KINDS
from maxtac_render.model.names import is_label_name, is_object_name
from maxtac_render.model.objects import FieldPath, ObjectRef, Resource, path_text
from maxtac_render.model.ownership import Present, is_owned, set_of


def admit(resources: Iterable[Resource], namespace: str, report: Report) -> list[Resource]:
    """The resources with usable names, each once, unplaced ones put into ``namespace`` if one is given."""
    placed = (_place(resource, namespace) for resource in resources if _named(resource, report))
    copies: dict[tuple[str, ...], list[Resource]] = {}
    for resource in placed:
        copies.setdefault(_key(resource), []).append(resource)
    return [_one_of(group, report) if len(group) > 1 else group[0] for group in copies.values()]


def present(resource: Resource) -> Present:
    """A NetworkPolicy of the input, with the marks that say whether it is ours."""
    labels = _pairs(resource.body, "labels")
    return Present(resource, set_of(labels) if is_owned(labels, annotations_of(resource.body)) else None)


def is_controllers(body: Mapping[str, Any]) -> bool:
    """Tell whether a NetworkPolicy is one that the MaxTac controller has made, and none of ours."""
    return ownership.is_controllers(_pairs(body, "labels"), annotations_of(body))


def is_created(body: Mapping[str, Any]) -> bool:
    """Tell whether an object is one that an API server has: it says when it was created."""
    metadata = body.get("metadata")
    return isinstance(metadata, dict) and isinstance(metadata.get("creationTimestamp"), str)


def annotations_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The annotations of an object, whatever its kind; empty where they are no mapping."""
    return _pairs(body, "annotations")


def labels_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The labels of an object, likewise."""
    return _pairs(body, "labels")


def owners(body: Mapping[str, Any]) -> Iterator[ObjectRef]:
    """The objects with which an object goes, without the namespace that they may have in common."""
    metadata = body.get("metadata")
    entries = metadata.get("ownerReferences") if isinstance(metadata, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict):
            api_version, kind, name = (str(entry.get(key, "")) for key in ("apiVersion", "kind", "name"))
            yield ObjectRef(api_version, kind, "", name)


def _pairs(body: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    metadata = body.get("metadata")
    pairs = metadata.get(key) if isinstance(metadata, dict) else None
    return pairs if isinstance(pairs, dict) else {}


def _named(resource: Resource, report: Report) -> bool:
    ref = resource.ref
    check = is_label_name if ref.kind in ("Service", "Namespace") else is_object_name
    if check(ref.name) and (is_label_name(ref.namespace) if ref.namespace else not _namespace(resource)):
        return True
    fields = Fields(resource, report)
    _check(fields, ("metadata", "name"), check)
    if _namespace(resource) is not None:
        _check(fields, ("metadata", "namespace"), is_label_name)
    return False


def _namespace(resource: Resource) -> object:
    metadata = resource.body.get("metadata")
    return metadata.get("namespace") if isinstance(metadata, dict) else None


def _check(fields: Fields, path: FieldPath, check: Callable[[str], bool]) -> None:
    value = fields.at(path)
    if value is not None and not isinstance(value, str):
        fields.wrong(path, value, "a string", "object left out")
    elif not value or not check(value):
        expected = "a DNS label" if check is is_label_name else "a DNS subdomain"
        shown = {"name": path_text(path), "value": value or "(none)", "expected": expected}
        fields.report.add(Code.INVALID_NAME, fields.resource, path, **shown)


def _place(resource: Resource, namespace: str) -> Resource:
    ref = resource.ref
    if (ref.kind in KINDS and KINDS[ref.kind].cluster) or ref.kind == "Namespace":
        namespace = ""
    elif ref.namespace or not namespace:
        return resource
    return resource._replace(ref=ref._replace(namespace=namespace))


def _key(resource: Resource) -> tuple[str, ...]:
    ref = resource.ref
    unplaced = () if ref.namespace or ref.kind != "Service" else (resource.origin.path, str(resource.origin.document))
    return (ref.api_version, ref.kind, ref.namespace, ref.name, *unplaced)


def _one_of(copies: list[Resource], report: Report) -> Resource:
    """The copy that counts: the same one in whatever order they were read."""
    kept = min(copies, key=lambda copy: (_text(copy), copy.origin.path, copy.origin.document))
    for copy in copies:
        if copy is not kept:
            code = Code.IDENTICAL_COPY if copy.body == kept.body else Code.DUPLICATE_OBJECT
            report.add(code, copy, (), what=kept.ref, other=kept.origin)
    return kept


def _text(resource: Resource) -> str:
    import json  # noqa: PLC0415 - doubles are rare

    return json.dumps(resource.body, sort_keys=True)
