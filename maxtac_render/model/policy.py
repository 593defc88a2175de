"""The intermediate representation: network policies with "everything" and "nothing" told apart.

In NetworkPolicy an empty ``from``, ``to`` or ``ports`` means everything. Here an absence never does: anyone is
ANY_PEER, every port is ANY_PORT, and a rule without peers or ports cannot be built.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from maxtac_render.model.intent import Direction, Intent, Wanted
from maxtac_render.model.ports import AnyPort, Ports
from maxtac_render.model.selectors import Labels, Selector

API_VERSION = "networking.k8s.io/v1"
KIND = "NetworkPolicy"
NAMESPACE_NAME = "kubernetes.io/metadata.name"
"""The label that the API server keeps on every namespace, with the namespace's name."""


class AnyPeer(Enum):
    """Anyone, in the cluster and outside."""

    ANY = "any"


ANY_PEER = AnyPeer.ANY


class PodPeer(NamedTuple):
    """Pods that match ``pods`` in namespaces that match ``namespaces``."""

    namespaces: Selector
    pods: Selector


class CIDRPeer(NamedTuple):
    """Addresses in a CIDR, but for those in the CIDRs of ``except_``, which lie within it."""

    cidr: str
    except_: tuple[str, ...] = ()


Peer = PodPeer | CIDRPeer | AnyPeer


class _Rule(NamedTuple):
    direction: Direction
    peers: tuple[Peer, ...]
    ports: Ports


class Rule(_Rule):
    """Connections in one direction that a policy allows: any of the peers, on any of the ports."""

    __slots__ = ()

    def __new__(cls, direction: Direction, peers: tuple[Peer, ...], ports: Ports) -> Rule:
        assert peers, "a rule without peers would allow everyone"  # noqa: S101 - a wrong program
        assert ports, "a rule without ports would allow every port"  # noqa: S101 - a wrong program
        return tuple.__new__(cls, (direction, peers, ports))


class Cause(NamedTuple):
    """What a policy was made for: one target of one intent, seen from the subject or (mirror) from the target."""

    intent: Intent
    wanted: Wanted
    mirror: bool


class Policy(NamedTuple):
    """One network policy: the subject's pods are isolated in the directions of ``isolates``, and the rules open.

    ``cause`` is None for policies that no single intent asked for.
    """

    namespace: str
    name: str
    subject: Selector
    isolates: Direction
    rules: tuple[Rule, ...]
    labels: Labels
    annotations: Labels
    cause: Cause | None


def opens_dns(rule: Rule) -> bool:
    """Tell whether a rule lets its subject ask name servers; an address range on every port does not count as that."""
    if rule.direction is not Direction.EGRESS:
        return False
    if isinstance(rule.ports, AnyPort):
        return not all(isinstance(peer, CIDRPeer) for peer in rule.peers)
    return any(protocol == "UDP" and _is_dns(port, end) for protocol, port, end in rule.ports)


def _is_dns(port: int | str, end: int | None) -> bool:
    return port.startswith("dns") if isinstance(port, str) else port <= 53 <= (port if end is None else end)
