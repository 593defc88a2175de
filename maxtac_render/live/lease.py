"""Who of several replicas may write: the one that holds a Lease, and only as long as it is sure to.

Moments are those of the process's own monotonic clock: what another replica's clock says counts for nothing. A Lease is
free when nobody has been seen to renew it for its whole duration.
Source: https://kubernetes.io/docs/concepts/architecture/leases/, and the times of controller-runtime.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from maxtac_render.live.client import Client
from maxtac_render.live.faults import Refused
from maxtac_render.live.kinds import LEASES


class Terms(NamedTuple):
    """For how long a Lease is held, within what it must be renewed, and how often that is tried; in seconds."""

    duration: float = 15.0
    renew: float = 10.0
    retry: float = 2.0


TERMS = Terms()

JITTER = 1.2
"""By how much a pause is longer, at most: two replicas are not to knock at the same moment."""


class Observed(NamedTuple):
    """A Lease as it was last read: whose it is, what says that it was renewed, and when we saw that change."""

    holder: str
    renewed: str
    since: float


class Elector:
    """Takes the Lease at a place (namespace, name), renews it, and gives it back.

    ``client`` is for this alone, and its timeout at most half of ``terms.renew``.
    """

    def __init__(self, client: Client, place: tuple[str, str], identity: str, terms: Terms = TERMS) -> None:
        self.identity = identity
        self.trouble = ""
        """Why the Lease was neither taken nor renewed the last time; empty where it was, and where another has it."""
        self.holder = ""
        """Who has it, as far as we know."""
        self._client = client
        self._place = place
        self._terms = terms
        self._until = 0.0
        self._observed = Observed("", "", 0.0)

    def leads(self) -> bool:
        """Tell whether we may write now. Whoever writes asks before every single write."""
        return time.monotonic() < self._until

    def run(self, stop: threading.Event, won: Callable[[], None], lost: Callable[[], None]) -> None:
        """Take the Lease as soon as that is possible and keep it: ``won`` is called once, and ``lost`` at most once."""
        led = False
        while not stop.is_set():
            self.attempt()
            if self.leads() and not led:
                led = True
                won()
            elif led and not self.leads():
                lost()
                return
            stop.wait(self._terms.retry * random.uniform(1, JITTER))  # noqa: S311 - nothing secret

    def attempt(self) -> None:
        """Try once to take or to renew; whatever goes wrong, we have not."""
        begun = time.monotonic()
        try:
            self._until = begun + self._terms.renew if self._hold() else 0.0
            self.trouble = ""
        except Exception as error:  # whatever it is, the Lease was not renewed
            self.trouble = str(error) or type(error).__name__

    def release(self) -> None:
        """Give the Lease back, so that another need not wait. To be called after the last write."""
        if not self.leads():
            return
        self._until = 0.0
        try:
            lease = self._read()
            spec = (lease or {}).get("spec") or {}
            if lease and spec.get("holderIdentity") == self.identity:
                free = {"holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": _now()}
                self._put({**lease, "spec": {**spec, **free}})
        except Exception as error:  # it runs out by itself
            self.trouble = str(error) or type(error).__name__

    def _hold(self) -> bool:
        """Make the Lease ours, or renew it; tell whether it is ours."""
        lease = self._read()
        if lease is None:
            namespace, name = self._place
            metadata = {"namespace": namespace, "name": name}
            body = {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "metadata": metadata}
            self._client.send("POST", LEASES.path(namespace), body={**body, "spec": self._spec({}, 0)})
            self.holder = self.identity
            return True
        spec = lease.get("spec") or {}
        holder = str(spec.get("holderIdentity") or "")
        if holder not in ("", self.identity) and not self._is_over(holder, spec):
            self.holder = holder
            return False
        transitions = int(spec.get("leaseTransitions") or 0) + (holder != self.identity)
        self._put({**lease, "spec": {**spec, **self._spec(spec, transitions)}})
        self.holder = self.identity
        return True

    def _is_over(self, holder: str, spec: Mapping[str, Any]) -> bool:
        """Tell whether another's Lease has not changed before our eyes for so long that it counts no more."""
        renewed = str(spec.get("renewTime"))
        now = time.monotonic()
        if self._observed[:2] != (holder, renewed):
            self._observed = Observed(holder, renewed, now)
        duration = spec.get("leaseDurationSeconds")
        lasts = float(duration) if isinstance(duration, int) and duration > 0 else self._terms.duration
        return now - self._observed.since >= lasts

    def _spec(self, before: Mapping[str, Any], transitions: int) -> dict[str, Any]:
        """What the Lease says while it is ours."""
        now = _now()
        ours = before.get("holderIdentity") == self.identity
        return {
            "holderIdentity": self.identity,
            "leaseDurationSeconds": max(1, round(self._terms.duration)),
            "acquireTime": before.get("acquireTime") or now if ours else now,
            "renewTime": now,
            "leaseTransitions": transitions,
        }

    def _read(self) -> dict[str, Any] | None:
        """The Lease; None where there is none. It is asked for once: patience would outlast it."""
        try:
            lease: dict[str, Any] = self._client.send("GET", LEASES.path(*self._place)).json()
        except Refused as fault:
            if fault.status.code != 404:
                raise
            return None
        return lease

    def _put(self, lease: dict[str, Any]) -> None:
        """Write the Lease as it was read; refused where somebody else wrote it meanwhile."""
        self._client.send("PUT", LEASES.path(*self._place), body=lease)


def _now() -> str:
    """The time for people who look at the Lease; nobody reckons with it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
