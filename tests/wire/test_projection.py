"""What is kept of the objects of a cluster: all that counts, and nothing that could be a secret."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from maxtac_render.assembly import assemble
from maxtac_render.manifests.read import read
from maxtac_render.manifests.wanted import CLUSTER
from maxtac_render.model.catalogue import Code
from maxtac_render.model.diagnostics import Report
from maxtac_render.model.intent import API_VERSION, GROUP, KINDS
from maxtac_render.model.objects import METADATA, ObjectRef, Origin, Resource, nowhere
from maxtac_render.model.options import Options
from maxtac_render.model.ownership import NOISE
from maxtac_render.model.policy import Policy
from maxtac_render.wire import workload
from maxtac_render.wire.projection import projected

TESTDATA = Path(__file__).parents[2] / "testdata"
INPUTS = sorted({*TESTDATA.glob("cases/*/input"), *(TESTDATA / name for name in ("walkthrough", "shop", "semantics"))})
PLANTED = "hunter2"


def resources(directory: Path) -> list[Resource]:
    """What lies below a directory, without places: a cluster has none."""
    files = (path for path in sorted(directory.rglob("*.yaml")) if path.is_file())
    found = (each for path in files for each in read(path.read_bytes(), path.name, Report(), wanted=CLUSTER))
    return [each._replace(origin=each.origin._replace(places=nowhere)) for each in found]


def comparable(policy: Policy) -> Policy:
    """A policy without what it was made from, and without the books of tools."""
    annotations = tuple(pair for pair in policy.annotations if pair[0] not in NOISE)
    return policy._replace(annotations=annotations, cause=None)


def judged(given: list[Resource]) -> tuple[object, ...]:
    """What a cluster is taken for, and what is found in it."""
    report = Report()
    cluster, output = assemble(given, Options(namespace="shop"), report)
    services = [
        each._replace(annotations={key: text for key, text in each.annotations.items() if GROUP in key})
        for each in cluster.services
    ]
    policies = [each._replace(policy=comparable(each.policy)) for each in cluster.policies]
    rendered = [policy._replace(cause=None) for policy in output.policies]
    found = [(each.code, each.ref, each.field, each.message) for each in report.sorted() if each.code not in MILD]
    return cluster.namespaces, cluster.workloads, services, policies, rendered, found


MILD = {Code.UNQUOTED_VALUE, Code.IDENTICAL_COPY, Code.DUPLICATE_OBJECT}
"""What no API server can have: values that are no texts in the annotations of others, and an object twice."""


def kept(given: list[Resource]) -> list[Resource]:
    """The same as it is kept."""
    return [each._replace(body=projected(each.ref, each.body)) for each in given]


@pytest.mark.parametrize("directory", INPUTS, ids=lambda path: path.parent.name if path.name == "input" else path.name)
def test_what_is_kept_says_the_same(directory: Path) -> None:
    """A cluster of projections is the same cluster, with the same policies and the same findings."""
    given = resources(directory)
    assert judged(kept(given)) == judged(given)


@pytest.mark.parametrize("directory", INPUTS, ids=lambda path: path.parent.name if path.name == "input" else path.name)
def test_to_keep_twice_is_to_keep_once(directory: Path) -> None:
    """A projection is its own."""
    once = kept(resources(directory))
    assert kept(once) == once


def mapping(value: Any, key: str) -> dict[str, Any]:
    """A mapping in a body; what is none is taken for an empty one."""
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def planted(value: Any, path: tuple[str, ...] = ()) -> Any:
    """A body with secrets wherever the API has room for them."""
    if isinstance(value, list):
        return [planted(item, path) for item in value]
    if not isinstance(value, dict):
        return value
    grown = {key: planted(item, (*path, key)) for key, item in value.items()}
    if path[-1:] in (("containers",), ("initContainers",)):
        grown |= {
            "env": [{"name": "PASSWORD", "value": PLANTED}],
            "args": [f"--password={PLANTED}"],
            "command": [PLANTED],
            "livenessProbe": {"httpGet": {"httpHeaders": [{"name": "Authorization", "value": PLANTED}]}},
        }
    if path[-1:] == ("metadata",):
        grown["annotations"] = {
            **mapping(grown, "annotations"),
            "kubectl.kubernetes.io/last-applied-configuration": json.dumps({"password": PLANTED}),
        }
        grown |= {"managedFields": [{"manager": PLANTED}], "uid": PLANTED, "resourceVersion": PLANTED}
    if path[-1:] == ("spec",) and "podSelector" not in value and "serviceSelector" not in value:
        grown |= {"volumes": [{"csi": {"volumeAttributes": {"token": PLANTED}}}], "externalName": PLANTED}
    if not path:
        grown["status"] = {**mapping(grown, "status"), "message": PLANTED, "conditions": [{"message": PLANTED}]}
    return grown


def objects() -> Iterator[Resource]:
    """Objects of every kind that is read."""
    for kind, shape in workload.SHAPES.items():
        body: Any = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"ports": [{"containerPort": 1}]}]}}
        for step in reversed(shape.template):
            body = {step: body}
        api_version = next(version for version, name in CLUSTER.kinds if name == kind)
        named = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x", **mapping(body, "metadata")}}
        yield Resource(ObjectRef(api_version, kind, "shop", "x"), body | named, Origin("x.yaml"))
    yield from (each for directory in INPUTS for each in resources(directory) if isinstance(each.body, dict))


def test_no_secret_is_kept() -> None:
    """Secrets in environments, arguments, probes, volumes, status and the books of tools stay behind."""
    kinds = set()
    for each in objects():
        body = planted(each.body)
        assert PLANTED in json.dumps(body)
        assert PLANTED not in json.dumps(projected(each.ref, body)), each.ref
        kinds.add((each.ref.api_version, each.ref.kind))
    assert kinds >= CLUSTER.kinds | {(API_VERSION, kind) for kind in KINDS}


@pytest.mark.parametrize("kind", sorted({each.ref.kind for each in objects()} - {"NetworkPolicy"}))
def test_no_annotation_of_others_is_kept(kind: str) -> None:
    """But those of policies, which are compared."""
    for each in (each for each in objects() if each.ref.kind == kind):
        metadata = {**mapping(each.body, "metadata"), "annotations": {"vault.example.com/token": PLANTED}}
        assert PLANTED not in json.dumps(projected(each.ref, {**each.body, "metadata": metadata}))


def test_what_is_of_the_wrong_type_says_nothing() -> None:
    """It stays what it is, so that it is found wrong all the same."""
    access = next(each for each in objects() if each.ref.kind == "ClusterAccess")
    body = {"metadata": {"name": "x", "annotations": PLANTED, "labels": [PLANTED]}, "spec": PLANTED}
    assert projected(access.ref, body) == {
        "apiVersion": "maxtac.vtk.io/v1alpha1",
        "kind": "ClusterAccess",
        "metadata": {"name": "x", "annotations": "?", "labels": []},
        "spec": "?",
    }


def test_a_field_that_does_not_exist_is_known_to_be_there() -> None:
    """Its value is not, and the metadata that nobody reads goes."""
    access = next(each for each in objects() if each.ref.kind == "Access")
    body = {
        "metadata": dict.fromkeys((*METADATA, "lables"), PLANTED),
        "spec": {"direction": "all", "targts": [PLANTED]},
    }
    found = projected(access.ref, body)
    assert found["spec"] == {"direction": "all", "targts": []}
    assert found["metadata"].keys() <= {*METADATA, "lables"}
    assert found["metadata"]["lables"] == "?"
