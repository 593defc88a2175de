"""The kinds of objects that are read or written in a cluster, and where the API server has them.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
"""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import quote

from maxtac_render.model import intent
from maxtac_render.model.policy import API_VERSION as NETWORKING
from maxtac_render.model.policy import KIND as POLICY


class Kind(NamedTuple):
    """A kind, and what its objects are called in URLs. ``namespaced`` tells that each is in a namespace."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool = True

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The path of one object, or (without a name) of those of a namespace or of all."""
        root = "/apis" if "/" in self.api_version else "/api"
        place = ("namespaces", namespace) if namespace and self.namespaced else ()
        steps = (self.api_version, *place, self.plural, name, subresource)
        return "/".join((root, *(quote(step, safe="/" if step is self.api_version else "") for step in steps if step)))

    @property
    def resource(self) -> str:
        """The kind as roles and messages of the API server name it: ``networkpolicies.networking.k8s.io``."""
        group, slash, _ = self.api_version.partition("/")
        return f"{self.plural}.{group}" if slash else self.plural

    @property
    def group_path(self) -> str:
        """Where the API server says which resources there are beside this one, and what may be done with them."""
        return f"/{'apis' if '/' in self.api_version else 'api'}/{self.api_version}"


SERVICES: Final = Kind("v1", "Service", "services")
NAMESPACES: Final = Kind("v1", "Namespace", "namespaces", namespaced=False)
PODS: Final = Kind("v1", "Pod", "pods")
NETWORK_POLICIES: Final = Kind(NETWORKING, POLICY, "networkpolicies")
LEASES: Final = Kind("coordination.k8s.io/v1", "Lease", "leases")
DEPLOYMENTS: Final = Kind("apps/v1", "Deployment", "deployments")
EVENTS: Final = Kind("v1", "Event", "events")
CRDS: Final = Kind("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", namespaced=False)

INTENTS: Final = tuple(
    Kind(intent.API_VERSION, kind.name, kind.plural, namespaced=not kind.cluster) for kind in intent.KINDS.values()
)
"""MaxTac's resources."""

WORKLOADS: Final = (
    PODS,
    Kind("v1", "ReplicationController", "replicationcontrollers"),
    DEPLOYMENTS,
    Kind("apps/v1", "StatefulSet", "statefulsets"),
    Kind("apps/v1", "DaemonSet", "daemonsets"),
    Kind("apps/v1", "ReplicaSet", "replicasets"),
    Kind("batch/v1", "Job", "jobs"),
    Kind("batch/v1", "CronJob", "cronjobs"),
)
"""What pods are made from, and they themselves."""

READ: Final = (NETWORK_POLICIES, *INTENTS, SERVICES, NAMESPACES, *WORKLOADS)
"""All that is read of a cluster, in the order in which to do it: what is made of the rest comes before the rest."""
