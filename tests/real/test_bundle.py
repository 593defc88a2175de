"""The controller's bundle on a real API server: it is taken, so are its pods, and its account may what it must."""

from __future__ import annotations

import http.client
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
import yaml

from maxtac_render import bundle
from maxtac_render.bundle import rights
from maxtac_render.bundle.choice import CONTROLLER, LABELS, Choice
from maxtac_render.bundle.guard import CLEANERS
from maxtac_render.frontends.maxtac import schema
from maxtac_render.model.names import lease_name
from maxtac_render.model.ownership import WATCH, writing_labels

from .conftest import Run
from .control_plane import ControlPlane, Response, free_ports
from .control_plane import control_plane as start

PROJECT = Path(__file__).parents[2]
WITHIN = 30.0
MERGE = "application/merge-patch+json"
VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")

Object = dict[str, Any]


def printed(*arguments: str) -> str:
    """What ``maxtac manifests controller`` prints."""
    command = [sys.executable, "-m", "maxtac_render", "manifests", "controller", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def built(kustomize: Path, directory: Path) -> list[Object]:
    """What kustomize makes of a directory."""
    done = subprocess.run([kustomize, "build", directory], capture_output=True, text=True, check=True, timeout=60)
    return list(yaml.safe_load_all(done.stdout))


def test_the_base_for_kustomize_is_what_is_printed(part: Callable[[str], Path]) -> None:
    """The same objects in the same order."""
    assert built(part("kustomize"), PROJECT / bundle.DEPLOY) == list(yaml.safe_load_all(printed()))


def test_the_components_are_what_the_options_add(part: Callable[[str], Path], tmp_path: Path) -> None:
    """In an overlay, which may set an image, too."""
    base = f"{'../' * len(tmp_path.resolve().parts[1:])}{PROJECT.relative_to('/')}/{bundle.DEPLOY}"
    overlay = {
        "resources": [base],
        "components": [f"{base}/components/service-monitor", f"{base}/components/admission-policy"],
        "images": [{"name": "maxtac-render", "newName": "registry.example/maxtac-render", "newTag": "7"}],
    }
    (tmp_path / "kustomization.yaml").write_text(json.dumps(overlay))
    arguments = ["--service-monitor", "--admission-policy", "--image=registry.example/maxtac-render:7"]
    wanted = list(yaml.safe_load_all(printed(*arguments)))
    made = built(part("kustomize"), tmp_path)
    assert sorted(made, key=_identity) == sorted(wanted, key=_identity)


def _identity(body: Object) -> tuple[str, str]:
    return body["kind"], body["metadata"]["name"]


class Installed(NamedTuple):
    """A bundle in a cluster, what was printed of it, and whoever has its account's token."""

    choice: Choice
    text: str
    controller: ControlPlane


def installed_as(plane: ControlPlane, kubectl: Run, choice: Choice, *arguments: str) -> Installed:
    """Install a bundle."""
    text = printed(f"--namespace={choice.namespace}", f"--set={choice.set}", *arguments)
    done = kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=text)
    assert done.returncode == 0, done.stderr
    path = f"/api/v1/namespaces/{choice.namespace}/serviceaccounts/{CONTROLLER}/token"
    token = plane.request("POST", path, {"spec": {"expirationSeconds": 3600}}).json()["status"]["token"]
    return Installed(choice, text, replace(plane, token=token))


def a_choice() -> Choice:
    """A namespace and a set that nobody else has."""
    name = f"test-{secrets.token_hex(4)}"
    return Choice(name, set=f"set-{name}", lease=lease_name(f"set-{name}"))


