"""Small clusters with policies for the property tests: everything that the API server takes, in every spelling.

A cluster is what is written (Namespaces, Pods, NetworkPolicies) beside what the brute-force evaluator knows of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Any, NamedTuple

from hypothesis import strategies as st

from evaluator import Body, Endpoint, Pod

NAMESPACES = ("shop", "bank", "mail")
TEAMS = ("red", "blue")
APPS = ("web", "db")
TIERS = ("front", "back", "")
NUMBERS = (1, 79, 80, 81, 8080, 65535)
NAMES = ("http", "dns-udp")
PROTOCOLS = ("TCP", "UDP", "SCTP")
CIDRS = {
    "10.0.0.0/29": ("10.0.0.0/30", "10.0.0.4/31", "10.0.0.7/32"),
    "10.0.0.2/30": ("10.0.0.1/32", "10.0.0.3/31"),  # host bits, as old objects have them
    "10.0.0.1/32": (),
    "0.0.0.0/0": ("10.0.0.0/8", "128.0.0.0/1"),
    "2001:DB8::/126": ("2001:db8::2/127", "2001:db8::/128"),
    "2001:db8::1/128": (),
    "::/0": ("2001:db8::/32", "::/1"),
}
ADDRESSES = ("10.0.0.1", "10.0.0.2", "10.0.0.5", "10.9.9.9", "2001:db8::1", "2001:db8::2", "2001:db8:1::")


class Cluster(NamedTuple):
    """What is written of a cluster, and what the evaluator knows of its pods, by their places (namespace, name)."""

    bodies: list[Body]
    policies: list[Body]
    pods: Mapping[tuple[str, str], Endpoint]


def body(kind: str, place: tuple[str, str], **rest: Any) -> Body:
    """An object's body; the namespace is left out where it is empty."""
    api_version = {"NetworkPolicy": "networking.k8s.io/v1", "Deployment": "apps/v1"}.get(kind, "v1")
    namespace, name = place
    metadata = {"name": name, **({"namespace": namespace} if namespace else {}), **rest.pop("metadata", {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **rest}


@st.composite
def _fields(draw: st.DrawFn, **fields: st.SearchStrategy[Any]) -> Body:
    """A mapping in which each field is mostly there, and else missing or null."""
    how = {key: draw(st.sampled_from(("there",) * 8 + ("null", "missing"))) for key in fields}
    return {key: draw(fields[key]) if word == "there" else None for key, word in how.items() if word != "missing"}


def _mostly(usual: st.SearchStrategy[Any], *others: Any) -> st.SearchStrategy[Any]:
    """A value of the usual sort, and now and then one of the others."""
    return st.integers(0, 7).flatmap(lambda number: usual if number else st.sampled_from(others))


def _some(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """One or two values, and now and then none."""
    return st.sampled_from((1, 1, 1, 2, 2, 0)).flatmap(lambda size: st.lists(values, min_size=size, max_size=size))


def _requirement(values: Keys) -> st.SearchStrategy[Body]:
    def build(key: str) -> st.SearchStrategy[Body]:
        some = st.lists(st.sampled_from(values[key]), min_size=1, max_size=2, unique=True)
        named = st.fixed_dictionaries(
            {"key": st.just(key), "operator": st.sampled_from(("In", "NotIn")), "values": some}
        )
        bare = st.fixed_dictionaries(
            {"key": st.just(key), "operator": st.sampled_from(("Exists", "DoesNotExist"))},
            optional={"values": st.sampled_from((None, []))},
        )
        return named | bare

    return st.sampled_from(sorted(values)).flatmap(build)


def selectors(values: Keys) -> st.SearchStrategy[Body]:
    """Label selectors over some keys, empty ones among them."""
    pairs = st.sampled_from([{}, *({key: value} for key, some in values.items() for value in some)])
    one = _fields(matchLabels=pairs, matchExpressions=st.lists(_requirement(values), max_size=1))
    both = _fields(matchLabels=pairs, matchExpressions=st.lists(_requirement(values), max_size=2))
    return st.one_of(
        st.sampled_from(({}, {"matchLabels": None})), st.builds(lambda value: {"matchLabels": value}, pairs), one, both
    )


Keys = dict[str, Sequence[str]]
"""Label keys, with values that selectors name."""

POD_LABELS: Keys = {"app": APPS, "tier": TIERS}
REVISION = "pod-template-hash"
KEYS: Keys = {**POD_LABELS, REVISION: ("abc", "xyz")}
NAMESPACE_LABELS: Keys = {"team": TEAMS, "kubernetes.io/metadata.name": NAMESPACES}
_PLACES = st.sampled_from(("shop", "shop", "shop", "bank", "bank", "mail"))


@st.composite
def _blocks(draw: st.DrawFn) -> Body:
    cidr = draw(st.sampled_from(sorted(CIDRS)))
    excepted = _some(st.sampled_from(CIDRS[cidr])) if CIDRS[cidr] else st.just([])
    return {"cidr": cidr, **draw(_fields(**{"except": excepted}))}


def _peers(pods: st.SearchStrategy[Body]) -> st.SearchStrategy[Body]:
    spaces = selectors(NAMESPACE_LABELS)
    return st.one_of(
        st.fixed_dictionaries({"podSelector": pods}, optional={"ipBlock": st.none()}),
        st.fixed_dictionaries({"namespaceSelector": spaces}, optional={"podSelector": st.none()}),
        st.fixed_dictionaries({"podSelector": pods, "namespaceSelector": spaces}),
        st.fixed_dictionaries({"ipBlock": _blocks()}),
    )


@st.composite
def _port(draw: st.DrawFn) -> Body | None:
    entry: Body = draw(_fields(protocol=st.sampled_from(PROTOCOLS), port=st.sampled_from((*NUMBERS, *NAMES, *NAMES))))
    if isinstance(entry.get("port"), int) and draw(st.booleans()):
        entry["endPort"] = draw(st.sampled_from([None, *(number for number in NUMBERS if number >= entry["port"])]))
    return entry or draw(st.sampled_from((None, {})))


def _rules(key: str, peers: st.SearchStrategy[Body]) -> st.SearchStrategy[list[Body | None]]:
    rule = _fields(**{key: _some(peers), "ports": _some(_port())})
    return _some(_mostly(rule, None, {}))


_TYPES = st.sampled_from(([], ["Ingress"], ["Egress"], ["Ingress", "Egress"], ["Egress", "Egress"]))


def plain(keys: Keys) -> st.SearchStrategy[Body]:
    """Selectors of one requirement, or none."""
    one = _requirement(keys).map(lambda entry: {"matchExpressions": [entry]})
    return st.just({}) | one | st.sampled_from([{"matchLabels": {key: keys[key][0]}} for key in keys])


@st.composite
def plain_policies(draw: st.DrawFn) -> list[Body]:
    """One policy with one rule for one peer, whose selectors have one requirement each."""
    pods, spaces = plain(KEYS), plain(NAMESPACE_LABELS)
    peer = draw(
        st.fixed_dictionaries({"podSelector": pods})
        | st.fixed_dictionaries({"namespaceSelector": spaces})
        | st.fixed_dictionaries({"podSelector": pods, "namespaceSelector": spaces})
        | st.fixed_dictionaries({"ipBlock": st.just({"cidr": "10.0.0.0/29"})})
    )
    side, key = draw(st.sampled_from((("ingress", "from"), ("egress", "to"))))
    rule = {key: [peer], "ports": [{"port": 80, "endPort": 81}]}
    spec = {"podSelector": draw(pods), "policyTypes": [side.title()], side: [rule]}
    return [body("NetworkPolicy", (draw(_PLACES), "p0"), spec=spec)]


@st.composite
def policies(draw: st.DrawFn, *, keys: Keys = POD_LABELS, most: int = 5) -> list[Body]:
    """NetworkPolicies that the API server takes, in every spelling that it takes."""
    pods = selectors(keys)
    peers = _peers(pods)
    spec = _fields(
        podSelector=st.just({}) | pods,
        policyTypes=_TYPES,
        ingress=_rules("from", peers),
        egress=_rules("to", peers),
    )
    size = draw(st.integers(min(2, most), most))
    found = draw(st.lists(st.tuples(_PLACES, spec), min_size=size, max_size=size))
    return [body("NetworkPolicy", (place, f"p{number}"), spec=spec) for number, (place, spec) in enumerate(found)]


_PORTS = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(PROTOCOLS), st.sampled_from(NUMBERS)),
    max_size=3,
    unique_by=lambda port: port[:2],
)
_LABELS = st.fixed_dictionaries({}, optional={key: st.sampled_from(some) for key, some in POD_LABELS.items()})
_HOMES = st.fixed_dictionaries({}, optional={"team": st.sampled_from(TEAMS)})


def pod_body(place: tuple[str, str], pod: Pod, **spec: Any) -> Body:
    """A Pod as a live cluster has it; the first of its ports is a sidecar's."""
    ports = [{"name": name, "protocol": protocol, "containerPort": number} for name, protocol, number in pod.ports]
    sidecar = {"name": "proxy", "restartPolicy": "Always", "ports": ports[:1]}
    before = {"name": "before", "ports": [{"name": name, "containerPort": 7} for name in NAMES]}
    main = {"name": "main", "ports": [port if port["protocol"] != "TCP" else _bare(port) for port in ports[1:]]}
    return body(
        "Pod",
        place,
        metadata={"labels": dict(pod.labels)},
        spec={"initContainers": [before, sidecar], "containers": [main], **spec},
        status={"podIPs": [{"ip": address} for address in pod.addresses]},
    )


def _bare(port: Body) -> Body:
    return {key: value for key, value in port.items() if key != "protocol"}


@st.composite
def clusters(draw: st.DrawFn) -> Cluster:
    """Two to four pods in declared namespaces of which everything is known, and up to four policies."""
    homes = {name: draw(_HOMES) for name in NAMESPACES}
    places = draw(st.lists(_PLACES, min_size=3, max_size=4))
    pods = {}
    for number, namespace in enumerate(places):
        addresses = draw(st.lists(st.sampled_from(ADDRESSES), max_size=2, unique=True))
        labels, ports = draw(_LABELS), draw(_PORTS)
        pods[namespace, f"pod{number}"] = Pod(
            namespace, _pairs(labels), tuple(ports), tuple(addresses), _pairs(homes[namespace])
        )
    written = draw(policies())
    declared = [body("Namespace", ("", name), metadata={"labels": labels}) for name, labels in homes.items()]
    return Cluster([*declared, *(pod_body(*entry) for entry in pods.items()), *written], written, pods)


def _pairs(labels: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))


