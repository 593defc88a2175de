"""What a verdict depends on: labels, addresses and port numbers that are not known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from maxtac_render.analysis.causes import Causes, Side
from maxtac_render.analysis.universe import Mask, Universe
from maxtac_render.model.cluster import Workload
from maxtac_render.model.intent import Direction
from maxtac_render.model.policy import NAMESPACE_NAME, CIDRPeer, Peer, PodPeer, Policy, Rule
from maxtac_render.model.selectors import Selector

Sort = Literal["label", "namespace label", "namespace", "address", "port"]


class Doubt(NamedTuple):
    """Something of an endpoint that is not known: a label by its key, a port's number by its name, or its address."""

    end: Literal["source", "target"]
    sort: Sort
    key: str = ""


def doubts(universe: Universe, found: Causes, ends: tuple[int, int]) -> tuple[Doubt, ...]:
    """What the verdict on the connections from one endpoint to another depends on, sorted."""
    source, target = ends
    sides = (*_side(universe, found.egress, (source, target)), *_side(universe, found.ingress, (target, source)))
    names = {name for ports in (found.certain, found.possible) for _, name in ports.names}
    return tuple(sorted({*sides, *(Doubt("target", "port", name) for name in names)}))


def _side(universe: Universe, side: Side, ends: tuple[int, int]) -> Iterator[Doubt]:
    if side.certain is side.possible:
        return
    here: Literal["source", "target"] = "source" if side.direction is Direction.EGRESS else "target"
    there: Literal["source", "target"] = "target" if side.direction is Direction.EGRESS else "source"
    pod, peer = ends
    for isolating in side.isolating:
        policy = isolating.applied.policy
        if not isolating.certain:
            yield from (Doubt(here, *what) for what in _of_subject(universe, policy, pod))
        for allowing in isolating.allowing:
            if not allowing.certain:
                yield from (Doubt(there, *what) for what in _of_rule(universe, allowing.rule, peer))


def _of_subject(universe: Universe, policy: Policy, pod: int) -> Iterator[tuple[Sort, str]]:
    """Why a policy may govern a pod, and need not."""
    if not universe.home(pod).name:
        yield "namespace", ""
    yield from _of_labels(universe, policy.subject, pod)


def _of_rule(universe: Universe, rule: Rule, pod: int) -> Iterator[tuple[Sort, str]]:
    """Why a rule may mean a pod, and need not."""
    for peer in rule.peers:
        if _is_open(universe.peer(peer), pod):
            yield from _of_peer(universe, peer, pod)


def _of_peer(universe: Universe, peer: Peer, pod: int) -> Iterator[tuple[Sort, str]]:
    match peer:
        case PodPeer(namespaces, pods):
            home = universe.home(pod)
            for key in _unknown(namespaces, home.labels, None if home.open else frozenset()):
                yield ("namespace", "") if key == NAMESPACE_NAME else ("namespace label", key)
            yield from _of_labels(universe, pods, pod)
        case CIDRPeer():
            yield "address", ""


def _of_labels(universe: Universe, selector: Selector, pod: int) -> Iterator[tuple[Sort, str]]:
    workload = universe.endpoint(pod)
    if isinstance(workload, Workload):
        yield from (("label", key) for key in _unknown(selector, workload.labels, workload.open))


def _unknown(selector: Selector, labels: Mapping[str, str], unknown: frozenset[str] | None) -> Iterator[str]:
    """The keys of a selector of which it is not known whether, and with which value, they are there."""
    keys = (*(key for key, _ in selector.match_labels), *(key for key, _, _ in selector.match_expressions))
    return (key for key in keys if key not in labels and (unknown is None or key in unknown))


def _is_open(mask: Mask, pod: int) -> bool:
    return (mask.may & ~mask.must) >> pod & 1 == 1


def told(doubt: Doubt, end: str) -> str:
    """A doubt in a sentence, about an endpoint of this name."""
    match doubt.sort:
        case "label":
            return f"the label {doubt.key} of {end}"
        case "namespace label":
            return f"the label {doubt.key} of the namespace of {end}"
        case "port":
            return f"the number of port {doubt.key} of {end}"
        case _:
            return f"the {doubt.sort} of {end}"
