"""Requests to an API server and their answers, undecoded as long as nobody asks: lists in pages, watches, writes.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

from __future__ import annotations

import gzip
import http.client
import json
import random
import socket
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final, Generic, NamedTuple, TypeVar
from urllib.parse import urlencode

from maxtac_render.live.access import CONNECT_WITHIN, Access
from maxtac_render.live.faults import Gone, Refused, Unreachable, read_status, refused, status_of
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

_Taken = TypeVar("_Taken")
_Query = Mapping[str, str | int]


class Answer(NamedTuple):
    """What a server answered, if it did what was asked."""

    status: int
    headers: Mapping[str, str]
    data: bytes

    def json(self) -> Any:
        """The body, decoded. Raises Unreachable where it is no JSON: what answered is no API server."""
        try:
            return json.loads(self.data)
        except ValueError as error:
            raise Unreachable(f"an answer that is no JSON: {error}") from error


class Listing(NamedTuple, Generic[_Taken]):
    """All objects of a kind at one moment, whose resource version is where a watch begins."""

    items: list[_Taken]
    resource_version: str


class Event(NamedTuple):
    """A change that a watch tells of: ADDED, MODIFIED, DELETED; or BOOKMARK, whose object has a version only."""

    type: str
    object: dict[str, Any]


class Client:
    """Talks to one server; each thread over a connection of its own. ``timeout`` is in seconds, None for no limit."""

    def __init__(self, access: Access, timeout: float | None = 60.0, agent: str = "maxtac-render") -> None:
        self.timeout = timeout
        self._access = access
        self._agent = agent
        self._thread = threading.local()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._connections: set[http.client.HTTPConnection] = set()

    @property
    def access(self) -> Access:
        """The way to the server."""
        return self._access

    def close(self) -> None:
        """End every connection, also those that others wait at; whatever is asked afterwards fails."""
        self._closed.set()
        with self._lock:
            for connection in self._connections:
                if connection.sock is not None:
                    with suppress(OSError):  # the socket's own, below TLS: that one is in use in another thread
                        socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)

    def send(
        self,
        method: str,
        path: str,
        query: _Query | None = None,
        body: object = None,
        content_type: str = JSON,
    ) -> Answer:
        """Send one request, with ``body`` as JSON, and return the answer.

        Raises Refused for an answer that is no success, Unreachable where none came.
        """
        target = f"{path}?{urlencode(query)}" if query else path
        data = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        headers = {"Accept": JSON, "Accept-Encoding": "gzip"} | ({} if data is None else {"Content-Type": content_type})
        access = self._access
        answer = self._exchange(access, (method, target, data, headers))
        if answer.status == 401 and self._renewed(access):
            answer = self._exchange(self._access, (method, target, data, headers))
        return _sound(answer)

    def get(self, kind: Kind, namespace: str, name: str) -> dict[str, Any]:
        """One object. Raises Refused, with the code 404 where there is none."""
        return _mapping(self._patiently(partial(self.send, "GET", kind.path(namespace, name))))

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
        items: list[_Taken] = []
        while True:
            page = _mapping(self._patiently(partial(self.send, "GET", path, query)))
            items.extend(map(take, page.get("items") or ()))
            metadata = page.get("metadata") or {}
            if not metadata.get("resourceVersion"):  # what is no list must never pass for an empty one
                raise Unreachable("an answer that is no list: what answered is no API server")
            if not metadata.get("continue"):
                return Listing(items, str(metadata.get("resourceVersion", "")))
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
        access = self._access
        connection = self._opened(access)
        try:
            target = f"{kind.path(namespace)}?{urlencode(query)}"
            response = self._ask(connection, access, ("GET", target, None, {"Accept": JSON}), seconds + SLACK)
            if response.status == 401:
                self._renewed(access)
            if response.status != 200:
                _sound(Answer(response.status, _headers(response), response.read()))
            opened()
            for line in _lines(response):
                yield _event(line)
        except (OSError, http.client.HTTPException, zlib.error) as error:
            raise self._unreachable(access, error) from error
        finally:
            self._drop(connection)

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
            except Unreachable:
                if attempt:
                    raise
                pause = backoff(attempt)
            if self._closed.wait(pause):
                break
        raise Unreachable("the client was closed")

    def _exchange(self, access: Access, request: tuple[str, str, bytes | None, dict[str, str]]) -> Answer:
        """Send a request over this thread's connection; over a new one where the server had closed that meanwhile."""
        connection = self._kept(access)
        fresh = connection.sock is None
        try:
            response = self._ask(connection, access, request, self.timeout)
            answer = Answer(response.status, _headers(response), _inflated(response))
        except (OSError, http.client.HTTPException, zlib.error, EOFError) as error:
            self._drop(connection)
            stale = isinstance(error, ConnectionError) and not isinstance(error, ConnectionRefusedError)
            if stale and not fresh and not self._closed.is_set():
                return self._exchange(access, request)
            raise self._unreachable(access, error) from error
        if response.will_close:
            self._drop(connection)
        return answer

    def _ask(
        self,
        connection: http.client.HTTPConnection,
        access: Access,
        request: tuple[str, str, bytes | None, dict[str, str]],
        timeout: float | None,
    ) -> http.client.HTTPResponse:
        method, target, data, headers = request
        if connection.sock is None:
            connection.timeout = CONNECT_WITHIN if timeout is None else min(CONNECT_WITHIN, timeout)
            connection.connect()
        if self._closed.is_set():
            raise ConnectionAbortedError("the client was closed")
        connection.sock.settimeout(timeout)
        every = {"User-Agent": self._agent, **headers, **access.headers()}
        connection.request(method, access.prefix + target, body=data, headers=every)
        return connection.getresponse()

    def _kept(self, access: Access) -> http.client.HTTPConnection:
        """This thread's connection, or a new one where the way has changed."""
        kept: tuple[Access, http.client.HTTPConnection] | None = getattr(self._thread, "kept", None)
        if kept is not None and kept[0] is access and kept[1] in self._connections:
            return kept[1]
        if kept is not None:
            self._drop(kept[1])
        connection = self._opened(access)
        self._thread.kept = (access, connection)
        return connection

    def _opened(self, access: Access) -> http.client.HTTPConnection:
        connection = access.connection()
        with self._lock:
            self._connections.add(connection)
        return connection

    def _drop(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            self._connections.discard(connection)
        with suppress(OSError):
            connection.close()

    def _renewed(self, seen: Access) -> bool:
        """Get new credentials in place of those that were seen to fail; once, however many threads ask for it."""
        with self._lock:
            if self._access is seen:
                self._access = seen.again()
        return True

    def _unreachable(self, access: Access, error: Exception) -> Unreachable:
        if self._closed.is_set():
            return Unreachable("the client was closed")
        if isinstance(error, TimeoutError):
            return Unreachable(f"{access.server} does not answer in time")
        words = (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
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


def _inflated(response: http.client.HTTPResponse) -> bytes:
    data = response.read()
    return gzip.decompress(data) if response.getheader("Content-Encoding") == "gzip" else data


def _mapping(answer: Answer) -> dict[str, Any]:
    body = answer.json()
    if not isinstance(body, dict):
        raise Unreachable("an answer that is no object: what answered is no API server")
    return body


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
