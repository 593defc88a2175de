"""The CRDs on a real API server: it accepts a resource exactly when a check of it by itself has no error."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from frontends.table import Row, check, rows
from maxtac_render.frontends.maxtac import schema
from maxtac_render.model.diagnostics import Severity
from maxtac_render.model.intent import KINDS

from .control_plane import control_plane as start
from .test_apply import make_namespaces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from .conftest import Run
    from .control_plane import ControlPlane, Response

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
WITHIN = 30.0
STRICT = "?dryRun=All&fieldValidation=Strict"
MERGE = "application/merge-patch+json"
ROWS = rows()

UNQUOTED = "a check reads an unquoted value as text and warns that the API server refuses it"
NOWHERE = "the original CRDs do not have the field either; a check warns of it"
ANNOTATION = "CEL rules see no annotations"
SPEC = "a stored resource without a spec could not be changed any more if one were required; it selects nothing"
DIFFERENCES = {  # what the API server says otherwise than a check
    "an unquoted boolean as an annotation": UNQUOTED,
    "an unquoted yes in the selector": UNQUOTED,
    "an unquoted number in the selector": UNQUOTED,
    "In with an unquoted boolean": UNQUOTED,
    "mirrored in an Access": NOWHERE,
    "mirrored in a ClusterExternalAccess": NOWHERE,
    "a deadline that is none": ANNOTATION,
    "a deadline on no day of the calendar": ANNOTATION,
    "a limit that is no list of ports": ANNOTATION,
    "an empty limit of ports": ANNOTATION,
    "no spec": SPEC,
    "a null spec": SPEC,
    "no namespace": "the client adds that of its context",
    "a name for the server to complete": "a file that is rendered twice needs the name that it had before",
}


def original(kind: str) -> dict[str, Any]:
    """The CRD that comes with the MaxTac controller: types, and which fields must be there."""
    lax = deepcopy(schema.crd(KINDS[kind]))
    lax["spec"]["names"] = {name: text for name, text in lax["spec"]["names"].items() if isinstance(text, str)}
    version = lax["spec"]["versions"][0]
    del version["additionalPrinterColumns"]
    fields = version["schema"]["openAPIV3Schema"]["properties"]
    fields["spec"]["properties"] = {name: bare(field) for name, field in fields["spec"]["properties"].items()}
    return lax


def bare(field: dict[str, Any]) -> dict[str, Any]:
    """A field with nothing but its type and structure."""
    kept = {key: field[key] for key in ("type", "required", "x-kubernetes-map-type") if key in field}
    if "properties" in field:
        kept["properties"] = {name: bare(inner) for name, inner in field["properties"].items()}
    return kept | {key: bare(field[key]) for key in ("items", "additionalProperties") if key in field}


def collection(body: dict[str, Any]) -> str:
    """Where resources of a kind stand."""
    kind = KINDS[body["kind"]]
    return f"/apis/maxtac.vtk.io/v1alpha1/{'' if kind.cluster else 'namespaces/shop/'}{kind.plural}"


def post(plane: ControlPlane, body: dict[str, Any]) -> Response:
    """What the server would say to a new resource."""
    return plane.request("POST", collection(body) + STRICT, body)


def install(plane: ControlPlane, crds: list[dict[str, Any]], probe: Callable[[], bool]) -> None:
    """Create or replace CRDs, and wait until they are established and the probe sees them at work."""
    for crd in crds:
        path = f"{CRDS}/{crd['metadata']['name']}"
        stored = plane.request("GET", path)
        if stored.status == 404:
            answer = plane.request("POST", CRDS, crd)
        else:
            version = {"resourceVersion": stored.json()["metadata"]["resourceVersion"]}
            answer = plane.request("PUT", path, {**crd, "metadata": {**crd["metadata"], **version}})
        assert answer.status in (200, 201), answer.text
    deadline = time.monotonic() + WITHIN
    while not (all(established(plane, crd) for crd in crds) and probe()):
        assert time.monotonic() < deadline, "the CRDs are not at work"
        time.sleep(0.1)


def established(plane: ControlPlane, crd: dict[str, Any]) -> bool:
    """Tell whether the server serves a CRD."""
    conditions = (
        plane.request("GET", f"{CRDS}/{crd['metadata']['name']}").json().get("status", {}).get("conditions", [])
    )
    return {"Established", "NamesAccepted"} <= {each["type"] for each in conditions if each["status"] == "True"}


def bad(kind: str) -> dict[str, Any]:
    """A resource that the original CRD takes, and ours does not."""
    row = next(row for row in ROWS if row.accepted and row.body["kind"] == kind)
    body = deepcopy(row.body)
    body["metadata"]["name"] = "from-before"
    body["spec"] |= {"direction": " Both", "duration": "for ever"}
    return body


def taken(plane: ControlPlane, *, wanted: bool) -> bool:
    """Tell whether the server's verdict about bad resources of all kinds is the wanted one."""
    return all((post(plane, bad(kind)).status == 201) == wanted for kind in KINDS)


