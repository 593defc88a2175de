"""What a set of NetworkPolicy bodies allows, tried out connection by connection: slow, short and independent.

It follows the API's documentation (https://kubernetes.io/docs/concepts/services-networking/network-policies/) and
knows nothing of the engine. Bodies are as the API server stores them, or as they are written: what it fills in is
filled in here too. An outside address is a string.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple

Pairs = tuple[tuple[str, str], ...]


class Pod(NamedTuple):
    """A pod: where it is, its labels, its ports as (name, protocol, number), its addresses, its namespace's labels."""

    namespace: str
    labels: Pairs
    ports: tuple[tuple[str, str, int], ...] = ()
    addresses: tuple[str, ...] = ()
    home: Pairs = ()


Endpoint = Pod | str
Connection = tuple[Endpoint, Endpoint, str, int]
Body = dict[str, Any]


def allowed(bodies: Iterable[Body], connections: Iterable[Connection]) -> set[Connection]:
    """The connections that nothing forbids."""
    policies = list(bodies)

    @cache
    def rules(side: str, here: Endpoint) -> list[tuple[str, Body]] | None:
        return None if isinstance(here, str) else _rules(policies, side, here)

    return {
        (source, target, protocol, port)
        for source, target, protocol, port in connections
        if _passes(rules("egress", source), "to", target, (protocol, port, target))
        and _passes(rules("ingress", target), "from", source, (protocol, port, target))
    }


def isolates(policy: Body, side: str, pod: Pod) -> bool:
    """Whether a policy isolates a pod on one side."""
    spec = _spec(policy)
    return (
        side.title() in _types(spec) and _home(policy) == pod.namespace and selects(spec.get("podSelector"), pod.labels)
    )


def _home(policy: Body) -> str:
    return policy["metadata"].get("namespace", "default")


def _spec(policy: Body) -> Body:
    return policy.get("spec") or {}


def _types(spec: Body) -> list[str]:
    return spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]


def _rules(policies: Sequence[Body], side: str, here: Pod) -> list[tuple[str, Body]] | None:
    """The rules for one side of a pod, each with its policy's namespace; None where no policy isolates that side."""
    isolating = [policy for policy in policies if isolates(policy, side, here)]
    found = [(_home(policy), rule or {}) for policy in isolating for rule in _spec(policy).get(side) or []]
    return found if isolating else None


def _passes(rules: list[tuple[str, Body]] | None, key: str, there: Endpoint, port: tuple[str, int, Endpoint]) -> bool:
    return rules is None or any(
        _is_any_peer(rule.get(key), home, there) and _is_any_port(rule.get("ports"), *port) for home, rule in rules
    )


def _is_any_peer(peers: list[Body] | None, home: str, there: Endpoint) -> bool:
    return not peers or any(_is_peer(peer, home, there) for peer in peers)


def _is_peer(peer: Body, home: str, there: Endpoint) -> bool:
    block = peer.get("ipBlock")
    if block is not None:
        addresses = [there] if isinstance(there, str) else there.addresses
        return any(
            _within(address, block["cidr"]) and not any(_within(address, other) for other in block.get("except") or [])
            for address in addresses
        )
    if isinstance(there, str):
        return False
    namespaces, name = peer.get("namespaceSelector"), ("kubernetes.io/metadata.name", there.namespace)
    near = there.namespace == home if namespaces is None else selects(namespaces, (*there.home, name))
    return near and selects(peer.get("podSelector"), there.labels)


@cache
def _within(address: str, cidr: str) -> bool:
    return ip_address(address) in ip_network(cidr, strict=False)


def selects(selector: Body | None, pairs: Pairs) -> bool:
    """Whether a selector selects labels."""
    selector, labels = selector or {}, dict(pairs)
    equal = all(labels.get(key) == (value or "") for key, value in (selector.get("matchLabels") or {}).items())
    return equal and all(_holds(labels.get(entry["key"]), entry) for entry in selector.get("matchExpressions") or [])


def _holds(value: str | None, entry: Body) -> bool:
    match entry["operator"]:
        case "In":
            return value in entry["values"]
        case "NotIn":
            return value not in entry["values"]
        case "Exists":
            return value is not None
        case _:
            return value is None


def _is_any_port(ports: list[Body | None] | None, protocol: str, number: int, target: Endpoint) -> bool:
    return not ports or any(_is_port(entry or {}, protocol, number, target) for entry in ports)


def _is_port(entry: Body, protocol: str, number: int, target: Endpoint) -> bool:
    wanted = entry.get("port")
    if (entry.get("protocol") or "TCP") != protocol:
        return False
    if isinstance(wanted, str):
        return not isinstance(target, str) and (wanted, protocol, number) in target.ports
    return wanted is None or wanted <= number <= (entry.get("endPort") or wanted)
