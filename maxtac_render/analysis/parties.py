"""Who stands in the rows of a list: endpoints one by one, or as groups that no row tells apart; addresses together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from maxtac_render.analysis.endpoints import ANY_POD, Group, name
from maxtac_render.analysis.matrix import Answer, Answers, Matrix, Scope
from maxtac_render.analysis.universe import Endpoint, Outside, Universe, bits
from maxtac_render.model.addresses import Range, joined
from maxtac_render.model.cluster import Workload
from maxtac_render.model.intent import Direction

Item = TypeVar("Item")
Line = Callable[[int], Iterable[tuple[int, Item]]]
"""What there is to say of an endpoint: items, each with the endpoints at the other end."""
Row = tuple[Endpoint | Group, Endpoint | Group, Item]

FEW = 3
"""Up to how many workloads a group is called by their names."""


class Party(NamedTuple):
    """One end of a row, and its place among the others: the number of its (first) pod, or behind all its addresses."""

    number: int
    addresses: tuple[Range, ...]
    endpoint: Endpoint | Group


def _place(entry: tuple[Party, object]) -> tuple[int, tuple[Range, ...]]:
    return entry[0][:2]


class Parties:
    """The endpoints of a universe as parties; ``groups`` are masks of those that stand together."""

    def __init__(self, universe: Universe, groups: Iterable[int] = ()) -> None:
        self._universe = universe
        self._groups = {mask & -mask: mask for mask in groups}
        self._followers = sum(mask & (mask - 1) for mask in self._groups.values())
        self._pods: dict[int, Party] = {}
        self._outside: dict[int, Party] = {}
        pods = (universe.pod(number).ref for number in bits(universe.pods))
        self._homes = Counter(each.namespace for each in pods if each.kind != ANY_POD)

    def rows(self, scope: Scope, row: Line[Item], column: Line[Item]) -> Iterator[Row[Item]]:
        """Rows by source and target: from pods, of which ``row`` tells more, then from addresses (``column``)."""
        for source in self._of(scope.sources & self._universe.pods):
            found = [(target, item) for mask, item in row(source.number) for target in self._of(mask, source.number)]
            for target, item in sorted(found, key=_place):
                yield source.endpoint, target.endpoint, item
        from_outside = []
        for target in self._of(scope.targets & self._universe.pods):
            for mask, item in column(target.number):
                if outside := mask & self._universe.outside:
                    from_outside.append((self._addresses(outside), (target.endpoint, item)))
        for source, (endpoint, item) in sorted(from_outside, key=_place):
            yield source.endpoint, endpoint, item

    def _of(self, mask: int, source: int = -1) -> Iterator[Party]:
        """The parties of a mask, sorted, of which all addresses are one.

        The targets of a source may lack itself, where its group is meant.
        """
        own = self._groups.get(1 << source, 0) if source >= 0 else 0
        pods = mask & self._universe.pods | (own & -own if own & mask else 0)
        for number in bits(pods & ~self._followers):
            yield self._pods.get(number) or self._pod(number)
        if outside := mask & self._universe.outside:
            yield self._addresses(outside)

    def _addresses(self, mask: int) -> Party:
        """All addresses of a mask."""
        party = self._outside.get(mask)
        if party is None:
            classes = self._universe.addresses.classes
            first = len(self._universe.workloads)
            ranges = tuple(joined(each for number in bits(mask) for each in classes[number - first].ranges))
            party = self._outside[mask] = Party(first, ranges, Outside(ranges))
        return party

    def _pod(self, number: int) -> Party:
        members = tuple(self._universe.pod(member) for member in bits(self._groups.get(1 << number, 0)))
        endpoint = Group(members, self._label(members)) if members else self._universe.pod(number)
        party = self._pods[number] = Party(number, (), endpoint)
        return party

    def _label(self, members: Sequence[Workload]) -> str:
        """What a group is called: its members if they are few, or those of which it has all, or by one of them."""
        count = len(members)
        homes = {each.ref.namespace for each in members}
        if count <= FEW:
            return ", ".join(map(name, members))
        if count == self._homes.total():
            return f"all {count:,} workloads"
        if len(homes) == 1 and count == self._homes[members[0].ref.namespace]:
            return f"all {count:,} workloads of {members[0].ref.namespace}"
        return f"{name(members[0])} and {count - 1:,} more"


def alike(*matrices: Matrix) -> list[int]:
    """The groups of two or more pods that no row of any of these tells apart; all are about the same endpoints.

    Two are alike if they have the same answers with everyone else, and one and the same both ways with each other.
    """
    groups: dict[object, int] = {}
    labels = [_grouped(matrix) for matrix in matrices]
    for number in bits(matrices[0].universe.pods):
        key = tuple(label.get(number, -1 - number) for label in labels)
        groups[key] = groups.get(key, 0) | 1 << number
    return list(filter(_several, groups.values()))


def _grouped(matrix: Matrix) -> dict[int, int]:
    """The pods that are like others, by a number for each group of them."""
    found: dict[object, int] = {}
    asked = matrix.scope.sources | matrix.scope.targets
    for number in bits(matrix.universe.pods & asked):
        if matrix.universe.pod(number).ref.kind != ANY_POD:
            for key in _keys(matrix, number):
                found[key] = found.get(key, 0) | 1 << number
    groups = enumerate(filter(_several, found.values()))
    return {number: group for group, mask in groups for number in bits(mask)}


def _several(mask: int) -> bool:
    return mask & (mask - 1) != 0


def _keys(matrix: Matrix, number: int) -> Iterator[object]:
    """What a pod shares with those that are like it. If it says nothing of itself, it may be any of several."""
    bit = 1 << number
    leaves, reached = matrix.scope.sources & bit, matrix.scope.targets & bit
    row = matrix.row(number) if leaves else {}
    column = matrix.column(number) if reached else {}
    sides = ((leaves, Direction.EGRESS), (reached, Direction.INGRESS))
    facts = tuple((asked != 0, (asked & matrix.unprotected(side)) != 0) for asked, side in sides)
    yield facts, frozenset(row.items()), frozenset(column.items())
    if not matrix.universe.several & bit:
        for answer in row.keys() & column.keys():
            yield facts, _with(row, answer, bit), _with(column, answer, bit)


def _with(answers: Answers, answer: Answer, bit: int) -> frozenset[tuple[Answer, int]]:
    return frozenset({**answers, answer: answers[answer] | bit}.items())
