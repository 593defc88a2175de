"""What a change opens and closes: the connections that differ between two clusters, those that differ alike in one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import product
from operator import or_
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

Line = Mapping[PortSet, int]


class Pairing(NamedTuple):
    """What passed between two endpoints, and what passes.

    Of some ports it is not known whether they pass on either side, but that they do on the new one at most where they
    did (``bounded``), or at least there (``kept``).
    """

    before: Answer
    after: Answer
    bounded: PortSet = NO_PORTS
    kept: PortSet = NO_PORTS

    @property
    def opened(self) -> Answer:
        """What passes now and did not."""
        return _gained(self.before, self.after, self.bounded)

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


def _gained(less: Answer, more: Answer, but: PortSet) -> Answer:
    return Answer(more.certain.without(less.possible), more.possible.without(less.certain).without(but))


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
    shifts = tuple(_Differences(aligned).shifts())
    return Comparison(aligned, tuple(_telling(shifts, aligned)), tuple(_turns(aligned)))


def _telling(shifts: Sequence[Shift], aligned: Aligned) -> Iterator[Shift]:
    """Connections that differ; those of any pods that nobody has declared where no known endpoints show the same.

    The same is that at least these ports open and close, perhaps, from or to the same endpoint.
    """
    anyone, known = aligned.anyone, aligned.everyone & ~aligned.strangers
    pods = aligned.everyone & ~aligned.new.universe.outside
    for shift in shifts:
        incoming = bool(shift.sources & anyone)
        others, ends = (shift.targets, shift.sources) if incoming else (shift.sources, shift.targets)
        if not ends & anyone:
            yield shift
            continue
        left = others
        for each in (shift, *shifts):
            theirs, shown = (each.targets, each.sources) if incoming else (each.sources, each.targets)
            if left & theirs and shown & known and _shows(each, shift):
                left &= ~theirs
        rest = ends & ~anyone
        if rest:
            told = (rest, others) if incoming else (others, rest)
            yield shift._replace(sources=told[0], targets=told[1], pairs=shift.pairs - _count(others, pods))
        if left:
            told = (anyone, left) if incoming else (left, anyone)
            yield Shift(*told, shift.pairing, _count(left, pods))


def _count(mask: int, pods: int) -> int:
    """How many endpoints a mask has; outside addresses are one."""
    return (mask & pods).bit_count() + bool(mask & ~pods)


def _shows(shown: Shift, shift: Shift) -> bool:
    """Tell whether one change shows at least the ports of another."""
    ours, theirs = shift.pairing, shown.pairing
    gains = ((ours.opened, theirs.opened), (ours.closed, theirs.closed))
    return not any(gain.possible.without(other.possible) for gain, other in gains)


_Cause = tuple[Direction, object]


class _Differences:
    """What both sides say of the endpoints whose connections may differ."""

    def __init__(self, aligned: Aligned) -> None:
        self._aligned = aligned
        self._certain = aligned.old.verdicts.certain, aligned.new.verdicts.certain
        self._possible = aligned.old.verdicts.possible, aligned.new.verdicts.possible
        self._known = self._certain == self._possible
        self._fleeting = aligned.fresh | aligned.gone
        sides = aligned.old.universe, aligned.new.universe
        self._pods = sides[0].pods | sides[1].pods
        self._single = self._pods & ~(sides[0].several | sides[1].several)

    def shifts(self) -> Iterator[Shift]:
        """The connections that differ, in the order of their sources, then of their targets."""
        found: dict[tuple[_Cause, Pairing], dict[int, int]] = {}
        for cause, end, scope in self._lines():
            for pairing, others in self._line(cause[0], end, scope):
                line = found.setdefault((cause, pairing), {})
                line[end] = line.get(end, 0) | others
        shifts = (
            shift for (cause, pairing), lines in found.items() for shift in self._grouped(cause[0], pairing, lines)
        )
        return iter(sorted(shifts, key=_order))

    def _lines(self) -> Iterator[tuple[_Cause, int, int]]:
        """Endpoints whose connections may differ, with the other ends, each pair once, and by what is responsible.

        That is, for what leaves (egress) or reaches them, that they are on one side only, or the policies that differ:
        those of the target where there are any, so that everyone whom they close it to is one group.
        """
        egress, ingress = map(self._aligned.touched, SIDES)
        everyone, lasting = self._aligned.everyone, self._aligned.everyone & ~self._fleeting
        for source in bits(self._fleeting):
            yield (Direction.EGRESS, None), source, everyone
        for target in bits(ingress):
            sign = None if self._fleeting >> target & 1 else _sign(self._aligned, Direction.INGRESS, target)
            yield (Direction.INGRESS, sign), target, lasting
        for source in bits(egress & lasting):
            yield (Direction.EGRESS, _sign(self._aligned, Direction.EGRESS, source)), source, everyone & ~ingress

    def _line(self, direction: Direction, end: int, scope: int) -> Iterator[tuple[Pairing, int]]:
        """What differs of what leaves or reaches an endpoint, with the other ends."""
        certain = [_line_of(reach, direction, end) for reach in self._certain]
        possible = certain if self._known else [_line_of(reach, direction, end) for reach in self._possible]
        if self._known and certain[0] == certain[1]:
            return
        for (was, may, now, will), others in _split((certain[0], possible[0], certain[1], possible[1]), scope):
            pairing = Pairing(Answer(was, may), Answer(now, will))
            both = pairing.before.depends.meet(pairing.after.depends)
            if not both:
                if pairing.before != pairing.after:
                    yield pairing, others
                continue
            for other in bits(others):
                source, target = (end, other) if direction is Direction.EGRESS else (other, end)
                bounded, kept = self._limits(source, target, both)
                limited = pairing._replace(bounded=bounded, kept=kept)
                if limited.opened.possible or limited.closed.possible:
                    yield limited, 1 << other

    def _limits(self, source: int, target: int, ports: PortSet) -> tuple[PortSet, PortSet]:
        """Of ports that depend on both sides whether they pass at most, and at least, where they did: all or none."""
        unlike = self._fleeting | self._aligned.altered
        if (unlike >> source | unlike >> target) & 1:
            return NO_PORTS, NO_PORTS
        sides = [
            [_terms(side, direction, ends, ports) for side in (self._aligned.old, self._aligned.new)]
            for direction, ends in _ends(source, target)
        ]
        more = all(_within(was, now) for was, now in sides)
        less = all(_within(now, was) for was, now in sides)
        return ports if less else NO_PORTS, ports if more else NO_PORTS

    def _grouped(self, direction: Direction, pairing: Pairing, lines: Mapping[int, int]) -> Iterator[Shift]:
        """Ends with the same others as one, but for themselves: one pod is not among its own others."""
        exact: dict[int, dict[int, int]] = {}
        for end, others in lines.items():
            exact.setdefault(others, {})[end] = others
        alike: dict[int, dict[int, int]] = {}
        for others, some in exact.items():
            alone = sum(1 << end for end in some) & self._single if len(some) == 1 else 0
            alike.setdefault(others | alone, {}).update(some)
        for some in alike.values():
            ends = sum(1 << end for end in some)
            others = reduce(or_, some.values())
            sources, targets = (ends, others) if direction is Direction.EGRESS else (others, ends)
            yield Shift(sources, targets, pairing, self._pairs(some))

    def _pairs(self, lines: Mapping[int, int]) -> int:
        """How many pairs these are; outside addresses are one."""
        known = outside = 0
        for end, others in lines.items():
            if self._pods >> end & 1:
                known += (others & self._pods).bit_count() + bool(others & ~self._pods)
            else:
                outside |= others
        return known + outside.bit_count()


def _order(shift: Shift) -> tuple[object, ...]:
    sources, targets, pairing, _ = shift
    return sources & -sources, targets & -targets, sources, targets, pairing


def _line_of(reach: Reach, direction: Direction, end: int) -> Line:
    if not reach.universe.everyone >> end & 1:
        return {}
    return reach.row(end) if direction is Direction.EGRESS else reach.column(end)


def _ends(source: int, target: int) -> Iterator[tuple[Direction, tuple[int, int]]]:
    """Each side of a connection: its pod, and the peer."""
    yield Direction.EGRESS, (source, target)
    yield Direction.INGRESS, (target, source)


def _split(lines: Sequence[Line], scope: int) -> Iterable[tuple[tuple[PortSet, ...], int]]:
    """Endpoints by what each of some lines has for them."""
    parts: list[tuple[tuple[PortSet, ...], int]] = [((), scope)]
    for line in lines:
        refined = []
        for known, mask in parts:
            rest = mask
            for ports, theirs in line.items():
                if rest & theirs:
                    refined.append(((*known, ports), rest & theirs))
                    rest &= ~theirs
            if rest:
                refined.append(((*known, NO_PORTS), rest))
        parts = refined
    return parts


def _sign(aligned: Aligned, direction: Direction, end: int) -> tuple[object, ...]:
    """What differs on one side of an endpoint: the policies that govern it, or it itself."""
    altered = aligned.altered >> end & 1
    return *aligned.touching[direction].get(end, ()), *((None,) if altered else ())


_Terms = tuple[bool, frozenset[object], frozenset[object]]
OPEN: _Terms = (False, frozenset(), frozenset())
"""The terms of a side that lets everything pass."""


def _terms(side: Side, direction: Direction, ends: tuple[int, int], ports: PortSet) -> _Terms:
    """On what it depends whether one side of a pod lets a peer pass on some ports.

    Two sides with equal terms let the same pass, whatever the labels are that are not known: whether some policy
    isolates for certain, what those that do let pass, and the same of others by what must be true for them to govern.
    A side that lets all of the ports pass for certain is as good as one that nothing isolates.
    """
    pod, _ = ends
    if not ports.without(side.verdicts.certain.lets(direction, *ends)):
        return OPEN
    certain = set(side.verdicts.possible.isolating(direction, pod))
    always: set[object] = set()
    perhaps: dict[Selector, set[object]] = {}
    for number in side.verdicts.certain.isolating(direction, pod):
        policy = side.verdicts.certain.policies[number]
        lets = always if number in certain else perhaps.setdefault(policy.subject, set())
        lets.update(_lets(side, direction, policy, ends, ports))
    needed = {(subject, frozenset(lets)) for subject, lets in perhaps.items() if lets or not certain}
    return bool(certain), frozenset(always), frozenset(needed)


def _within(some: _Terms, others: _Terms) -> bool:
    """Tell whether what passes on some terms passes on others, whatever the labels are."""
    return others == OPEN or (some[0] == others[0] and some[1] <= others[1] and some[2] == others[2])


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
        signed: dict[object, int] = {}
        for pod in bits(scope):
            sign = _sign(aligned, direction, pod)
            signed[sign] = signed.get(sign, 0) | 1 << pod
        for before, after in product(Verdict, Verdict):
            pods = scope & was[before] & now[after]
            if before is after:
                pods = _doubtful(aligned, direction, pods) if before is Verdict.DEPENDS else 0
            yield from (Turn(direction, pods & mask, before, after) for mask in signed.values() if pods & mask)


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