def numbers(policies: Iterable[Body], pods: Iterable[Pod]) -> list[int]:
    """Every port number that could make a difference: the ends of all that is named, and their neighbours."""
    ends = {number for pod in pods for _, _, number in pod.ports}
    for rule in rules(policies):
        for entry in rule.get("ports") or []:
            ends |= {each for each in ((entry or {}).get("port"), (entry or {}).get("endPort")) if type(each) is int}
    near = {number + step for number in ends for step in (-1, 0, 1)} | {1, 65535}
    return sorted(number for number in near if 1 <= number <= 65535)


def addresses(policies: Iterable[Body]) -> list[str]:
    """Every outside address that could make a difference: the ends of all blocks, and their neighbours."""
    cidrs = {"0.0.0.0/0", "::/0"}
    for rule in rules(policies):
        for peer in (*(rule.get("from") or []), *(rule.get("to") or [])):
            block = peer.get("ipBlock") or {}
            cidrs |= {*filter(None, [block.get("cidr")]), *(block.get("except") or [])}
    found = set()
    for network in (ip_network(cidr, strict=False) for cidr in cidrs):
        first, last = network[0], network[-1]
        found |= {first, last}
        found |= {first - 1} if int(first) else set()
        found |= {last + 1} if int(last) + 1 < 1 << network.max_prefixlen else set()
    return sorted(map(str, found))


