"""How fast policies are created in a real API server: by our writer, by maxtac apply, and by a bare client.

As a program, with a directory and a number of rounds: writes seconds as JSON, one round a line.
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from importlib import import_module
from pathlib import Path
from queue import SimpleQueue
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.measure import ROOT, Row

if TYPE_CHECKING:
    from maxtac_render.model.policy import Policy

POLICIES = 2_000
CONNECTIONS = 16
LEAST = 0.8
"""Of the rate of the bare client, ours at least."""

GOALS = (
    (f"create {POLICIES:,} / bare {CONNECTIONS} connections: wall", "writer", 1 / LEAST),
    (f"maxtac apply of {POLICIES:,} / the same: wall", "apply", None),
)
PARTS = ("kube-apiserver", "etcd", "openssl")

SERVICE = """\
apiVersion: v1
kind: Service
metadata: {{name: s{0}, namespace: {1}, labels: {{a: b}}}}
spec: {{selector: {{app: s{0}}}, ports: [{{port: 80}}]}}
---
"""
ACCESS = """\
apiVersion: maxtac.vtk.io/v1alpha1
kind: Access
metadata: {{name: a, namespace: {0}}}
spec: {{serviceSelector: {{}}, direction: ingress, targets: [{{serviceName: s0, namespace: {0}}}]}}
"""


def measured(directory: Path, rounds: int) -> Iterator[Row]:
    """The rows of the table."""
    missing = [name for name in PARTS[:2] if not part(name).exists()]
    if missing:
        yield from (Row(goal[0], f"skipped: {missing[0]} is not installed: run `make tools`") for goal in GOALS)
        return
    command = (sys.executable, "-m", "benchmarks.writes", str(directory), str(rounds))
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        yield from (Row(goal[0], f"failed: {last}", goal=goal[2]) for goal in GOALS)
        return
    found = [json.loads(line) for line in done.stdout.splitlines()]
    for measure, name, bound in GOALS:
        ratio = median(each[name] / each["bare"] for each in found)
        verdict = "-" if bound is None else "ok" if ratio <= bound else "over"
        ours, bare = (median(each[key] for each in found) for key in (name, "bare"))
        yield Row(measure, verdict, ratio, bound, ours, bare, "s")


def part(name: str) -> Path:
    """Where a part is; a path that does not exist where it is not installed."""
    command: list[str | Path] = [ROOT / "tools" / "install", "--print", name]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return Path(found or "/nonexistent")


def main() -> None:
    """Start a server, and let each create its policies in a namespace of its own, in turn."""
    sys.path.insert(0, str(ROOT / "tests"))
    control_plane = import_module("real.control_plane").control_plane
    place = Path(sys.argv[1]) / "control-plane"
    place.mkdir(exist_ok=True)
    with control_plane(part, place) as plane:
        _bare(plane, plane.new_namespace(), 200)
        for _ in range(int(sys.argv[2])):
            spent = {
                "bare": _bare(plane, plane.new_namespace(), POLICIES),
                "writer": _writer(plane),
                "apply": _apply(plane, place),
            }
            print(json.dumps(spent), flush=True)


def policies(namespace: str, count: int) -> list[Policy]:
    """Policies as they are compiled."""
    from maxtac_render.compiler import compile_intents  # noqa: PLC0415 - not for who asks for the rows
    from maxtac_render.manifests.read import read  # noqa: PLC0415 - likewise
    from maxtac_render.model.diagnostics import Report  # noqa: PLC0415 - likewise
    from maxtac_render.model.options import Options  # noqa: PLC0415 - likewise

    report = Report()
    return compile_intents(read(_text(namespace, count).encode(), "x", report), Options(set="x"), report).policies


def _text(namespace: str, count: int) -> str:
    """Services, and an Access that asks for one policy for each."""
    return "".join(SERVICE.format(number, namespace) for number in range(count)) + ACCESS.format(namespace)


def _bare(plane: Any, namespace: str, count: int) -> float:
    """Seconds in which threads with a connection each post what is encoded already."""
    from maxtac_render.compiler import bodies  # noqa: PLC0415 - as above

    queue: SimpleQueue[bytes] = SimpleQueue()
    for body in bodies(policies(namespace, count)):
        queue.put(json.dumps(body).encode())
    path = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies"
    headers = {"Authorization": f"Bearer {plane.token}", "Content-Type": "application/json"}
    tls = ssl.create_default_context(cafile=plane.ca)
    tls.verify_flags &= ~ssl.VERIFY_X509_STRICT  # as for the tests
    host, _, port = plane.server.removeprefix("https://").partition(":")

    def post() -> None:
        connection = http.client.HTTPSConnection(host, int(port), context=tls)
        with closing(connection):
            while not queue.empty():
                connection.request("POST", path, queue.get(), headers)
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 201, answer.status

    threads = [threading.Thread(target=post) for _ in range(CONNECTIONS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began


def _writer(plane: Any) -> float:
    """Seconds in which our writer makes what was decided."""
    from maxtac_render.engine.settling import Scope, settle, step  # noqa: PLC0415 - as above
    from maxtac_render.live.access import Choice, load  # noqa: PLC0415 - as above
    from maxtac_render.live.client import Client  # noqa: PLC0415 - as above
    from maxtac_render.live.writes import Manner, Writer  # noqa: PLC0415 - as above

    scope = Scope("x", "apply")
    changes = settle(policies(plane.new_namespace(), POLICIES), [], [], scope).changes
    decide = partial(step, scope=scope)
    with (
        closing(Client(load(Choice(str(plane.kubeconfig))))) as client,
        closing(Writer(client, decide, Manner(CONNECTIONS))) as writer,
    ):
        began = time.perf_counter()
        outcome = writer.execute(changes, {})
        spent = time.perf_counter() - began
    assert len(outcome.done) == POLICIES, outcome.failed[:1]
    return spent


def _apply(plane: Any, directory: Path) -> float:
    """Seconds of a whole ``maxtac apply``."""
    path = directory / "all.yaml"
    path.write_text(_text(plane.new_namespace(), POLICIES))
    command: list[str | Path] = [sys.executable, "-m", "maxtac_render", "apply", path, "--set", "y", "--no-prune", "-q"]
    began = time.perf_counter()
    environment = {**os.environ, "KUBECONFIG": str(plane.kubeconfig)}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, cwd=ROOT)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