@pytest.fixture(scope="module")
def installed(
    control_plane: ControlPlane, part: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installed]:
    """The bundle with the admission policy."""
    cache = tmp_path_factory.mktemp("cache")
    program = [str(part("kubectl")), f"--kubeconfig={control_plane.kubeconfig}", f"--cache-dir={cache}"]

    def kubectl(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = [*program, *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=120)

    one = installed_as(control_plane, kubectl, a_choice(), "--admission-policy")
    yield one
    binding = one.choice.cluster_name("maxtac-owned-networkpolicies")
    kubectl("delete", "--wait=false", "validatingadmissionpolicybinding", binding)


def test_a_second_apply_changes_nothing(installed: Installed, kubectl: Run, control_plane: ControlPlane) -> None:
    """Neither does a server-side dry run: the API server keeps all as it was sent."""
    name, text = installed.choice.namespace, installed.text
    for dry in (["--dry-run=server"], []):
        versions = _versions(control_plane, name)
        done = kubectl("apply", "--server-side", "-f", "-", *dry, stdin=text)
        assert done.returncode == 0, done.stderr
        assert _versions(control_plane, name) == versions
    assert kubectl("diff", "--server-side", "-f", "-", stdin=text).returncode == 0


def _versions(plane: ControlPlane, namespace: str) -> list[str]:
    paths = (
        f"/apis/apps/v1/namespaces/{namespace}/deployments",
        f"/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies",
        f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets",
        f"/api/v1/namespaces/{namespace}/services",
    )
    items = [plane.request("GET", path).json()["items"] for path in paths]
    assert all(items)
    return [each["metadata"]["resourceVersion"] for several in items for each in several]


def test_the_crds_are_those_of_manifests_crds() -> None:
    """Not one more, and none otherwise."""
    objects = list(yaml.safe_load_all(printed()))
    assert [each for each in objects if each["kind"] == "CustomResourceDefinition"] == schema.crds()
    assert objects == bundle.objects(Choice())


def pod(plane: ControlPlane, installed: Installed) -> Object:
    """The pod that the Deployment would make."""
    path = f"/apis/apps/v1/namespaces/{installed.choice.namespace}/deployments/{CONTROLLER}"
    template = plane.request("GET", path).json()["spec"]["template"]
    return {"metadata": {**template["metadata"], "generateName": f"{CONTROLLER}-"}, "spec": template["spec"]}


def test_a_restricted_namespace_takes_its_pods(control_plane: ControlPlane, installed: Installed) -> None:
    """And refuses one that gives up any of the restrictions, so that it is no matter of luck."""
    path = f"/api/v1/namespaces/{installed.choice.namespace}/pods"
    good = pod(control_plane, installed)
    answer = control_plane.request("POST", path, good)
    assert answer.status == 201, answer.text
    for weaken in (_as_root, _unconfined, _escalating, _capable, _on_the_host):
        bad = json.loads(json.dumps(good))
        weaken(bad["spec"])
        answer = control_plane.request("POST", path, bad)
        assert answer.status == 403, weaken
        assert "violates PodSecurity" in answer.json()["message"]


def _as_root(spec: Object) -> None:
    del spec["securityContext"]["runAsNonRoot"]


def _unconfined(spec: Object) -> None:
    del spec["securityContext"]["seccompProfile"]


def _escalating(spec: Object) -> None:
    del spec["containers"][0]["securityContext"]["allowPrivilegeEscalation"]


def _capable(spec: Object) -> None:
    del spec["containers"][0]["securityContext"]["capabilities"]


def _on_the_host(spec: Object) -> None:
    spec["hostNetwork"] = True


Rights = set[tuple[str, str, str]]
"""Verb, group and resource."""


def resources(plane: ControlPlane) -> Iterator[tuple[str, str]]:
    """Group and name of every resource that the API server has, subresources too."""
    groups = plane.request("GET", "/apis").json()["groups"]
    versions = ["/api/v1", *(f"/apis/{each['preferredVersion']['groupVersion']}" for each in groups)]
    for path in versions:
        group = path.removeprefix("/apis/").rpartition("/")[0] if path != "/api/v1" else ""
        yield from ((group, each["name"]) for each in plane.request("GET", path).json()["resources"])


def rights_in(plane: ControlPlane, namespace: str) -> Rights:
    """All that whoever has the token may do in a namespace, asked one by one."""
    found: Rights = set()
    for group, name in sorted(set(resources(plane))):
        resource, _, subresource = name.partition("/")
        for verb in VERBS:
            asked = {
                "namespace": namespace,
                "verb": verb,
                "group": group,
                "resource": resource,
                "subresource": subresource,
            }
            body = {"spec": {"resourceAttributes": asked}}
            answer = plane.request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body)
            if answer.json()["status"]["allowed"]:
                found.add((verb, group, name))
    return found


