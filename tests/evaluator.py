"""What a set of NetworkPolicy bodies allows, tried out connection by connection: slow, short and independent.

It follows the API's documentation (https://kubernetes.io/docs/concepts/services-networking/network-policies/) and
knows nothing of the engine. Pods are (namespace, labels), outside addresses are strings.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any, NamedTuple


class Pod(NamedTuple):
    """A pod: where it is, its labels as pairs, the names of its ports as (name, protocol, number)."""

    namespace: str
    labels: tuple[tuple[str, str], ...]
    ports: tuple[tuple[str, str, int], ...] = ()


Endpoint = Pod | str
Connection = tuple[Endpoint, Endpoint, str, int]


def allowed(bodies: Iterable[dict[str, Any]], connections: Iterable[Connection]) -> set[Connection]:
    """The connections that nothing forbids."""
    policies = list(bodies)
    return {
        (source, target, protocol, port)
        for source, target, protocol, port in connections
        if _passes(policies, "egress", source, target, (protocol, port, target))
        and _passes(policies, "ingress", target, source, (protocol, port, target))
    }


def _passes(policies: list[dict[str, Any]], side: str, here: Endpoint, there: Endpoint, port: tuple) -> bool:
    if isinstance(here, str):
        return True
    closing = [policy for policy in policies if _selects_pod(policy, here) and side.title() in _types(policy["spec"])]
    rules = [(rule, policy) for policy in closing for rule in policy["spec"].get(side) or []]
    return not closing or any(_matches(rule or {}, side, policy, there, port) for rule, policy in rules)


def _types(spec: dict[str, Any]) -> list[str]:
    return spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]


def _selects_pod(policy: dict[str, Any], pod: Pod) -> bool:
    return policy["metadata"]["namespace"] == pod.namespace and _selects(
        policy["spec"].get("podSelector"), dict(pod.labels)
    )


def _selects(selector: dict[str, Any] | None, labels: dict[str, str]) -> bool:
    selector = selector or {}
    holds = {
        "In": lambda key, values: labels.get(key) in values,
        "NotIn": lambda key, values: labels.get(key) not in values,
        "Exists": lambda key, _: key in labels,
        "DoesNotExist": lambda key, _: key not in labels,
    }
    return all(labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items()) and all(
        holds[entry["operator"]](entry["key"], entry.get("values") or [])
        for entry in selector.get("matchExpressions") or []
    )


def _matches(rule: dict[str, Any], side: str, policy: dict[str, Any], there: Endpoint, port: tuple) -> bool:
    peers, ports = rule.get("from" if side == "ingress" else "to"), rule.get("ports")
    return (not peers or any(_is_peer(peer, policy, there) for peer in peers)) and (
        not ports or any(_is_port(entry or {}, *port) for entry in ports)
    )


def _is_peer(peer: dict[str, Any], policy: dict[str, Any], there: Endpoint) -> bool:
    if isinstance(there, str):
        block = peer.get("ipBlock")
        address = ipaddress.ip_address(there)
        return bool(block) and address in ipaddress.ip_network(block["cidr"], strict=False)
    if "ipBlock" in peer:
        return False
    home = policy["metadata"]["namespace"]
    namespace = peer.get("namespaceSelector")
    near = (
        there.namespace == home
        if namespace is None
        else _selects(namespace, {"kubernetes.io/metadata.name": there.namespace})
    )
    return near and _selects(peer.get("podSelector"), dict(there.labels))


def _is_port(entry: dict[str, Any], protocol: str, number: int, target: Endpoint) -> bool:
    wanted = entry.get("port")
    if entry.get("protocol", "TCP") != protocol:
        return False
    if isinstance(wanted, str):
        return not isinstance(target, str) and (wanted, protocol, number) in target.ports
    return wanted is None or wanted <= number <= entry.get("endPort", wanted)
