"""Taking the place of the MaxTac controller in a cluster, step by step as deploy/README.md has it: nothing is gone."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from maxtac_render import bundle, compiler
from maxtac_render.bundle.choice import CONTROLLER, NAMESPACE, SET, Choice
from maxtac_render.frontends.maxtac import schema
from maxtac_render.manifests.read import read
from maxtac_render.manifests.write import stream
from maxtac_render.model.diagnostics import Report
from maxtac_render.model.intent import KINDS
from maxtac_render.model.options import Options
from maxtac_render.model.ownership import WATCH, writing_labels

from .control_plane import ControlPlane, control_plane
from .test_bundle import Installed, controller, original, printed, wait_for
from .test_crds import install

PROJECT = Path(__file__).parents[2]
README = (PROJECT / bundle.DEPLOY / "README.md").read_text()

Body = dict[str, Any]


def service(name: str, namespace: str) -> Body:
    """A Service that resources select by its name."""
    metadata = {"name": name, "namespace": namespace, "labels": {"part": name}}
    spec = {"selector": {"app": name}, "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def intent(kind: str, name: str, namespace: str = "") -> Body:
    """A resource that lets the ledger ask the web."""
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    targets = [{"serviceName": "ledger", "namespace": "bank"}]
    spec = {"serviceSelector": {"matchLabels": {"part": "web"}}, "targets": targets, "direction": "ingress"}
    return {"apiVersion": "maxtac.vtk.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


OBJECTS = [
    service("web", "shop"),
    service("ledger", "bank"),
    intent("Access", "web-in", "shop"),
    intent("ClusterAccess", "all-in"),
]


def path_of(body: Body) -> str:
    """Where objects of the kind of a body are."""
    kind, place = body["kind"], body["metadata"].get("namespace")
    root = "/api/v1" if kind == "Service" else f"/apis/{body['apiVersion']}"
    plural = {"Service": "services", "NetworkPolicy": "networkpolicies"}.get(kind) or KINDS[kind].plural
    return f"{root}/namespaces/{place}/{plural}" if place else f"{root}/{plural}"


@pytest.fixture(scope="module")
def plane(part: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A cluster of its own, in which the MaxTac controller has made its policies."""
    with control_plane(part, tmp_path_factory.mktemp("replacing")) as one:
        install(one, schema.crds(), lambda: True)
        for name in ("shop", "bank"):
            assert one.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}}).status == 201
        owners = {}
        for body in OBJECTS:
            answer = one.request("POST", path_of(body), body)
            assert answer.status == 201, answer.text
            owners[body["metadata"]["name"]] = answer.json()["metadata"]["uid"]
        resources = list(read("".join(stream(OBJECTS)).encode(), "cluster", Report()))
        output = compiler.compile_intents(resources, Options(compat="controller"), Report())
        for body, policy in zip(compiler.bodies(output.policies), output.policies, strict=True):
            assert policy.cause is not None
            ref = policy.cause.intent.ref
            owner = {"apiVersion": ref.api_version, "kind": ref.kind, "name": ref.name, "uid": owners[ref.name]}
            del body["metadata"]["annotations"]  # it writes none
            body["metadata"]["ownerReferences"] = [{**owner, "controller": True, "blockOwnerDeletion": True}]
            assert one.request("POST", path_of(body), body).status == 201
        yield one


def policies(plane: ControlPlane) -> dict[str, Body]:
    """All policies of the shop by name."""
    items = plane.request("GET", "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies").json()["items"]
    return {each["metadata"]["name"]: each for each in items}


def commands() -> list[str]:
    """What the README has people type, without the comments."""
    section = README.partition("## In the place of the MaxTac controller")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    return [line.partition("  #")[0].strip() for block in blocks for line in block.splitlines()]


def test_it_takes_the_place_of_the_maxtac_controller_step_by_step(
    plane: ControlPlane, part: Callable[[str], Path], tmp_path: Path
) -> None:
    """Policies that are taken over stay the same objects; at the end all are ours, and nothing was open meanwhile."""
    kubectl = f"{part('kubectl')} --cache-dir={tmp_path / 'cache'}"
    environment = {"KUBECONFIG": str(plane.kubeconfig), "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}

    def typed(command: str, *, fails: bool = False) -> str:
        done = subprocess.run(
            ["bash", "-c", re.sub("^kubectl", kubectl, command)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert (done.returncode != 0) == fails, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    (tmp_path / "original.yaml").write_text("".join(stream(original(NAMESPACE))))
    typed("kubectl apply -f original.yaml")
    before = policies(plane)
    assert set(before) == {"web-in--shop-web---ledger-bank-ing", "cluster-all-in--shop-web---ledger-bank-ing"}
    scale, look, adopt, manifests, apply, get, delete, delete_external = commands()
    typed(scale)
    assert "web-in--shop-web---ledger-bank-ing" in typed(look, fails=True)
    assert policies(plane) == before
    typed(adopt)
    adopted = policies(plane)["web-in--shop-web---ledger-bank-ing"]["metadata"]
    assert adopted["uid"] == before["web-in--shop-web---ledger-bank-ing"]["metadata"]["uid"]
    assert adopted["labels"].items() >= dict(writing_labels(SET, WATCH)).items()
    assert not adopted.get("ownerReferences")
    typed(manifests)
    typed(apply)
    token = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{CONTROLLER}/token"
    account = plane.request("POST", token, {"spec": {}}).json()["status"]["token"]
    with controller(Installed(Choice(), printed(), replace(plane, token=account)), tmp_path) as (process, _):
        wait_for(lambda: len(policies(plane)) == 3, (tmp_path / "log").read_text)
        wait_for(lambda: typed(get).count("True") == 2, lambda: typed(get))
        typed(delete)
        typed(delete_external)
        process.terminate()
        assert process.wait(30) == 0
    typed("kubectl delete deployment -n maxtac-system maxtac-controller-manager")
    after = policies(plane)
    assert set(after) == {"web-in--shop-web---ledger-bank-ing", "all-in--shop-web---ledger-bank-ing"}
    assert after["web-in--shop-web---ledger-bank-ing"]["metadata"]["uid"] == adopted["uid"]
    for body in after.values():
        assert body["metadata"]["labels"].items() >= dict(writing_labels(SET, WATCH)).items()
