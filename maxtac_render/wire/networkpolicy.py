"""NetworkPolicies: policies as bodies for whoever needs them, and as text at the speed of a template.

Protocol and policyTypes are always written, and empty lists and selectors never: the API server fills the first in,
and every apply of the second is a write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from maxtac_render.model.intent import Direction
from maxtac_render.model.policy import ANY_PEER, API_VERSION, KIND, AnyPeer, CIDRPeer, Peer, PodPeer, Policy, Rule
from maxtac_render.model.ports import ANY_PORT, AnyPort, Ports
from maxtac_render.model.selectors import Labels, Selector

_TYPES = {
    Direction.NONE: [],
    Direction.INGRESS: ["Ingress"],
    Direction.EGRESS: ["Egress"],
    Direction.ALL: ["Ingress", "Egress"],
}
_PEERS_KEY = {Direction.INGRESS: "from", Direction.EGRESS: "to"}
_HEAD = f"apiVersion: {API_VERSION}\nkind: {KIND}\nmetadata:\n"
_FROM = "  ingress:\n  - from:"
_TO = "  egress:\n  - to:"
_NOTES = "  annotations:\n"

_Record = TypeVar("_Record")


def body(policy: Policy) -> dict[str, Any]:
    """A policy as the API server takes it."""
    metadata = {"name": policy.name, "namespace": policy.namespace, **_metadata(policy.labels, policy.annotations)}
    spec = {"podSelector": _selector(policy.subject), "policyTypes": _TYPES[policy.isolates]}
    spec.update(_sections(policy.rules))
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": spec}


def _metadata(labels: Labels, annotations: Labels) -> dict[str, Any]:
    return {key: dict(pairs) for key, pairs in (("labels", labels), ("annotations", annotations)) if pairs}


def _sections(rules: tuple[Rule, ...]) -> dict[str, Any]:
    sections: dict[str, Any] = {}
    for direction in _PEERS_KEY:
        entries = [_rule(rule) for rule in rules if rule.direction is direction]
        if entries:
            sections[direction.word] = entries
    return sections


def _rule(rule: Rule) -> dict[str, Any]:
    entry: dict[str, Any] = {}
    if not any(isinstance(peer, AnyPeer) for peer in rule.peers):
        entry[_PEERS_KEY[rule.direction]] = [_peer(peer) for peer in rule.peers]
    if not isinstance(rule.ports, AnyPort):
        entry["ports"] = _ports(rule.ports)
    return entry


def _peer(peer: Peer) -> dict[str, Any]:
    match peer:
        case PodPeer(namespaces, pods):
            return {"namespaceSelector": _selector(namespaces), "podSelector": _selector(pods)}
        case CIDRPeer(cidr):
            return {"ipBlock": {"cidr": cidr}}
        case AnyPeer():
            raise AssertionError("anyone is written by leaving the peers out")


def _ports(ports: Ports) -> list[dict[str, Any]]:
    if isinstance(ports, AnyPort):
        raise AssertionError("every port is written by leaving the ports out")
    return [
        {"protocol": protocol, "port": port} if end is None else {"protocol": protocol, "port": port, "endPort": end}
        for protocol, port, end in ports
    ]


def _selector(selector: Selector) -> dict[str, Any]:
    entry: dict[str, Any] = {}
    if selector.match_labels:
        entry["matchLabels"] = dict(selector.match_labels)
    if selector.match_expressions:
        entry["matchExpressions"] = [
            {"key": key, "operator": operator, **({"values": list(values)} if values else {})}
            for key, operator, values in selector.match_expressions
        ]
    return entry


Block = Callable[[Any, int], str]
"""Writes what stands after the colon of a key at a column: a value, to the end of its last line."""


def texts(policies: Iterable[Policy], block: Block, scalar: Callable[[str], str]) -> Iterator[str]:
    """The YAML text of each policy, that of its body; ``scalar`` writes a string on its line.

    What policies share is written once: dictionaries for a hundred thousand policies would cost more than all the rest.
    """
    return map(_Writer(block, scalar).text, policies)


class _Writer:
    """Puts the texts of policies together from blocks, kept by the identity of the records they are made of."""

    def __init__(self, block: Block, scalar: Callable[[str], str]) -> None:
        self._block = block
        self._scalar = scalar
        self._kept: dict[int, str] = {}
        self._alive: list[object] = []

    def text(self, policy: Policy) -> str:
        """One policy, from apiVersion to its last rule."""
        namespace, name, subject, isolates, rules, labels, annotations, _ = policy
        kept, keep, scalar = self._kept.get, self._keep, self._scalar
        types = kept(id(isolates)) or keep(isolates, _type_lines)
        notes = "".join([kept(id(note)) or keep(note, _note_lines) for note in annotations])
        return (
            f"{_HEAD}  name: {scalar(name)}\n  namespace: {scalar(namespace)}\n"
            f"{kept(id(labels)) or keep(labels, _label_lines)}{_NOTES if notes else ''}{notes}"
            f"spec:\n{kept(id(subject)) or keep(subject, _subject_lines)}{types}{self._rules(rules)}"
        )

    def _rules(self, rules: tuple[Rule, ...]) -> str:
        kept, keep = self._kept.get, self._keep
        text, before = "", Direction.NONE
        for direction, peers, ports in rules:
            if direction is before or ports is ANY_PORT or ANY_PEER in peers:
                return "".join(f"  {key}:{self._block(value, 2)}" for key, value in _sections(rules).items())
            before = direction
            text += (
                f"{_FROM if direction is Direction.INGRESS else _TO}{kept(id(peers)) or keep(peers, _peer_lines)}"
                f"    ports:{kept(id(ports)) or keep(ports, _port_lines)}"
            )
        return text

    def _keep(self, record: _Record, lines: Callable[[_Record, Block], str]) -> str:
        text = self._kept[id(record)] = lines(record, self._block)
        self._alive.append(record)
        return text


def _label_lines(labels: Labels, block: Block) -> str:
    return f"  labels:{block(dict(labels), 2)}" if labels else ""


def _note_lines(note: tuple[str, str], block: Block) -> str:
    return f"{block({note[0]: note[1]}, 2)[1:]}"


def _subject_lines(subject: Selector, block: Block) -> str:
    return f"  podSelector:{block(_selector(subject), 2)}"


def _type_lines(isolates: Direction, block: Block) -> str:
    return f"  policyTypes:{block(_TYPES[isolates], 2)}"


def _peer_lines(peers: tuple[Peer, ...], block: Block) -> str:
    return block([_peer(peer) for peer in peers], 4)


def _port_lines(ports: Ports, block: Block) -> str:
    return block(_ports(ports), 4)
