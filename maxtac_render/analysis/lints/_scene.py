"""What the lints look at: a cluster with both answers about it, and where in the input its policies come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from maxtac_render.analysis.endpoints import names, stage
from maxtac_render.analysis.provenance import rule_site
from maxtac_render.analysis.reachability import Verdicts
from maxtac_render.analysis.universe import Assumptions, Universe, bits
from maxtac_render.model.cluster import Applied, Cluster
from maxtac_render.model.diagnostics import Site, counted
from maxtac_render.model.intent import Direction
from maxtac_render.model.policy import NAMESPACE_NAME, Peer, PodPeer, Rule
from maxtac_render.model.selectors import Selector

SIDES = (Direction.INGRESS, Direction.EGRESS)


class Scene:
    """One cluster under one set of assumptions. ``applied`` are its policies, in the order of the answers' numbers."""

    def __init__(self, cluster: Cluster, assumptions: Assumptions) -> None:
        self.cluster = cluster
        self.universe: Universe = stage(cluster, (), assumptions).universe
        self.applied: Sequence[Applied] = cluster.policies
        self.verdicts = Verdicts(self.universe, [each.policy for each in cluster.policies])
        self.declared = sum(1 << number for number, workload in enumerate(cluster.workloads) if not workload.symbolic)
        """The pods that are known by more than a Service."""

        inhabited = {cluster.workloads[number].ref.namespace for number in bits(self.declared)}
        self.inhabited = frozenset(inhabited)
        """The namespaces of these."""

    def knows(self, peer: Peer) -> bool:
        """Tell whether the pods that a peer means are known: those of one namespace, of which the input has some.

        Of a namespace that the input says nothing of, and of selected namespaces, there may be pods elsewhere.
        """
        match peer:
            case PodPeer(Selector(((key, namespace),), ())) if key == NAMESPACE_NAME:
                return namespace in self.inhabited
            case _:
                return False

    def named(self, mask: int) -> str:
        """Some endpoints in a message."""
        return counted(names(self.universe, mask)) if mask else "nobody"


class Opening(NamedTuple):
    """One rule of one policy. ``place`` is its number among those of its direction."""

    number: int
    applied: Applied
    rule: Rule
    place: int

    @property
    def site(self) -> Site:
        """Where it is written."""
        return rule_site(self.applied, self.rule.direction, self.place)


def openings(scene: Scene) -> Iterator[Opening]:
    """The rules of all policies that somebody wrote or asked for."""
    for number, applied in enumerate(scene.applied):
        if is_written(applied):
            counts = dict.fromkeys(SIDES, 0)
            for rule in applied.policy.rules:
                yield Opening(number, applied, rule, counts[rule.direction])
                counts[rule.direction] += 1


def is_written(applied: Applied) -> bool:
    """Tell whether a policy has a place in the input: the ones of a baseline have none."""
    return bool(applied.origin.path)
