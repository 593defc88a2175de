"""The real API server keeps the contract that the fake one is held to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from live.contract import CONTRACT, Response, Send, Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .control_plane import ControlPlane


def sender(plane: ControlPlane) -> Send:
    """The control plane as the contract wants it."""

    def send(method: str, path: str, body: object = None, content: str = "application/json", **more: str) -> Response:
        answer = plane.request(method, path, body, content, **more)
        return Response(answer.status, answer.headers, answer.text)

    return send


@pytest.fixture(scope="module", params=[0, 3], ids=["this version", "three versions ago"])
def plane(request: pytest.FixtureRequest, cluster: ControlPlane, versions: dict[str, str]) -> Iterator[ControlPlane]:
    """An API server that has just begun, and so does not remember what was before; also one that acts as older ones."""
    if not request.param:
        cluster.program.stop()
        cluster.start()
        yield cluster
        return
    major, minor, _ = versions["KUBERNETES_VERSION"].removeprefix("v").split(".")
    older = f"{major}.{int(minor) - request.param}"
    with cluster.another(f"--emulated-version=kube={older}", f"--etcd-prefix=/{older}") as another:
        another.install_crds()
        yield another


@pytest.mark.parametrize("clause", CONTRACT, ids=lambda clause: clause.__name__)
def test_it_does_as_the_fake_one(plane: ControlPlane, clause: Callable[[Server], None]) -> None:
    namespace = plane.new_namespace()
    clause(Server(sender(plane), namespace, sender(plane.user(namespace))))
