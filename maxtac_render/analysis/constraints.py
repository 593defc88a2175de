"""What changes of policies can do to each other: faults of the states between, by the changes that meet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from maxtac_render.analysis.states import Fault, Half, Meeting, Scene
from maxtac_render.analysis.universe import bits

STATES = 6
"""Up to how many changes that meet between two endpoints all their states are looked at beforehand."""

Cost = tuple[int, int]
"""Pairs that are open and must not be, and pairs that are cut, summed over states; the first weigh more."""


NOTHING: Cost = (0, 0)


def add(some: Cost, more: Cost) -> Cost:
    """Two costs together."""
    return some[0] + more[0], some[1] + more[1]


def less(some: Cost, others: Cost) -> Cost:
    """One cost without another."""
    return some[0] - others[0], some[1] - others[1]


class Constraint:
    """What the changes of ``touch`` can do between endpoints where they meet, of which all have the same faults.

    ``rows`` are the targets of each source.
    """

    def __init__(self, touch: int, faults: Mapping[int, Fault], meeting: Meeting | None = None) -> None:
        self.touch = touch
        self.rows: dict[int, int] = {}
        self._pairs = 0
        self._faults: dict[int, Fault | None] = {**faults}
        self._meeting = meeting
        self._ahead: dict[int, Cost] = {}

    def add(self, source: int, target: int) -> None:
        """Take in two endpoints."""
        self.rows[source] = self.rows.get(source, 0) | 1 << target
        self._pairs += 1

    def fault(self, state: int) -> Fault | None:
        """What is wrong in a state."""
        state &= self.touch
        if self._meeting is not None and state not in self._faults:
            self._faults[state] = self._meeting.fault(state)
        return self._faults.get(state)

    def cost(self, state: int) -> Cost:
        """How many pairs are open in a state that must not be, and how many are cut."""
        fault = self.fault(state)
        return (self._pairs * bool(fault.opens), self._pairs * bool(fault.cuts)) if fault else NOTHING

    def ahead(self, state: int) -> Cost:
        """What all states that are still to come cost at least; nothing where that is not known beforehand."""
        state &= self.touch
        if state == self.touch or self._meeting is not None:
            return NOTHING
        if state not in self._ahead:
            after = (state | 1 << change for change in bits(self.touch & ~state))
            self._ahead[state] = min(add(self.cost(each), self.ahead(each)) for each in after)
        return self._ahead[state]


class Constraints:
    """All that changes can do where they meet. Endpoints between which they do so in the same way are looked at once.

    ``unproved`` are the targets of each source between which too much is not known.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._tables: dict[object, dict[int, Fault]] = {}
        self._found: dict[object, Constraint] = {}
        self.unproved: dict[int, int] = {}
        for source, target, leaving, entering in scene.meetings():
            touch = leaving.touch | entering.touch
            if leaving.known and entering.known and touch.bit_count() <= STATES:
                self._take_known((source, target), leaving, entering)
            else:
                self._take((source, target), scene.meeting(source, target, leaving, entering))

    def __iter__(self) -> Iterator[Constraint]:
        return iter(self._found.values())

    def _take_known(self, ends: tuple[int, int], leaving: Half, entering: Half) -> None:
        """Take in endpoints of which all is known that matters: what holds for others that are alike holds for them."""
        changes = tuple(dict.fromkeys((*leaving.changes, *entering.changes)))
        alike = (leaving.shape, entering.shape, tuple(map(changes.index, entering.changes)))
        table = self._tables.get(alike)
        if table is None:
            faults = _faults(self._scene.meeting(*ends, leaving, entering))
            table = self._tables[alike] = {_numbers(state, changes): fault for state, fault in faults.items()}
        if table:
            key = (changes, alike)
            if key not in self._found:
                faults = {sum(1 << changes[bit] for bit in bits(state)): fault for state, fault in table.items()}
                self._found[key] = Constraint(leaving.touch | entering.touch, faults)
            self._found[key].add(*ends)

    def _take(self, ends: tuple[int, int], meeting: Meeting) -> None:
        """Take in endpoints that are like no others."""
        source, target = ends
        if meeting.worlds is None:
            self.unproved[source] = self.unproved.get(source, 0) | 1 << target
        elif meeting.touch.bit_count() > STATES:
            self._found[ends] = Constraint(meeting.touch, {}, meeting)
            self._found[ends].add(*ends)
        elif faults := _faults(meeting):
            key = (meeting.touch, frozenset(faults.items()))
            self._found.setdefault(key, Constraint(meeting.touch, faults)).add(*ends)


def _faults(meeting: Meeting) -> dict[int, Fault]:
    """The faults of all states of the changes that meet."""
    return {state: fault for state in _within(meeting.touch) if (fault := meeting.fault(state)) is not None}


def _within(touch: int) -> Iterator[int]:
    """All sets of some changes but that of none and that of all."""
    state = (touch - 1) & touch
    while state:
        yield state
        state = (state - 1) & touch


def _numbers(state: int, changes: tuple[int, ...]) -> int:
    """A set of changes by their places among some."""
    return sum(1 << changes.index(bit) for bit in bits(state))
