"""Who the controller is, and what it may do: what it reads and writes, and nothing else.

Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from maxtac_render.bundle.choice import CONTROLLER, Choice
from maxtac_render.model.intent import GROUP, KINDS

READ = ["get", "list", "watch"]
_RBAC = "rbac.authorization.k8s.io"


def objects(choice: Choice) -> list[dict[str, Any]]:
    """The account, its roles and their bindings."""
    account: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": choice.metadata(CONTROLLER),
        "automountServiceAccountToken": False,
    }
    everywhere, here = "maxtac-manager-role", "maxtac-leader-election-role"
    return [
        account,
        role("ClusterRole", choice.metadata(everywhere, namespaced=False), cluster_rules(deletes=choice.deletes)),
        role("Role", choice.metadata(here), lease_rules(choice.lease)),
        _binding("ClusterRole", choice.metadata("maxtac-manager-rolebinding", namespaced=False), everywhere, choice),
        _binding("Role", choice.metadata("maxtac-leader-election-rolebinding"), here, choice),
    ]


def cluster_rules(*, deletes: bool = False) -> list[dict[str, Any]]:
    """What the controller may do in every namespace. ``deletes`` lets it delete resources that have expired."""
    kinds = [kind.plural for kind in KINDS.values()]
    return [
        rule("", ["services", "namespaces"], READ),
        rule(GROUP, kinds, [*READ, "delete"] if deletes else READ),
        rule(GROUP, [f"{kind}/status" for kind in kinds], ["get", "patch"]),
        rule("networking.k8s.io", ["networkpolicies"], [*READ, "create", "patch", "delete"]),
        rule("", ["events"], ["create", "patch"]),
    ]


def lease_rules(name: str) -> list[dict[str, Any]]:
    """What the controller may do in its own namespace, so that one of several replicas leads.

    What is to be created has no name yet, as far as roles are concerned.
    """
    group, resources = "coordination.k8s.io", ["leases"]
    return [rule(group, resources, ["get", "update"]) | {"resourceNames": [name]}, rule(group, resources, ["create"])]


def rule(group: str, resources: list[str], verbs: list[str]) -> dict[str, Any]:
    """A rule of a role."""
    return {"apiGroups": [group], "resources": resources, "verbs": verbs}


def role(kind: str, metadata: Mapping[str, object], rules: list[dict[str, Any]]) -> dict[str, Any]:
    """A role, of a namespace or of the cluster."""
    return {"apiVersion": f"{_RBAC}/v1", "kind": kind, "metadata": metadata, "rules": rules}


def _binding(kind: str, metadata: dict[str, object], role: str, choice: Choice) -> dict[str, Any]:
    name = role if kind == "Role" else choice.cluster_name(role)
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": f"{kind}Binding",
        "metadata": metadata,
        "roleRef": {"apiGroup": _RBAC, "kind": kind, "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": CONTROLLER, "namespace": choice.namespace}],
    }