def given(rules: list[Object]) -> Rights:
    """What rules of a role allow."""
    return {
        (verb, group, resource)
        for rule in rules
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


def test_the_account_may_what_it_needs_and_nothing_else(control_plane: ControlPlane, installed: Installed) -> None:
    """Of all resources and verbs that the API server knows; Leases in its own namespace only."""
    path = f"/api/v1/namespaces/{installed.choice.namespace}/serviceaccounts"
    control_plane.request("POST", path, {"metadata": {"name": "nobody"}})
    token = control_plane.request("POST", f"{path}/nobody/token", {"spec": {}}).json()["status"]["token"]
    everybody = rights_in(replace(control_plane, token=token), "default")
    assert not everybody & given(rights.cluster_rules(deletes=True))
    assert rights_in(installed.controller, "default") - everybody == given(rights.cluster_rules())
    own = rights_in(installed.controller, installed.choice.namespace) - everybody
    assert own == given(rights.cluster_rules()) | {("create", "coordination.k8s.io", "leases")}


def test_the_account_may_renew_one_lease(installed: Installed) -> None:
    """The one of its set, and nobody else's."""
    where = {"namespace": installed.choice.namespace, "group": "coordination.k8s.io", "resource": "leases"}
    for name, wanted in ((lease_name(installed.choice.set), {"get", "update"}), ("another", set())):
        asked = [{"spec": {"resourceAttributes": {**where, "name": name, "verb": verb}}} for verb in VERBS]
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        answers = [installed.controller.request("POST", path, body).json()["status"]["allowed"] for body in asked]
        may = {verb for verb, allowed in zip(VERBS, answers, strict=True) if allowed}
        assert may - {"create"} == wanted


def test_secrets_and_resources_are_out_of_its_reach(installed: Installed) -> None:
    """Asked for real, and not as a review."""
    ask = installed.controller.request
    assert ask("GET", "/api/v1/services").status == 200
    assert ask("GET", "/apis/networking.k8s.io/v1/networkpolicies").status == 200
    for path in ("/api/v1/secrets", "/api/v1/configmaps", "/api/v1/nodes", "/api/v1/pods"):
        assert ask("GET", path).status == 403
    assert ask("DELETE", "/apis/maxtac.vtk.io/v1alpha1/namespaces/default/accesses/x").status == 403


def test_whoever_wants_expired_resources_deleted_gives_that_right() -> None:
    """And only then."""
    assert ("delete", "maxtac.vtk.io", "accesses") not in given(rights.cluster_rules())
    roles = [each for each in yaml.safe_load_all(printed("--", "--expired=delete")) if each["kind"] == "ClusterRole"]
    assert given(roles[0]["rules"]) - given(rights.cluster_rules()) == {
        ("delete", "maxtac.vtk.io", kind)
        for kind in ("accesses", "clusteraccesses", "externalaccesses", "clusterexternalaccesses")
    }


def policy(name: str, labels: Mapping[str, str]) -> Object:
    """A NetworkPolicy that closes nobody."""
    metadata = {"name": name, "labels": dict(labels)}
    spec = {"podSelector": {"matchLabels": {"no": "body"}}, "policyTypes": ["Ingress"]}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


@pytest.fixture
def policies(control_plane: ControlPlane, installed: Installed) -> str:
    """Where policies are, in a namespace in which the admission policy is at work."""
    path = f"/apis/networking.k8s.io/v1/namespaces/{control_plane.new_namespace()}/networkpolicies"
    body = policy("probe", dict(writing_labels(installed.choice.set, WATCH)))
    deadline = time.monotonic() + WITHIN
    while control_plane.request("POST", f"{path}?dryRun=All", body).status != 403:
        assert time.monotonic() < deadline, "the admission policy is not at work"
        time.sleep(0.1)
    return path


def refused(answer: Response, words: str) -> None:
    """The API server says no, and why."""
    assert answer.status == 403, answer.text
    assert words in answer.json()["message"]


def test_nobody_else_writes_the_policies_of_the_controller(
    control_plane: ControlPlane, installed: Installed, policies: str
) -> None:
    """Not even the administrator: neither changes, nor deletes, nor one that would count as the controller's."""
    labels = dict(writing_labels(installed.choice.set, WATCH))
    by_us, by_admin = installed.controller.request, control_plane.request
    assert by_us("POST", policies, policy("ours", labels)).status == 201
    assert by_us("PATCH", f"{policies}/ours", {"spec": {"policyTypes": ["Egress"]}}, MERGE).status == 200
    keeps = f"maxtac watch keeps this policy for the set {installed.choice.set}"
    gives = f"only maxtac watch gives a policy the labels of the set {installed.choice.set}"
    refused(by_admin("PATCH", f"{policies}/ours", {"spec": {"ingress": [{}]}}, MERGE), keeps)
    for key in labels:
        refused(by_admin("PATCH", f"{policies}/ours", {"metadata": {"labels": {key: None}}}, MERGE), keeps)
    refused(by_admin("DELETE", f"{policies}/ours"), keeps)
    refused(by_admin("DELETE", policies), keeps)
    refused(by_admin("POST", policies, policy("forged", labels)), gives)
    assert by_admin("POST", policies, policy("theirs", {"app": "x"})).status == 201
    refused(by_admin("PATCH", f"{policies}/theirs", {"metadata": {"labels": labels}}, MERGE), gives)
    assert by_us("DELETE", f"{policies}/ours").status == 200


def test_other_policies_are_everybodys(control_plane: ControlPlane, installed: Installed, policies: str) -> None:
    """Those without labels, without some of the labels, and those of other sets and writers."""
    ours = dict(writing_labels(installed.choice.set, WATCH))
    others = [{}, dict(writing_labels("another", WATCH)), dict(writing_labels(installed.choice.set, "apply"))]
    others += [{key: value for key, value in ours.items() if key != left} for left in ours]
    for number, labels in enumerate(others):
        name = f"p{number}"
        assert control_plane.request("POST", policies, policy(name, labels)).status == 201
        body = {"metadata": {"annotations": {"a": "b"}}}
        assert control_plane.request("PATCH", f"{policies}/{name}", body, MERGE).status == 200
        assert control_plane.request("DELETE", f"{policies}/{name}").status == 200
    bare = policy("bare", {})
    del bare["metadata"]["labels"]
    assert control_plane.request("POST", policies, bare).status == 201
    assert control_plane.request("DELETE", f"{policies}/bare").status == 200


@pytest.mark.parametrize("cleaner", CLEANERS)
def test_whoever_cleans_up_may(installed: Installed, policies: str, kubectl: Run, cleaner: str) -> None:
    """A namespace that is deleted takes its policies with it."""
    namespace = policies.split("/")[5]
    labels = dict(writing_labels(installed.choice.set, WATCH))
    assert installed.controller.request("POST", policies, policy("ours", labels)).status == 201
    groups = ["--as-group=system:masters"]  # so that only the admission policy could object
    done = kubectl("delete", "networkpolicy", "ours", "-n", namespace, "--wait=false", f"--as={cleaner}", *groups)
    assert done.returncode == 0, done.stderr


def original(namespace: str) -> list[Object]:
    """A bundle as the MaxTac controller's is, as far as one that replaces it has to do with it."""
    labels = {**LABELS, "app.kubernetes.io/managed-by": "kustomize"}
    where = {"namespace": namespace, "labels": labels}
    container = {
        "name": "manager",
        "image": "maxtac:v0",
        "command": ["/manager"],
        "args": ["--leader-elect", "--health-probe-bind-address=:8081"],
        "resources": {"limits": {"cpu": "500m", "memory": "128Mi"}},
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": 8081}},
    }
    template = {
        "metadata": {"labels": dict(LABELS)},
        "spec": {"containers": [container], "serviceAccountName": CONTROLLER, "terminationGracePeriodSeconds": 10},
    }
    deployment = {"replicas": 1, "selector": {"matchLabels": dict(LABELS)}, "template": template}
    ports = [{"name": "https", "port": 8443, "protocol": "TCP", "targetPort": 8443}]
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": CONTROLLER, **where}},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": {"name": "maxtac-leader-election-role", **where},
            "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "delete"]}],
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": f"{CONTROLLER}-metrics-service", **where},
            "spec": {"ports": ports, "selector": dict(LABELS)},
        },
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": CONTROLLER, **where}, "spec": deployment},
    ]


