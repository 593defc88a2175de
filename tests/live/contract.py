"""What an API server does, as tests: the same ones run against the fake server and against the real one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

Body = dict[str, Any]
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"
ACCESSES = "/apis/maxtac.vtk.io/v1alpha1"


class Response(NamedTuple):
    """What a server answered; header names in lower case."""

    status: int
    headers: dict[str, str]
    text: str

    def json(self) -> Any:
        """The answer, decoded."""
        return json.loads(self.text)

    def lines(self) -> list[Body]:
        """The events of a watch."""
        return [json.loads(line) for line in self.text.splitlines()]


class Send(Protocol):
    """Sends a request with a body that is JSON: ``send("GET", "/version")``."""

    def __call__(
        self, method: str, path: str, body: object = None, content: str = "application/json", **headers: str
    ) -> Response: ...


class Server(NamedTuple):
    """A server under test: its administrator, a namespace for the test, and someone who may list nothing in it."""

    send: Send
    namespace: str
    limited: Send

    def path(self, plural: str = "networkpolicies", name: str = "", group: str = "networking.k8s.io/v1") -> str:
        """The path of an object, or of all in the namespace."""
        root = "/api/v1" if group == "v1" else f"/apis/{group}"
        return f"{root}/namespaces/{self.namespace}/{plural}" + (f"/{name}" if name else "")

    def policy(self, name: str = "web", **spec: Any) -> Body:
        """Create a policy."""
        answer = self.send("POST", self.path(), policy(name, **spec))
        assert answer.status == 201, answer.text
        return answer.json()

    def patch(self, body: Body, *operations: Body, path: str = "", query: str = "") -> Response:
        """Patch a policy on the condition of its uid and resourceVersion."""
        meta = body["metadata"]
        conditions = [
            {"op": "replace", "path": f"/metadata/{field}", "value": meta[field]}
            for field in ("uid", "resourceVersion")
        ]
        return self.send(
            "PATCH", (path or self.path(name=meta["name"])) + query, [*conditions, *operations], JSON_PATCH
        )

    def access(self, name: str = "web") -> Body:
        """Create an Access."""
        body = {"apiVersion": "maxtac.vtk.io/v1alpha1", "kind": "Access", "metadata": {"name": name}}
        spec = {"serviceSelector": {}, "direction": "ingress", "targets": [{"serviceName": "a", "namespace": "b"}]}
        answer = self.send("POST", self.path("accesses", group="maxtac.vtk.io/v1alpha1"), {**body, "spec": spec})
        assert answer.status == 201, answer.text
        return answer.json()

    def apply(self, name: str, status: Body, manager: str = "test") -> Response:
        """Apply the status of an Access."""
        body = {"apiVersion": "maxtac.vtk.io/v1alpha1", "kind": "Access", "metadata": {"name": name}, "status": status}
        path = self.path("accesses", f"{name}/status", "maxtac.vtk.io/v1alpha1")
        return self.send("PATCH", f"{path}?fieldManager={manager}&force=true", body, APPLY)


def policy(name: str, **spec: Any) -> Body:
    """A policy that isolates, unless spec says more."""
    body = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name}}
    return {**body, "spec": {"podSelector": {"matchLabels": {"app": name}}, **spec}}


SPEC = {"op": "replace", "path": "/spec", "value": {"podSelector": {}, "policyTypes": ["Ingress"]}}


def what_is_created_has_all_that_the_server_adds(server: Server) -> None:
    meta = server.policy()["metadata"]
    assert meta["uid"]
    assert int(meta["resourceVersion"]) > 0
    assert (meta["generation"], meta["namespace"]) == (1, server.namespace)
    assert meta["creationTimestamp"].endswith("Z")
    assert meta["managedFields"][0]["operation"] == "Update"
    assert server.send("GET", server.path(name="web")).json()["metadata"] == meta


def a_policy_gets_protocols_and_types(server: Server) -> None:
    spec = server.policy(ingress=[{"ports": [{"port": 80}]}], egress=[{"ports": [{"port": 53, "protocol": "UDP"}]}])[
        "spec"
    ]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert spec["ingress"][0]["ports"] == [{"port": 80, "protocol": "TCP"}]
    assert spec["egress"][0]["ports"] == [{"port": 53, "protocol": "UDP"}]
    assert server.policy("other")["spec"]["policyTypes"] == ["Ingress"]


def a_second_one_of_the_name_is_refused(server: Server) -> None:
    server.policy()
    answer = server.send("POST", server.path(), policy("web"))
    refused(answer, 409, "AlreadyExists", 'networkpolicies.networking.k8s.io "web" already exists')


def nothing_is_created_in_a_namespace_that_is_not_there(server: Server) -> None:
    path = "/apis/networking.k8s.io/v1/namespaces/nowhere/networkpolicies"
    refused(server.send("POST", path, policy("web")), 404, "NotFound", 'namespaces "nowhere" not found')


def a_terminating_namespace_takes_changes_only(server: Server) -> None:
    stored = server.policy()
    assert server.send("DELETE", f"/api/v1/namespaces/{server.namespace}").json()["status"]["phase"] == "Terminating"
    answer = server.send("POST", server.path(), policy("other"))
    refused(answer, 403, "Forbidden", "because it is being terminated")
    assert answer.json()["details"]["causes"][0]["reason"] == "NamespaceTerminating"
    assert server.patch(stored, SPEC).status == 200
    assert server.send("DELETE", server.path(name="web")).status == 200


def bad_values_are_invalid(server: Server) -> None:
    for name, spec in (
        ("web", {"ingress": [{"from": [{"ipBlock": {"cidr": "192.0.2.0/33"}}]}]}),
        ("A", {}),
        ("x" * 254, {}),
    ):
        answer = server.send("POST", server.path(), policy(name, **spec))
        refused(answer, 422, "Invalid", f'NetworkPolicy.networking.k8s.io "{name}" is invalid')
        assert answer.json()["details"]["causes"][0]["field"]
    labelled = policy("web")
    labelled["metadata"]["labels"] = {"a": "x" * 64}
    refused(server.send("POST", server.path(), labelled), 422, "Invalid", "is invalid: metadata.labels")


def what_does_not_fit_its_path_is_a_bad_request(server: Server) -> None:
    refused(server.send("POST", server.path(), "{"), 400, "BadRequest", "")
    refused(server.send("POST", server.path(), policy("web") | {"kind": "Lease"}), 400, "BadRequest", "")
    elsewhere = policy("web") | {"metadata": {"name": "web", "namespace": "other"}}
    refused(server.send("POST", server.path(), elsewhere), 400, "BadRequest", "does not match the namespace")


def a_field_that_is_not_known_is_dropped_or_refused(server: Server) -> None:
    strict = server.send("POST", f"{server.path()}?fieldValidation=Strict", policy("web", none=1))
    refused(strict, 400, "BadRequest", 'strict decoding error: unknown field "spec.none"')
    assert "none" not in server.policy("web", none=1)["spec"]


def a_strange_cidr_is_stored_with_a_warning(server: Server) -> None:
    answer = server.send(
        "POST", server.path(), policy("web", ingress=[{"from": [{"ipBlock": {"cidr": "2001:DB8::/32"}}]}])
    )
    assert answer.status == 201
    assert answer.headers["warning"].startswith('299 - "')
    assert "2001:DB8::/32" in answer.headers["warning"]


def a_patch_with_the_right_conditions_changes(server: Server) -> None:
    stored = server.policy()
    labels = {"op": "add", "path": "/metadata/labels", "value": {"a/b": "c"}}
    changed = server.patch(stored, SPEC, labels).json()
    assert changed["spec"] == SPEC["value"]
    assert changed["metadata"]["labels"] == {"a/b": "c"}
    assert changed["metadata"]["generation"] == 2
    assert changed["metadata"]["resourceVersion"] != stored["metadata"]["resourceVersion"]
    again = server.patch(changed, {"op": "remove", "path": "/metadata/labels/a~1b"}).json()
    assert (again["metadata"].get("labels"), again["metadata"]["generation"]) == (None, 2)


def a_patch_on_stale_conditions_is_refused(server: Server) -> None:
    stored = server.policy()
    assert server.patch(stored, SPEC).status == 200
    refused(server.patch(stored, SPEC), 409, "Conflict", "the object has been modified")
    fresh = server.send("GET", server.path(name="web")).json()
    fresh["metadata"]["uid"] = "11111111-1111-1111-1111-111111111111"
    refused(server.patch(fresh, SPEC), 422, "Invalid", "field is immutable")
    refused(server.patch(fresh, SPEC, path=server.path(name="other")), 404, "NotFound", '"other" not found')


def a_patch_that_does_not_fit_is_refused(server: Server) -> None:
    stored = server.policy()
    for operation in (
        {"op": "test", "path": "/metadata/name", "value": "other"},
        {"op": "remove", "path": "/metadata/labels/a"},
        {"op": "add", "path": "/metadata/labels/a", "value": "b"},
        {"op": "test", "path": "/metadata/labels/a", "value": "b"},
    ):
        refused(server.patch(stored, operation), 422, "Invalid", "due to an error in our request")


def a_patch_that_changes_nothing_writes_nothing(server: Server) -> None:
    stored = server.policy()
    same = {"op": "replace", "path": "/spec", "value": stored["spec"]}
    assert server.patch(stored, same).json()["metadata"]["resourceVersion"] == stored["metadata"]["resourceVersion"]


def a_dry_run_stores_nothing(server: Server) -> None:
    assert server.send("POST", f"{server.path()}?dryRun=All", policy("web")).status == 201
    assert server.send("GET", server.path(name="web")).status == 404
    stored = server.policy()
    assert server.patch(stored, SPEC, query="?dryRun=All").json()["spec"] == SPEC["value"]
    assert server.send("DELETE", server.path(name="web"), {"dryRun": ["All"]}).status == 200
    assert server.send("GET", server.path(name="web")).json() == stored


def a_delete_asks_for_what_it_knows(server: Server) -> None:
    meta = server.policy()["metadata"]
    for field in ("uid", "resourceVersion"):
        right = {key: meta[key] for key in ("uid", "resourceVersion")}
        answer = server.send("DELETE", server.path(name="web"), {"preconditions": {**right, field: "1"}})
        refused(answer, 409, "Conflict", "in the precondition (1) does not match")
    assert server.send("DELETE", server.path(name="web"), {"preconditions": right}).status == 200
    answer = server.send("DELETE", server.path(name="web"), {"preconditions": right})
    refused(answer, 404, "NotFound", 'networkpolicies.networking.k8s.io "web" not found')


def a_finalizer_holds_what_is_deleted(server: Server) -> None:
    server.policy()
    path = server.path(name="web")
    hold = {"op": "add", "path": "/metadata/finalizers", "value": ["example.com/hold"]}
    assert server.send("PATCH", path, [hold], JSON_PATCH).status == 200
    assert server.send("DELETE", path).status == 200
    assert server.send("GET", path).json()["metadata"]["deletionTimestamp"]
    assert server.send("PATCH", path, [{"op": "remove", "path": "/metadata/finalizers"}], JSON_PATCH).status == 200
    assert server.send("GET", path).status == 404


def pages_show_one_moment(server: Server) -> None:
    for name in "abcde":
        server.policy(name)
    first = server.send("GET", f"{server.path()}?limit=2").json()
    server.policy("bb")
    server.send("DELETE", server.path(name="c"))
    names, page = [each["metadata"]["name"] for each in first["items"]], first
    while "continue" in page["metadata"]:
        page = server.send("GET", f"{server.path()}?limit=2&continue={page['metadata']['continue']}").json()
        assert page["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
        names += [each["metadata"]["name"] for each in page["items"]]
    assert names == [*"abcde"]
    assert first["metadata"]["remainingItemCount"] == 3
    assert (first["kind"], first["apiVersion"]) == ("NetworkPolicyList", "networking.k8s.io/v1")
    assert "kind" not in first["items"][0]


def a_selector_selects(server: Server) -> None:
    for name in "abc":
        body = policy(name)
        body["metadata"]["labels"] = {"name": name, **({"odd": ""} if name != "b" else {})}
        assert server.send("POST", server.path(), body).status == 201
    wanted = {
        "name%3Da": "a",
        "name!%3Da": "bc",
        "odd": "ac",
        "!odd": "b",
        "name+in+(a,b),odd": "a",
        "name+notin+(a)": "bc",
    }
    for selector, names in wanted.items():
        page = server.send("GET", f"{server.path()}?labelSelector={selector}&limit=1").json()
        found = server.send("GET", f"{server.path()}?labelSelector={selector}").json()["items"]
        assert "".join(each["metadata"]["name"] for each in found) == names, selector
        assert "remainingItemCount" not in page["metadata"]


def versions_of_lists(server: Server) -> None:
    for name in "abc":
        server.policy(name)
    listed = server.send("GET", f"{server.path()}?limit=1&resourceVersion=0&resourceVersionMatch=NotOlderThan")
    assert len(listed.json()["items"]) == 3
    revision = listed.json()["metadata"]["resourceVersion"]
    server.policy("d")
    exact = server.send("GET", f"{server.path()}?resourceVersion={revision}&resourceVersionMatch=Exact")
    assert (len(exact.json()["items"]), exact.json()["metadata"]["resourceVersion"]) == (3, revision)
    future = server.send("GET", f"{server.path()}?resourceVersion={int(revision) + 100000}")
    refused(future, 504, "Timeout", "Too large resource version")
    assert future.json()["details"]["retryAfterSeconds"] == 1
    assert server.send("GET", f"{server.path()}?resourceVersion=none").status == 400
    assert server.send("GET", f"{server.path()}?watch=1&resourceVersion=none").status == 500


def a_watch_tells_changes_in_order(server: Server) -> None:
    revision = server.send("GET", server.path()).json()["metadata"]["resourceVersion"]
    stored = server.policy()
    changed = server.patch(stored, SPEC).json()
    server.send("DELETE", server.path(name="web"))
    seen = server.send("GET", f"{server.path()}?watch=1&resourceVersion={revision}&timeoutSeconds=1").lines()
    assert [event["type"] for event in seen] == ["ADDED", "MODIFIED", "DELETED"]
    assert [event["object"] for event in seen[:2]] == [stored, changed]
    assert int(seen[2]["object"]["metadata"]["resourceVersion"]) > int(changed["metadata"]["resourceVersion"])


def a_watch_tells_what_leaves_its_selection(server: Server) -> None:
    revision = server.send("GET", server.path()).json()["metadata"]["resourceVersion"]
    stored = server.policy()
    for value in ("yes", "no"):
        labels = {"op": "add", "path": "/metadata/labels", "value": {"wanted": value}}
        stored = server.patch(stored, labels).json()
    watch = f"{server.path()}?watch=1&resourceVersion={revision}&timeoutSeconds=1&labelSelector=wanted%3Dyes"
    assert [event["type"] for event in server.send("GET", watch).lines()] == ["ADDED", "DELETED"]


def a_watch_from_long_ago_is_gone(server: Server) -> None:
    answer = server.send("GET", f"{server.path()}?watch=1&resourceVersion=1&timeoutSeconds=5")
    (event,) = answer.lines()
    assert (answer.status, event["type"]) == (200, "ERROR")
    assert (event["object"]["code"], event["object"]["reason"]) == (410, "Expired")
    assert event["object"]["message"].startswith("too old resource version: 1 (")


def a_watch_without_a_version_begins_with_what_there_is(server: Server) -> None:
    stored = server.policy()
    (event,) = server.send("GET", f"{server.path()}?watch=1&timeoutSeconds=1").lines()
    assert event == {"type": "ADDED", "object": stored}


def an_unknown_kind_is_no_status(server: Server) -> None:
    answer = server.send("GET", "/apis/maxtac.vtk.io/v1alpha1/nonesuches")
    assert (answer.status, answer.text) == (404, "404 page not found\n")
    assert answer.headers["content-type"].startswith("text/plain")


def a_wrong_token_is_unauthorized(server: Server) -> None:
    refused(server.send("GET", server.path(), Authorization="Bearer wrong"), 401, "Unauthorized", "Unauthorized")


def what_is_not_allowed_is_forbidden(server: Server) -> None:
    message = f'in API group "networking.k8s.io" in the namespace "{server.namespace}"'
    answer = server.limited("GET", server.path())
    refused(answer, 403, "Forbidden", message)
    assert 'cannot list resource "networkpolicies"' in answer.json()["message"]
    assert answer.json()["details"]["kind"] == "networkpolicies"
    answer = server.limited("POST", server.path(), policy("web"))
    refused(answer, 403, "Forbidden", 'cannot create resource "networkpolicies"')


def a_lease_changes_by_its_version(server: Server) -> None:
    path = server.path("leases", group="coordination.k8s.io/v1")
    body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "leader"}, "spec": {}}
    stored = server.send("POST", path, body).json()
    stored["spec"] = {"holderIdentity": "a", "leaseDurationSeconds": 15, "leaseTransitions": 1}
    changed = server.send("PUT", f"{path}/leader", stored)
    assert (changed.status, changed.json()["spec"]) == (200, stored["spec"])
    stored["spec"]["holderIdentity"] = "b"
    refused(server.send("PUT", f"{path}/leader", stored), 409, "Conflict", "the object has been modified")
    refused(server.send("PUT", f"{path}/leader", body), 422, "Invalid", "must be specified for an update")
    body["metadata"]["name"] = "other"
    assert server.send("PUT", f"{path}/other", body).status == 201


def a_status_is_applied_alone(server: Server) -> None:
    stored = server.access()
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "A",
        "message": "b",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    deadline = "2026-01-02T00:00:00Z"
    first = server.apply("web", {"conditions": [ready], "expirationTimestamp": deadline, "netpols": []}).json()
    assert first["status"] == {"conditions": [ready], "expirationTimestamp": deadline, "netpols": []}
    assert first["metadata"]["generation"] == 1
    assert first["metadata"]["resourceVersion"] != stored["metadata"]["resourceVersion"]
    again = server.apply("web", {"conditions": [ready], "expirationTimestamp": deadline, "netpols": []}).json()
    assert again["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    other = server.apply("web", {"conditions": [{**ready, "type": "Other"}]}, "another").json()
    assert [each["type"] for each in other["status"]["conditions"]] == ["Ready", "Other"]
    left = server.apply("web", {"conditions": [ready]}).json()["status"]
    assert set(left) == {"conditions"}
    assert [each["type"] for each in left["conditions"]] == ["Ready", "Other"]
    assert server.apply("none", {"conditions": [ready]}).status == 404
    for wrong in ({"nonesuch": 1}, {"conditions": [ready, ready]}):
        refused(server.apply("web", wrong), 500, "", "failed to create typed patch object")


def a_status_is_no_part_of_the_rest(server: Server) -> None:
    path = server.path("accesses", group="maxtac.vtk.io/v1alpha1")
    body = {"apiVersion": "maxtac.vtk.io/v1alpha1", "kind": "Access", "metadata": {"name": "web"}}
    spec, status = {"serviceSelector": {}}, {"expirationTimestamp": "2026-01-02T00:00:00Z"}
    stored = server.send("POST", path, {**body, "spec": spec, "status": status}).json()
    assert "status" not in stored
    patch = [{"op": "add", "path": "/status", "value": status}]
    unchanged = server.send("PATCH", f"{path}/web", patch, JSON_PATCH).json()
    assert unchanged["metadata"]["resourceVersion"] == stored["metadata"]["resourceVersion"]
    (listed,) = server.send("GET", path).json()["items"]
    assert (listed["kind"], listed["apiVersion"]) == ("Access", "maxtac.vtk.io/v1alpha1")


def a_large_answer_is_compressed(server: Server) -> None:
    for number in range(2):
        body = policy(f"large-{number}")
        body["metadata"]["annotations"] = {"a": "b" * 100_000}
        assert server.send("POST", server.path(), body).status == 201
    assert server.send("GET", server.path(), Accept_Encoding="gzip").headers["content-encoding"] == "gzip"
    assert "content-encoding" not in server.send("GET", server.path()).headers
    assert "content-encoding" not in server.send("GET", server.path(name="large-1"), Accept_Encoding="gzip").headers


def bookmarks_come_at_the_end(server: Server) -> None:
    """The real one sends none on a watch that is too short, so this only looks at what comes if one comes."""
    revision = server.send("GET", server.path()).json()["metadata"]["resourceVersion"]
    watch = f"{server.path()}?watch=1&resourceVersion={revision}&timeoutSeconds=4&allowWatchBookmarks=true"
    began = time.monotonic()
    for event in server.send("GET", watch).lines():
        assert event["type"] == "BOOKMARK"
        assert event["object"]["kind"] == "NetworkPolicy"
        assert int(event["object"]["metadata"]["resourceVersion"]) >= int(revision)
    assert time.monotonic() - began >= 3


def refused(answer: Response, status: int, reason: str, message: str) -> None:
    """Assert that an answer is a Status with a reason, and a message that holds a text."""
    assert answer.status == status, answer.text
    body = answer.json()
    assert (body["kind"], body["status"], body["code"]) == ("Status", "Failure", status)
    assert body.get("reason", "") == reason
    assert message in body["message"], body["message"]


CONTRACT: tuple[Callable[[Server], None], ...] = (
    what_is_created_has_all_that_the_server_adds,
    a_policy_gets_protocols_and_types,
    a_second_one_of_the_name_is_refused,
    nothing_is_created_in_a_namespace_that_is_not_there,
    a_terminating_namespace_takes_changes_only,
    bad_values_are_invalid,
    what_does_not_fit_its_path_is_a_bad_request,
    a_field_that_is_not_known_is_dropped_or_refused,
    a_strange_cidr_is_stored_with_a_warning,
    a_patch_with_the_right_conditions_changes,
    a_patch_on_stale_conditions_is_refused,
    a_patch_that_does_not_fit_is_refused,
    a_patch_that_changes_nothing_writes_nothing,
    a_dry_run_stores_nothing,
    a_delete_asks_for_what_it_knows,
    a_finalizer_holds_what_is_deleted,
    pages_show_one_moment,
    a_selector_selects,
    versions_of_lists,
    a_watch_tells_changes_in_order,
    a_watch_tells_what_leaves_its_selection,
    a_watch_from_long_ago_is_gone,
    a_watch_without_a_version_begins_with_what_there_is,
    an_unknown_kind_is_no_status,
    a_wrong_token_is_unauthorized,
    what_is_not_allowed_is_forbidden,
    a_lease_changes_by_its_version,
    a_status_is_applied_alone,
    a_status_is_no_part_of_the_rest,
    a_large_answer_is_compressed,
    bookmarks_come_at_the_end,
)
