"""What is open, as rows: one endpoint, another, and the ports on which the first may talk to the second."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple

from maxtac_render.analysis import endpoints
from maxtac_render.analysis.endpoints import Group
from maxtac_render.analysis.universe import Endpoint
from maxtac_render.model import portsets
from maxtac_render.model.intent import Direction
from maxtac_render.model.portsets import PortSet


class Verdict(StrEnum):
    """Whether something passes; it may depend on labels and ports that are not known."""

    YES = "yes"
    DEPENDS = "depends"
    NO = "no"


class Connection(NamedTuple):
    """One endpoint may talk to another on these ports: for certain, or (DEPENDS) perhaps.

    A pair of which some ports are certain and others depend is two of them. ``unprotected`` are the sides, egress of
    the source and ingress of the target, that no policy isolates, not even perhaps.
    """

    source: Endpoint | Group
    target: Endpoint | Group
    ports: PortSet
    verdict: Verdict
    unprotected: Direction = Direction.NONE


def described(connection: Connection) -> dict[str, Any]:
    """A connection for programs."""
    return {
        "source": endpoints.described(connection.source),
        "target": endpoints.described(connection.target),
        "ports": portsets.described(connection.ports),
        "verdict": str(connection.verdict),
        "unprotected": sides(connection.unprotected),
    }


def sides(directions: Direction) -> list[str]:
    """Directions as a list, in the order in which a connection passes them."""
    return [side.word for side in (Direction.EGRESS, Direction.INGRESS) if (side & directions) is side]
