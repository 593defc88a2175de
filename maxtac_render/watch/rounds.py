"""One round: what the cluster's resources ask for, what there is, and what makes the one the other, gates asked."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

from maxtac_render import compiler
from maxtac_render.engine.pruning import Gate, Gates, judge, surroundings
from maxtac_render.engine.revocations import Known, ended, revoked
from maxtac_render.engine.rivalry import Rivalry
from maxtac_render.engine.settling import Foreign, Name, Scope, Settlement, settle, step
from maxtac_render.live.caches import Caches
from maxtac_render.live.outcomes import Outcome, Why
from maxtac_render.live.writes import Decide
from maxtac_render.model.changes import Change
from maxtac_render.model.cluster import Applied
from maxtac_render.model.diagnostics import Diagnostic, Report
from maxtac_render.model.intent import Reading
from maxtac_render.model.objects import ObjectRef
from maxtac_render.model.options import severities
from maxtac_render.model.ownership import is_written
from maxtac_render.model.policy import Policy
from maxtac_render.model.snapshot import Snapshot
from maxtac_render.model.stored import Stored
from maxtac_render.watch.settings import Parts, Settings

CONFIRM = 1.0
"""Seconds after which a policy that nobody seems to want is looked at once more, before it goes."""

RETRY, FORBIDDEN = 5.0, 30.0
"""Seconds after which what failed, or what a gate held back, is tried again; and what is not allowed, or altered."""

COLLECT_EVERY = 200
"""Rounds after which everything is looked at for what nobody needs any more."""

_PASSING = frozenset({Gate.UNSYNCED, Gate.FAILING, Gate.LATE, Gate.MISSING, Gate.CHANGED})
"""Gates that open by themselves."""

_GATES = {Why.GROUP: Gate.GROUP, Why.CHANGED: Gate.CHANGED}
"""The gates that are asked while changes are made."""


class Compiled(NamedTuple):
    """What the cluster's resources ask for at a moment, and what was found in them. ``epochs`` are the input's."""

    output: compiler.Output
    found: Sequence[Diagnostic]
    now: datetime
    epochs: tuple[int, ...]
    seconds: float


class Result(NamedTuple):
    """What a round came to.

    ``blocked`` are deletes that a gate held back, ``postponed`` creates and patches that are not for now, and why.
    ``contested`` are policies that somebody else keeps changing, ``taken`` those that somebody else has taken over.
    ``again`` is in how many seconds another round is needed; None where nothing is left to do.
    """

    compiled: Compiled
    settlement: Settlement
    stored: Mapping[ObjectRef, Stored]
    outcome: Outcome = Outcome(())
    blocked: Mapping[Gate, Sequence[Change]] = {}
    postponed: Sequence[tuple[Change, str]] = ()
    contested: Sequence[Change] = ()
    taken: Sequence[Name] = ()
    again: float | None = None


def compile_cluster(caches: Caches, settings: Settings, now: datetime) -> Compiled:
    """Compile what the cluster's resources and Services say now."""
    begun, epochs = time.monotonic(), caches.epochs()
    options = settings.options._replace(now=now, expired="isolate" if settings.expired == "isolate" else "remove")
    report = Report(severities(options))
    services = list(caches.decoded())
    for each in services:
        if each.found:
            report.take(each.found)
    snapshot = Snapshot((each.service for each in services), caches.resources())
    output = compiler.compile_snapshot(snapshot, options, report)
    return Compiled(output, report.sorted(), now, epochs, time.monotonic() - begun)


