"""A policy as the cluster keeps it, with what a write to it must name."""

from __future__ import annotations

from typing import NamedTuple

from maxtac_render.model.cluster import Applied
from maxtac_render.model.objects import ObjectRef


class Stored(NamedTuple):
    """A policy in a cluster: which object it is (``uid``), and in which state it was seen (``resource_version``).

    ``owners`` are the objects with which the garbage collector takes it away.
    """

    applied: Applied
    uid: str
    resource_version: str
    owners: tuple[ObjectRef, ...] = ()

    @property
    def ref(self) -> ObjectRef:
        """The policy."""
        return self.applied.ref
