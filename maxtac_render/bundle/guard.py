"""The admission policy that keeps everybody else from the controller's policies.

It is judged inside the API server, so it cannot be out of reach: what it cannot judge is refused (``failurePolicy:
Fail``), and nothing else comes to depend on it. Source:
https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
"""

from __future__ import annotations

import json
from typing import Any, Final

from maxtac_render.bundle.choice import Choice
from maxtac_render.model.ownership import WATCH, writing_labels

_API = "admissionregistration.k8s.io/v1"
_NAME = "maxtac-owned-networkpolicies"

CLEANERS: Final = (
    "system:serviceaccount:kube-system:namespace-controller",
    "system:serviceaccount:kube-system:generic-garbage-collector",
    "system:kube-controller-manager",
)
"""Who takes away what a namespace, or another object, takes with it: each by itself, or all as one user."""


def objects(choice: Choice) -> list[dict[str, Any]]:
    """The policy and its binding."""
    metadata = choice.metadata(_NAME, namespaced=False)
    return [
        {"apiVersion": _API, "kind": "ValidatingAdmissionPolicy", "metadata": metadata, "spec": _spec(choice)},
        {
            "apiVersion": _API,
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": metadata,
            "spec": {"policyName": metadata["name"], "validationActions": ["Deny"]},
        },
    ]


def _spec(choice: Choice) -> dict[str, Any]:
    who = f"request.userInfo.username in {json.dumps([choice.account, *CLEANERS])}"
    return {
        "failurePolicy": "Fail",
        "matchConstraints": {
            "resourceRules": [
                {
                    "apiGroups": ["networking.k8s.io"],
                    "apiVersions": ["*"],
                    "resources": ["networkpolicies"],
                    "operations": ["CREATE", "UPDATE", "DELETE"],
                }
            ]
        },
        "matchConditions": [{"name": "by-somebody-else", "expression": f"!({who})"}],
        "validations": [
            {
                "expression": f"oldObject == null || !({_owned('oldObject', choice)})",
                "message": f"maxtac watch keeps this policy for the set {choice.set}; "
                "change the MaxTac resource or the Service that it is made for",
                "reason": "Forbidden",
            },
            {
                "expression": f"object == null || !({_owned('object', choice)})",
                "message": f"only maxtac watch gives a policy the labels of the set {choice.set}",
                "reason": "Forbidden",
            },
        ],
    }


def _owned(name: str, choice: Choice) -> str:
    """Whether an object has all the labels by which the controller knows its own."""
    labels = f"{name}.metadata.labels"
    facts = (
        f"{json.dumps(key)} in {labels} && {labels}[{json.dumps(key)}] == {json.dumps(value)}"
        for key, value in writing_labels(choice.set, WATCH)
    )
    return " && ".join((f"has({labels})", *facts))
