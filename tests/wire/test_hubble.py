"""Flows as Hubble prints them: what is read of them, and that nothing else breaks the reader."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from maxtac_render.model.flows import Aside, Flow, Party
from maxtac_render.wire.hubble import NoFlow, decode

POD = {
    "ID": 423,
    "identity": 24753,
    "cluster_name": "default",
    "namespace": "shop",
    "labels": [
        "k8s:app=web",
        "k8s:app.kubernetes.io/name=web",
        "k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=shop",
        "k8s:io.cilium.k8s.namespace.labels.team=front",
        "k8s:io.cilium.k8s.policy.cluster=default",
        "k8s:io.cilium.k8s.policy.serviceaccount=default",
        "k8s:io.kubernetes.pod.namespace=shop",
    ],
    "pod_name": "web-9b649846d-bxqfc",
    "workloads": [{"name": "web", "kind": "Deployment"}],
}
READ = Party(
    "shop",
    "web-9b649846d-bxqfc",
    (("app", "web"), ("app.kubernetes.io/name", "web")),
    (("kubernetes.io/metadata.name", "shop"), ("team", "front")),
    (("Deployment", "web"),),
)
WORLD = {"identity": 16777259, "labels": ["cidr:192.0.2.7/32", "fqdn:api.example.com", "reserved:world-ipv4"]}
FLOW = {
    "time": "2027-01-01T10:41:02.202450754Z",
    "uuid": "cd75b2ac-8dd3-486b-beca-3d17d9d56cff",
    "verdict": "FORWARDED",
    "ethernet": {"source": "62:6b:d0:a4:c5:63", "destination": "6e:d0:ea:78:fc:0a"},
    "IP": {"source": "10.0.1.235", "destination": "192.0.2.7", "ipVersion": "IPv4"},
    "l4": {"TCP": {"source_port": 60524, "destination_port": 443, "flags": {"SYN": True}}},
    "source": POD,
    "destination": WORLD,
    "Type": "L3_L4",
    "node_name": "worker-1",
    "destination_names": ["api.example.com"],
    "event_type": {"type": 4, "sub_type": 3},
    "traffic_direction": "EGRESS",
    "trace_observation_point": "TO_STACK",
    "is_reply": False,
    "Summary": "TCP Flags: SYN",
}


def changed(**fields: Any) -> dict[str, Any]:
    """The flow with other fields; None takes one away."""
    return {name: value for name, value in {**FLOW, **fields}.items() if value is not None}


def test_a_flow_is_read_wrapped_and_bare() -> None:
    """Newer versions put the node's name and the time beside it."""
    expected = Flow(READ, Party(reserved="world"), "10.0.1.235", "192.0.2.7", "TCP", 443)
    assert decode(FLOW) == expected
    assert decode({"flow": FLOW, "node_name": "worker-1", "time": FLOW["time"]}) == expected


def test_labels_of_older_versions_have_no_source() -> None:
    """And pods no workloads."""
    old = {"namespace": "shop", "pod_name": "web-1", "labels": ["app=web", "reserved:init"]}
    found = decode(changed(source=old))
    assert isinstance(found, Flow)
    assert found.source == Party("shop", "web-1", (("app", "web"),), (("kubernetes.io/metadata.name", "shop"),))


@pytest.mark.parametrize(
    ("fields", "aside"),
    [
        ({"verdict": "DROPPED", "drop_reason_desc": "POLICY_DENIED"}, Aside.DROPPED),
        ({"verdict": "ERROR"}, Aside.DROPPED),
        ({"verdict": None}, Aside.UNDECIDED),
        ({"verdict": "VERDICT_UNKNOWN"}, Aside.UNDECIDED),
        ({"is_reply": True}, Aside.REPLY),
        ({"is_reply": None, "reply": True}, Aside.REPLY),
        ({"is_reply": None, "l4": {"TCP": {"destination_port": 1, "flags": {"SYN": True, "ACK": True}}}}, Aside.REPLY),
        ({"is_reply": None, "l4": {"TCP": {"destination_port": 1, "flags": {"ACK": True}}}}, Aside.UNDIRECTED),
        ({"l4": {"ICMPv4": {"type": 8}}}, Aside.PROTOCOL),
        ({"l4": {"ICMPv6": {"type": 128}}}, Aside.PROTOCOL),
        ({"l4": None}, Aside.PROTOCOL),
        ({"destination": POD}, Aside.ITSELF),
        ({"destination_service": {"name": "api", "namespace": "shop"}}, Aside.SERVICE),
    ],
)
def test_what_is_not_judged_says_why(fields: dict[str, Any], aside: Aside) -> None:
    """Replies, drops and what policies are not about."""
    assert decode(changed(**fields)) == (aside, 1)


