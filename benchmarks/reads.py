"""What it costs to render, list and keep a real cluster, against the same from a file.

As a program, with a directory, the file, and a number of rounds: starts a server, fills it, and writes rows as JSON,
one a line. With ``fill`` and a kubeconfig before the file it only fills the server.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack, closing
from dataclasses import asdict
from filecmp import cmp
from importlib import import_module
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from benchmarks.measure import ROOT, Command, FailedError, Goal, Pair, Row, rows, run, within
from benchmarks.writes import CONNECTIONS, PARTS, part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.corpus import Corpus

MOST = 400.0
"""MiB that a command may take for it."""

WHAT = "10,000 Services"
RENDERED = tuple(
    Goal(f"render live: of {WHAT} / render of the file: {field}", field, None) for field in ("cpu", "wall", "peak")
)
LISTED = (Goal(f"snapshot of {WHAT} / render of the file: wall", "wall", None),)
KEPT = f"snapshot of {WHAT} / {MOST:.0f} MiB: peak"


def measured(directory: Path, corpus: Corpus, rounds: int) -> Iterator[Row]:
    """The rows of the table."""
    names = [goal.measure for goal in (*RENDERED, *LISTED)] + [KEPT]
    missing = [name for name in PARTS[:2] if not part(name).exists()]
    if missing:
        yield from (Row(name, f"skipped: {missing[0]} is not installed: run `make tools`") for name in names)
        return
    command = (sys.executable, "-m", "benchmarks.reads", str(directory), str(corpus.stream), str(rounds))
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        yield from (Row(name, f"failed: {last}") for name in names)
        return
    yield from (Row(**json.loads(line)) for line in done.stdout.splitlines())


def main() -> None:
    """Start a server and fill it, in a process of its own so that this one stays small, and measure."""
    sys.path.insert(0, str(ROOT / "tests"))
    file, rounds = Path(sys.argv[2]), int(sys.argv[3])
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="read-", dir=sys.argv[1])))
        plane = stack.enter_context(import_module("real.control_plane").control_plane(part, place))
        plane.install_crds()
        fill = (sys.executable, "-m", "benchmarks.reads", "fill", str(plane.kubeconfig), str(file))
        subprocess.run(fill, check=True, cwd=ROOT)
        for row in _rows(plane.kubeconfig, file, place / "kept.yaml", rounds):
            print(json.dumps(asdict(row)), flush=True)


def _rows(kubeconfig: Path, file: Path, kept: Path, rounds: int) -> Iterator[Row]:
    subject, reference = _maxtac("render", "live:", "--kubeconfig", kubeconfig), _maxtac("render", file)
    outputs = [kept.with_name(name) for name in ("live", "file")]
    for command, output in zip((subject, reference), outputs, strict=True):
        run(command, output)
    if not cmp(outputs[0], outputs[1], shallow=False):
        raise FailedError("the cluster and the file give other policies")
    yield from rows(Pair(subject, reference, rounds, RENDERED))
    snapshot = _maxtac("snapshot", "--kubeconfig", kubeconfig, "--output-file", kept)
    yield from rows(Pair(snapshot, reference, rounds, LISTED))
    yield within(KEPT, snapshot, MOST)


def _maxtac(*arguments: str | Path) -> Command:
    return (sys.executable, "-m", "maxtac_render", *arguments)


def fill(kubeconfig: str, file: Path) -> None:
    """Create the Services and the MaxTac resources of a file in a server, and their namespaces."""
    from maxtac_render.live.access import Choice, load  # noqa: PLC0415 - not for who asks for the rows
    from maxtac_render.live.client import Client  # noqa: PLC0415 - likewise
    from maxtac_render.live.kinds import INTENTS, NAMESPACES, SERVICES  # noqa: PLC0415 - likewise
    from maxtac_render.manifests.read import read  # noqa: PLC0415 - likewise
    from maxtac_render.model.diagnostics import Report  # noqa: PLC0415 - likewise

    kinds = {kind.kind: kind for kind in (*INTENTS, SERVICES)}
    found = list(read(file.read_bytes(), str(file), Report()))
    spaces = sorted({each.ref.namespace for each in found} - {""})
    with closing(Client(load(Choice(kubeconfig)))) as client:
        _post(client, [(NAMESPACES.path(), {"metadata": {"name": name}}) for name in spaces])
        _post(client, [(kinds[each.ref.kind].path(each.ref.namespace), each.body) for each in found])


def _post(client: Any, objects: list[tuple[str, Any]]) -> None:
    queue: SimpleQueue[tuple[str, Any]] = SimpleQueue()
    for each in objects:
        queue.put(each)

    def work() -> None:
        while not queue.empty():
            path, body = queue.get()
            client.send("POST", path, body=body)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    if sys.argv[1] == "fill":
        fill(sys.argv[2], Path(sys.argv[3]))
    else:
        main()
