"""What makes a resource one that cannot be relied on: every error that there is has been thought about."""

from __future__ import annotations

import pytest

from maxtac_render.engine.soundness import INCOMPLETE, INVALID, RULES, UNCLEAR_SERVICE, UNREAD, doubts
from maxtac_render.model.catalogue import Code, Severity
from maxtac_render.model.diagnostics import Diagnostic, Report, Spot
from maxtac_render.model.objects import FieldPath, ObjectRef, Origin

ELSEWHERE = {  # errors that are not about what policies are made from
    Code.STUCK_OBJECT,
    Code.INVALID_POLICY,
    Code.POLICY_TAKEN,
    Code.INVALID_TEST,
    Code.NO_TESTS,
    Code.EMPTY_TEST,
    Code.ASSERTION_FAILED,
    Code.FLOW_DROPPED,
    Code.BAD_FLOW,
}
GATED = {Code.NO_INTENTS, Code.NO_POLICIES, Code.POLICIES_WITHOUT_INTENTS}
"""Of these the gate for nothing at all takes care."""

ACCESS = ObjectRef("maxtac.vtk.io/v1alpha1", "Access", "shop", "web-in")
CLUSTER_ACCESS = ObjectRef("maxtac.vtk.io/v1alpha1", "ClusterAccess", "", "web-in")
SERVICE = ObjectRef("v1", "Service", "shop", "web")


def finding(
    code: Code, ref: ObjectRef | None, field: FieldPath = (), severity: Severity = Severity.ERROR
) -> Diagnostic:
    """A finding about a field of an object."""
    report = Report({code: severity})
    words = "name guess expected found done value problem what other key service field_name annotation"
    facts = dict.fromkeys(words.split(), "x")
    report.add(code, Spot(Origin("x"), ref), field, **facts)
    (found,) = report.sorted()
    return found


def test_every_error_has_its_place() -> None:
    """A new one is to be thought about: what becomes of the policies that are there?"""
    errors = {code for code in Code if code.value.severity is Severity.ERROR}
    classes = (UNREAD, INVALID, INCOMPLETE, RULES, ELSEWHERE, GATED)
    assert errors <= set().union(*classes, UNCLEAR_SERVICE)
    assert sum(map(len, classes)) == len(set().union(*classes))


@pytest.mark.parametrize("field", [("spec",), ("spec", "serviceSelector"), ("spec", "targets"), ("spec", "mirrored")])
def test_a_field_of_the_wrong_type_makes_a_resource_invalid(field: FieldPath) -> None:
    """The API server would refuse it."""
    found = doubts([finding(Code.WRONG_TYPE, ACCESS, field)])
    assert found.freezes({"render.maxtac.vtk.io/source": "Access/shop/web-in"})
    assert not found.freezes({"render.maxtac.vtk.io/source": "Access/bank/web-in"})
    assert not found.keeps({})


@pytest.mark.parametrize(
    "field",
    [
        ("spec", "targets", 0),
        ("spec", "targetCIDRs", 1),
        ("spec", "duration"),
        ("metadata", "annotations", "x"),
        ("metadata", "labels"),
    ],
)
def test_one_target_a_duration_and_notes_do_not(field: FieldPath) -> None:
    """They cost rules."""
    assert doubts([finding(Code.WRONG_TYPE, ACCESS, field)]) == doubts([])


def test_whoever_lowers_a_rule_can_live_with_it() -> None:
    """But not with a part of the input that nobody has read, nor with not knowing which pods are meant."""
    for code in (Code.WRONG_TYPE, Code.MISSING_TARGETS):
        assert doubts([finding(code, ACCESS, (), Severity.WARNING)]) == doubts([])
    for code in (Code.MISSING_SELECTOR, Code.INVALID_SELECTOR):
        assert doubts([finding(code, ACCESS, (), Severity.WARNING)]) == doubts([finding(code, ACCESS, ())])
    low = finding(Code.BROKEN_YAML, None, (), Severity.INFO)
    assert doubts([low]).unread == (low,)


def test_a_resource_without_a_namespace_is_in_that_of_the_run() -> None:
    """And one of the cluster in none."""
    bare = ACCESS._replace(namespace="")
    assert doubts([finding(Code.MISSING_SELECTOR, bare)], "shop").invalid == {"Access/shop/web-in"}
    assert doubts([finding(Code.MISSING_SELECTOR, CLUSTER_ACCESS)], "shop").invalid == {"ClusterAccess/web-in"}
    assert doubts([finding(Code.WRONG_TYPE, SERVICE._replace(namespace=""))], "shop").services == {"shop/web"}


def test_a_service_that_is_unclear_keeps_what_was_made_for_it_on_either_side() -> None:
    """As a subject, and as the target of a mirror."""
    found = doubts([finding(Code.SELECTORLESS_SERVICE, SERVICE, ("spec", "selector"))])
    for key in ("service", "peer"):
        assert found.keeps({f"render.maxtac.vtk.io/{key}": "shop/web"}) == "Service shop/web is invalid"
    assert not found.freezes({"render.maxtac.vtk.io/service": "shop/web"})
