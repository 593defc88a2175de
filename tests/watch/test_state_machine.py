"""Whatever happens in a random order: in the end the cluster is as it should be, and nothing else was touched.

``MAXTAC_WATCH_STEPS`` and ``MAXTAC_WATCH_SEEDS`` make it longer.
"""

from __future__ import annotations

import os
import time
from itertools import groupby
from pathlib import Path

import pytest

from live.fake import FakeServer
from maxtac_render.model.options import Options
from maxtac_render.watch.settings import Settings
from watch.watching import ALONE, SET, Watch
from watch.world import World

STEPS = int(os.environ.get("MAXTAC_WATCH_STEPS", "500"))
SEEDS = range(int(os.environ.get("MAXTAC_WATCH_SEEDS", "1")))
LOOK_AFTER = 100
"""Steps after which everything is mended, and must come right."""

SETTINGS = Settings(Options(set=SET), allow_empty=True, limit=1000)


class Replicas:
    """Two watches of a cluster; one that ends, or is killed, is started anew, under another name."""

    def __init__(self, world: World, directory: Path) -> None:
        self.world = world
        self.directory = directory
        self.count = 0
        self.running = [self._started() for _ in range(2)]

    def _started(self) -> Watch:
        self.count += 1
        name = f"replica-{self.count}"
        self.world.server.tokens[f"token-{name}"] = name
        home = self.directory / name
        home.mkdir()
        pace = ALONE.pace._replace(watch_for=2, list_again=5.0)
        around = ALONE._replace(identity=name, lease=("default", "maxtac"), now=self.world.now, pace=pace)
        return Watch(self.world.server, home, SETTINGS, around, token=f"token-{name}")

    def look(self) -> None:
        """Start anew what has ended."""
        for watch in list(self.running):
            if not watch.thread.is_alive():
                self.running.remove(watch)
                self.running.append(self._started())

    def kill(self) -> None:
        """End one of them without a word."""
        self.world.random.choice(self.running).kill()
        self.look()

    def end(self) -> None:
        """End all of them in order."""
        for watch in self.running:
            watch.end()


@pytest.mark.parametrize("seed", SEEDS)
def test_in_the_end_all_is_well(seed: int, tmp_path: Path) -> None:
    """Random steps and faults; every now and then, and in the end, all comes right."""
    with FakeServer() as server:
        world = World(server, seed)
        replicas = Replicas(world, tmp_path)
        try:
            for number in range(1, STEPS + 1):
                world.step()
                if world.random.random() < 0.1:
                    world.fault()
                if world.random.random() < 0.02:
                    world.trace.append("kill")
                    replicas.kill()
                replicas.look()
                time.sleep(world.random.uniform(0, 0.03))
                if number % LOOK_AFTER == 0 or number == STEPS:
                    _comes_right(world, replicas)
        finally:
            replicas.end()
        assert world.trespasses() == []
        writes = [each for each in server.requests if each.writes and "/networkpolicies" in each.path]
        writers = [name for name, _ in groupby(each.headers["authorization"] for each in writes)]
        assert len(writers) == len(set(writers)), "two writers at a time"
        assert server.crashes == []


def _comes_right(world: World, replicas: Replicas) -> None:
    world.mend()
    deadline = time.monotonic() + 60
    while world.differences():
        replicas.look()
        if time.monotonic() > deadline:
            for watch in replicas.running:
                print(f"--- {watch.service._around.identity}: {watch.log.getvalue()[-4000:]}")
            print(world.trace[-200:])
            raise AssertionError(f"not in step: {world.differences()}")
        time.sleep(0.05)
