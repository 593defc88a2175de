"""A fake Kubernetes API server with faults to order, for tests of what reads and writes a cluster.

    with FakeServer() as server:
        server.add(service, policy)                              # as somebody else; missing namespaces are made
        path = server.kubeconfig(tmp_path)                       # a kubeconfig with its address and a token
        server.fail(status(429, retry_after=1), method="POST", path="networkpolicies", times=3, skip=1)
        ...
        assert [request.path for request in server.writes()] == [...]

What is in it: ``find`` ``objects`` ``history`` (every change of a plural, in order) ``revision``. What somebody else
does to it: ``add`` ``change`` ``remove`` ``terminate`` (a namespace) ``advance`` (the resourceVersion) ``compact``.
What was asked of it: ``requests``, ``writes()``, ``wait_for(condition)``. Who may: ``tokens``, ``forbid(verb, plural,
namespace)``, ``missing`` (plurals whose CRD is not installed), ``ending`` (whose CRD is being deleted), ``end_kind``,
``admission`` (what it makes of what is written). ``stop()`` and ``start()`` keep port and objects.
Watches: ``bookmark()``, ``end_watches()`` (clean), ``cut_watches()`` (within a line), ``freeze_watches()`` (dead TCP).

Faults (``fail`` returns the Fault: ``.hits``, ``.remove()``): ``status`` ``html`` ``raw`` ``events`` (answer instead),
``hang`` (never answer), ``reset`` (RST), ``slow(seconds)``, ``cut(after)`` (end the body early), ``drop`` (do it, and
close without an answer), ``after(action)`` (run a function, then go on as usual).
"""

from __future__ import annotations

import json
import re
import secrets
import socket
import ssl
import threading
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from live.connections import JSON, WRITING, Answer, Cut, Handler, NoSuchPath, Orders, Request, selects
from live.failing import (  # noqa: F401 - so that a test imports all from here
    Action,
    Fault,
    after,
    cut,
    drop,
    events,
    expired,
    hang,
    html,
    raw,
    reset,
    slow,
    status,
)
from live.patching import PatchError, SchemaError, json_patched, merged, status_applied
from live.storage import (
    KINDS,
    Body,
    Change,
    Key,
    Kind,
    Refusal,
    Storage,
    Write,
    bad_request,
    invalid,
    kind_named,
    kind_of,
)

LIMIT = 30.0
"""Seconds after which a wait has failed."""
INCONSISTENT = -1
"""The revision of the token that comes with a 410: what is there now, from the same place on."""
_PATH = re.compile(r"/(?:api/(v1)|apis/([^/]+/[^/]+))(?:/namespaces/([^/]+)(?=/))?/([^/]+)(?:/([^/]+))?(?:/(status))?")

_GROUP = re.compile(r"/apis/([^/]+/[^/]+)")


class Target(NamedTuple):
    """What a path leads to."""

    kind: Kind
    namespace: str
    name: str
    subresource: str


