"""What passes while changes are half made: between which endpoints several of them meet, and what that can do.

A state is the set of changes that are made, as bits. Where only one change touches what passes between two endpoints,
no state is between before and after. Elsewhere each state is looked at, in every way in which what is not known may be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, product
from math import prod
from typing import NamedTuple

from maxtac_render.analysis.alignment import SIDES, facts
from maxtac_render.analysis.reachability import Verdicts
from maxtac_render.analysis.universe import Addresses, Assumptions, Universe, bits, blocks
from maxtac_render.model.changes import Change
from maxtac_render.model.cluster import Cluster, Namespace
from maxtac_render.model.intent import Direction
from maxtac_render.model.policy import CIDRPeer, Peer, PodPeer, Policy, Rule
from maxtac_render.model.portsets import ALL_PORTS, NO_PORTS, PortSet, union
from maxtac_render.model.selectors import Selector

WORLDS = 256
"""In how many ways what is not known of two endpoints may be, at most, for the states between them to be looked at."""

OTHER = "\0"
"""A value that no selector names."""

ROLES = ("source", "target")

Fact = tuple[str, object]
"""Something that is not known: whose labels or address (one of ROLES, or a namespace), and what matches them."""

World = frozenset[Fact]
"""One of the ways in which what is not known may be: the facts that are true."""


class Clause(NamedTuple):
    """A policy on one side of a pair, once the changes of ``needs`` are made and until those of ``bars`` are.

    ``governs`` must be true for it to govern the pod. Each of ``lets`` are ports that it lets pass then, and what must
    be true of the peer.
    """

    needs: int
    bars: int
    governs: World
    lets: tuple[tuple[PortSet, World], ...]

    def there(self, state: int) -> bool:
        """Tell whether the policy is there in a state."""
        return state & self.needs == self.needs and not state & self.bars


Clauses = tuple[Clause, ...]


def passing(clauses: Iterable[Clause], state: int, world: World) -> PortSet:
    """What one side lets pass in a state."""
    ports, isolated = NO_PORTS, False
    for clause in clauses:
        if clause.there(state) and clause.governs <= world:
            isolated = True
            for opened, needed in clause.lets:
                if needed <= world:
                    ports = ports.union(opened)
    return ports if isolated else ALL_PORTS


class Fault(NamedTuple):
    """What a state opens and cuts that is neither so before nor after; not ``certain``: as far as is known."""

    opens: PortSet
    cuts: PortSet
    certain: bool


class Meeting(NamedTuple):
    """Two endpoints between which the changes of ``touch`` meet. ``worlds`` is None where there are too many."""

    touch: int
    egress: Clauses
    ingress: Clauses
    worlds: tuple[World, ...] | None

    def fault(self, state: int) -> Fault | None:
        """What is wrong with a state between these endpoints; None where nothing is."""
        opens, cuts, certain = NO_PORTS, NO_PORTS, True
        for world in self.worlds or ():
            found = _fault(*(self._sides(each, world) for each in (0, self.touch, state)))
            certain = certain and found is not None
            if found is not None:
                opens, cuts = opens.union(found[0]), cuts.union(found[1])
        return Fault(opens, cuts, certain) if opens or cuts else None

    def _sides(self, state: int, world: World) -> _Sides:
        return passing(self.egress, state, world), passing(self.ingress, state, world)


_Sides = tuple[PortSet, PortSet]


def _fault(before: _Sides, after: _Sides, now: _Sides) -> _Sides | None:
    """What both sides let pass now and neither before nor after, and what they do not now and did both times.

    Ports that are known by name only may be any number: what is said is never too little.
    """
    if now in (before, after):
        return None
    opens = now[0].may_meet(now[1]).without(before[0].meet(before[1]).union(after[0].meet(after[1])))
    cuts = before[0].may_meet(before[1]).may_meet(after[0].may_meet(after[1])).without(now[0].meet(now[1]))
    return (opens, cuts) if opens or cuts else None


class _Version(NamedTuple):
    """A policy that is there once the changes of ``needs`` are made, and until those of ``bars`` are."""

    policy: Policy
    needs: int = 0
    bars: int = 0


class Half(NamedTuple):
    """One side of a pod towards some peers to whom it says the same.

    ``changes`` are those that can alter it. Halves with equal ``shape`` are equal but for which changes these are. It
    is ``known`` if nothing that it says hangs on anything that is not.
    """

    peers: int
    clauses: Clauses
    changes: tuple[int, ...]
    touch: int
    shape: int
    known: bool


class Scene:
    """The endpoints of both sides, with every version that each policy has while the changes are made.

    Pods that are not the same on both sides count as they were and as they are: both may be there. Namespaces are as on
    the new side. ``former`` are the pods as they were.
    """

    def __init__(self, old: Cluster, new: Cluster, changes: Sequence[Change], assumptions: Assumptions) -> None:
        here = {workload.ref: workload for workload in new.workloads}
        former = [each for each in old.workloads if each.ref not in here or facts(each) != facts(here[each.ref])]
        workloads = (*new.workloads, *former)
        self.former = (1 << len(workloads)) - (1 << len(new.workloads))
        self._versions = list(_versions(new, changes))
        policies = [version.policy for version in self._versions]
        spaces = {**old.namespaces, **new.namespaces}
        self.universe = Universe(workloads, spaces, Addresses(blocks(policies)), assumptions)
        self._verdicts = Verdicts(self.universe, policies)
        self._shapes: dict[Clauses, int] = {}

    def meetings(self) -> Iterator[tuple[int, int, Half, Half]]:
        """The endpoints between which two changes or more meet, with what both sides say."""
        everyone = list(bits(self.universe.everyone))
        egress, ingress = ({pod: list(self._halves(side, pod)) for pod in everyone} for side in SIDES)
        touched = sum(1 << pod for pod, halves in ingress.items() if any(half.touch for half in halves))
        for source in everyone:
            for leaving in egress[source]:
                others = leaving.peers if leaving.touch & (leaving.touch - 1) else leaving.peers & touched
                for target in bits(others):
                    entering = next(half for half in ingress[target] if half.peers >> source & 1)
                    touch = leaving.touch | entering.touch
                    if touch & (touch - 1) and self._is_pair(source, target):
                        yield source, target, leaving, entering

    def _is_pair(self, source: int, target: int) -> bool:
        """Tell whether there can be connections: not between outside addresses, and not from one pod to itself."""
        if source == target:
            return self.universe.several >> source & 1 == 1
        return bool((1 << source | 1 << target) & self.universe.pods)

    def _halves(self, direction: Direction, pod: int) -> Iterator[Half]:
        """One side of an endpoint, by peers to whom it says the same; one who is not known well stands alone."""
        entries = list(self._entries(direction, pod))
        doubtful, parts = 0, [self.universe.everyone]
        for _, _, opened in entries:
            for _, must, may, _ in opened:
                doubtful |= must ^ may
                parts = [part for whole in parts for part in (whole & may, whole & ~may) if part]
        for part in parts:
            for peers in filter(None, (*(1 << number for number in bits(part & doubtful)), part & ~doubtful)):
                yield self._half(direction, peers, entries)

    def _entries(self, direction: Direction, pod: int) -> Iterator[_Entry]:
        """The policies that isolate an endpoint at any time, what must be true for that, and whom they let pass."""
        certain = set(self._verdicts.possible.isolating(direction, pod))
        role = ROLES[direction is Direction.INGRESS]
        for number in self._verdicts.certain.isolating(direction, pod):
            version = self._versions[number]
            governs: World = frozenset() if number in certain else frozenset({(role, version.policy.subject)})
            yield version, governs, list(self._opened(version.policy, direction, pod))

    def _opened(self, policy: Policy, direction: Direction, pod: int) -> Iterator[_Opened]:
        for rule in policy.rules:
            for peer in rule.peers if rule.direction is direction else ():
                must = self.universe.peer(peer).must
                for mask, ports in self._verdicts.possible.opened(Rule(direction, (peer,), rule.ports), pod):
                    yield peer, mask & must, mask, ports

    def _half(self, direction: Direction, peers: int, entries: Iterable[_Entry]) -> Half:
        first = (peers & -peers).bit_length() - 1
        role = ROLES[direction is Direction.EGRESS]
        clauses = []
        for version, governs, opened in entries:
            lets = [
                (ports, frozenset() if must >> first & 1 else self._needed(peer, first, role))
                for peer, must, may, ports in opened
                if may >> first & 1
            ]
            clauses.append(Clause(version.needs, version.bars, governs, tuple(lets)))
        lasting = tuple(_lasting(clauses))
        changes = tuple(dict.fromkeys(bit for clause in lasting for bit in bits(clause.needs | clause.bars)))
        shape = self._shapes.setdefault(tuple(_renumbered(lasting, changes)), len(self._shapes))
        touch = sum(1 << change for change in changes)
        return Half(peers, lasting, changes, touch, shape, not any(True for _ in _facts(lasting)))

    def _needed(self, whom: Peer, peer: int, role: str) -> World:
        """What must be true for a peer to be meant."""
        if isinstance(whom, PodPeer):
            return frozenset({(role, whom.pods), (_home(self.universe.home(peer)), whom.namespaces)})
        return frozenset({(role, whom)})

    def meeting(self, source: int, target: int, leaving: Half, entering: Half) -> Meeting:
        """What changes can do between two endpoints."""
        unknown = {*_facts(leaving.clauses), *_facts(entering.clauses)}
        worlds = self._worlds(unknown, (source, target))
        return Meeting(leaving.touch | entering.touch, leaving.clauses, entering.clauses, worlds)

    def _worlds(self, unknown: set[Fact], ends: tuple[int, int]) -> tuple[World, ...] | None:
        """The ways in which what is not known of a pair may be; None where there are too many."""
        ways: list[list[World]] = []
        homes: dict[str, Namespace] = {}
        for role, number in zip(ROLES, ends, strict=True):
            if number < len(self.universe.workloads) and unknown:
                workload, home = self.universe.pod(number), self.universe.home(number)
                ways.append(_ways(role, workload.labels, workload.open, unknown))
                homes[_home(home)] = home
        for name, home in homes.items():
            ways.append(_ways(name, home.labels, None if home.open else frozenset(), unknown))
        ways += [[frozenset(), frozenset({fact})] for fact in unknown if isinstance(fact[1], CIDRPeer)]
        if prod(map(len, ways)) > WORLDS:
            return None
        return tuple(frozenset(chain(*true)) for true in product(*ways))


_Opened = tuple[Peer, int, int, PortSet]
_Entry = tuple[_Version, World, list[_Opened]]


def _versions(new: Cluster, changes: Sequence[Change]) -> Iterator[_Version]:
    """Every policy that there is at any time."""
    changed = {id(change.after) for change in changes}
    yield from (_Version(applied.policy) for applied in new.policies if id(applied) not in changed)
    for number, change in enumerate(changes):
        if change.before is not None:
            yield _Version(change.before.policy, bars=1 << number)
        if change.after is not None:
            yield _Version(change.after.policy, needs=1 << number)


def _lasting(clauses: Iterable[Clause]) -> Iterator[Clause]:
    """Clauses, of which those that are the same before and after a change are one, and without those that add nothing.

    What is always there, whatever is not known, isolates, and what it lets pass nothing else can let pass once more.
    """
    seen: dict[tuple[int, World, frozenset[tuple[PortSet, World]]], Clause] = {}
    for clause in clauses:
        change, lets = clause.needs | clause.bars, frozenset(clause.lets)
        twice = change and (change, clause.governs, lets) in seen
        seen[change, clause.governs, lets] = clause._replace(needs=0, bars=0) if twice else clause
    always = [clause for clause in seen.values() if not (clause.needs or clause.bars or clause.governs)]
    open_ports = union(ports for clause in always for ports, needed in clause.lets if not needed)
    for clause in seen.values():
        if not always or clause in always or any(ports.without(open_ports) for ports, _ in clause.lets):
            yield clause


def _renumbered(clauses: Clauses, changes: Sequence[int]) -> Iterator[Clause]:
    """Clauses with their changes numbered by their places among some."""
    for clause in clauses:
        needs, bars = (sum(1 << changes.index(bit) for bit in bits(mask)) for mask in (clause.needs, clause.bars))
        yield clause._replace(needs=needs, bars=bars)


def _facts(clauses: Iterable[Clause]) -> Iterator[Fact]:
    for clause in clauses:
        yield from clause.governs
        for _, needed in clause.lets:
            yield from needed


def _home(namespace: Namespace) -> str:
    """What a namespace is called among facts, other than any of ROLES."""
    return f"namespace {namespace.name}"


def _ways(owner: str, labels: Mapping[str, str], unknown: frozenset[str] | None, facts: Iterable[Fact]) -> list[World]:
    """Which selectors may match the labels of an owner together, where some are not known (None: any may be there)."""
    selectors = [what for whose, what in facts if whose == owner and isinstance(what, Selector)]
    values: dict[str, set[str | None]] = {}
    for selector in selectors:
        for key, some in _named(selector):
            if key not in labels and (unknown is None or key in unknown):
                values.setdefault(key, {OTHER, None}).update(some)
    if prod(map(len, values.values())) > WORLDS:
        return [frozenset()] * (WORLDS + 1)
    found = set()
    for chosen in product(*values.values()):
        complete = {**{key: value for key, value in zip(values, chosen, strict=True) if value is not None}, **labels}
        found.add(frozenset((owner, selector) for selector in selectors if selector.matches(complete)))
    return list(found)


def _named(selector: Selector) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The keys of a selector, with the values that it names."""
    yield from ((key, (value,)) for key, value in selector.match_labels)
    yield from ((key, values) for key, _, values in selector.match_expressions)
