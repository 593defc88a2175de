"""What it takes to read a cluster, as roles: to get and list what is read, and nothing else.

Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from maxtac_render.bundle.rights import role, rule
from maxtac_render.live.kinds import NAMESPACES, READ, Kind

READER = "maxtac-render-reader"

_VERBS = ["get", "list"]


def roles(namespace: str = "") -> list[dict[str, Any]]:
    """The role of whoever reads a cluster: of all of it, or of one namespace, and of what is in none.

    Of one namespace its own object is read as well, which is a matter of that namespace too.
    """
    if not namespace:
        return [role("ClusterRole", {"name": READER}, _rules(READ))]
    inside = [kind for kind in READ if kind.namespaced or kind == NAMESPACES]
    outside = [kind for kind in READ if kind not in inside]
    return [
        role("Role", {"name": READER, "namespace": namespace}, _rules(inside)),
        role("ClusterRole", {"name": f"{READER}-of-cluster"}, _rules(outside)),
    ]


def _rules(kinds: Iterable[Kind]) -> list[dict[str, Any]]:
    """One rule for each group of the API."""
    groups: dict[str, list[str]] = {}
    for kind in kinds:
        group, slash, _ = kind.api_version.partition("/")
        groups.setdefault(group if slash else "", []).append(kind.plural)
    return [rule(group, plurals, _VERBS) for group, plurals in groups.items()]
