"""NetworkPolicies as they are written: checked as the API server checks them, and read into the IR.

What the API server fills in is filled in: protocols, policyTypes, and what an absent or empty list means. Source:
https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from maxtac_render.model.addresses import Block, parse_block
from maxtac_render.model.catalogue import Code
from maxtac_render.model.diagnostics import Report, did_you_mean
from maxtac_render.model.fields import Fields, shown
from maxtac_render.model.intent import Direction, direction_of
from maxtac_render.model.labelselectors import plain_selector, read_label_selector
from maxtac_render.model.names import is_label_key, is_label_value
from maxtac_render.model.objects import METADATA, FieldPath, Key, Resource
from maxtac_render.model.policy import ANY_PEER, NAMESPACE_NAME, CIDRPeer, Peer, PodPeer, Policy, Rule
from maxtac_render.model.ports import ANY_PORT, PROTOCOLS, Port, is_port_name, is_port_number
from maxtac_render.model.selectors import Labels, Selector

_TYPES = {"Ingress": Direction.INGRESS, "Egress": Direction.EGRESS}
_PEERS = {Direction.INGRESS: "from", Direction.EGRESS: "to"}
_SORTS = ("podSelector", "namespaceSelector", "ipBlock")
_DONE = "policy left out"
_EVERY = Selector()


def decode(resource: Resource, report: Report) -> Policy | None:
    """Read a NetworkPolicy; None, with findings, for one that the API server would refuse.

    The rules of one direction stand in their order, so that the number of a rule among them is its place in the spec.
    """
    reading = _Reading(resource, report)
    policy = reading.policy()
    return policy if reading.sound else None


class _Reading:
    """One policy being read. ``sound`` becomes false with the first thing that the API server refuses."""

    def __init__(self, resource: Resource, report: Report) -> None:
        self._fields = Fields(resource, report)
        self._home = Selector(((NAMESPACE_NAME, resource.ref.namespace),))
        self.sound = True

    def policy(self) -> Policy:
        """The policy, of which everything counts only if it is sound."""
        fields, ref = self._fields, self._fields.resource.ref
        fields.known((), ("apiVersion", "kind", "metadata", "spec", "status"))
        fields.known(("metadata",), METADATA)
        spec = self._mapping(fields.resource.body.get("spec"), ("spec",))
        self._known(spec, ("spec",), ("podSelector", "policyTypes", "ingress", "egress"))
        subject = self._selector(spec, ("spec", "podSelector")) or _EVERY
        rules = [*self._rules(spec, Direction.INGRESS), *self._rules(spec, Direction.EGRESS)]
        isolates = self._types(spec, ("spec", "policyTypes"))
        opened = tuple(rule for rule in rules if (rule.direction & isolates) is rule.direction)
        return Policy(ref.namespace, ref.name, subject, isolates, opened, *self._marks(), None)

    def _marks(self) -> tuple[Labels, Labels]:
        """The policy's own labels and annotations."""
        labels, annotations = (self._fields.readable(("metadata", key)) for key in ("labels", "annotations"))
        for key, value in labels.items():
            if not is_label_key(key) or not is_label_value(value):
                guess = "write at most 63 letters, digits, -, _ and ., with a letter or a digit at both ends"
                self._refuse(("metadata", "labels", key), f"{key}={value} is no label", guess)
        for key in annotations:
            if not is_label_key(key.lower()):
                guess = "write a name of at most 63 characters, with or without a DNS subdomain and a slash before it"
                self._refuse(("metadata", "annotations", Key(key)), f"{key or '(none)'} is no annotation key", guess)
        return tuple(sorted(labels.items())), tuple(sorted(annotations.items()))

    def _types(self, spec: Mapping[str, Any], path: FieldPath) -> Direction:
        """The directions that are isolated: Ingress, and Egress where there are rules for it, unless the spec says."""
        types = self._sequence(spec.get("policyTypes"), path)
        if not types:
            return direction_of(ingress=True, egress=bool(spec.get("egress")))
        found = Direction.NONE
        for number, word in enumerate(types):
            if not isinstance(word, str) or word not in _TYPES:
                guess = did_you_mean(word, tuple(_TYPES)) if isinstance(word, str) else "write Ingress or Egress"
                self._refuse((*path, number), f"policy type {shown(word)} is not known", guess)
            else:
                found |= _TYPES[word]
        if len(types) > len(_TYPES):
            self._refuse(path, f"{len(types)} policy types", "write Ingress, Egress or both, each once")
        return found

    def _rules(self, spec: Mapping[str, Any], direction: Direction) -> Iterator[Rule]:
        path = ("spec", direction.word)
        for number, entry in enumerate(self._sequence(spec.get(direction.word), path)):
            yield self._rule(self._mapping(entry, (*path, number)), (*path, number), direction)

    def _rule(self, entry: Mapping[str, Any], path: FieldPath, direction: Direction) -> Rule:
        """A rule; the one that an absent entry is stored as allows everything."""
        key = _PEERS[direction]
        self._known(entry, path, (key, "ports"))
        peers = self._sequence(entry.get(key), (*path, key))
        ports = self._sequence(entry.get("ports"), (*path, "ports"))
        whom = tuple(self._peer(self._mapping(peer, place), place) for peer, place in _placed(peers, (*path, key)))
        where = tuple(self._port(self._mapping(port, place), place) for port, place in _placed(ports, (*path, "ports")))
        return Rule(direction, whom or (ANY_PEER,), where or ANY_PORT)

    def _peer(self, entry: Mapping[str, Any], path: FieldPath) -> Peer:
        self._known(entry, path, _SORTS)
        given = [key for key in _SORTS if entry.get(key) is not None]
        if not given:
            self._refuse(path, "a peer that names nobody", "write a podSelector, a namespaceSelector or an ipBlock")
        if "ipBlock" not in given:
            namespaces = self._selector(entry, (*path, "namespaceSelector"))
            pods = self._selector(entry, (*path, "podSelector"))
            return PodPeer(self._home if namespaces is None else namespaces, _EVERY if pods is None else pods)
        if len(given) > 1:
            self._refuse(path, "an ipBlock beside a selector in one peer", "write them as two peers")
        return self._block(self._mapping(entry["ipBlock"], (*path, "ipBlock")), (*path, "ipBlock"))

    def _block(self, entry: Mapping[str, Any], path: FieldPath) -> CIDRPeer:
        self._known(entry, path, ("cidr", "except"))
        cidr = self._cidr(entry.get("cidr"), (*path, "cidr"))
        excepted = set()
        for value, place in _placed(self._sequence(entry.get("except"), (*path, "except")), (*path, "except")):
            inner = self._cidr(value, place)
            if cidr and inner and not inner.range.within(cidr.range):
                self._refuse(place, f"{inner.text} is not a part of {cidr.text}", "an exception lies within its cidr")
            excepted.add(inner.text if inner else "")
        return CIDRPeer(cidr.text if cidr else "", tuple(sorted(excepted)))

    def _cidr(self, value: Any, path: FieldPath) -> Block | None:
        block = parse_block(value) if isinstance(value, str) else None
        if block is None:
            guess = "write an IPv4 or IPv6 range with its prefix length, such as 10.0.0.0/8 or 2001:db8::/32"
            return self._refuse(path, f"{shown(value) if value is not None else '(none)'} is not a CIDR", guess)
        if block.host_bits:
            fields = self._fields
            fields.report.add(Code.HOST_BITS, fields.resource, path, value=value, cidr=block.text)
        return block

    def _port(self, entry: Mapping[str, Any], path: FieldPath) -> Port:
        """A port; without a number it is every port of its protocol."""
        self._known(entry, path, ("protocol", "port", "endPort"))
        protocol, port, end = entry.get("protocol"), entry.get("port"), entry.get("endPort")
        if protocol is None:
            protocol = "TCP"
        elif protocol not in PROTOCOLS:
            self._refuse((*path, "protocol"), f"protocol {shown(protocol)} is not known", "write TCP, UDP or SCTP")
        if port is not None and not is_port_number(port) and not is_port_name(port):
            guess = "write a number from 1 to 65535 without quotes, or the name of a container port"
            self._refuse((*path, "port"), f"{shown(port)} is not a port", guess)
        if end is not None and not (is_port_number(port) and is_port_number(end) and end >= port):
            guess = "write a number from port to 65535, beside a port that is a number"
            self._refuse((*path, "endPort"), f"endPort {shown(end)} ends no range", guess)
        if port is None:
            return Port(protocol, 1, 65535)
        return Port(protocol, port, None if end == port else end)

    def _selector(self, entry: Mapping[str, Any], path: FieldPath) -> Selector | None:
        """The selector at the last step of a path; None where there is none."""
        value = entry.get(str(path[-1]))
        if value is None:
            return None
        selector = plain_selector(value) or read_label_selector(self._fields, path, _DONE)
        self.sound = self.sound and selector is not None
        return selector

    def _mapping(self, value: Any, path: FieldPath) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            if value is not None:
                self._wrong(path, value, "a mapping")
            return {}
        return value

    def _sequence(self, value: Any, path: FieldPath) -> Sequence[Any]:
        if not isinstance(value, list):
            if value is not None:
                self._wrong(path, value, "a list")
            return ()
        return value

    def _known(self, entry: Mapping[str, Any], path: FieldPath, names: tuple[str, ...]) -> None:
        """Report fields that do not exist. The API server drops them, so that the rest still counts."""
        if not all(map(names.__contains__, entry)):
            self._fields.known(path, names)

    def _wrong(self, path: FieldPath, value: Any, expected: str) -> None:
        self._fields.wrong(path, value, expected, _DONE)
        self.sound = False

    def _refuse(self, path: FieldPath, problem: str, guess: str) -> None:
        fields = self._fields
        fields.report.add(Code.INVALID_POLICY, fields.resource, path, problem=problem, guess=guess)
        self.sound = False


def _placed(entries: Sequence[Any], path: FieldPath) -> Iterator[tuple[Any, FieldPath]]:
    for number, entry in enumerate(entries):
        yield entry, (*path, number)
