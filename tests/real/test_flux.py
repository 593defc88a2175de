"""The recipe for Flux, built by kustomize and by the library of Flux's kustomize-controller."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECT = Path(__file__).parents[2]
FLUX = PROJECT / "functions" / "flux"
POLICY = ("NetworkPolicy", "bank", "shop-pays--bank-ledger---web-shop-ing")
APPLIED = {POLICY, ("Service", "shop", "web"), ("Service", "bank", "ledger")}
ARTIFACT = re.findall(r"^\$ (mkdir .*|kustomize build .*)$", (FLUX / "README.md").read_text(), re.MULTILINE)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of the example."""
    return Path(shutil.copytree(FLUX / "example", tmp_path / "repository"))


@pytest.fixture
def shell(part: Callable[[str], Path], tmp_path: Path, repository: Path) -> Callable[[str], str]:
    """Run a command in the repository, with kustomize and the program under test; it must succeed."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "kustomize").symlink_to(part("kustomize"))
    (folder / "maxtac").write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m maxtac_render "$@"\n')
    (folder / "maxtac").chmod(0o755)

    def run(command: str) -> str:
        env = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
        done = subprocess.run(
            ["sh", "-c", command], cwd=repository, env=env, capture_output=True, text=True, check=False, timeout=60
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return run


@pytest.fixture
def flux(part: Callable[[str], Path], tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Build a source as Flux does for a Kustomization of the example, with changes of its spec."""
    program = part("flux")

    def build(name: str, source: Path, **spec: Any) -> subprocess.CompletedProcess[str]:
        kustomization = list(yaml.safe_load_all((FLUX / "example" / "clusters" / name).read_text()))[1]
        kustomization["spec"] |= spec
        file = tmp_path / "kustomization.yaml"
        file.write_text(yaml.safe_dump(kustomization))
        return subprocess.run([program, file, source], capture_output=True, text=True, check=False, timeout=60)

    return build


def objects(text: str) -> dict[tuple[str, str, str], Any]:
    """The objects of a stream by kind, namespace and name."""
    bodies = [body for body in yaml.safe_load_all(text) if body]
    found = {(body["kind"], body["metadata"]["namespace"], body["metadata"]["name"]): body for body in bodies}
    assert len(found) == len(bodies)
    return found


def test_kustomize_builds_what_flux_applies(shell: Callable[[str], str], repository: Path) -> None:
    """The policies as they were rendered, and no intent."""
    built = objects(shell("kustomize build deploy"))
    assert built.keys() == APPLIED
    assert built[POLICY] == yaml.safe_load((repository / "deploy/policies/networkpolicies.yaml").read_text())


def test_the_release_is_rendered_from_what_is_built(shell: Callable[[str], str], repository: Path) -> None:
    """By the commands of the page; policies that are in Git already are replaced by the same ones."""
    for command in ARTIFACT:
        shell(command)
    assert len(ARTIFACT) == 2
    assert objects((repository / "release/shop.yaml").read_text()) == objects(shell("kustomize build deploy"))


def test_flux_builds_the_same(flux: Callable[..., Any], shell: Callable[[str], str], repository: Path) -> None:
    """From Git and from the artifact, which has no kustomization."""
    built = objects(shell("kustomize build deploy"))
    assert objects(flux("from-git.yaml", repository).stdout) == built
    for command in ARTIFACT:
        shell(command)
    assert objects(flux("from-oci.yaml", repository / "release").stdout) == built


def test_variables_change_no_policy(flux: Callable[..., Any], repository: Path) -> None:
    """Though they are put into all else."""
    services = repository / "deploy/services.yaml"
    services.write_text(services.read_text().replace("targetPort: 8080", "targetPort: 8080\n      name: ${name}"))
    done = flux("from-git.yaml", repository, postBuild={"substitute": {"name": "pages"}})
    built = objects(done.stdout)
    assert built["Service", "shop", "web"]["spec"]["ports"][0]["name"] == "pages", done.stderr
    assert built[POLICY] == yaml.safe_load((repository / "deploy/policies/networkpolicies.yaml").read_text())
    missing = flux("from-git.yaml", repository, postBuild={"substitute": {"other": "pages"}})
    assert missing.returncode == 1


def test_flux_runs_no_function(flux: Callable[..., Any], repository: Path) -> None:
    """So a kustomization that lists one cannot be applied, and nothing is left out in silence."""
    function = """
transformers:
  - |-
    apiVersion: render.maxtac.vtk.io/v1alpha1
    kind: Render
    metadata:
      name: render
      annotations:
        config.kubernetes.io/function: "exec: {path: maxtac}"
"""
    kustomization = repository / "deploy/kustomization.yaml"
    kustomization.write_text(kustomization.read_text() + function)
    done = flux("from-git.yaml", repository)
    assert (done.returncode, done.stdout) == (1, "")
    assert "external plugins disabled" in done.stderr


def test_a_target_namespace_comes_too_late(flux: Callable[..., Any], repository: Path) -> None:
    """It moves the policies away from the pods of their peers, as the page says."""
    built = objects(flux("from-git.yaml", repository, targetNamespace="other").stdout)
    policy = built["NetworkPolicy", "other", POLICY[2]]
    (peer,) = policy["spec"]["ingress"][0]["from"]
    assert peer["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "shop"}
