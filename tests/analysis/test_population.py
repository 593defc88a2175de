"""Who is there: pods under what made them, and Services that nobody has pods for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters import body
from evaluator import Body
from maxtac_render.assembly import assemble
from maxtac_render.model.cluster import Cluster, Workload
from maxtac_render.model.diagnostics import Report
from maxtac_render.model.options import Options
from maxtac_render.model.portsets import PROTOCOLS
from worlds import resources

HASH = "pod-template-hash"


def assembled(bodies: list[Body]) -> Cluster:
    """What is known of a cluster in which there is nothing to find."""
    report = Report()
    cluster = assemble(resources(bodies), Options(), report).cluster
    assert not report.sorted()
    return cluster


def owned(thing: Body, kind: str, name: str) -> Body:
    """An object that a controller made."""
    owner = {"apiVersion": "apps/v1", "kind": kind, "name": name, "controller": True}
    return {**thing, "metadata": {**thing["metadata"], "ownerReferences": [owner]}}


def pod(name: str, labels: dict[str, str] | None = None, **status: Any) -> Body:
    """A Pod in the namespace shop."""
    return body("Pod", ("shop", name), metadata={"labels": labels or {"app": "web"}}, spec={}, status=status)


def template(kind: str, name: str, labels: dict[str, str] | None = None) -> Body:
    """A controller in the namespace shop."""
    inner = {"metadata": {"labels": labels or {"app": "web"}}, "spec": {"containers": []}}
    spec = {"jobTemplate": {"spec": {"template": inner}}} if kind == "CronJob" else {"template": inner}
    versions = {"Job": "batch/v1", "CronJob": "batch/v1", "ReplicationController": "v1"}
    return {**body(kind, ("shop", name), spec=spec), "apiVersion": versions.get(kind, "apps/v1")}


def names(bodies: list[Body]) -> list[str]:
    """The endpoints of a cluster."""
    return [f"{each.ref.kind}/{each.ref.name}" for each in assembled(bodies).workloads]


def only(bodies: list[Body]) -> Workload:
    """The one endpoint of a cluster."""
    (found,) = assembled(bodies).workloads
    return found


DEPLOYMENT, REPLICAS = template("Deployment", "web"), owned(template("ReplicaSet", "web-1"), "Deployment", "web")


@pytest.mark.parametrize(
    ("bodies", "expected"),
    [
        ([], []),
        ([pod("a")], ["Pod/a"]),
        ([DEPLOYMENT], ["Deployment/web"]),
        ([DEPLOYMENT, REPLICAS], ["Deployment/web"]),
        ([REPLICAS], ["ReplicaSet/web-1"]),
        ([DEPLOYMENT, REPLICAS, owned(pod("a"), "ReplicaSet", "web-1")], ["Deployment/web"]),
        ([REPLICAS, owned(pod("a"), "ReplicaSet", "web-1")], ["Deployment/web"]),
        ([owned(pod("a"), "ReplicaSet", "web-1")], ["ReplicaSet/web-1"]),
        ([DEPLOYMENT, owned(pod("a"), "ReplicaSet", "web-1")], ["Deployment/web", "ReplicaSet/web-1"]),
        ([DEPLOYMENT, pod("a")], ["Deployment/web", "Pod/a"]),
        ([owned(pod("a"), "Node", "n1"), owned(pod("b"), "Node", "n1")], ["Pod/a", "Pod/b"]),
        ([owned(pod("a"), "Node", "n1")], ["Pod/a"]),
        ([owned(pod("a"), "Rollout", "web"), owned(pod("b"), "Rollout", "web")], ["Rollout/web"]),
        ([owned(pod("a", {"x": "1"}), "Job", "j"), owned(pod("b", {"x": "2"}), "Job", "j")], ["Pod/a", "Pod/b"]),
        ([owned(pod("a", phase="Succeeded"), "Job", "j"), pod("b", phase="Failed")], []),
        ([owned(REPLICAS, "ReplicaSet", "web-1")], ["ReplicaSet/web-1"]),
    ],
)
def test_pods_stand_under_the_topmost_controller(bodies: list[Body], expected: list[str]) -> None:
    """Its name is theirs while they are alike, whether it is known itself or not."""
    assert names(bodies) == expected


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("Deployment", {HASH}),
        ("ReplicaSet", set()),
        ("ReplicationController", set()),
        ("StatefulSet", {"statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"}),
        ("DaemonSet", {"controller-revision-hash"}),
        ("Job", {"controller-uid", "batch.kubernetes.io/controller-uid"}),
        ("CronJob", {"job-name", "batch.kubernetes.io/job-name"}),
    ],
)
def test_labels_that_controllers_add_are_not_known(kind: str, keys: set[str]) -> None:
    """A template says what its author wrote; a Job's own name is known."""
    found = only([template(kind, "web")])
    assert found.open is not None
    assert found.open >= keys
    assert found.labels.items() >= {"app": "web"}.items()
    if kind == "Job":
        assert found.labels["job-name"] == found.labels["batch.kubernetes.io/job-name"] == "web"


