"""The labels and annotations that say which policies are ours, of which set, and what they were made for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from maxtac_render.model.intent import GROUP, KINDS, Intent
from maxtac_render.model.names import label_value
from maxtac_render.model.objects import ObjectRef, Origin, Resource
from maxtac_render.model.selectors import Labels

DOMAIN = f"render.{GROUP}"
MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGER = "maxtac-render"
SET = f"{DOMAIN}/set"
WRITER = f"{DOMAIN}/writer"
"""The label that only what writes into a cluster adds: APPLY or WATCH."""
SOURCE = f"{DOMAIN}/source"
SERVICE = f"{DOMAIN}/service"
PEER = f"{DOMAIN}/peer"
EXPIRES = f"{DOMAIN}/expires-at"
BASELINE = f"{DOMAIN}/baseline"

APPLY = "apply"
WATCH = "watch"

OWNER = "owner"
SERVICE_NAME = "serviceOwnerName"
SERVICE_NAMESPACE = "serviceOwnerNamespace"
MIRROR = f"{KINDS['Access'].prefix}/mirror"
"""The controller writes this one key on every mirror, whatever the kind."""

NOISE = frozenset(
    {
        "applyset.kubernetes.io/part-of",
        "argocd.argoproj.io/installation-id",
        "argocd.argoproj.io/tracking-id",
        "kubectl.kubernetes.io/last-applied-configuration",
    }
)
"""Labels and annotations by which tools find again what they applied; they are no part of what was wanted."""

_PREFIXES = frozenset((DOMAIN, *(kind.prefix for kind in KINDS.values())))
_OWNERS = frozenset(f"{kind.prefix}/{OWNER}" for kind in KINDS.values())

MANAGER_LABELS: Labels = ((MANAGED_BY, MANAGER),)
"""The labels of every policy of ours."""


def set_labels(name: str) -> Labels:
    """The labels of a set's policies; none for policies of no named set."""
    return ((SET, name),) if name else ()


def is_owned(labels: Mapping[str, str], annotations: Mapping[str, str]) -> bool:
    """Tell whether a policy is one of ours, by its manager and by what it says that it was made for.

    It takes both, because the first alone is a label that people set too. Policies just as the MaxTac controller makes
    them have its label instead.
    """
    managed = labels.get(MANAGED_BY) == MANAGER or not _OWNERS.isdisjoint(labels)
    return managed and (SOURCE in annotations or BASELINE in annotations)


def significant(labels: Labels, annotations: Labels) -> tuple[Labels, Labels]:
    """The labels and annotations of a policy that count where it is compared: on one of ours only what we write."""
    ours = is_owned(dict(labels), dict(annotations))

    def counting(pairs: Labels) -> Labels:
        return tuple(sorted(pair for pair in pairs if pair[0] not in NOISE and (not ours or is_kept_by_us(pair[0]))))

    return counting(labels), counting(annotations)


def set_of(labels: Mapping[str, str]) -> str:
    """The set that a policy of ours belongs to; empty for none."""
    return labels.get(SET, "")


def writer_of(labels: Mapping[str, str]) -> str:
    """What wrote a policy of ours into its cluster; empty where something else did, from what was rendered."""
    return labels.get(WRITER, "")


def unwritten(labels: Labels) -> Labels:
    """The labels of a policy as it was rendered: without what says who wrote it."""
    return tuple(pair for pair in labels if pair[0] != WRITER)


def writing_labels(name: str, writer: str) -> Labels:
    """The three facts that make a policy in a cluster one that a writer of a set may change and delete."""
    return (*MANAGER_LABELS, (SET, name), (WRITER, writer))


def is_written(labels: Mapping[str, str], name: str, writer: str) -> bool:
    """Tell whether a policy is one that this writer of this set has written; it takes all three facts."""
    return all(labels.get(key) == value for key, value in writing_labels(name, writer))


def is_kept_by_us(key: str) -> bool:
    """Tell whether a label or an annotation of a policy of ours is ours to set and to remove; others stay."""
    return key == MANAGED_BY or key.partition("/")[0] in _PREFIXES


def is_controllers(labels: Mapping[str, str], annotations: Mapping[str, str]) -> bool:
    """Tell whether a policy has the labels of the MaxTac controller, and nothing says that it is ours."""
    ours = labels.get(MANAGED_BY) == MANAGER or is_owned(labels, annotations)
    return not ours and not _OWNERS.isdisjoint(labels)


def made_for(annotations: Mapping[str, object]) -> tuple[str, ...]:
    """The namespaces in which a policy with such annotations may be: its Service's, or for a mirror its target's."""
    marks = (annotations.get(key) for key in (SERVICE, PEER))
    return tuple(mark.partition("/")[0] for mark in marks if isinstance(mark, str) and "/" in mark)


def home_of(annotations: Mapping[str, object]) -> str:
    """The namespace of the Service for which a policy of ours was made; empty where it does not say."""
    service = annotations.get(SERVICE)
    return service.partition("/")[0] if isinstance(service, str) else ""


class Present(NamedTuple):
    """A policy in the input. ``set`` is the set that it is ours of, empty for no named one; None: it is not ours."""

    resource: Resource
    set: str | None

    @property
    def ref(self) -> ObjectRef:
        """The policy."""
        return self.resource.ref

    @property
    def origin(self) -> Origin:
        """Where it was read."""
        return self.resource.origin


def owner_labels(intent: Intent, *, mirror: bool) -> Labels:
    """The labels that the MaxTac controller gives to a policy too."""
    prefix, subject = KINDS[intent.ref.kind].prefix, intent.subject.ref
    labels = (
        (f"{prefix}/{OWNER}", label_value(intent.ref.name)),
        (f"{prefix}/{SERVICE_NAME}", label_value(subject.name)),
        (f"{prefix}/{SERVICE_NAMESPACE}", subject.namespace),
    )
    return (*labels, (MIRROR, "true")) if mirror else labels


def slashed(ref: ObjectRef) -> str:
    """A reference as an annotation holds it: ``Access/shop/web-in``, ``ClusterAccess/web-in``."""
    return "/".join(filter(None, (ref.kind, ref.namespace, ref.name)))


def rfc3339(moment: datetime) -> str:
    """A moment in UTC, with as many digits as it needs."""
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if "." in text else text) + "Z"
