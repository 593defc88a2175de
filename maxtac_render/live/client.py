"""Requests to an API server and their answers, undecoded as long as nobody asks: lists in pages, watches, writes.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

from __future__ import annotations

import gzip
import http.client
import json
import random
import re
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, Final, Generic, NamedTuple, TypeVar
from urllib.parse import urlencode

from maxtac_render.live.access import Access
from maxtac_render.live.connection import CONNECT_WITHIN, Connection
from maxtac_render.live.faults import Gone, Refused, Unreachable, Withheld, read_status, refused, status_of
from maxtac_render.live.kinds import Kind

PAGE = 500
"""Objects that are asked for at once."""

ATTEMPTS = 5
"""How often a read is tried."""

LONGEST_PAUSE = 30.0
"""Seconds; whoever asks for more patience than that is given up."""

SLACK = 15.0
"""Seconds that a watch is given beyond its own end before its connection counts as dead."""

JSON: Final = "application/json"

_AGAIN = frozenset({429, 500, 502, 503, 504})
"""Answers to reads after which it is worth trying again."""

_BROKEN = (OSError, http.client.HTTPException, zlib.error, EOFError, UnicodeError)
"""What is raised where no whole answer comes; the last for names of servers that cannot be one."""
_STALE = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""What comes of a kept connection that the server has closed meanwhile."""

_Taken = TypeVar("_Taken")
_Query = Mapping[str, str | int]


class Answer(NamedTuple):
    """What a server answered, if it did what was asked."""

    status: int
    headers: Mapping[str, str]
    data: bytes
    server: str = ""

    def json(self) -> Any:
        """The body, decoded. Raises Unreachable where it is no JSON: what answered is no API server."""
        try:
            return json.loads(self.data)
        except ValueError as error:
            raise self.strange("JSON") from error

    def strange(self, expected: str) -> Unreachable:
        """What is said of an answer that no API server gives."""
        return Unreachable(f"{self.server} is no API server: it answers with something that is no {expected}")


class Listing(NamedTuple, Generic[_Taken]):
    """All objects of a kind at one moment, whose resource version is where a watch begins."""

    items: list[_Taken]
    resource_version: str


class Event(NamedTuple):
    """A change that a watch tells of: ADDED, MODIFIED, DELETED; or BOOKMARK, whose object has a version only."""

    type: str
    object: dict[str, Any]


class _Request(NamedTuple):
    method: str
    target: str
    data: bytes | None
    headers: Mapping[str, str]


