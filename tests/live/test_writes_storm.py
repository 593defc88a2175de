"""A writer in a storm: faults, meddling and changes of mind; in the end the cluster is what is wanted, and no more."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from live import fake
from live.fake import FakeServer
from live.test_writes import World
from maxtac_render.engine.settling import settle
from maxtac_render.live import client, writes
from maxtac_render.live.faults import ClusterFault
from maxtac_render.live.writes import Guard, Manner
from maxtac_render.model.ownership import is_written, writing_labels
from maxtac_render.model.policy import Policy
from maxtac_render.wire import networkpolicy
from policies import SET, policy

NAMES = [f"web-{number:02}" for number in range(12)]
FOREIGN = [f"hand-{number}" for number in range(3)]
STEPS = 125


@pytest.fixture(name="cluster")
def _cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    for module in (client, writes):
        monkeypatch.setattr(module, "backoff", lambda *_, **__: 0.0)
    with FakeServer() as server:
        server.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        yield server


def wish(chance: random.Random) -> list[Policy]:
    """Some policies, of two sorts of pods, that open one of three things; now and then under a name of others."""
    names = chance.sample([*NAMES, *FOREIGN], chance.randint(1, 10))
    return [
        policy(name, chance.choice(("web", "db")), chance.choice(("", "10.0.0.0/8", "192.0.2.0/24"))) for name in names
    ]


def trouble(chance: random.Random, server: FakeServer) -> None:
    """Some faults for the next requests."""
    actions = [
        fake.drop(),
        fake.reset(),
        fake.status(500),
        fake.html(502),
        fake.status(503),
        fake.status(429),
        fake.cut(7),
        fake.after(lambda each: meddle(chance, each)),
    ]
    for _ in range(chance.randint(0, 6)):
        method = chance.choice(("GET", "POST", "PATCH", "DELETE", "*"))
        times, skip = chance.randint(1, 3), chance.randint(0, 4)
        server.fail(chance.choice(actions), method, "networkpolicies", times=times, skip=skip)


def meddle(chance: random.Random, server: FakeServer) -> None:
    """What somebody else does to a policy of ours."""
    names = [name for _, name in server.objects("networkpolicies") if name in NAMES]
    if not names:
        return
    name = chance.choice(names)
    match chance.randint(0, 2):
        case 0:
            server.remove("networkpolicies", "shop", name)
        case 1:
            server.change("networkpolicies", "shop", name, spec={"ingress": [{}]})
        case _:
            server.change(
                "networkpolicies", "shop", name, metadata={"annotations": {"example.com/n": str(chance.random())}}
            )


def ours(server: FakeServer) -> dict[str, dict[str, Any]]:
    """The policies that are ours, by their names."""
    found = {name: body for (_, name), body in server.objects("networkpolicies").items()}
    return {name: body for name, body in found.items() if is_written(body["metadata"].get("labels", {}), SET, "apply")}


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_the_cluster_becomes_what_is_wanted(cluster: FakeServer, tmp_path: Path, seed: int) -> None:
    """Policies of others and of another set are as they were at every moment; and peace ends in silence."""
    chance = random.Random(seed)  # noqa: S311 - a storm that can be had again
    others = dict(writing_labels("other", "apply"))
    for name in FOREIGN:
        body = networkpolicy.body(policy(name)._replace(annotations=()))
        labels = others if name == FOREIGN[0] else {}
        cluster.add({**body, "metadata": {**body["metadata"], "labels": labels}})
    before = {name: cluster.find("networkpolicies", "shop", name) for name in FOREIGN}
    world = World(cluster, tmp_path, Manner(), Guard(threading.Event()))
    wanted = wish(chance)
    for _ in range(STEPS):
        wanted = wish(chance) if chance.random() < 0.5 else wanted
        trouble(chance, cluster)
        with suppress(ClusterFault):  # not even a look succeeds always
            world.apply(*wanted, seen=[("shop", name) for name in NAMES])
    cluster.mend()
    world.apply(*wanted)
    mine = {each.name: networkpolicy.body(each)["spec"] for each in wanted if each.name not in FOREIGN}
    assert {name: body["spec"] for name, body in ours(cluster).items()} == mine
    assert {name: cluster.find("networkpolicies", "shop", name) for name in FOREIGN} == before
    count = len(cluster.writes())
    assert not settle(wanted, [], world.present(), world.scope).changes
    world.apply(*wanted)
    assert len(cluster.writes()) == count
    touched = [change for change in cluster.history("networkpolicies") if change.object["metadata"]["name"] in FOREIGN]
    assert len(touched) == len(FOREIGN)
    world.client.close()
    world.writer.close()
