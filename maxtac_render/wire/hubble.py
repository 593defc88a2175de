"""Flows of Cilium's Hubble, as ``hubble observe -o jsonpb`` and its exporter print them: one JSON object a line.

Source: https://github.com/cilium/cilium/blob/main/api/v1/flow/flow.proto. A flow stands under ``flow``, or (older
versions) by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from maxtac_render.model.flows import WORLD, Aside, Flow, Party
from maxtac_render.model.policy import NAMESPACE_NAME
from maxtac_render.model.ports import PROTOCOLS, is_port_number

PASSED = frozenset({"FORWARDED", "REDIRECTED", "AUDIT", "TRACED", "TRANSLATED"})
"""Verdicts of what went on its way; in audit mode also of what policies would have dropped."""
STOPPED = frozenset({"DROPPED", "ERROR"})

_RESERVED = "reserved:"
_KUBERNETES = "k8s:"
_OUTSIDE = ("cidr:", "fqdn:")
_HOME = "io.kubernetes.pod.namespace"
_HOME_LABELS = "io.cilium.k8s.namespace.labels."
_OWN = "io.cilium.k8s."
"""What Cilium adds to the labels of pods."""


class NoFlow(ValueError):
    """A document that holds no flow; the message says why."""


def decode(document: Any) -> Flow | tuple[Aside, int]:
    """Read one document: a flow that passed, or why it is not judged, and how many flows it stands for.

    Raises NoFlow for what Hubble does not print.
    """
    if not isinstance(document, dict):
        raise NoFlow("no mapping")
    if "lost_events" in document:
        return Aside.LOST, _count(_mapping(document, "lost_events").get("num_events_lost"))
    if "node_status" in document:
        return Aside.LOST, 0
    flow = _mapping(document, "flow") if "flow" in document else document
    if not flow.keys() & {"source", "destination", "l4", "IP", "verdict"}:
        raise NoFlow("no flow in it")
    aside = _aside(flow)
    return (aside, 1) if aside is not None else _flow(flow)


def _count(value: object) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 1


def _aside(flow: Mapping[str, Any]) -> Aside | None:
    """Why a flow is not judged, as far as it says so itself."""
    verdict = _text(flow, "verdict")
    if verdict in STOPPED:
        return Aside.DROPPED
    if verdict not in PASSED:
        return Aside.UNDECIDED
    is_reply = flow.get("is_reply")
    if is_reply is True or (is_reply is None and flow.get("reply") is True):
        return Aside.REPLY
    protocols = _mapping(flow, "l4")
    if not any(name in protocols for name in PROTOCOLS):
        return Aside.PROTOCOL
    return _opening(_mapping(protocols, "TCP")) if is_reply is None and "TCP" in protocols else None


def _opening(tcp: Mapping[str, Any]) -> Aside | None:
    """Judge by its flags whether a packet opens a connection, where nothing else tells."""
    flags = _mapping(tcp, "flags")
    if flags.get("SYN") is True:
        return Aside.REPLY if flags.get("ACK") is True else None
    return Aside.UNDIRECTED if flags else None


def _flow(flow: Mapping[str, Any]) -> Flow | tuple[Aside, int]:
    layer = _mapping(flow, "l4")
    protocol = next(name for name in PROTOCOLS if name in layer)
    port = _mapping(layer, protocol).get("destination_port")
    if not isinstance(port, int) or not is_port_number(port):
        raise NoFlow(f"no l4.{protocol}.destination_port")
    source, target = _party(flow, "source"), _party(flow, "destination")
    if target.reserved and _text(_mapping(flow, "destination_service"), "name"):
        return Aside.SERVICE, 1
    if source.pod and (source.namespace, source.pod) == (target.namespace, target.pod):
        return Aside.ITSELF, 1
    addresses = _mapping(flow, "IP")
    return Flow(source, target, _text(addresses, "source"), _text(addresses, "destination"), protocol, port)


def _party(flow: Mapping[str, Any], name: str) -> Party:
    end = _mapping(flow, name)
    labels = end.get("labels") or ()
    workloads = end.get("workloads") or ()
    if not isinstance(labels, list | tuple) or not all(type(label) is str for label in labels):
        raise NoFlow(f"{name}.labels is no list of texts")
    if not isinstance(workloads, list | tuple) or not all(isinstance(each, dict) for each in workloads):
        raise NoFlow(f"{name}.workloads is no list of mappings")
    made = tuple((_text(each, "kind"), _text(each, "name")) for each in workloads)
    return _identity(_text(end, "namespace"), _text(end, "pod_name"), tuple(labels), made)


@lru_cache(maxsize=65536)
def _identity(namespace: str, pod: str, labels: tuple[str, ...], workloads: tuple[tuple[str, str], ...]) -> Party:
    """Whom labels tell of. Those of a pod have a source before them, ``k8s:``, or (older versions) none."""
    own: dict[str, str] = {}
    home: dict[str, str] = {}
    for label in labels:
        key, _, value = label.removeprefix(_KUBERNETES).partition("=")
        if key == _HOME:
            namespace = namespace or value
        elif key.startswith(_HOME_LABELS):
            home[key.removeprefix(_HOME_LABELS)] = value
        elif not key.startswith(_OWN) and (label.startswith(_KUBERNETES) or ":" not in key):
            own[key] = value
    if namespace:
        home[NAMESPACE_NAME] = namespace
        return Party(namespace, pod, tuple(sorted(own.items())), tuple(sorted(home.items())), workloads)
    return Party(reserved=_reserved(labels))


def _reserved(labels: tuple[str, ...]) -> str:
    words = [label.removeprefix(_RESERVED) for label in labels if label.startswith(_RESERVED)]
    outside = any(label.startswith(_OUTSIDE) for label in labels)
    if outside or any(word.startswith(WORLD) for word in words):
        return WORLD
    return "" if words == ["unknown"] else ", ".join(words)


def _mapping(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = parent.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise NoFlow(f"{name} is no mapping")
    return value


def _text(parent: Mapping[str, Any], name: str) -> str:
    value = parent.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise NoFlow(f"{name} is no text")
    return value
