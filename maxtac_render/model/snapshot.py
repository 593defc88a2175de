"""Everything that was read, at one moment: placed Services with their look-ups, and the MaxTac resources."""

from __future__ import annotations

from collections.abc import Iterable

from maxtac_render.model.diagnostics import nearest
from maxtac_render.model.objects import Resource, Service
from maxtac_render.model.selectors import LabelIndex, Selector


class Snapshot:
    """The input of one run.

    ``services`` are sorted by namespace and name. ``unplaced`` have no namespace: nothing can be said about their pods.
    """

    def __init__(self, services: Iterable[Service], intents: Iterable[Resource]) -> None:
        every = sorted(services, key=_place)
        self.services = [service for service in every if service.ref.namespace]
        self.unplaced = [service for service in every if not service.ref.namespace]
        self.intents = sorted(intents, key=lambda resource: resource.ref)
        self._by_name = {_place(service): service for service in self.services}
        self._by_namespace: dict[str, list[Service]] = {}
        for service in self.services:
            self._by_namespace.setdefault(service.ref.namespace, []).append(service)
        self._indexes: dict[str, LabelIndex[Service]] = {}

    def service(self, namespace: str, name: str) -> Service | None:
        """The Service of that name, if there is one."""
        return self._by_name.get((namespace, name))

    def nearest(self, namespace: str, name: str) -> str:
        """A Service that somebody who wrote this name may have meant, as ``namespace/name``; empty without one."""
        homonyms = (f"{place[0]}/{name}" for place in self._by_name if place[1] == name)
        beside = (f"{namespace}/{service.ref.name}" for service in self._by_namespace.get(namespace, ()))
        return nearest(f"{namespace}/{name}", [*homonyms, *beside])

    def select(self, selector: Selector, namespace: str = "") -> list[Service]:
        """The Services that a selector matches, in one namespace or (without one) in all of them."""
        index = self._indexes.get(namespace)
        if index is None:
            services = self._by_namespace.get(namespace, []) if namespace else self.services
            index = self._indexes[namespace] = LabelIndex((service.labels, service) for service in services)
        return index.select(selector)


def _place(service: Service) -> tuple[str, str]:
    return service.ref.namespace, service.ref.name
