"""What is responsible for a difference: the policies that came, went or changed, by the fields in which that stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import islice
from typing import NamedTuple

from maxtac_render.analysis import causes
from maxtac_render.analysis.alignment import Aligned, facts
from maxtac_render.analysis.compare import Shift, Turn
from maxtac_render.analysis.provenance import isolation_site, rule_site
from maxtac_render.analysis.universe import bits
from maxtac_render.model.cluster import Applied
from maxtac_render.model.diagnostics import Site, Spot
from maxtac_render.model.intent import Direction
from maxtac_render.model.objects import ObjectRef
from maxtac_render.model.portsets import PortSet

SAMPLE = 8
"""Of how many sources and targets of a group the reasons are looked for; the same policies govern all of them."""


class What(StrEnum):
    """How something is responsible."""

    ALLOWS = "allowed by"
    FORBIDS = "no longer allowed by"
    ISOLATES = "isolated by"
    FREES = "no longer isolated by"
    COMES = "new"
    GOES = "gone"
    ALTERS = "changed"


class Reason(NamedTuple):
    """Something that is responsible: a policy with the side it governs, or pods or a namespace; and where it stands.

    ``rule`` is the number of the policy's rule, from 0 among those of its direction.
    """

    what: What
    site: Site
    applied: Applied | None = None
    direction: Direction = Direction.NONE
    rule: int | None = None


class _Words(NamedTuple):
    """What a rule and an isolating policy do to connections that open, or that close."""

    rule: What
    isolation: What


_OPENS = _Words(What.ALLOWS, What.FREES)
_CLOSES = _Words(What.FORBIDS, What.ISOLATES)


class Reasons:
    """Finds what is responsible for the differences between two clusters."""

    def __init__(self, aligned: Aligned) -> None:
        self._aligned = aligned
        self._differing = {id(applied) for applied in aligned.differing}

    def of_shift(self, shift: Shift) -> tuple[Reason, ...]:
        """What is responsible for connections that changed alike."""
        return once(reason for pair in _sample(shift) for reason in self._of_pair(*pair, shift))

    def of_turn(self, turn: Turn) -> tuple[Reason, ...]:
        """What is responsible for pods that become isolated or open."""
        return once(reason for pod in islice(bits(turn.pods), SAMPLE) for reason in self._of_pod(pod, turn))

    def _of_pair(self, source: int, target: int, shift: Shift) -> Iterator[Reason]:
        fleeting = self._aligned.fresh | self._aligned.gone
        pods = [number for number in (source, target) if fleeting >> number & 1]
        yield from map(self._fleeting, pods)
        if pods:
            return
        old, new = self._aligned.old, self._aligned.new
        was = causes.causes(old.verdicts, old.cluster.policies, source, target)
        now = causes.causes(new.verdicts, new.cluster.policies, source, target)
        opened, closed = shift.pairing.opened.possible, shift.pairing.closed.possible
        for ports, before, after, words in ((opened, was, now, _OPENS), (closed, now, was, _CLOSES)):
            for blocks, lets in ((before.egress, after.egress), (before.ingress, after.ingress)):
                if ports.without(blocks.certain):
                    yield from self._of_side(ports, blocks, lets, words)
        for number in (source, target):
            yield from self._altered(number)

    def _of_side(self, ports: PortSet, blocks: causes.Side, lets: causes.Side, words: _Words) -> Iterator[Reason]:
        """What makes the difference between one side that does not let ports pass for certain and one that may."""
        for allowing in lets.allowing:
            _, direction, number, opened, _ = allowing
            if self._differs(allowing.applied) and opened.may_meet(ports):
                site = rule_site(allowing.applied, direction, number)
                yield Reason(words.rule, site, allowing.applied, direction, number)
        if not any(isolating.certain for isolating in lets.isolating):
            for isolating in filter(lambda each: self._differs(each.applied), blocks.isolating):
                yield Reason(words.isolation, isolation_site(isolating.applied), isolating.applied, blocks.direction)

    def _of_pod(self, pod: int, turn: Turn) -> Iterator[Reason]:
        old, new = self._aligned.old, self._aligned.new
        sides = ((new, What.ISOLATES, turn.isolates), (old, What.FREES, turn.frees))
        for side, what, counts in sides:
            for number in side.verdicts.certain.isolating(turn.direction, pod) if counts else ():
                applied = side.cluster.policies[number]
                if self._differs(applied):
                    yield Reason(what, isolation_site(applied), applied, turn.direction)
        yield from self._altered(pod)

    def _differs(self, applied: Applied) -> bool:
        return id(applied) in self._differing

    def _fleeting(self, number: int) -> Reason:
        """Pods that are on one side only."""
        what = What.COMES if self._aligned.fresh >> number & 1 else What.GOES
        return Reason(what, Site(self._aligned.workload(number)))

    def _altered(self, number: int) -> Iterator[Reason]:
        """Pods that are other than they were, or whose namespace is."""
        if self._aligned.altered >> number & 1:
            old, new = self._aligned.old, self._aligned.new
            workload = new.workload(number)
            if facts(old.workload(number)) != facts(workload):
                yield Reason(What.ALTERS, Site(workload))
            if old.home(number)[:3] != new.home(number)[:3]:
                spot = Spot(new.home(number).origin, ObjectRef("v1", "Namespace", "", workload.ref.namespace))
                yield Reason(What.ALTERS, Site(spot, ("metadata", "labels")))


def _sample(shift: Shift) -> Iterator[tuple[int, int]]:
    """Some pairs of a group: its first source with targets, and its first target with sources."""
    sources, targets = (list(islice(bits(mask), SAMPLE)) for mask in (shift.sources, shift.targets))
    yield from ((sources[0], target) for target in targets)
    yield from ((source, targets[0]) for source in sources[1:])


def once(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Each reason once, in their order."""
    seen: dict[tuple[object, ...], Reason] = {}
    for reason in reasons:
        about = reason.site.about
        seen.setdefault((reason.what, about.ref, about.origin[:3], reason.site.field, id(reason.applied)), reason)
    return tuple(seen.values())
