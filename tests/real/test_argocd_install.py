"""What functions/argocd adds to an Argo CD is taken by an API server, and by kustomize."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import yaml

from argocd_sidecar import FUNCTION

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Run

REPO_SERVER = {  # what there is of it in Argo CD's own manifests, as far as the sidecar cares
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "argocd-repo-server"},
    "spec": {
        "selector": {"matchLabels": {"app.kubernetes.io/name": "argocd-repo-server"}},
        "template": {
            "metadata": {"labels": {"app.kubernetes.io/name": "argocd-repo-server"}},
            "spec": {
                "containers": [{"name": "argocd-repo-server", "image": "argocd:v3.5.1"}],
                "volumes": [{"name": "var-files", "emptyDir": {}}, {"name": "plugins", "emptyDir": {}}],
            },
        },
    },
}


def require_both(deployment: dict[str, Any], configmap: str) -> None:
    """The repo-server is still there, the sidecar beside it, and all that it mounts."""
    spec = deployment["spec"]["template"]["spec"]
    containers = {container["name"]: container for container in spec["containers"]}
    assert containers.keys() == {"argocd-repo-server", "maxtac-render"}
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    assert {mount["name"] for mount in containers["maxtac-render"]["volumeMounts"]} == volumes.keys()
    assert volumes["maxtac-render-plugin"]["configMap"]["name"] == configmap


def test_the_commands_of_the_readme_add_the_sidecar(kubectl: Run) -> None:
    """The ConfigMap by a pipe, and the patch from its file; both can be repeated."""
    namespace = ("-n", "argocd-install")
    assert kubectl("create", "namespace", namespace[1]).returncode == 0
    assert kubectl("create", *namespace, "-f", "-", stdin=json.dumps(REPO_SERVER)).returncode == 0
    command = [sys.executable, "-m", "maxtac_render", "manifests", "argocd"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    patch = ("patch", "deployment", "argocd-repo-server", *namespace, "--patch-file", str(FUNCTION / "sidecar.yaml"))
    for _ in range(2):
        for done in (kubectl("apply", *namespace, "-f", "-", stdin=printed), kubectl(*patch)):
            assert done.returncode == 0, done.stderr
    found = kubectl("get", "deployment", "argocd-repo-server", *namespace, "-o", "json").stdout
    configmap = json.loads(kubectl("get", "configmap", "maxtac-render-plugin", *namespace, "-o", "json").stdout)
    assert configmap["data"]["plugin.yaml"] == (FUNCTION / "plugin.yaml").read_text()
    require_both(json.loads(found), "maxtac-render-plugin")


def test_the_component_adds_the_sidecar(part: Callable[[str], Path], tmp_path: Path) -> None:
    """With the hash of plugin.yaml in the name of its ConfigMap, so that another one restarts the repo-server."""
    shutil.copytree(FUNCTION, tmp_path / "component")
    (tmp_path / "repo-server.yaml").write_text(json.dumps(REPO_SERVER))
    kustomization = {"namespace": "argocd", "resources": ["repo-server.yaml"], "components": ["component"]}
    (tmp_path / "kustomization.yaml").write_text(json.dumps(kustomization))
    built = subprocess.run([part("kustomize"), "build", tmp_path], capture_output=True, text=True, check=True).stdout
    bodies = {body["kind"]: body for body in yaml.safe_load_all(built)}
    configmap = bodies["ConfigMap"]
    assert configmap["data"]["plugin.yaml"] == (FUNCTION / "plugin.yaml").read_text()
    require_both(bodies["Deployment"], configmap["metadata"]["name"])
    assert configmap["metadata"]["name"].startswith("maxtac-render-plugin-")
