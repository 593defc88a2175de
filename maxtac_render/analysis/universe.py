"""Everyone who can talk, each as one bit: pods first, then classes of outside addresses that no policy tells apart.

Sets of endpoints are masks. A selector's mask comes in two: those that it selects for certain, and those that it may
select, where labels are not known. They are equal wherever everything is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from maxtac_render.model.addresses import EVERYWHERE, Range, covers, joined, parse_block
from maxtac_render.model.cluster import Namespace, Workload, undeclared
from maxtac_render.model.options import Options
from maxtac_render.model.policy import NAMESPACE_NAME, AnyPeer, CIDRPeer, Peer, PodPeer, Policy
from maxtac_render.model.selectors import Requirement, Selector


class Mask(NamedTuple):
    """Endpoints as bits: those that belong for certain, and those that may belong, which include them."""

    must: int
    may: int

    def __and__(self, other: Mask) -> Mask:
        return Mask(self.must & other.must, self.may & other.may)

    def __or__(self, other: Mask) -> Mask:
        return Mask(self.must | other.must, self.may | other.may)


NOBODY = Mask(0, 0)


class Assumptions(NamedTuple):
    """What network plugins decide differently, and the API leaves open.

    ``ip_blocks``: whether blocks match pods by their addresses (``pods``, where these are known: what Kubernetes' own
    tests expect), only what is outside of the cluster (``outside``), or even pods whose addresses are not known
    (``any``). ``host_network``: whether pods on their node's network are pods as others (``pod``), or are known by
    their node's address only (``node``). ``long_names``: whether policies with names over 63 characters are
    ``enforced`` or ``ignored``.
    """

    ip_blocks: Literal["pods", "outside", "any"] = "pods"
    host_network: Literal["pod", "node"] = "pod"
    long_names: Literal["enforced", "ignored"] = "enforced"


USUAL = Assumptions()

OUTSIDE = "outside"
"""The word for all addresses outside of the cluster."""


def assumptions(options: Options) -> Assumptions:
    """What the options assume about the network plugin."""
    return Assumptions(options.ip_blocks, options.host_network, options.long_names)


class Outside(NamedTuple):
    """Addresses that belong together: no policy tells one from another."""

    ranges: tuple[Range, ...]

    def __str__(self) -> str:
        """As people read it: ``outside`` for all there are, ``0.0.0.0/0 except 10.0.0.0/8``, ``10.0.0.0/8; ::/0``."""
        return OUTSIDE if self.ranges == EVERYWHERE else "; ".join(map(str, covers(self.ranges)))


Endpoint = Workload | Outside


def bits(mask: int) -> Iterator[int]:
    """The positions of the bits of a mask, ascending."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


class Table:
    """Labels of many things, for selectors that want a mask of them. A key is looked through when it is first named."""

    def __init__(self, labels: Sequence[tuple[Mapping[str, str], frozenset[str] | None]]) -> None:
        self._labels = labels
        self._all = (1 << len(labels)) - 1
        self._any = sum(1 << number for number, (_, unknown) in enumerate(labels) if unknown is None)
        self._keys: dict[str, tuple[dict[str, int], int, int]] = {}
        self._selected: dict[Selector, Mask] = {}

    def select(self, selector: Selector) -> Mask:
        """Those whose labels match."""
        mask = self._selected.get(selector)
        if mask is None:
            mask = Mask(self._all, self._all)
            for key, value in selector.match_labels:
                mask &= self._holding(Requirement(key, "In", (value,)))
            for requirement in selector.match_expressions:
                mask &= self._holding(requirement)
            self._selected[selector] = mask
        return mask

    def _holding(self, requirement: Requirement) -> Mask:
        """Those for which a requirement holds."""
        key, operator, values = requirement
        found, known, uncertain = self._key(key)
        match operator:
            case "In" | "NotIn":
                equal = 0
                for value in values:
                    equal |= found.get(value, 0)
                mask = Mask(equal, equal | uncertain)
            case _:
                mask = Mask(known, known | uncertain)
        if operator in ("NotIn", "DoesNotExist"):
            return Mask(self._all & ~mask.may, self._all & ~mask.must)
        return mask

    def _key(self, key: str) -> tuple[dict[str, int], int, int]:
        """Those with each value of a label, those with any, and those that may have it with any."""
        entry = self._keys.get(key)
        if entry is None:
            found: dict[str, int] = {}
            known, uncertain = 0, self._any
            for number, (labels, unknown) in enumerate(self._labels):
                value = labels.get(key)
                if value is not None:
                    found[value] = found.get(value, 0) | 1 << number
                    known |= 1 << number
                elif unknown and key in unknown:
                    uncertain |= 1 << number
            entry = self._keys[key] = (found, known, uncertain & ~known)
        return entry


