"""One connection to an API server: straight or through a proxy, over TLS, and how another thread ends it."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from base64 import b64encode
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from maxtac_render.live.faults import Unusable

CONNECT_WITHIN = 10.0
"""Seconds in which a connection must stand."""


class Route(NamedTuple):
    """How a connection goes. ``tls_name`` is the name by which the server proves itself, if not that of its address."""

    server: SplitResult
    proxy: SplitResult | None = None
    tls: ssl.SSLContext | None = None
    tls_name: str = ""


class Connection(http.client.HTTPConnection):
    """A connection that knows its server by a name of its own, and notices when the other side is dead."""

    def __init__(self, route: Route) -> None:
        server, proxy = route.server, route.proxy
        self._tls, self._tls_name = route.tls, route.tls_name or server.hostname or ""
        self._held: socket.socket | None = None
        first = proxy or server
        super().__init__(first.hostname or "", _port(first), timeout=CONNECT_WITHIN)
        if proxy:
            self.set_tunnel(server.hostname or "", _port(server), _proxy_headers(proxy))

    def connect(self) -> None:
        """Open the connection."""
        super().connect()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._held = self.sock
        if self._tls is not None:  # the handshake waits until others can end it
            self.sock = self._held = self._tls.wrap_socket(
                self.sock, server_hostname=self._tls_name, do_handshake_on_connect=False
            )
            self.sock.do_handshake()

    def end(self) -> None:
        """End what another thread waits for here; the connection is still that thread's to close."""
        held = self._held or self.sock
        if held is not None:
            with suppress(OSError):  # the socket's own, below TLS: that one is in use in the other thread
                socket.socket.shutdown(held, socket.SHUT_RDWR)


def address_of(text: str, what: str, *schemes: str) -> SplitResult:
    """An address taken apart. Raises Unusable for one that is none."""
    try:
        address = urlsplit(text)
        usable = address.scheme in schemes and address.hostname and address.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise Unusable(f"the address of the {what} is no {' or '.join(schemes)}://HOST[:PORT]")
    return address


def proxy_of(text: str) -> SplitResult:
    """The address of a proxy, which may leave out its scheme."""
    return address_of(text if "://" in text else f"http://{text}", "proxy", "http")


def is_direct(host: str, excepted: str) -> bool:
    """Tell whether no proxy of the environment is used for a host: as kubectl, for what is near, names and ranges."""
    names = [each.strip().lower() for each in excepted.split(",") if each.strip()]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return (
            host == "localhost" or "*" in names or any(f".{host}".endswith(f".{each.lstrip('*.')}") for each in names)
        )
    return address.is_loopback or "*" in names or any(_holds(each, address) for each in names)


def _holds(text: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        return address in ipaddress.ip_network(text.strip("[]"), strict=False)
    except ValueError:
        return False


def _port(address: SplitResult) -> int:
    return address.port or (443 if address.scheme == "https" else 80)


def _proxy_headers(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    words = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(words.encode()).decode()}"}