@pytest.fixture(scope="module")
def crds(control_plane: ControlPlane) -> Iterator[list[dict[str, Any]]]:
    """The original CRDs, which are gone afterwards, with all that there is of them: other tests want none."""
    yield (crds := [original(kind) for kind in KINDS])
    paths = [f"{CRDS}/{crd['metadata']['name']}" for crd in crds]
    for path in paths:
        assert control_plane.request("DELETE", path).status in (200, 404)
    deadline = time.monotonic() + WITHIN
    while any(control_plane.request("GET", path).status != 404 for path in paths):
        assert time.monotonic() < deadline, "the CRDs do not go"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def before(control_plane: ControlPlane, crds: list[dict[str, Any]]) -> set[str]:
    """The original CRDs, with bad resources under them that stay; what they accept of the table."""
    make_namespaces(control_plane, ["shop"])
    install(control_plane, crds, lambda: taken(control_plane, wanted=True))
    for kind in KINDS:
        body = bad(kind)
        assert control_plane.request("POST", collection(body), body).status in (201, 409)
    nothing = {**bad("Access"), "spec": None, "metadata": {"name": "without-a-spec", "namespace": "shop"}}
    del nothing["spec"]
    assert control_plane.request("POST", collection(nothing), nothing).status in (201, 409)
    return {row.says for row in ROWS if post(control_plane, row.body).status == 201}


@pytest.fixture(scope="module")
def printed() -> list[dict[str, Any]]:
    """The CRDs as ``maxtac manifests crds`` prints them."""
    command = [sys.executable, "-m", "maxtac_render", "manifests", "crds"]
    return list(yaml.safe_load_all(subprocess.run(command, capture_output=True, check=True).stdout))


@pytest.fixture(scope="module")
def plane(control_plane: ControlPlane, before: set[str], printed: list[dict[str, Any]]) -> ControlPlane:  # noqa: ARG001 - in this order
    """The API server with our CRDs in the place of the original ones."""
    install(control_plane, printed, lambda: taken(control_plane, wanted=False))
    return control_plane


def within(sent: Any, stored: Any) -> bool:
    """Tell whether the server kept what was sent; it may have added defaults."""
    if isinstance(sent, dict) and isinstance(stored, dict):
        return all(key in stored and within(value, stored[key]) for key, value in sent.items())
    if isinstance(sent, list) and isinstance(stored, list):
        return len(sent) == len(stored) and all(map(within, sent, stored))
    return bool(sent == stored)


def test_the_server_keeps_the_crds_as_they_are(plane: ControlPlane, printed: list[dict[str, Any]]) -> None:
    """Nothing is dropped or rewritten, so that whoever compares files with the cluster sees no difference."""
    for crd in printed:
        assert within(crd, plane.request("GET", f"{CRDS}/{crd['metadata']['name']}").json())


def verdict(plane: ControlPlane, row: Row) -> None:
    """The server accepts what a check accepts, but for the differences above."""
    answer = post(plane, row.body)
    assert answer.status in (201, 400, 422), answer.text
    assert (check(row.body).worst < Severity.ERROR) == row.accepted
    assert (answer.status == 201) == (row.accepted != (row.says in DIFFERENCES)), answer.text


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.says)
def test_the_server_says_what_a_check_says(plane: ControlPlane, row: Row) -> None:
    """One verdict for one resource, wherever it is given."""
    verdict(plane, row)


def test_differences_are_about_rows() -> None:
    """No difference outlives its row."""
    assert set(DIFFERENCES) <= {row.says for row in ROWS}


def test_what_the_original_crds_accept_is_still_accepted(plane: ControlPlane, before: set[str]) -> None:
    """Unless it is an error."""
    kept = [row for row in ROWS if row.says in before and row.accepted]
    assert len(kept) > 40
    for row in kept:
        answer = post(plane, row.body)
        assert answer.status == 201, (row.says, answer.text)


