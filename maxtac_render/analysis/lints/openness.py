"""Rules that open more than most people mean: to everyone, to public addresses, to addresses that are open already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_network

from maxtac_render.analysis.lints._scene import Opening, Scene, openings
from maxtac_render.model.addresses import Block, parse_block
from maxtac_render.model.diagnostics import Code, Report
from maxtac_render.model.intent import Direction
from maxtac_render.model.policy import AnyPeer, CIDRPeer, Peer, PodPeer
from maxtac_render.model.ports import AnyPort
from maxtac_render.model.selectors import Selector


def lint(scene: Scene, report: Report) -> None:
    """Report all three."""
    blocks: dict[object, list[tuple[Opening, CIDRPeer]]] = {}
    for opening in openings(scene):
        rule, policy = opening.rule, opening.applied.policy
        _report_everyone(opening, report)
        for peer in rule.peers:
            if isinstance(peer, CIDRPeer):
                _report_public(opening, peer, report)
                author = opening.applied.ref if policy.cause is None else policy.cause.intent.ref
                key = (author, policy.namespace, policy.subject, rule.direction, rule.ports)
                blocks.setdefault(key, []).append((opening, peer))
    for group in blocks.values():
        _report_overlap(group, report)


def _report_everyone(opening: Opening, report: Report) -> None:
    if isinstance(opening.rule.ports, AnyPort):
        everyone = next(filter(None, map(_everyone, opening.rule.peers)), "")
        if everyone:
            facts = {"side": opening.rule.direction.word, "everyone": everyone}
            report.add(Code.OPEN_TO_EVERYONE, opening.site.about, opening.site.field, **facts)


def _everyone(peer: Peer) -> str:
    """What a peer is called that leaves nobody out; empty for any other one."""
    match peer:
        case AnyPeer():
            return "everyone"
        case PodPeer(Selector((), ()), Selector((), ())):
            return "every pod of every namespace"
        case CIDRPeer(cidr, ()) if cidr.endswith("/0"):
            return f"every address ({cidr})"
        case _:
            return ""


def _report_public(opening: Opening, peer: CIDRPeer, report: Report) -> None:
    """Report addresses of the public internet that may come in."""
    if opening.rule.direction is Direction.INGRESS and _is_public(peer.cidr):
        report.add(Code.PUBLIC_CIDR, opening.site.about, opening.site.field, cidr=peer.cidr)


def _is_public(cidr: str) -> bool:
    network = ip_network(cidr)
    return not network.prefixlen or not (network[0].is_private and network[-1].is_private)


def _report_overlap(group: Iterable[tuple[Opening, CIDRPeer]], report: Report) -> None:
    """Report blocks that lie within another one of the same author, for the same pods and ports."""
    known = [
        (opening, block, list(_blocks(peer.except_))) for opening, peer in group for block in _blocks((peer.cidr,))
    ]
    known.sort(key=lambda each: (each[1].range.version, each[1].range.first, -each[1].range.last))
    wide: list[tuple[Opening, Block, list[Block]]] = []
    for opening, block, excepted in known:
        wide = [each for each in wide if block.range.within(each[1].range)]
        for _, outer, cut in wide:
            if not any(_meets(block, other) for other in cut):
                report.add(
                    Code.OVERLAPPING_CIDRS, opening.site.about, opening.site.field, inner=block.text, outer=outer.text
                )
                break
        wide.append((opening, block, excepted))


def _blocks(cidrs: Iterable[str]) -> Iterator[Block]:
    return filter(None, map(parse_block, cidrs))


def _meets(one: Block, other: Block) -> bool:
    return one.range.first <= other.range.last and other.range.first <= one.range.last
