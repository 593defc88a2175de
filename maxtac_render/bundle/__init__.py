"""What is applied to a cluster so that ``maxtac watch`` runs in it: the CRDs, its rights, and itself.

Names and the namespace are those of the MaxTac controller's own bundle, so that this one takes its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from maxtac_render.bundle import guard, rights, workload
from maxtac_render.bundle.choice import Choice
from maxtac_render.frontends.maxtac import schema
from maxtac_render.manifests import write

Object = dict[str, Any]

CRDS = "schemas/crds"
DEPLOY = "deploy"
"""Where the files of the bundle are in the project."""


def objects(choice: Choice) -> list[Object]:
    """The objects of the bundle, in the order in which to apply them."""
    return [
        workload.namespace(choice),
        *schema.crds(),
        *rights.objects(choice),
        *workload.objects(choice),
        *([workload.service_monitor(choice)] if choice.service_monitor else []),
        *(guard.objects(choice) if choice.admission_policy else []),
    ]


def files() -> Iterator[tuple[str, str]]:
    """The bundle as a base of kustomize, with what is optional as components: paths in the project, and texts."""
    choice = Choice()
    yield f"{CRDS}/kustomization.yaml", _kustomization([f"{crd['metadata']['name']}.yaml" for crd in schema.crds()])
    base = {
        "namespace.yaml": [workload.namespace(choice)],
        "rights.yaml": rights.objects(choice),
        "controller.yaml": workload.objects(choice),
    }
    first, *others = base
    yield f"{DEPLOY}/kustomization.yaml", _kustomization([first, f"../{CRDS}", *others], sortOptions={"order": "fifo"})
    components = {
        "admission-policy": guard.objects(choice),
        "service-monitor": [workload.service_monitor(choice)],
    }
    for name, made in base.items():
        yield f"{DEPLOY}/{name}", "".join(write.stream(made))
    for name, made in components.items():
        folder = f"{DEPLOY}/components/{name}"
        yield f"{folder}/{name}.yaml", "".join(write.stream(made))
        yield f"{folder}/kustomization.yaml", _kustomization([f"{name}.yaml"], kind="Component")


def _kustomization(resources: list[str], kind: str = "Kustomization", **more: object) -> str:
    version = "v1alpha1" if kind == "Component" else "v1beta1"
    head = {"apiVersion": f"kustomize.config.k8s.io/{version}", "kind": kind}
    return write.document({**head, "resources": resources, **more})