def rules(policies: Iterable[Body]) -> Iterator[Body]:
    """All rules of some policies."""
    for policy in policies:
        for side in ("ingress", "egress"):
            yield from (rule or {} for rule in policy["spec"].get(side) or [])


class Unknown(NamedTuple):
    """Pods of which only some things are known; None where nothing is.

    ``open`` are labels whose values are not known. Without a namespace they are in any with the labels of ``home``.
    ``pods`` are those that are known, of which one is meant.
    """

    namespace: str | None
    labels: dict[str, str]
    open: tuple[str, ...]
    ports: tuple[tuple[str, str, int], ...] | None
    home: dict[str, str]
    pods: tuple[Pod, ...] = ()


class OpenCluster(NamedTuple):
    """A cluster of which not everything is known: what is written, what is asked for, and what that leaves open.

    ``homes`` are labels that the namespaces may have. ``unknown`` has what endpoints stand for by (kind, namespace,
    name), and queries by ("Pods", namespace, query), as far as it is known.
    """

    bodies: list[Body]
    policies: list[Body]
    homes: dict[str, dict[str, str]]
    queries: list[str]
    unknown: dict[tuple[str, str, str], Unknown]


ELSEWHERE = "elsewhere"
_QUERIES = (
    ("shop/*", "shop", {}, {}),
    ("mail/{app=web}", "mail", {"app": "web"}, {}),
    ("*/*", None, {}, {}),
    ("*/{app=db}", None, {"app": "db"}, {}),
    ("{team=red}/*", None, {}, {"team": "red"}),
    ("{team=blue}/{tier=back}", None, {"tier": "back"}, {"team": "blue"}),
)


