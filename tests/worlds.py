"""Small clusters for the property tests: Services, MaxTac resources, and every connection worth trying."""

from __future__ import annotations

import itertools

from hypothesis import strategies as st

from evaluator import Body, Connection, Endpoint, Pod
from maxtac_render.model.objects import ObjectRef, Origin, Resource

NAMESPACES = ("shop", "bank")
NAMES = ("web", "db", "mail")
NUMBERS = (80, 8080, 5432)
OUTSIDE = ("192.0.2.7", "198.51.100.1", "2001:db8::1")
CIDRS = ("192.0.2.0/24", "198.51.100.1/32", "2001:0db8::/32", "0.0.0.0/0")
LABELS = {"app": NAMES, "tier": ("front", "back")}


def resources(world: list[Body]) -> list[Resource]:
    """The bodies as if they had been read."""
    return [
        Resource(
            ObjectRef(
                body["apiVersion"], body["kind"], body["metadata"].get("namespace", ""), body["metadata"]["name"]
            ),
            body,
            Origin("world.yaml", number),
        )
        for number, body in enumerate(world)
    ]


def service(namespace: str, name: str, labels: dict[str, str], selector: dict[str, str], ports: list[Body]) -> Body:
    """A Service's body."""
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"selector": selector, "ports": ports}}


PORT = st.builds(
    lambda number, target, protocol: {"port": number, "targetPort": target, "protocol": protocol},
    st.sampled_from(NUMBERS),
    st.sampled_from((*NUMBERS, "http")),
    st.sampled_from(("TCP", "UDP")),
)


@st.composite
def services(draw: st.DrawFn) -> list[Body]:
    """A Service for some of the names in each namespace, all of whose pods have the label app."""
    places = draw(st.lists(st.sampled_from([*itertools.product(NAMESPACES, NAMES)]), min_size=1, unique=True))
    return [
        service(
            namespace,
            name,
            draw(st.sampled_from(({}, {"tier": "front"}, {"tier": "back"}, {"tier": "front", "expose": "yes"}))),
            {"app": name, **draw(st.sampled_from(({}, {"tier": "front"})))},
            draw(st.lists(PORT, min_size=1, max_size=2, unique_by=str)),
        )
        for namespace, name in places
    ]


SELECTOR = st.sampled_from(
    (
        {},
        {"matchLabels": {"tier": "front"}},
        {"matchExpressions": [{"key": "tier", "operator": "In", "values": ["front", "back"]}]},
        {"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["back"]}]},
        {"matchExpressions": [{"key": "expose", "operator": "Exists"}]},
        {"matchExpressions": [{"key": "expose", "operator": "DoesNotExist"}]},
    )
)
DIRECTION = st.sampled_from(("ingress", "egress", "all"))
TARGET = st.builds(
    lambda namespace, name: {"serviceName": name, "namespace": namespace},
    st.sampled_from(NAMESPACES),
    st.sampled_from(NAMES),
)


@st.composite
def resource(draw: st.DrawFn, kind: str, name: str) -> Body:
    """A MaxTac resource of a kind."""
    spec: Body = {"serviceSelector": draw(SELECTOR), "direction": draw(DIRECTION)}
    if kind.endswith("ExternalAccess"):
        spec["targetCIDRs"] = draw(st.lists(st.sampled_from(CIDRS), min_size=1, max_size=2, unique=True))
    else:
        spec["targets"] = draw(st.lists(TARGET, min_size=1, max_size=3, unique_by=str))
    metadata: Body = {"name": name}
    if kind == "ClusterAccess":
        spec["mirrored"] = draw(st.booleans())
    elif not kind.startswith("Cluster"):
        metadata["namespace"] = draw(st.sampled_from(NAMESPACES))
    return {"apiVersion": "maxtac.vtk.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


KINDS = ("Access", "ClusterAccess", "ExternalAccess", "ClusterExternalAccess")


@st.composite
def worlds(draw: st.DrawFn) -> list[Body]:
    """The bodies of one small cluster: Services, and one to three MaxTac resources."""
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3))
    return draw(services()) + [draw(resource(kind, f"r{number}")) for number, kind in enumerate(kinds)]


def connections() -> list[Connection]:
    """Every pair of pods and outside addresses, on every port that any rule can name and one that none does."""
    pods: list[Endpoint] = [
        Pod(namespace, (("app", name), ("tier", tier)), (("http", "TCP", 8080), ("http", "UDP", 80)))
        for namespace, name, tier in itertools.product(NAMESPACES, NAMES, LABELS["tier"])
    ]
    ends = [*pods, *OUTSIDE]
    return [
        (source, target, protocol, number)
        for source, target in itertools.permutations(ends, 2)
        if isinstance(source, Pod) or isinstance(target, Pod)
        for protocol in ("TCP", "UDP")
        for number in (*NUMBERS, 9)
    ]


CONNECTIONS = connections()


_PAIR = st.builds(
    lambda name, namespace, swapped: f"{namespace},{name}" if swapped else f" {name} , {namespace}",
    st.sampled_from(NAMES),
    st.sampled_from(NAMESPACES),
    st.sampled_from((False, False, True)),
)
_NOTED = {
    **{
        f"maxtac.vtk.io.{kind}/targets": st.lists(_PAIR, max_size=2).map(";".join)
        for kind in ("access", "clusteraccess")
    },
    **{
        f"maxtac.vtk.io.{kind}/targets": st.lists(st.sampled_from(CIDRS), max_size=2).map(
            lambda cidrs: ",".join(cidr.replace("/", "-") for cidr in cidrs)
        )
        for kind in ("externalaccess", "clusterexternalaccess")
    },
    **{f"maxtac.vtk.io.{kind.lower()}/direction": st.sampled_from(("ingress", "Egress", "ALL", "")) for kind in KINDS},
    "render.maxtac.vtk.io/ports": st.sampled_from(("80/TCP", "79-81/UDP, 8080", "5432-5432/tcp")),
}
_ENDS = {"maxtac.vtk.io/expires-at": st.sampled_from(("2026-12-31T23:59:59Z", "2027-01-01T00:00:01Z"))}


@st.composite
def annotated_worlds(draw: st.DrawFn) -> list[Body]:
    """Worlds in which Services override what is said of them, access ends, and some Services lack what they need."""
    world = draw(worlds())
    for body in world:
        noted = (
            _NOTED
            if body["kind"] == "Service"
            else {**_ENDS, "render.maxtac.vtk.io/ports": _NOTED["render.maxtac.vtk.io/ports"]}
        )
        keys = draw(st.lists(st.sampled_from(sorted(noted)), max_size=3, unique=True))
        body["metadata"]["annotations"] = {key: draw(noted[key]) for key in keys}
        if body["kind"] == "Service":
            lacks = draw(st.sampled_from((*[""] * 8, "selector", "ports")))
            body["spec"].pop(lacks, None)
    return world