class Rounds:
    """Makes one round after the other, and remembers what the gates ask of the one before."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self.readings: Sequence[Reading] = ()
        """What the resources said in the last round."""
        self._settings = settings
        self._parts = parts
        self._rivalry = Rivalry()
        self._count = 0
        self._wanted: frozenset[Name] = frozenset()
        self._unwanted: frozenset[Name] = frozenset()
        self._seen: frozenset[Name] = frozenset()

    def run(self) -> Result:
        """Make one round."""
        caches, settings = self._parts.caches, self._settings
        self._count += 1
        if self._count % COLLECT_EVERY == 0:
            gc.unfreeze()
            gc.collect()
        with _without_collections():
            deleted = caches.deleted()
            compiled = compile_cluster(caches, settings, self._parts.now())
            self.readings = compiled.output.readings
            stored = caches.stored()
            policies = [each for each in compiled.output.policies if settings.namespace in ("", each.namespace)]
            settlement = settle(policies, compiled.found, stored.values(), settings.scope)
        result = Result(compiled, settlement, stored)
        if caches.judge_kinds():
            self._learn(policies, settlement, compiled.found)
            caches.forget(deleted)
        return result if settings.shadow else self._written(result)

    def _learn(self, policies: Iterable[Policy], settlement: Settlement, found: Iterable[Diagnostic]) -> None:
        """Learn which policies go because their cause was seen to go."""
        gone = [each.applied.policy for each in settlement.deletes]
        known = Known(self._parts.caches.knows_resource, self._parts.caches.services.knows)
        names = {policy[:2] for policy in gone}
        self._seen = (self._seen & names) | revoked(gone, self._wanted, known)
        if self._settings.expired != "isolate":
            self._seen |= ended(gone, found)
        self._wanted = frozenset(policy[:2] for policy in policies)

    def _written(self, result: Result) -> Result:
        """Make the changes: creates, then patches, then those deletes that may be made."""
        settlement, compiled = result.settlement, result.compiled
        changes, postponed = self._sifted(each for each in settlement.changes if each.action != "delete")
        verdict = judge(settlement, self._gates())
        self._unwanted = frozenset(each.applied.policy[:2] for each in settlement.deletes)
        outcome = self._parts.writer.execute(
            [*changes, *verdict.deletes], result.stored, self._seen, lambda: self._may_delete(compiled)
        )
        blocked = {gate: list(each) for gate, each in verdict.blocked.items()}
        for skipped in outcome.skipped:
            gate = _GATES.get(skipped.why)
            if gate is not None:
                blocked.setdefault(gate, []).append(skipped.change)
        now = time.monotonic()
        made = [each.change for each in outcome.done if each.change.action != "delete"]
        result = result._replace(
            outcome=outcome,
            blocked=blocked,
            postponed=postponed,
            contested=[each for each in made if self._rivalry.wrote(each.applied.policy, now)],
            taken=self._rivalry.taken(each.wanted.policy[:2] for each in settlement.foreign),
        )
        return result._replace(again=self._again(result))

    def _sifted(self, changes: Iterable[Change]) -> tuple[list[Change], list[tuple[Change, str]]]:
        """The changes that are to be made now, and those that are not, with the reason."""
        going, now = self._parts.caches.going(), time.monotonic()
        made: list[Change] = []
        postponed: list[tuple[Change, str]] = []
        for change in changes:
            policy = change.applied.policy
            if self._rivalry.rests(policy, now):
                postponed.append((change, "somebody else keeps changing it"))
            elif change.action == "create" and policy.namespace in going:
                postponed.append((change, "its namespace is being deleted"))
            else:
                made.append(change)
        return made, postponed

    def _gates(self) -> Gates:
        """What the gates are asked."""
        settings = self._settings
        return Gates(
            prune=settings.prune,
            limit=settings.limit,
            allow_empty=settings.allow_empty,
            namespaces=[settings.namespace] if settings.namespace else None,
            closed=self._closed(),
            seen=self._seen,
            before=self._unwanted,
        )

    def _closed(self) -> frozenset[Gate]:
        return surroundings(self._parts.caches.feeds(), leading=self._parts.leads(), faulty=False)

    def _may_delete(self, compiled: Compiled) -> bool:
        """Ask once more, when creates and patches are done: the input must still be what was compiled."""
        return self._parts.caches.epochs() == compiled.epochs and not self._closed()

    def _again(self, result: Result) -> float | None:
        """In how many seconds a round is needed although nothing changes."""
        waits = []
        if any(not each.why.lasting for each in (*result.outcome.failed, *result.outcome.skipped)):
            waits.append(RETRY)
        if any(each.why in (Why.FORBIDDEN, Why.ALTERED) for each in result.outcome.failed):
            waits.append(FORBIDDEN)
        if not _PASSING.isdisjoint(result.blocked):
            waits.append(RETRY)
        if Gate.ONCE in result.blocked:
            waits.append(CONFIRM)
        now = time.monotonic()
        rested = self._rivalry.until(now)
        return min([*waits, *([rested - now] if rested is not None else [])], default=None)


def decide(scope: Scope) -> Decide:
    """What decides again about a policy that somebody else has changed meanwhile."""

    def again(wanted: Applied | None, present: Stored | None) -> Change | Foreign | None:
        if wanted is not None:
            return step(wanted, present, scope)
        ours = present is not None and is_written(dict(present.applied.policy.labels), scope.set, scope.writer)
        return Change(present.applied, None) if present is not None and ours else None

    return again


@contextmanager
def _without_collections() -> Iterator[None]:
    """Let the collector rest while much is made that is needed, and spare it all of that afterwards."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()
