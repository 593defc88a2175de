"""The gates before every delete: a policy that goes may leave its pods open, so that much has to be certain first.

What is not wanted any more may be so because somebody took away its cause, or because a part of the input is missing.
Only where the cause was seen to go (a revocation) does a delete pass the gates that are there for the second.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import Enum
from functools import reduce
from operator import or_
from typing import NamedTuple

from maxtac_render.engine.settling import Name, Settlement
from maxtac_render.engine.standing import source_of
from maxtac_render.model.changes import Change
from maxtac_render.model.intent import Direction, direction_of
from maxtac_render.model.ownership import home_of
from maxtac_render.model.policy import Policy
from maxtac_render.model.selectors import Selector

LATEST = 90.0
"""Seconds after which what was last heard of an input is too old to delete by."""

LEAST = 10
"""How many policies may always be deleted at once whose cause is not known."""

SHARE = 5
"""Of how many policies of ours one more may be: a fifth of them."""


Group = tuple[str, Selector]
"""Pods: their namespace, and what selects them there."""


class Gate(Enum):
    """Why a delete is not made: the word for metrics, and what people are told."""

    OFF = ("prune-off", "pruning is switched off")
    UNSYNCED = ("not-synced", "not all of the input has been read yet")
    FAILING = ("failing", "a part of the input cannot be read at the moment")
    LATE = ("late", f"a part of the input has not been heard of for {LATEST:.0f} seconds")
    MISSING = ("missing-kind", "the API server does not know one of the kinds, or is deleting it")
    UNREAD = ("unread-input", "a part of the input cannot be read")
    INTERNAL = ("internal-error", "the compiler failed")
    STANDBY = ("no-lease", "another replica writes")
    CHANGED = ("changed-input", "the input has changed meanwhile")
    NAMESPACE = ("other-namespace", "of a namespace that is not this run's, or made for a Service there")
    EMPTY = ("empty", "nothing at all would be left of the set")
    ONCE = ("one-render", "unwanted in one render only so far")
    LIMIT = ("prune-limit", "more than may be deleted at once")
    GROUP = ("failed-group", "what may take its place could not be written")

    def __init__(self, word: str, message: str) -> None:
        self.word = word
        self.message = message


class Feed(NamedTuple):
    """How one input kind is being followed. ``age`` is the seconds since it was last heard of.

    ``missing`` tells that the API server does not know the kind.
    """

    kind: str
    synced: bool
    failing: bool
    age: float
    missing: bool = False


class Gates(NamedTuple):
    """What a run allows, and what it knows.

    ``limit`` None is the usual one. ``namespaces`` None are all. ``closed`` are gates that are shut for all deletes,
    by the run's surroundings. ``seen`` are policies whose cause was seen to go; ``before`` those that were not wanted
    in the last render either, None where a single render is the whole truth.
    """

    prune: bool = True
    limit: int | None = None
    allow_empty: bool = False
    namespaces: Collection[str] | None = None
    closed: frozenset[Gate] = frozenset()
    seen: Collection[Name] = ()
    before: Collection[Name] | None = None


class Verdict(NamedTuple):
    """Which deletes may be made, and which may not, by the gate that is in their way."""

    deletes: tuple[Change, ...]
    blocked: Mapping[Gate, tuple[Change, ...]]


def surroundings(feeds: Iterable[Feed], *, leading: bool, faulty: bool) -> frozenset[Gate]:
    """The gates that are shut because of how the inputs are followed, who leads, and whether the compiler failed."""
    shut = set()
    for feed in feeds:
        if feed.missing:
            shut.add(Gate.MISSING)
        elif not feed.synced:
            shut.add(Gate.UNSYNCED)
        elif feed.failing:
            shut.add(Gate.FAILING)
        elif feed.age >= LATEST:
            shut.add(Gate.LATE)
    if not leading:
        shut.add(Gate.STANDBY)
    if faulty:
        shut.add(Gate.INTERNAL)
    return frozenset(shut)


def judge(settlement: Settlement, gates: Gates) -> Verdict:
    """Which of the deletes of a settlement may be made."""
    deletes, shut, unmade = settlement.deletes, _shut(settlement, gates), _unmade(settlement)
    asked = [(each, shut or _barred(each, unmade, settlement, gates)) for each in deletes]
    unknown = [each for each, gate in asked if gate is None and name_of(each) not in gates.seen]
    over = {id(each) for each in unknown} if len(unknown) > limit(settlement.owned, gates) else set()
    blocked: dict[Gate, list[Change]] = {}
    for each, gate in asked:
        if gate is not None or id(each) in over:
            blocked.setdefault(gate or Gate.LIMIT, []).append(each)
    going = tuple(each for each, gate in asked if gate is None and id(each) not in over)
    return Verdict(going, {gate: tuple(each) for gate, each in blocked.items()})


def _shut(settlement: Settlement, gates: Gates) -> Gate | None:
    """The first gate that is shut for every delete."""
    shut = gates.closed | ({Gate.UNREAD} if settlement.unread else set()) | (set() if gates.prune else {Gate.OFF})
    return next((gate for gate in Gate if gate in shut), None)


def _barred(change: Change, unmade: Unmade, settlement: Settlement, gates: Gates) -> Gate | None:
    """The gate that is shut for one delete, whatever becomes of the others."""
    name = name_of(change)
    home = home_of(dict(change.applied.policy.annotations))
    if gates.namespaces is not None and not {name[0], home or name[0]} <= set(gates.namespaces):
        return Gate.NAMESPACE  # in another one, or a mirror here of what another one's Service asks for
    if unmade.holds(change, gates.seen):
        return Gate.GROUP
    if name in gates.seen:
        return None
    if settlement.wanted == 0 and not gates.allow_empty:
        return Gate.EMPTY
    return Gate.ONCE if gates.before is not None and name not in gates.before else None


class Unmade(NamedTuple):
    """Policies that are wanted and cannot be made: for which pods they are, and with that for which resource."""

    groups: frozenset[Group]
    kin: frozenset[tuple[Group, str]]

    def holds(self, change: Change, seen: Collection[Name]) -> bool:
        """Tell whether a delete has to wait, because one of them may be what takes the place of its policy.

        A revocation waits for no other resource. Of its own the policy may just have got another name.
        """
        pods = group(change)
        if name_of(change) in seen:
            return (pods, source_of(change.applied.policy)) in self.kin
        return pods in self.groups


def _missing(policies: Collection[Policy]) -> Unmade:
    groups = frozenset(group_of(each) for each in policies)
    return Unmade(groups, frozenset((group_of(each), source_of(each)) for each in policies))


def _unmade(settlement: Settlement) -> Unmade:
    """The policies that cannot be made because their names are taken or their causes unclear."""
    held = (each.applied.policy for each in settlement.held)
    return _missing([*held, *(each.wanted.policy for each in settlement.foreign)])


def limit(owned: int, gates: Gates) -> int:
    """How many policies may be deleted at once whose cause is not known."""
    return max(LEAST, owned // SHARE) if gates.limit is None else gates.limit


def after_failures(
    deletes: Iterable[Change], failed: Iterable[Change], seen: Collection[Name]
) -> tuple[list[Change], list[Change]]:
    """The deletes that may still be made after some creates and patches failed, and those that may not."""
    unmade = _missing([each.applied.policy for each in failed])
    going: list[Change] = []
    staying: list[Change] = []
    for each in deletes:
        (staying if unmade.holds(each, seen) else going).append(each)
    return going, staying


def group(change: Change) -> Group:
    """The pods that a change is about: policies for the same ones may take each other's place."""
    return group_of(change.applied.policy)


