"""Says what a round came to: in the status of resources, in events, in the log, and in metrics."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from maxtac_render.engine.notices import contested, notices, of_services
from maxtac_render.engine.pruning import Gate, opened
from maxtac_render.engine.settling import Name
from maxtac_render.engine.standing import Round, Standing, source_of, standings
from maxtac_render.live import metrics
from maxtac_render.live.faults import ClusterFault
from maxtac_render.live.kinds import NETWORK_POLICIES, Kind
from maxtac_render.live.outcomes import Why
from maxtac_render.model.catalogue import Severity
from maxtac_render.model.changes import Action, Change
from maxtac_render.model.cluster import Applied
from maxtac_render.model.diagnostics import Diagnostic
from maxtac_render.model.objects import ObjectRef, Resource, path_text
from maxtac_render.model.ownership import MANAGER, slashed
from maxtac_render.model.policy import Policy
from maxtac_render.watch.rounds import Result
from maxtac_render.watch.settings import Parts, Settings

SOON = frozenset({Gate.ONCE, Gate.CHANGED})
"""Gates that are asked again at once: nobody has to hear of them."""

LISTED = 100
"""Changes of one round that are logged one by one; of more there is only the number."""

_DONE: dict[Action, str] = {"create": "created", "patch": "changed", "delete": "deleted"}


class _State(NamedTuple):
    """Something that holds, and is logged once: a message, the object, and what is to be known of it."""

    message: str
    about: object
    facts: Mapping[str, object]


class Teller:
    """Tells of one round after the other; what stays as it was is told once."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self._settings = settings
        self._parts = parts
        self._standings: Mapping[ObjectRef, Standing] = {}
        self._found: frozenset[object] = frozenset()
        self._said: frozenset[tuple[object, ...]] = frozenset()
        self._loaded: tuple[Kind, ...] = ()

    def tell(self, result: Result) -> float | None:
        """Tell of a round; returns in how many seconds a status is to be tried again, None where none is."""
        resources = self._parts.caches.resources()
        standing = standings(resources, _round(result, resources), result.compiled.now)
        self._log_changes(result)
        self._log_faults(result)
        self._log_states(result)
        self._measure(result, standing)
        wait = None if self._settings.shadow else self._publish(result, standing)
        self._standings = standing
        self._found = frozenset(map(_key, result.compiled.found))
        return wait

    def broken(self, error: Exception) -> None:
        """Tell that the program itself failed."""
        self._parts.metrics.add(metrics.RECONCILES, "error")
        words = f"{type(error).__name__}: {error}"
        self._parts.journal.error("a round failed, and is made again; this is a bug, please report it", error=words)

    def _publish(self, result: Result, standing: Mapping[ObjectRef, Standing]) -> float | None:
        """Write statuses and events."""
        parts = self._parts
        self._load()
        written = parts.statuses.write(standing, result.compiled.now)
        for ref, reason in written.refused:
            parts.journal.warning("cannot write the status", ref, reason=reason)
        told = notices(standing, self._standings)
        told += of_services(each for each in result.compiled.found if _key(each) not in self._found)
        sources = {slashed(ref): each for ref, each in standing.items()}
        for change in result.contested:
            source = sources.get(source_of(change.applied.policy))
            told += [contested(source, "/".join(change.applied.policy[:2]))] if source else []
        parts.events.record(told)
        return written.wait

    def _load(self) -> None:
        """Read what the statuses say of the kinds that can be read; once, and again when that are others."""
        parts = self._parts
        readable = tuple(kind for kind, store in parts.caches.intents.items() if store.synced and not store.unreadable)
        if readable == self._loaded:
            return
        try:
            parts.statuses.load(readable, self._settings.namespace)
        except ClusterFault as fault:
            parts.journal.warning("cannot read what statuses say", reason=fault)
        else:
            self._loaded = readable

    def _log_changes(self, result: Result) -> None:
        """Log what was done, or would be."""
        journal, shadow = self._parts.journal, self._settings.shadow
        done = result.settlement.changes if shadow else [each.change for each in result.outcome.done]
        made = Counter(change.action for change in done)
        for change in done if len(done) <= LISTED else ():
            words = f"would have {_DONE[change.action]} a policy" if shadow else f"{_DONE[change.action]} a policy"
            journal.info(words, change.ref, source=source_of(change.applied.policy), fields=",".join(change.fields))
        if made:
            counts = {_DONE[action]: made[action] for action in _DONE if made[action]}
            journal.info("policies would have changed" if shadow else "policies have changed", **counts)
        for each in result.outcome.done:
            for warning in each.warnings:
                journal.warning("the API server warns", each.change.ref, warning=warning)
        if result.outcome.done:
            for change, direction in opened(_done(result).values(), _remaining(result)):
                journal.warning("no policy isolates these pods any more", change.ref, direction=direction.word)

    def _log_faults(self, result: Result) -> None:
        """Log what could not be done, and what somebody else does to policies of ours."""
        journal = self._parts.journal
        for failed in result.outcome.failed:
            facts = {"why": failed.why.word, "reason": failed.message, "code": failed.code}
            journal.error(f"cannot {failed.change.action} a policy", failed.change.ref, **facts)
        for skipped in result.outcome.skipped:
            if skipped.why is Why.FOREIGN:
                journal.warning("a policy is not ours to write", skipped.change.ref, reason=skipped.message)
        for change in result.contested:
            by = self._writer(change.applied.policy[:2])
            journal.warning("somebody else keeps changing a policy; it is left alone for a while", change.ref, by=by)
        for place in result.taken:
            journal.warning("somebody else has taken a policy over", "/".join(place), by=self._writer(place))

    def _log_states(self, result: Result) -> None:
        """Log what holds since this round, and did not before."""
        states = {_said(each): each for each in self._states(result)}
        for key, (message, about, facts) in states.items():
            if key not in self._said:
                self._parts.journal.warning(message, about, **facts)
        self._said = frozenset(states)

    def _states(self, result: Result) -> Iterator[_State]:
        settlement, scope = result.settlement, self._settings.scope
        for found in result.compiled.found:
            if found.severity >= Severity.WARNING:
                facts = {"field": path_text(found.field), "rule": found.code.id, "mend": found.mend}
                yield _State(found.message, found.ref, facts)
        for foreign in settlement.foreign:
            yield _State("the name of a policy is taken", foreign.wanted.ref, {"whose": foreign.whose(scope)})
        for held in settlement.held:
            yield _State("a policy stays as it is", held.applied.ref, {"why": held.why})
        for gate, changes in result.blocked.items():
            yield _State("policies are not deleted", None, {"why": gate.message, "number": len(changes)})
        for change, reason in result.postponed:
            yield _State("a policy is put off", change.ref, {"why": reason})

    def _measure(self, result: Result, standing: Mapping[ObjectRef, Standing]) -> None:
        numbers, settlement, outcome = self._parts.metrics, result.settlement, result.outcome
        left = [*outcome.failed, *outcome.skipped, *result.postponed]
        numbers.add(metrics.RECONCILES, "failed" if outcome.failed else "done")
        numbers.set(metrics.RENDER_SECONDS, result.compiled.seconds)
        numbers.set(metrics.DESIRED, settlement.wanted)
        numbers.set(metrics.LIVE, len(result.stored))
        numbers.set(metrics.OWNED, settlement.owned)
        numbers.set(metrics.FOREIGN, len(settlement.foreign))
        numbers.set(metrics.HELD, len(settlement.held))
        numbers.set(metrics.QUEUE, len(left) + (len(settlement.changes) if self._settings.shadow else 0))
        numbers.add(metrics.PRUNED, by=sum(each.change.action == "delete" for each in outcome.done))
        numbers.add(metrics.CONFLICTS, by=len(result.contested) + len(result.taken))
        numbers.only(metrics.PRUNE_BLOCKED, {(gate.word,): len(each) for gate, each in result.blocked.items()})
        found = Counter(str(each.severity.name).lower() for each in result.compiled.found)
        numbers.only(metrics.FINDINGS, {(name,): number for name, number in found.items()})
        ended = [ref for ref, each in standing.items() if each.ended and not self._was_over(ref)]
        numbers.add(metrics.EXPIRED, by=len(ended))
        if result.again is None and not left:
            numbers.set(metrics.LAST_SUCCESS, time.time())

    def _was_over(self, ref: ObjectRef) -> bool:
        before = self._standings.get(ref)
        return before is not None and before.ended

    def _writer(self, place: Name) -> str:
        """Who wrote a policy last, besides us, by the name that they give themselves."""
        try:
            metadata: Any = self._parts.client.get(NETWORK_POLICIES, *place).get("metadata") or {}
        except ClusterFault:
            return "unknown"
        others = [each for each in metadata.get("managedFields") or () if each.get("manager") != MANAGER]
        names = [str(each.get("manager")) for each in sorted(others, key=lambda each: str(each.get("time")))]
        return names[-1] if names else "unknown"


