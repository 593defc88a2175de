"""Pods that nobody has declared, where a change may be about them.

Input seldom has every pod of a cluster: policies may stand in a repository of their own, and let in pods of namespaces
that others keep. A change that only such pods could tell is none the less one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from maxtac_render.analysis.endpoints import Anyone, Stranger, stranger
from maxtac_render.analysis.universe import Addresses, Assumptions, Universe
from maxtac_render.model.changes import Change
from maxtac_render.model.cluster import Cluster
from maxtac_render.model.policy import Policy


def strangers(clusters: Sequence[Cluster], changes: Iterable[Change], assumptions: Assumptions) -> list[Stranger]:
    """The pods of policies that change and select nobody who is known on either side, and (the last) any pods."""
    universes = [Universe(each.workloads, each.namespaces, Addresses(()), assumptions) for each in clusters]
    asked = dict.fromkeys(
        Anyone(policy.namespace, (), policy.subject.match_labels)
        for policy in _policies(changes)
        if not any(universe.subject(policy).may for universe in universes)
    )
    return [*map(stranger, asked), stranger(Anyone("", (), ()))]


def _policies(changes: Iterable[Change]) -> Iterator[Policy]:
    for change in changes:
        yield from (applied.policy for applied in change[:2] if applied is not None)
