"""The client on a real API server: compaction in every form, its death, and every way to prove who one is."""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from live import certificates
from maxtac_render.live import client as module
from maxtac_render.live.access import Choice, load
from maxtac_render.live.client import Client
from maxtac_render.live.faults import ClusterFault, Gone, Refused, Unreachable
from maxtac_render.live.kinds import INTENTS, NETWORK_POLICIES, SERVICES
from maxtac_render.live.reflector import Pace, Reflector
from maxtac_render.live.store import Store

from .control_plane import control_plane as start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from live.certificates import Certificates

    from .control_plane import ControlPlane

WITHIN = 60.0
READER = {"apiGroups": [""], "resources": ["services"], "verbs": ["get", "list", "watch"]}
POLICIES = {"apiGroups": ["networking.k8s.io"], "resources": ["networkpolicies"], "verbs": ["get", "list", "watch"]}
HASTE = Pace(watch_for=30, list_again=3600.0, unreadable=0.2, shortest=0.05, longest=0.5)


@pytest.fixture(scope="module", name="made")
def _made(part: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    part("openssl")
    return certificates.make(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module", name="plane")
def _plane(
    part: Callable[[str], Path], made: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ControlPlane]:
    """An API server of its own, which is compacted, killed, and believes the certificates of our authority."""
    flag = f"--client-ca-file={made.authority}"
    with start(part, tmp_path_factory.mktemp("faults"), flag) as plane:
        yield plane


@pytest.fixture(scope="module", name="uncached")
def _uncached(plane: ControlPlane) -> Iterator[ControlPlane]:
    """An API server that asks etcd every time, and so forgets what that forgets."""
    with plane.another("--watch-cache=false") as another:
        yield another


@pytest.fixture(autouse=True)
def _pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pages."""
    monkeypatch.setattr(module, "PAGE", 10)


def connect(plane: ControlPlane) -> Client:
    """A client by the control plane's kubeconfig."""
    return Client(load(Choice(str(plane.kubeconfig))), timeout=WITHIN)


def name_of(item: dict[str, Any]) -> str:
    """The name."""
    return str(item["metadata"]["name"])


def fill(plane: ControlPlane, count: int) -> str:
    """A new namespace with Services."""
    namespace = plane.new_namespace()
    for number in range(count):
        add(plane, namespace, f"s-{number:03}")
    return namespace


def add(plane: ControlPlane, namespace: str, name: str) -> None:
    """Create a Service."""
    body = {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}]}}
    answer = plane.request("POST", f"/api/v1/namespaces/{namespace}/services", body)
    assert answer.status == 201, answer.text


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + WITHIN
    while not condition():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.05)


# Compaction


def test_a_list_survives_a_compaction_between_its_pages(plane: ControlPlane, uncached: ControlPlane) -> None:
    namespace = fill(plane, 35)
    taken: list[str] = []

    def take(item: dict[str, Any]) -> str:
        taken.append(name_of(item))
        if len(taken) == 10:
            add(plane, namespace, "s-late")
            plane.request("DELETE", f"/api/v1/namespaces/{namespace}/services/s-000")
            plane.compact()
        return name_of(item)

    listing = connect(uncached).list(SERVICES, take, namespace)
    assert listing.items == [*(f"s-{number:03}" for number in range(1, 35)), "s-late"]
    assert len(taken) == 10 + 35


def test_with_its_cache_a_server_remembers_more_than_etcd(plane: ControlPlane) -> None:
    namespace = fill(plane, 15)
    taken: list[str] = []

    def take(item: dict[str, Any]) -> str:
        taken.append(name_of(item))
        if len(taken) == 10:
            plane.request("DELETE", f"/api/v1/namespaces/{namespace}/services/s-014")
            plane.compact()
        return name_of(item)

    assert len(connect(plane).list(SERVICES, take, namespace).items) == 15


def test_what_was_compacted_is_gone_for_watches_and_lists(plane: ControlPlane, uncached: ControlPlane) -> None:
    client, namespace = connect(uncached), fill(plane, 1)
    version = client.list(SERVICES, name_of, namespace).resource_version
    add(plane, namespace, "s-late")
    plane.compact()
    with pytest.raises(Gone):
        list(client.watch(SERVICES, version, namespace, seconds=5))
    with pytest.raises(Gone):
        client.send("GET", SERVICES.path(namespace), {"resourceVersion": version, "resourceVersionMatch": "Exact"})


