"""Observed flows on their way in: counted by the ends that policies tell apart, and not kept."""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Iterator

from maxtac_render.analysis.endpoints import ANY_POD, Anyone, Stranger, written
from maxtac_render.analysis.universe import Addresses, blocks
from maxtac_render.model.addresses import parse_address
from maxtac_render.model.cluster import ANY_LABEL, Cluster, Namespace, Workload
from maxtac_render.model.flows import WORLD, Aside, Flow, Party
from maxtac_render.model.objects import ObjectRef, Origin

MOST = 100_000
"""Distinct connections that are told apart; those over that are counted."""

Place = int | Party
"""An end of a flow: a workload by its number, a class of addresses by its own, counted down from -1, or a pod that
only flows tell of."""

Connection = tuple[Place, Place, str, int]
"""The ends of a flow, its protocol and its port."""


class Seen:
    """A connection that was observed: how often, in which line first, and between which addresses.

    ``others`` tells of both ends whether there were more addresses than the first.
    """

    __slots__ = ("addresses", "count", "line", "others")

    def __init__(self, line: int, addresses: tuple[str, str]) -> None:
        self.count = 0
        self.line = line
        self.addresses = addresses
        self.others = (False, False)


class Traffic:
    """The flows of one file."""

    def __init__(self, cluster: Cluster) -> None:
        self.seen: dict[Connection, Seen] = {}
        self.aside: Counter[Aside] = Counter()
        """How many flows are not judged, and why."""
        self._places: dict[Party, Place | Aside] = {}
        self._crowds: dict[str, list[tuple[int, Workload]]] = {}
        for number, workload in enumerate(cluster.workloads):
            self._crowds.setdefault(workload.ref.namespace, []).append((number, workload))
        self._classes = sorted(_classes(cluster))

    def add(self, flow: Flow, line: int) -> None:
        """Count a flow."""
        addresses = flow.source_address, flow.target_address
        source, target = self._place(flow.source, addresses[0]), self._place(flow.target, addresses[1])
        if isinstance(source, Aside):
            self.aside[source] += 1
        elif isinstance(target, Aside):
            self.aside[target] += 1
        else:
            self._count((source, target, flow.protocol, flow.port), line, addresses)

    def _count(self, connection: Connection, line: int, addresses: tuple[str, str]) -> None:
        seen = self.seen.get(connection)
        if seen is None and len(self.seen) >= MOST:
            self.aside[Aside.EXCESS] += 1
            return
        if seen is None:
            seen = self.seen[connection] = Seen(line, addresses)
        seen.count += 1
        if addresses != seen.addresses:
            source, target = (one != other for one, other in zip(addresses, seen.addresses, strict=True))
            seen.others = (seen.others[0] or source, seen.others[1] or target)

    @property
    def judged(self) -> int:
        """How many flows are judged."""
        return sum(seen.count for seen in self.seen.values())

    def _place(self, party: Party, address: str) -> Place | Aside:
        if party.reserved == WORLD:
            return self._outside(address)
        place = self._places.get(party)
        if place is None:
            if len(self._places) >= MOST:
                self._places.clear()
            place = self._places[party] = self._find(party)
        return place

    def _outside(self, address: str) -> Place | Aside:
        """The class of an address."""
        found = parse_address(address) if "/" not in address else None
        if found is None:
            return Aside.UNKNOWN
        position = bisect(self._classes, (found.version, found.first + 1))
        return -1 - self._classes[position - 1][2]

    def _find(self, party: Party) -> Place | Aside:
        """The pod of the input that a party is, or the party as far as its labels go."""
        if not party.namespace:
            return Aside.NODE if party.reserved else Aside.UNKNOWN
        crowd = self._crowds.get(party.namespace, ())
        for number, workload in crowd:
            ref = workload.ref
            if (ref.kind, ref.name) in (("Pod", party.pod), *party.workloads):
                return number
        near = [(len(each.ref.name), number) for number, each in crowd if _may_have_made(each, party)]
        if near:
            return max(near)[1]
        return party._replace(pod="") if party.labels else Aside.UNKNOWN


def _classes(cluster: Cluster) -> Iterator[tuple[int, int, int]]:
    """Where the addresses of each class begin."""
    addresses = Addresses(blocks(each.policy for each in cluster.policies))
    for number, outside in enumerate(addresses.classes):
        for version, first, _ in outside.ranges:
            yield version, first, number


def _may_have_made(workload: Workload, party: Party) -> bool:
    """Tell whether a pod has the name that a controller gives, and no label that its template denies."""
    if workload.symbolic or workload.ref.kind == "Pod" or not party.pod.startswith(f"{workload.ref.name}-"):
        return False
    labels = dict(party.labels)
    return all(labels.get(key, value) == value for key, value in workload.labels.items())


def stranger(party: Party) -> Stranger:
    """Pods that only flows tell of. Of their labels the observer may not show all."""
    kind, name = next(iter(party.workloads), (ANY_POD, written(Anyone(party.namespace, (), party.labels))))
    ref = ObjectRef("", kind or ANY_POD, party.namespace, name)
    return Stranger(Workload(ref, dict(party.labels), ANY_LABEL, None, Origin("")))


def home(party: Party) -> Namespace:
    """The namespace of a pod as flows tell of it."""
    return Namespace(party.namespace, dict(party.namespace_labels), open=True, origin=Origin(""))