class Addresses:
    """Outside addresses, cut along the borders of some ranges, and the pieces that no range tells apart as classes."""

    def __init__(self, ranges: Iterable[Range]) -> None:
        members: dict[frozenset[int], list[Range]] = {}
        cuts = sorted(set(ranges))
        for version_wide in EVERYWHERE:
            near = [(number, cut) for number, cut in enumerate(cuts) if cut.version == version_wide.version]
            for piece, inside in _pieces(version_wide, near):
                members.setdefault(inside, []).append(piece)
        classes = sorted((tuple(joined(pieces)), inside) for inside, pieces in members.items())
        self.classes = [Outside(pieces) for pieces, _ in classes]
        self._masks = dict.fromkeys(cuts, 0)
        for number, (_, inside) in enumerate(classes):
            for cut in inside:
                self._masks[cuts[cut]] |= 1 << number

    def within(self, cut: Range) -> int:
        """The classes that make up one of the ranges."""
        return self._masks[cut]


def _pieces(whole: Range, ranges: Sequence[tuple[int, Range]]) -> Iterator[tuple[Range, frozenset[int]]]:
    """A range cut along the borders of others, each piece with those that it lies in."""
    starts: dict[int, list[int]] = {whole.first: []}
    ends: dict[int, list[int]] = {}
    for number, each in ranges:
        starts.setdefault(each.first, []).append(number)
        ends.setdefault(each.last + 1, []).append(number)
    borders = sorted({*starts, *ends, whole.last + 1})
    inside: set[int] = set()
    for border, following in pairwise(borders):
        inside.difference_update(ends.get(border, ()))
        inside.update(starts.get(border, ()))
        yield Range(whole.version, border, following - 1), frozenset(inside)


def blocks(policies: Iterable[Policy]) -> Iterator[Range]:
    """The ranges that policies name, with those that they except."""
    for policy in policies:
        for rule in policy.rules:
            for peer in rule.peers:
                if isinstance(peer, CIDRPeer):
                    yield from filter(None, map(_range, (peer.cidr, *peer.except_)))


def _range(cidr: str) -> Range | None:
    block = parse_block(cidr)
    return block.range if block is not None else None


