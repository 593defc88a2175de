"""Two clusters as one universe: a bit means the same endpoint on both sides, and what can have changed is known.

What passes between two endpoints is decided by these two and by the policies that govern them. So nothing has changed
between endpoints that are the same on both sides and that the same policies govern; only the others are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from maxtac_render.analysis.endpoints import Stranger
from maxtac_render.analysis.population import order
from maxtac_render.analysis.reachability import Verdicts
from maxtac_render.analysis.universe import Addresses, Assumptions, Endpoint, Universe, bits, blocks
from maxtac_render.model.changes import Change, meaning
from maxtac_render.model.cluster import Applied, Cluster, Namespace, Workload
from maxtac_render.model.intent import Direction
from maxtac_render.model.policy import Policy

SIDES = (Direction.EGRESS, Direction.INGRESS)


class Side(NamedTuple):
    """One of the two clusters, and what its policies let pass between the endpoints of both."""

    cluster: Cluster
    universe: Universe
    verdicts: Verdicts

    def workload(self, number: int) -> Workload:
        """The pods that a bit stands for."""
        return self.universe.pod(number)

    def home(self, number: int) -> Namespace:
        """The namespace of pods, as far as it is known."""
        return self.universe.home(number)


class Aligned(NamedTuple):
    """Two clusters over the same endpoints.

    ``fresh`` and ``gone`` are the pods of the new and of the old one only, and ``altered`` those of both that are not
    the same in them. ``differing`` are the policies that only one side has, as they are meant; ``touching`` tells which
    of them, by their numbers, govern one side of a pod, or may do so. ``strangers`` are pods that nobody has
    declared.
    """

    old: Side
    new: Side
    fresh: int
    gone: int
    altered: int
    differing: tuple[Applied, ...]
    touching: Mapping[Direction, Mapping[int, tuple[int, ...]]]
    strangers: int

    @property
    def anyone(self) -> int:
        """Any pods that nobody has declared; they are peers only."""
        return self.new.universe.bystanders

    @property
    def everyone(self) -> int:
        """Whoever is there, on either side."""
        return self.old.universe.everyone | self.new.universe.everyone

    def touched(self, direction: Direction) -> int:
        """The endpoints for which one of their sides may let pass something else than before."""
        return self.fresh | self.gone | self.altered | sum(1 << pod for pod in self.touching[direction])

    def workload(self, number: int) -> Workload:
        """The pods that a bit stands for, as they are on the new side if they are there."""
        return (self.new if self.new.universe.pods >> number & 1 else self.old).workload(number)

    def endpoints(self, mask: int) -> list[Endpoint]:
        """Who a mask stands for, as they are on the new side if they are there; outside addresses are one."""
        outside = mask & self.new.universe.outside
        found: list[Endpoint] = [self.workload(number) for number in bits(mask & ~outside)]
        return [*found, *self.new.universe.endpoints(outside)]


def align(
    old: Cluster,
    new: Cluster,
    changes: Sequence[Change],
    assumptions: Assumptions,
    strangers: Sequence[Stranger] = (),
) -> Aligned:
    """Two clusters, of which ``changes`` are the policies that differ, over the same endpoints.

    ``strangers`` are pods that nobody has declared, of which the last are peers only.
    """
    before, after = ({workload.ref: workload for workload in cluster.workloads} for cluster in (old, new))
    refs = [workload.ref for workload in sorted({**before, **after}.values(), key=order)]
    addresses = Addresses(blocks(applied.policy for cluster in (old, new) for applied in cluster.policies))
    was = _side(old, [before.get(ref) for ref in refs], strangers, (addresses, assumptions))
    now = _side(new, [after.get(ref) for ref in refs], strangers, (addresses, assumptions))
    there, here = was.universe.pods, now.universe.pods
    altered = sum(1 << number for number in bits(there & here) if _altered(was, now, number))
    removed, added = (tuple(policies) for policies in _differing(changes, assumptions))
    numbered = [(was, number, each) for number, each in enumerate(removed)]
    numbered += [(now, number, each) for number, each in enumerate(added, len(removed))]
    touching = {direction: _touching(numbered, direction) for direction in SIDES}
    unknown = (1 << len(strangers)) - 1 << len(refs)
    return Aligned(was, now, here & ~there, there & ~here, altered, (*removed, *added), touching, unknown)


def _side(
    cluster: Cluster,
    known: Sequence[Workload | None],
    strangers: Sequence[Stranger],
    given: tuple[Addresses, Assumptions],
) -> Side:
    """One cluster; the last of the strangers is nobody's subject."""
    homes = {number: each.home for number, each in enumerate(strangers, len(known)) if each.home is not None}
    workloads = [*known, *(each.pods for each in strangers)]
    universe = Universe(workloads, cluster.namespaces, *given, homes)
    universe.bystanders = 1 << (len(workloads) - 1) if strangers else 0
    return Side(cluster, universe, Verdicts(universe, [applied.policy for applied in cluster.policies]))


def facts(workload: Workload) -> tuple[object, ...]:
    """All that policies can tell of pods by themselves."""
    known = (workload.labels, workload.open, workload.ports, workload.addresses)
    return *known, workload.host_network, workload.several


def _altered(was: Side, now: Side, number: int) -> bool:
    """Tell whether policies can see a difference between pods, or between their namespaces, and what they were."""
    return facts(was.workload(number)) != facts(now.workload(number)) or was.home(number)[:3] != now.home(number)[:3]


def _differing(changes: Sequence[Change], assumptions: Assumptions) -> Iterator[Iterable[Applied]]:
    """The policies of the old side, and then those of the new one, that the other side has not, as they are meant."""

    def meant(policy: Policy) -> tuple[object, ...]:
        ignored = assumptions.long_names == "ignored" and len(policy.name) > 63
        return ignored, *meaning(policy)

    before = [(each.before, meant(each.before.policy)) for each in changes if each.before]
    after = [(each.after, meant(each.after.policy)) for each in changes if each.after]
    was, now = {meaning for _, meaning in before}, {meaning for _, meaning in after}
    yield (applied for applied, meaning in before if meaning not in now)
    yield (applied for applied, meaning in after if meaning not in was)


def _touching(differing: Iterable[tuple[Side, int, Applied]], direction: Direction) -> dict[int, tuple[int, ...]]:
    touching: dict[int, tuple[int, ...]] = {}
    for side, number, applied in differing:
        if (applied.policy.isolates & direction) is direction:
            for pod in bits(side.universe.subject(applied.policy).may):
                touching[pod] = (*touching.get(pod, ()), number)
    return touching
