"""What is kept of an object of a cluster: what its codec reads, and nothing else, so that no secret comes along.

Environment, arguments, volumes, status, managed fields, what kubectl applied last, and the annotations of others stay
behind. Labels come along whatever they say, since selectors ask for them; so do the annotations of policies, which
count where policies are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

from maxtac_render.model.intent import GROUP, KINDS
from maxtac_render.model.objects import METADATA
from maxtac_render.model.ownership import NOISE
from maxtac_render.model.policy import KIND as POLICY
from maxtac_render.wire import service, workload

Take = Callable[[Any], Any]
"""Makes of a value what is kept of it."""


class Named(Protocol):
    """A kind by its names."""

    @property
    def api_version(self) -> str:
        """Group and version."""

    @property
    def kind(self) -> str:
        """The kind itself."""


def projected(kind: Named, body: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of an object of a kind, which in the lists of an API server does not say itself what it is.

    Whatever is read of the object is read of this as well, and found wrong where that was wrong. Of values that are
    not of the type that they must be, and of fields that do not exist, it is kept only that they are there.
    """
    kept: dict[str, Any] = {"apiVersion": kind.api_version, "kind": kind.kind}
    kept.update(_TAKES.get(kind.kind, _other)(body))
    return kept


def _whole(value: Any) -> Any:
    return value


def _hollow(value: Any) -> Any:
    """A value of the same type that says nothing; a text stays one that is not empty."""
    if value is None or value == "":
        return value
    return "?" if isinstance(value, str) else type(value)()


def _pairs(value: Any) -> Any:
    return value if isinstance(value, dict) else _hollow(value)


def _fields(takes: Mapping[str, Take], gone: Collection[str] | None = None) -> Take:
    """Keeps fields by their names. Others go, or (with a list of those that go) stay as far as that they are there."""

    def take(value: Any) -> Any:
        if not isinstance(value, dict):
            return _hollow(value)
        kept = {name: inner(value[name]) for name, inner in takes.items() if name in value}
        if gone is not None:
            kept.update((name, _hollow(value[name])) for name in value if name not in takes and name not in gone)
        return kept

    return take


def _each(inner: Take) -> Take:
    """Keeps a list, and of each entry what is kept of that."""
    return lambda value: list(map(inner, value)) if isinstance(value, list) else _hollow(value)


def _ours(value: Any) -> Any:
    """Of annotations those that mean something to us."""
    if not isinstance(value, dict):
        return _hollow(value)
    kept = ((key, text if GROUP in key else _hollow(text)) for key, text in value.items())
    return {key: text for key, text in kept if GROUP in key or not isinstance(text, str)}


def _compared(value: Any) -> Any:
    """Of annotations those that are compared; the books of tools are known to be there."""
    if not isinstance(value, dict):
        return _hollow(value)
    return {key: "" if key in NOISE else text for key, text in value.items()}


def _texts(*names: str) -> dict[str, Take]:
    return dict.fromkeys(names, _whole)


_NAMES = {"name": _whole, "namespace": _whole}
_OWNERS = {"ownerReferences": _each(_fields(_texts("apiVersion", "kind", "name", "controller")))}
_LABELS = {"labels": _pairs}

_PORTS = {"ports": _each(_fields(_texts("name", "protocol", "containerPort")))}
_POD = {
    "hostNetwork": _whole,
    "containers": _each(_fields(_PORTS)),
    "initContainers": _each(_fields({"restartPolicy": _whole, **_PORTS})),
}
_STATUS = {**_texts("phase", "podIP"), "podIPs": _each(_fields(_texts("ip")))}


def _template(path: tuple[str | int, ...]) -> Take:
    """Keeps the pod at a path below the root of an object."""
    take = _fields({"metadata": _fields(_LABELS), "spec": _fields(_POD)})
    for step in reversed(path):
        take = _fields({str(step): take})
    return take


def _made(path: tuple[str | int, ...]) -> Take:
    """Keeps an object that makes pods after a template."""
    template = _template(path)
    metadata = _fields({"metadata": _fields(_NAMES | _OWNERS)})
    return lambda body: {**metadata(body), **template(body)}


def _metadata(takes: Mapping[str, Take]) -> dict[str, Take]:
    """The metadata of an object whose codec looks for fields that do not exist."""
    return {"metadata": _fields({**_NAMES, **_LABELS, **takes}, METADATA)}


_TOP = ("apiVersion", "kind", "status")
_SERVICE_PORTS = _each(_fields(_texts("name", "protocol", "port", "targetPort")))
_SERVICE = {**_texts("type", "externalTrafficPolicy"), "selector": _pairs, "ports": _SERVICE_PORTS}
_INTENT = _texts("serviceSelector", "targets", "targetCIDRs", "direction", "mirrored", "duration")
_INTENT_METADATA = {"annotations": _ours, **_texts("creationTimestamp", "deletionTimestamp")}

_other = _fields({"metadata": _fields(_NAMES)})
_TAKES: dict[str, Take] = {
    **{kind: _made(shape.template) for kind, shape in workload.SHAPES.items() if shape.template},
    "Pod": _fields(
        {"metadata": _fields(_NAMES | _LABELS | _OWNERS), "spec": _fields(_POD), "status": _fields(_STATUS)}
    ),
    workload.NAMESPACE: _fields({"metadata": _fields(_NAMES | _LABELS)}),
    service.KIND: _fields({**_metadata({"annotations": _ours}), "spec": _fields(_SERVICE)}),
    POLICY: _fields({**_metadata({"annotations": _compared} | _OWNERS), "spec": _whole}, _TOP),
    **dict.fromkeys(KINDS, _fields({**_metadata(_INTENT_METADATA), "spec": _fields(_INTENT, ())}, _TOP)),
}
