"""What ``maxtac watch`` takes in a large cluster, with a real API server: until it has changed what a change asks for.

As a program, with a directory and a number of rounds: writes the figures as JSON.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from multiprocessing.pool import ThreadPool
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import urlopen

from benchmarks.measure import ROOT, Row
from benchmarks.writes import CONNECTIONS, PARTS, part

SERVICES, GROUP = 10_000, 100
"""Services, and how many of them are in a namespace, where one resource opens two targets to each."""
POLICIES = 2 * SERVICES

CONVERGENCE = f"watch, {SERVICES:,} Services: a change is in step, wall"
MEMORY = f"watch, {SERVICES:,} Services, {POLICIES:,} policies: memory"
STEADY = f"watch, {SERVICES:,} Services: writes while nothing changes"

LIMIT = 600.0
"""Seconds after which a wait has failed."""

_LABELS = {"net": "yes"}


def measured(directory: Path, rounds: int) -> Iterator[Row]:
    """The rows of the table."""
    names = (CONVERGENCE, MEMORY, STEADY)
    missing = [name for name in PARTS[:2] if not part(name).exists()]
    if missing:
        yield from (Row(name, f"skipped: {missing[0]} is not installed: run `make tools`") for name in names)
        return
    command = (sys.executable, "-m", "benchmarks.watching", str(directory), str(rounds))
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        yield from (Row(name, f"failed: {last}", goal=1) for name in names)
        return
    found = json.loads(done.stdout)
    for name, key, most, unit in ((CONVERGENCE, "seconds", 1.0, "s"), (MEMORY, "mib", 400.0, "MiB")):
        yield Row(name, "ok" if found[key] <= most else "over", found[key] / most, 1, found[key], most, unit)
    yield Row(STEADY, "failed: it writes" if found["writes"] else "ok", subject=found["writes"], reference=0)


def main() -> None:
    """Start a server, fill it, and watch it."""
    from maxtac_render.live.access import Choice, load  # noqa: PLC0415 - not for who asks for the rows
    from maxtac_render.live.client import Client  # noqa: PLC0415 - likewise

    sys.path.insert(0, str(ROOT / "tests"))
    plane_module = import_module("real.control_plane")
    place = Path(sys.argv[1]) / "watched"
    place.mkdir(exist_ok=True)
    with plane_module.control_plane(part, place) as plane:
        plane.install_crds()
        homes = _filled(plane)
        with _watching(plane, plane_module.free_ports(1)[0]) as (process, numbers):
            _wait(lambda: numbers("maxtac_policies_owned") == POLICIES and numbers("maxtac_queue") == 0)
            time.sleep(15)  # what our own writes bring about is over
            before = numbers("maxtac_writes_total")
            time.sleep(10)
            writes = numbers("maxtac_writes_total") - before
            with closing(Client(load(Choice(str(plane.kubeconfig))))) as client:
                seconds = median(_change(client, home) for home in homes[: int(sys.argv[2])])
            peak = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())
    assert peak is not None
    print(json.dumps({"seconds": seconds, "writes": writes, "mib": int(peak[1]) / 1024}))


def _filled(plane: Any) -> list[str]:
    """Make Services, and a resource for those of each namespace; returns the namespaces."""
    homes = [plane.new_namespace() for _ in range(SERVICES // GROUP)]

    def fill(home: str) -> None:
        for number in range(GROUP):
            metadata = {"name": f"s{number}", "labels": _LABELS}
            spec = {"clusterIP": "None", "selector": {"app": f"s{number}"}, "ports": [{"port": 80}]}
            _post(plane, f"/api/v1/namespaces/{home}/services", {"metadata": metadata, "spec": spec})
        targets = [{"serviceName": f"s{number}", "namespace": home} for number in range(2)]
        spec = {"serviceSelector": {"matchLabels": _LABELS}, "direction": "all", "targets": targets}
        body = {"apiVersion": "maxtac.vtk.io/v1alpha1", "kind": "Access", "metadata": {"name": "a"}, "spec": spec}
        _post(plane, f"/apis/maxtac.vtk.io/v1alpha1/namespaces/{home}/accesses", body)

    with ThreadPool(CONNECTIONS) as pool:
        pool.map(fill, homes)
    return homes


def _post(plane: Any, path: str, body: dict[str, Any]) -> None:
    answer = plane.request("POST", path, body)
    assert answer.status == 201, answer.text


@contextmanager
def _watching(plane: Any, port: int) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[str], float]]]:
    """A watch at work, and what gives the sum of one of its metrics."""
    command = [sys.executable, "-m", "maxtac_render", "watch", "--set", "bench", "--no-config", "--no-leader-election"]
    command += [f"--kubeconfig={plane.kubeconfig}", f"--metrics-address=127.0.0.1:{port}", "--health-address=0"]
    process = subprocess.Popen([*command, "--log-level=error"], cwd=ROOT)

    def number(name: str) -> float:
        try:
            with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
                text = answer.read().decode()
        except OSError:
            return -1
        return sum(float(value) for value in re.findall(rf"^{name}(?:\{{.*\}})? (\S+)$", text, re.MULTILINE))

    try:
        yield process, number
    finally:
        process.terminate()
        process.wait(60)


def _change(client: Any, home: str) -> float:
    """Seconds from a change of one Service until another client sees that its policies are gone."""
    from maxtac_render.live import kinds  # noqa: PLC0415 - not for who asks for the rows

    name = f"s{GROUP - 1}"
    there = client.list(kinds.NETWORK_POLICIES, lambda item: item["metadata"]["name"], home)
    going = {policy for policy in there.items if f"-{name}---" in policy}
    assert len(going) == POLICIES // SERVICES
    began = time.perf_counter()
    body = {"metadata": {"labels": {"net": "no"}}}
    client.send("PATCH", kinds.SERVICES.path(home, name), None, body, "application/merge-patch+json")
    for event in client.watch(kinds.NETWORK_POLICIES, there.resource_version, home, 60):
        if event.type == "DELETED":
            going.discard(event.object["metadata"]["name"])
        if not going:
            break
    spent = time.perf_counter() - began
    assert not going
    time.sleep(3)
    return spent


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.02)


if __name__ == "__main__":
    main()