def test_it_takes_the_place_of_the_maxtac_controller(control_plane: ControlPlane, kubectl: Run) -> None:
    """Applied over its bundle, nothing of that is left: neither its program, nor its rights, nor its ports."""
    name = f"test-{secrets.token_hex(4)}"
    before = kubectl("apply", "-f", "-", stdin="---\n".join(map(yaml.safe_dump, original(name))))
    assert before.returncode == 0, before.stderr
    scaled = kubectl("scale", "-n", name, f"deployment/{CONTROLLER}", "--replicas=0")
    assert scaled.returncode == 0, scaled.stderr
    text = printed(f"--namespace={name}", "--set=other")
    done = kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=text)
    assert done.returncode == 0, done.stderr
    wanted = {(each["kind"], each["metadata"]["name"]): each for each in yaml.safe_load_all(text)}
    deployment = control_plane.request("GET", f"/apis/apps/v1/namespaces/{name}/deployments/{CONTROLLER}").json()
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    (ours,) = wanted["Deployment", CONTROLLER]["spec"]["template"]["spec"]["containers"]
    assert {key: container[key] for key in ("command", "args", "image", "resources")} == {
        key: ours[key] for key in ("command", "args", "image", "resources")
    }
    assert deployment["spec"]["replicas"] == 2
    assert deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 30
    role = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{name}/roles/maxtac-leader-election-role"
    assert control_plane.request("GET", role).json()["rules"] == rights.lease_rules(lease_name("other"))
    service = control_plane.request("GET", f"/api/v1/namespaces/{name}/services/{CONTROLLER}-metrics-service").json()
    assert [port["name"] for port in service["spec"]["ports"]] == ["metrics"]


