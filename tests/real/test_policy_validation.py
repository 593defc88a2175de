"""What the API server refuses, the reader of policies refuses, and nothing else: valid policies and spoilt ones."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from clusters import policies
from maxtac_render.manifests.read import read
from maxtac_render.manifests.wanted import CLUSTER
from maxtac_render.model.diagnostics import Code, Report
from maxtac_render.wire import metadata, networkpolicy_reader

from .control_plane import control_plane as running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from evaluator import Body
    from maxtac_render.model.policy import Policy

    from .conftest import Run
    from .control_plane import ControlPlane, Response

WORDS = (
    *("", "0", "80", "1", "1a", "yes", "web", "TCP", "tcp", "ICMP", "Ingress", "ingress", "In", "Exists", "http"),
    *("a--b", "-http", "HTTP", "a" * 16, "a" * 63, "a" * 64, "A_b.c", "-a", "a/b", "a/b/c", "x.y/z", "X.y/z", "é"),
    *("10.0.0.0/8", "10.0.0.1", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/08", "010.0.0.0/8", "10.0.0.0/255.0.0.0"),
    *("1.2.3/8", "1.2.3.4/-1", " 10.0.0.0/8", "::/0", "::1", "2001:DB8::/32", "::ffff:10.0.0.0/104", "fe80::%a/64"),
)
NUMBERS = (0, 1, -1, 80.5, 65535, 65536, 2**31, 2**63, 2**64)
GARBAGE = (None, True, False, [], {}, [None], ["x"], {"a": 1}, {"a": "b"}, {"": "x"}, *NUMBERS, *WORDS)
KEYS = (
    *("podSelector", "namespaceSelector", "ipBlock", "cidr", "except", "from", "to", "ports", "protocol", "port"),
    *("endPort", "matchLabels", "matchExpressions", "key", "operator", "values", "ingress", "egress", "policyTypes"),
    *("labels", "annotations", "spec", "status", "Spec", "x"),
)
PLACE = {("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")}
REFUSED = {Code.INVALID_POLICY, Code.INVALID_SELECTOR, Code.WRONG_TYPE, Code.UNQUOTED_VALUE, Code.INVALID_NAME}
Steps = tuple[Any, ...]


def paths(value: Any, path: Steps = ()) -> Iterator[Steps]:
    """The ways to everything in a body but its place."""
    if path and path not in PLACE:
        yield path
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in entries:
        yield from paths(inner, (*path, step))


@st.composite
def spoilt(draw: st.DrawFn) -> Body:
    """A policy of which up to two values are others, gone, or have others beside them."""
    body = copy.deepcopy(draw(policies(most=1))[0])
    for _ in range(draw(st.sampled_from((0, 1, 1, 2)))):
        path = draw(st.sampled_from([*paths(body)] or [("metadata",)]))
        garbage = copy.deepcopy(draw(st.sampled_from(GARBAGE)))
        parent = body
        for step in path[:-1]:
            parent = parent[step]
        how = draw(st.sampled_from(("other", "other", "gone", "beside", "beside")))
        if path == ("metadata",):
            parent["metadata"][draw(st.sampled_from(("labels", "annotations", "x")))] = garbage
        elif how == "gone":
            del parent[path[-1]]
        elif how == "beside" and isinstance(parent[path[-1]], dict):
            parent[path[-1]][draw(st.sampled_from(KEYS))] = garbage
        elif how == "beside" and isinstance(parent[path[-1]], list):
            parent[path[-1]].append(garbage)
        else:
            parent[path[-1]] = garbage
    return body


def decoded(text: str) -> tuple[Policy | None, set[Code]]:
    """The policy in a text, and the findings."""
    report = Report()
    resources = metadata.admit(read(text.encode(), "policy.json", report, wanted=CLUSTER), "default", report)
    found = [networkpolicy_reader.decode(resource, report) for resource in resources]
    return found[0] if found else None, {finding.code for finding in report.sorted()}


def meant(text: str) -> Policy:
    """What a policy means, whatever the server has noted on it."""
    policy, codes = decoded(text)
    assert policy is not None, codes
    return policy._replace(labels=(), annotations=())


@pytest.fixture(scope="module")
def namespace(control_plane: ControlPlane) -> str:
    """A namespace that stays empty."""
    return control_plane.new_namespace()


def ask(control_plane: ControlPlane, body: Body, validation: str) -> Response:
    """Have the server judge a policy without storing it."""
    place = f"/apis/networking.k8s.io/v1/namespaces/{body['metadata']['namespace']}/networkpolicies"
    answer = control_plane.request("POST", f"{place}?dryRun=All&fieldValidation={validation}", body)
    assert answer.status in (201, 400, 422), answer.text
    return answer


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(spoilt())
def test_the_server_refuses_what_the_reader_refuses(control_plane: ControlPlane, namespace: str, body: Body) -> None:
    """Validated strictly, as kubectl does, a policy passes if there is nothing to find; host bits pass before 1.36.

    What the server makes of it means what the reader made of it.
    """
    body["metadata"] = {**body["metadata"], "namespace": namespace}
    policy, codes = decoded(json.dumps(body))
    strict, lenient = (ask(control_plane, body, validation) for validation in ("Strict", "Ignore"))
    event(f"strict {strict.status}, lenient {lenient.status}")
    sound = policy is not None and not codes & {*REFUSED, Code.HOST_BITS}
    assert (strict.status == 201) is (sound and Code.UNKNOWN_FIELD not in codes), codes
    if Code.INVALID_SELECTOR not in codes or lenient.status != 201:  # without its unknown field, it would select all
        assert (lenient.status == 201) is sound, codes
    if sound:
        assert meant(lenient.text) == meant(json.dumps(body))


YAML = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: p, namespace: {namespace}}}
spec: {{podSelector: {{}}, ingress: [{{from: [{{ipBlock: {{cidr: {cidr}}}}}], ports: [{{port: {port}}}]}}]}}
"""


