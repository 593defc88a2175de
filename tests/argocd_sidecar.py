"""Argo CD's side of the contract with a plugin, re-enacted: for the tests that run where its programs are not built.

What its sidecar (argocd-cmp-server) and its repo-server do between the copy of a repository and the manifests, as its
sources have it in version 3.5.1: cmpserver/plugin/plugin.go, reposerver/repository/repository.go, util/kube.
tests/real/test_argocd.py holds the same tests against the real programs.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import yaml

PROJECT = Path(__file__).parents[1]
FUNCTION = PROJECT / "functions" / "argocd"
PLUGIN: Mapping[str, Any] = yaml.safe_load((FUNCTION / "plugin.yaml").read_text())

Body = dict[str, Any]

BUFFER = 0.1
"""Seconds before the deadline of the request at which the plugin is killed."""


class Failed(Exception):
    """What an Application's condition ComparisonError says."""


class Request(NamedTuple):
    """What an Application asks for, of any plugin or of one by its name. ``seconds`` is the deadline of the request."""

    repository: Path
    path: str = "."
    app: str = "shop"
    namespace: str = "team"
    parameters: Mapping[str, Any] | None = None
    seconds: float = 60.0
    name: str = ""

    @property
    def listed(self) -> list[Body] | None:
        """The parameters as an Application writes them."""
        if self.parameters is None:
            return None
        forms = {str: "string", list: "array", dict: "map"}
        return [{"name": name, forms[type(value)]: value} for name, value in self.parameters.items()]


class ArgoCD(Protocol):
    """An Argo CD with the plugin, real or not."""

    def manifests(self, request: Request) -> list[Body]:
        """The manifests of an Application. Raises Failed."""

    def parameters(self, request: Request) -> list[Body]:
        """What the plugin announces. Raises Failed."""


class Sidecar:
    """The plugin as its sidecar calls it, with the published plugin.yaml or another one."""

    def __init__(self, work: Path, plugin: Mapping[str, Any] = PLUGIN, variables: Mapping[str, str] | None = None):
        self._work = work
        self._spec = plugin["spec"]
        self._environment = {"PATH": path_with_maxtac(), **(variables or {})}

    def manifests(self, request: Request) -> list[Body]:
        """The manifests, with the tracking annotation that Argo CD adds."""
        self._require_match(request)
        printed = self._call(self._spec["generate"], request, told(request))
        return [tracked(body, request) for body in flattened(printed)]

    def parameters(self, request: Request) -> list[Body]:
        """What the dynamic command announces, and then the static parameters."""
        self._require_match(request)
        known = {name: value for name, value in told(request).items() if name in KNOWN_TO_PARAMETERS}
        listed = json.loads(self._call(self._spec["parameters"]["dynamic"], request, known))
        return [*listed, *self._spec["parameters"].get("static", [])]

    def _require_match(self, request: Request) -> None:
        if not list((request.repository / request.path).glob(self._spec["discover"]["fileName"])):
            raise Failed("could not find plugin supporting the given repository")

    def _call(self, command: Mapping[str, list[str]], request: Request, variables: Mapping[str, str]) -> str:
        words = [*command["command"], *command.get("args", [])]
        with tempfile.TemporaryDirectory(dir=self._work) as copy:
            received(request.repository, Path(copy))
            place = Path(copy) / request.path
            return run(words, place, {**self._environment, **variables}, request.seconds - BUFFER)


def path_with_maxtac(*before: Path) -> str:
    """A PATH on which the program under test is found."""
    return os.pathsep.join([*map(str, before), str(Path(sys.executable).parent), "/usr/bin", "/bin"])


KNOWN_TO_PARAMETERS = {"ARGOCD_APP_NAME", "ARGOCD_APP_SOURCE_REPO_URL", "ARGOCD_APP_SOURCE_PATH"}
REVISION = "0123456789012345678901234567890123456789"


