"""What Prometheus and the kubelet read."""

from __future__ import annotations

import re
import urllib.error
import urllib.request

import pytest

from maxtac_render.live import metrics
from maxtac_render.live.metrics import Metric, Metrics
from maxtac_render.live.probes import Address, Listener, Reply
from maxtac_render.model.errors import EnvironmentFault

FAMILIES = [each for each in vars(metrics).values() if isinstance(each, Metric)]
LINE = re.compile(r'[a-z_:]+(\{([a-z_]+="(\\.|[^"\\\n])*",?)*\})? (\+Inf|-?[0-9.e+-]+)')


def test_text_format() -> None:
    """Every family has its help and type once, before its numbers; labels are escaped."""
    numbers = Metrics()
    numbers.add(metrics.WRITES, "POST", "201")
    numbers.add(metrics.WRITES, "POST", "201", by=2)
    numbers.add(metrics.WRITES, 'a"b\\c\nd', "409")
    numbers.set(metrics.LEADER, 1)
    numbers.set(metrics.AGE, float("inf"), "Service")
    numbers.set(metrics.RENDER_SECONDS, 0.25)
    assert numbers.text() == (
        "# HELP maxtac_leader Whether this replica holds the Lease, and so may write.\n"
        "# TYPE maxtac_leader gauge\n"
        "maxtac_leader 1\n"
        "# HELP maxtac_render_seconds Seconds that the last render took.\n"
        "# TYPE maxtac_render_seconds gauge\n"
        "maxtac_render_seconds 0.25\n"
        "# HELP maxtac_sync_age_seconds Seconds since the API server last said something of a kind.\n"
        "# TYPE maxtac_sync_age_seconds gauge\n"
        'maxtac_sync_age_seconds{kind="Service"} +Inf\n'
        "# HELP maxtac_writes_total Requests that write policies, by verb and answer.\n"
        "# TYPE maxtac_writes_total counter\n"
        'maxtac_writes_total{verb="POST",code="201"} 3\n'
        'maxtac_writes_total{verb="a\\"b\\\\c\\nd",code="409"} 1\n'
    )


def test_a_gauge_forgets_what_is_no_more() -> None:
    """What is measured under some labels only is not kept under others."""
    numbers = Metrics()
    numbers.set(metrics.PRUNE_BLOCKED, 3, "stale")
    numbers.only(metrics.PRUNE_BLOCKED, {("empty",): 2})
    assert numbers.text().splitlines()[2:] == ['maxtac_prune_blocked{reason="empty"} 2']


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_names_are_as_prometheus_wants_them(family: Metric) -> None:
    """Counters end in _total and nothing else does; https://prometheus.io/docs/practices/naming/."""
    assert re.fullmatch(r"[a-z][a-z_]*", family.name)
    assert family.name.endswith("_total") == (family.type == "counter")
    numbers = Metrics()
    numbers.set(family, 1, *("x" for _ in family.labels))
    assert LINE.fullmatch(numbers.text().splitlines()[-1])


def _get(port: int, path: str) -> tuple[int, str, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return answer.status, answer.read().decode(), answer.headers["Content-Type"]
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), error.headers["Content-Type"]


def test_pages() -> None:
    """Each path has its answer: 200 where all is well, 503 where it is not, 404 for what is not there."""
    well = [True]
    pages = {
        "/healthz": lambda: Reply(well[0], "ok\n" if well[0] else "stuck\n"),
        "/é": lambda: Reply(well=True, text=""),
    }
    listener = Listener(Address("127.0.0.1", 0), pages)
    try:
        assert _get(listener.port, "/healthz") == (200, "ok\n", "text/plain; charset=utf-8")
        assert _get(listener.port, "/healthz?verbose")[0] == 200
        well[0] = False
        assert _get(listener.port, "/healthz")[:2] == (503, "stuck\n")
        assert _get(listener.port, "/metrics")[0] == 404
        with pytest.raises(EnvironmentFault, match="cannot listen at"):
            Listener(Address("127.0.0.1", listener.port), pages)
    finally:
        listener.close()
