"""What the status of a resource says: true to how it stands, and the same for as long as nothing changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxtac_render import compiler
from maxtac_render.engine.notices import notices, of_services
from maxtac_render.engine.standing import Failure, Round, Standing, standings
from maxtac_render.engine.status import LISTED, LONGEST_MESSAGE, differs, leftovers, status
from maxtac_render.frontends.maxtac import schema
from maxtac_render.manifests.read import read
from maxtac_render.model.changes import Change
from maxtac_render.model.cluster import Applied
from maxtac_render.model.diagnostics import Code, Report, Spot
from maxtac_render.model.intent import API_VERSION, KINDS
from maxtac_render.model.objects import ObjectRef, Origin, Resource
from maxtac_render.model.options import Options
from maxtac_render.model.policy import Policy

NOW = datetime(2026, 11, 25, 12, 0, 0, 250_000, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
REF = ObjectRef(API_VERSION, "Access", "shop", "web-in")
SCHEMA = schema.crd(KINDS["Access"])["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]

CLUSTER = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, labels: {a: b}, annotations: {ANNOTATION}}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: ledger, namespace: bank}
spec: {selector: {app: ledger}, ports: [{port: 80}]}
---
apiVersion: maxtac.vtk.io/v1alpha1
kind: ClusterAccess
metadata: {name: web-in, uid: u1, generation: 3, creationTimestamp: "2026-11-25T10:00:00Z"}
spec:
  serviceSelector: {matchLabels: {a: b}}
  targets: [{serviceName: ledger, namespace: bank}]
  direction: ingress
  mirrored: true
"""


def told(text: str = CLUSTER, annotation: str = "", **more: Any) -> Standing:
    """How the resource stands after a round in which everything that the compiler made was there already."""
    report = Report()
    resources = list(read(text.replace("{ANNOTATION}", f"{{{annotation}}}").encode(), "live", report))
    output = compiler.compile_intents(resources, Options(), report)
    present = [applied(policy) for policy in output.policies]
    facts = {"readings": output.readings, "findings": report.sorted(), "present": present} | more
    intents = [resource for resource in resources if resource.ref.kind in KINDS]
    (standing,) = standings(intents, Round(**facts), NOW).values()
    return standing


def applied(policy: Policy) -> Applied:
    """A policy as the cluster has it."""
    ref = ObjectRef("networking.k8s.io/v1", "NetworkPolicy", policy.namespace, policy.name)
    return Applied(policy, ref, Origin("live"))


def rendered(text: str = CLUSTER) -> list[Applied]:
    """The policies of the cluster."""
    resources = list(read(text.replace("{ANNOTATION}", "{}").encode(), "live", Report()))
    return [applied(policy) for policy in compiler.compile_intents(resources, Options(), Report()).policies]


def conditions(standing: Standing) -> dict[str, tuple[str, str, str]]:
    """The conditions of a status by their types: status, reason and message."""
    said = status(standing, {}, NOW)
    jsonschema.validate(said, SCHEMA, format_checker=jsonschema.FormatChecker())
    return {each["type"]: (each["status"], each["reason"], each["message"]) for each in said["conditions"]}


WELL = {
    "NetworkPolicyDeployReady": (
        "True",
        "NetworkPolicySyncSuccess",
        "No change in 'NetworkPolicy' child resources.",
    ),
    "NetpolsListReady": (
        "True",
        "NetpolsSyncSuccess",
        "Successfully synced all matching netpols child resources.",
    ),
    "ServicesListReady": (
        "True",
        "ServicesSyncSuccess",
        "Successfully synced all matching services child resources.",
    ),
    "NetpolsGCReady": (
        "True",
        "NetpolsGCSuccess",
        "Successfully garbage collected any orphaned netpols resources.",
    ),
    "Ready": ("True", "AllConditionsReady", "All conditions are met."),
}


def test_where_all_is_well_it_says_what_the_maxtac_controller_says() -> None:
    """Types, reasons and messages are those that people wait for; policies are listed where they are."""
    standing = told()
    assert conditions(standing) == WELL
    said = status(standing, {}, NOW)
    assert said["netpols"] == [
        {"name": "web-in--bank-ledger---shop-web-egr-mirror", "namespace": "bank"},
        {"name": "web-in--shop-web---ledger-bank-ing", "namespace": "shop"},
    ]
    assert said["services"] == [{"name": "web", "namespace": "shop"}]
    assert "expirationTimestamp" not in said
    assert {each["observedGeneration"] for each in said["conditions"]} == {3}
    assert {each["lastTransitionTime"] for each in said["conditions"]} == {"2026-11-25T12:00:00Z"}


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("create", "NetworkPolicyCreateSuccess"),
        ("patch", "NetworkPolicySyncSuccess"),
        ("delete", "NetworkPolicyDeleteSuccess"),
    ],
)
def test_what_was_done_last_stays_said(action: str, reason: str) -> None:
    """The round after a change has nothing new to say."""
    one = rendered()[0]
    change = Change(None if action == "create" else one, None if action == "delete" else one)
    assert change.action == action
    before = status(told(done=[change]), {}, NOW)
    assert before["conditions"][0]["reason"] == reason
    after = status(told(), before, LATER)
    assert not differs(before, after)
    assert after == before


