"""What is counted and measured while the controller runs, in the text format of Prometheus.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Literal, NamedTuple

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

PREFIX = "maxtac_"


class Metric(NamedTuple):
    """One family: its name without our prefix, what it is, and the names of its labels."""

    name: str
    type: Literal["counter", "gauge"]
    help: str
    labels: tuple[str, ...] = ()


BUILD = Metric("build_info", "gauge", "Always 1; which version runs.", ("version",))
LEADER = Metric("leader", "gauge", "Whether this replica holds the Lease, and so may write.")
OBJECTS = Metric("objects", "gauge", "Objects that are held of a kind.", ("kind",))
SYNCED = Metric("synced", "gauge", "Whether a kind has been listed, and is followed without a gap.", ("kind",))
AGE = Metric("sync_age_seconds", "gauge", "Seconds since the API server last said something of a kind.", ("kind",))
RELISTS = Metric("relist_total", "counter", "How often a kind was listed, by why.", ("kind", "reason"))
RECONCILES = Metric("reconcile_total", "counter", "Rounds of the reconcile loop, by how they ended.", ("result",))
RENDER_SECONDS = Metric("render_seconds", "gauge", "Seconds that the last render took.")
RECONCILE_SECONDS = Metric("reconcile_seconds", "gauge", "Seconds that the last round took, writes included.")
DESIRED = Metric("policies_desired", "gauge", "Policies that the cluster's resources ask for.")
LIVE = Metric("policies_live", "gauge", "Policies in the cluster, whoever they belong to.")
OWNED = Metric("policies_owned", "gauge", "Policies in the cluster that this set owns.")
FOREIGN = Metric("policies_foreign", "gauge", "Wanted policies whose name somebody else's policy has.")
HELD = Metric("policies_held", "gauge", "Owned policies that stay as they are, because their resource is not sound.")
WRITES = Metric("writes_total", "counter", "Requests that write policies, by verb and answer.", ("verb", "code"))
RETRIES = Metric("retries_total", "counter", "Writes that were tried again.")
QUEUE = Metric("queue", "gauge", "Changes that are still to be made, or were put off.")
PRUNED = Metric("pruned_total", "counter", "Policies that were deleted.")
PRUNE_BLOCKED = Metric("prune_blocked", "gauge", "Deletes that a gate held back in the last round.", ("reason",))
EXPIRED = Metric("expired_total", "counter", "Resources whose access was seen to end.")
FINDINGS = Metric("findings", "gauge", "Findings about the cluster's resources in the last render.", ("severity",))
CONFLICTS = Metric("conflicts_total", "counter", "Policies that somebody else kept changing back.")
LAST_SUCCESS = Metric("last_success_timestamp_seconds", "gauge", "When a round last ended with nothing left to do.")

Values = tuple[str, ...]


class Metrics:
    """The numbers, which several threads may change."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: dict[Metric, dict[Values, float]] = {}

    def add(self, metric: Metric, *values: str, by: float = 1) -> None:
        """Count something once more, under the values of the metric's labels."""
        with self._lock:
            numbers = self._numbers.setdefault(metric, {})
            numbers[values] = numbers.get(values, 0) + by

    def set(self, metric: Metric, number: float, *values: str) -> None:
        """Note what something measures now."""
        with self._lock:
            self._numbers.setdefault(metric, {})[values] = number

    def only(self, metric: Metric, numbers: dict[Values, float]) -> None:
        """Note what something measures now under these values of its labels, and nothing under others."""
        with self._lock:
            self._numbers[metric] = dict(numbers)

    def text(self) -> str:
        """All of them, as Prometheus reads them."""
        with self._lock:
            numbers = {metric: dict(each) for metric, each in self._numbers.items()}
        return "".join(line for metric in sorted(numbers) for line in _lines(metric, numbers[metric]))


def page() -> str:
    """All of them as a page of documentation."""
    families = sorted(each for each in globals().values() if isinstance(each, Metric))
    rows = (f"| `{_shown(each)}` | {each.type} | {each.help} |\n" for each in families)
    head = "# Metrics\n\nWhat `maxtac watch` answers at `/metrics`. Written by `make generate`.\n\n"
    return f"{head}| metric | type | is |\n|---|---|---|\n{''.join(rows)}"


def _shown(metric: Metric) -> str:
    labels = f"{{{', '.join(metric.labels)}}}" if metric.labels else ""
    return f"{PREFIX}{metric.name}{labels}"


def _lines(metric: Metric, numbers: dict[Values, float]) -> Iterator[str]:
    name = PREFIX + metric.name
    yield f"# HELP {name} {_escaped(metric.help)}\n# TYPE {name} {metric.type}\n"
    for values, number in sorted(numbers.items()):
        pairs = ",".join(
            f'{label}="{_escaped(value, quotes=True)}"' for label, value in zip(metric.labels, values, strict=True)
        )
        yield f"{name}{{{pairs}}} {_number(number)}\n" if pairs else f"{name} {_number(number)}\n"


def _escaped(text: str, *, quotes: bool = False) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quotes else text


def _number(number: float) -> str:
    if number == float("inf"):
        return "+Inf"
    return str(int(number)) if number == int(number) else repr(float(number))
