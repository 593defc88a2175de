"""What MaxTac resources and annotations would open a closed connection: objects to add, and parts of Services to merge.

A proposal is only that: whether it opens what it is meant to, and what else, is for whoever compiles it to find out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, count, product
from typing import Any, NamedTuple

from maxtac_render.frontends.maxtac.resources import PORTS, Wish
from maxtac_render.model.intent import GROUP, KINDS, VERSION, WORDS, CIDRTarget, Direction, Kind, ServiceTarget, Target
from maxtac_render.model.names import label_value
from maxtac_render.model.objects import Service
from maxtac_render.model.ports import Port

Document = dict[str, Any]
Proposal = tuple[Document, ...]

LABEL = "access"
"""The label by which a new resource selects a Service that no labels of its own tell from others."""

MOST_LABELS = 3
"""Of how many labels a new selector is made; who needs more is better off with one of its own."""


class Gap(NamedTuple):
    """One side of a connection that is closed: whose pods', in which direction, and to whom it is to be opened.

    ``port`` is the one that is wanted, or None for any; it matters where what is outside receives.
    """

    subject: Service
    direction: Direction
    targets: tuple[Target, ...]
    port: Port | None = None

    @property
    def external(self) -> bool:
        """Whether the other side is outside."""
        return isinstance(self.targets[0], CIDRTarget)


class Known(NamedTuple):
    """The Services and resources that there are already."""

    services: Sequence[Service]
    wishes: Sequence[Wish]


def proposals(gaps: Sequence[Gap], known: Known) -> Iterator[Proposal]:
    """What may open all of some gaps: an annotation or a resource for each, or one mirrored resource for both sides."""
    for parts in product(*([*_annotations(gap, known), _own(gap, known)] for gap in gaps)):
        yield tuple(_merged(document for part in parts for document in part))
    if len(gaps) > 1:
        for gap in gaps:
            yield from _annotations(gap, known)
            yield _mirrored(gap, known)


def _annotations(gap: Gap, known: Known) -> Iterator[Proposal]:
    """Annotations of the subject that resources which select it hear."""
    for kind in KINDS.values():
        if kind.external is gap.external:
            wishes = [wish for wish in known.wishes if wish.kind is kind and _selects(wish, gap.subject)]
            annotations = _annotation(gap, kind, wishes) if wishes else {}
            if annotations:
                yield (_patch(gap.subject, "annotations", annotations),)


def _selects(wish: Wish, service: Service) -> bool:
    near = wish.kind.cluster or wish.ref.namespace == service.ref.namespace
    return near and wish.selector is not None and wish.selector.matches(service.labels)


def _annotation(gap: Gap, kind: Kind, wishes: Sequence[Wish]) -> dict[str, str]:
    """The annotations by which some resources would open a gap too; none where they go the other way."""
    said = gap.subject.annotations
    direction = said.get(kind.direction_annotation)
    aims = [wish.aim.opens for wish in wishes if wish.aim is not None]
    if direction is not None:
        aims = [WORDS.get(direction.lower(), Direction.NONE)]
    if aims and not any((aim & gap.direction) is gap.direction for aim in aims):
        return {}
    separator = "," if kind.external else ";"
    named = [part.strip() for part in said.get(kind.targets_annotation, "").split(separator)]
    if kind.targets_annotation not in said:
        named = [_written(wanted.target) for wish in wishes for wanted in wish.targets or ()]
    targets = dict.fromkeys((*filter(None, named), *map(_written, gap.targets)))
    annotations = {kind.targets_annotation: separator.join(targets)}
    return annotations if aims else {**annotations, kind.direction_annotation: gap.direction.word}


def _written(target: Target) -> str:
    """A target as an annotation has it; empty for one that cannot be used."""
    match target:
        case ServiceTarget(namespace, name):
            return f"{name},{namespace}"
        case CIDRTarget(cidr):
            return cidr.replace("/", "-")
        case _:
            return ""


def _own(gap: Gap, known: Known) -> Proposal:
    """A resource in the subject's namespace."""
    return _resource(gap, KINDS["ExternalAccess" if gap.external else "Access"], known, {})