@dataclass
class FakeServer:
    """The server; a context manager. ``prefix`` is a path before all others, as proxies of clusters have it."""

    host: str = "127.0.0.1"
    prefix: str = ""
    tls: ssl.SSLContext | None = None
    token: str = field(default_factory=lambda: f"token-{secrets.token_hex(8)}")
    gzip_from: int = 128 * 1024
    """Bytes from which an answer is compressed, as by the real one."""

    def __post_init__(self) -> None:
        """Make an empty cluster."""
        self.storage = Storage()
        self.tokens = {self.token: "tester"}
        self.missing: set[str] = set()
        self.ending: set[str] = set()
        self.admission: Callable[[Body], Body] = lambda body: body
        self.requests: list[Request] = []
        self.crashes: list[Exception] = []
        self.connections: set[Handler] = set()
        self.accepted = 0
        self.stopping = threading.Event()
        self.orders = Orders()
        self.port = 0
        self._faults: list[Fault] = []
        self._forbidden: list[tuple[str, str, str]] = []
        for name in ("default", "kube-system"):
            self.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def __enter__(self) -> FakeServer:
        """Start it."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.stop()
        assert not self.crashes, self.crashes

    # The process

    def start(self) -> None:
        """Listen, on the same port as before."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        fake = self

        class Server(ThreadingHTTPServer):
            address_family = family
            daemon_threads = True
            request_queue_size = 128

            def get_request(self) -> tuple[socket.socket, Any]:
                connection, address = super().get_request()
                fake.accepted += 1
                if fake.tls:
                    connection = fake.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
                return connection, address

            def handle_error(self, *_: object) -> None:
                """What a client does to a connection is no error of the server."""

        self.stopping.clear()
        self._httpd = Server((self.host, self.port), type("Handler", (Handler,), {"fake": self}))
        self.port = self._httpd.server_address[1]
        self._thread = threading.Thread(target=self._httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End every connection at once; what is stored stays. Does nothing twice."""
        if self.stopping.is_set():
            return
        with self.storage.changed:
            self.stopping.set()
            self.storage.changed.notify_all()
        self._httpd.shutdown()
        self._httpd.server_close()
        deadline = time.monotonic() + LIMIT
        while self.connections and time.monotonic() < deadline:
            for connection in list(self.connections):
                connection.close()
            time.sleep(0.01)

    @property
    def url(self) -> str:
        """Its address."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{self.prefix}"

    def kubeconfig(self, directory: Path, **user: Any) -> Path:
        """Write a kubeconfig with one context, ``fake``; the user has the token unless others are given."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "fake", "cluster": {"server": self.url}}],
            "users": [{"name": "tester", "user": user or {"token": self.token}}],
            "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "tester"}}],
            "current-context": "fake",
        }
        path = directory / "kubeconfig"
        path.write_text(json.dumps(config))
        path.chmod(0o600)
        return path

    # What is in it

    @property
    def revision(self) -> str:
        """The resourceVersion of now."""
        return str(self.storage.revision)

    def find(self, plural: str, namespace: str, name: str) -> Body | None:
        """An object as it is stored; not to be changed."""
        with self.storage.changed:
            return self.storage.find(plural, (namespace, name))

    def objects(self, plural: str) -> dict[Key, Body]:
        """All objects by namespace and name."""
        with self.storage.changed:
            return dict(self.storage.at(plural, self.storage.revision))

    def history(self, plural: str) -> list[Change]:
        """Every change there ever was, compacted or not."""
        with self.storage.changed:
            return list(self.storage.log[plural])

    # What somebody else does

    def add(self, *bodies: Body) -> list[Body]:
        """Create objects, or put them in the place of others; missing namespaces are created. A status is kept."""
        return [self._added(body) for body in bodies]

    def _added(self, body: Body) -> Body:
        kind, meta = kind_of(body), body["metadata"]
        namespace = meta.get("namespace", "default") if kind.namespaced else ""
        write = Write(kind, namespace, meta["name"], manager="somebody")
        with self.storage.changed:
            if namespace and not self.find("namespaces", "", namespace):
                self.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
            if self.storage.find(kind.plural, write.key):
                stored = self.storage.update(write, lambda old: {**body, "metadata": {**_lasting(old), **meta}})[0]
            else:
                stored = self.storage.create(write, body)[0]
            if kind.custom and "status" in body:
                to = write._replace(subresource="status")
                stored = self.storage.update(to, lambda old: {**old, "status": body["status"]})[0]
            return stored

    def change(self, plural: str, namespace: str, name: str, **fields: Any) -> Body:
        """Change an object by a merge patch of its top-level fields; a ``status`` among them is written as such."""
        write = Write(kind_named(plural), namespace, name, "status" if "status" in fields else "", "somebody")
        with self.storage.changed:
            return self.storage.update(write, lambda old: merged(old, fields))[0]

    def remove(self, plural: str, namespace: str, name: str) -> None:
        """Delete an object, whatever its finalizers; of a namespace, all that is in it too."""
        with self.storage.changed:
            kind = kind_named(plural)
            if plural == "namespaces":
                for each in {kind.plural for kind in KINDS if kind.namespaced}:
                    for found in [key for key in self.objects(each) if key[0] == name]:
                        self.remove(each, *found)
            old = self.storage.get(kind, (namespace, name))
            self.storage._commit(Write(kind, namespace, name), "DELETED", dict(old), old)

    def terminate(self, namespace: str) -> None:
        """Begin to delete a namespace: nothing can be created in it from now on; ``remove`` ends it."""
        with self.storage.changed:
            self.storage.delete(Write(kind_named("namespaces"), "", namespace), {})

    def end_kind(self, plural: str) -> None:
        """Delete a CRD: each of its objects, then the kind."""
        self.ending.add(plural)
        for key in self.objects(plural):
            self.remove(plural, *key)
        self.missing.add(plural)
        self.end_watches()

    def advance(self, count: int = 1) -> None:
        """Let the resourceVersion grow, as writes of kinds that nobody watches do."""
        with self.storage.changed:
            self.storage.revision += count
            self.storage.changed.notify_all()

    def compact(self) -> None:
        """Forget what was before now: older tokens and resourceVersions are answered with 410."""
        self.advance()
        self.storage.compacted = self.storage.revision

    # What was asked, and what goes wrong

    def writes(self, since: int = 0) -> list[Request]:
        """The requests that would change something, of those from ``since`` on."""
        return [request for request in self.requests[since:] if request.writes]

    def wait_for(self, condition: Callable[[], object], what: str = "") -> None:
        """Wait until a condition holds; AssertionError if it does not in time."""
        deadline = time.monotonic() + LIMIT
        while not condition():
            assert time.monotonic() < deadline, f"not within {LIMIT:.0f} s: {what or condition}"
            time.sleep(0.01)

    def fail(
        self,
        action: Action,
        method: str = "*",
        path: str = "",
        *,
        times: int = 1,
        skip: int = 0,
        watch: bool | None = None,
    ) -> Fault:
        """Let an action happen to requests: ``path`` is a regular expression that is searched for."""
        fault = Fault(action, method, re.compile(path), times, skip, watch)
        self._faults.append(fault)
        return fault

    def mend(self) -> None:
        """No more faults."""
        self._faults.clear()

    def forbid(self, verb: str = "*", plural: str = "*", namespace: str = "*") -> Callable[[], None]:
        """Refuse what fits; a namespace of "" means requests for all namespaces. What is returned takes it back."""
        rule = (verb, plural, namespace)
        self._forbidden.append(rule)
        return lambda: self._forbidden.remove(rule)

    def bookmark(self) -> None:
        """Send a bookmark to the watches that want them."""
        with self.storage.changed:
            self.orders.bookmarks += 1
            self.storage.changed.notify_all()

    def end_watches(self) -> None:
        """End the open watches as their timeout does, without a bookmark."""
        self._order(end=True)

    def cut_watches(self) -> None:
        """End the open watches in the middle of a line."""
        self._order(cut=True)

    def freeze_watches(self) -> None:
        """Nothing comes any more on the open watches, and nobody ends them."""
        self._order(freeze=True)

    def _order(self, **orders: bool) -> None:
        with self.storage.changed:
            for name, value in orders.items():
                setattr(self.orders, name, value)
            self.orders = Orders()
            self.storage.changed.notify_all()

    def noted(self, request: Request) -> Action | None:
        """Log a request; the fault that strikes it, if any."""
        with self.storage.changed:
            self.requests.append(request)
            return next((fault.action for fault in self._faults if fault.fits(request)), None)

    # The API

    def target(self, path: str) -> Target:
        """What a path leads to; 404 in plain text if to nothing."""
        match = _PATH.fullmatch(path.removeprefix(self.prefix)) if path.startswith(self.prefix) else None
        if match:
            core, grouped, namespace, plural, name, subresource = match.groups("")
            kind = next((kind for kind in KINDS if kind[::2] == (core or grouped, plural)), None)
            if kind and plural not in self.missing and not (namespace and not kind.namespaced):
                return Target(kind, namespace, name, subresource)
        raise NoSuchPath(404, "NotFound", "404 page not found")

    def admit(self, request: Request, certificate: str = "") -> Target:
        """Know who asks, and whether it is allowed: what the request is for."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        request.user = self.tokens.get(token, certificate) if scheme.lower() == "bearer" else certificate
        if not request.user:
            raise Refusal(401, "Unauthorized", "Unauthorized")
        target = self.target(request.path)
        kind, namespace = target.kind, target.namespace
        reading = "get" if target.name else "watch" if request.watches else "list"
        verb = WRITING.get(request.method, reading)
        resource = f"{kind.plural}/{target.subresource}" if target.subresource else kind.plural
        asked = (verb, resource, namespace)
        if any(all(rule in ("*", value) for rule, value in zip(each, asked, strict=True)) for each in self._forbidden):
            where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
            who = f'User "{request.user}" cannot {verb} resource "{resource}" in API group "{kind.group}" {where}'
            name = f' "{target.name}"' if target.name else ""
            details = {"kind": kind.plural, "group": kind.group, "name": target.name}
            message = f"{kind.qualified}{name} is forbidden: {who}"
            raise Refusal(403, "Forbidden", message, **{key: value for key, value in details.items() if value})
        return target

    def respond(self, request: Request, certificate: str = "") -> Answer:
        """The answer to what is no watch."""
        if request.path == f"{self.prefix}/version":
            return _answer({"major": "1", "minor": "37", "gitVersion": "v1.37.1"})
        group = _GROUP.fullmatch(request.path.removeprefix(self.prefix))
        if group:
            return self._resources(group[1])
        target = self.admit(request, certificate)
        with self.storage.changed:
            if self.stopping.is_set():
                raise Cut
            if request.method == "GET":
                return _answer(
                    self.storage.get(target.kind, (target.namespace, target.name))
                    if target.name
                    else self._list(target, request.query)
                )
            return self._write(target, request)

    def _resources(self, group: str) -> Answer:
        """What there is in a group's version, and what may be done with it."""
        kinds = [kind for kind in KINDS if kind.api_version == group and kind.plural not in self.missing]
        if not kinds:
            raise NoSuchPath(404, "NotFound", "404 page not found")
        resources = [
            {
                "name": kind.plural,
                "kind": kind.kind,
                "namespaced": kind.namespaced,
                "verbs": ["get", "list", "watch", "delete", *([] if kind.plural in self.ending else ["create"])],
            }
            for kind in kinds
        ]
        return _answer({"kind": "APIResourceList", "groupVersion": group, "resources": resources})

    def _write(self, target: Target, request: Request) -> Answer:
        query = request.query
        strict = query.get("fieldValidation") == "Strict"
        write = Write(*target, query.get("fieldManager", "unknown"), query.get("dryRun") == "All", strict)
        content = request.headers.get("content-type", "").partition(";")[0]
        try:
            body = json.loads(request.body or b"{}")
            code, (stored, warnings) = self._written(write, request.method, content, body)
        except json.JSONDecodeError as error:
            raise bad_request(f"the body is no JSON: {error}") from None
        except PatchError:
            raise Refusal(422, "Invalid", "the server rejected our request due to an error in our request") from None
        except SchemaError as error:
            raise Refusal(500, "", f"failed to create typed patch object: {error}") from None
        return _answer(stored, warnings, code)

    def _written(self, write: Write, method: str, content: str, body: Any) -> tuple[int, tuple[Body, list[str]]]:
        storage = self.storage
        if method == "POST":
            return 201, storage.create(write, self.admission(body))
        if method == "DELETE":
            dry_run = write.dry_run or body.get("dryRun") == ["All"]
            return 200, (storage.delete(write._replace(dry_run=dry_run), body), [])
        if method == "PATCH":
            change = _change(content, body, write.manager)
            return 200, storage.update(write, lambda old: self.admission(change(old)))
        if write.kind.kind == "Lease" and storage.find("leases", write.key) is None:
            return 201, storage.create(write, body)
        if write.kind.kind == "Lease" and "resourceVersion" not in body["metadata"]:
            raise invalid(write.kind, write.name, "metadata.resourceVersion", "must be specified for an update")
        return 200, storage.update(write, lambda _: body)

    def _list(self, target: Target, query: dict[str, str]) -> Body:
        revision, start = self._from(query)
        matches = selects(query.get("labelSelector", ""))
        found = [
            (key, body)
            for key, body in self.storage.at(target.kind.plural, revision)
            if key > start and target.namespace in ("", key[0]) and matches(body)
        ]
        limit = 0 if query.get("resourceVersion") == "0" else int(query.get("limit") or 0)
        page, rest = (found[:limit], found[limit:]) if limit else (found, [])
        meta: Body = {"resourceVersion": str(revision)}
        if rest:
            meta["continue"] = _token(revision, page[-1][0])
            meta |= {} if "labelSelector" in query else {"remainingItemCount": len(rest)}
        items = [body if target.kind.custom else _untyped(body) for _, body in page]
        kind = {"kind": f"{target.kind.kind}List", "apiVersion": target.kind.api_version}
        return {**kind, "metadata": meta, "items": items}

    def _from(self, query: dict[str, str]) -> tuple[int, Key]:
        if "continue" in query:
            return self._continued(query["continue"])
        asked = query.get("resourceVersion", "") or "0"
        if not asked.isdigit():
            raise bad_request(f'invalid resource version: parsing "{asked}": invalid syntax')
        revision = (
            int(asked) if query.get("resourceVersionMatch") == "Exact" else max(int(asked), self.storage.revision)
        )
        if revision > self.storage.revision:
            cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
            message = f"Too large resource version: {revision}, current: {self.storage.revision}"
            raise Refusal(504, "Timeout", message, causes=[cause], retryAfterSeconds=1)
        if revision < self.storage.compacted:
            raise Refusal(410, "Expired", "The resourceVersion for the provided list is too old.")
        return revision, ("", "")

    def _continued(self, token: str) -> tuple[int, Key]:
        try:
            revision, (namespace, name) = json.loads(urlsafe_b64decode(token))
        except ValueError:
            raise bad_request("invalid continue token: continue key is not valid") from None
        if revision == INCONSISTENT:
            return self.storage.revision, (namespace, name)
        if revision < self.storage.compacted:
            message = "The provided continue parameter is too old to display a consistent list result."
            gone = Refusal(410, "Expired", message)
            gone.meta = {"continue": _token(INCONSISTENT, (namespace, name))}
            raise gone
        return revision, (namespace, name)


def _token(revision: int, last: Key) -> str:
    return urlsafe_b64encode(json.dumps([revision, last]).encode()).decode()


def _lasting(old: Body) -> Body:
    return {key: old["metadata"][key] for key in ("uid", "resourceVersion", "managedFields")}


def _untyped(body: Body) -> Body:
    return {key: value for key, value in body.items() if key not in ("kind", "apiVersion")}


def _answer(body: Body, warnings: Iterable[str] = (), code: int = 200) -> Answer:
    texts = [warning.replace("\\", "\\\\").replace('"', '\\"') for warning in warnings]
    headers = {"Warning": ", ".join(f'299 - "{text}"' for text in texts)} if texts else {}
    return Answer(code, json.dumps(body).encode(), {"Content-Type": JSON, **headers})


def _change(content: str, patch: Any, manager: str) -> Callable[[Body], Body]:
    match content:
        case "application/json-patch+json":
            return lambda old: json_patched(old, patch)
        case "application/merge-patch+json":
            return lambda old: merged(old, patch)
        case "application/apply-patch+yaml":
            return lambda old: status_applied(old, patch, manager)
    raise Refusal(415, "UnsupportedMediaType", f"the body of the request was in an unknown format: {content}")
