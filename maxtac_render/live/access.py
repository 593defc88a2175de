"""The way to a cluster: which server, how it proves itself, and as whom we come.

The configuration is kubectl's (https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/),
or where there is none, that of the pod that we are in. The kubernetes package reads it and gets the credentials.
"""

from __future__ import annotations

import logging
import os
import re
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import SplitResult, quote, urlunsplit
from urllib.request import getproxies

from maxtac_render.live.connection import Connection, Route, address_of, is_direct, proxy_of
from maxtac_render.live.faults import Unusable

ASK_AGAIN = 10.0
"""Seconds for which credentials are used before it is asked whether they have run out."""

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod has what its service account needs."""

Headers = tuple[tuple[str, str], ...]


class Choice(NamedTuple):
    """Which cluster: kubectl's ``--kubeconfig``, ``--context`` and ``--request-timeout`` (seconds; None: no limit).

    Empty ones are what the environment and the configuration say.
    """

    kubeconfig: str = ""
    context: str = ""
    timeout: float | None = None


class Way(NamedTuple):
    """What a kubeconfig says of the way to a cluster; in a pod, nothing.

    ``context`` is its name, ``namespace`` that of whoever names none, ``cluster`` and ``user`` are the entries.
    """

    context: str
    namespace: str
    cluster: Mapping[str, Any]
    user: Mapping[str, Any]


class Access:
    """One way to a server, with its credentials.

    ``context`` is the name of the way, empty in a pod; ``namespace`` that of whoever names none.
    """

    def __init__(self, choice: Choice, configuration: Any, way: Way) -> None:
        self.context = way.context
        self.namespace = way.namespace
        self._choice = choice
        self._configuration = configuration
        self._lock = threading.Lock()
        self._credentials: Headers = ()
        self._ask_at = 0.0
        self._assumed = _assumed(way.user)
        self._address = address_of(str(configuration.host).rstrip("/"), "server", "http", "https")
        self.server = urlunsplit(self._address._replace(netloc=self._address.netloc.rpartition("@")[2]))
        tls = _tls(configuration) if self._address.scheme == "https" else None
        proxy = _proxy(self._address, str(way.cluster.get("proxy-url") or ""))
        self._route = Route(self._address, proxy, tls, configuration.tls_server_name or "")

    @property
    def prefix(self) -> str:
        """What the paths of all requests begin with: where a server stands behind another."""
        return self._address.path

    def headers(self) -> Headers:
        """What proves who we are, renewed where it has run out, and as whom we act."""
        with self._lock:
            if time.monotonic() >= self._ask_at:
                self._credentials = self._asked()
                self._ask_at = time.monotonic() + ASK_AGAIN
            return self._credentials + self._assumed

    def _asked(self) -> Headers:
        try:
            with _said():  # what is wrong shows when the server refuses what we have
                if self._configuration.refresh_api_key_hook:
                    self._configuration.refresh_api_key_hook(self._configuration)
        except Exception as error:
            raise Unusable(f"no credentials for {self.server}: {_words(error)}") from error
        keys = self._configuration.api_key
        value = str(keys.get("BearerToken") or keys.get("authorization") or "").strip()  # each version has its own name
        return (("Authorization", _header("the token", value)),) if value else ()

    def again(self) -> Access:
        """The same way with credentials that were got anew: those that there are do not count any more."""
        return load(self._choice)

    def connection(self) -> Connection:
        """A connection that is yet to be opened."""
        return Connection(self._route)


def load(choice: Choice) -> Access:
    """The way to the chosen cluster. Raises Unusable where there is none, or no credentials for it."""
    from kubernetes import config  # noqa: PLC0415 - a sixth of a second, for whoever asks for a cluster
    from kubernetes.client import Configuration  # noqa: PLC0415 - likewise

    configuration = type.__call__(Configuration)  # its own metaclass would copy somebody else's
    path = choice.kubeconfig or os.environ.get("KUBECONFIG") or config.KUBE_CONFIG_DEFAULT_LOCATION
    try:
        if _is_in_pod(choice, path):
            config.load_incluster_config(client_configuration=configuration)
            return Access(choice, configuration, Way("", _own_namespace(), {}, {}))
        return Access(choice, configuration, _configured(configuration, path, choice.context))
    except Unusable:
        raise
    except Exception as error:
        raise Unusable(f"cannot use the configuration {path}: {_words(error)}") from error


def contexts(kubeconfig: str = "") -> list[str]:
    """The contexts that can be chosen, for whoever types one; none where the configuration cannot be read."""
    from kubernetes.config import KUBE_CONFIG_DEFAULT_LOCATION  # noqa: PLC0415 - as above
    from kubernetes.config.kube_config import KubeConfigMerger  # noqa: PLC0415 - as above

    path = kubeconfig or os.environ.get("KUBECONFIG") or KUBE_CONFIG_DEFAULT_LOCATION
    try:
        config = KubeConfigMerger(path).config
        return [] if config is None else [str(each.value["name"]) for each in config.value["contexts"]]
    except Exception:
        return []


def _configured(configuration: Any, path: str, context: str) -> Way:
    """Read a kubeconfig, and let the package get the credentials that it tells of."""
    from kubernetes.config.kube_config import KubeConfigLoader, KubeConfigMerger  # noqa: PLC0415 - as above

    merger = KubeConfigMerger(path)
    if merger.config is None:
        raise Unusable(f"no kubeconfig at {path}: name one with --kubeconfig or KUBECONFIG")
    way = _way(merger.config.value, path, context)
    loader = KubeConfigLoader(merger.config, way.context, config_base_path=None, config_persister=merger.save_changes)
    with _said() as said:
        loader.load_and_set(configuration)
    if _CREDENTIALS & way.user.keys() and not configuration.api_key and not configuration.cert_file:
        raise Unusable(f"no credentials for context {way.context}: {'; '.join(said) or 'its user has none that count'}")
    return way


_CREDENTIALS = frozenset({"token", "tokenFile", "exec", "auth-provider", "username", "password"})


def _way(config: Mapping[str, Any], path: str, context: str) -> Way:
    """What a kubeconfig says of a context, or of the current one."""
    name = context or config.get("current-context") or ""
    names = ", ".join(str(each.value["name"]) for each in config["contexts"])
    if not name:
        raise Unusable(f"{path} has no current context: choose one with --context; there are: {names or 'none'}")
    chosen = _entry(config, "context", name)
    if chosen is None:
        raise Unusable(f"no context {name} in {path}; there are: {names or 'none'}")
    cluster = _entry(config, "cluster", chosen.get("cluster"))
    if not cluster or not cluster.get("server"):
        raise Unusable(f"context {name} in {path}: no cluster {chosen.get('cluster')} with a server")
    address_of(str(cluster["server"]), "server", "http", "https")
    user = _entry(config, "user", chosen["user"]) if chosen.get("user") else {}
    if user is None:
        raise Unusable(f"context {name} in {path}: no user {chosen['user']}")
    return Way(name, str(chosen.get("namespace") or "default"), cluster, user)


def _entry(config: Mapping[str, Any], kind: str, name: object) -> Mapping[str, Any] | None:
    found = next((each.value for each in config[f"{kind}s"] if each.value["name"] == name), None)
    return None if found is None else found.get(kind) or {}


def _assumed(user: Mapping[str, Any]) -> Headers:
    """Whom a kubeconfig wants us to act as: without these we would do it with the rights of another.

    Source: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation
    """
    extra = user.get("as-user-extra") or {}
    pairs = [
        ("Impersonate-User", user.get("as")),
        ("Impersonate-Uid", user.get("as-uid")),
        *(("Impersonate-Group", group) for group in user.get("as-groups") or ()),
        *((f"Impersonate-Extra-{quote(key, safe='')}", value) for key in extra for value in extra[key]),
    ]
    return tuple((name, _header(name, str(value))) for name, value in pairs if value)


def _header(what: str, value: str) -> str:
    if not value.isascii() or not value.isprintable():
        raise Unusable(f"{what} holds characters that no header of a request takes")
    return value


def _is_in_pod(choice: Choice, path: str) -> bool:
    """Tell whether we are in a pod, and nobody chose another way."""
    chosen = choice.kubeconfig or choice.context or any(Path(each).expanduser().exists() for each in _paths(path))
    return not chosen and bool(os.environ.get("KUBERNETES_SERVICE_HOST"))


def _paths(path: str) -> list[str]:
    return [each for each in path.split(os.pathsep) if each]


def _own_namespace() -> str:
    try:
        return (SERVICE_ACCOUNT / "namespace").read_text().strip() or "default"
    except OSError:
        return "default"


@contextmanager
def _said() -> Iterator[list[str]]:
    """What the kubernetes package logs meanwhile: it says there, and only there, why it got no credentials."""
    said: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(_plain(record.getMessage()))  # type: ignore[method-assign]
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
            context.load_cert_chain(
                configuration.cert_file, configuration.key_file, password=""
            )  # nobody is asked for one
    except (OSError, ValueError) as error:
        raise Unusable(f"cannot use the certificates for {configuration.host}: {_words(error)}") from error
    return context


def _proxy(address: SplitResult, chosen: str) -> SplitResult | None:
    """The proxy on the way to a host: the kubeconfig's, or that of the environment unless NO_PROXY excepts the host."""
    proxies, host = getproxies(), address.hostname or ""
    usual = proxies.get(address.scheme) or proxies.get("all") or ""
    proxy = chosen or ("" if is_direct(host, proxies.get("no", "")) else usual)
    return proxy_of(proxy) if proxy else None


def _words(error: Exception) -> str:
    """What an error of the kubernetes package says, but for what it may quote of the configuration."""
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        return f"line {mark.line + 1} is no YAML"
    if isinstance(error, (TypeError, AttributeError, LookupError)):
        return "it is no kubeconfig"
    return _plain(str(error)) or type(error).__name__


def _plain(text: str) -> str:
    """A message on one line, without the entries of the configuration that the package quotes, secrets and all."""
    return re.sub(r"\{.*\}", "{...}", " ".join(text.split()))
