"""In which order to make changes of policies so that no state in between opens or cuts what neither side does.

A state is safe if whatever passes both before and after all changes passes in it, and nothing passes that does so
neither before nor after. Changes that meet between no endpoints cannot disturb each other; those that do are put in
order by a search for the way with the fewest faults, over the sets of changes that are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from heapq import heapify, heappop, heappush
from itertools import accumulate, islice
from operator import or_
from typing import NamedTuple

from maxtac_render.analysis.constraints import NOTHING, Constraint, Constraints, Cost, add, less
from maxtac_render.analysis.states import Scene
from maxtac_render.analysis.universe import Assumptions, bits
from maxtac_render.model.changes import Change
from maxtac_render.model.cluster import Cluster
from maxtac_render.model.portsets import NO_PORTS, PortSet

PATIENCE = 1024
"""How many sets of changes are looked at, of those that can disturb each other, before the next best order is taken."""

WIDEST = 64
"""Of how many changes that can disturb each other more than one order is tried."""


class Harm(NamedTuple):
    """What a step does for a while: it ``opens``, or cuts, these ports between endpoints, until a later step is made.

    ``certain`` tells that it does so whatever the labels are that are not known.
    """

    sources: int
    targets: int
    ports: PortSet
    opens: bool
    certain: bool
    until: int


class Step(NamedTuple):
    """A change, and the harm that begins with it."""

    change: Change
    harms: tuple[Harm, ...]


class Rollout(NamedTuple):
    """Changes in the order in which to make them.

    ``hopeless`` tells that no order is safe: that is proved, too. ``unproved`` are sources and targets between which
    too much is not known for all states to be looked at.
    """

    scene: Scene
    steps: tuple[Step, ...]
    hopeless: bool
    unproved: tuple[tuple[int, int], ...]

    @property
    def safe(self) -> bool:
        """Whether it is proved that no step does harm."""
        return not self.unproved and not any(step.harms for step in self.steps)


def rollout(old: Cluster, new: Cluster, changes: Sequence[Change], assumptions: Assumptions) -> Rollout:
    """Put changes, which are in the order of a plan, into the order that does the least harm."""
    scene = Scene(old, new, changes, assumptions)
    constraints = Constraints(scene)
    searches = [_Search(component, some) for component, some in _components(len(changes), list(constraints))]
    order = list(_merged([list(search.runs()) for search in searches]))
    steps = tuple(_steps(changes, order, list(constraints)))
    unproved = tuple((mask, targets) for targets, mask in _alike(constraints.unproved).items())
    return Rollout(scene, steps, any(search.hopeless for search in searches), unproved)


def _components(count: int, constraints: Sequence[Constraint]) -> Iterator[tuple[int, list[Constraint]]]:
    """Changes that can disturb each other, directly or through others, with what they can do."""
    components = [1 << number for number in range(count)]
    for constraint in constraints:
        meeting = [each for each in components if each & constraint.touch]
        components = [each for each in components if not each & constraint.touch]
        components.append(sum(meeting))
    for component in components:
        yield component, [each for each in constraints if each.touch & component]


class _Search:
    """The search for the order of changes that can disturb each other with the least harm.

    It takes the states by what they cost so far and must cost at least from there on. Of very many changes the next one
    is always the one that costs the least.
    """

    def __init__(self, changes: int, constraints: Sequence[Constraint]) -> None:
        self._changes = list(bits(changes))
        self._all = changes
        self._near: dict[int, list[Constraint]] = {change: [] for change in self._changes}
        for constraint in constraints:
            for change in bits(constraint.touch):
                self._near[change].append(constraint)
        self._start = NOTHING
        for constraint in constraints:
            self._start = add(self._start, constraint.ahead(0))
        self.hopeless = self._start > NOTHING
        """Whether every order does harm; known once the search is over."""

    def runs(self) -> Iterator[list[int]]:
        """The best order that was found, in pieces between which nothing is open or cut."""
        run: list[int] = []
        state, cost = 0, NOTHING
        for change in self._best():
            run.append(change)
            cost = add(cost, self._difference(state, change)[0])
            state |= 1 << change
            if cost == NOTHING:
                yield run
                run = []

    def _best(self) -> list[int]:
        """The order that does the least harm, or, of very many changes, one that does little."""
        if len(self._changes) > WIDEST:
            return self._finished([], 0)
        heap: list[_Way] = [_Way(self._start, len(self._changes), [], 0, NOTHING)]
        seen: set[int] = set()
        while True:
            way = heappop(heap)
            self.hopeless = self.hopeless or way.total > NOTHING
            if way.state == self._all:
                return way.order
            if way.state in seen:
                continue
            seen.add(way.state)
            if len(seen) > PATIENCE:
                return self._finished(way.order, way.state)
            for change in self._changes:
                if not way.state >> change & 1:
                    heappush(heap, self._with(way, change))

    def _with(self, way: _Way, change: int) -> _Way:
        """A way with one change more."""
        total, left, order, state, cost = way
        after = state | 1 << change
        now, ahead = self._difference(state, change)
        cost = add(cost, now)
        return _Way(add(add(total, cost), ahead), left - 1, [*order, change], after, cost)

    def _difference(self, state: int, change: int) -> tuple[Cost, Cost]:
        """By how much a change alters what its state costs, and what must be paid at least from there on."""
        now, ahead = NOTHING, NOTHING
        after = state | 1 << change
        for constraint in self._near[change]:
            now = add(now, less(constraint.cost(after), constraint.cost(state)))
            ahead = add(ahead, less(constraint.ahead(after), constraint.ahead(state)))
        return now, ahead

    def _finished(self, order: list[int], state: int) -> list[int]:
        """An order that begins like this one, each next change being the one that costs the least."""
        heap = [(self._price(state, change), change) for change in self._changes if not state >> change & 1]
        heapify(heap)
        while heap:
            price, change = heappop(heap)
            if state >> change & 1 or price != self._price(state, change):
                continue  # it is made, or stands in the heap with its new price
            order, state = [*order, change], state | 1 << change
            touched = reduce(or_, (constraint.touch for constraint in self._near[change]), 0)
            for other in bits(touched & ~state):
                heappush(heap, (self._price(state, other), other))
        return order

    def _price(self, state: int, change: int) -> Cost:
        return add(*self._difference(state, change))


class _Way(NamedTuple):
    """An order's beginning: what it costs in all at least, what is left, and what its last state costs."""

    total: Cost
    left: int
    order: list[int]
    state: int
    cost: Cost


