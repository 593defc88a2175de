"""Endpoints as people write them, ask for them and read them.

``Deployment/shop/web`` or ``shop/web`` is what bears that name, a Service being the pods behind it; an address or a
CIDR is what is outside, and ``outside`` all of that; ``shop/*``, ``*/{app=web}`` and ``{team=shop}/*`` are any pods of
such namespaces and labels, those that are known and those that nobody has declared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from maxtac_render.analysis.universe import OUTSIDE, Addresses, Assumptions, Endpoint, Outside, Universe, bits, blocks
from maxtac_render.model.addresses import EVERYWHERE, Cover, covers, parse_address
from maxtac_render.model.cluster import ANY_LABEL, Cluster, Namespace, Workload, undeclared
from maxtac_render.model.diagnostics import nearest
from maxtac_render.model.names import is_label_key, is_label_name, is_label_value, is_object_name
from maxtac_render.model.objects import ObjectRef, Origin
from maxtac_render.model.ownership import slashed
from maxtac_render.model.policy import NAMESPACE_NAME, Policy
from maxtac_render.model.ports import Port, parse_asked
from maxtac_render.model.selectors import Labels, Selector

KINDS = {
    "cronjob": "CronJob",
    "cj": "CronJob",
    "daemonset": "DaemonSet",
    "ds": "DaemonSet",
    "deploy": "Deployment",
    "deployment": "Deployment",
    "job": "Job",
    "po": "Pod",
    "pod": "Pod",
    "rc": "ReplicationController",
    "replicaset": "ReplicaSet",
    "replicationcontroller": "ReplicationController",
    "rs": "ReplicaSet",
    "service": "Service",
    "statefulset": "StatefulSet",
    "sts": "StatefulSet",
    "svc": "Service",
}
"""The kinds of endpoints by the words that kubectl takes for them; a plural is one with ``s``."""

ANY = "*"
ANY_POD = "Pods"
"""The kind of an endpoint that stands for pods which nobody has declared."""

_PAIRS = re.compile(r"\{([^{}]*)\}")


class Unfit(ValueError):
    """A text that names no endpoint; the message says why, and what would."""


class Named(NamedTuple):
    """What bears a name; any kind where ``kind`` is empty."""

    kind: str
    namespace: str
    name: str


class Anyone(NamedTuple):
    """Any pods with some labels, in the namespace of a name or (without one) in those with some labels."""

    namespace: str
    namespace_labels: Labels
    labels: Labels


Query = Named | Anyone | Outside


def parse(text: str, namespace: str = "") -> Query:
    """Read an endpoint; one without a namespace is in the one given. Raises Unfit."""
    if text == OUTSIDE:
        return Outside(EVERYWHERE)
    address = parse_address(text)
    if address is not None:
        return Outside((address,))
    *before, last = _split(text)
    where = before[-1] if before else namespace
    if not where:
        raise Unfit(f"{text} names no namespace; write NAMESPACE/NAME, an address or a CIDR")
    if len(before) > 1 or last == ANY or last.startswith("{") or where == ANY or where.startswith("{"):
        return _with_kind(text, before, last) if len(before) > 1 else _anyone(text, where, last)
    if not is_label_name(where) or not is_object_name(last):
        raise Unfit(f"{text} is no endpoint; write [KIND/]NAMESPACE/NAME, NAMESPACE/*, an address or a CIDR")
    return Named("", where, last)


def _split(text: str) -> list[str]:
    """The parts between slashes that do not stand within braces: label keys have slashes too."""
    return re.split(r"/(?![^{]*\})", text)


def _with_kind(text: str, before: Sequence[str], name: str) -> Named:
    word = before[0].lower()
    kind = KINDS.get(word) or KINDS.get(word.removesuffix("s"))
    if len(before) != 2 or kind is None or not is_label_name(before[1]) or not is_object_name(name):
        near = nearest(word, KINDS)
        hint = f"; did you mean {near}/{'/'.join((*before[1:], name))}?" if near and kind is None else ""
        raise Unfit(f"{text} is no endpoint{hint or '; write KIND/NAMESPACE/NAME, such as deploy/shop/web'}")
    return Named(kind, before[1], name)


def _anyone(text: str, where: str, which: str) -> Anyone:
    labels = () if which == ANY else _pairs(text, which)
    if where == ANY or where.startswith("{"):
        return Anyone("", () if where == ANY else _pairs(text, where), labels)
    if not is_label_name(where):
        raise Unfit(f"{text}: {where} is no name of a namespace")
    return Anyone(where, (), labels)


def _pairs(text: str, braced: str) -> Labels:
    match = _PAIRS.fullmatch(braced)
    pairs = [part.strip().partition("=") for part in match[1].split(",") if part.strip()] if match else []
    if not pairs or not all(equals and is_label_key(key) and is_label_value(value) for key, equals, value in pairs):
        raise Unfit(f"{text}: {braced} is neither * nor labels such as {{app=web,tier=front}}")
    return tuple(sorted((key, value) for key, _, value in pairs))


def port(text: str) -> Port:
    """Read one port, ``8080``, ``53/UDP`` or ``http``: TCP unless it says otherwise. Raises Unfit."""
    read = parse_asked(text)
    if read is None or read.end_port is not None:
        example = "a number from 1 to 65535 or a container port's name, such as 8080, 53/UDP or http"
        raise Unfit(f"{text} is no port; write {example}")
    return read


class Stranger(NamedTuple):
    """Pods that nobody has declared, in a namespace that the input does not name or (None) in that of their name."""

    pods: Workload
    home: Namespace | None = None


class Stage(NamedTuple):
    """The endpoints of a cluster and those that were asked for, as one universe.

    ``asked`` are the endpoints that each query means, as masks.
    """

    universe: Universe
    asked: tuple[int, ...]


def stage(
    cluster: Cluster,
    queries: Sequence[Query],
    assumptions: Assumptions,
    policies: Iterable[Policy] | None = None,
    besides: Sequence[Stranger] = (),
) -> Stage:
    """Set up the endpoints of a cluster, with strangers for queries about any pods.

    ``policies`` are those whose blocks tell addresses apart, by default the cluster's. ``besides`` are further
    strangers, the last of the workloads. Raises Unfit for a query that names nothing.
    """
    workloads: list[Workload | None] = list(cluster.workloads)
    homes: dict[int, Namespace] = {}
    for pods, home in (*(stranger(query) for query in queries if isinstance(query, Anyone)), *besides):
        if home is not None:
            homes[len(workloads)] = home
        workloads.append(pods)
    ranges = [each for query in queries if isinstance(query, Outside) for each in query.ranges]
    applied = [each.policy for each in cluster.policies] if policies is None else policies
    addresses = Addresses([*blocks(applied), *(each for each in ranges if each not in EVERYWHERE)])
    universe = Universe(workloads, cluster.namespaces, addresses, assumptions, homes)
    added = iter(range(len(cluster.workloads), len(workloads)))
    asked = []
    for query in queries:
        mask = select(query, cluster, universe)
        asked.append(mask | 1 << next(added) if isinstance(query, Anyone) else mask)
    return Stage(universe, tuple(asked))


def stranger(query: Anyone) -> Stranger:
    """Pods of which no more is known than a query says."""
    ref = ObjectRef("", ANY_POD, query.namespace, written(query))
    pods = Workload(ref, dict(query.labels), ANY_LABEL, None, Origin(""))
    if query.namespace:
        return Stranger(pods)
    return Stranger(pods, Namespace("", dict(query.namespace_labels), open=True, origin=Origin("")))


def select(query: Query, cluster: Cluster, universe: Universe) -> int:
    """The known endpoints that a query means. Raises Unfit for a name that nothing bears."""
    match query:
        case Named():
            return bearing(query, cluster)
        case Anyone():
            return _matching(query, cluster)
        case Outside():
            return _outside(query, universe)


def _outside(query: Outside, universe: Universe) -> int:
    """The classes of addresses within ranges."""
    mask = 0
    for number, each in enumerate(universe.addresses.classes):
        if any(part == whole or part.within(whole) for part in each.ranges for whole in query.ranges):
            mask |= 1 << (number + len(universe.workloads))
    return mask


def bearing(query: Named, cluster: Cluster) -> int:
    """The endpoints that a name means. Raises Unfit for one that nothing bears."""
    mask = 0
    for number, workload in enumerate(cluster.workloads):
        ref = workload.ref
        if (ref.namespace, ref.name) == query[1:] and query.kind in ("", ref.kind):
            mask |= 1 << number
    if not mask and query.kind in ("", "Service"):
        mask = _behind(query, cluster)
    if not mask:
        raise Unfit(_missing(query, cluster))
    return mask


def _missing(query: Named, cluster: Cluster) -> str:
    """What is wrong with a name that means nobody."""
    known = [slashed(each.ref) for each in cluster.workloads] + [slashed(each.ref) for each in cluster.services]
    text = written(query)
    if f"Service/{query.namespace}/{query.name}" in known and query.kind in ("", "Service"):
        return f"nobody knows the pods behind Service {query.namespace}/{query.name}"
    near = nearest(text, known if query.kind else [name.partition("/")[2] for name in known])
    return f"no {text} in the input" + (f"; did you mean {near}?" if near else "")


def _behind(query: Named, cluster: Cluster) -> int:
    """The pods behind a Service."""
    mask = 0
    for service in cluster.services:
        if (service.ref.namespace, service.ref.name) == query[1:] and service.selector is not None:
            selector = Selector(service.selector)
            for number, workload in enumerate(cluster.workloads):
                if workload.ref.namespace == query.namespace and selector.matches(workload.labels):
                    mask |= 1 << number
    return mask


def _matching(query: Anyone, cluster: Cluster) -> int:
    mask = 0
    namespaces, pods = Selector(query.namespace_labels), Selector(query.labels)
    for number, workload in enumerate(cluster.workloads):
        name = workload.ref.namespace
        home = cluster.namespaces.get(name) or undeclared(name)
        near = name == query.namespace if query.namespace else namespaces.matches(home.labels)
        if near and pods.matches(workload.labels):
            mask |= 1 << number
    return mask


def written(query: Query) -> str:
    """A query as it can be written."""
    match query:
        case Named():
            return "/".join(filter(None, query))
        case Anyone(namespace, namespace_labels, labels):
            return f"{namespace or _braced(namespace_labels)}/{_braced(labels)}"
        case Outside():
            return str(query)


def _braced(labels: Labels) -> str:
    return "{" + ",".join(f"{key}={value}" for key, value in labels) + "}" if labels else ANY


class Group(NamedTuple):
    """Workloads that stand together, under a name for people."""

    members: tuple[Workload, ...]
    label: str


def name(endpoint: Endpoint | Group) -> str:
    """An endpoint as it is shown: ``Deployment/shop/web``, ``shop/*``, ``10.0.0.0/8``."""
    match endpoint:
        case Outside():
            return str(endpoint)
        case Group():
            return endpoint.label
        case Workload():
            return endpoint.ref.name if endpoint.ref.kind == ANY_POD else slashed(endpoint.ref)


def described(endpoint: Endpoint | Group) -> dict[str, Any]:
    """An endpoint for programs."""
    match endpoint:
        case Group(members):
            return {"group": [described(member) for member in members]}
        case Outside(ranges):
            return {"ipBlocks": [_block(cover) for cover in covers(ranges)]}
        case Workload(ref) if ref.kind == ANY_POD:
            return {"pods": ref.name}
        case Workload(ref):
            known = {"kind": ref.kind, "namespace": ref.namespace, "name": ref.name}
            return {**known, "symbolic": True} if endpoint.symbolic else known


def _block(cover: Cover) -> dict[str, Any]:
    block: dict[str, Any] = {"cidr": cover.whole.cidr}
    return {**block, "except": [each.cidr for each in cover.excepted]} if cover.excepted else block


def names(universe: Universe, mask: int) -> list[str]:
    """The endpoints of a mask as they are shown."""
    return [name(universe.endpoint(number)) for number in bits(mask)]


def namespace_labels(namespaces: Mapping[str, Namespace], name: str) -> Mapping[str, str]:
    """The labels of a namespace as far as they are known."""
    return namespaces[name].labels if name in namespaces else {NAMESPACE_NAME: name}
