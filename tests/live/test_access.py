"""The way to a cluster is the one that kubectl would take, and nothing secret is said about it."""

from __future__ import annotations

import datetime
import json
import os
import shutil
import socket
import stat
import sys
import threading
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes.config import incluster_config, kube_config

from live import certificates
from live.certificates import NAME, Certificates, data
from live.fake import FakeServer
from maxtac_render.live import access as module
from maxtac_render.live.access import Choice, load
from maxtac_render.live.client import Client
from maxtac_render.live.connection import CONNECT_WITHIN, is_direct
from maxtac_render.live.faults import ClusterFault, Refused, Unreachable, Unusable
from maxtac_render.live.kinds import SERVICES

SECRET = "token-do-not-tell"  # noqa: S105 - of a server that lives for a second
WITHIN = 30.0


@pytest.fixture(autouse=True)
def _nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """No way to a cluster but that of the test."""
    for name in (*os.environ,):
        if name.lower().endswith("_proxy") or name.startswith("KUBE"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("KUBECONFIG", "/nonexistent")


@pytest.fixture(name="server")
def _server() -> Iterator[FakeServer]:
    with FakeServer(token=SECRET) as server:
        yield server


@pytest.fixture(scope="module", name="made")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not on PATH: no certificates")
    return certificates.make(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(name="safe")
def _safe(made: Certificates) -> Iterator[FakeServer]:
    with FakeServer(token=SECRET, tls=made.context(mutual=True)) as server:
        yield server


def write(path: Path, server: str, user: Any = None, cluster: Any = None, **more: Any) -> Path:
    """Write a kubeconfig with a context ``here``; more are other entries at its top."""
    context = {"cluster": "here", "user": "me"} if user is not None else {"cluster": "here"}
    config = {
        "clusters": [{"name": "here", "cluster": {"server": server, **(cluster or {})}}],
        "users": [] if user is None else [{"name": "me", "user": user}],
        "contexts": [{"name": "here", "context": context}],
        "current-context": "here",
        **more,
    }
    path.write_text(json.dumps(config))
    return path


def reach(path: Path | str = "", context: str = "") -> Client:
    """A client by a kubeconfig."""
    return Client(load(Choice(str(path), context)), timeout=WITHIN)


def reaches(path: Path | str = "", context: str = "") -> bool:
    """Tell whether a list comes back."""
    client = reach(path, context)
    try:
        return client.list(SERVICES, dict).items == []
    finally:
        client.close()


def refusal(path: Path | str = "", context: str = "") -> str:
    """Why there is no way: one line that tells no secret."""
    with pytest.raises(ClusterFault) as caught:
        reaches(path, context)
    said = str(caught.value)
    assert "\n" not in said
    for secret in (SECRET, "do-not-tell"):
        assert secret not in said
    return said


def plugin(directory: Path, status: str, *lines: str) -> dict[str, Any]:
    """A plugin for credentials: a script that notes its runs, ``n`` of them, and prints a status."""
    script, note = directory / "plugin", directory / "runs"
    credential = f'{{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {status}}}'
    head = (f"#!{sys.executable}", "import datetime, json, pathlib, sys", f"note = pathlib.Path({str(note)!r})")
    count = ("note.open('a').write('.')", "n = note.stat().st_size")
    script.write_text("\n".join([*head, *count, *lines, f"print(json.dumps({credential}))"]))
    script.chmod(0o755)
    return {
        "exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(script), "interactiveMode": "Never"}
    }


SOON = (
    "at = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)).strftime('%Y-%m-%dT%H:%M:%SZ')"
)
SHORT = f"{{'token': {SECRET!r}, 'expirationTimestamp': at}}"


def runs(directory: Path) -> int:
    """How often the plugin ran."""
    return len((directory / "runs").read_text())


# Credentials


def test_a_token_in_the_kubeconfig(server: FakeServer, tmp_path: Path) -> None:
    assert reaches(write(tmp_path / "config", server.url, {"token": SECRET}))
    assert "401" in refusal(write(tmp_path / "config", server.url, {"token": "do-not-tell"}))
    assert "401" in refusal(write(tmp_path / "config", server.url))


def test_a_token_in_a_file_that_is_rotated(server: FakeServer, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{SECRET}\n")
    client = reach(write(tmp_path / "config", server.url, {"tokenFile": "token"}))
    client.list(SERVICES, dict)
    server.tokens = {"token-new": "tester"}
    (tmp_path / "token").write_text("token-new\n")
    client.list(SERVICES, dict)
    assert [request.status for request in server.requests] == [200, 401, 200]


@pytest.mark.parametrize("token", ["do-not-tell\nX-Other: 1", "do-not-tell\x00", "dö-not-tell", "do-not-tell\t1"])
def test_a_token_that_no_header_takes(server: FakeServer, tmp_path: Path, token: str) -> None:
    said = refusal(write(tmp_path / "config", server.url, {"token": token}))
    assert said == "the token holds characters that no header of a request takes"
    assert not server.requests


def test_a_user_name_and_a_password(server: FakeServer, tmp_path: Path) -> None:
    refusal(write(tmp_path / "config", server.url, {"username": "me", "password": "do-not-tell"}))
    assert server.requests[0].headers["authorization"] == f"Basic {b64encode(b'me:do-not-tell').decode()}"


def test_a_plugin_gives_a_token(server: FakeServer, tmp_path: Path) -> None:
    client = reach(write(tmp_path / "config", server.url, plugin(tmp_path, f"{{'token': {SECRET!r}}}")))
    for _ in range(3):
        client.list(SERVICES, dict)
    assert runs(tmp_path) == 1


def test_a_plugin_is_asked_again_when_its_token_has_run_out(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ASK_AGAIN", 0.0)
    client = reach(write(tmp_path / "config", server.url, plugin(tmp_path, SHORT, SOON)))
    client.list(SERVICES, dict)
    client.list(SERVICES, dict)
    assert runs(tmp_path) == 3


def test_a_plugin_is_not_asked_for_every_request(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ASK_AGAIN", WITHIN)
    client = reach(write(tmp_path / "config", server.url, plugin(tmp_path, SHORT, SOON)))
    for _ in range(10):
        client.list(SERVICES, dict)
    assert runs(tmp_path) == 2


def test_a_plugin_is_asked_again_when_its_token_is_refused(server: FakeServer, tmp_path: Path) -> None:
    status = f"{{'token': {SECRET!r} if n > 1 else 'do-not-tell'}}"
    client = reach(write(tmp_path / "config", server.url, plugin(tmp_path, status)))
    client.list(SERVICES, dict)
    assert [request.status for request in server.requests] == [401, 200]
    assert runs(tmp_path) == 2


@pytest.mark.parametrize(
    ("status", "line", "says"),
    [
        ("{}", "sys.exit('log in first\\n  please')", "exec: process returned 1. log in first please"),
        ("{}", "print('do-not-tell')", "exec: failed to decode process output"),
        ("{}", "", "exec: missing token or clientCertificateData field"),
        ("{'clientCertificateData': 'do-not-tell'}", "", "exec: missing clientKeyData field"),
    ],
    ids=["it fails", "no JSON", "nothing", "half a certificate"],
)
def test_a_plugin_that_gives_nothing(tmp_path: Path, status: str, line: str, says: str) -> None:
    said = refusal(write(tmp_path / "config", "http://127.0.0.1:9", plugin(tmp_path, status, line)))
    assert said.startswith("no credentials for context here: ")
    assert says in said


def test_a_plugin_that_is_not_there(server: FakeServer, tmp_path: Path) -> None:
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "maxtac-no-such-plugin"}}
    said = refusal(write(tmp_path / "config", server.url, user))
    assert "maxtac-no-such-plugin" in said
    assert "No such file" in said


def test_a_plugin_that_fails_later_is_not_heard_on_stderr(
    server: FakeServer, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ASK_AGAIN", 0.0)
    user = plugin(tmp_path, SHORT, SOON, "if n > 1: sys.exit('do-not-tell')")
    client = reach(write(tmp_path / "config", server.url, user))
    client.list(SERVICES, dict)
    assert runs(tmp_path) == 2
    assert capfd.readouterr() == ("", "")


def identity(expires: float) -> str:
    """A token of an OpenID provider."""
    parts = ({"alg": "none"}, {"sub": "me", "exp": int(expires)})
    return ".".join(urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + ".c2ln"


def test_a_token_of_an_openid_provider(server: FakeServer, tmp_path: Path) -> None:
    token = identity(time.time() + 3600)
    server.tokens[token] = "me"
    settings = {"id-token": token, "client-id": "c", "client-secret": "do-not-tell", "idp-issuer-url": "https://x"}
    assert reaches(write(tmp_path / "config", server.url, {"auth-provider": {"name": "oidc", "config": settings}}))


@pytest.mark.parametrize(
    "settings",
    [
        {"id-token": "no.token"},
        {"client-secret": "do-not-tell", "refresh-token": "do-not-tell"},
        {"id-token": identity(0), "client-secret": "do-not-tell", "idp-issuer-url": "http://127.0.0.1:9"},
        {},
        None,
        "do-not-tell",
    ],
)
def test_an_openid_provider_that_gives_nothing(server: FakeServer, tmp_path: Path, settings: object) -> None:
    user = {"auth-provider": {"name": "oidc", "config": settings}}
    said = refusal(write(tmp_path / "config", server.url, user))
    assert "config" in said or "no credentials for context here" in said
    assert not server.requests


def test_a_provider_that_is_not_known(server: FakeServer, tmp_path: Path) -> None:
    user = {"auth-provider": {"name": "nonesuch", "config": {"access-token": "do-not-tell"}}}
    assert refusal(write(tmp_path / "config", server.url, user)).startswith("no credentials for context here")


def test_we_act_as_whom_the_kubeconfig_says(server: FakeServer, tmp_path: Path) -> None:
    user = {
        "token": SECRET,
        "as": "viewer",
        "as-uid": "17",
        "as-groups": ["a", "b:c"],
        "as-user-extra": {"Reason/1": ["x", "y"]},
    }
    client = reach(write(tmp_path / "config", server.url, user))
    client.list(SERVICES, dict)
    seen = [(name, value) for name, value in client.access.headers() if name != "Authorization"]
    assert seen == [
        ("Impersonate-User", "viewer"),
        ("Impersonate-Uid", "17"),
        ("Impersonate-Group", "a"),
        ("Impersonate-Group", "b:c"),
        ("Impersonate-Extra-Reason%2F1", "x"),
        ("Impersonate-Extra-Reason%2F1", "y"),
    ]
    assert server.requests[0].headers["impersonate-user"] == "viewer"
    assert "no header" in refusal(write(tmp_path / "config", server.url, {"token": SECRET, "as": "a\r\nb: c"}))


# In a pod


@pytest.fixture(name="pod")
def _pod(safe: FakeServer, made: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of a service account, and the environment of a pod."""
    (tmp_path / "token").write_text(SECRET)
    (tmp_path / "namespace").write_text("shop\n")
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(made.authority))
    monkeypatch.setattr(module, "SERVICE_ACCOUNT", tmp_path)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(safe.port))
    return tmp_path


def test_a_pod_has_its_own_way(pod: Path, safe: FakeServer) -> None:
    access = load(Choice())
    assert (access.server, access.context, access.namespace) == (safe.url, "", "shop")
    assert reaches()
    (pod / "namespace").unlink()
    assert load(Choice()).namespace == "default"


def test_a_token_of_a_pod_is_read_again(pod: Path, safe: FakeServer) -> None:
    client = reach()
    client.list(SERVICES, dict)
    safe.tokens = {"token-new": "tester"}
    (pod / "token").write_text("token-new")
    client.list(SERVICES, dict)
    assert [request.status for request in safe.requests] == [200, 401, 200]


def test_a_token_of_a_pod_is_read_again_before_it_is_refused(
    pod: Path, safe: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Later(datetime.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime.datetime:
            return super().now(tz) + datetime.timedelta(seconds=61)

    monkeypatch.setattr(module, "ASK_AGAIN", 0.0)
    client = reach()
    safe.tokens["token-new"] = "tester"
    (pod / "token").write_text("token-new")
    client.list(SERVICES, dict)
    later = SimpleNamespace(datetime=Later, timedelta=datetime.timedelta)
    monkeypatch.setattr(incluster_config, "datetime", later)
    client.list(SERVICES, dict)
    sent = [request.headers["authorization"].lower() for request in safe.requests]
    assert sent == [f"bearer {SECRET}", "bearer token-new"]


def test_a_pod_without_a_token(pod: Path) -> None:
    (pod / "token").unlink()
    assert "token file does not exist" in refusal()


def test_a_kubeconfig_comes_before_the_pod(pod: Path, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(pod / "config", server.url, {"token": SECRET})
    assert load(Choice(str(path))).server == server.url
    monkeypatch.setenv("KUBECONFIG", str(path))
    assert load(Choice()).server == server.url


# TLS


def test_an_authority_by_file_and_by_data(safe: FakeServer, made: Certificates, tmp_path: Path) -> None:
    shutil.copy(made.authority, tmp_path / "ca.pem")
    for cluster in ({"certificate-authority": "ca.pem"}, {"certificate-authority-data": data(made.authority)}):
        assert reaches(write(tmp_path / "config", safe.url, {"token": SECRET}, cluster))


def test_a_server_that_cannot_prove_itself(safe: FakeServer, made: Certificates, tmp_path: Path) -> None:
    path = tmp_path / "config"
    said = refusal(write(path, safe.url, {"token": SECRET}))
    assert said.startswith(f"cannot reach {safe.url}: certificate verify failed: ")
    assert "(_ssl" not in said
    other = safe.url.replace("127.0.0.1", "localhost")
    cluster = {"certificate-authority-data": data(made.authority)}
    assert "not valid for 'localhost'" in refusal(write(path, other, {"token": SECRET}, cluster))
    assert not safe.requests
    assert reaches(write(path, other, {"token": SECRET}, cluster | {"tls-server-name": NAME}))
    assert reaches(write(path, other, {"token": SECRET}, {"insecure-skip-tls-verify": True}))


@pytest.mark.parametrize(
    "cluster",
    [
        {"certificate-authority": "missing.pem"},
        {"certificate-authority-data": "do-not-tell"},
        {"certificate-authority-data": b64encode(b"do-not-tell").decode()},
        {"certificate-authority-data": 7},
    ],
)
def test_an_authority_that_is_none(safe: FakeServer, tmp_path: Path, cluster: dict[str, Any]) -> None:
    path = write(tmp_path / "config", safe.url, {"token": SECRET}, cluster)
    with pytest.raises(Unusable):
        load(Choice(str(path)))
    refusal(path)


def test_a_certificate_of_ours(safe: FakeServer, made: Certificates, tmp_path: Path) -> None:
    cluster = {"certificate-authority": str(made.authority)}
    files = {"client-certificate": str(made.client), "client-key": str(made.client_key)}
    contents = {"client-certificate-data": data(made.client), "client-key-data": data(made.client_key)}
    for user in (files, contents):
        assert reaches(write(tmp_path / "config", safe.url, user, cluster))
    assert {request.user for request in safe.requests} == {"tester"}
    half = {"client-certificate": str(made.client), "client-key": str(made.server_key)}
    assert "cannot use the certificates" in refusal(write(tmp_path / "config", safe.url, half, cluster))


def test_a_plugin_gives_a_certificate(safe: FakeServer, made: Certificates, tmp_path: Path) -> None:
    status = (
        f"{{'clientCertificateData': {made.client.read_text()!r}, 'clientKeyData': {made.client_key.read_text()!r}}}"
    )
    user = plugin(tmp_path, status)
    assert reaches(write(tmp_path / "config", safe.url, user, {"certificate-authority": str(made.authority)}))
    assert safe.requests[0].user == "tester"


def test_a_handshake_that_does_not_end_is_ended_by_whoever_closes(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"https://127.0.0.1:{silent.getsockname()[1]}"
        client = reach(write(tmp_path / "config", address, {"token": SECRET}))
        caught: list[Exception] = []

        def ask() -> None:
            try:
                client.list(SERVICES, dict)
            except ClusterFault as fault:
                caught.append(fault)

        thread = threading.Thread(target=ask)
        thread.start()
        accepted, _ = silent.accept()
        accepted.recv(1)
        began = time.monotonic()
        client.close()
        thread.join(WITHIN)
        accepted.close()
        assert time.monotonic() - began < CONNECT_WITHIN / 2
        assert [str(fault) for fault in caught] == ["the client was closed"]


def test_a_connection_over_tls_that_was_closed_meanwhile_is_replaced(
    safe: FakeServer, made: Certificates, tmp_path: Path
) -> None:
    client = reach(
        write(tmp_path / "config", safe.url, {"token": SECRET}, {"certificate-authority": str(made.authority)})
    )
    for _ in range(4):
        client.send("POST", "/api/v1/namespaces", body={"metadata": {"name": f"n{time.monotonic_ns()}"}})
        safe.stop()
        safe.start()
    assert [request.status for request in safe.writes()] == [201] * 4


# Proxies


class Proxy:
    """A proxy that connects every name to this host, and notes who asked for what."""

    def __init__(self, listening: socket.socket) -> None:
        self.asked: list[str] = []
        self.address = f"127.0.0.1:{listening.getsockname()[1]}"
        self._listening = listening

    def run(self) -> None:
        """Serve one connection after the other."""
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
        self.asked.append(head.decode())
        port = int(head.split(b" ")[1].rpartition(b":")[2])
        server = socket.create_connection(("127.0.0.1", port))
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for source, sink in ((client, server), (server, client)):
            threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while part := source.recv(65536):
                sink.sendall(part)
            sink.shutdown(socket.SHUT_WR)


@contextmanager
def proxying() -> Iterator[Proxy]:
    """A proxy that runs."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        proxy = Proxy(listening)
        threading.Thread(target=proxy.run, daemon=True).start()
        yield proxy
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)


def test_a_proxy_of_the_kubeconfig(safe: FakeServer, made: Certificates, tmp_path: Path) -> None:
    with proxying() as proxy:
        cluster = {
            "certificate-authority": str(made.authority),
            "proxy-url": f"http://me:do%2Dnot-tell@{proxy.address}",
        }
        address = safe.url.replace("127.0.0.1", NAME)
        assert reaches(write(tmp_path / "config", address, {"token": SECRET}, cluster))
        (asked,) = proxy.asked
    assert asked.startswith(f"CONNECT {NAME}:{safe.port} ")
    assert f"Proxy-Authorization: Basic {b64encode(b'me:do-not-tell').decode()}" in asked
    assert SECRET not in asked
    refusal(write(tmp_path / "config", address, {"token": SECRET}, cluster))  # nobody is there any more


def test_a_proxy_of_the_environment(
    safe: FakeServer, made: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = {"certificate-authority": str(made.authority)}
    path = write(tmp_path / "config", safe.url.replace("127.0.0.1", NAME), {"token": SECRET}, cluster)
    with proxying() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.address)
        assert reaches(path)
        for excepted in (NAME, ".example", "other, example", "*"):
            monkeypatch.setenv("NO_PROXY", excepted)
            assert "cannot reach" in refusal(path), excepted
        monkeypatch.setenv("NO_PROXY", "ample,xfake.example,10.0.0.0/8")
        assert reaches(path)
        assert len(proxy.asked) == 2
        near = write(tmp_path / "near", safe.url, {"token": SECRET}, cluster)
        assert reaches(near)
        assert len(proxy.asked) == 2


@pytest.mark.parametrize(
    ("host", "excepted", "direct"),
    [
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "11.0.0.0/8, example.com", False),
        ("2001:db8::1", "2001:db8::/32", True),
        ("2001:db8::1", "[2001:db8::1]", True),
        ("127.0.0.1", "", True),
        ("::1", "", True),
        ("localhost", "", True),
        ("api.example.com", "", False),
        ("api.example.com", "EXAMPLE.com", True),
        ("api.example.com", "*.example.com", True),
        ("example.com.evil", "example.com", False),
    ],
)
def test_what_needs_no_proxy(host: str, excepted: str, direct: bool) -> None:
    assert is_direct(host, excepted) == direct


@pytest.mark.parametrize("address", ["socks5://me:do-not-tell@h:1", "https://me:do-not-tell@h:1", "http://", "ftp:x"])
def test_a_proxy_that_cannot_be_used(server: FakeServer, tmp_path: Path, address: str) -> None:
    said = refusal(write(tmp_path / "config", server.url, {"token": SECRET}, {"proxy-url": address}))
    assert "the address of the proxy is no http://HOST[:PORT]" in said


# Kubeconfigs


def test_a_configuration_of_several_files(server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "b/token").write_text(SECRET)
    context = {"name": "shop", "context": {"cluster": "here", "user": "clerk", "namespace": "shop"}}
    first = write(tmp_path / "a/config", server.url, contexts=[context], **{"current-context": "shop"})
    users = [{"name": "clerk", "user": {"tokenFile": "token"}}]
    second = write(tmp_path / "b/config", "http://127.0.0.1:9", users=users, contexts=[], **{"current-context": "b"})
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join([str(first), "/nonexistent", "", str(second)]))
    access = load(Choice(context="shop"))
    assert (access.server, access.context, access.namespace) == (server.url, "shop", "shop")
    assert reaches(context="shop")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"current-context": ""}, "has no current context: choose one with --context; there are: here"),
        ({"current-context": "gone"}, "no context gone in"),
        ({"contexts": []}, "no context here in"),
        ({"clusters": []}, "no cluster here with a server"),
        ({"clusters": [{"name": "here", "cluster": {}}]}, "no cluster here with a server"),
        ({"clusters": [{"name": "here", "cluster": None}]}, "no cluster here with a server"),
        ({"users": []}, "no user me"),
        ({"users": [{"name": "me", "user": {"exec": {"do-not-tell": SECRET}}}]}, "no credentials for context here"),
        ({"users": [{"name": "me", "token": SECRET}]}, "Expected key user in"),
        ({"users": {"me": {"token": SECRET}}}, "it is no kubeconfig"),
        ({"users": [SECRET]}, "it is no kubeconfig"),
        ({"users": [{"user": {"token": SECRET}}]}, "it is no kubeconfig"),
        ({"users": [{"name": "me", "user": SECRET}]}, "no kubeconfig"),
        ({"users": [{"name": "me", "user": {"token": [SECRET]}}]}, ""),
        ({"contexts": [{"name": "here", "context": SECRET}]}, "no kubeconfig"),
        ({"clusters": [{"name": "here", "cluster": {"server": 7}}]}, "no http or https://HOST[:PORT]"),
        ({"clusters": [{"name": "here", "cluster": {"server": "https://me:do-not-tell@[::1"}}]}, "no http or https://"),
        ({"clusters": [{"name": "here", "cluster": {"server": "unix:///x"}}]}, "no http or https://HOST[:PORT]"),
        ({"clusters": [{"name": "here", "cluster": {"server": "https://me:do-not-tell@127.0.0.1:9"}}]}, "cannot reach"),
        ({"clusters": [{"name": "here", "cluster": {"server": f"https://{'a' * 64}.example"}}]}, "cannot reach"),
    ],
)
def test_a_kubeconfig_that_leads_nowhere(tmp_path: Path, server: FakeServer, change: dict[str, Any], says: str) -> None:
    path = write(tmp_path / "config", server.url, {"token": "do-not-tell"}, **change)
    assert says in refusal(path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "a",
        "17",
        f"users: [{{name: me, user: {{token: {SECRET}}}\n",
        f"token: *{SECRET}",
        f"!{SECRET} x",
        "\x00",
        "a: b: c",
        "current-context: here\n",
        f"{{a: 1}}\n---\n{SECRET}: 1",
        f"a: 1\n{SECRET}\n",
        f"a: &{SECRET} 1\nb: &{SECRET} {{",
    ],
)
def test_a_file_that_is_no_kubeconfig(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    assert str(path) in refusal(path)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert refusal(tmp_path / "gone").startswith(f"no kubeconfig at {tmp_path / 'gone'}: name one")
    assert str(tmp_path) in refusal(tmp_path)
    path = tmp_path / "config"
    path.write_bytes(b"\xff\xfe\x00")
    assert str(path) in refusal(path)


def test_a_context_can_be_chosen(server: FakeServer, tmp_path: Path) -> None:
    contexts = [{"name": name, "context": {"cluster": "here", "user": "me"}} for name in ("here", "there")]
    path = write(tmp_path / "config", server.url, {"token": SECRET}, contexts=contexts)
    assert load(Choice(str(path), "there")).context == "there"
    assert load(Choice(str(path))).namespace == "default"
    assert refusal(path, "nowhere") == f"no context nowhere in {path}; there are: here, there"


def test_nothing_is_left_of_certificates_for_others(safe: FakeServer, made: Certificates, tmp_path: Path) -> None:
    """What the kubernetes package writes for the sake of OpenSSL can be read by nobody else."""
    user = {"client-certificate-data": data(made.client), "client-key-data": data(made.client_key)}
    reaches(write(tmp_path / "config", safe.url, user, {"certificate-authority": str(made.authority)}))
    files = [Path(name) for name in kube_config._temp_files.values()]
    assert files
    assert {stat.S_IMODE(path.stat().st_mode) for path in files if path.exists()} <= {0o600}


def test_faults_of_the_way_are_told_apart(server: FakeServer, tmp_path: Path) -> None:
    with pytest.raises(Unusable):
        reaches(tmp_path / "gone")
    with pytest.raises(Refused):
        reaches(write(tmp_path / "config", server.url))
    server.stop()
    with pytest.raises(Unreachable):
        reaches(write(tmp_path / "config", server.url))
