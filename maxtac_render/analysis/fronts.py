"""Ports of Services: what is asked of one is, for policies, about the port that its pods have behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from maxtac_render.analysis.endpoints import Named
from maxtac_render.model.cluster import Cluster, Workload
from maxtac_render.model.objects import Front, Service
from maxtac_render.model.ports import Port
from maxtac_render.model.selectors import Selector


class Fronted(NamedTuple):
    """A port that a Service has, and that its pods receive at another one.

    ``taken`` tells that it was taken for that other one, because it is the Service that was asked about.
    """

    service: Service
    front: Front
    behind: Port
    taken: bool


def fronted(cluster: Cluster, target: Named, reached: Sequence[Workload], port: Port) -> list[Fronted]:
    """The Services of which a port was asked for instead of one of the pods that the question reaches."""
    if is_service(cluster, target):
        services = [each for each in cluster.services if _bears(each.ref.namespace, each.ref.name, target)]
        return list(_fronts(services, port, taken=True))
    services = [each for each in cluster.services if any(is_behind(each, pod) for pod in reached)]
    if any(_has(pod, port) for pod in reached) or any(port in each.ports for each in services):
        return []
    return list(_fronts(services, port, taken=False))


def is_service(cluster: Cluster, target: Named) -> bool:
    """Tell whether a name means a Service: it says so, or nothing else bears it."""
    others = (each.ref for each in cluster.workloads if not each.symbolic)
    return target.kind == "Service" or (
        not target.kind and not any(_bears(ref.namespace, ref.name, target) for ref in others)
    )


def is_behind(service: Service, pod: Workload) -> bool:
    """Tell whether a Service selects a pod."""
    return (
        service.selector is not None
        and service.ref.namespace == pod.ref.namespace
        and Selector(service.selector).matches(pod.labels)
    )


def _bears(namespace: str, name: str, target: Named) -> bool:
    return (namespace, name) == (target.namespace, target.name)


def _has(pod: Workload, port: Port) -> bool:
    return (port.protocol, port.port) in pod.declared or (port.protocol, port.port) in (pod.ports or ())


def _fronts(services: Sequence[Service], port: Port, *, taken: bool) -> Iterator[Fronted]:
    for service in services:
        for front, behind in zip(service.fronts, service.ports, strict=False):
            if behind.protocol == port.protocol and port.port in front and behind.port != port.port:
                yield Fronted(service, front, behind, taken)


def described(found: Fronted) -> dict[str, Any]:
    """A port of a Service for programs."""
    service, front, behind, taken = found
    return {
        "namespace": service.ref.namespace,
        "name": service.ref.name,
        "protocol": behind.protocol,
        "port": front.number or front.name,
        "targetPort": behind.port,
        "taken": taken,
    }