def test_a_watch_tells_of_all_that_a_list_did_not(plane: ControlPlane) -> None:
    client, namespace = connect(plane), fill(plane, 1)
    version = client.list(SERVICES, name_of, namespace).resource_version
    add(plane, namespace, "s-late")
    watch = client.watch(SERVICES, version, namespace, seconds=30)
    event = next(watch)
    assert (event.type, name_of(event.object)) == ("ADDED", "s-late")
    plane.request("DELETE", f"/api/v1/namespaces/{namespace}/services/s-000")
    assert next(watch).type == "DELETED"
    watch.close()  # type: ignore[attr-defined]


class Following:
    """A reflector of the Services of a namespace, at work."""

    def __init__(self, plane: ControlPlane, namespace: str) -> None:
        self.store: Store[str] = Store(lambda item: str(item["metadata"]["name"]))
        self.client = connect(plane)
        self.reflector = Reflector(self.client, SERVICES, self.store, namespace, HASTE)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.reflector.run, args=(self._stop,), daemon=True)

    def __enter__(self) -> Following:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self.client.close()
        self._thread.join(WITHIN)
        assert not self._thread.is_alive()

    def holds(self, names: set[str]) -> None:
        """Wait until it holds what there is, and knows that."""
        wait_for(
            lambda: not self.store.trouble and {name for _, name in self.store.seen().entries} == names, f"{names} held"
        )


def test_nothing_is_lost_when_etcd_is_compacted_while_nobody_watches(
    plane: ControlPlane, uncached: ControlPlane
) -> None:
    namespace = fill(plane, 25)
    names = {f"s-{number:03}" for number in range(25)}
    with Following(uncached, namespace) as found:
        found.holds(names)
        uncached.program.kill()
        wait_for(lambda: found.store.trouble, "the death of the server noticed")
        add(plane, namespace, "s-late")
        plane.request("DELETE", f"/api/v1/namespaces/{namespace}/services/s-003")
        plane.compact()
        uncached.start()
        found.holds(names - {"s-003"} | {"s-late"})
        assert found.reflector.lists == {"start": 1, "expired": 1}
        assert found.store.deleted() == frozenset()  # nobody saw it go


def test_nothing_is_lost_when_the_server_is_killed_again_and_again(plane: ControlPlane) -> None:
    namespace = fill(plane, 5)
    names = {f"s-{number:03}" for number in range(5)}
    with Following(plane, namespace) as found:
        found.holds(names)
        for number in range(3):
            add(plane, namespace, f"s-before-{number}")
            plane.program.kill()
            wait_for(lambda: found.store.trouble, "the death of the server noticed")
            plane.start()
            add(plane, namespace, f"s-after-{number}")
            names |= {f"s-before-{number}", f"s-after-{number}"}
            found.holds(names)


def test_a_server_that_is_killed_says_no_word_more(plane: ControlPlane) -> None:
    client, namespace = connect(plane), fill(plane, 1)
    watch = client.watch(SERVICES, client.list(SERVICES, name_of, namespace).resource_version, namespace)
    caught: list[ClusterFault] = []

    def follow() -> None:
        try:
            list(watch)
        except ClusterFault as fault:
            caught.append(fault)

    thread = threading.Thread(target=follow)
    thread.start()
    plane.program.kill()
    thread.join(WITHIN)
    with pytest.raises(Unreachable, match="connection refused"):
        client.list(SERVICES, name_of, namespace)
    plane.start()
    assert client.list(SERVICES, name_of, namespace).items == ["s-000"]
    assert not thread.is_alive()
    assert all(isinstance(fault, Unreachable) for fault in caught)


# What there is not, and what is not allowed


def test_a_kind_that_is_installed_later(plane: ControlPlane) -> None:
    store: Store[str] = Store(lambda item: str(item["metadata"]["name"]))
    client, stop = connect(plane), threading.Event()
    reflector = Reflector(client, INTENTS[0], store, pace=HASTE)
    thread = threading.Thread(target=reflector.run, args=(stop,), daemon=True)
    thread.start()
    try:
        wait_for(lambda: store.unreadable == 404, "the missing kind noticed")
        assert not store.synced
        plane.install_crds()
        wait_for(lambda: store.synced and not store.trouble, "the new kind read")
    finally:
        stop.set()
        client.close()
        thread.join(WITHIN)


def test_a_user_reads_what_roles_allow_and_no_more(plane: ControlPlane) -> None:
    namespace = fill(plane, 1)
    inside = connect(plane.user(namespace, READER, everywhere=False))
    assert inside.list(SERVICES, name_of, namespace).items == ["s-000"]
    for ask in (
        lambda: inside.list(SERVICES, name_of),
        lambda: inside.list(NETWORK_POLICIES, name_of, namespace),
        lambda: inside.list(SERVICES, name_of, "default"),
        lambda: list(inside.watch(NETWORK_POLICIES, "1", namespace)),
    ):
        with pytest.raises(Refused, match=r"cannot (list|watch) resource") as caught:
            ask()
        assert (caught.value.status.code, caught.value.status.reason) == (403, "Forbidden")
    everywhere = connect(plane.user(namespace, READER, POLICIES))
    assert everywhere.list(NETWORK_POLICIES, name_of, namespace).items == []


