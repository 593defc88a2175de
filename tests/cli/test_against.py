"""What a change makes of a cluster: what it holds takes the place of what is there, and the rest stays."""

from __future__ import annotations

from typing import Any

from maxtac_render.cli.against import overlaid
from maxtac_render.model.objects import ObjectRef, Origin, Resource


def resource(kind: str, name: str, origin: str = "live:x", api_version: str = "v1", **body: Any) -> Resource:
    """An object in the namespace shop."""
    namespace = "" if kind == "Namespace" else "shop"
    metadata = {"name": name, **({"namespace": namespace} if namespace else {}), **body.pop("metadata", {})}
    whole = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body}
    return Resource(ObjectRef(api_version, kind, namespace, name), whole, Origin(origin, 0, 0))


def deployment(labels: dict[str, str], origin: str = "live:x", **spec: Any) -> Resource:
    """A Deployment whose pods have these labels."""
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", **spec}]}}
    return resource("Deployment", "web", origin, "apps/v1", spec={"template": template})


def owned(kind: str, name: str, by: tuple[str, str], api_version: str = "v1", **body: Any) -> Resource:
    """An object that another one made."""
    owner = {"apiVersion": "apps/v1", "kind": by[0], "name": by[1], "controller": True}
    return resource(kind, name, api_version=api_version, metadata={"ownerReferences": [owner]}, **body)


REPLICAS = owned("ReplicaSet", "web-1", ("Deployment", "web"), "apps/v1", spec={"template": {}})
POD = owned("Pod", "web-1-a", ("ReplicaSet", "web-1"), spec={})
OTHER = owned("Pod", "api-1-a", ("ReplicaSet", "api-1"), spec={})


def test_a_workload_that_means_the_same_keeps_its_pods() -> None:
    """Their addresses are known, and what the API server filled in is no difference."""
    there = [deployment({"app": "web"}, ports=[{"containerPort": 80, "protocol": "TCP"}]), REPLICAS, POD]
    asked = [deployment({"app": "web"}, "new.yaml", ports=[{"containerPort": 80}], env=[{"name": "A", "value": "b"}])]
    assert overlaid(there, asked) == there


def test_a_workload_that_means_something_else_takes_its_pods_along() -> None:
    """They will be others; those of others stay."""
    there = [deployment({"app": "web"}), REPLICAS, POD, OTHER]
    asked = [deployment({"app": "web", "tier": "front"}, "new.yaml")]
    assert overlaid(there, asked) == [OTHER, *asked]


def test_a_service_takes_the_place_of_the_one_that_is_there() -> None:
    """Also one without a namespace, which is in the one that is given."""
    there = [resource("Service", "web"), resource("Service", "api")]
    (asked,) = [resource("Service", "web", "new.yaml")]
    unplaced = asked._replace(ref=asked.ref._replace(namespace=""))
    assert overlaid(there, [asked]) == [there[1], asked]
    assert overlaid(there, [unplaced], "shop") == [there[1], unplaced]
    assert overlaid(there, [unplaced]) == [*there, unplaced]


def test_what_is_asked_for_twice_stays_twice() -> None:
    """So that it is found."""
    asked = [resource("Service", "web", "a.yaml"), resource("Service", "web", "b.yaml")]
    assert overlaid([resource("Service", "web")], asked) == asked


def test_the_labels_of_a_namespace_are_joined() -> None:
    """As kubectl does it."""
    there = resource("Namespace", "shop", metadata={"labels": {"kubernetes.io/metadata.name": "shop", "team": "a"}})
    asked = resource("Namespace", "shop", "new.yaml", metadata={"labels": {"team": "b", "tier": "front"}})
    (found,) = overlaid([there], [asked])
    assert found.origin.path == "new.yaml"
    assert found.body["metadata"]["labels"] == {"kubernetes.io/metadata.name": "shop", "team": "b", "tier": "front"}


def test_a_policy_of_ours_does_not_hide_one_of_others() -> None:
    """Whoever has the name first is told."""
    marks = {
        "labels": {"app.kubernetes.io/managed-by": "maxtac-render"},
        "annotations": {"render.maxtac.vtk.io/source": "Access/shop/web-in"},
    }
    networking = "networking.k8s.io/v1"
    there = resource("NetworkPolicy", "web", api_version=networking)
    ours = resource("NetworkPolicy", "web", "new.yaml", networking, metadata=marks)
    plain = resource("NetworkPolicy", "web", "new.yaml", networking)
    assert overlaid([there], [ours]) == [there, ours]
    assert overlaid([there], [plain]) == [plain]