def test_pods_of_two_revisions_are_one_endpoint_with_a_label_that_differs() -> None:
    """What some lack is not known either, whichever pod comes first."""
    labels = [{"app": "web", HASH: "1"}, {"app": "web", HASH: "2", "controller-revision-hash": "x"}, {"app": "web"}]
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
        pods = [owned(pod(f"p{place}", labels[number]), "Rollout", "web") for place, number in enumerate(order)]
        found = only(pods)
        assert found.labels == {"app": "web"}
        assert found.open == {HASH, "controller-revision-hash"}
        assert found.several


def test_every_pod_of_a_group_keeps_its_addresses() -> None:
    """Whoever asks for a block needs to know which pods are in it."""
    pods = [
        owned(pod("a", podIP="10.0.0.1", podIPs=[{"ip": "10.0.0.1"}, {"ip": "2001:db8::1"}]), "Rollout", "web"),
        owned(pod("b", podIP="10.0.0.2"), "Rollout", "web"),
        owned(pod("c"), "Rollout", "web"),
    ]
    shown = [[str(address) for address in addresses] for addresses in only(pods).addresses]
    assert shown == [[], ["10.0.0.1", "2001:db8::1"], ["10.0.0.2"]]


def service(name: str, selector: dict[str, str] | None) -> Body:
    """A Service in the namespace shop."""
    return body("Service", ("shop", name), spec={"selector": selector, "ports": [{"port": 80}]})


@pytest.mark.parametrize(
    ("bodies", "expected"),
    [
        ([service("web", {"app": "web"})], ["Service/web"]),
        ([service("web", None)], []),
        ([service("web", {"app": "web"}), pod("a")], ["Pod/a"]),
        ([service("web", {"app": "web"}), pod("a", {"app": "db"})], ["Pod/a", "Service/web"]),
        ([service("web", {"app": "web", HASH: "1"}), DEPLOYMENT], ["Deployment/web"]),
        ([service("web", {"app": "db", HASH: "1"}), DEPLOYMENT], ["Deployment/web", "Service/web"]),
        ([service("web", {"app": "web", "tier": "x"}), DEPLOYMENT], ["Deployment/web", "Service/web"]),
    ],
)
def test_a_service_without_pods_stands_for_some(bodies: list[Body], expected: list[str]) -> None:
    """Only where no known pod is behind it, or may be."""
    assert names(bodies) == expected


def test_of_the_pods_behind_a_service_only_the_labels_that_it_selects_are_known() -> None:
    """Anything else may turn out to be: other labels, the names of ports."""
    found = only([service("web", {"app": "web"})])
    assert found.symbolic
    assert (found.labels, found.open, found.ports, found.several) == ({"app": "web"}, None, None, True)


PORTS = st.lists(
    st.fixed_dictionaries(
        {"containerPort": st.sampled_from((80, 81, 0, 65536, "80", None))},
        optional={"name": st.sampled_from(("http", "", None, 7)), "protocol": st.sampled_from((*PROTOCOLS, "x", None))},
    ),
    max_size=4,
)


@given(PORTS, PORTS, PORTS)
def test_named_ports_are_those_of_containers_that_stay(
    main: list[Body], sidecar: list[Body], before: list[Body]
) -> None:
    """Containers and sidecars, the first of one name and protocol; what is no port counts as absent."""
    containers = {"containers": [{"ports": main}], "initContainers": [{"ports": sidecar, "restartPolicy": "Always"}]}
    containers["initContainers"].append({"ports": before})
    found = only([{**pod("a"), "spec": containers}])
    expected: dict[tuple[str, str], int] = {}
    for port in (*main, *sidecar):
        protocol, name, number = port.get("protocol") or "TCP", port.get("name"), port["containerPort"]
        if protocol in PROTOCOLS and number in (80, 81) and name == "http":
            expected.setdefault((protocol, name), number)
    assert found.ports == expected