# Who we are


def who(path: Path) -> dict[str, Any]:
    """As whom the server knows us."""
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = Client(load(Choice(str(path)))).send(
        "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body=body
    )
    info: dict[str, Any] = answer.json()["status"]["userInfo"]
    return info


def kubeconfig(plane: ControlPlane, path: Path, user: dict[str, Any], **cluster: Any) -> Path:
    """A kubeconfig with another user."""
    config = json.loads(plane.kubeconfig.read_text())
    config["users"][0]["user"] = user
    config["clusters"][0]["cluster"] |= cluster
    path.write_text(json.dumps(config))
    return path


def test_a_certificate_says_who_we_are(plane: ControlPlane, made: Certificates, tmp_path: Path) -> None:
    user = {"client-certificate": str(made.client), "client-key": str(made.client_key)}
    found = who(kubeconfig(plane, tmp_path / "config", user))
    assert (found["username"], "system:masters" in found["groups"]) == ("tester", True)
    data = {"client-certificate-data": certificates.data(made.client)}
    data["client-key-data"] = certificates.data(made.client_key)
    assert who(kubeconfig(plane, tmp_path / "config", data))["username"] == "tester"


def test_a_plugin_says_who_we_are(plane: ControlPlane, made: Certificates, tmp_path: Path) -> None:
    script = tmp_path / "plugin"
    for status, name in (
        ({"token": plane.token}, "admin"),
        ({"clientCertificateData": made.client.read_text(), "clientKeyData": made.client_key.read_text()}, "tester"),
    ):
        credential = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}
        script.write_text(f"#!{sys.executable}\nprint({json.dumps(credential)!r})\n")
        script.chmod(0o755)
        plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin", "interactiveMode": "Never"}
        assert who(kubeconfig(plane, tmp_path / "config", {"exec": plugin}))["username"] == name


def test_we_act_as_whom_the_kubeconfig_says(plane: ControlPlane, tmp_path: Path) -> None:
    user = {"token": plane.token, "as": "clerk", "as-uid": "17", "as-groups": ["a", "b"]}
    found = who(kubeconfig(plane, tmp_path / "config", user | {"as-user-extra": {"example.com/Why": ["x", "y"]}}))
    assert (found["username"], found["uid"]) == ("clerk", "17")
    assert found["groups"] == ["a", "b", "system:authenticated"]
    assert found["extra"]["example.com/why"] == ["x", "y"]
    client = Client(load(Choice(str(tmp_path / "config"))))
    with pytest.raises(Refused, match='User "clerk" cannot list'):
        client.list(SERVICES, name_of)


def test_a_service_account_whose_token_is_rotated(plane: ControlPlane, tmp_path: Path) -> None:
    namespace = fill(plane, 1)
    first, second = (plane.user(namespace, READER) for _ in range(2))
    (tmp_path / "token").write_text(first.token)
    client = Client(load(Choice(str(kubeconfig(plane, tmp_path / "config", {"tokenFile": "token"})))), timeout=WITHIN)
    assert client.list(SERVICES, name_of, namespace).items == ["s-000"]
    account = f"/api/v1/namespaces/{namespace}/serviceaccounts/{first.kubeconfig.stem}"
    assert plane.request("DELETE", account).status == 200
    wait_for(lambda: first.request("GET", "/version").status == 401, "the first token refused")
    (tmp_path / "token").write_text(second.token)
    assert client.list(SERVICES, name_of, namespace).items == ["s-000"]


def test_the_name_of_the_server_is_checked(plane: ControlPlane, tmp_path: Path) -> None:
    elsewhere = plane.server.replace("127.0.0.1", "localhost")
    for name in ("", "other.example"):
        cluster = {"server": elsewhere, "tls-server-name": name}
        path = kubeconfig(plane, tmp_path / "config", {"token": plane.token}, **cluster)
        with pytest.raises(Unreachable) as caught:
            who(path)
        said = f"certificate verify failed: Hostname mismatch, certificate is not valid for '{name or 'localhost'}'."
        assert str(caught.value) == f"cannot reach {elsewhere}: {said}"
    cluster = {"server": elsewhere, "tls-server-name": "127.0.0.1"}
    assert who(kubeconfig(plane, tmp_path / "config", {"token": plane.token}, **cluster))["username"] == "admin"