@pytest.mark.parametrize("verdict", ["REDIRECTED", "AUDIT", "TRACED", "TRANSLATED"])
def test_whatever_went_on_is_judged(verdict: str) -> None:
    """To a proxy, or because policies were not enforced."""
    assert isinstance(decode(changed(verdict=verdict)), Flow)


def test_without_a_word_on_replies_what_opens_a_connection_is_none() -> None:
    """A packet with SYN, or one without flags, as policy verdicts are."""
    for layer in ({"TCP": {"destination_port": 80, "flags": {"SYN": True}}}, {"UDP": {"destination_port": 53}}):
        assert isinstance(decode(changed(is_reply=None, l4=layer)), Flow)


@pytest.mark.parametrize(
    ("labels", "reserved"),
    [
        (["reserved:host"], "host"),
        (["reserved:remote-node", "reserved:kube-apiserver"], "remote-node, kube-apiserver"),
        (["reserved:kube-apiserver", "reserved:world"], "world"),
        (["reserved:world-ipv6"], "world"),
        (["cidr:10.0.0.0/8"], "world"),
        (["reserved:unknown"], ""),
        ([], ""),
    ],
)
def test_reserved_ends_keep_their_word(labels: list[str], reserved: str) -> None:
    """Only what is outside is known by its address."""
    found = decode(changed(destination={"identity": 1, "labels": labels}))
    assert isinstance(found, Flow)
    assert found.target == Party(reserved=reserved)


def test_lost_events_are_counted() -> None:
    """What the observer could not keep up with."""
    lost = {"source": "HUBBLE_RING_BUFFER", "num_events_lost": "123"}
    assert decode({"lost_events": lost, "node_name": "worker-1"}) == (Aside.LOST, 123)
    assert decode({"lost_events": {"num_events_lost": "a lot"}}) == (Aside.LOST, 1)
    assert decode({"node_status": {"state_change": "NODE_CONNECTED"}}) == (Aside.LOST, 0)


@pytest.mark.parametrize(
    "document",
    [
        None,
        7,
        [],
        {},
        {"flow": {}},
        {"flow": "text"},
        {"kind": "Pod"},
        changed(source="web"),
        changed(IP=[]),
        changed(l4={"TCP": {"destination_port": "443"}}),
        changed(l4={"TCP": {"destination_port": True}}),
        changed(l4={"TCP": {"destination_port": 70000}}),
        changed(l4={"TCP": {}}),
        changed(source={**POD, "labels": {"app": "web"}}),
        changed(source={**POD, "labels": [7]}),
        changed(source={**POD, "workloads": ["web"]}),
        changed(source={**POD, "pod_name": 7}),
    ],
)
def test_what_is_no_flow_is_refused(document: Any) -> None:
    """Nothing is guessed."""
    with pytest.raises(NoFlow):
        decode(document)


KEYS = st.sampled_from([*FLOW, *POD, "flow", "lost_events", "TCP", "UDP", "flags", "SYN", "destination_port", "name"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["FORWARDED", "k8s:app=web"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


@given(VALUES, st.dictionaries(KEYS, VALUES, max_size=4))
@example({"lost_events": {"num_events_lost": "9" * 5000}}, {})
def test_any_document_is_a_flow_or_is_refused(document: Any, fields: dict[str, Any]) -> None:
    """Whatever JSON holds."""
    for each in (document, changed(**fields), {"flow": changed(**fields)}):
        with suppress(NoFlow):
            found = decode(json.loads(json.dumps(each)))
            assert isinstance(found, Flow) or found[1] >= 0
