"""What somebody wants: subjects, the targets they may talk to, and in which direction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import NamedTuple

from maxtac_render.model.diagnostics import Located, Site
from maxtac_render.model.objects import FieldPath, ObjectRef, Origin, Service
from maxtac_render.model.ports import Port

GROUP = "maxtac.vtk.io"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
EXPIRES_AT = f"{GROUP}/expires-at"
"""The annotation of a resource that holds its deadline."""


class Kind(NamedTuple):
    """One of the four MaxTac kinds: two booleans tell them apart."""

    name: str
    plural: str
    cluster: bool
    external: bool

    @property
    def prefix(self) -> str:
        """What the kind's annotations and labels begin with."""
        return f"{GROUP}.{self.name.lower()}"

    @property
    def targets_field(self) -> str:
        """The field of the spec that holds the targets."""
        return "targetCIDRs" if self.external else "targets"

    @property
    def sibling(self) -> Kind:
        """The kind of the same scope with the other sort of targets."""
        return next(kind for kind in KINDS.values() if kind.cluster == self.cluster and kind.external != self.external)

    @property
    def targets_annotation(self) -> str:
        """The Service annotation that overrides ``spec.targets`` or ``spec.targetCIDRs``."""
        return f"{self.prefix}/targets"

    @property
    def direction_annotation(self) -> str:
        """The Service annotation that overrides ``spec.direction``."""
        return f"{self.prefix}/direction"


KINDS = {
    kind.name: kind
    for kind in (
        Kind("Access", "accesses", cluster=False, external=False),
        Kind("ClusterAccess", "clusteraccesses", cluster=True, external=False),
        Kind("ExternalAccess", "externalaccesses", cluster=False, external=True),
        Kind("ClusterExternalAccess", "clusterexternalaccesses", cluster=True, external=True),
    )
}


class Direction(Enum):
    """Which of a pod's two sides is meant; a set of directions, so that it can also be empty or both."""

    NONE = ("none", "", False, False)
    INGRESS = ("ingress", "ing", True, False)
    EGRESS = ("egress", "egr", False, True)
    ALL = ("all", "all", True, True)

    def __init__(self, word: str, suffix: str, ingress: bool, egress: bool) -> None:
        self.word = word
        self.suffix = suffix
        self.ingress = ingress
        self.egress = egress

    @property
    def flipped(self) -> Direction:
        """The same connections seen from the peer."""
        return direction_of(ingress=self.egress, egress=self.ingress)

    def __and__(self, other: Direction) -> Direction:
        return direction_of(ingress=self.ingress and other.ingress, egress=self.egress and other.egress)

    def __or__(self, other: Direction) -> Direction:
        return direction_of(ingress=self.ingress or other.ingress, egress=self.egress or other.egress)


_DIRECTIONS = {(direction.ingress, direction.egress): direction for direction in Direction}
WORDS = {direction.word: direction for direction in Direction if direction is not Direction.NONE}


def direction_of(*, ingress: bool, egress: bool) -> Direction:
    """The direction with exactly these sides."""
    return _DIRECTIONS[ingress, egress]


class ServiceTarget(NamedTuple):
    """The pods behind another Service, by its name."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class CIDRTarget(NamedTuple):
    """An address range; ``spelling`` is the CIDR as its author wrote it, where the API server takes that too."""

    cidr: str
    spelling: str

    def __str__(self) -> str:
        return self.cidr


class UnusableTarget(NamedTuple):
    """A target that nothing can be made of: it opens nothing, and its subject stays isolated all the same."""

    text: str

    def __str__(self) -> str:
        return self.text


Target = ServiceTarget | CIDRTarget | UnusableTarget


class Wanted(NamedTuple):
    """A target, and where it is written: the field of a resource, or the annotation of a Service."""

    target: Target
    about: Located
    field: FieldPath


class Lifetime(NamedTuple):
    """What an intent says about its end: ``deadline`` is its earliest known one, ``usable`` that nothing else is said.

    ``seconds`` is the duration, counted from a moment that still has to be found; None without one. ``duration`` is its
    text.
    """

    deadline: datetime | None = None
    seconds: float | None = None
    duration: str = ""
    usable: bool = True


class Intent(NamedTuple):
    """One Service of one MaxTac resource: the subject and what it wants.

    ``direction`` is what exists by the intent alone (isolation, and the policies' names); ``opens`` is the part of it
    whose rules may be written. Whatever is unusable or expired takes from ``opens`` and never from ``direction``.
    ``closed`` are targets that open nothing. ``ports`` limit external egress; None means that nothing limits it.
    ``aimed`` is where the direction is written: in the resource, or in an annotation of the Service.
    """

    ref: ObjectRef
    subject: Service
    targets: tuple[Wanted, ...]
    direction: Direction
    opens: Direction
    origin: Origin
    mirrored: bool = False
    closed: frozenset[Target] = frozenset()
    ports: tuple[Port, ...] | None = None
    lifetime: Lifetime = Lifetime()
    expires: datetime | None = None
    aimed: Site | None = None


class Reading(NamedTuple):
    """One MaxTac resource as it was read: the Services that it selects, sorted, and what it says about its end."""

    ref: ObjectRef
    services: Sequence[Service]
    lifetime: Lifetime = Lifetime()