def _merged(components: Iterable[Iterable[list[int]]]) -> Iterator[int]:
    """One order of all pieces, as near to that of the plan as can be; those of a component stay in theirs.

    Pieces stay whole, so that nothing is open or cut for longer because of steps that have nothing to do with it.
    """
    heap = [(run, number, rest) for number, rest in enumerate(map(iter, components)) for run in islice(rest, 1)]
    heapify(heap)
    while heap:
        run, number, rest = heappop(heap)
        yield from run
        for following in islice(rest, 1):
            heappush(heap, (following, number, rest))


def _steps(changes: Sequence[Change], order: Sequence[int], constraints: Sequence[Constraint]) -> Iterator[Step]:
    """The changes in their order, with the harm that begins with each."""
    states = list(accumulate((1 << change for change in order), or_, initial=0))
    for number, change in enumerate(order, 1):
        meeting = [each for each in constraints if each.touch >> change & 1]
        yield Step(changes[change], tuple(_harms(number, states, meeting)))


_Key = tuple[bool, PortSet, bool, int]


def _harms(number: int, states: Sequence[int], constraints: Iterable[Constraint]) -> Iterator[Harm]:
    """The harm that begins with a step, that of the same sort between all endpoints as one."""
    found: dict[_Key, dict[int, int]] = {}
    for constraint in constraints:
        for key in _begun(number, states, constraint):
            rows = found.setdefault(key, {})
            for source, targets in constraint.rows.items():
                rows[source] = rows.get(source, 0) | targets
    for (opens, ports, certain, until), rows in sorted(found.items(), key=lambda item: item[0][1:]):
        for targets, sources in _alike(rows).items():
            yield Harm(sources, targets, ports, opens, certain, until)


def _alike(rows: Mapping[int, int]) -> dict[int, int]:
    """The sources that have the same targets, by these."""
    alike: dict[int, int] = {}
    for source, targets in rows.items():
        alike[targets] = alike.get(targets, 0) | 1 << source
    return alike


def _begun(number: int, states: Sequence[int], constraint: Constraint) -> Iterator[_Key]:
    """What is wrong after a step and was not before, and until which later one it stays so."""
    faults = [constraint.fault(state) for state in states]
    for opens in (True, False):
        ports = [NO_PORTS if fault is None else fault.opens if opens else fault.cuts for fault in faults]
        now, fault = ports[number], faults[number]
        if fault is not None and now and now is not ports[number - 1]:
            until = next(later for later in range(number, len(states)) if ports[later] is not now)
            yield opens, now, fault.certain, until
