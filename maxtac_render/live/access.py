"""The way to a cluster: which server, how it proves itself, and as whom we come.

The configuration is kubectl's (https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/),
or where there is none, that of the pod that we are in. The kubernetes package reads it and gets the credentials.
"""

from __future__ import annotations

import http.client
import logging
import os
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from maxtac_render.live.faults import Unusable

CONNECT_WITHIN = 10.0
"""Seconds in which a connection must stand."""


class Choice(NamedTuple):
    """Which cluster: kubectl's ``--kubeconfig``, ``--context`` and ``--request-timeout`` (seconds; None: no limit).

    Empty ones are what the environment and the configuration say.
    """

    kubeconfig: str = ""
    context: str = ""
    timeout: float | None = None


class Access:
    """One way to a server, with its credentials.

    ``context`` is the name of the way, empty in a pod; ``namespace`` that of whoever names none.
    """

    def __init__(self, choice: Choice, configuration: Any, context: str, namespace: str) -> None:
        self.context = context
        self.namespace = namespace
        self.server = str(configuration.host).rstrip("/")
        self._choice = choice
        self._configuration = configuration
        self._lock = threading.Lock()
        self._address = _address(self.server)
        self._tls = _tls(configuration) if self._address.scheme == "https" else None

    @property
    def prefix(self) -> str:
        """What the paths of all requests begin with: where a server stands behind another."""
        return self._address.path

    def headers(self) -> Mapping[str, str]:
        """What proves who we are, renewed where it has run out."""
        with self._lock:
            try:
                settings = self._configuration.auth_settings()
            except Exception as error:
                raise Unusable(f"no credentials for {self.server}: {_words(error)}") from error
        value = settings.get("BearerToken", {}).get("value")
        return {"Authorization": value} if value else {}

    def again(self) -> Access:
        """The same way with credentials that were got anew: those that there are do not count any more."""
        return load(self._choice)

    def connection(self) -> http.client.HTTPConnection:
        """A connection that is yet to be opened."""
        host, port = self._address.hostname or "", self._address.port or (443 if self._tls else 80)
        proxy = _address(str(self._configuration.proxy)) if self._configuration.proxy else None
        way = (proxy.hostname or "", proxy.port or 80) if proxy else (host, port)
        connection = _Connection(*way, timeout=CONNECT_WITHIN)
        connection.tls, connection.tls_name = self._tls, self._configuration.tls_server_name or host
        if proxy:
            connection.set_tunnel(host, port, _proxy_headers(proxy))
        return connection


class _Connection(http.client.HTTPConnection):
    """A connection that knows its server by a name of its own, and notices when the other side is dead."""

    tls: ssl.SSLContext | None = None
    tls_name = ""

    def connect(self) -> None:
        """Open the connection."""
        super().connect()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if self.tls is not None:
            self.sock = self.tls.wrap_socket(self.sock, server_hostname=self.tls_name)


def load(choice: Choice) -> Access:
    """The way to the chosen cluster. Raises Unusable where there is none, or no credentials for it."""
    from kubernetes import config  # noqa: PLC0415 - a sixth of a second, for whoever asks for a cluster
    from kubernetes.client import Configuration  # noqa: PLC0415 - likewise

    configuration = type.__call__(Configuration)  # its own metaclass would copy somebody else's
    path = choice.kubeconfig or os.environ.get("KUBECONFIG") or config.KUBE_CONFIG_DEFAULT_LOCATION
    try:
        if _is_in_pod(choice, path):
            config.load_incluster_config(client_configuration=configuration)
            return Access(choice, configuration, "", _own_namespace())
        contexts, current = config.list_kube_config_contexts(path)
        chosen = (
            next((each for each in contexts if each["name"] == choice.context), None) if choice.context else current
        )
        if chosen is None:
            names = ", ".join(str(each["name"]) for each in contexts)
            raise Unusable(f"no context {choice.context} in {path}; there are: {names}")
        with _said() as said:
            config.load_kube_config(path, choice.context or None, configuration)
        if said and not configuration.api_key and not configuration.cert_file:
            raise Unusable(f"no credentials for context {chosen['name']}: {'; '.join(said)}")
    except Unusable:
        raise
    except Exception as error:
        raise Unusable(f"cannot use the configuration {path}: {_words(error)}") from error
    return Access(choice, configuration, str(chosen["name"]), str(chosen["context"].get("namespace") or "default"))


def _is_in_pod(choice: Choice, path: str) -> bool:
    """Tell whether we are in a pod, and nobody chose another way."""
    chosen = choice.kubeconfig or choice.context or any(Path(each).expanduser().exists() for each in _paths(path))
    return not chosen and bool(os.environ.get("KUBERNETES_SERVICE_HOST"))


def _paths(path: str) -> list[str]:
    return [each for each in path.split(os.pathsep) if each]


def _own_namespace() -> str:
    try:
        return Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace").read_text().strip() or "default"
    except OSError:
        return "default"


@contextmanager
def _said() -> Iterator[list[str]]:
    """What the kubernetes package logs meanwhile: it says there, and only there, why it got no credentials."""
    said: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(" ".join(record.getMessage().split()))  # type: ignore[method-assign]
    logger = logging.getLogger()
    logger.addHandler(handler)
    try:
        yield said
    finally:
        logger.removeHandler(handler)


def _tls(configuration: Any) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=configuration.ssl_ca_cert or None)
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # the certificates of many clusters are laxer
        if not configuration.verify_ssl:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if configuration.cert_file:
            context.load_cert_chain(configuration.cert_file, configuration.key_file)
    except (OSError, ValueError) as error:
        raise Unusable(f"cannot use the certificates for {configuration.host}: {_words(error)}") from error
    return context


def _address(text: str) -> SplitResult:
    try:
        address = urlsplit(text)
        usable = address.scheme in ("http", "https") and address.hostname and address.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise Unusable("the address of the server, or of the proxy, is no http(s)://HOST[:PORT]")
    return address


def _proxy_headers(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    words = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(words.encode()).decode()}"}


def _words(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
