"""Changes of policies: what one of them does, whatever its spelling, and how it was before and is after."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, NamedTuple

from maxtac_render.model.addresses import parse_block
from maxtac_render.model.cluster import Applied
from maxtac_render.model.intent import Direction
from maxtac_render.model.objects import ObjectRef
from maxtac_render.model.policy import AnyPeer, CIDRPeer, Peer, PodPeer, Policy, Rule
from maxtac_render.model.ports import AnyPort, Port
from maxtac_render.model.selectors import Requirement, Selector

Action = Literal["create", "patch", "delete"]


class Change(NamedTuple):
    """One policy that comes (``before`` is None), goes (``after`` is None), or becomes another.

    ``fields`` are those that differ where it becomes another: ``metadata.labels``, ``spec.ingress``.
    """

    before: Applied | None
    after: Applied | None
    fields: tuple[str, ...] = ()

    @property
    def action(self) -> Action:
        """What makes the change."""
        return "create" if self.before is None else "delete" if self.after is None else "patch"

    @property
    def applied(self) -> Applied:
        """The policy as it is after the change, or as it was last."""
        applied = self.after or self.before
        assert applied is not None, "a change of nothing"  # noqa: S101 - a wrong program
        return applied

    @property
    def ref(self) -> ObjectRef:
        """The policy."""
        return self.applied.ref


def meaning(policy: Policy) -> tuple[object, ...]:
    """What a policy does to the pods of its namespace, whatever its name, the order of its lists and its spelling."""
    namespace, _, subject, isolates, rules, *_ = normalised(policy)
    return namespace, subject, isolates, rules


def normalised(policy: Policy) -> Policy:
    """A policy with its lists in one order, each entry once, and its addresses as they are usually written."""
    rules = dict.fromkeys(_rule(rule) for rule in policy.rules)
    return policy._replace(subject=_selector(policy.subject), rules=tuple(sorted(rules, key=_rule_order)))


def _rule(rule: Rule) -> Rule:
    peers, ports = (tuple(dict.fromkeys(map(_peer, rule.peers))), rule.ports)
    if not isinstance(ports, AnyPort):
        ports = tuple(sorted(set(map(_port, ports)), key=_port_order))
    return Rule(rule.direction, tuple(sorted(peers, key=repr)), ports)


def _rule_order(rule: Rule) -> tuple[bool, str]:
    return rule.direction is Direction.EGRESS, repr(rule[1:])


@lru_cache(maxsize=65536)
def _peer(peer: Peer) -> Peer:
    match peer:
        case PodPeer(namespaces, pods):
            return PodPeer(_selector(namespaces), _selector(pods))
        case CIDRPeer(cidr, except_):
            return CIDRPeer(_cidr(cidr), tuple(sorted({_cidr(each) for each in except_})))
        case AnyPeer():
            return peer


def _cidr(text: str) -> str:
    block = parse_block(text)
    return block.text if block is not None else text


def _selector(selector: Selector) -> Selector:
    return Selector(tuple(sorted(set(selector.match_labels))), _sorted(selector.match_expressions))


def _sorted(requirements: Iterable[Requirement]) -> tuple[Requirement, ...]:
    return tuple(sorted({each._replace(values=tuple(sorted(set(each.values)))) for each in requirements}))


def _port(port: Port) -> Port:
    return port._replace(end_port=None) if port.end_port == port.port else port


def _port_order(port: Port) -> tuple[str, bool, str, int, int]:
    name = isinstance(port.port, str)
    return port.protocol, name, str(port.port) if name else "", 0 if name else int(port.port), port.end_port or 0