def group_of(policy: Policy) -> Group:
    """The pods that a policy is about."""
    return policy.namespace, policy.subject


def opened(changes: Iterable[Change], remaining: Iterable[Policy]) -> list[tuple[Change, Direction]]:
    """The changes after which no policy certainly isolates the pods that were, and in which directions.

    ``remaining`` are all policies of the cluster after the changes, others' included.
    """
    isolating = _Isolating(remaining)
    covered: dict[Group, Direction] = {}
    found: list[tuple[Change, Direction]] = []
    for each in changes:
        if each.before is None:
            continue
        pods = group_of(each.before.policy)
        if pods not in covered:
            covered[pods] = isolating.sides(*pods)
        left = _without(each.before.policy.isolates, covered[pods])
        if left is not Direction.NONE:
            found.append((each, left))
    return found


class _Isolating:
    """What policies isolate, filed under one label that all of their pods have, or under none."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        self._filed: dict[tuple[str, tuple[str, str] | None], dict[Selector, Direction]] = {}
        for namespace, _, subject, isolates, *_ in policies:
            known = self._filed.setdefault((namespace, next(iter(subject.match_labels), None)), {})
            known[subject] = known.get(subject, Direction.NONE) | isolates

    def sides(self, namespace: str, pods: Selector) -> Direction:
        """The directions in which policies that certainly select all of some pods isolate them."""
        filed = (self._filed.get((namespace, pair), {}) for pair in (None, *pods.match_labels))
        sides = (isolates for known in filed for subject, isolates in known.items() if subject.includes(pods))
        return reduce(or_, sides, Direction.NONE)


def _without(one: Direction, other: Direction) -> Direction:
    return direction_of(ingress=one.ingress and not other.ingress, egress=one.egress and not other.egress)


def name_of(change: Change) -> Name:
    """The policy that a change is about."""
    policy = change.applied.policy
    return policy.namespace, policy.name
