"""The plugin under the real argocd-cmp-server, asked by the repo-server's own code; an optional part.

What tests/functions/test_argocd_plugin.py holds against the re-enacted contract, here holds it against the real one.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from argocd_scenarios import *  # noqa: F403 - the tests, which hold for any Argo CD
from argocd_scenarios import ACCESS, POLICY, SERVICE, Maker, failure, identities, policies, repository
from argocd_sidecar import PROJECT, Body, Failed, Request, path_with_maxtac, plugin_with

READY = 30
"""Seconds that the server may take to listen."""


class Server(NamedTuple):
    """A running argocd-cmp-server, and the program that asks it."""

    program: Path
    sockets: Path

    def manifests(self, request: Request) -> list[Body]:
        """The manifests that the repo-server makes of an Application."""
        return [json.loads(text) for text in self._ask("manifests", request)]

    def parameters(self, request: Request) -> list[Body]:
        """What the plugin announces to the user interface."""
        found: list[Body] = self._ask("parameters", request)
        return found

    def _ask(self, role: str, request: Request) -> Any:
        asked = {
            "App": request.app,
            "Namespace": request.namespace,
            "Project": "default",
            "Repository": str(request.repository),
            "Path": request.path,
            "KubeVersion": "1.37.1",
            "ApiVersions": ["v1", "apps/v1", "networking.k8s.io/v1/NetworkPolicy"],
            "Plugin": {"name": request.name, "parameters": request.listed},
            "Seconds": request.seconds,
        }
        environment = {**os.environ, "ARGOCD_PLUGINSOCKFILEPATH": str(self.sockets)}
        words = [str(self.program), role]
        done = subprocess.run(
            words, input=json.dumps(asked), env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        if done.returncode:
            raise Failed(done.stderr)
        return json.loads(done.stdout) or []


@contextmanager
def serving(program: Path, home: Path, plugin: Mapping[str, Any], path: str) -> Iterator[Server]:
    """Run the server of a sidecar with a plugin.yaml."""
    home.mkdir()
    sockets = home / "s"
    sockets.mkdir()
    (home / "plugin.yaml").write_text(yaml.safe_dump(plugin))
    environment = {
        "PATH": path,
        "ARGOCD_PLUGINSOCKFILEPATH": str(sockets),
        "ARGOCD_CMP_WORKDIR": str(home / "work"),
        "TMPDIR": str(home),
    }
    log = home / "log"
    with (
        log.open("w") as stream,
        subprocess.Popen(
            [program, "cmp-server", f"--config-dir-path={home}"], env=environment, stdout=stream, stderr=stream
        ) as child,
    ):
        try:
            deadline = time.monotonic() + READY
            while not list(sockets.iterdir()):
                assert child.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
            yield Server(program, sockets)
        finally:
            child.kill()  # the first SIGTERM does not end it


@pytest.fixture
def argocd(part: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The real Argo CD; its directories have short names, because a socket's path may not be long."""
    program = part("argocd")
    with ExitStack() as servers:

        def make(*flags: str, programs: Path | None = None, generate: Mapping[str, list[str]] | None = None) -> Server:
            path = path_with_maxtac(*([programs] if programs else []))
            home = tmp_path_factory.mktemp("cmp") / "h"
            return servers.enter_context(serving(program, home, plugin_with(flags, generate), path))

        yield make


@pytest.fixture
def programs(part: Callable[[str], Path], tmp_path: Path) -> Path:
    """A directory with the real kustomize and helm."""
    directory = tmp_path / "real"
    directory.mkdir()
    for name in ("kustomize", "helm"):
        (directory / name).symlink_to(part(name))
    return directory


def test_kustomize_really_builds(argocd: Maker, programs: Path, tmp_path: Path) -> None:
    """The base is above the Application, and what kustomize names anew is what the policies know."""
    kustomization = "resources: [../../base]\nnamespace: team\nnameSuffix: -x\n"
    files = {
        "base/kustomization.yaml": "resources: [web.yaml, access.yaml]\n",
        "base/web.yaml": SERVICE,
        "base/access.yaml": ACCESS.replace("serviceName: web", "serviceName: web-x"),
        "apps/shop/kustomization.yaml": kustomization,
        "apps/shop/maxtac.yaml": "apiVersion: render.maxtac.vtk.io/v1alpha1\nkind: Render\n",
    }
    request = Request(repository(tmp_path, files), "apps/shop", parameters={"input": "kustomize", "intents": "drop"})
    found = argocd(programs=programs).manifests(request)
    assert identities(found) == ["Service/web-x", "NetworkPolicy/web-in-x--team-web-x---web-x-team-ing"]


def test_kustomize_runs_no_program_that_a_repository_names(argocd: Maker, programs: Path, tmp_path: Path) -> None:
    """It takes an administrator's flags for that."""
    function = "annotations: {config.kubernetes.io/function: 'exec: {path: ./x}'}"
    files = {
        "kustomization.yaml": "resources: [web.yaml, access.yaml]\ntransformers: [x.yaml]\n",
        "x.yaml": f"apiVersion: x/v1\nkind: X\nmetadata:\n  name: x\n  {function}\n",
    }
    request = Request(repository(tmp_path, files), parameters={"input": "kustomize"})
    assert "external plugins disabled" in failure(argocd(programs=programs), request)


def test_helm_really_fills_in_a_chart(argocd: Maker, programs: Path, tmp_path: Path) -> None:
    """The one that the post-renderer's example has, with the release and the namespace of the Application."""
    place = repository(tmp_path, {})
    shutil.copytree(PROJECT / "functions" / "helm" / "example", place / "chart")
    (place / "maxtac.yaml").rename(place / "chart" / "maxtac.yaml")
    request = Request(place, "chart", app="shop", namespace="prod", parameters={"input": "helm"})
    found = argocd(programs=programs).manifests(request)
    assert {"Service/shop-cart", "Service/shop-web"} <= set(identities(found))
    (policy,) = policies(found)
    assert policy["metadata"]["name"] == "shop-cart-reads--prod-shop-web---shop-cart-prod-ing"
    assert not [body for body in found if body["kind"] == "Access"]


def test_the_error_of_helm_reaches_the_application(argocd: Maker, programs: Path, tmp_path: Path) -> None:
    """In its own words."""
    told = failure(argocd(programs=programs), Request(repository(tmp_path, {}), parameters={"input": "helm"}))
    assert "helm failed with exit code 1" in told
    assert "Chart.yaml" in told


def test_a_plugin_is_chosen_by_its_name(argocd: Maker, tmp_path: Path) -> None:
    """As the example's Application chooses it; its directory has to hold maxtac.yaml all the same."""
    request = Request(repository(tmp_path, {"other/web.yaml": SERVICE}), name="maxtac-render")
    assert f"NetworkPolicy/{POLICY}" in identities(argocd().manifests(request))
    assert 'could not find cmp-server plugin with name "maxtac-render"' in failure(
        argocd(), request._replace(path="other")
    )


def test_many_policies_pass(argocd: Maker, tmp_path: Path) -> None:
    """Thousands, in one answer."""
    services = "---\n".join(SERVICE.replace("name: web", f"name: web-{number}") for number in range(3000))
    found = argocd().manifests(Request(repository(tmp_path, {"web.yaml": SERVICE + "---\n" + services})))
    assert len(policies(found)) == 3001