class Universe:
    """The endpoints of one side of a question.

    ``workloads`` may hold None for what is only on the other side, so that bits mean the same on both. A workload
    without a namespace in its reference stands in the namespace that ``strangers`` has for its position.
    """

    def __init__(
        self,
        workloads: Sequence[Workload | None],
        namespaces: Mapping[str, Namespace],
        addresses: Addresses,
        assumptions: Assumptions = USUAL,
        strangers: Mapping[int, Namespace] | None = None,
    ) -> None:
        self.workloads = workloads
        self.addresses = addresses
        self.assumptions = assumptions
        self.size = len(workloads) + len(addresses.classes)
        here = [(number, workload) for number, workload in enumerate(workloads) if workload is not None]
        self.pods = sum(1 << number for number, _ in here)
        self.outside = ((1 << len(addresses.classes)) - 1) << len(workloads)
        self.everyone = self.pods | self.outside
        self.several = sum(1 << number for number, workload in here if workload.several)
        self._here = here
        self._strangers = strangers or {}
        self.bystanders = 0
        """Pods that are looked at as peers only: what governs them is not asked. To be set before anything is."""
        self._homes(namespaces)
        nobody: tuple[Mapping[str, str], frozenset[str]] = ({}, frozenset())
        self._table = Table([(each.labels, each.open) if each is not None else nobody for each in workloads])
        hosted = sum(1 << number for number, workload in here if workload.host_network)
        self._selectable = self.pods & ~hosted if assumptions.host_network == "node" else self.pods
        self._addresses = [(number, workload.addresses) for number, workload in here if workload.addresses]
        self._unaddressed = sum(
            1 << number for number, workload in here if not workload.addresses or not all(workload.addresses)
        )
        self._peers: dict[Peer, Mask] = {}
        self._named: dict[tuple[str, str], dict[int, int]] = {}
        self.undeclared_ports = sum(1 << number for number, workload in here if workload.ports is None)

    def _homes(self, namespaces: Mapping[str, Namespace]) -> None:
        """Find who lives in which namespace, for certain and perhaps."""
        homes: dict[str, int] = {}
        for number, workload in self._here:
            if number not in self._strangers:
                name = workload.ref.namespace
                homes[name] = homes.get(name, 0) | 1 << number
        self._homes_by_name = homes
        known = [namespaces.get(name) or undeclared(name) for name in homes]
        strange = list(self._strangers.values())
        self._home_masks = [*homes.values(), *(1 << number for number in self._strangers)]
        self._namespaces = Table([(each.labels, None if each.open else frozenset()) for each in (*known, *strange)])
        self._known_namespaces = namespaces

    def endpoint(self, number: int) -> Endpoint:
        """Who a bit stands for."""
        if number >= len(self.workloads):
            return self.addresses.classes[number - len(self.workloads)]
        return self.pod(number)

    def pod(self, number: int) -> Workload:
        """Which pods a bit among the first stands for."""
        workload = self.workloads[number]
        assert workload is not None, "a bit of somebody who is not here"  # noqa: S101 - a wrong program
        return workload

    def endpoints(self, mask: int) -> list[Endpoint]:
        """Who a mask stands for: pods one by one, and outside addresses as one."""
        pods: list[Endpoint] = [self.pod(number) for number in bits(mask & self.pods)]
        classes = (self.addresses.classes[number] for number in bits(mask >> len(self.workloads)))
        ranges = tuple(joined(each for found in classes for each in found.ranges))
        return [*pods, Outside(ranges)] if ranges else pods

    def home(self, number: int) -> Namespace:
        """The namespace of a pod, as far as it is known; one that is not has no name."""
        workload = self.workloads[number]
        name = workload.ref.namespace if workload is not None else ""
        return self._strangers.get(number) or self.namespace(name)

    def namespace(self, name: str) -> Namespace:
        """The namespace of a name, as far as it is known."""
        return self._known_namespaces.get(name) or undeclared(name)

    def subject(self, policy: Policy) -> Mask:
        """The pods that a policy governs."""
        if self.assumptions.long_names == "ignored" and len(policy.name) > 63:
            return NOBODY
        must, may = self._at_home(policy.namespace) & self._selected(policy.subject)
        return Mask(must & ~self.bystanders, may & ~self.bystanders)

    def _at_home(self, namespace: str) -> Mask:
        """The pods in a namespace, and strangers that may be in it."""
        must = may = self._homes_by_name.get(namespace, 0)
        for number, stranger in self._strangers.items():
            if _may_be(stranger, self.namespace(namespace)):
                may |= 1 << number
                must |= (NAMESPACE_NAME in stranger.labels) << number
        return Mask(must, may)

    def _selected(self, pods: Selector) -> Mask:
        selected = self._table.select(pods)
        return Mask(selected.must & self._selectable, selected.may & self._selectable)

    def peer(self, peer: Peer) -> Mask:
        """Everyone whom a peer means."""
        mask = self._peers.get(peer)
        if mask is None:
            mask = self._peers[peer] = self._find(peer)
        return mask

    def _find(self, peer: Peer) -> Mask:
        match peer:
            case PodPeer(namespaces, pods):
                return self._within(namespaces) & self._selected(pods)
            case CIDRPeer():
                return self._addressed(peer)
            case AnyPeer():
                return Mask(self.everyone, self.everyone)

    def _within(self, namespaces: Selector) -> Mask:
        """The pods in the namespaces that a selector selects."""
        names = [Requirement(key, "In", (value,)) for key, value in namespaces.match_labels if key == NAMESPACE_NAME]
        names += [each for each in namespaces.match_expressions if each.key == NAMESPACE_NAME]
        mask = Mask(self.pods, self.pods)
        for requirement in names:
            mask &= self._called(requirement)
        others = Selector(
            tuple(pair for pair in namespaces.match_labels if pair[0] != NAMESPACE_NAME),
            tuple(each for each in namespaces.match_expressions if each.key != NAMESPACE_NAME),
        )
        return mask & self._labelled(others) if others != Selector() else mask

    def _called(self, requirement: Requirement) -> Mask:
        """The pods in the namespaces whose name is as required; every namespace has one."""
        named = NOBODY
        for name in requirement.values:
            named |= self._at_home(name)
        match requirement.operator:
            case "In":
                return named
            case "NotIn":
                return Mask(self.pods & ~named.may, self.pods & ~named.must)
            case "Exists":
                return Mask(self.pods, self.pods)
            case _:
                return NOBODY

    def _labelled(self, namespaces: Selector) -> Mask:
        """The pods in the namespaces whose labels match."""
        found = self._namespaces.select(namespaces)
        must = may = 0
        for number in bits(found.may):
            may |= self._home_masks[number]
            if found.must >> number & 1:
                must |= self._home_masks[number]
        return Mask(must, may)

    def _addressed(self, peer: CIDRPeer) -> Mask:
        """Outside addresses in a block, and pods with addresses there where blocks match pods."""
        block, *excepted = filter(None, map(_range, (peer.cidr, *peer.except_)))
        classes = self.addresses.within(block)
        for other in excepted:
            classes &= ~self.addresses.within(other)
        must = may = classes << len(self.workloads)
        if self.assumptions.ip_blocks == "outside":
            return Mask(must, may)
        for number, pods in self._addresses:
            inside = [any(_inside(address, block, excepted) for address in addresses) for addresses in pods]
            must |= all(inside) << number
            may |= any(inside) << number
        return Mask(must, may | self._unaddressed if self.assumptions.ip_blocks == "any" else may)

    def named(self, protocol: str, name: str) -> Mapping[int, int]:
        """The pods that have a container port of that name, by its number; those known by an address only have none."""
        found = self._named.get((protocol, name))
        if found is None:
            holders: dict[int, int] = {}
            for number, workload in self._here:
                port = (workload.ports or {}).get((protocol, name))
                if port is not None:
                    holders[port] = holders.get(port, 0) | 1 << number
            found = self._named[protocol, name] = {port: pods & self._selectable for port, pods in holders.items()}
        return found


def _inside(address: Range, block: Range, excepted: Sequence[Range]) -> bool:
    def holds(other: Range) -> bool:
        return address.version == other.version and other.first <= address.first <= address.last <= other.last

    return holds(block) and not any(map(holds, excepted))


def _may_be(stranger: Namespace, namespace: Namespace) -> bool:
    """Tell whether a namespace of which only some labels are known may be this one."""
    return all(
        value == namespace.labels[key] if key in namespace.labels else namespace.open
        for key, value in stranger.labels.items()
    )
