"""Whatever goes wrong between a reflector and the API server, in whatever order, nothing is lost or made up."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from live import fake
from live.fake import FakeServer
from live.test_reflector import Following, following, service

STEPS = 300
NAMES = [f"s-{number}" for number in range(12)]


def add(server: FakeServer, chance: random.Random) -> None:
    """Somebody creates a Service, or makes it anew under its name."""
    server.add(service(chance.choice(NAMES), app=str(chance.random())))


def change(server: FakeServer, chance: random.Random) -> None:
    """Somebody changes a Service."""
    for key in list(server.objects("services"))[:1]:
        server.change("services", *key, metadata={"labels": {"app": str(chance.random())}})


def remove(server: FakeServer, chance: random.Random) -> None:
    """Somebody deletes a Service."""
    found = list(server.objects("services"))
    if found:
        server.remove("services", *chance.choice(found))


def replace(server: FakeServer, chance: random.Random) -> None:
    """Somebody deletes a Service and makes another of its name."""
    remove(server, chance)
    add(server, chance)


def restart(server: FakeServer, chance: random.Random) -> None:
    """The API server dies, and somebody is fast when it is back."""
    server.stop()
    server.start()
    add(server, chance)


def fail(action: fake.Action, **more: Any) -> Callable[[FakeServer, random.Random], object]:
    """The next requests meet a fault, soon."""

    def step(server: FakeServer, chance: random.Random) -> None:
        fault = server.fail(action, times=chance.randint(1, 2), **more)
        server.end_watches()
        add(server, chance)
        server.wait_for(lambda: fault.hits, "a fault met")

    return step


STEPS_OF_OTHERS = (add, add, change, change, remove, replace)
FAULTS: tuple[Callable[[FakeServer, random.Random], object], ...] = (
    lambda server, _: server.end_watches(),
    lambda server, _: server.cut_watches(),
    lambda server, _: server.compact(),
    lambda server, _: (server.compact(), server.cut_watches()),
    lambda server, _: (server.advance(5), server.bookmark()),
    restart,
    *map(fail, (fake.reset(), fake.drop(), fake.html(502), fake.raw(b"{"), fake.raw(b"[]"), fake.cut(50))),
    *(fail(fake.status(code)) for code in (401, 403, 404, 410, 429, 500, 503, 504)),
    fail(fake.expired(), watch=True),
    fail(fake.events(b"{"), watch=True),
    fail(fake.events({"type": "ERROR", "object": {"kind": "Status", "code": 500}}), watch=True),
    fail(fake.after(lambda server: server.compact())),
)


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_lost_in_a_storm(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After every fourth part of the storm, and after it, the store is what the cluster holds."""
    monkeypatch.setattr("maxtac_render.live.client.backoff", lambda _: 0.001)
    monkeypatch.setattr("maxtac_render.live.client.PAGE", 3)
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    with FakeServer() as server, following(server, tmp_path) as found:
        for step in range(STEPS):
            chance.choice(FAULTS if chance.random() < 0.3 else STEPS_OF_OTHERS)(server, chance)
            if step % (STEPS // 4) == STEPS // 4 - 1:
                calm(server, found)


def calm(server: FakeServer, found: Following) -> None:
    """The storm is over: everything is as it is there, and the reflector knows that."""
    server.mend()
    found.settled()
