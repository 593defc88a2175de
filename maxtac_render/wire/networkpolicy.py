"""NetworkPolicies: policies as bodies for whoever needs them, and as text at the speed of a template.

Protocol and policyTypes are always written, and empty lists and selectors never: the API server fills the first in,
and every apply of the second is a write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from maxtac_render.model.intent import Direction
from maxtac_render.model.policy import (
    ANY_PEER,
    API_VERSION,
    KIND,
    NAMESPACE_NAME,
    AnyPeer,
    CIDRPeer,
    Peer,
    PodPeer,
    Policy,
    Rule,
)
from maxtac_render.model.ports import AnyPort, Ports
from maxtac_render.model.selectors import Labels, Selector

_TYPES = {
    Direction.NONE: [],
    Direction.INGRESS: ["Ingress"],
    Direction.EGRESS: ["Egress"],
    Direction.ALL: ["Ingress", "Egress"],
}
_PEERS_KEY = {Direction.INGRESS: "from", Direction.EGRESS: "to"}
_HEAD = f"apiVersion: {API_VERSION}\nkind: {KIND}\nmetadata:\n"
_ANYONE = "(anyone)"
_ANYWHERE = "(anywhere)"
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
        case CIDRPeer(cidr, except_):
            return {"ipBlock": {"cidr": cidr, **({"except": list(except_)} if except_ else {})}}
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


def named_namespaces(value: object) -> set[str]:
    """The namespaces that a policy's body names as those of its peers, whatever else is wrong with it."""
    if isinstance(value, list):
        return {name for item in value for name in named_namespaces(item)}
    if not isinstance(value, dict):
        return set()
    names = {name for item in value.values() for name in named_namespaces(item)}
    name = value.get(NAMESPACE_NAME)
    return names | {name} if isinstance(name, str) else names


def texts(policies: Iterable[Policy], scalar: Callable[[str], str]) -> Iterator[str]:
    """The YAML text of each policy, that of its body; ``scalar`` writes a string on its line.

    What policies share is written once: bodies for a hundred thousand policies would cost more than all the rest.
    """
    return map(_Writer(scalar).text, policies)


class _Writer:
    """Puts the texts of policies together from parts, kept by the identity of the records they are made of."""

    def __init__(self, scalar: Callable[[str], str]) -> None:
        self._scalar = scalar
        self._kept: dict[int, str] = {}
        self._alive: list[object] = []

    def text(self, policy: Policy) -> str:
        """One policy, from apiVersion to its last rule."""
        namespace, name, subject, isolates, rules, labels, annotations, _ = policy
        kept, keep, scalar = self._kept.get, self._keep, self._scalar
        types = kept(id(isolates)) or keep(isolates, self._types)
        notes = "".join([kept(id(note)) or keep(note, self._note) for note in annotations])
        return (
            f"{_HEAD}  name: {scalar(name)}\n{kept(id(namespace)) or keep(namespace, self._namespace)}"
            f"{kept(id(labels)) or keep(labels, self._labels)}{_NOTES if notes else ''}{notes}"
            f"spec:\n  podSelector:{kept(id(subject)) or keep(subject, self._subject)}{types}{self._rules(rules)}"
        )

    def _rules(self, rules: tuple[Rule, ...]) -> str:
        kept, keep = self._kept.get, self._keep
        text, section = "", None
        for direction, peers, ports in rules:
            if direction is not section:
                text += "  ingress:\n" if direction is Direction.INGRESS else "  egress:\n"
                section = direction
            key = "from" if direction is Direction.INGRESS else "to"
            whom = kept(id(peers)) or keep(peers, self._peers)
            where = kept(id(ports)) or keep(ports, self._ports)
            if whom is _ANYONE:
                text += f"  - ports:{where}" if where is not _ANYWHERE else "  - {}\n"
            else:
                text += f"  - {key}:{whom}    ports:{where}" if where is not _ANYWHERE else f"  - {key}:{whom}"
        return text

    def _keep(self, record: _Record, write: Callable[[_Record], str]) -> str:
        text = self._kept[id(record)] = write(record)
        self._alive.append(record)
        return text

    def _namespace(self, namespace: str) -> str:
        return f"  namespace: {self._scalar(namespace)}\n"

    def _labels(self, labels: Labels) -> str:
        return f"  labels:\n{self._pairs(labels, '    ')}" if labels else ""

    def _note(self, note: tuple[str, str]) -> str:
        return self._pairs((note,), "    ")

    def _types(self, isolates: Direction) -> str:
        return "  policyTypes:" + ("".join(f"\n  - {name}" for name in _TYPES[isolates]) or " []") + "\n"

    def _subject(self, subject: Selector) -> str:
        return self._selector(subject, "    ")

    def _peers(self, peers: tuple[Peer, ...]) -> str:
        return _ANYONE if ANY_PEER in peers else "\n" + "".join(map(self._peer, peers))

    def _peer(self, peer: Peer) -> str:
        match peer:
            case PodPeer(namespaces, pods):
                pad = "        "
                first = f"    - namespaceSelector:{self._selector(namespaces, pad)}"
                return f"{first}      podSelector:{self._selector(pods, pad)}"
            case CIDRPeer(cidr, except_):
                text = f"    - ipBlock:\n        cidr: {self._scalar(cidr)}\n"
                text += "        except:\n" if except_ else ""
                return text + "".join(f"        - {self._scalar(other)}\n" for other in except_)
            case AnyPeer():
                raise AssertionError("anyone is written by leaving the peers out")

    def _ports(self, ports: Ports) -> str:
        if isinstance(ports, AnyPort):
            return _ANYWHERE
        text = "\n"
        for protocol, port, end in ports:
            number = port if isinstance(port, int) else self._scalar(port)
            text += f"    - protocol: {self._scalar(protocol)}\n      port: {number}\n"
            text += f"      endPort: {end}\n" if end is not None else ""
        return text

    def _selector(self, selector: Selector, pad: str) -> str:
        text = "\n"
        if selector.match_labels:
            text += f"{pad}matchLabels:\n{self._pairs(selector.match_labels, pad + '  ')}"
        if selector.match_expressions:
            text += f"{pad}matchExpressions:\n"
        for key, operator, values in selector.match_expressions:
            text += f"{pad}- key: {self._scalar(key)}\n{pad}  operator: {operator}\n"
            text += f"{pad}  values:\n" if values else ""
            text += "".join(f"{pad}  - {self._scalar(value)}\n" for value in values)
        return text if len(text) > 1 else " {}\n"

    def _pairs(self, pairs: Labels, pad: str) -> str:
        scalar = self._scalar
        return "".join([f"{pad}{scalar(key)}: {scalar(value)}\n" for key, value in pairs])