def test_a_finding_is_said_where_it_belongs() -> None:
    """A condition does not hold, with the words of the finding; once it is mended, the moment is told."""
    wrong = told(CLUSTER.replace("serviceName: ledger", "serviceName: ledgr"))
    said = conditions(wrong)
    assert said["NetworkPolicyDeployReady"][:2] == ("False", "NetworkPolicySyncFail")
    assert said["NetworkPolicyDeployReady"][2] == (
        "Failed to sync some 'NetworkPolicy' child resources: "
        "spec.targets[0]: target bank/ledgr not found; rule left out (missing-target)."
    )
    assert said["Ready"] == ("False", "AllConditionsNotReady", "Not all conditions are met.")
    assert said["ServicesListReady"][0] == "True"
    before = status(wrong, {}, NOW)
    after = {each["type"]: each for each in status(told(), before, LATER)["conditions"]}
    assert after["NetworkPolicyDeployReady"]["lastTransitionTime"] == "2026-11-25T13:00:00Z"
    assert after["ServicesListReady"]["lastTransitionTime"] == "2026-11-25T12:00:00Z"


def test_what_is_held_says_that_its_policies_stay() -> None:
    """What a render would have done is not said of a resource whose policies stay as they are."""
    text = CLUSTER.replace("mirrored: true", "mirrored: true\n  duration: for ever").replace(
        "direction: ingress", "direction: Both"
    )
    ref = ObjectRef(API_VERSION, "ClusterAccess", "", "web-in")
    said = conditions(told(text, held=frozenset([ref])))
    assert said["NetworkPolicyDeployReady"][2] == (
        "Failed to sync some 'NetworkPolicy' child resources: spec.direction: "
        'direction "Both" is none of ingress, egress, all (bad-direction); its policies stay as they are.'
    )
    assert said["ExpireReady"] == (
        "False",
        "ExpireFail",
        'The end of the access is not known: spec.duration: duration "for ever" is not one (bad-duration).',
    )


def test_a_selector_that_cannot_be_read_is_said_of_the_services() -> None:
    """The list of Services is not to be relied on."""
    said = conditions(told(CLUSTER.replace("{matchLabels: {a: b}}", "{matchLabels: {a: '-'}}")))
    assert said["ServicesListReady"][:2] == ("False", "ServicesSyncUnSuccessful")
    assert "invalid-selector" in said["ServicesListReady"][2]


def test_an_annotation_at_fault_is_said_of_the_resource_that_reads_it() -> None:
    """And of no other; the Service is told, too."""
    key = "maxtac.vtk.io.clusteraccess/direction"
    said = conditions(told(annotation=f"{key}: sideways"))
    assert f"Service shop/web metadata.annotations[{key}]: direction" in said["NetworkPolicyDeployReady"][2]
    other = told(annotation="maxtac.vtk.io.access/direction: sideways")
    assert conditions(other) == WELL


def test_a_deadline_is_listed_and_its_end_is_said() -> None:
    """The time is the deadline itself, before and after."""
    ahead = told(CLUSTER + "  duration: 3h\n")
    assert conditions(ahead)["ExpireReady"] == ("True", "ExpireSuccess", "The resource has an expiration date.")
    assert status(ahead, {}, NOW)["expirationTimestamp"] == "2026-11-25T13:00:00Z"
    over = told(CLUSTER + "  duration: 1h\n")
    assert conditions(over)["ExpireReady"] == ("True", "ExpireSuccess", "The access expired at 2026-11-25T11:00:00Z.")
    assert conditions(over)["Ready"][0] == "True"


