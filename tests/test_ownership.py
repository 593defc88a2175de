"""Which policies are ours: by the manager's label and by what the policy says it was made for, both."""

from __future__ import annotations

import pytest

from maxtac_render import compiler
from maxtac_render.manifests.read import read
from maxtac_render.model.diagnostics import Report
from maxtac_render.model.options import Options
from maxtac_render.model.ownership import BASELINE, MANAGED_BY, MANAGER, SOURCE, is_owned, set_of

MANIFEST = b"""
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, labels: {a: b}}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: maxtac.vtk.io/v1alpha1
kind: ExternalAccess
metadata: {name: out, namespace: shop}
spec: {serviceSelector: {matchLabels: {a: b}}, targetCIDRs: [192.0.2.0/24], direction: egress}
"""


@pytest.mark.parametrize(
    "options",
    [
        Options(baseline=("dns",)),
        Options(set="prod", baseline=("dns",)),
        Options(compat="controller", baseline=("dns",)),
    ],
)
def test_what_is_rendered_is_owned_and_of_its_set(options: Options) -> None:
    """Every policy of ours is known again, with its set."""
    report = Report()
    policies = compiler.compile_intents(read(MANIFEST, "m.yaml", report), options, report).policies
    assert len(policies) == 2
    for policy in policies:
        assert is_owned(dict(policy.labels), dict(policy.annotations))
        assert set_of(dict(policy.labels)) == options.set


@pytest.mark.parametrize(
    ("labels", "annotations"),
    [
        ({}, {SOURCE: "Access/shop/web"}),
        ({MANAGED_BY: MANAGER}, {}),
        ({MANAGED_BY: "helm"}, {BASELINE: "dns"}),
        ({"maxtac.vtk.io.access/owner": "web"}, {}),
    ],
)
def test_one_of_the_two_is_not_enough(labels: dict[str, str], annotations: dict[str, str]) -> None:
    """A label that people set too makes nothing ours, and neither does an annotation without it."""
    assert not is_owned(labels, annotations)
