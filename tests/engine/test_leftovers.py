"""What the MaxTac controller left behind: named when nothing asks for it, and never when something does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from maxtac_render import compiler
from maxtac_render.assembly.behind import left_behind
from maxtac_render.model.diagnostics import Report
from maxtac_render.model.objects import ObjectRef, Origin, Resource
from maxtac_render.model.options import Options

TESTDATA = Path(__file__).parents[2] / "testdata"
CONTROLLER = Options(compat="controller")
WALKTHROUGH = [
    body for path in sorted((TESTDATA / "walkthrough").glob("*.yaml")) for body in yaml.safe_load_all(path.read_text())
]
SERVICES = [body for body in WALKTHROUGH if body["kind"] == "Service"]
DIRECTIONS = ("ingress", "egress", "all")


def resource(body: dict[str, Any]) -> Resource:
    """A body as it is read."""
    metadata = body["metadata"]
    ref = ObjectRef(body["apiVersion"], body["kind"], metadata.get("namespace", ""), metadata["name"])
    return Resource(ref, body, Origin("live:x", 0, 0))


def made(*bodies: dict[str, Any]) -> list[dict[str, Any]]:
    """The policies that the controller makes: as we render them for it, without our marks."""
    output = compiler.compile_intents(map(resource, [*bodies, *SERVICES]), CONTROLLER, Report())
    policies = list(compiler.bodies(output.policies))
    for policy in policies:
        del policy["metadata"]["annotations"]
    return policies


def left(*bodies: dict[str, Any]) -> dict[str, str]:
    """What is named, and why."""
    found = left_behind([resource(body) for body in (*bodies, *SERVICES)], Options())
    return {each.applied.policy.name: each.why for each in found}


def access(name: str, targets: list[str], direction: str = "ingress", **spec: Any) -> dict[str, Any]:
    """A ClusterAccess of the Services of the walkthrough."""
    pairs = [dict(zip(("namespace", "serviceName"), target.split("/"), strict=True)) for target in targets]
    return {
        "apiVersion": "maxtac.vtk.io/v1alpha1",
        "kind": "ClusterAccess",
        "metadata": {"name": name},
        "spec": {"serviceSelector": {}, "targets": pairs, "direction": direction, **spec},
    }


TARGETS = ("ombi/ombi", "zitadel/zitadel", "ombi/postgres-ombi")
intents = st.builds(
    access,
    st.sampled_from(["a", "b"]),
    st.lists(st.sampled_from(TARGETS), min_size=1, unique=True),
    st.sampled_from(DIRECTIONS),
    mirrored=st.booleans(),
)


@given(st.lists(intents, unique_by=lambda body: body["metadata"]["name"], min_size=1))
def test_what_is_asked_for_is_never_named(asked: list[dict[str, Any]]) -> None:
    """All that the controller makes now has somebody who asks for it."""
    assert left(*asked, *made(*asked)) == {}


@given(intents, intents)
def test_what_is_asked_for_no_more_is_named(before: dict[str, Any], after: dict[str, Any]) -> None:
    """A change of an intent leaves behind what only the old one asks for, under any name."""
    after = {**after, "metadata": before["metadata"]}
    old, new = ({place(body): body["spec"] for body in made(each)} for each in (before, after))
    named = left(after, *made(before))
    asked = [(namespace, spec) for (namespace, _), spec in new.items()]
    gone = {name for (namespace, name), spec in old.items() if (namespace, spec) not in asked}
    assert gone - {name for _, name in new} <= set(named) <= {name for _, name in old.keys() - new.keys()}
    assert set(named.values()) <= {f"ClusterAccess {before['metadata']['name']} does not ask for it any more"}


def place(body: dict[str, Any]) -> tuple[str, str]:
    """Namespace and name."""
    return body["metadata"]["namespace"], body["metadata"]["name"]


@pytest.mark.parametrize("kind", ["labels", "owners"])
def test_a_resource_that_is_gone_is_the_reason(kind: str) -> None:
    """Whether the labels say it or the owners."""
    policies = made(access("a", ["ombi/ombi"]))
    for policy in policies if kind == "owners" else ():
        owner = {"apiVersion": "maxtac.vtk.io/v1alpha1", "kind": "ClusterAccess", "name": "a", "controller": True}
        policy["metadata"] = {**policy["metadata"], "labels": {}, "ownerReferences": [owner]}
    named = left(access("b", ["ombi/ombi"]), *policies)
    assert len(named) == len(policies)
    assert set(named.values()) == {"ClusterAccess a is not there any more"}


def test_a_service_that_is_gone_is_the_reason() -> None:
    """Which the controller knows only as long as it runs."""
    asked = access("a", ["ombi/ombi"])
    policies = made(asked)
    for policy in policies:
        policy["metadata"]["labels"]["maxtac.vtk.io.clusteraccess/serviceOwnerName"] = "former"
        policy["metadata"]["name"] += "-x"
    reasons = set(left(asked, *policies).values())
    assert reasons == {f"Service {namespace}/former is not there any more" for namespace in ("ombi", "zitadel")}


def test_ours_and_others_are_never_named() -> None:
    """Policies of ours have their set; and a label of some other project's owner is none of ours."""
    output = compiler.compile_intents(map(resource, [access("a", ["ombi/ombi"]), *SERVICES]), CONTROLLER, Report())
    ours = list(compiler.bodies(output.policies))
    other = {**ours[0], "metadata": {"name": "x", "namespace": "ombi", "labels": {"example.com/owner": "a"}}}
    assert left(access("b", ["ombi/ombi"]), *ours, other) == {}


def test_without_a_service_nothing_is_known() -> None:
    """A file of policies alone says nothing about who asks for them."""
    policies = made(access("a", ["ombi/ombi"]))
    assert left_behind([resource(body) for body in policies], Options()) == []


def test_another_spelling_of_an_address_is_no_leftover() -> None:
    """The controller named a policy after an address with host bits before API servers refused such."""
    asked = {
        "apiVersion": "maxtac.vtk.io/v1alpha1",
        "kind": "ClusterExternalAccess",
        "metadata": {"name": "a"},
        "spec": {"serviceSelector": {}, "targetCIDRs": ["10.0.0.5/24"], "direction": "ingress"},
    }
    policies = made(asked)
    for policy in policies:
        policy["metadata"]["name"] = policy["metadata"]["name"].replace("10-0-0-0-24", "10-0-0-5-24")
    assert left(asked, *policies) == {}