def test_a_name_that_is_taken_is_said() -> None:
    """The policy is not there, and why; what was left alone is named."""
    one, two = rendered()
    said = conditions(told(present=[two], foreign=[one]))
    assert said["NetworkPolicyDeployReady"][:2] == ("False", "NetworkPolicyCreateFail")
    assert said["NetworkPolicyDeployReady"][2] == (
        "Failed to create some 'NetworkPolicy' child resources: bank/web-in--bank-ledger---shop-web-egr-mirror: "
        "its name is taken by a policy that is not ours, which is left as it is."
    )
    assert said["NetpolsListReady"][:2] == ("False", "NetpolsSyncUnSuccessful")


@pytest.mark.parametrize(
    ("action", "reason"),
    [("create", "NetworkPolicyCreateFail"), ("patch", "NetworkPolicySyncFail"), ("delete", "NetworkPolicyDeleteFail")],
)
def test_what_the_api_server_refuses_is_said(action: str, reason: str) -> None:
    """With its words, made harmless."""
    one = rendered()[0]
    change = Change(None if action == "create" else one, None if action == "delete" else one)
    said = conditions(told(failed=[(change, "no\nroom")]))["NetworkPolicyDeployReady"]
    assert said[:2] == ("False", reason)
    assert said[2].endswith(": no\\nroom.")


def test_what_stays_though_nobody_wants_it_is_said() -> None:
    """Pruning that is blocked is a condition, with the reason."""
    one = rendered()[0]
    said = conditions(told(blocked=[(one, "services are not synced")]))["NetpolsGCReady"]
    assert said[:2] == ("False", "NetpolsGCUnsuccessful")
    assert said[2].endswith("web-in--bank-ledger---shop-web-egr-mirror stays: services are not synced.")


def test_long_lists_are_cut_and_say_so() -> None:
    """An object that grew with the cluster would one day be over what etcd takes."""
    many = Standing(REF, policies=[("shop", f"p{number:05}") for number in range(12_345)], services=[("a", "b")] * 1001)
    said = status(many, {}, NOW)
    assert len(said["netpols"]) == len(said["services"]) == LISTED
    assert conditions(many)["NetpolsListReady"][2] == (
        "Successfully synced all matching netpols child resources, of which the first 1,000 of 12,345 are listed."
    )


@given(st.permutations(range(6)))
def test_the_order_in_which_things_are_told_is_none_of_the_status(order: list[int]) -> None:
    """Lists are sorted, whatever comes first; what is listed twice is there once."""
    one, two = rendered()
    several = [one, two, one._replace(policy=one.policy._replace(name="a")), two, one, two]
    shuffled = [several[index] for index in order]
    changes = [(Change(None, each), "no") for each in shuffled]
    blocked = [(each, "x") for each in shuffled]
    plain = told(present=several, failed=[(Change(None, each), "no") for each in several], foreign=several)
    said = status(told(present=shuffled, failed=changes, foreign=shuffled), {}, NOW)
    assert said == status(plain, {}, NOW)
    assert said["netpols"] == sorted(said["netpols"], key=lambda each: (each["namespace"], each["name"]))
    assert len(said["netpols"]) == 3
    assert status(told(blocked=blocked), {}, NOW) == status(told(blocked=[(each, "x") for each in several]), {}, NOW)


def test_what_the_maxtac_controller_left_is_taken_out() -> None:
    """Its negative conditions and a deadline that does not hold any more; what others say stays."""
    wanted = status(told(), {}, NOW)
    negative = {**wanted["conditions"][0], "type": "NetpolsListNotReady"}
    foreign = {**wanted["conditions"][0], "type": "Reviewed"}
    ending = {**wanted["conditions"][0], "type": "ExpireReady"}
    there = {
        **wanted,
        "conditions": [negative, foreign, *wanted["conditions"], ending],
        "expirationTimestamp": "2026-11-25T13:00:00Z",
    }
    assert differs(there, wanted)
    assert leftovers(there, wanted) == [
        {"op": "test", "path": "/status/conditions/7/type", "value": "ExpireReady"},
        {"op": "remove", "path": "/status/conditions/7"},
        {"op": "test", "path": "/status/conditions/0/type", "value": "NetpolsListNotReady"},
        {"op": "remove", "path": "/status/conditions/0"},
        {"op": "remove", "path": "/status/expirationTimestamp"},
    ]
    cleaned = {**wanted, "conditions": [foreign, *wanted["conditions"]]}
    assert leftovers(cleaned, wanted) == []
    assert not differs(cleaned, wanted)


TEXT = st.text(max_size=400)
PLACES = st.lists(st.tuples(TEXT, TEXT), max_size=5)


def _finding(message: str, field: tuple[str, ...]) -> Any:
    report = Report()
    report.add(Code.SCHEMA, Spot(Origin("live"), REF), field, problem=message, kind="access")
    return report.sorted()[0]


