"""What makes the policies that are there the wanted ones: what counts as a change, and in which order it is made."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import yaml

from maxtac_render.engine.plan import plan, shown
from maxtac_render.manifests.read import read
from maxtac_render.manifests.wanted import CLUSTER
from maxtac_render.model.cluster import Applied
from maxtac_render.model.diagnostics import Report
from maxtac_render.wire import networkpolicy, networkpolicy_reader

POLICY = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: NAME, namespace: shop}
spec: SPEC
"""
HOME = "{matchLabels: {kubernetes.io/metadata.name: shop}}"


def applied(spec: str, name: str = "web", **metadata: Any) -> Applied:
    """A policy as it is read."""
    body = yaml.safe_load(POLICY.replace("NAME", name).replace("SPEC", spec))
    body["metadata"].update(metadata)
    report = Report()
    (resource,) = read(yaml.safe_dump(body).encode(), "policies.yaml", report, wanted=CLUSTER)
    policy = networkpolicy_reader.decode(resource, report)
    assert policy is not None, report.sorted()
    return Applied(policy, resource.ref, resource.origin)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{podSelector: {}}", "{podSelector: {}, policyTypes: [Ingress]}"),
        ("{}", "{podSelector: {}, ingress: [], policyTypes: []}"),
        ("{podSelector: null, ingress: null, egress: []}", "{podSelector: {matchLabels: {}}, policyTypes: [Ingress]}"),
        ("{egress: [{}]}", "{policyTypes: [Egress, Ingress], egress: [null]}"),
        ("{ingress: [{ports: [{port: 80}]}]}", "{ingress: [{ports: [{port: 80, protocol: TCP, endPort: 80}]}]}"),
        ("{ingress: [{ports: [null]}]}", "{ingress: [{ports: [{protocol: TCP}], from: []}]}"),
        ("{ingress: [{ports: [{port: 80}, {port: 9}]}]}", "{ingress: [{ports: [{port: 9}, {port: 80}, {port: 9}]}]}"),
        (
            "{ingress: [{from: [{podSelector: {}}, {ipBlock: {cidr: 10.0.0.0/8}}]}]}",
            "{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: []}}, {podSelector: {}}]}]}",
        ),
        (
            "{ingress: [{from: [{ipBlock: {cidr: 10.1.2.3/8}}]}]}",
            "{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}",
        ),
        ("{ingress: [{}, {ports: [{port: 80}]}]}", "{ingress: [{ports: [{port: 80}]}, {}]}"),
        ("{policyTypes: [Ingress], egress: [{}]}", "{policyTypes: [Ingress]}"),
        (
            "{podSelector: {matchExpressions: [{key: a, operator: In, values: [x, y]}, {key: b, operator: Exists}]}}",
            "{podSelector: {matchExpressions: [{key: b, operator: Exists}, {key: a, operator: In, values: [y, x]}]}}",
        ),
        (
            "{ingress: [{from: [{podSelector: {}}]}]}",
            f"{{ingress: [{{from: [{{podSelector: {{}}, namespaceSelector: {HOME}}}]}}]}}",
        ),
    ],
)
def test_what_means_the_same_is_no_change(before: str, after: str) -> None:
    """What the API server fills in, the order of lists, and a number beside itself."""
    assert plan([applied(after)], [applied(before)]) == ()
    assert shown(applied(before).policy) == shown(applied(after).policy)


@pytest.mark.parametrize(
    ("before", "after", "fields"),
    [
        ("{podSelector: {}}", "{podSelector: {matchLabels: {a: b}}}", "spec.podSelector"),
        ("{podSelector: {}}", "{policyTypes: [Egress]}", "spec.policyTypes"),
        ("{podSelector: {}}", "{ingress: [{}]}", "spec.ingress"),
        ("{egress: [{}]}", "{egress: [{to: [{podSelector: {}}]}]}", "spec.egress"),
        ("{podSelector: {}}", "{egress: [{}]}", "spec.policyTypes spec.egress"),
        (
            "{ingress: [{from: [{podSelector: {}}]}]}",
            "{ingress: [{from: [{namespaceSelector: {}}]}]}",
            "spec.ingress",
        ),
        ("{ingress: [{ports: [{port: 80}]}]}", "{ingress: [{ports: [{port: 80, protocol: UDP}]}]}", "spec.ingress"),
        ("{ingress: [{ports: [{port: 80}]}]}", "{ingress: [{ports: [{port: 80, endPort: 81}]}]}", "spec.ingress"),
        ("{ingress: []}", "{ingress: [null]}", "spec.ingress"),
    ],
)
def test_what_means_something_else_is_a_patch(before: str, after: str, fields: str) -> None:
    """Each difference is named by its field."""
    (change,) = plan([applied(after)], [applied(before)])
    assert change.action == "patch"
    assert " ".join(change.fields) == fields


def test_what_tools_write_into_the_metadata_is_no_change() -> None:
    """Marks of kubectl and Argo CD do not count; labels and annotations of people do."""
    marks = {
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
        "argocd.argoproj.io/tracking-id": "app:networking.k8s.io/NetworkPolicy:shop/web",
    }
    before = applied(
        "{}",
        annotations=marks,
        labels={"applyset.kubernetes.io/part-of": "x"},
        uid="7",
        resourceVersion="8",
        generation=2,
        creationTimestamp="2026-01-01T00:00:00Z",
        managedFields=[],
    )
    assert plan([applied("{}")], [before]) == ()
    (change,) = plan([applied("{}", annotations={"team": "a"}, labels={"app": "web"})], [before])
    assert change.fields == ("metadata.labels", "metadata.annotations")


def test_creates_stand_before_patches_and_deletes_come_last() -> None:
    """The order is that of phases, then of pods, then of names, whatever the order of the input."""
    present = [applied("{}", name) for name in ("gone", "kept", "also-gone")]
    desired = [
        applied("{podSelector: {matchLabels: {a: b}}}", "new"),
        applied("{}", "newer"),
        applied("{ingress: [{}]}", "kept"),
    ]
    wanted = [("create", "newer"), ("create", "new"), ("patch", "kept"), ("delete", "also-gone"), ("delete", "gone")]
    for some, others in itertools.product(itertools.permutations(desired), itertools.permutations(present)):
        assert [(change.action, change.ref.name) for change in plan(some, others)] == wanted


def test_the_text_of_a_policy_is_what_it_is_compared_by() -> None:
    """What is shown reads back as what was compared."""
    spec = "{ingress: [{from: [{podSelector: {}}, {ipBlock: {cidr: 10.1.0.0/8}}], ports: [{port: 80, endPort: 80}]}]}"
    policy = shown(applied(spec).policy)
    again = applied(str(networkpolicy.body(policy)["spec"])).policy
    assert again._replace(labels=(), annotations=()) == policy
