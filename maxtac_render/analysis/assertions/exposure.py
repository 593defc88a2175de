"""Everyone but some: pods that nobody has declared, and that policies would yet let in or out.

Each stands for all pods of its labels and its namespace. There is one for every way in which a rule can mean a pod,
alone and with the labels by which policies of its own namespace would open it: if any pod that is not excepted can
pass, one of these can.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from maxtac_render.analysis.endpoints import ANY_POD, Anyone, Named, Query, Stranger, written
from maxtac_render.analysis.universe import Universe, bits
from maxtac_render.model.cluster import Cluster, Namespace, Workload
from maxtac_render.model.intent import Direction
from maxtac_render.model.objects import ObjectRef, Origin
from maxtac_render.model.policy import NAMESPACE_NAME, PodPeer
from maxtac_render.model.selectors import Labels, Selector

SOME = "*"
"""The value of a label, or the name of a namespace, that is none of those that anything names."""

MOST = 256
"""Up to how many sets of labels are looked at one by one, for one selector or one namespace."""


class Way(NamedTuple):
    """The fewest labels with which something is selected; with ``open`` None there may be any others."""

    labels: Labels = ()
    open: frozenset[str] | None = frozenset()

    @property
    def vague(self) -> Way:
        """The same, where it may have any other labels."""
        return Way(tuple(pair for pair in self.labels if pair[1] != SOME), None)


def strangers(cluster: Cluster, direction: Direction) -> list[Stranger]:
    """Pods that nobody has declared, for what comes in (INGRESS) or goes out."""
    wanted: dict[Anyone, set[Way]] = {Anyone("", (), ()): {Way()}}
    for peer in _peers(cluster, direction):
        for home in _homes(peer.namespaces):
            wanted.setdefault(home, set()).update(ways(peer.pods))
    return [
        _stranger(home, way)
        for home, found in sorted(wanted.items())
        for way in sorted(_opened(found, _openings(cluster, home.namespace, direction.flipped)), key=str)
    ]


def _peers(cluster: Cluster, direction: Direction) -> set[PodPeer]:
    rules = (rule for applied in cluster.policies for rule in applied.policy.rules if rule.direction is direction)
    return {peer for rule in rules for peer in rule.peers if isinstance(peer, PodPeer)}


def _homes(namespaces: Selector) -> Iterator[Anyone]:
    """The namespaces that a selector means: by name, or one that the input does not name, of which most is open."""
    for way in ways(namespaces):
        pairs = dict(way.labels)
        name = pairs.pop(NAMESPACE_NAME, "")
        yield Anyone(name, (), ()) if name else Anyone("", tuple(sorted(pairs.items())), ())


def ways(selector: Selector) -> list[Way]:
    """The fewest labels with which something is selected, one set for each value that would do."""
    found = [dict(selector.match_labels)]
    for key, operator, values in selector.match_expressions:
        if operator == "In":
            found = [{**labels, key: value} for labels in found for value in values if labels.get(key, value) == value]
            if len(found) > MOST:
                return [Way(selector.match_labels, None)]
    for requirement in selector.match_expressions:
        if requirement.operator == "Exists":
            found = [{requirement.key: SOME, **labels} for labels in found]
    sound = (labels for labels in found if selector.matches(labels))
    return [Way(tuple(sorted(labels.items()))) for labels in sound]


def _openings(cluster: Cluster, namespace: str, side: Direction) -> list[Way]:
    """The labels by which the policies of a namespace select pods, to isolate a side of them and to open it.

    Where one selects those that lack a label, it may be any other label that opens.
    """
    subjects = {
        applied.policy.subject
        for applied in cluster.policies
        if applied.policy.namespace == namespace and applied.policy.isolates & side is side
    }
    found = [way for subject in subjects for way in ways(subject)]
    if any(each.operator in ("NotIn", "DoesNotExist") for subject in subjects for each in subject.match_expressions):
        return [way.vague for way in (Way(), *found)]
    return found


def _opened(found: Collection[Way], openings: Sequence[Way]) -> set[Way]:
    """Ways to be meant by a rule, alone and with each of the labels that may open the other side."""
    if len(found) * len(openings) > MOST * MOST:
        return {way.vague for way in found}
    return {*found, *(_both(way, more) for way in found for more in openings)}


def _both(way: Way, more: Way) -> Way:
    labels = dict(more.labels)
    labels.update((key, value) for key, value in way.labels if value != SOME or key not in labels)
    unknown = None if way.open is None or more.open is None else way.open | more.open
    return Way(tuple(sorted(labels.items())), unknown)


def _stranger(home: Anyone, way: Way) -> Stranger:
    ref = ObjectRef("", ANY_POD, home.namespace, written(home._replace(labels=way.labels)))
    pods = Workload(ref, dict(way.labels), way.open, None, Origin(""))
    if home.namespace:
        return Stranger(pods)
    names = {**dict(home.namespace_labels), NAMESPACE_NAME: SOME}
    return Stranger(pods, Namespace("", names, open=False, origin=Origin("")))


def covers(query: Query, mask: int, universe: Universe, number: int) -> bool:
    """Tell whether an exception, which means the endpoints of a mask, is one for a stranger too.

    That of labels or of a namespace is one for all pods there. Policies know pods by labels: that of a workload is one
    for whoever in its namespace is let in by labels that this workload has.
    """
    labels, home = universe.pod(number).labels.items(), universe.home(number)
    match query:
        case Anyone(namespace, namespace_labels, wanted):
            near = home.name == namespace if namespace else dict(namespace_labels).items() <= home.labels.items()
            return near and dict(wanted).items() <= labels
        case Named(_, namespace, _):
            alike = any(labels <= universe.pod(other).labels.items() for other in bits(mask))
            return home.name == namespace and bool(labels) and alike
        case _:
            return False
