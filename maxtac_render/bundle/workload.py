"""The controller itself: its namespace, its pods, what reaches them, and what they may not do.

Source of the restrictions: the profile "restricted" of
https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from __future__ import annotations

from typing import Any, Final

from maxtac_render.bundle.choice import CONTROLLER, LABELS, Choice

METRICS: Final = 8080
PROBES: Final = 8081
GRACE: Final = 30
"""Seconds that the controller has to finish, and to give its Lease back."""

SCRAPING: Final = {"metrics": "enabled"}
"""The label of namespaces whose pods may read the metrics; kubebuilder's, as MaxTac's own NetworkPolicy has it."""

Object = dict[str, Any]


def namespace(choice: Choice) -> Object:
    """The namespace, in which nobody can run anything that is less restricted."""
    levels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
    metadata = {"name": choice.namespace, "labels": {**LABELS, **levels}}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def objects(choice: Choice) -> list[Object]:
    """The Deployment and what belongs to its pods."""
    return [_service(choice), _deployment(choice), _budget(choice), _network_policy(choice)]


def service_monitor(choice: Choice) -> Object:
    """What tells a Prometheus operator to read the metrics."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": choice.metadata(f"{CONTROLLER}-metrics-monitor"),
        "spec": {
            "endpoints": [{"path": "/metrics", "port": "metrics"}],
            "selector": {"matchLabels": dict(LABELS)},
        },
    }


def _service(choice: Choice) -> Object:
    ports = [{"name": "metrics", "port": METRICS, "protocol": "TCP", "targetPort": "metrics"}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": choice.metadata(f"{CONTROLLER}-metrics-service"),
        "spec": {"ports": ports, "selector": dict(LABELS)},
    }


def _deployment(choice: Choice) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": choice.metadata(CONTROLLER),
        "spec": {
            "replicas": choice.replicas,
            "selector": {"matchLabels": dict(LABELS)},
            "template": {
                "metadata": {
                    "annotations": {"kubectl.kubernetes.io/default-container": "manager"},
                    "labels": dict(LABELS),
                },
                "spec": _pod(choice),
            },
        },
    }


def _pod(choice: Choice) -> Object:
    """The pod. One replica works and the others stand by, each on another node where that can be."""
    return {
        "containers": [_container(choice)],
        "enableServiceLinks": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "serviceAccountName": CONTROLLER,
        "automountServiceAccountToken": True,
        "terminationGracePeriodSeconds": GRACE,
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": dict(LABELS)},
            }
        ],
    }


def _container(choice: Choice) -> Object:
    """The container, with the name that it has in MaxTac's Deployment: by another one it would stand beside that."""
    return {
        "name": "manager",
        "image": choice.image,
        "command": ["maxtac"],
        "args": ["watch", f"--set={choice.set}", *ADDRESSES, *choice.arguments],
        "ports": [
            {"name": "metrics", "containerPort": METRICS, "protocol": "TCP"},
            {"name": "probes", "containerPort": PROBES, "protocol": "TCP"},
        ],
        "livenessProbe": _probe("/healthz", initialDelaySeconds=15, periodSeconds=20),
        "readinessProbe": _probe("/readyz", initialDelaySeconds=5, periodSeconds=10),
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
    }


ADDRESSES: Final = (f"--metrics-address=:{METRICS}", f"--health-address=:{PROBES}")
"""Where the controller listens: at every address of its pod."""


def _probe(path: str, **times: int) -> Object:
    return {"httpGet": {"path": path, "port": "probes"}, **times, "timeoutSeconds": 5}


def _budget(choice: Choice) -> Object:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": choice.metadata(CONTROLLER),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": dict(LABELS)}},
    }


def _network_policy(choice: Choice) -> Object:
    """What reaches the pods: the metrics, for those who are to read them. Nodes reach their own pods always."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": choice.metadata(f"{CONTROLLER}-metrics"),
        "spec": {
            "podSelector": {"matchLabels": dict(LABELS)},
            "policyTypes": ["Ingress"],
            "ingress": [
                {
                    "from": [{"namespaceSelector": {"matchLabels": dict(SCRAPING)}}],
                    "ports": [{"protocol": "TCP", "port": METRICS}],
                }
            ],
        },
    }
