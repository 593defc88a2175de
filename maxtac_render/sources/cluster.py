"""A cluster as a source: what its API server has, of which no more is kept than is read of files.

There is no moment at which all kinds are seen. Policies are read first, so that one that is made meanwhile is missing,
and does not look as if nobody had asked for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from functools import partial
from typing import Any, NamedTuple

from maxtac_render.frontends.maxtac.targets import mentioned
from maxtac_render.live import access, kinds
from maxtac_render.live.access import Choice
from maxtac_render.live.client import Client
from maxtac_render.live.faults import Refused
from maxtac_render.live.kinds import Kind
from maxtac_render.live.objects import resource
from maxtac_render.manifests.wanted import INTENTS, Wanted
from maxtac_render.model.catalogue import Code
from maxtac_render.model.diagnostics import Report, Spot, listed
from maxtac_render.model.errors import SourceFault
from maxtac_render.model.objects import Origin, Resource
from maxtac_render.sources import LIVE
from maxtac_render.sources.inputs import Input, shown
from maxtac_render.wire.projection import projected


def load(choice: Choice, namespace: str, report: Report) -> Input:
    """A cluster, of which only the objects of ``namespace`` are read, and those of none, if one is given.

    Services of other namespaces are read where something in that one names them. Raises ClusterFault where there is no
    way to the cluster, and while it is read where it cannot be reached; then also SourceFault for what we may not read.
    """
    cluster = Cluster(choice, namespace, report)
    return Input(cluster.path, b"", named=True, objects=cluster.objects)


class Cluster:
    """A cluster, as far as it is read: all of it, or one namespace. ``path`` is how it is shown."""

    def __init__(self, choice: Choice, namespace: str, report: Report) -> None:
        self._way = access.load(choice)
        self._timeout = choice.timeout
        self._namespace = namespace
        self._report = report
        self.path = shown(f"{LIVE}{self._way.context or self._way.server}")

    def objects(self, wanted: Wanted) -> Iterator[Resource]:
        """What is wanted, kind by kind."""
        missing: list[Kind] = []
        named: list[Resource] = []
        with self._reading() as reading:
            for kind in kinds.READ:
                if not wanted.takes(kind.api_version, kind.kind):
                    continue
                found = reading.all(kind, self._namespace)
                if found is None:
                    missing.append(kind)
                for each in found or ():
                    if self._namespace and kind in (*kinds.INTENTS, kinds.SERVICES):
                        named.append(each)
                    yield each
            yield from reading.services(named, self._namespace)
        if missing:
            self._say_missing(missing, wanted)

    def services(self, namers: Iterable[Resource]) -> list[Resource]:
        """The Services of other namespaces that resources name; where the whole cluster is read, they are known."""
        with self._reading() as reading:
            return list(reading.services(namers, self._namespace)) if self._namespace else []

    def policies(self, namespaces: Iterable[str]) -> list[Resource]:
        """The policies of further namespaces."""
        with self._reading() as reading:
            return [each for name in namespaces for each in reading.all(kinds.NETWORK_POLICIES, name) or ()]

    def _reading(self) -> closing[_Reading]:
        return closing(_Reading(Client(self._way, self._timeout), self.path))

    def _say_missing(self, missing: list[Kind], wanted: Wanted) -> None:
        """Report MaxTac kinds that are not installed; whoever reads nothing else has nothing to read then."""
        names = listed(kind.resource for kind in missing)
        if len(missing) == len(kinds.INTENTS) and wanted == INTENTS:
            words = "install the CRDs of MaxTac: maxtac manifests crds | kubectl apply --server-side -f -"
            raise SourceFault(f"cannot read {self.path}: {names} are not installed; {words}")
        self._report.add(Code.NOT_INSTALLED, Spot(Origin(self.path, 0, 0)), kinds=names)


class _Question(NamedTuple):
    """What is asked for: a kind, in a namespace or everywhere, and one object of it or all."""

    kind: Kind
    namespace: str
    name: str = ""

    @property
    def verb(self) -> str:
        """What we must be allowed to do."""
        return "get" if self.name else "list"

    def __str__(self) -> str:
        """For people: ``list networkpolicies.networking.k8s.io in shop``."""
        where = f" in {self.namespace}" if self.namespace and self.kind.namespaced else ""
        return f"{self.verb} {self.kind.resource}{where}"


class _Reading:
    """Reads objects over one client, and says what is in the way."""

    def __init__(self, client: Client, path: str) -> None:
        self._client = client
        self._path = path

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def all(self, kind: Kind, namespace: str) -> list[Resource] | None:
        """What is kept of all objects of a kind; None where the kind is one of MaxTac's and is not installed."""
        if kind == kinds.NAMESPACES and namespace:
            found = self._one(kind, "", namespace)
            if found is None:
                raise SourceFault(f"cannot read {self._path}: there is no namespace {namespace}")
            return [found]
        place, take = namespace if kind.namespaced else "", partial(self._kept, kind)
        items: list[Resource] | None = self._asked(
            _Question(kind, place), lambda: self._client.list(kind, take, place).items
        )
        if items is None and kind not in kinds.INTENTS:
            raise SourceFault(f"cannot read {self._path}: it does not know {kind.resource}")
        return items

    def services(self, namers: Iterable[Resource], home: str) -> Iterator[Resource]:
        """The Services outside of a namespace that resources name, as far as there are such."""
        for target in sorted({target for each in namers for target in mentioned(each) if target.namespace != home}):
            found = self._one(kinds.SERVICES, target.namespace, target.name)
            if found is not None:
                yield found

    def _one(self, kind: Kind, namespace: str, name: str) -> Resource | None:
        body = self._asked(_Question(kind, namespace, name), lambda: self._client.get(kind, namespace, name))
        return None if body is None else self._kept(kind, body)

    def _kept(self, kind: Kind, item: dict[str, Any]) -> Resource:
        return resource(kind, projected(kind, item), Origin(self._path, 0, 0))

    def _asked(self, question: _Question, ask: Callable[[], Any]) -> Any:
        """The answer to a question; None where there is nothing. Raises SourceFault where there is none for us."""
        try:
            return ask()
        except Refused as refused:
            if refused.status.code == 404:
                return None
            raise SourceFault(f"cannot read {self._path}: {_reason(question, refused)}") from refused


def _reason(question: _Question, refused: Refused) -> str:
    """Why an answer is none, and what helps."""
    home = question.namespace or (question.name if question.kind == kinds.NAMESPACES else "")
    narrowed = f" -n {home}" if home else ""
    match refused.status.code:
        case 403:
            grant = f"maxtac manifests reader{narrowed} prints the role that is needed"
            return f"no permission to {question} ({refused.status.message}); {grant}"
        case 401:
            return f"the credentials are not accepted ({refused.status.message})"
        case _:
            return f"{question}: {refused}"