@st.composite
def open_clusters(draw: st.DrawFn, written: st.SearchStrategy[list[Body]] | None = None) -> OpenCluster:
    """Templates, Services without pods and questions about any pods, some of them in namespaces nobody declared."""
    homes = {name: draw(_HOMES) for name in NAMESPACES}
    declared = draw(st.lists(st.sampled_from(NAMESPACES), max_size=3, unique=True))
    bodies = [body("Namespace", ("", name), metadata={"labels": homes[name]}) for name in declared]
    unknown: dict[tuple[str, str, str], Unknown] = {}
    for number, namespace in enumerate(draw(st.lists(_PLACES, min_size=1, max_size=2))):
        labels, ports = draw(_LABELS), tuple(draw(_PORTS))
        unknown["Deployment", namespace, f"web{number}"] = Unknown(namespace, labels, (REVISION,), ports, {})
        bodies.append(_deployment((namespace, f"web{number}"), labels, ports))
    for number, namespace in enumerate(draw(st.lists(_PLACES, max_size=2))):
        labels = {"service": f"s{number}", **draw(_LABELS)}
        unknown["Service", namespace, f"s{number}"] = Unknown(namespace, labels, tuple(KEYS), None, {})
        bodies.append(body("Service", (namespace, f"s{number}"), spec={"selector": labels, "ports": [{"port": 80}]}))
    for pods in draw(st.lists(_owned(), max_size=1)):
        for number, pod in enumerate(pods):
            alike = tuple(each for each in pods if _told_apart(each) == _told_apart(pod))
            kind, name = ("ReplicaSet", "r") if len(alike) == len(pods) else ("Pod", f"r{pods.index(alike[0])}")
            unknown[kind, pod.namespace, name] = Unknown(pod.namespace, {}, (), None, {}, alike)
            bodies.append(_with_owner(pod_body((pod.namespace, f"r{number}"), pod)))
    queries = draw(st.lists(st.sampled_from(_QUERIES), min_size=1, max_size=2, unique_by=str))
    for query, where, labels, home in queries:
        unknown["Pods", where or "", query] = Unknown(where, labels, tuple(KEYS), None, home)
    found = draw(policies(keys=KEYS, most=4) if written is None else written)
    return OpenCluster([*bodies, *found], found, homes, [query for query, *_ in queries], unknown)


