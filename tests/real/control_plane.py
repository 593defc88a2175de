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
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from maxtac_render.frontends.maxtac import schema
from maxtac_render.model.intent import GROUP, KINDS, VERSION

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
    headers: dict[str, str] = field(default_factory=dict)
    """Names in lower case."""

    def json(self) -> Any:
        """The answer, decoded."""
        return json.loads(self.text)


class Program:
    """A program that can be stopped and started again, and its log."""

    def __init__(self, command: list[str], log: Path) -> None:
        self.command, self.log = command, log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )

    def stop(self) -> None:
        """Ask it to end, and make it end if it does not."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once (SIGKILL)."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @property
    def exit_code(self) -> int | None:
        """The exit code; None while it runs."""
        return None if self._process is None else self._process.poll()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start it, and stop it at the end."""
        self.start()
        try:
            yield
        finally:
            self.stop()


@dataclass(frozen=True)
class ControlPlane:
    """A running API server and how one user, at first its administrator, reaches it."""

    server: str
    ca: Path
    token: str
    kubeconfig: Path
    etcd: str
    program: Program
    """The API server; after ``stop`` or ``kill`` of it, ``start`` of the control plane brings it back."""

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca)
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # on from Python 3.13; the self-signed certificate is laxer
        return context

    def request(
        self, method: str, path: str, body: object = None, content_type: str = "application/json", **more: str
    ) -> Response:
        """Send one request, with more headers; a body that is no text is sent as JSON. Any status is an answer."""
        address = urlsplit(self.server)
        data = body if body is None or isinstance(body, str | bytes) else json.dumps(body)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": content_type, "Accept": "application/json"}
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        connection = http.client.HTTPSConnection(address.hostname or "", address.port, timeout=30, context=self._tls)
        try:
            connection.request(method, path, body=data, headers=headers)
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return Response(answer.status, answer.read().decode(errors="replace"), headers)
        finally:
            connection.close()

    def install_crds(self) -> None:
        """Install the kinds of MaxTac, and wait until they are served."""
        for kind in KINDS.values():
            self._posted("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", schema.crd(kind))
        deadline = time.monotonic() + READY_WITHIN
        for kind in KINDS.values():
            while self.request("GET", f"/apis/{GROUP}/{VERSION}/{kind.plural}").status != 200:
                assert time.monotonic() < deadline, f"{kind.plural} are not served"
                time.sleep(0.1)

    def new_namespace(self) -> str:
        """Create a namespace with a name of its own: nothing here would ever finish deleting one."""
        name = f"test-{secrets.token_hex(4)}"
        answer = self.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        assert answer.status == 201, answer.text
        return name

    def start(self) -> None:
        """Start the API server and wait until it is ready."""
        self.program.start()
        deadline = time.monotonic() + READY_WITHIN
        while self.program.exit_code is None and time.monotonic() < deadline:
            try:
                if self.request("GET", "/readyz").text == "ok":
                    return
            except (OSError, http.client.HTTPException):
                pass  # no certificate yet, or nobody listens yet
            time.sleep(0.1)
        logs = self.program.log.parent.glob("*.log")
        ends = "\n".join(f"{log.name}: ...{log.read_text(errors='replace')[-2000:]}" for log in logs)
        raise RuntimeError(f"kube-apiserver is not ready (exit code {self.program.exit_code})\n{ends}")

    @contextmanager
    def another(self, *flags: str) -> Iterator[ControlPlane]:
        """Start another API server on the same etcd, with flags besides and the same credentials."""
        directory = self.program.log.parent / f"another-{secrets.token_hex(4)}"
        directory.mkdir()
        (port,) = free_ports(1)
        command = [*self.program.command, f"--secure-port={port}", f"--cert-dir={directory}/certs", *flags]
        program = Program(command, directory / "kube-apiserver.log")
        server, ca = f"https://127.0.0.1:{port}", directory / "certs/apiserver.crt"
        plane = replace(self, server=server, ca=ca, kubeconfig=directory / "kubeconfig", program=program)
        plane.write_kubeconfig()
        with _started(plane):
            yield plane

    def compact(self) -> None:
        """Let etcd forget every revision before now, through its gateway from HTTP to gRPC."""
        revision = self._etcd("range", {"key": "AA=="})["header"]["revision"]
        self._etcd("compaction", {"revision": revision, "physical": True})

    def _etcd(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        address = urlsplit(self.etcd)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
        try:
            connection.request("POST", f"/v3/kv/{method}", json.dumps(body))
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        assert answer.status == 200, data
        return cast(dict[str, Any], json.loads(data))

    def user(self, namespace: str, *rules: dict[str, Any], everywhere: bool = True) -> ControlPlane:
        """Reach the server as a service account of its own, which may do what the rules of RBAC say and no more.

        ``everywhere``: in all namespaces, else in its namespace only.
        """
        name = f"user-{secrets.token_hex(4)}"
        accounts, rbac = f"/api/v1/namespaces/{namespace}/serviceaccounts", "/apis/rbac.authorization.k8s.io/v1"
        scope = f"{rbac}/cluster" if everywhere else f"{rbac}/namespaces/{namespace}/"
        subject = {"kind": "ServiceAccount", "name": name, "namespace": namespace}
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole" if everywhere else "Role", "name": name}
        meta = {"metadata": {"name": name}}
        self._posted(accounts, meta)
        self._posted(f"{scope}roles", meta | {"rules": list(rules)})
        self._posted(f"{scope}rolebindings", meta | {"subjects": [subject], "roleRef": role})
        token = self._posted(f"{accounts}/{name}/token", {"spec": {"expirationSeconds": 7200}})["status"]["token"]
        plane = replace(self, token=token, kubeconfig=self.program.log.parent / f"{name}.kubeconfig")
        plane.write_kubeconfig()
        return plane

    def _posted(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.request("POST", path, body)
        assert answer.status == 201, answer.text
        return cast(dict[str, Any], answer.json())

    def write_kubeconfig(self, **user: Any) -> None:
        """Write a kubeconfig with one context, ``test``; the user has the token unless others are given."""
        cluster = {"server": self.server, "certificate-authority": str(self.ca)}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "admin", "user": user or {"token": self.token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
            "current-context": "test",
        }
        self.kubeconfig.write_text(json.dumps(config))
        self.kubeconfig.chmod(0o600)


@contextmanager
def control_plane(part: Callable[[str], Path], directory: Path, *flags: str) -> Iterator[ControlPlane]:
    """Start etcd and the API server, with flags besides, wait until it is ready, and stop both in reverse order."""
    etcd_port, peer_port, api_port = free_ports(3)
    token = secrets.token_hex(16)
    _credentials(part, directory, token)
    etcd = Program([str(part("etcd")), *_etcd_flags(directory, etcd_port, peer_port)], directory / "etcd.log")
    command = [str(part("kube-apiserver")), *_api_server_flags(directory, etcd_port, api_port), *flags]
    plane = ControlPlane(
        server=f"https://127.0.0.1:{api_port}",
        ca=directory / "certs/apiserver.crt",
        token=token,
        kubeconfig=directory / "kubeconfig",
        etcd=f"http://127.0.0.1:{etcd_port}",
        program=Program(command, directory / "kube-apiserver.log"),
    )
    plane.write_kubeconfig()
    with etcd.running(), _started(plane):
        yield plane


@contextmanager
def _started(plane: ControlPlane) -> Iterator[None]:
    try:
        plane.start()
        yield
    finally:
        plane.program.stop()


def free_ports(count: int) -> list[int]:
    """Ports at which nobody listens at the moment."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


def _credentials(part: Callable[[str], Path], directory: Path, token: str) -> None:
    subprocess.run(
        [part("openssl"), "genrsa", "-out", directory / "sa.key", "2048"], check=True, capture_output=True, timeout=60
    )
    (directory / "tokens.csv").write_text(f"{token},admin,admin,system:masters\n")


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
