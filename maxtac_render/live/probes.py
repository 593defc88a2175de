"""Small answers over HTTP for the kubelet and for Prometheus: whether we are well, ready, and what we count."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET6, IPPROTO_IPV6, IPV6_V6ONLY, has_ipv6
from typing import Any, NamedTuple

from maxtac_render.model.errors import EnvironmentFault

PATIENCE = 10
"""Seconds that whoever asks may take for a request."""


class Reply(NamedTuple):
    """What is answered: whether all is well, the text, and of what type it is."""

    well: bool
    text: str
    content_type: str = "text/plain; charset=utf-8"


Pages = Mapping[str, Callable[[], Reply]]
"""What stands at each path."""


class Address(NamedTuple):
    """Where to listen: an empty host is every address of this machine."""

    host: str
    port: int


class Listener:
    """Answers GET at an address until it is closed. Raises EnvironmentFault where it cannot listen there."""

    def __init__(self, address: Address, pages: Pages) -> None:
        self._server = _listening(address, _handler(pages))
        self._thread = threading.Thread(target=self._server.serve_forever, name="probes", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port, also where any free one was asked for."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever goes away before the answer is nobody's trouble."""


class _Server6(_Server):
    address_family = AF_INET6

    def server_bind(self) -> None:
        """Listen for both sorts of addresses."""
        self.socket.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 0)
        super().server_bind()


def _listening(address: Address, handler: type[BaseHTTPRequestHandler]) -> _Server:
    """A server at an address; at every address of this machine, those of IPv6 are among them where there are any."""
    host, port = address
    try:
        if not host and has_ipv6:
            with suppress(OSError):
                return _Server6(("::", port), handler)
        return (_Server6 if ":" in host else _Server)((host, port), handler)
    except OSError as error:
        raise EnvironmentFault(f"cannot listen at {host}:{port}: {(error.strerror or str(error)).lower()}") from error


def _handler(pages: Pages) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = PATIENCE
        server_version = "maxtac"
        sys_version = ""

        def do_GET(self) -> None:
            page = pages.get(self.path.partition("?")[0])
            if page is None:
                self._answer(404, Reply(well=False, text="not found\n"))
                return
            reply = page()
            self._answer(200 if reply.well else 503, reply)

        do_HEAD = do_GET  # noqa: N815 - the name is http.server's

        def _answer(self, code: int, reply: Reply) -> None:
            data = reply.text.encode()
            self.send_response(code)
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's signature
            """Say nothing: probes come every few seconds."""

    return Handler