@st.composite
def _owned(draw: st.DrawFn) -> list[Pod]:
    """The pods of one ReplicaSet; what tells them apart may be more than their addresses and their revision."""
    namespace, labels, ports = draw(_PLACES), draw(_LABELS), tuple(draw(_PORTS))
    pods = []
    for _ in range(draw(st.integers(1, 3))):
        revision = draw(st.sampled_from(({}, {REVISION: "abc"}, {REVISION: "xyz"})))
        addresses = tuple(draw(st.lists(st.sampled_from(ADDRESSES), max_size=2, unique=True)))
        pods.append(
            Pod(namespace, _pairs({**draw(_mostly(st.just(labels), {"tier": "back"})), **revision}), ports, addresses)
        )
    return pods


def _told_apart(pod: Pod) -> tuple[Any, ...]:
    """What of a pod is not as it is by chance."""
    return tuple(pair for pair in pod.labels if pair[0] != REVISION), pod.ports


def _with_owner(pod: Body) -> Body:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r", "controller": True}
    return {**pod, "metadata": {**pod["metadata"], "ownerReferences": [owner]}}


def _deployment(place: tuple[str, str], labels: dict[str, str], ports: Sequence[tuple[str, str, int]]) -> Body:
    pod = pod_body(place, Pod(place[0], _pairs(labels), tuple(ports)))
    return body("Deployment", place, spec={"template": {"metadata": {"labels": labels}, "spec": pod["spec"]}})


@st.composite
def completed(draw: st.DrawFn, cluster: OpenCluster, pods: Unknown, *, addressed: bool) -> Pod:
    """One of the pods that fit what is known."""
    if pods.pods:
        return draw(st.sampled_from(pods.pods))._replace(home=_pairs(cluster.homes[pods.namespace or ""]))
    namespace = pods.namespace or draw(st.sampled_from(_places(cluster, pods)))
    home = cluster.homes[namespace] if namespace in cluster.homes else {**draw(_HOMES), **pods.home}
    labels = dict(pods.labels)
    for key in pods.open:
        if key not in labels and (key == REVISION or draw(st.booleans())):
            labels[key] = draw(st.sampled_from((*KEYS[key], "other")))
    ports = draw(_PORTS) if pods.ports is None else pods.ports
    addresses = draw(st.lists(st.sampled_from(ADDRESSES), max_size=2, unique=True)) if addressed else ()
    return Pod(namespace, _pairs(labels), tuple(ports), tuple(addresses), _pairs(home))


def everything(cluster: OpenCluster, pods: Unknown) -> Iterator[Pod]:
    """All pods that fit what is known, by their labels and those of their namespaces; not those of a ReplicaSet."""
    declared = {each["metadata"]["name"] for each in cluster.bodies if each["kind"] == "Namespace"}
    free = [key for key in pods.open if key not in pods.labels]
    for namespace in [pods.namespace] if pods.namespace else [ELSEWHERE, *NAMESPACES]:
        teams = [cluster.homes[namespace].get("team")] if namespace in declared else ["other", None, *TEAMS]
        homes = [{"team": team} if team is not None else {} for team in teams]
        for home in [each for each in homes if pods.home.items() <= each.items()]:
            for values in itertools.product(*[(None, "other", *KEYS[key]) for key in free]):
                found = {key: value for key, value in zip(free, values, strict=True) if value is not None}
                yield Pod(namespace, _pairs({**pods.labels, **found}), pods.ports or (), (), _pairs(home))


def _places(cluster: OpenCluster, pods: Unknown) -> list[str]:
    return [ELSEWHERE, *(name for name, labels in cluster.homes.items() if pods.home.items() <= labels.items())]