def _said(state: _State) -> tuple[object, ...]:
    return state.message, state.about, *state.facts.items()


def _key(found: Diagnostic) -> tuple[object, ...]:
    return found.code, found.ref, found.field, found.message


def _round(result: Result, resources: Iterable[Resource]) -> Round:
    """A round as far as resources are told of it."""
    settlement, outcome = result.settlement, result.outcome
    sources = {slashed(resource.ref): resource.ref for resource in resources}
    held = {sources.get(source_of(each.applied.policy)) for each in settlement.held}
    taken = [each.change.applied for each in outcome.skipped if each.why is Why.FOREIGN]
    return Round(
        result.compiled.output.readings,
        result.compiled.found,
        _present(result),
        [each.change for each in outcome.done],
        [(each.change, each.message) for each in outcome.failed],
        [*(each.wanted for each in settlement.foreign), *taken],
        frozenset(ref for ref in held if ref is not None),
        [(each, gate.message) for gate, some in result.blocked.items() if gate not in SOON for each in _applied(some)],
    )


def _applied(changes: Iterable[Change]) -> Iterator[Applied]:
    return (change.applied for change in changes)


def _present(result: Result) -> Sequence[Applied]:
    """Our policies as they are after the round."""
    settlement, done = result.settlement, _done(result)
    there = [*settlement.unchanged, *(each.applied for each in settlement.held if each.applied.ref in result.stored)]
    for change in settlement.changes:
        now = change.after if change.ref in done else change.before
        there += [now] if now is not None else []
    return there


def _remaining(result: Result) -> list[Policy]:
    """All policies of the cluster after the round."""
    done = _done(result)
    kept = [each.applied.policy for ref, each in result.stored.items() if ref not in done]
    return kept + [change.after.policy for change in done.values() if change.after is not None]


def _done(result: Result) -> dict[ObjectRef, Change]:
    return {each.change.ref: each.change for each in result.outcome.done}
