"""What can go wrong between us and an API server: it cannot be reached, or it refuses."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from maxtac_render.model.errors import EnvironmentFault

LONGEST = 2000
"""Characters that are kept of what an API server says."""

LONGEST_PAGE = 200
"""Characters that are kept of what somebody else says: a proxy, a load balancer, whoever has the address."""


class ClusterFault(EnvironmentFault):
    """The cluster is not as it must be for us."""


class Unreachable(ClusterFault):
    """No whole answer came; a request that writes may have been heard all the same."""


class Withheld(ClusterFault):
    """Nothing was sent, because meanwhile nothing may be sent any more."""


class Unusable(ClusterFault):
    """The way to the cluster is not known: no configuration, no such context, no credentials."""


class Status(NamedTuple):
    """What an API server says of a request that it did not fulfil.

    ``reason`` is its one word for it (``AlreadyExists``), ``causes`` the words for each part of it, and
    ``retry_after`` the seconds that it wants to be left alone, None where it does not say
    (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/).
    """

    code: int
    reason: str = ""
    message: str = ""
    causes: tuple[str, ...] = ()
    retry_after: float | None = None


class Refused(ClusterFault):
    """The server answered, and did not do what was asked of it."""

    def __init__(self, status: Status) -> None:
        super().__init__(f"the API server answered {status.code}: {status.message or status.reason or 'no reason'}")
        self.status = status


class Gone(Refused):
    """A resource version, or the rest of a list, is not known any more: whoever asked begins anew."""


def refused(status: Status) -> Refused:
    """The fault of a status."""
    return Gone(status) if status.code == 410 else Refused(status)


def status_of(code: int, data: bytes, retry_after: str | None = None) -> Status:
    """The status in the body of an answer; where the body is something else, its text is the message."""
    try:
        body = json.loads(data)
    except ValueError:
        body = None
    if not isinstance(body, dict) or body.get("kind") != "Status":
        return Status(code, message=_page(data), retry_after=_seconds(retry_after))
    return read_status(body, code, _seconds(retry_after))


def read_status(body: dict[str, object], code: int = 0, retry_after: float | None = None) -> Status:
    """A Status object; ``code`` and ``retry_after`` are what the answer itself says of them."""
    details = body.get("details")
    details = details if isinstance(details, dict) else {}
    causes = details.get("causes")
    words = tuple(str(each.get("reason", "")) for each in causes or () if isinstance(each, dict))
    known = body.get("code")
    return Status(
        known if isinstance(known, int) and not code else code,
        str(body.get("reason") or ""),
        str(body.get("message") or "")[:LONGEST],
        words,
        retry_after if retry_after is not None else _seconds(details.get("retryAfterSeconds")),
    )


def _page(data: bytes) -> str:
    """The words on a page, or of a plain text."""
    text = re.sub(
        r"<(style|script)\b.*?</\1>|<[^<>]*>", " ", data[:LONGEST].decode(errors="replace"), flags=re.I | re.S
    )
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())[:LONGEST_PAGE]


def _seconds(value: object) -> float | None:
    """Seconds as a header or a body gives them; a date, which API servers do not send, counts as nothing."""
    try:
        seconds = float(str(value))
    except ValueError:
        return None
    return seconds if 0 < seconds < float("inf") else None
