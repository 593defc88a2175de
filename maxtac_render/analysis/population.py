"""Who is there: pods under the controllers that made them, and pods that only a Service tells of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from maxtac_render.model.cluster import ANY_LABEL, Workload
from maxtac_render.model.objects import ObjectRef, Service
from maxtac_render.model.selectors import LabelIndex, Labels, Selector

_REVISIONS = frozenset(
    {
        "apps.kubernetes.io/pod-index",
        "controller-revision-hash",
        "pod-template-generation",
        "pod-template-hash",
        "statefulset.kubernetes.io/pod-name",
    }
)
"""The labels by which controllers tell pods of one template apart."""


def population(workloads: Iterable[Workload], services: Iterable[Service]) -> tuple[Workload, ...]:
    """The pods that are there, sorted.

    Where the pods of a controller are known, they stand for its template: as one, under the controller's name, if they
    are alike. A Service of which no known pod is behind it stands for pods with the labels that it selects.
    """
    known = list(_collapsed(list(workloads)))
    return tuple(sorted((*known, *_symbolic(known, services)), key=order))


def order(workload: Workload) -> tuple[str, ...]:
    """What workloads are sorted by."""
    ref = workload.ref
    return (ref.namespace, ref.kind, ref.name, ref.api_version)


_Key = tuple[str, str, str]


def _key(ref: ObjectRef) -> _Key:
    return ref.kind, ref.namespace, ref.name


def _collapsed(workloads: Sequence[Workload]) -> Iterator[Workload]:
    by_key = {_key(workload.ref): workload for workload in workloads}
    made: dict[ObjectRef, list[Workload]] = {}
    for workload in workloads:
        owner = _owner(workload, by_key)
        if owner is not None:
            made.setdefault(owner, []).append(workload)
    pods = {owner: [each for each in group if each.ref.kind == "Pod"] for owner, group in made.items()}
    covered = {_key(owner) for owner, group in pods.items() if group}
    for owner, group in made.items():
        if pods[owner] or _key(owner) in by_key:
            covered |= {_key(workload.ref) for workload in group}
    for workload in workloads:
        if _key(workload.ref) not in covered:
            yield workload
    for owner, group in pods.items():
        yield from _grouped(group, owner)


def _owner(workload: Workload, by_key: dict[_Key, Workload]) -> ObjectRef | None:
    """The topmost controller, as far as they are known; none where they go in circles."""
    owner, seen = workload.owner, {_key(workload.ref)}
    while owner is not None and _key(owner) in by_key:
        if _key(owner) in seen:
            return None
        seen.add(_key(owner))
        known = by_key[_key(owner)]
        if known.owner is None:
            return known.ref
        owner = known.owner
    return owner


def _grouped(pods: Sequence[Workload], owner: ObjectRef) -> Iterator[Workload]:
    """The pods of one controller: as one if they are alike, else by what tells them apart, under a pod's name."""
    alike: dict[object, list[Workload]] = {}
    for pod in pods:
        labels = tuple(sorted((key, value) for key, value in pod.labels.items() if key not in _REVISIONS))
        ports = tuple(sorted((pod.ports or {}).items()))
        alike.setdefault((labels, ports, pod.host_network), []).append(pod)
    for group in alike.values():
        first = min(group, key=order)
        keys = {key for pod in group for key in pod.labels}
        differing = frozenset(key for key in keys if len({pod.labels.get(key) for pod in group}) > 1)
        yield first._replace(
            ref=owner if len(alike) == 1 else first.ref,
            labels={key: value for key, value in first.labels.items() if key not in differing},
            open=differing,
            addresses=tuple(sorted({each for pod in group for each in pod.addresses})),
            several=True,
        )


def _symbolic(workloads: Sequence[Workload], services: Iterable[Service]) -> Iterator[Workload]:
    """Pods of which only the labels that a Service selects are known."""
    by_namespace: dict[str, list[Workload]] = {}
    for workload in workloads:
        by_namespace.setdefault(workload.ref.namespace, []).append(workload)
    indexes = {
        name: LabelIndex((workload.labels, workload) for workload in near) for name, near in by_namespace.items()
    }
    uncertain = {name: [workload for workload in near if workload.open] for name, near in by_namespace.items()}
    for service in services:
        name, pairs = service.ref.namespace, service.selector
        if pairs is None or (name in indexes and indexes[name].select(Selector(pairs))):
            continue
        if not any(_may_select(pairs, workload) for workload in uncertain.get(name, ())):
            yield Workload(service.ref, dict(pairs), ANY_LABEL, None, service.origin)


def _may_select(pairs: Labels, workload: Workload) -> bool:
    """Tell whether pairs of labels may select some of the pods, where some labels have values that are not known."""
    return all(key in (workload.open or ()) or workload.labels.get(key) == value for key, value in pairs)