def _mirrored(gap: Gap, known: Known) -> Proposal:
    """A resource that opens both sides at once."""
    return _resource(gap, KINDS["ClusterAccess"], known, {"mirrored": True})


def _resource(gap: Gap, kind: Kind, known: Known, more: Mapping[str, Any]) -> Proposal:
    """A new resource for the subject alone, with a label for it to be selected by where its own do not do."""
    subject = gap.subject
    name = _name(gap, kind, known.wishes)
    others = [each for each in known.services if each is not subject and (kind.cluster or _beside(each, subject))]
    labels = _distinctive(subject.labels, others)
    patch = [] if labels else [_patch(subject, "labels", labels := _label(subject, name))]
    metadata: Document = {"name": name} if kind.cluster else {"name": name, "namespace": subject.ref.namespace}
    if gap.external and gap.direction is Direction.EGRESS and gap.port is not None and isinstance(gap.port.port, int):
        metadata["annotations"] = {PORTS: str(gap.port)}
    spec = {"serviceSelector": {"matchLabels": labels}, **_targets(gap), "direction": gap.direction.word, **more}
    resource = {"apiVersion": f"{GROUP}/{VERSION}", "kind": kind.name, "metadata": metadata, "spec": spec}
    return (*patch, resource)


def _targets(gap: Gap) -> Document:
    if gap.external:
        return {"targetCIDRs": [str(target) for target in gap.targets]}
    services = (target for target in gap.targets if isinstance(target, ServiceTarget))
    return {"targets": [{"serviceName": each.name, "namespace": each.namespace} for each in services]}


def _name(gap: Gap, kind: Kind, wishes: Iterable[Wish]) -> str:
    """A name that no resource of the kind has yet: the subject's, the way, and the (first) target's."""
    taken = {wish.ref.name for wish in wishes if wish.kind is kind}
    way = "from" if gap.direction is Direction.INGRESS else "to"
    target = gap.targets[0]
    peer = target.name if isinstance(target, ServiceTarget) else str(target).translate(str.maketrans("./:", "---"))
    plain = f"{gap.subject.ref.name}-{way}-{peer.strip('-')}"
    names = (plain if number == 1 else f"{plain}-{number}" for number in count(1))
    return next(name for name in map(label_value, names) if name not in taken)


def _beside(one: Service, other: Service) -> bool:
    return one.ref.namespace == other.ref.namespace


def _distinctive(labels: Mapping[str, str], others: Sequence[Service]) -> dict[str, str]:
    """The fewest of some labels that no other Service has all of; none if it takes many."""
    for size in range(1, MOST_LABELS + 1):
        for chosen in combinations(sorted(labels.items()), size):
            if not any(all(each.labels.get(key) == value for key, value in chosen) for each in others):
                return dict(chosen)
    return {}


def _label(subject: Service, name: str) -> dict[str, str]:
    return {name if LABEL in subject.labels else LABEL: name}


def _patch(service: Service, field: str, entries: Mapping[str, str]) -> Document:
    """A part of a Service, to be merged into it."""
    metadata = {"name": service.ref.name, "namespace": service.ref.namespace, field: dict(entries)}
    return {"apiVersion": service.ref.api_version, "kind": service.ref.kind, "metadata": metadata}


def _merged(documents: Iterable[Document]) -> Iterable[Document]:
    """The documents, of which those about one object are one."""
    found: dict[object, Document] = {}
    for document in documents:
        metadata = document["metadata"]
        key = (document["kind"], metadata.get("namespace"), metadata["name"])
        found[key] = merge(found.get(key, {}), document)
    return found.values()


def merge(one: Mapping[str, Any], other: Mapping[str, Any]) -> Document:
    """A document with all that another one says too, as a strategic merge patch of mappings does it."""
    merged = dict(one)
    for key, value in other.items():
        mine = merged.get(key)
        merged[key] = merge(mine, value) if isinstance(mine, dict) and isinstance(value, dict) else value
    return merged
