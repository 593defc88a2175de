"""What a change opens and closes: the connections that differ between two clusters, those that differ alike in one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Literal, NamedTuple

from maxtac_render.analysis.alignment import SIDES, Aligned, Side
from maxtac_render.analysis.connections import Verdict
from maxtac_render.analysis.matrix import Answer
from maxtac_render.analysis.reachability import Reach
from maxtac_render.analysis.universe import bits
from maxtac_render.model.intent import Direction
from maxtac_render.model.policy import Peer, Policy, Rule
from maxtac_render.model.portsets import NO_PORTS, PortSet
from maxtac_render.model.selectors import Selector

Row = Mapping[PortSet, int]


class Pairing(NamedTuple):
    """What passed between two endpoints, and what passes.

    ``kept`` are ports of which it is not known on either side, but that it is the same on both.
    """

    before: Answer
    after: Answer
    kept: PortSet = NO_PORTS

    @property
    def opened(self) -> Answer:
        """What passes now and did not."""
        return _gained(self.before, self.after, self.kept)

    @property
    def closed(self) -> Answer:
        """What passed and does not any more."""
        return _gained(self.after, self.before, self.kept)

    @property
    def word(self) -> Literal["opened", "closed", "changed"]:
        """Whether there is a connection where there was none, none where there was one, or other ports."""
        if not self.before.possible:
            return "opened"
        return "changed" if self.after.possible else "closed"


def _gained(less: Answer, more: Answer, kept: PortSet) -> Answer:
    return Answer(more.certain.without(less.possible), more.possible.without(less.certain).without(kept))


class Shift(NamedTuple):
    """Connections from each of some endpoints to each of others that changed alike, for the same reasons.

    ``pairs`` is how many they are, where all outside addresses count as one endpoint.
    """

    sources: int
    targets: int
    pairing: Pairing
    pairs: int


_DEGREE = {Verdict.NO: 0, Verdict.DEPENDS: 1, Verdict.YES: 2}


class Turn(NamedTuple):
    """Pods that become isolated in a direction, or open; both verdicts DEPENDS: they may, either way."""

    direction: Direction
    pods: int
    before: Verdict
    after: Verdict

    @property
    def isolates(self) -> bool:
        """Whether they become isolated, at least perhaps."""
        return _DEGREE[self.before] <= _DEGREE[self.after]

    @property
    def frees(self) -> bool:
        """Whether they become open, at least perhaps."""
        return _DEGREE[self.after] <= _DEGREE[self.before]

    @property
    def certain(self) -> bool:
        """Whether it is known."""
        return Verdict.DEPENDS not in (self.before, self.after)


class Comparison(NamedTuple):
    """What differs between two clusters besides the policies themselves."""

    aligned: Aligned
    shifts: tuple[Shift, ...]
    turns: tuple[Turn, ...]

    @property
    def happened(self) -> frozenset[str]:
        """What happened, at least perhaps: ``opened``, ``closed``, ``isolated``, ``unisolated``."""
        facts = {
            "opened": any(shift.pairing.opened.possible for shift in self.shifts),
            "closed": any(shift.pairing.closed.possible for shift in self.shifts),
            "isolated": any(turn.isolates for turn in self.turns),
            "unisolated": any(turn.frees for turn in self.turns),
        }
        return frozenset(word for word, happened in facts.items() if happened)


def compare(aligned: Aligned) -> Comparison:
    """Find what differs between two clusters."""
    return Comparison(aligned, tuple(_Differences(aligned).shifts()), tuple(_turns(aligned)))


_Key = tuple[Pairing, object, object]


class _Differences:
    """The rows of both sides, compared."""

    def __init__(self, aligned: Aligned) -> None:
        self._aligned = aligned
        self._certain = aligned.old.verdicts.certain, aligned.new.verdicts.certain
        self._possible = aligned.old.verdicts.possible, aligned.new.verdicts.possible
        self._known = self._certain == self._possible
        self._egress, self._ingress = map(aligned.touched, SIDES)
        self._unlike = aligned.fresh | aligned.gone | aligned.altered
        sides = aligned.old.universe, aligned.new.universe
        self._pods = sides[0].pods | sides[1].pods
        self._single = self._pods & ~(sides[0].several | sides[1].several)
        self._signed = [_signed(aligned, direction) for direction in SIDES]

    def shifts(self) -> Iterator[Shift]:
        """The connections that differ, in the order of their sources, then of their targets."""
        found: dict[_Key, dict[int, int]] = {}
        for source in bits(self._aligned.everyone):
            for pairing, targets in self._row(source):
                for key, mask in self._by_cause(source, pairing, targets):
                    row = found.setdefault(key, {})
                    row[source] = row.get(source, 0) | mask
        shifts = (shift for (pairing, *_), row in found.items() for shift in self._grouped(pairing, row))
        return iter(sorted(shifts, key=lambda shift: (_order(shift.sources), _order(shift.targets), shift.pairing)))

    def _row(self, source: int) -> Iterator[tuple[Pairing, int]]:
        """What differs from one source on."""
        scope = self._aligned.everyone if self._egress >> source & 1 else self._ingress
        if not scope:
            return
        certain = [_row_of(reach, source) for reach in self._certain]
        possible = certain if self._known else [_row_of(reach, source) for reach in self._possible]
        if self._known and certain[0] == certain[1]:
            return
        for (was, may, now, will), targets in _split((certain[0], possible[0], certain[1], possible[1]), scope):
            pairing = Pairing(Answer(was, may), Answer(now, will))
            both = pairing.before.depends.meet(pairing.after.depends)
            if not both:
                if pairing.before != pairing.after:
                    yield pairing, targets
                continue
            for target in bits(targets):
                kept = self._kept(source, target, both)
                if pairing.before != pairing.after or kept is not both:
                    yield pairing._replace(kept=kept), 1 << target

    def _kept(self, source: int, target: int, ports: PortSet) -> PortSet:
        """Of ports that depend on both sides those that do so in the same way: all or none."""
        if (self._unlike >> source | self._unlike >> target) & 1:
            return NO_PORTS
        was, now = (
            [_terms(side, direction, ends, ports) for direction, ends in _ends(source, target)]
            for side in (self._aligned.old, self._aligned.new)
        )
        return ports if was == now else NO_PORTS

    def _by_cause(self, source: int, pairing: Pairing, targets: int) -> Iterator[tuple[_Key, int]]:
        """Targets by what is responsible: pods that are new or gone, or else the policies that differ on both sides."""
        fleeting = self._aligned.fresh | self._aligned.gone
        if fleeting >> source & 1:
            yield (pairing, True, None), targets
            return
        if targets & fleeting:
            yield (pairing, None, True), targets & fleeting
        ours, theirs = self._signed
        own = next(sign for sign, mask in ours.items() if mask >> source & 1)
        for sign, mask in theirs.items():
            if mask & targets & ~fleeting:
                yield (pairing, own, sign), mask & targets & ~fleeting

    def _grouped(self, pairing: Pairing, row: Mapping[int, int]) -> Iterator[Shift]:
        """Sources with the same targets as one, but for themselves: one pod is not among its own targets."""
        exact: dict[int, dict[int, int]] = {}
        for source, targets in row.items():
            exact.setdefault(targets, {})[source] = targets
        alike: dict[int, dict[int, int]] = {}
        for targets, rows in exact.items():
            alone = sum(1 << source for source in rows) & self._single if len(rows) == 1 else 0
            alike.setdefault(targets | alone, {}).update(rows)
        return (self._shift(pairing, rows) for rows in alike.values())

    def _shift(self, pairing: Pairing, rows: Mapping[int, int]) -> Shift:
        sources = targets = 0
        for source, mask in rows.items():
            sources |= 1 << source
            targets |= mask
        return Shift(sources, targets, pairing, self._pairs(rows))

    def _pairs(self, rows: Mapping[int, int]) -> int:
        """How many pairs these are; outside addresses are one."""
        known = outside = 0
        for source, targets in rows.items():
            if self._pods >> source & 1:
                known += (targets & self._pods).bit_count() + bool(targets & ~self._pods)
            else:
                outside |= targets
        return known + outside.bit_count()


def _order(mask: int) -> tuple[int, ...]:
    return tuple(bits(mask))


def _row_of(reach: Reach, source: int) -> Row:
    return reach.row(source) if reach.universe.everyone >> source & 1 else {}


def _ends(source: int, target: int) -> Iterator[tuple[Direction, tuple[int, int]]]:
    """Each side of a connection: its pod, and the peer."""
    yield Direction.EGRESS, (source, target)
    yield Direction.INGRESS, (target, source)


def _split(rows: Sequence[Row], scope: int) -> Iterable[tuple[tuple[PortSet, ...], int]]:
    """Targets by what each of some rows has for them."""
    parts: list[tuple[tuple[PortSet, ...], int]] = [((), scope)]
    for row in rows:
        refined = []
        for known, mask in parts:
            rest = mask
            for ports, targets in row.items():
                if rest & targets:
                    refined.append(((*known, ports), rest & targets))
                    rest &= ~targets
            if rest:
                refined.append(((*known, NO_PORTS), rest))
        parts = refined
    return parts


def _signed(aligned: Aligned, direction: Direction) -> dict[tuple[object, ...], int]:
    """The endpoints by what of theirs differs on one side: the policies that govern them, or they themselves."""
    signed: dict[tuple[object, ...], int] = {}
    touching, altered = aligned.touching[direction], aligned.altered
    for number in bits(aligned.everyone):
        sign = (*touching.get(number, ()), *((None,) if altered >> number & 1 else ()))
        signed[sign] = signed.get(sign, 0) | 1 << number
    return signed


_Terms = tuple[bool, frozenset[object], frozenset[object]]


def _terms(side: Side, direction: Direction, ends: tuple[int, int], ports: PortSet) -> _Terms:
    """On what it depends whether one side of a pod lets a peer pass on some ports.

    Two sides with equal terms let the same pass, whatever the labels are that are not known: whether some policy
    isolates for certain, what those that do let pass, and the same of others by what must be true for them to govern.
    """
    pod, _ = ends
    certain = set(side.verdicts.possible.isolating(direction, pod))
    always: set[object] = set()
    perhaps: dict[Selector, set[object]] = {}
    for number in side.verdicts.certain.isolating(direction, pod):
        policy = side.verdicts.certain.policies[number]
        lets = always if number in certain else perhaps.setdefault(policy.subject, set())
        lets.update(_lets(side, direction, policy, ends, ports))
    needed = {(subject, frozenset(lets)) for subject, lets in perhaps.items() if lets or not certain}
    return bool(certain), frozenset(always), frozenset(needed)


def _lets(
    side: Side, direction: Direction, policy: Policy, ends: tuple[int, int], ports: PortSet
) -> Iterator[tuple[Peer | None, PortSet]]:
    """What a policy lets pass, by what must be true of the peer; None for nothing more."""
    pod, other = ends
    for rule in policy.rules:
        for peer in rule.peers if rule.direction is direction else ():
            must, may = side.universe.peer(peer)
            if may >> other & 1:
                for mask, opened in side.verdicts.possible.opened(Rule(direction, (peer,), rule.ports), pod):
                    both = opened.may_meet(ports)
                    if mask >> other & 1 and both:
                        yield None if must >> other & 1 else peer, both


def _turns(aligned: Aligned) -> Iterator[Turn]:
    """The pods of both sides that become isolated, or open."""
    lasting = aligned.old.universe.pods & aligned.new.universe.pods
    for direction in reversed(SIDES):
        scope = lasting & aligned.touched(direction)
        was, now = (_isolated(side, direction) for side in (aligned.old, aligned.new))
        signed = _signed(aligned, direction).values() if scope else ()
        for before, after in product(Verdict, Verdict):
            pods = scope & was[before] & now[after]
            if before is after:
                pods = _doubtful(aligned, direction, pods) if before is Verdict.DEPENDS else 0
            yield from (Turn(direction, pods & mask, before, after) for mask in signed if pods & mask)


def _isolated(side: Side, direction: Direction) -> dict[Verdict, int]:
    """The pods that are isolated, may be, and are not."""
    certain, possible = side.verdicts.possible.isolated(direction), side.verdicts.certain.isolated(direction)
    rest = side.universe.pods & ~possible
    return {Verdict.YES: certain, Verdict.DEPENDS: possible & ~certain, Verdict.NO: rest}


def _doubtful(aligned: Aligned, direction: Direction, pods: int) -> int:
    """Those of pods that may be isolated on both sides of which that depends on something else than before."""
    found = 0
    for pod in bits(pods):
        was, now = (_subjects(side, direction, pod) for side in (aligned.old, aligned.new))
        if was != now or aligned.altered >> pod & 1:
            found |= 1 << pod
    return found


def _subjects(side: Side, direction: Direction, pod: int) -> set[Selector]:
    reach = side.verdicts.certain
    return {reach.policies[number].subject for number in reach.isolating(direction, pod)}
