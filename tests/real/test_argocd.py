"""The plugin under the real argocd-cmp-server, asked by the repo-server's own code; an optional part.

What tests/functions/test_argocd_plugin.py holds against the re-enacted contract, here holds it against the real one.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from argocd_scenarios import *  # noqa: F403 - the tests, which hold for any Argo CD
from argocd_sidecar import Body, Failed, Request, path_with_maxtac, plugin_with

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
            "Plugin": {"parameters": request.listed} if request.listed is not None else {},
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
