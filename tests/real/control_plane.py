"""A Kubernetes API server on its own etcd, for one test session: objects only, no nodes and no controllers."""

from __future__ import annotations

import http.client
import json
import secrets
import socket
import ssl
import subprocess
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

READY_WITHIN = 120.0
STOPPED_WITHIN = 15.0


@dataclass(frozen=True)
class Response:
    """What the API server answered."""

    status: int
    text: str

    def json(self) -> Any:
        """The answer, decoded."""
        return json.loads(self.text)


@dataclass(frozen=True)
class ControlPlane:
    """A running API server and how its administrator reaches it."""

    server: str
    ca: Path
    token: str
    kubeconfig: Path

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca)
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # on from Python 3.13; the self-signed certificate is laxer
        return context

    def request(self, method: str, path: str, body: object = None, content_type: str = "application/json") -> Response:
        """Send one request; a body that is no text is sent as JSON. Any status is an answer, not an exception."""
        address = urlsplit(self.server)
        data = body if body is None or isinstance(body, str | bytes) else json.dumps(body)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": content_type, "Accept": "application/json"}
        connection = http.client.HTTPSConnection(address.hostname or "", address.port, timeout=30, context=self._tls)
        try:
            connection.request(method, path, body=data, headers=headers)
            answer = connection.getresponse()
            return Response(answer.status, answer.read().decode())
        finally:
            connection.close()

    def new_namespace(self) -> str:
        """Create a namespace with a name of its own: nothing here would ever finish deleting one."""
        name = f"test-{secrets.token_hex(4)}"
        answer = self.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        assert answer.status == 201, answer.text
        return name


@contextmanager
def control_plane(part: Callable[[str], Path], directory: Path, *flags: str) -> Iterator[ControlPlane]:
    """Start etcd and the API server, with flags besides, wait until it is ready, and stop both in reverse order."""
    etcd_port, peer_port, api_port = _free_ports(3)
    plane = _credentials(part, directory, f"https://127.0.0.1:{api_port}")
    etcd = [str(part("etcd")), *_etcd_flags(directory, etcd_port, peer_port)]
    api_server = [str(part("kube-apiserver")), *_api_server_flags(directory, etcd_port, api_port), *flags]
    with ExitStack() as running:
        running.enter_context(_process(etcd, directory / "etcd.log"))
        process = running.enter_context(_process(api_server, directory / "kube-apiserver.log"))
        _wait_until_ready(plane, process, directory)
        yield plane


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


def _credentials(part: Callable[[str], Path], directory: Path, server: str) -> ControlPlane:
    plane = ControlPlane(server, directory / "certs/apiserver.crt", secrets.token_hex(16), directory / "kubeconfig")
    subprocess.run(
        [part("openssl"), "genrsa", "-out", directory / "sa.key", "2048"], check=True, capture_output=True, timeout=60
    )
    (directory / "tokens.csv").write_text(f"{plane.token},admin,admin,system:masters\n")
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": {"server": server, "certificate-authority": str(plane.ca)}}],
        "users": [{"name": "admin", "user": {"token": plane.token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
        "current-context": "test",
    }
    plane.kubeconfig.write_text(json.dumps(config))
    plane.kubeconfig.chmod(0o600)
    return plane


def _etcd_flags(directory: Path, port: int, peer_port: int) -> list[str]:
    return [
        f"--data-dir={directory}/etcd",
        f"--listen-client-urls=http://127.0.0.1:{port}",
        f"--advertise-client-urls=http://127.0.0.1:{port}",
        f"--listen-peer-urls=http://127.0.0.1:{peer_port}",
        "--unsafe-no-fsync",
    ]


def _api_server_flags(directory: Path, etcd_port: int, port: int) -> list[str]:
    return [
        f"--etcd-servers=http://127.0.0.1:{etcd_port}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={directory}/certs",
        f"--service-account-key-file={directory}/sa.key",
        f"--service-account-signing-key-file={directory}/sa.key",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--token-auth-file={directory}/tokens.csv",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.0.0.0/16",
        "--disable-admission-plugins=ServiceAccount",
    ]


@contextmanager
def _process(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(plane: ControlPlane, process: subprocess.Popen[bytes], directory: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if plane.request("GET", "/readyz").text == "ok":
                return
        except (OSError, http.client.HTTPException):
            pass  # no certificate yet, or nobody listens yet
        time.sleep(0.1)
    logs = "\n".join(f"{log.name}: ...{log.read_text(errors='replace')[-2000:]}" for log in directory.glob("*.log"))
    raise RuntimeError(f"kube-apiserver is not ready (exit code {process.poll()})\n{logs}")