@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_resource_from_before_can_be_changed_elsewhere(plane: ControlPlane, kind: str) -> None:
    """Labels, status and the mending of one fault at a time pass; a new fault does not."""
    path = f"{collection(bad(kind))}/from-before"
    condition = {
        "type": "Ready",
        "status": "False",
        "reason": "AllConditionsNotReady",
        "message": "",
        "lastTransitionTime": "2027-01-01T00:00:00Z",
    }
    for body, status in (
        ({"metadata": {"labels": {"a": "b"}, "finalizers": ["example.com/kept"]}}, 200),
        ({"metadata": {"finalizers": None}}, 200),
        ({"spec": {"duration": "for a day"}}, 422),
        ({"spec": {"duration": "7d"}}, 200),
    ):
        answer = plane.request("PATCH", path, body, MERGE)
        assert answer.status == status, (body, answer.text)
    answer = plane.request("PATCH", f"{path}/status", {"status": {"conditions": [condition]}}, MERGE)
    assert answer.status == 200, answer.text


def test_a_resource_without_a_spec_from_before_can_be_changed(plane: ControlPlane) -> None:
    """This is why a spec is not required."""
    path = f"{collection(bad('Access'))}/without-a-spec"
    answer = plane.request("PATCH", path, {"metadata": {"labels": {"a": "b"}}}, MERGE)
    assert answer.status == 200, answer.text


@pytest.mark.parametrize(
    ("says", "message"),
    [
        ("a direction with a blank before it", "direction is one of ingress, egress, all"),
        ("days and hours in one duration", "duration is a Go duration such as 1h30m, or whole days such as 7d"),
        ("a duration of more hours than 64 bits hold", "duration is a Go duration such as 1h30m"),
        ("In without values", "In and NotIn need values"),
        ("a label's key with a blank in it", "a key is a label key, such as app or example.com/tier"),
    ],
)
def test_a_refusal_says_what_to_write(plane: ControlPlane, says: str, message: str) -> None:
    """The messages of the rules reach whoever applies the resource."""
    answer = post(plane, next(row for row in ROWS if row.says == says).body)
    assert message in answer.json()["message"]


def test_long_lists_are_accepted(plane: ControlPlane) -> None:
    """The original CRDs have no limit, and neither have ours."""
    body = deepcopy(next(row.body for row in ROWS if row.says == "a complete ExternalAccess"))
    body["spec"]["targetCIDRs"] = [f"10.{number // 256}.{number % 256}.0/24" for number in range(5000)]
    body["spec"]["serviceSelector"]["matchLabels"] = {f"example.com/key-{number}": "a" for number in range(500)}
    body["spec"]["serviceSelector"]["matchExpressions"] = [{"key": "a", "operator": "Exists"}] * 500
    assert post(plane, body).status == 201


def test_a_null_label_stays(plane: ControlPlane, before: set[str]) -> None:
    """The original CRDs drop it, and the selector without it selects every Service; a check reads the empty text."""
    row = next(row for row in ROWS if row.says == "a null label in the selector")
    assert row.says in before
    assert post(plane, row.body).json()["spec"]["serviceSelector"]["matchLabels"] == {"app": None}


def test_the_categories_and_columns(plane: ControlPlane, kubectl: Run) -> None:  # noqa: ARG001 - the CRDs must be there
    """``kubectl get maxtac`` shows the resources of all kinds, and a short name those of one."""
    assert "access.maxtac.vtk.io/from-before" in kubectl("get", "maxtac", "-A", "-o", "name").stdout
    head, *lines = kubectl("get", "cacc", "-o", "wide").stdout.splitlines()
    assert head.split() == ["NAME", "DIRECTION", "MIRRORED", "DURATION", "EXPIRES", "READY", "AGE", "TARGETS"]
    assert any(line.startswith("from-before") and '"serviceName":"cart"' in line for line in lines)


@cache
def emulates(program: Path) -> str:
    """The help of an API server."""
    return subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout


@contextmanager
def older(part: Callable[[str], Path], directory: Path, version: str) -> Iterator[ControlPlane]:
    """An API server that behaves as an older one."""
    program = part("kube-apiserver")
    if "--emulated-version" not in emulates(program):
        pytest.skip("this kube-apiserver emulates no older one")
    script = directory / "kube-apiserver"
    script.write_text(f'#!/bin/sh\nexec "{program}" --emulated-version=kube={version} "$@"\n')
    script.chmod(0o700)
    with start(lambda name: script if name == "kube-apiserver" else part(name), directory) as plane:
        yield plane


@pytest.mark.parametrize("version", ["1.34"])
def test_an_older_server_says_the_same(
    part: Callable[[str], Path], tmp_path: Path, printed: list[dict[str, Any]], version: str
) -> None:
    """The oldest version that the real one can emulate."""
    with older(part, tmp_path, version) as plane:
        served = plane.request("GET", "/version").json()
        assert f"{served['emulationMajor']}.{served['emulationMinor']}" == version
        make_namespaces(plane, ["shop"])
        install(plane, printed, lambda: taken(plane, wanted=False))
        for row in ROWS:
            verdict(plane, row)
