"""The real API server keeps the contract that the fake one is held to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from live.contract import CONTRACT, Response, Send, Server

if TYPE_CHECKING:
    from collections.abc import Callable

    from .control_plane import ControlPlane


def sender(plane: ControlPlane) -> Send:
    """The control plane as the contract wants it."""

    def send(method: str, path: str, body: object = None, content: str = "application/json", **more: str) -> Response:
        answer = plane.request(method, path, body, content, **more)
        return Response(answer.status, answer.headers, answer.text)

    return send


@pytest.fixture(scope="module", autouse=True)
def _restarted(cluster: ControlPlane) -> None:
    """A server that has just begun does not remember what was before."""
    cluster.program.stop()
    cluster.start()


@pytest.mark.parametrize("clause", CONTRACT, ids=lambda clause: clause.__name__)
def test_it_does_as_the_fake_one(cluster: ControlPlane, clause: Callable[[Server], None]) -> None:
    namespace = cluster.new_namespace()
    clause(Server(sender(cluster), namespace, sender(cluster.user(namespace))))