def told(request: Request) -> dict[str, str]:
    """The variables of a request."""
    return {
        "ARGOCD_APP_NAME": request.app,
        "ARGOCD_APP_NAMESPACE": request.namespace,
        "ARGOCD_APP_PROJECT_NAME": "default",
        "ARGOCD_APP_REVISION": REVISION,
        "ARGOCD_APP_REVISION_SHORT": REVISION[:7],
        "ARGOCD_APP_REVISION_SHORT_8": REVISION[:8],
        "ARGOCD_APP_SOURCE_REPO_URL": "https://git.invalid/repository",
        "ARGOCD_APP_SOURCE_PATH": request.path,
        "ARGOCD_APP_SOURCE_TARGET_REVISION": "main",
        "KUBE_VERSION": "1.37.1",
        "KUBE_API_VERSIONS": "v1,apps/v1,networking.k8s.io/v1/NetworkPolicy",
        "ARGOCD_APP_PARAMETERS": json.dumps(request.listed, separators=(",", ":")),
        **dict(_parameter_variables(request.parameters or {})),
    }


def _parameter_variables(parameters: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in parameters.items():
        variable = f"PARAM_{_escaped(name)}"
        match value:
            case str():
                yield variable, value
            case list():
                yield from ((f"{variable}_{number}", item) for number, item in enumerate(value))
            case dict():
                yield from ((f"{variable}_{_escaped(key)}", item) for key, item in value.items())


def _escaped(name: str) -> str:
    return re.sub(r"[^A-Z0-9_]", "_", name.upper())


def received(repository: Path, copy: Path) -> None:
    """A repository as the sidecar has it: no file may be executed, and an absolute link begins at the copy's root.

    Raises Failed for a link that leads out, as the sidecar does.
    """
    shutil.copytree(repository, copy, symlinks=True, dirs_exist_ok=True)
    for path in copy.rglob("*"):
        if path.is_symlink():
            target = os.path.normpath(f"{path.parent}/{path.readlink()}")
            if not Path(target).is_relative_to(copy):
                raise Failed(f"illegal filepath in symlink: {target}")
            path.unlink()
            path.symlink_to(os.path.relpath(target, path.parent))
        elif path.is_file():
            path.chmod(0o644)


def run(words: list[str], place: Path, environment: Mapping[str, str], seconds: float) -> str:
    """Run a command of the plugin. At the deadline it is killed at once, and later what is left of its group."""
    child = subprocess.Popen(
        words,
        cwd=place,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        process_group=0,
    )
    try:
        printed, complaint = child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        printed, complaint = child.communicate()
    finally:
        _end_group(child.pid)
    if child.returncode:
        code = child.returncode
        reason = f"exit status {code}" if code > 0 else f"signal: {signal.strsignal(-code) or ''}".lower()
        raise Failed(f"`{' '.join(words)}` failed {reason}: {complaint.decode().strip()}")
    return printed.decode()


def _end_group(group: int) -> None:
    """SIGTERM, and SIGKILL after a while that is 5 s there."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(group, number)
        except ProcessLookupError:
            return
        time.sleep(0.2)


def flattened(printed: str) -> Iterator[Body]:
    """The objects of a stream: nothing for a document without content, and each item of a list."""
    for document in yaml.safe_load_all(printed):
        if document is None:
            continue
        if not isinstance(document, dict):
            raise Failed(f"failed to unmarshal manifest: {type(document).__name__}")
        if not document.get("kind") or not document.get("apiVersion"):
            raise Failed("Object 'Kind' is missing")
        yield from document["items"] if document["kind"].endswith("List") and "items" in document else [document]


def tracked(body: Body, request: Request) -> Body:
    """An object with the annotation that Argo CD knows its own by."""
    group = body["apiVersion"].rpartition("/")[0]
    metadata = body["metadata"]
    where = metadata.get("namespace") or request.namespace
    identity = f"{request.app}:{group}/{body['kind']}:{where}/{metadata['name']}"
    annotations = {**metadata.get("annotations", {}), "argocd.argoproj.io/tracking-id": identity}
    return {**body, "metadata": {**metadata, "annotations": annotations}}


def plugin_with(flags: Sequence[str], generate: Mapping[str, list[str]] | None = None) -> Mapping[str, Any]:
    """The published plugin.yaml with further flags for generate, or with another command in its place."""
    published = PLUGIN["spec"]["generate"]
    command = generate or {**published, "args": [*published["args"], *flags]}
    return {**PLUGIN, "spec": {**PLUGIN["spec"], "generate": command}}
