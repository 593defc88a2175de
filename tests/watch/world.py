"""A cluster in which everything changes at random: resources, Services, policies of all owners, and what goes wrong."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from live.fake import FakeServer, drop, expired, hang, reset, slow, status
from live.storage import Refusal
from maxtac_render.model.options import Options
from watch.watching import SET, Body, Key, core, intent, ours, policy, service, wanted

NAMESPACES = ("shop", "bank", "mail")
NAMES = ("web", "db", "api", "mail")
CIDRS = ("10.0.0.0/8", "192.168.1.0/24", "2001:db8::/32", "1.1.1.1")
SET_LABEL, WRITER_LABEL = "render.maxtac.vtk.io/set", "render.maxtac.vtk.io/writer"
MARKS = {"app.kubernetes.io/managed-by": "maxtac-render", SET_LABEL: SET, WRITER_LABEL: "watch"}
INVALID = "sideways"
"""A direction that is none: nothing is known of such a resource."""


class World:
    """What others do to a cluster. ``revisions`` are those of what they did: all else a watch did."""

    def __init__(self, server: FakeServer, seed: int) -> None:
        self.server = server
        self.random = random.Random(seed)  # noqa: S311 - reproducible on purpose
        self.revisions: set[int] = set()
        self.skew = timedelta()
        self.trace: list[str] = []
        self.alter(lambda: [self.put_service() for _ in range(6)] + [self.put_intent() for _ in range(3)])

    def now(self) -> datetime:
        """The clock on the wall, which may be wrong."""
        return datetime.now(UTC) + self.skew

    def alter(self, change: Callable[[], object]) -> None:
        """Change something, and note that it was us."""
        with self.server.storage.changed:
            before = self.server.storage.revision
            with suppress(Refusal):
                change()
            self.revisions.update(range(before + 1, self.server.storage.revision + 1))

    def step(self) -> None:
        """Something happens."""
        doing = self.random.choices(list(DEEDS), list(DEEDS.values()))[0]
        self.trace.append(doing.__name__)
        self.alter(lambda: doing(self))

    def fault(self) -> None:
        """Something begins to go wrong."""
        going_wrong = self.random.choices(list(FAULTS), list(FAULTS.values()))[0]
        self.trace.append(going_wrong.__name__)
        going_wrong(self)

    # What others do

    def pick(self, *words: Any) -> Any:
        """One of several."""
        return self.random.choice(words)

    def put_service(self) -> None:
        """A Service is made, or becomes another."""
        labels = self.pick({"net": "yes"}, {"net": "yes"}, {"net": "no"}, {})
        body = service(self.pick(*NAMES), self.pick(*NAMESPACES), labels=labels)
        if self.random.random() < 0.3:
            value = self.pick(f"{self.pick(*NAMES)},{self.pick(*NAMESPACES)}", "nonsense", "")
            body["metadata"]["annotations"] = {self.pick("maxtac.vtk.io.access/targets", "noise"): value}
        if self.random.random() < 0.1:
            del body["spec"]["selector"]
        self.server.add(body)

    def remove_service(self) -> None:
        """A Service goes."""
        self._remove("services")

    def put_intent(self) -> None:
        """A resource is made, or becomes another."""
        kind = self.pick("Access", "ClusterAccess", "ExternalAccess", "ClusterExternalAccess")
        spec: Body = {"direction": self.pick("ingress", "egress", "all", "All", "all", INVALID)}
        if "External" in kind:
            spec["targetCIDRs"] = self.random.sample(CIDRS, self.random.randint(1, 2))
        else:
            pairs = [{"serviceName": self.pick(*NAMES), "namespace": self.pick(*NAMESPACES)} for _ in range(2)]
            spec["targets"] = pairs[: self.random.randint(1, 2)]
        if kind == "ClusterAccess":
            spec["mirrored"] = self.pick(True, False)
        annotations = {}
        if self.random.random() < 0.25:
            moment = self.now() + timedelta(seconds=self.pick(-60, 0.2, 1, 3600))
            annotations["maxtac.vtk.io/expires-at"] = moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        namespace = "" if kind.startswith("Cluster") else self.pick(*NAMESPACES)
        self.server.add(intent(kind, self.pick("x", "y"), namespace, annotations, **spec))

    def remove_intent(self) -> None:
        """A resource goes."""
        self._remove(self.pick("accesses", "clusteraccesses", "externalaccesses", "clusterexternalaccesses"))

    def touch(self) -> None:
        """Something changes that does not count."""
        plural = self.pick("services", "accesses", "clusteraccesses", "networkpolicies")
        key = self._any(plural)
        if key:
            self.server.change(plural, *key, metadata={"annotations": {"noise": str(self.random.random())}})

    def garble_ours(self) -> None:
        """Somebody changes a policy of ours."""
        key = self._any("networkpolicies", _is_ours)
        if key:
            self.server.change("networkpolicies", *key, spec={"ingress": [{}], "policyTypes": ["Ingress"]})

    def remove_ours(self) -> None:
        """Somebody deletes a policy of ours."""
        key = self._any("networkpolicies", _is_ours)
        if key:
            self.server.remove("networkpolicies", *key)

    def take_ours(self) -> None:
        """Somebody makes a policy of ours theirs."""
        key = self._any("networkpolicies", _is_ours)
        if key:
            label = self.pick(*MARKS)
            self.server.change("networkpolicies", *key, metadata={"labels": {label: self.pick(None, "theirs")}})

    def orphan(self) -> None:
        """A policy of ours is there that nothing asks for, as after a restart."""
        name = f"orphan-{self.random.randint(0, 3)}"
        self.server.add(policy(name, self.pick(*NAMESPACES), labels=MARKS))

    def put_foreign(self) -> None:
        """Somebody's policy, another set's, or one that apply has written, perhaps with the name of one of ours."""
        marks = self.pick({}, {**MARKS, SET_LABEL: "other"}, {**MARKS, WRITER_LABEL: "apply"}, {"app": "x"})
        names = [name for _, name in wanted(self.server)] or ["foreign"]
        key = (self.pick(*NAMESPACES), self.pick("foreign", "theirs", *names))
        if self.server.find("networkpolicies", *key) is None:
            self.server.add(policy(key[1], key[0], labels=marks))

    def remove_foreign(self) -> None:
        """A policy that is not ours goes."""
        key = self._any("networkpolicies", _is_not_ours)
        if key:
            self.server.remove("networkpolicies", *key)

    def end_namespace(self) -> None:
        """A namespace is being deleted, or goes for good."""
        name = self.pick(*NAMESPACES)
        found = self.server.find("namespaces", "", name)
        if found is None:
            self.server.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        elif "deletionTimestamp" in found["metadata"]:
            self.server.remove("namespaces", "", name)
        else:
            self.server.terminate(name)

    def _any(self, plural: str, fits: Callable[[Body], bool] = lambda _: True) -> Key | None:
        keys = sorted(key for key, body in self.server.objects(plural).items() if fits(body))
        return self.random.choice(keys) if keys else None

    def _remove(self, plural: str) -> None:
        key = self._any(plural)
        if key:
            self.server.remove(plural, *key)

    # What goes wrong

    def lose_version(self) -> None:
        """The version from which a watch goes on is gone."""
        self.server.compact()
        self.server.fail(self.pick(expired(), status(410, "Expired")), watch=True)
        self.server.cut_watches()

    def end_watches(self) -> None:
        """Watches end, in order, within a line, or silently."""
        self.pick(self.server.end_watches, self.server.cut_watches, self.server.freeze_watches)()

    def fail_reads(self) -> None:
        """Lists and watches fail."""
        action = self.pick(
            status(500), status(503), status(429, retry_after=1), reset(), status(403), slow(0.3), hang()
        )
        plural = self.pick("services", "accesses", "networkpolicies", "clusteraccesses")
        self.server.fail(action, "GET", plural, times=self.random.randint(1, 3))
        self.server.cut_watches()

    def fail_writes(self) -> None:
        """Writes of policies fail, or are done and not answered."""
        action = self.pick(
            status(500), status(503), status(429, retry_after=1), reset(), drop(), drop(), hang(), status(409)
        )
        method = self.pick("POST", "PATCH", "DELETE", "*")
        self.server.fail(action, method, "/networkpolicies", times=self.random.randint(1, 4), watch=False)

    def fail_lease(self) -> None:
        """The Lease cannot be renewed for a while."""
        self.server.fail(self.pick(status(500), reset(), hang()), path="/leases", times=self.random.randint(1, 30))

    def restart(self) -> None:
        """The API server goes and comes."""
        self.server.stop()
        self.server.start()

    def turn_clock(self) -> None:
        """The clock on the wall is set."""
        self.skew = timedelta(seconds=self.pick(-7200, -5, 0, 5, 7200))

    # How it is in the end

    def mend(self) -> None:
        """Let nothing go wrong any more, and end what is ending."""
        self.server.mend()
        for (_, name), body in self.server.objects("namespaces").items():
            if "deletionTimestamp" in body["metadata"]:
                self.alter(lambda name=name: self.server.remove("namespaces", "", name))

    def differences(self) -> dict[Key, tuple[Body | None, Body | None]]:
        """Policies that are not as they should be: what is there, and what is wanted.

        What is made of invalid resources and Services stays as it is, and a name that is taken is nobody's to write.
        What nobody seems to want may stay where a policy for the same pods cannot be made.
        """
        with self.server.storage.changed:
            there = ours(self.server)
            asked = wanted(self.server, Options(set=SET, now=self.now()))
            taken = self.server.objects("networkpolicies").keys() - there.keys()
            doubtful = set(self._doubtful())
        unclear = {key for key in {*there, *asked} if {*_marks(there.get(key)), *_marks(asked.get(key))} & doubtful}
        unmade = {_pods(key, asked.get(key, there.get(key))) for key in unclear | (asked.keys() & taken)}
        pairs = {key: (there.get(key), asked.get(key)) for key in {*there, *asked} - unclear - taken}
        return {
            key: (before, after)
            for key, (before, after) in pairs.items()
            if _core(before) != _core(after) and not (after is None and _pods(key, before) in unmade)
        }

    def _doubtful(self) -> Iterator[str]:
        """Resources that say nothing that can be relied on, and Services, by the annotations of policies."""
        for plural in ("accesses", "clusteraccesses", "externalaccesses", "clusterexternalaccesses"):
            for (namespace, name), body in self.server.objects(plural).items():
                if body["spec"]["direction"] == INVALID:
                    yield "/".join(filter(None, (body["kind"], namespace, name)))
        for key, body in self.server.objects("services").items():
            if "selector" not in body["spec"]:
                yield "/".join(key)

    def trespasses(self) -> list[str]:
        """Changes of policies by a watch that were not its to make."""
        changes = [each for each in self.server.history("networkpolicies") if each.revision not in self.revisions]
        states = [(each.type, body) for each in changes for body in (each.previous, each.object) if body is not None]
        return [f"{kind} {body['metadata']}" for kind, body in states if not _is_ours(body)]


def _is_ours(body: Body) -> bool:
    return MARKS.items() <= (body["metadata"].get("labels") or {}).items()


def _is_not_ours(body: Body) -> bool:
    return not _is_ours(body)


def _marks(body: Body | None) -> list[str]:
    """What a policy was made for."""
    notes = {} if body is None else body["metadata"].get("annotations") or {}
    return [
        notes[key] for key in (f"render.maxtac.vtk.io/{word}" for word in ("source", "service", "peer")) if key in notes
    ]


def _pods(key: Key, body: Body | None) -> str:
    """The pods that a policy is about."""
    return f"{key[0]} {body and body['spec']['podSelector']}"


def _core(body: Body | None) -> Body | None:
    return None if body is None else core(body)


DEEDS: dict[Callable[[World], None], int] = {
    World.put_service: 20,
    World.remove_service: 6,
    World.put_intent: 20,
    World.remove_intent: 8,
    World.touch: 8,
    World.garble_ours: 6,
    World.remove_ours: 4,
    World.take_ours: 3,
    World.orphan: 3,
    World.put_foreign: 5,
    World.remove_foreign: 5,
    World.end_namespace: 2,
}
FAULTS: dict[Callable[[World], None], int] = {
    World.lose_version: 4,
    World.end_watches: 6,
    World.fail_reads: 5,
    World.fail_writes: 8,
    World.fail_lease: 2,
    World.restart: 2,
    World.turn_clock: 4,
}
