"""A watch of a fake cluster, in a hurry, and what is in such a cluster."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from live.fake import FakeServer
from maxtac_render import compiler
from maxtac_render.engine.settling import Scope, stamped
from maxtac_render.live import access
from maxtac_render.live.bell import Calm
from maxtac_render.live.journal import Journal
from maxtac_render.live.kinds import INTENTS, SERVICES
from maxtac_render.live.lease import Terms
from maxtac_render.live.objects import resource
from maxtac_render.live.reflector import Pace
from maxtac_render.model.diagnostics import Report
from maxtac_render.model.objects import Origin
from maxtac_render.model.options import Options
from maxtac_render.model.ownership import writing_labels
from maxtac_render.watch.service import Service, Surroundings
from maxtac_render.watch.settings import Settings
from maxtac_render.wire.networkpolicy import body as policy_body

Body = dict[str, Any]
Key = tuple[str, str]

SET = "prod"
SCOPE = Scope(SET, "watch")
ALONE = Surroundings(
    identity="one",
    timeout=3.0,
    calm=Calm(0.02, 0.2),
    pace=Pace(watch_for=30, list_again=60.0, unreadable=0.1, shortest=0.01, longest=0.1),
    terms=Terms(duration=1.5, renew=1.0, retry=0.05),
)


def service(name: str, namespace: str = "shop", labels: Mapping[str, str] | None = None, **annotations: str) -> Body:
    """A Service, selected by its own labels (by default those that ``access`` selects)."""
    metadata = {
        "name": name,
        "namespace": namespace,
        "labels": dict(labels or {"net": "yes"}),
        "annotations": annotations,
    }
    ports = [{"name": "web", "port": 80, "protocol": "TCP", "targetPort": 8080}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"selector": {"app": name}, "ports": ports},
    }


def intent(
    kind: str, name: str, namespace: str = "", annotations: Mapping[str, str] | None = None, **spec: Any
) -> Body:
    """A MaxTac resource that selects Services with the label net=yes."""
    metadata = {"name": name, **({"namespace": namespace} if namespace else {}), "annotations": dict(annotations or {})}
    selector = {"serviceSelector": {"matchLabels": {"net": "yes"}}, "direction": "ingress"}
    return {"apiVersion": "maxtac.vtk.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": {**selector, **spec}}


def access_to(name: str, *targets: str, **spec: Any) -> Body:
    """An Access in the namespace shop to Services there."""
    wanted = [{"serviceName": target, "namespace": "shop"} for target in targets]
    return intent("Access", name, "shop", targets=wanted, **spec)


def policy(name: str, namespace: str = "shop", labels: Mapping[str, str] | None = None) -> Body:
    """Somebody's policy."""
    metadata = {"name": name, "namespace": namespace, "labels": dict(labels or {})}
    spec = {"podSelector": {"matchLabels": {"app": "x"}}, "policyTypes": ["Ingress"]}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def wanted(server: FakeServer, options: Options | None = None) -> dict[Key, Body]:
    """What the resources in the cluster ask for: the policies as the watch is to write them."""
    origin = Origin("live:", 0, 0)
    resources = [
        resource(kind, item, origin) for kind in (*INTENTS, SERVICES) for item in server.objects(kind.plural).values()
    ]
    options = options or Options(set=SET, now=datetime.now(UTC))
    output = compiler.compile_intents(resources, options, Report())
    return {each[:2]: policy_body(stamped(each, SCOPE)) for each in output.policies}


def ours(server: FakeServer, name: str = SET) -> dict[Key, Body]:
    """The policies in the cluster that a watch of a set has written."""
    labels = dict(writing_labels(name, "watch"))
    return {
        key: body
        for key, body in server.objects("networkpolicies").items()
        if labels.items() <= (body["metadata"].get("labels") or {}).items()
    }


def core(body: Body) -> Body:
    """What of a policy is ours: its spec, and the labels and annotations that we give it."""
    metadata = body["metadata"]

    def kept(field: str) -> Body:
        pairs = metadata.get(field) or {}
        return {key: text for key, text in pairs.items() if "maxtac" in key or text == "maxtac-render"}

    return {"spec": body["spec"], "labels": kept("labels"), "annotations": kept("annotations")}


def in_step(server: FakeServer, options: Options | None = None) -> bool:
    """Tell whether the policies of the watch are just what the resources ask for."""
    there = {key: core(body) for key, body in ours(server).items()}
    return there == {key: core(body) for key, body in wanted(server, options).items()}


class Watch:
    """A watch at work in a thread."""

    def __init__(
        self,
        server: FakeServer,
        directory: Path,
        settings: Settings | None = None,
        around: Surroundings = ALONE,
        token: str = "",
    ) -> None:
        self.server = server
        self.log = io.StringIO()
        self.signals: SimpleQueue[int] = SimpleQueue()
        self.ended: bool | None = None
        way = access.load(access.Choice(str(server.kubeconfig(directory, token=token or server.token))))
        settings = settings or Settings(Options(set=SET))
        self.service = Service(settings, way, around, Journal("json", "debug", self.log))
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        self.ended = self.service.run(self.signals)

    def settled(self, condition: Callable[[], object] | None = None) -> None:
        """Wait until the cluster is in step, and nothing is about to be done."""
        self.server.wait_for(condition or (lambda: in_step(self.server)), "a cluster in step")

    def metric(self, line: str) -> float:
        """The number behind a metric's name and labels; 0 where it is not there."""
        text = self.service._numbers().text
        return next((float(each.rpartition(" ")[2]) for each in text.splitlines() if each.startswith(f"{line} ")), 0.0)

    def rounds(self) -> float:
        """How many rounds were made."""
        return self.metric('maxtac_reconcile_total{result="done"}') + self.metric(
            'maxtac_reconcile_total{result="failed"}'
        )

    def next_rounds(self, number: int = 2) -> None:
        """Wait for more rounds."""
        before = self.rounds()
        for _ in range(number):
            self.service._bell.ring()
            self.server.wait_for(lambda before=before: self.rounds() > before, "another round")
            before = self.rounds()

    def kill(self) -> None:
        """End it without a word, as far as the server can tell: nothing that it says is heard from now on."""
        service = self.service
        for client in (service._writing, service._client, service._electing):
            client.close()
        self.end()

    def end(self) -> None:
        """End it in order."""
        self.signals.put(15)
        self.thread.join(60)
        assert not self.thread.is_alive()


@contextmanager
def watching(
    server: FakeServer, directory: Path, settings: Settings | None = None, around: Surroundings = ALONE
) -> Iterator[Watch]:
    """A watch of a cluster, ended afterwards."""
    watch = Watch(server, directory, settings, around)
    try:
        yield watch
    except BaseException:
        print(watch.log.getvalue()[-5000:])
        raise
    finally:
        watch.end()
