"""A cluster as far as connections are about it: namespaces, pods by what they are made from, and its policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from maxtac_render.model.addresses import Range
from maxtac_render.model.objects import FieldPath, ObjectRef, Origin, Service
from maxtac_render.model.policy import NAMESPACE_NAME, Policy

ANY_LABEL = None
"""What stands for labels of which any may be there."""


class Namespace(NamedTuple):
    """A namespace. ``open`` tells that it may have labels besides: nobody declared it."""

    name: str
    labels: Mapping[str, str]
    open: bool
    origin: Origin


def undeclared(name: str) -> Namespace:
    """A namespace of which only the name is known."""
    return Namespace(name, {NAMESPACE_NAME: name}, open=True, origin=Origin(""))


class Workload(NamedTuple):
    """Pods that are alike: a Pod, those of one template, or those that a Service selects and no manifest has.

    ``open`` are label keys that may be there, with values that are not known; None means that any label may be there.
    ``ports`` gives the number of a named container port by its protocol and name; None means that they are not known.
    ``addresses`` are those of each pod that is known, none for one that has none yet. ``several`` tells that there may
    be more than one pod.
    """

    ref: ObjectRef
    labels: Mapping[str, str]
    open: frozenset[str] | None
    ports: Mapping[tuple[str, str], int] | None
    origin: Origin
    addresses: tuple[tuple[Range, ...], ...] = ()
    host_network: bool = False
    several: bool = True
    declared: frozenset[tuple[str, int]] = frozenset()
    """The container ports that are declared, as (protocol, number)."""
    owner: ObjectRef | None = None
    """The controller of a Pod or a ReplicaSet."""
    template: FieldPath = ()
    """Where in the object at its origin the pod is written."""

    @property
    def symbolic(self) -> bool:
        """Whether it stands for pods of which only some labels are known."""
        return self.open is None


class Applied(NamedTuple):
    """A policy as the cluster has it: rendered (its cause tells from what), or read at its origin.

    The rules of one direction are in the order of its spec.
    """

    policy: Policy
    ref: ObjectRef
    origin: Origin


class Cluster(NamedTuple):
    """What one side of a question is about. Everything is sorted by namespace, kind and name."""

    namespaces: Mapping[str, Namespace]
    workloads: tuple[Workload, ...]
    services: tuple[Service, ...]
    policies: tuple[Applied, ...]
