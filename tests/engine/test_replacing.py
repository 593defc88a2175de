"""Which policies of the input make way for the rendered ones, and what is said about the others."""

from __future__ import annotations

from typing import Any

import pytest

from maxtac_render import compiler
from maxtac_render.compiler import Output
from maxtac_render.manifests.read import read
from maxtac_render.manifests.wanted import CLUSTER
from maxtac_render.manifests.write import stream
from maxtac_render.model.diagnostics import Code, Report, Severity
from maxtac_render.model.objects import Resource
from maxtac_render.model.options import Options

INTENT = b"""
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, labels: {a: b}}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: maxtac.vtk.io/v1alpha1
kind: ExternalAccess
metadata: {name: in, namespace: shop}
spec: {serviceSelector: {matchLabels: {a: b}}, targetCIDRs: [192.0.2.0/24], direction: ingress}
"""
NAME = "in--shop-web---192-0-2-0-24-ing"


def rendered(options: Options) -> Output:
    """What the intent makes."""
    return compiler.compile_intents(read(INTENT, "intent.yaml", Report()), options, Report())


def resources(bodies: list[dict[str, Any]]) -> list[Resource]:
    """NetworkPolicies as they are read from an input."""
    return list(read("".join(stream(bodies)).encode(), "policies.yaml", Report(), wanted=CLUSTER))


def policy(name: str = NAME, **metadata: Any) -> dict[str, Any]:
    """A NetworkPolicy of nobody."""
    metadata = {"name": name, "namespace": "shop", **metadata}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": {}}


@pytest.mark.parametrize("options", [Options(), Options(set="prod"), Options(compat="controller")])
def test_what_was_rendered_before_is_replaced(options: Options) -> None:
    """A second run finds what the first one made, and nothing to say about it."""
    output, report = rendered(options), Report()
    present = [*resources(list(compiler.bodies(output.policies))), *resources([policy("mine")])]
    gone = compiler.replaced(present, output, options, report)
    assert [each.ref.name for each in gone] == [NAME]
    assert report.sorted() == []


@pytest.mark.parametrize(
    ("before", "whose"), [(None, "not ours"), ("", "ours, of no named set"), ("dev", "ours, of the set dev")]
)
def test_a_name_that_somebody_else_has_is_an_error(before: str | None, whose: str) -> None:
    """What another set, or nobody of ours, calls so is not replaced."""
    bodies = [policy()] if before is None else list(compiler.bodies(rendered(Options(set=before)).policies))
    options, report = Options(set="prod"), Report()
    assert compiler.replaced(resources(bodies), rendered(options), options, report) == []
    (found,) = report.sorted()
    assert (found.code, found.severity, found.facts["whose"]) == (Code.POLICY_TAKEN, Severity.ERROR, whose)


def test_a_policy_without_a_namespace_has_the_one_that_is_given() -> None:
    """A name is taken in the namespace where the policy will be."""
    nowhere = policy()
    del nowhere["metadata"]["namespace"]
    for options, codes in ((Options(), []), (Options(namespace="shop"), [Code.POLICY_TAKEN])):
        report = Report()
        compiler.replaced(resources([nowhere]), rendered(options), options, report)
        assert [found.code for found in report.sorted()] == codes


@pytest.mark.parametrize(
    ("bodies", "words"),
    [
        (1, "a policy of ours"),
        (2, "2 policies of ours"),
    ],
)
def test_without_a_resource_nothing_of_ours_may_go(bodies: int, words: str) -> None:
    """A filtered input is an error, unless its severity says that it is meant."""
    ours = resources(list(compiler.bodies(rendered(Options()).policies)) * bodies)
    report = Report()
    assert len(compiler.replaced(ours, Output([], 0), Options(), report)) == bodies
    assert words in report.sorted()[0].message
    assert report.worst is Severity.ERROR
    lowered = Report({Code.POLICIES_WITHOUT_INTENTS: Severity.WARNING})
    compiler.replaced(ours, Output([], 0), Options(), lowered)
    assert lowered.worst is Severity.WARNING


@pytest.mark.parametrize("metadata", [{"labels": "x"}, {"labels": {"app.kubernetes.io/managed-by": ["maxtac-render"]}}])
def test_marks_of_another_type_are_none(metadata: dict[str, Any]) -> None:
    """Hostile metadata makes nothing ours."""
    report = Report()
    present = resources([policy("other", annotations={"render.maxtac.vtk.io/source": "x"}, **metadata)])
    assert compiler.replaced(present, rendered(Options()), Options(), report) == []
    assert report.sorted() == []
