"""Who the controller is, and what it may do: what it reads and writes, and nothing else.

Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from maxtac_render.bundle.choice import CONTROLLER, LABELS, Choice
from maxtac_render.model.intent import GROUP, KINDS, Kind

READ = ["get", "list", "watch"]
_RBAC = "rbac.authorization.k8s.io"


class _Grant(NamedTuple):
    """What the controller may do in one namespace; without one, everywhere."""

    name: str
    rules: list[dict[str, Any]]
    namespace: str = ""


def objects(choice: Choice) -> list[dict[str, Any]]:
    """The account, its roles and their bindings."""
    account: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": choice.metadata(CONTROLLER),
        "automountServiceAccountToken": False,
    }
    grants = [*_grants(choice), _Grant("maxtac-leader-election", lease_rules(choice.lease), choice.namespace)]
    return [account, *(each for grant in grants for each in _granted(grant, choice))]


def _grants(choice: Choice) -> list[_Grant]:
    """What the controller may do to policies, and to what they are made from."""
    if not choice.watched:
        return [_Grant("maxtac-manager", cluster_rules(deletes=choice.deletes))]
    inside, outside = namespace_rules(deletes=choice.deletes)
    return [
        _Grant("maxtac-manager", outside),
        _Grant("maxtac-manager", inside, choice.watched),
        _Grant("maxtac-events", [_EVENTS], "default"),
    ]


def cluster_rules(*, deletes: bool = False) -> list[dict[str, Any]]:
    """What the controller may do in every namespace. ``deletes`` lets it delete resources that have expired."""
    read = rule("", ["services", "namespaces"], READ)
    return [read, *_intents(KINDS.values(), deletes=deletes), _POLICIES, _EVENTS]


def namespace_rules(*, deletes: bool = False) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What a controller of one namespace may do there, and with what is in none.

    It tells of the latter in Events in the namespace default.
    """
    inside = _intents((kind for kind in KINDS.values() if not kind.cluster), deletes=deletes)
    outside = _intents((kind for kind in KINDS.values() if kind.cluster), deletes=deletes)
    return [rule("", ["services"], READ), *inside, _POLICIES, _EVENTS], outside


def _intents(kinds: Iterable[Kind], *, deletes: bool) -> list[dict[str, Any]]:
    plurals = [kind.plural for kind in kinds]
    return [
        rule(GROUP, plurals, [*READ, "delete"] if deletes else READ),
        rule(GROUP, [f"{plural}/status" for plural in plurals], ["get", "patch"]),
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


def _granted(grant: _Grant, choice: Choice) -> list[dict[str, Any]]:
    """A role and its binding, under MaxTac's names where it has them, too."""
    kind = "Role" if grant.namespace else "ClusterRole"
    own = grant.namespace == choice.namespace

    def metadata(name: str) -> dict[str, Any]:
        place = {"namespace": grant.namespace} if grant.namespace else {}
        return {"name": name if own else choice.cluster_name(name), **place, "labels": dict(LABELS)}

    named = metadata(f"{grant.name}-role")
    binding = {
        "apiVersion": f"{_RBAC}/v1",
        "kind": f"{kind}Binding",
        "metadata": metadata(f"{grant.name}-rolebinding"),
        "roleRef": {"apiGroup": _RBAC, "kind": kind, "name": named["name"]},
        "subjects": [{"kind": "ServiceAccount", "name": CONTROLLER, "namespace": choice.namespace}],
    }
    return [role(kind, named, grant.rules), binding]


_POLICIES = rule("networking.k8s.io", ["networkpolicies"], [*READ, "create", "patch", "delete"])
_EVENTS = rule("", ["events"], ["create", "patch"])
