"""What the fake API server can be ordered to do wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from live.connections import JSON, Answer, Handler, Request
from live.storage import Body, Refusal

if TYPE_CHECKING:
    from live.fake import FakeServer

Action = Callable[["Handler", Request], None]


@dataclass
class Fault:
    """What happens to the next requests that fit: after ``skip`` of them, ``times`` times (negative: for ever)."""

    action: Action
    method: str
    path: re.Pattern[str]
    times: int
    skip: int
    watch: bool | None
    hits: int = 0
    seen: int = 0

    def remove(self) -> None:
        """End it."""
        self.times = 0

    def fits(self, request: Request) -> bool:
        """Tell whether it strikes now; counts."""
        if self.times == 0 or self.method not in ("*", request.method):
            return False
        if self.watch not in (None, request.watches) or not self.path.search(request.path):
            return False
        self.seen += 1
        if self.seen <= self.skip:
            return False
        self.times -= 1
        self.hits += 1
        return True


def status(code: int, reason: str = "", message: str = "", *, retry_after: int | None = None, **details: Any) -> Action:
    """Answer with a Status; 429 as the server's own filter does, in plain text."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    if code == 429 and not reason:
        return raw(b"Too many requests, please try again later.\n", code, "text/plain", **headers)
    body = Refusal(code, reason, message or f"made to fail with {code}", **details).status()
    return raw(json.dumps(body).encode(), code, JSON, **headers)


def html(code: int) -> Action:
    """Answer as a load balancer in front of the server does."""
    return raw(b"<html><body><h1>Bad Gateway</h1>\x1b[31m</body></html>", code, "text/html")


def raw(body: bytes, code: int = 200, content_type: str = JSON, **headers: str) -> Action:
    """Answer with these bytes."""
    return lambda handler, _: handler.answer(Answer(code, body, {"Content-Type": content_type, **headers}))


def events(*lines: Body | bytes) -> Action:
    """Answer a watch with these lines and end it."""

    def action(handler: Handler, _: Request) -> None:
        handler.begin_stream()
        for line in lines:
            handler.send_line(line if isinstance(line, bytes) else json.dumps(line).encode())
        handler.end_stream()

    return action


def expired() -> Action:
    """Answer a watch with the ERROR event of a resourceVersion that is too old."""
    error = Refusal(410, "Expired", "too old resource version: 1 (833)").status()
    return events({"type": "ERROR", "object": error})


def hang() -> Action:
    """Never answer."""

    def action(handler: Handler, _: Request) -> None:
        handler.fake.stopping.wait()
        handler.close()

    return action


def reset() -> Action:
    """Reset the connection."""
    return lambda handler, _: handler.reset()


def slow(seconds: float) -> Action:
    """Answer, but later."""
    return after(lambda fake: fake.stopping.wait(seconds))


def after(function: Callable[[FakeServer], object]) -> Action:
    """Answer after a function has run: what somebody else does just before."""

    def action(handler: Handler, request: Request) -> None:
        function(handler.fake)
        handler.serve(request)

    return action


def cut(count: int) -> Action:
    """Answer, but end the connection after so many bytes of the body."""

    def action(handler: Handler, request: Request) -> None:
        handler.budget = count
        handler.serve(request)
        handler.close()

    return action


def drop() -> Action:
    """Do what is asked, and close the connection without an answer."""

    def action(handler: Handler, request: Request) -> None:
        with suppress(Refusal):
            handler.fake.respond(request)
        handler.close()

    return action
