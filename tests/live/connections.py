"""One connection to the fake API server, and the stream of a watch on it."""

from __future__ import annotations

import gzip
import json
import re
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from live.storage import Body, Change, Refusal

if TYPE_CHECKING:
    from live.fake import FakeServer

JSON = "application/json"
WRITING = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
"""The verbs of the methods that change something."""


class NoSuchPath(Refusal):
    """Nothing is there."""


@dataclass
class Request:
    """What a client asked, and when (monotonic seconds). ``status`` is the answer's, 0 as long as there is none."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    at: float
    user: str = ""
    status: int = 0

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    @property
    def watches(self) -> bool:
        """Whether it is a watch."""
        return self.query.get("watch") in ("1", "true")

    @property
    def writes(self) -> bool:
        """Whether it changes something."""
        return self.method in WRITING and "dryRun" not in self.query


class Answer(NamedTuple):
    """What the server says."""

    status: int
    body: bytes
    headers: dict[str, str]


class Cut(OSError):
    """A connection ends here."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    fake: FakeServer
    budget: int | None = None

    def setup(self) -> None:
        """Let the server know, so that it can be stopped."""
        super().setup()
        self.fake.connections.add(self)

    def finish(self) -> None:
        """And gone."""
        with suppress(OSError):
            super().finish()
        self.fake.connections.discard(self)

    def handle(self) -> None:
        """Serve requests until the client or a fault ends it."""
        with suppress(OSError, ValueError):  # ValueError: the connection was closed meanwhile
            super().handle()

    def do_GET(self) -> None:
        """Serve one request."""
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {key.lower(): value for key, value in self.headers.items()}
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        request = Request(self.command, unquote(url.path), query, headers, body, time.monotonic())
        self.request_ = request
        action = self.fake.noted(request)
        try:
            (action or Handler.serve)(self, request)
        except (OSError, ValueError):
            raise
        except Exception as error:
            self.fake.crashes.append(error)
            self.close()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - as above

    def serve(self, request: Request) -> None:
        """Answer as an API server does."""
        try:
            if request.watches:
                self.fake.admit(request, self.certificate())
                self.watch(request)
            else:
                self.answer(self.fake.respond(request, self.certificate()))
        except NoSuchPath:
            self.answer(Answer(404, b"404 page not found\n", {"Content-Type": "text/plain; charset=utf-8"}))
        except Refusal as refusal:
            self.answer(Answer(refusal.code, json.dumps(refusal.status()).encode(), {"Content-Type": JSON}))

    def certificate(self) -> str:
        """The common name of the client's certificate; empty without."""
        if not isinstance(self.connection, ssl.SSLSocket):
            return ""
        subject = (self.connection.getpeercert() or {}).get("subject", ())
        return next((value for names in subject for key, value in names if key == "commonName"), "")

    def answer(self, answer: Answer) -> None:
        """Send a whole answer."""
        body, headers = answer.body, dict(answer.headers)
        if len(body) >= self.fake.gzip_from and "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, compresslevel=1)
            headers["Content-Encoding"] = "gzip"
        self.start(answer.status, {**headers, "Content-Length": str(len(body))})
        self.write(body)

    def start(self, code: int, headers: dict[str, str]) -> None:
        """Send the head of an answer."""
        self.request_.status = code
        self.send_response(code)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()

    def write(self, data: bytes) -> None:
        """Send a part of the body, or of it what a fault leaves."""
        if self.budget is not None and len(data) > self.budget:
            self.wfile.write(data[: self.budget])
            self.close()
            raise Cut
        self.wfile.write(data)
        if self.budget is not None:
            self.budget -= len(data)

    def begin_stream(self) -> None:
        """Start the answer to a watch."""
        self.start(200, {"Content-Type": JSON, "Transfer-Encoding": "chunked"})

    def send_line(self, line: bytes) -> None:
        """Send one line of a stream, as a chunk."""
        self.write(b"%x\r\n%s\n\r\n" % (len(line) + 1, line))

    def end_stream(self) -> None:
        """End the answer to a watch, and keep the connection."""
        self.write(b"0\r\n\r\n")

    def watch(self, request: Request) -> None:
        """Send changes as they come."""
        stream = Stream(self.fake, request)
        self.begin_stream()
        with suppress(StopIteration):
            while True:
                for event in stream.next():
                    self.send_line(json.dumps(event).encode())
        if stream.orders.cut:
            self.wfile.write(b'fff\r\n{"type":"MODIFIED","object":{"kind"')
            self.close()
        else:
            self.end_stream()

    def reset(self) -> None:
        """End the connection with a RST."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def close(self) -> None:
        """End the connection."""
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@dataclass
class Orders:
    """What becomes of the watches that are open now."""

    bookmarks: int = 0
    end: bool = False
    cut: bool = False
    freeze: bool = False


class Stream:
    """The changes that one watch sees."""

    def __init__(self, fake: FakeServer, request: Request) -> None:
        target = fake.target(request.path)
        self.fake, self.kind, self.namespace = fake, target.kind, target.namespace
        self.matches = selects(request.query.get("labelSelector", ""))
        self.wants_bookmarks = request.query.get("allowWatchBookmarks") in ("1", "true")
        self.deadline = time.monotonic() + float(request.query.get("timeoutSeconds", 1800))
        with fake.storage.changed:
            self.over = False
            self.orders, self.bookmarks = fake.orders, fake.orders.bookmarks
            asked = request.query.get("resourceVersion", "")
            if asked and not asked.isdigit():
                raise Refusal(500, "", f'resourceVersion: Invalid value: "{asked}": invalid syntax')
            self.revision = int(asked or 0)
            self.first: list[Body] | None = None
            if self.revision == 0:
                self.revision = fake.storage.revision
                self.first = [
                    self._event("ADDED", body) for _, body in fake.storage.at(self.kind.plural, self.revision)
                ]
            elif self.revision < fake.storage.compacted:
                message = f"too old resource version: {self.revision} ({fake.storage.compacted})"
                self.first = [{"type": "ERROR", "object": Refusal(410, "Expired", message).status()}]
                self.deadline = 0

    def next(self) -> list[Body]:
        """The next events, once there are some; StopIteration at the end."""
        first, self.first = self.first, None
        if first is not None:
            return first
        storage = self.fake.storage
        with storage.changed:
            while not self.fake.stopping.is_set() and not self.orders.cut:
                ended = self.orders.end or time.monotonic() >= self.deadline
                found = [] if self.orders.freeze else [*self._new(), *self._bookmarks(ended=ended)]
                if found:
                    return found
                if ended and not self.orders.freeze:
                    break
                storage.changed.wait(
                    1.0 if self.orders.freeze else min(1.0, max(0.0, self.deadline - time.monotonic()))
                )
        raise StopIteration

    def _bookmarks(self, *, ended: bool) -> Iterator[Body]:
        """A bookmark where one was ordered, and one before the time of the watch is over."""
        last = ended and not self.orders.end and not self.over
        self.over |= last
        if self.wants_bookmarks and (last or self.bookmarks < self.orders.bookmarks):
            self.bookmarks = self.orders.bookmarks
            meta = {"resourceVersion": str(self.revision), "creationTimestamp": None}
            body = {"kind": self.kind.kind, "apiVersion": self.kind.api_version, "metadata": meta}
            yield self._event("BOOKMARK", body)

    def _new(self) -> list[Body]:
        storage, start = self.fake.storage, self.revision
        changes = []
        for change in reversed(storage.log[self.kind.plural]):
            if change.revision <= start:
                break
            changes.append(change)
        self.revision = max(start, storage.revision)
        return [event for change in reversed(changes) if (event := self._seen(change))]

    def _seen(self, change: Change) -> Body | None:
        meta = change.object["metadata"]
        if self.namespace and meta.get("namespace") != self.namespace:
            return None
        was = change.previous is not None and self.matches(change.previous)
        is_ = change.type != "DELETED" and self.matches(change.object)
        if not was and not is_:
            return None
        return self._event(("MODIFIED" if was else "ADDED") if is_ else "DELETED", change.object)

    def _event(self, kind: str, body: Body) -> Body:
        return {"type": kind, "object": body}


def selects(text: str) -> Callable[[Body], bool]:
    """A label selector: ``a=b,c!=d,e,!f,g in (h,i)``."""
    tests = [_requirement(part.strip()) for part in re.split(r",(?![^(]*\))", text) if part.strip()]
    return lambda body: all(test(body["metadata"].get("labels") or {}) for test in tests)


def _requirement(text: str) -> Callable[[dict[str, str]], bool]:
    if match := re.fullmatch(r"(\S+)\s+(not)?\s*in\s+\((.*)\)", text):
        key, negated, values = match[1], bool(match[2]), {value.strip() for value in match[3].split(",")}
        return lambda labels: (labels.get(key) in values) is not negated
    if match := re.fullmatch(r"([^!=]+)(!?=)=?(.*)", text):
        key, equal, value = match[1].strip(), match[2] == "=", match[3].strip()
        return lambda labels: (labels.get(key) == value) is equal
    return lambda labels: (text.lstrip("!") in labels) is not text.startswith("!")
