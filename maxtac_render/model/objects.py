"""Kubernetes objects as far as intents are about them: references, where they were read, and Services."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from maxtac_render.model.ports import Port

METADATA = (
    "name",
    "namespace",
    "labels",
    "annotations",
    "generateName",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "finalizers",
    "generation",
    "managedFields",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
)
"""The fields of every object's metadata
(https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/)."""

FieldPath = tuple[str | int, ...]
"""The way to a field inside a body: keys and list positions, from the root."""


class Key(str):
    """The last step of a path that means a key itself, and not what stands behind it."""

    __slots__ = ()


class ObjectRef(NamedTuple):
    """The identity of an object in a cluster; ``namespace`` is empty for cluster-scoped and for unplaced objects."""

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {place}"


class Place(NamedTuple):
    """Where a field stands in its source: 1-based line and columns, its source text, and the whole line if showable.

    ``text`` is a scalar as it was written, without quotes; it is empty for a collection. ``excerpt`` is the source
    line, or empty where showing it could show something that is not this field's object.
    """

    line: int
    column: int
    end_column: int
    text: str
    excerpt: str


def nowhere(path: FieldPath) -> Place | None:  # noqa: ARG001 - the signature of Origin.places
    """The places of an object that has no source text, such as one from a cluster."""
    return None


class Origin(NamedTuple):
    """Where an object was read: file, document in it (from 0), the document's first line (from 1; 0: not known).

    ``places`` finds the place of a field, or of its nearest ancestor that exists. It reads the document again, so that
    only objects with findings pay for positions.
    """

    path: str
    document: int = 0
    line: int = 1
    places: Callable[[FieldPath], Place | None] = nowhere

    def __str__(self) -> str:
        """For people: ``web.yaml:7``, without a line that is not known."""
        return f"{self.path}:{self.line}" if self.line else self.path or "a place without a name"


class History(NamedTuple):
    """What a build called an object before: namespaces and names, the oldest first, and what it put around the name."""

    places: tuple[tuple[str, str], ...] = ()
    affixes: tuple[str, str] = ("", "")


class Resource(NamedTuple):
    """One object as it was read, its body with the meaning that Kubernetes' own decoder gives it."""

    ref: ObjectRef
    body: Mapping[str, Any]
    origin: Origin
    history: History = History()


class Front(NamedTuple):
    """A port at which a Service itself is called: its number (0 if it is none) and its name (empty without one)."""

    number: int
    name: str


class Service(NamedTuple):
    """A Service: what selects it, whom it selects, and the pod ports behind it.

    ``selector`` is None where the Service has none. ``rewrites_client`` tells that connections from outside may reach
    the pods with a node's address instead of the client's
    (https://kubernetes.io/docs/reference/networking/virtual-ips/#external-traffic-policy). ``fronts`` are its own
    ports, one for each of ``ports``.
    """

    ref: ObjectRef
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    selector: tuple[tuple[str, str], ...] | None
    ports: tuple[Port, ...]
    rewrites_client: bool
    origin: Origin
    fronts: tuple[Front, ...] = ()
    history: History = History()


LOCAL = "config.kubernetes.io/local-config"
"""The annotation of what is for tools only
(https://github.com/kubernetes-sigs/kustomize/blob/master/cmd/config/docs/api-conventions/manifest-annotations.md)."""


def is_local(body: Mapping[str, Any]) -> bool:
    """Tell whether an object is marked to be for tools only; as for kustomize, every word but ``false`` marks it."""
    metadata = body.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    mark = annotations.get(LOCAL, "false") if isinstance(annotations, dict) else False
    return mark is not False and mark != "false"


def path_text(path: FieldPath) -> str:
    """A field path as Kubernetes prints it: ``spec.targets[0].serviceName``, ``metadata.labels[a.b/c]``."""
    text = ""
    for step in path:
        if isinstance(step, int) or not step.isidentifier():
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text