def test_what_the_readme_has_people_look_at_and_label(installed: Installed, kubectl: Run) -> None:
    """Pods, resources of all four kinds, and a namespace that may read the metrics."""
    name = installed.choice.namespace
    kinds = "accesses,clusteraccesses,externalaccesses,clusterexternalaccesses"
    for words in (("get", "pods", "-n", name), ("get", kinds, "-A"), ("label", "namespace", name, "metrics=enabled")):
        done = kubectl(*words)
        assert done.returncode == 0, done.stderr


SERVICES = [
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": {"part": name}},
        "spec": {"selector": {"app": name}, "ports": [{"port": 80}]},
    }
    for name in ("web", "ledger")
]
ACCESS = {
    "apiVersion": "maxtac.vtk.io/v1alpha1",
    "kind": "Access",
    "metadata": {"name": "web-in"},
    "spec": {"serviceSelector": {"matchLabels": {"part": "web"}}, "direction": "ingress"},
}


@contextmanager
def controller(installed: Installed, directory: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The controller as its pod starts it, with its account's token, and the port at which it answers.

    It has no home, and nowhere to write.
    """
    (deployment,) = [body for body in yaml.safe_load_all(installed.text) if body["kind"] == "Deployment"]
    arguments = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
    metrics, health = free_ports(2)
    arguments = [
        word.replace(":8080", f"127.0.0.1:{metrics}").replace(":8081", f"127.0.0.1:{health}") for word in arguments
    ]
    plane = installed.controller
    config = json.loads(plane.kubeconfig.read_text())
    config["users"] = [{"name": "admin", "user": {"token": plane.token}}]
    config["contexts"][0]["context"]["namespace"] = installed.choice.namespace
    path = directory / "kubeconfig"
    path.write_text(json.dumps(config))
    environment = {
        "KUBECONFIG": str(path),
        "HOME": "/nonexistent",
        "TMPDIR": "/nonexistent",
        "PYTHONPATH": str(PROJECT),
    }
    command = [sys.executable, "-B", "-m", "maxtac_render", *arguments]
    with (directory / "log").open("w") as log:
        process = subprocess.Popen(command, cwd="/", env=environment, stdout=log, stderr=log, text=True)
    try:
        yield process, health
    finally:
        process.kill()
        process.wait()


def wait_for(condition: Callable[[], object], what: Callable[[], object]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + WITHIN
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.1)


def test_the_controller_works_with_its_account(
    control_plane: ControlPlane, installed: Installed, policies: str, kubectl: Run, tmp_path: Path
) -> None:
    """With the rights of the bundle, behind the admission policy: policies, status, events, Lease, and a clean end."""
    namespace = policies.split("/")[5]
    ask = control_plane.request
    accesses = f"/apis/maxtac.vtk.io/v1alpha1/namespaces/{namespace}/accesses"
    services = f"/api/v1/namespaces/{namespace}/services"
    for body in SERVICES:
        assert ask("POST", services, body).status == 201
    spec = {**ACCESS["spec"], "targets": [{"serviceName": "ledger", "namespace": namespace}]}
    assert ask("POST", accesses, {**ACCESS, "spec": spec}).status == 201

    def ready() -> str:
        conditions = ask("GET", f"{accesses}/web-in").json().get("status", {}).get("conditions", [])
        return "".join(each["status"] for each in conditions if each["type"] == "Ready")

    def log() -> str:
        return (tmp_path / "log").read_text()

    with controller(installed, tmp_path) as (process, health):
        wait_for(lambda: ready() == "True", log)
        with closing(http.client.HTTPConnection("127.0.0.1", health, timeout=10)) as connection:
            connection.request("GET", "/readyz")
            assert connection.getresponse().read() == b"ok\n"
        (made,) = ask("GET", policies).json()["items"]
        assert made["metadata"]["labels"].items() >= dict(writing_labels(installed.choice.set, WATCH)).items()
        assert ask("DELETE", f"{policies}/{made['metadata']['name']}").status == 403
        wrong = {"metadata": {"annotations": {"maxtac.vtk.io.access/direction": "sideways"}}}
        assert ask("PATCH", f"{services}/web", wrong, MERGE).status == 200
        wait_for(lambda: ready() == "False", log)
        assert ask("PATCH", f"{services}/web", {"metadata": {"annotations": None}}, MERGE).status == 200
        wait_for(lambda: ready() == "True", log)
        waited = kubectl("wait", "--for=condition=Ready", "access/web-in", "-n", namespace, "--timeout=10s")
        assert waited.returncode == 0, waited.stderr
        described = kubectl("describe", "access.maxtac.vtk.io", "web-in", "-n", namespace).stdout
        assert "created 1 NetworkPolicy" in described
        assert "direction" in kubectl("describe", "service", "web", "-n", namespace).stdout.partition("Events:")[2]
        assert ask("DELETE", f"{accesses}/web-in").status == 200
        wait_for(lambda: ask("GET", policies).json()["items"] == [], log)
        process.terminate()
        assert process.wait(WITHIN) == 0, log()
    place = f"/apis/coordination.k8s.io/v1/namespaces/{installed.choice.namespace}/leases/{installed.choice.lease}"
    assert not ask("GET", place).json()["spec"].get("holderIdentity")
    assert not re.search("forbidden|403|Traceback", log()), log()
    assert installed.controller.token not in log()
    assert all(json.loads(line)["time"] for line in log().splitlines())


def _cluster(plane: ControlPlane, **spec: Any) -> str:
    """A namespace with Services, and an Access of one to the other; how paths in it begin."""
    namespace = plane.new_namespace()
    for body in SERVICES:
        assert plane.request("POST", f"/api/v1/namespaces/{namespace}/services", body).status == 201
    targets = [{"serviceName": "ledger", "namespace": namespace}]
    path = f"/apis/maxtac.vtk.io/v1alpha1/namespaces/{namespace}/accesses"
    assert plane.request("POST", path, {**ACCESS, "spec": {**ACCESS["spec"], "targets": targets, **spec}}).status == 201
    return namespace


def test_expired_resources_are_deleted_where_that_is_asked_for(
    control_plane: ControlPlane, kubectl: Run, tmp_path: Path
) -> None:
    """With the right that comes with it; the policies go first."""
    one = installed_as(control_plane, kubectl, a_choice(), "--", "--expired=delete")
    namespace = _cluster(control_plane, duration="4s")
    access = f"/apis/maxtac.vtk.io/v1alpha1/namespaces/{namespace}/accesses/web-in"
    policies = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies"
    log = (tmp_path / "log").read_text
    with controller(one, tmp_path) as (process, _):
        wait_for(lambda: "created a policy" in log(), log)
        wait_for(lambda: control_plane.request("GET", access).status == 404, log)
        assert control_plane.request("GET", policies).json()["items"] == []
        process.terminate()
        assert process.wait(WITHIN) == 0, log()


def test_a_controller_of_one_namespace_has_rights_there_only(
    control_plane: ControlPlane, kubectl: Run, tmp_path: Path
) -> None:
    """They are enough, and in other namespaces it may do nothing."""
    namespace = _cluster(control_plane)
    one = installed_as(control_plane, kubectl, a_choice(), "--", "-n", namespace)
    access = f"/apis/maxtac.vtk.io/v1alpha1/namespaces/{namespace}/accesses/web-in"
    log = (tmp_path / "log").read_text
    with controller(one, tmp_path) as (process, _):
        wait_for(lambda: '"AllConditionsReady"' in control_plane.request("GET", access).text, log)
        told = f"/api/v1/namespaces/{namespace}/events"
        wait_for(lambda: control_plane.request("GET", told).json()["items"], log)
        process.terminate()
        assert process.wait(WITHIN) == 0, log()
    assert not re.search("forbidden|403|Traceback", log()), log()
    ask = one.controller.request
    assert ask("GET", f"/api/v1/namespaces/{namespace}/services").status == 200
    for path in ("/api/v1/services", "/api/v1/namespaces", "/api/v1/namespaces/default/services"):
        assert ask("GET", path).status == 403
    assert ask("POST", "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies", policy("x", {})).status == 403


POD = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mkdir -p /run/secrets/kubernetes.io/serviceaccount
cp "$1"/token "$1"/ca.crt "$1"/namespace /run/secrets/kubernetes.io/serviceaccount
mount -o remount,bind,ro /run
mount -o remount,bind,ro /
shift
cd /
exec "$@"
"""
"""What a pod has that a process has not: a disk that cannot be written to, and an account at its place."""


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="only root makes a disk read-only")
def test_the_controller_needs_no_disk_and_finds_its_account(
    control_plane: ControlPlane, installed: Installed, tmp_path: Path
) -> None:
    """As in its pod: nothing can be written anywhere, and nobody names a kubeconfig."""
    address = urlsplit(control_plane.server)
    files = {
        "token": installed.controller.token,
        "ca.crt": control_plane.ca.read_text(),
        "namespace": installed.choice.namespace,
        "pod": POD,
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    environment = {
        "KUBERNETES_SERVICE_HOST": str(address.hostname),
        "KUBERNETES_SERVICE_PORT": str(address.port),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(PROJECT),
    }
    arguments = ["watch", f"--set={installed.choice.set}", "--metrics-address=0", "--health-address=0"]
    python = [sys.executable, "-B", "-m", "maxtac_render", *arguments]
    with (tmp_path / "log").open("w") as log:
        command = ["unshare", "-m", "sh", str(tmp_path / "pod"), str(tmp_path), *python]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        place = f"/apis/coordination.k8s.io/v1/namespaces/{installed.choice.namespace}/leases/{installed.choice.lease}"
        read = (tmp_path / "log").read_text
        wait_for(lambda: control_plane.request("GET", place).json().get("spec", {}).get("holderIdentity"), read)
        process.terminate()
        assert process.wait(WITHIN) == 0, read()
    finally:
        process.kill()
        process.wait()


def test_an_older_api_server_takes_it(part: Callable[[str], Path], tmp_path: Path) -> None:
    """With all that is optional but the ServiceMonitor, which is no kind of its own."""
    with start(part, tmp_path, "--emulated-version=kube=1.34") as plane:
        command = [part("kubectl"), f"--kubeconfig={plane.kubeconfig}", f"--cache-dir={tmp_path / 'cache'}"]
        done = subprocess.run(
            [*command, "apply", "--server-side", "-f", "-"],
            input=printed("--admission-policy"),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert (done.returncode, done.stderr) == (0, "")
