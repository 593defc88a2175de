"""Workloads: the pods that a Pod, a controller's template or a Job's stands for, and Namespaces.

Sources: https://kubernetes.io/docs/concepts/workloads/; the labels that controllers add are in
https://kubernetes.io/docs/reference/labels-annotations-taints/.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from maxtac_render.model.addresses import Range, parse_address
from maxtac_render.model.cluster import Namespace, Workload
from maxtac_render.model.diagnostics import Report
from maxtac_render.model.fields import Fields
from maxtac_render.model.objects import FieldPath, ObjectRef, Resource
from maxtac_render.model.policy import NAMESPACE_NAME
from maxtac_render.model.ports import PROTOCOLS, is_port_number

NAMESPACE = "Namespace"


class Shape(NamedTuple):
    """Where a kind keeps the pod it makes, and the labels that its controller adds with values unknown before."""

    template: FieldPath
    adds: frozenset[str] = frozenset()


_JOB = frozenset({"controller-uid", "batch.kubernetes.io/controller-uid"})
_JOB_NAMES = ("job-name", "batch.kubernetes.io/job-name")

SHAPES: Mapping[str, Shape] = {
    "Pod": Shape(()),
    "Deployment": Shape(("spec", "template"), frozenset({"pod-template-hash"})),
    "ReplicaSet": Shape(("spec", "template")),
    "ReplicationController": Shape(("spec", "template")),
    "StatefulSet": Shape(
        ("spec", "template"),
        frozenset(
            {"statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index", "controller-revision-hash"},
        ),
    ),
    "DaemonSet": Shape(("spec", "template"), frozenset({"controller-revision-hash", "pod-template-generation"})),
    "Job": Shape(("spec", "template"), _JOB),
    "CronJob": Shape(("spec", "jobTemplate", "spec", "template"), _JOB | {*_JOB_NAMES}),
}
"""The kinds of workloads."""


def decode(resource: Resource, report: Report) -> Workload | None:
    """Read a workload; None for a Pod that has ended, and for a template that is missing."""
    fields, kind = Fields(resource, report), resource.ref.kind
    shape = SHAPES[kind]
    template = fields.mapping(shape.template, "workload left out") if shape.template else resource.body
    status = _mapping(resource.body.get("status")) if kind == "Pod" else {}
    if template is None or status.get("phase") in ("Succeeded", "Failed"):
        return None
    labels = fields.readable((*shape.template, "metadata", "labels"))
    if kind == "Job":
        labels = {**labels, **dict.fromkeys(_JOB_NAMES, resource.ref.name)}
    spec = _mapping(template.get("spec"))
    named, declared = _ports(spec)
    return Workload(
        resource.ref,
        labels,
        shape.adds - labels.keys(),
        named,
        resource.origin,
        (tuple(_addresses(status)),) if kind == "Pod" else (),
        host_network=spec.get("hostNetwork") is True,
        several=kind != "Pod",
        declared=declared,
        owner=_owner(resource),
        template=shape.template,
    )


def namespace(resource: Resource, report: Report) -> Namespace:
    """Read a Namespace; it has the label with its name whether that is written or not."""
    fields = Fields(resource, report)
    labels = {**fields.readable(("metadata", "labels")), NAMESPACE_NAME: resource.ref.name}
    return Namespace(resource.ref.name, labels, open=False, origin=resource.origin)


def _ports(spec: Mapping[str, Any]) -> tuple[dict[tuple[str, str], int], frozenset[tuple[str, int]]]:
    """The declared ports: numbers by protocol and name, and all of them. Of two with one name the first counts."""
    named: dict[tuple[str, str], int] = {}
    declared: set[tuple[str, int]] = set()
    for container in _containers(spec):
        for port in _sequence(container.get("ports")):
            entry = _mapping(port)
            protocol, name = entry.get("protocol") or "TCP", entry.get("name")
            number: Any = entry.get("containerPort")
            if protocol in PROTOCOLS and is_port_number(number):
                declared.add((protocol, number))
                if isinstance(name, str) and name:
                    named.setdefault((protocol, name), number)
    return named, frozenset(declared)


def _containers(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The containers that receive connections: those of the pod, and sidecars, which start before them."""
    yield from map(_mapping, _sequence(spec.get("containers")))
    for container in map(_mapping, _sequence(spec.get("initContainers"))):
        if container.get("restartPolicy") == "Always":
            yield container


def _addresses(status: Mapping[str, Any]) -> Iterator[Range]:
    texts = [_mapping(entry).get("ip") for entry in _sequence(status.get("podIPs"))] or [status.get("podIP")]
    for text in texts:
        address = parse_address(text) if isinstance(text, str) else None
        if address is not None:
            yield address


def maker(resource: Resource) -> ObjectRef | None:
    """The controller that made an object, whatever the version of its kind."""
    owner = _owner(resource)
    return None if owner is None else owner._replace(api_version="")


def _owner(resource: Resource) -> ObjectRef | None:
    """The controller that made an object; a static pod has none, but for the node that it is on."""
    metadata = _mapping(resource.body.get("metadata"))
    for entry in map(_mapping, _sequence(metadata.get("ownerReferences"))):
        api_version, kind, name = (entry.get(key) for key in ("apiVersion", "kind", "name"))
        if entry.get("controller") is True and isinstance(kind, str) and isinstance(name, str) and kind != "Node":
            return ObjectRef(str(api_version), kind, resource.ref.namespace, name)
    return None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _sequence(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
