"""The API server of the test session is the pinned one, stores objects and judges policies."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .conftest import Run
    from .control_plane import ControlPlane

# What maxtac renders is sent to the server's own validation with these arguments, the text on stdin.
VALIDATE = ("create", "--dry-run=server", "--validate=strict", "-f", "-")


def policy(namespace: str, cidr: str = "192.0.2.0/24") -> dict[str, Any]:
    """A NetworkPolicy that admits one address range."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "admit", "namespace": namespace},
        "spec": {
            "podSelector": {},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"ipBlock": {"cidr": cidr}}]}],
        },
    }


@pytest.fixture
def namespace(control_plane: ControlPlane) -> str:
    """A new namespace."""
    return control_plane.new_namespace()


def test_the_server_has_the_pinned_version(control_plane: ControlPlane, versions: dict[str, str]) -> None:
    assert control_plane.request("GET", "/version").json()["gitVersion"] == versions["KUBERNETES_VERSION"]


def test_a_namespace_can_be_created_and_read(control_plane: ControlPlane, namespace: str) -> None:
    assert control_plane.request("GET", f"/api/v1/namespaces/{namespace}").json()["metadata"]["name"] == namespace


def test_a_request_without_credentials_is_refused(control_plane: ControlPlane) -> None:
    stranger = replace(control_plane, token="wrong")  # noqa: S106 - it is none
    assert stranger.request("GET", "/api/v1/namespaces").status == 401


@pytest.mark.parametrize(("cidr", "status"), [("192.0.2.0/24", 201), ("192.0.2.0/33", 422), ("192.0.2.0", 422)])
def test_a_policy_is_stored_unless_its_cidr_is_bad(
    control_plane: ControlPlane, namespace: str, cidr: str, status: int
) -> None:
    path = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies"
    answer = control_plane.request("POST", path, policy(namespace, cidr))
    assert answer.status == status, answer.text


def test_kubectl_reaches_the_server(kubectl: Run, namespace: str) -> None:
    answer = kubectl("get", "ns", "-o", "name")
    assert answer.returncode == 0, answer.stderr
    assert f"namespace/{namespace}" in answer.stdout.splitlines()


def test_kubectl_passes_a_good_policy(kubectl: Run, namespace: str) -> None:
    answer = kubectl(*VALIDATE, stdin=json.dumps(policy(namespace)))
    assert answer.returncode == 0, answer.stderr


def test_kubectl_refuses_a_field_that_does_not_exist(kubectl: Run, namespace: str) -> None:
    misspelt = policy(namespace)
    misspelt["spec"]["policyType"] = misspelt["spec"].pop("policyTypes")
    answer = kubectl(*VALIDATE, stdin=json.dumps(misspelt))
    assert answer.returncode != 0
    assert 'unknown field "spec.policyType"' in answer.stderr