class Client:
    """Talks to one server, over as many connections as are needed at once, which are kept.

    ``timeout`` is in seconds, None for no limit. ``may_send`` is asked when a request is about to go out: credentials
    and a new connection may have taken long, and so may whatever held the process up.
    """

    def __init__(
        self,
        access: Access,
        timeout: float | None = 60.0,
        agent: str = "maxtac-render",
        may_send: Callable[[], bool] = lambda: True,
    ) -> None:
        self.timeout = timeout
        self._may_send = may_send
        self._access = access
        self._agent = agent
        self._lock = threading.Lock()
        self._renewing = threading.Lock()
        self._closed = threading.Event()
        self._connections: set[Connection] = set()
        self._idle: list[tuple[Access, Connection]] = []

    @property
    def access(self) -> Access:
        """The way to the server."""
        return self._access

    def close(self) -> None:
        """End every connection, also those that others wait at; whatever is asked afterwards fails."""
        self._closed.set()
        with self._lock:
            for connection in self._connections:
                connection.end()

    def send(
        self,
        method: str,
        path: str,
        query: _Query | None = None,
        body: object = None,
        content_type: str = JSON,
    ) -> Answer:
        """Send one request, with ``body`` as JSON, and return the answer.

        Raises Refused for an answer that is no success, Unreachable where none came, Withheld where it may not be sent.
        """
        target = f"{path}?{urlencode(query)}" if query else path
        data = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        headers = {"Accept": JSON, "Accept-Encoding": "gzip"} | ({} if data is None else {"Content-Type": content_type})
        request = _Request(method, target, data, headers)
        access = self._access
        answer = self._exchange(access, request)
        if answer.status == 401:
            answer = self._exchange(self._renewed(access), request)
        return _sound(answer)

    def get(self, kind: Kind, namespace: str, name: str) -> dict[str, Any]:
        """One object. Raises Refused, with the code 404 where there is none."""
        return self._object(kind.path(namespace, name), {})

    def list(
        self, kind: Kind, take: Callable[[dict[str, Any]], _Taken], namespace: str = "", selector: str = ""
    ) -> Listing[_Taken]:
        """All objects of a kind, of each what ``take`` makes of it.

        The server reads them from where they are stored, at one moment. They come in pages, unless the server forgets
        that moment on the way: then once more, all at once.
        """
        query: dict[str, str | int] = {"limit": PAGE} | ({"labelSelector": selector} if selector else {})
        try:
            return self._paged(kind.path(namespace), query, take)
        except Gone:
            return self._paged(kind.path(namespace), {**query, "limit": 0}, take)

    def _paged(
        self, path: str, query: dict[str, str | int], take: Callable[[dict[str, Any]], _Taken]
    ) -> Listing[_Taken]:
        taken: list[_Taken] = []
        while True:
            page = self._object(path, query)
            metadata, items = page["metadata"], page.get("items", "none")
            if not metadata.get("resourceVersion") or not isinstance(items, list | None):  # null is an empty one
                raise Unreachable(f"{self._access.server} is no API server: it answers with something that is no list")
            taken.extend(map(take, items or ()))
            if not metadata.get("continue"):
                return Listing(taken, str(metadata["resourceVersion"]))
            query = {**query, "continue": metadata["continue"]}

    def watch(
        self,
        kind: Kind,
        resource_version: str,
        namespace: str = "",
        seconds: int = 300,
        opened: Callable[[], None] = lambda: None,
    ) -> Iterator[Event]:
        """The changes since a resource version, until the server ends the watch, after about ``seconds``.

        ``opened`` is called when the server has agreed.

        Raises Gone where the version is not known any more, Refused and Unreachable as for others; also in between.
        """
        query = {
            "watch": 1,
            "resourceVersion": resource_version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": seconds,
        }
        request = _Request("GET", f"{kind.path(namespace)}?{urlencode(query)}", None, {"Accept": JSON})
        access = self._access
        connection, response = self._begun(access, request, seconds + SLACK)
        if response.status == 401:
            self._drop(connection)
            access = self._renewed(access)
            connection, response = self._begun(access, request, seconds + SLACK)
        with self._spoken(access, connection):
            if response.status != 200:
                _sound(_read(response, access.server))
            opened()
            for line in _lines(response):
                yield _event(line)
        self._drop(connection)

    def _begun(self, access: Access, request: _Request, timeout: float) -> tuple[Connection, http.client.HTTPResponse]:
        """A new connection, and the answer that begins on it."""
        connection = self._opened(access)
        with self._spoken(access, connection):
            return connection, self._ask(connection, access, request, timeout)

    def _object(self, path: str, query: _Query) -> dict[str, Any]:
        """What is read at a path."""
        answer = self._patiently(partial(self.send, "GET", path, query))
        body = answer.json()
        if not isinstance(body, dict) or not isinstance(body.get("metadata"), dict):
            raise answer.strange("object")  # what is none must never pass for an empty list
        return body

    def _patiently(self, ask: Callable[[], Answer]) -> Answer:
        """The answer to a read, which may be asked for again: nothing is changed by it."""
        for attempt in range(ATTEMPTS):
            try:
                return ask()
            except Refused as fault:
                wanted = fault.status.retry_after or 0.0
                if fault.status.code not in _AGAIN or attempt == ATTEMPTS - 1 or wanted > LONGEST_PAUSE:
                    raise
                pause = max(wanted, backoff(attempt))
            except Unreachable as fault:
                if attempt or isinstance(fault.__cause__, TimeoutError):
                    raise
                pause = backoff(attempt)
            if self._closed.wait(pause):
                break
        raise Unreachable("the client was closed")

    def _exchange(self, access: Access, request: _Request) -> Answer:
        """Send a request over a kept connection; over a new one where the server had closed that meanwhile."""
        kept = self._kept(access)
        if kept is not None:
            try:
                return self._exchanged(access, kept, request)
            except Unreachable as fault:
                if not isinstance(fault.__cause__, _STALE) or self._closed.is_set():
                    raise
        return self._exchanged(access, self._opened(access), request)

    def _exchanged(self, access: Access, connection: Connection, request: _Request) -> Answer:
        with self._spoken(access, connection):
            response = self._ask(connection, access, request, self.timeout)
            answer = _read(response, access.server)
        if response.will_close:
            self._drop(connection)
        else:
            with self._lock:
                self._idle.append((access, connection))
        return answer

    def _ask(
        self, connection: Connection, access: Access, request: _Request, timeout: float | None
    ) -> http.client.HTTPResponse:
        if connection.sock is None:
            connection.timeout = CONNECT_WITHIN if timeout is None else min(CONNECT_WITHIN, timeout)
            connection.connect()
        if self._closed.is_set():
            raise ConnectionAbortedError("the client was closed")
        connection.sock.settimeout(timeout)
        connection.putrequest(request.method, access.prefix + request.target, skip_accept_encoding=True)
        for name, value in (("User-Agent", self._agent), *request.headers.items(), *access.headers()):
            connection.putheader(name, value)
        if request.data is not None:
            connection.putheader("Content-Length", str(len(request.data)))
        if not self._may_send():
            raise Withheld("nothing may be sent any more")
        connection.endheaders(request.data)
        return connection.getresponse()

    @contextmanager
    def _spoken(self, access: Access, connection: Connection) -> Iterator[None]:
        """Drop a connection on which something goes wrong; raise Unreachable where no whole answer came."""
        try:
            yield
        except BaseException as error:
            self._drop(connection)
            if isinstance(error, _BROKEN):
                raise self._unreachable(access, error) from error
            raise

    def _kept(self, access: Access) -> Connection | None:
        """A connection that nobody uses now; those that were opened with other credentials are closed."""
        with self._lock:
            idle, self._idle = self._idle, []
            self._idle += [each for each in idle if each[0] is access]
            kept = self._idle.pop()[1] if self._idle else None
        for owner, connection in idle:
            if owner is not access:
                self._drop(connection)
        return kept

    def _opened(self, access: Access) -> Connection:
        connection = access.connection()
        with self._lock:
            if self._closed.is_set():
                raise Unreachable("the client was closed")
            self._connections.add(connection)
        return connection

    def _drop(self, connection: Connection) -> None:
        with self._lock:
            self._connections.discard(connection)
        with suppress(OSError):
            connection.close()

    def _renewed(self, seen: Access) -> Access:
        """The way with new credentials in place of those that were seen to fail; once, however many ask for it."""
        with self._renewing:
            if self._access is seen:
                self._access = seen.again()
            return self._access

    def _unreachable(self, access: Access, error: Exception) -> Unreachable:
        if self._closed.is_set():
            return Unreachable("the client was closed")
        if isinstance(error, TimeoutError):
            return Unreachable(f"{access.server} does not answer in time")
        words = (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
        words = re.sub(r"^\[[^]]*\] | \(_ssl\.c:\d+\)$", "", words)  # OpenSSL's number of the error, and its place
        return Unreachable(f"cannot reach {access.server}: {words[:1].lower()}{words[1:]}")


def backoff(attempt: int, base: float = 0.25, longest: float = LONGEST_PAUSE) -> float:
    """Seconds to wait before the next attempt (the first is 0): random, so that not all come back at once."""
    return random.uniform(0, min(longest, base * 2**attempt))  # noqa: S311 - nothing secret


def _sound(answer: Answer) -> Answer:
    if 200 <= answer.status < 300:
        return answer
    raise refused(status_of(answer.status, answer.data, answer.headers.get("retry-after")))


def _headers(response: http.client.HTTPResponse) -> Mapping[str, str]:
    """The headers by their names in lower case; of several of one name, in one."""
    headers: dict[str, str] = {}
    for name, value in response.getheaders():
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return headers


def _read(response: http.client.HTTPResponse, server: str) -> Answer:
    """The whole answer."""
    data = response.read()
    packed = response.getheader("Content-Encoding") == "gzip"
    return Answer(response.status, _headers(response), gzip.decompress(data) if packed else data, server)


def _lines(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """The lines of an answer as they come; one that is cut off is none."""
    packed = response.getheader("Content-Encoding") == "gzip"
    inflate = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress if packed else bytes
    rest = b""
    while chunk := response.read1(1 << 16):
        *whole, rest = (rest + inflate(chunk)).split(b"\n")
        yield from filter(None, whole)


def _event(line: bytes) -> Event:
    """The event on a line of a watch; an error there is the answer to the watch."""
    try:
        event = json.loads(line)
        kind, found = event["type"], event["object"]
    except (ValueError, TypeError, KeyError) as error:
        raise Unreachable(f"a watch tells of something that is no event: {error}") from error
    if not isinstance(found, dict):
        raise Unreachable("a watch tells of something that is no object")
    if kind == "ERROR":
        raise refused(read_status(found))
    return Event(kind, found)
