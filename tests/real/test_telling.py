"""Statuses and Events on a real API server: what is written is taken, shown, and not written twice."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from maxtac_render.engine.notices import Notice
from maxtac_render.engine.standing import Failure, Standing
from maxtac_render.frontends.maxtac import schema
from maxtac_render.live import kinds
from maxtac_render.live.access import Choice, load
from maxtac_render.live.client import Client
from maxtac_render.live.events import Events
from maxtac_render.live.faults import Refused
from maxtac_render.live.statuses import MANAGER, Statuses, _is_permanent
from maxtac_render.model.intent import API_VERSION, KINDS
from maxtac_render.model.objects import ObjectRef

from .conftest import Run
from .control_plane import ControlPlane
from .test_crds import install

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
WITHIN = 30.0
SPECS: dict[str, dict[str, Any]] = {
    kind.name: {"serviceSelector": {"matchLabels": {"a": "b"}}, "direction": "ingress"}
    | ({"targetCIDRs": ["192.0.2.0/24"]} if kind.external else {"targets": [{"serviceName": "a", "namespace": "b"}]})
    for kind in KINDS.values()
}
BY_NAME = {kind.kind: kind for kind in kinds.INTENTS}


@pytest.fixture(scope="module")
def plane(control_plane: ControlPlane) -> ControlPlane:
    """The API server with our CRDs."""
    install(control_plane, schema.crds(), lambda: True)
    return control_plane


@pytest.fixture
def client(plane: ControlPlane) -> Iterator[Client]:
    """A client of the administrator."""
    one = Client(load(Choice(kubeconfig=str(plane.kubeconfig))))
    yield one
    one.close()


@pytest.fixture
def statuses(client: Client) -> Iterator[Statuses]:
    """What writes statuses; always as the leader."""
    one = Statuses(client)
    one.load()
    yield one
    one.close()


def created(client: Client, kind: str, namespace: str) -> Standing:
    """A resource in the cluster, and how it stands: well, with a policy and a Service."""
    name = f"in-{secrets.token_hex(4)}"
    where = namespace if BY_NAME[kind].namespaced else ""
    body = {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {"name": name} | ({"namespace": where} if where else {}),
        "spec": SPECS[kind],
    }
    made = client.send("POST", BY_NAME[kind].path(where), body=body).json()
    metadata = made["metadata"]
    ref = ObjectRef(API_VERSION, kind, where, name)
    return Standing(ref, metadata["uid"], metadata["generation"], [("b", "web")], [("b", "p"), ("c", "p")])


def stored(client: Client, standing: Standing) -> dict[str, Any]:
    """The resource as the cluster has it."""
    ref = standing.ref
    return client.get(BY_NAME[ref.kind], ref.namespace, ref.name)


@pytest.mark.parametrize("kind", KINDS)
def test_a_status_is_taken_once(plane: ControlPlane, client: Client, statuses: Statuses, kind: str) -> None:
    """As it was meant; the generation stays, and whoever has nothing new to say writes nothing."""
    standing = created(client, kind, plane.new_namespace())
    statuses.load()
    ending = standing._replace(expires=NOW + timedelta(hours=1, milliseconds=300))
    assert statuses.write({standing.ref: ending}, NOW) == (1, [], None)
    there = stored(client, standing)
    assert there["status"]["netpols"] == [{"name": "p", "namespace": "b"}, {"name": "p", "namespace": "c"}]
    assert there["status"]["services"] == [{"name": "web", "namespace": "b"}]
    assert there["status"]["expirationTimestamp"] == "2026-11-25T13:00:00.3Z"
    assert {each["type"]: each["status"] for each in there["status"]["conditions"]}["Ready"] == "True"
    assert there["metadata"]["generation"] == standing.generation
    owners = {(each["manager"], each.get("subresource")) for each in there["metadata"]["managedFields"]}
    assert (MANAGER, "status") in owners
    later = NOW + timedelta(hours=2)
    assert statuses.write({standing.ref: ending}, later) == (0, [], None)
    again = Statuses(client)  # another replica, which has to ask what is said
    again.load()
    assert again.write({standing.ref: ending}, later) == (0, [], None)
    again.close()
    assert stored(client, standing)["metadata"]["resourceVersion"] == there["metadata"]["resourceVersion"]
    assert statuses.write({standing.ref: standing}, later).written == 1
    assert "expirationTimestamp" not in stored(client, standing)["status"]


def test_the_longest_status_is_taken(plane: ControlPlane, client: Client, statuses: Statuses) -> None:
    """With names as long as names can be, and many more of them than are listed."""
    standing = created(client, "ClusterAccess", plane.new_namespace())
    places = [("n" * 63, f"{'p' * 248}{number:05}") for number in range(20_000)]
    many = standing._replace(policies=places, services=places, failed=[Failure("create", ("a", "b"), "\n" * 5000)] * 9)
    assert statuses.write({standing.ref: many}, NOW).written == 1
    there = stored(client, standing)["status"]
    assert len(there["netpols"]) == len(there["services"]) == 1000


def test_what_the_maxtac_controller_said_makes_way(plane: ControlPlane, client: Client, statuses: Statuses) -> None:
    """Its lists, conditions and deadline are taken over or taken out; what a third one says stays."""
    standing = created(client, "Access", plane.new_namespace())
    path = BY_NAME["Access"].path(standing.ref.namespace, standing.ref.name, "status")
    said = [
        {"type": name, "status": "True", "reason": "x", "message": "x", "lastTransitionTime": "2026-01-01T00:00:00Z"}
        for name in ("NetpolsListNotReady", "Ready", "ExpireReady", "Reviewed")
    ]
    body = {
        "conditions": said,
        "netpols": [{"name": "x", "namespace": "x"}],
        "expirationTimestamp": "2026-01-01T00:00:00Z",
    }
    query = {"fieldManager": "manager"}
    client.send("PATCH", path, query, {"status": body}, "application/merge-patch+json")
    statuses.load()
    assert statuses.write({standing.ref: standing}, NOW).written == 1
    there = stored(client, standing)["status"]
    types = {each["type"]: each for each in there["conditions"]}
    assert {"NetpolsListNotReady", "ExpireReady"}.isdisjoint(types)
    assert types["Reviewed"]["reason"] == "x"
    assert types["Ready"]["reason"] == "AllConditionsReady"
    assert types["Ready"]["lastTransitionTime"] == "2026-01-01T00:00:00Z"
    assert "expirationTimestamp" not in there
    assert there["netpols"][0]["name"] == "p"
    statuses.load()
    assert statuses.write({standing.ref: standing}, NOW) == (0, [], None)


def test_a_resource_that_is_gone_is_nothing_to_tell_of(plane: ControlPlane, statuses: Statuses) -> None:
    """It does not come back by its status, and nothing is to be tried again."""
    for kind in KINDS.values():
        ref = ObjectRef(API_VERSION, kind.name, "" if kind.cluster else plane.new_namespace(), "gone")
        assert statuses.write({ref: Standing(ref)}, NOW) == (0, [], None)


CONDITION = {
    "type": "Ready",
    "status": "True",
    "reason": "x",
    "message": "x",
    "lastTransitionTime": "2026-01-01T00:00:00Z",
}


@pytest.mark.parametrize(
    "said",
    [
        {"unknown": 1},
        {"expirationTimestamp": 7},
        {"conditions": [CONDITION, CONDITION]},
        {"conditions": [{**CONDITION, "reason": ""}]},
        {"conditions": ["Ready"]},
        {"netpols": [{"name": "n" * 60, "namespace": f"{number}" * 50} for number in range(20_000)]},
    ],
    ids=["unknown field", "wrong type", "twice", "no reason", "no mapping", "too large"],
)
def test_what_is_wrong_with_a_status_is_known_to_last(
    plane: ControlPlane, client: Client, said: dict[str, Any]
) -> None:
    """The API server answers some of it as if the fault were its own."""
    ref = created(client, "Access", plane.new_namespace()).ref
    path = BY_NAME["Access"].path(ref.namespace, ref.name, "status")
    body = {"apiVersion": API_VERSION, "kind": "Access", "metadata": {"name": ref.name}, "status": said}
    query = {"fieldManager": MANAGER, "force": "true"}
    with pytest.raises(Refused) as caught:
        client.send("PATCH", path, query, body, "application/apply-patch+yaml")
    assert _is_permanent(caught.value.status), caught.value


def told(client: Client, namespace: str, until: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
    """The Events of a namespace, as soon as they are as they have to be."""
    deadline = time.monotonic() + WITHIN
    while True:
        events = client.list(kinds.EVENTS, lambda body: body, namespace).items
        if until(events):
            return events
        assert time.monotonic() < deadline, events
        time.sleep(0.1)


@pytest.mark.parametrize("kind", ["Access", "ClusterAccess"])
def test_kubectl_describe_shows_what_is_told(plane: ControlPlane, client: Client, kubectl: Run, kind: str) -> None:
    """Of a resource in a namespace, and of one in none; what is told again is counted."""
    namespace = plane.new_namespace()
    standing = created(client, kind, namespace)
    events = Events(client, "pod-1")
    notice = Notice(standing.ref, "Warning", "Invalid", "spec.direction: a\x1b[31m hostile\nword", standing.uid)
    events.record([notice, notice, notice, notice._replace(type="Normal", reason="Reconciled")])
    home = namespace if kind == "Access" else "default"
    told(
        client,
        home,
        lambda all_: {3, 1} <= {each["count"] for each in all_ if each["involvedObject"].get("uid") == standing.uid},
    )
    events.close()
    assert events.dropped == 0
    where = ["-n", namespace] if kind == "Access" else []
    shown = kubectl("describe", f"{BY_NAME[kind].plural}.maxtac.vtk.io", standing.ref.name, *where).stdout
    assert re.search(
        r"Warning +Invalid +\S+ \(x3 over \S+\) +maxtac-render +spec.direction: a\\x1b\[31m hostile\\nword", shown
    ), shown
    assert re.search(r"Normal +Reconciled +\S+ +maxtac-render ", shown), shown


def test_a_service_is_told_by_its_name(plane: ControlPlane, client: Client, kubectl: Run) -> None:
    """What identifies it is looked up; one that is gone is told of nothing."""
    namespace = plane.new_namespace()
    body = {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}
    client.send("POST", kinds.SERVICES.path(namespace), body=body)
    events = Events(client, "pod-1")
    ref = ObjectRef("v1", "Service", namespace, "web")
    events.record(
        [Notice(ref._replace(name="gone"), "Warning", "Invalid", "x"), Notice(ref, "Warning", "Invalid", "x" * 9999)]
    )
    (event,) = told(client, namespace, bool)
    events.close()
    assert events.dropped == 1
    assert len(event["message"]) == 1024
    assert "maxtac-render" in kubectl("describe", "service", "web", "-n", namespace).stdout
    assert json.dumps(event).count("pod-1") == 1
