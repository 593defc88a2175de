"""The pass that gives targets the names that their Services have now: a build may have renamed them since.

kustomize renames Services and moves them to other namespaces, and leaves the targets that name them as they are. What
it called each Service before is kept with the Service.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from maxtac_render.model.intent import Intent, ServiceTarget, Target, Wanted
from maxtac_render.model.objects import Resource, Service
from maxtac_render.model.snapshot import Snapshot


def rename(intents: Iterable[Intent], snapshot: Snapshot) -> Iterator[Intent]:
    """The intents, with the present names of those targets that no Service is called now and one was called before."""
    before = _Before(snapshot)
    return (before.renamed(intent) for intent in intents) if before.known else iter(intents)


class _Renamed(NamedTuple):
    """Targets as they were stated, each of them under its present name, and these, each once."""

    stated: tuple[Wanted, ...]
    present: dict[Target, Wanted]
    targets: tuple[Wanted, ...]


class _Before:
    """What the Services of a snapshot were called before."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.known: dict[tuple[str, str], list[Service]] = {}
        self._snapshot = snapshot
        self._done: dict[int, _Renamed] = {}
        for service in snapshot.services:
            for place in service.history.places:
                self.known.setdefault(place, []).append(service)

    def renamed(self, intent: Intent) -> Intent:
        """An intent with the present names of its targets; intents that share them still do."""
        done = self._done.get(id(intent.targets))
        if done is None:
            present = {wanted.target: self._present(wanted) for wanted in intent.targets}
            targets = tuple({wanted.target: wanted for wanted in present.values()}.values())
            done = self._done[id(intent.targets)] = _Renamed(intent.targets, present, targets)
        closed = frozenset(done.present[target].target for target in intent.closed)
        return intent._replace(targets=done.targets, closed=closed)

    def _present(self, wanted: Wanted) -> Wanted:
        """A target under its present name. Of several Services those count that were renamed as its author was."""
        target, about = wanted.target, wanted.about
        if not isinstance(target, ServiceTarget) or self._snapshot.service(*target) is not None:
            return wanted
        services = self.known.get(target, [])
        if len(services) > 1 and isinstance(about, Resource | Service):
            services = [service for service in services if service.history.affixes == about.history.affixes]
        if len(services) > 1 and about.ref is not None:
            services = [service for service in services if service.ref.namespace == about.ref.namespace]
        if len(services) != 1:
            return wanted
        return wanted._replace(target=ServiceTarget(services[0].ref.namespace, services[0].ref.name))