@pytest.mark.parametrize("port", ["80.0", "8e1", "0x50", "0o120", "0120", "8_0", "+80", "1:20", "'80'", "80.5", "~"])
@pytest.mark.parametrize("cidr", ["::/0", "10.0.0.0/8"])
def test_yaml_means_what_kubectl_sends(kubectl: Run, namespace: str, port: str, cidr: str) -> None:
    """Numbers in the spellings of YAML are read as the client of the server reads them."""
    text = YAML.format(namespace=namespace, port=port, cidr=cidr)
    taken = kubectl("create", "--dry-run=server", "-o", "json", "-f", "-", stdin=text)
    policy, codes = decoded(text)
    assert (policy is not None) is (taken.returncode == 0), (codes, taken.stderr)
    if policy is not None:
        assert meant(taken.stdout) == policy


@pytest.fixture(scope="module")
def older(part: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A server that behaves as Kubernetes 1.35."""
    with running(part, tmp_path_factory.mktemp("older"), "--emulated-version=kube=1.35") as plane:
        yield plane


@pytest.mark.parametrize(
    ("cidr", "statuses", "read"),
    [
        ("10.0.0.0/8", (201, 201), True),
        ("10.0.0.1/8", (201, 422), True),
        ("010.0.0.0/8", (201, 422), False),
        ("::ffff:10.0.0.0/104", (201, 422), False),
        ("10.0.0.0/33", (422, 422), False),
    ],
)
def test_blocks_that_servers_take_before_1_36(
    control_plane: ControlPlane, older: ControlPlane, cidr: str, statuses: tuple[int, int], read: bool
) -> None:
    """Host bits are read, because stored policies may have them; other spellings of old are left out with an error."""
    spec = {"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": cidr}}]}]}
    for plane, status in zip((older, control_plane), statuses, strict=True):
        body = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "spec": spec}
        body["metadata"] = {"name": "p", "namespace": plane.new_namespace()}
        assert ask(plane, body, "Strict").status == status
    policy, codes = decoded(json.dumps(body))
    assert (policy is not None) is read
    assert (Code.HOST_BITS in codes) is (read and statuses[1] == 422)