FINDINGS = st.builds(
    _finding, TEXT, st.sampled_from([(), ("spec", "serviceSelector"), ("spec", "duration"), ("spec", "targets", "x")])
)
STANDINGS = st.builds(
    Standing,
    ref=st.just(REF),
    generation=st.integers(0, 2**62),
    services=PLACES.map(sorted),
    policies=PLACES.map(sorted),
    expires=st.none() | st.datetimes(datetime(2000, 1, 1), datetime(2262, 1, 1), timezones=st.just(UTC)),
    ended=st.booleans(),
    held=st.booleans(),
    findings=st.lists(FINDINGS, max_size=5),
    remarks=st.lists(FINDINGS, max_size=5),
    done=st.lists(st.tuples(st.sampled_from(["create", "patch", "delete"]), st.tuples(TEXT, TEXT)), max_size=3),
    failed=st.lists(
        st.builds(Failure, st.sampled_from(["create", "patch", "delete"]), st.tuples(TEXT, TEXT), TEXT), max_size=5
    ),
    foreign=PLACES,
    blocked=st.lists(st.tuples(st.tuples(TEXT, TEXT), TEXT), max_size=5),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["conditions", "type", "status", "reason", "netpols", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(STANDINGS, st.dictionaries(st.sampled_from(["conditions", "netpols", "services", "expirationTimestamp"]), JSON))
def test_whatever_was_there_a_status_is_valid_bounded_and_said_once(standing: Standing, before: dict[str, Any]) -> None:
    """The CRD takes it, no message is over the limit, and the next round in which nothing happens writes nothing."""
    said = status(standing, before, NOW)
    jsonschema.validate(said, SCHEMA, format_checker=jsonschema.FormatChecker())
    assert all(0 < len(each["message"]) <= LONGEST_MESSAGE for each in said["conditions"])
    assert all(each["message"].isprintable() for each in said["conditions"])
    kinds = [each["type"] for each in said["conditions"]]
    assert len(kinds) == len(set(kinds))
    assert kinds[-1] == "Ready"
    assert (said["conditions"][-1]["status"] == "True") == all(each["status"] == "True" for each in said["conditions"])
    again = status(standing._replace(done=()), said, LATER)
    assert not differs(said, again)
    assert leftovers(said, again) == []


@given(STANDINGS)
def test_a_resource_that_stands_as_it_did_is_told_of_once(standing: Standing) -> None:
    """Events are about what is new; only deeds are told in every round."""
    first = notices({REF: standing}, {})
    assert all(notice.message and notice.reason.isalnum() for notice in first)
    assert all(notice.message.isprintable() for notice in first)
    again = notices({REF: standing}, {REF: standing})
    assert {notice.reason for notice in again} <= {"Reconciled"}
    assert notices({REF: standing._replace(done=())}, {REF: standing}) == []


def test_events_of_a_round() -> None:
    """What was done is counted; what ended, failed or is taken is told when it begins."""
    one, two = rendered()
    standing = told(CLUSTER + "  duration: 1h\n", done=[Change(None, one), Change(None, two), Change(one, two)])
    words = [(notice.type, notice.reason, notice.message) for notice in notices({standing.ref: standing}, {})]
    assert words == [
        ("Normal", "Reconciled", "created 2, changed 1 NetworkPolicies"),
        ("Normal", "Expired", "the access expired at 2026-11-25T11:00:00Z"),
        ("Warning", "Advice", words[2][2]),
    ]
    assert words[2][2].startswith("spec.direction: closes egress of app=ledger in bank, ")
    troubled = told(foreign=[one], blocked=[(one, "x"), (two, "x")], failed=[(Change(one, None), "no")])
    words = [notice[1:3] for notice in notices({standing.ref: troubled}, {standing.ref: standing})]
    assert words == [("Warning", "NameTaken"), ("Warning", "WriteFailed"), ("Warning", "PruneBlocked")]


def test_a_service_is_told_of_its_annotations_only() -> None:
    """Warnings as well as errors: whoever wrote an annotation reads them there."""
    text = CLUSTER.replace("{ANNOTATION}", "{maxtac.vtk.io.access/direction: sideways, maxtac.vtk.io/x: 'on'}")
    report = Report()
    compiler.compile_intents(list[Resource](read(text.encode(), "live", report)), Options(), report)
    about = of_services(report.sorted())
    assert {notice.ref.name for notice in about} == {"web"}
    assert {notice.message.rpartition("(")[2] for notice in about} == {"unknown-annotation)", "unmatched-annotation)"}
