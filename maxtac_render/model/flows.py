"""Connections that somebody observed: who talked to whom, as the observer knew them."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from maxtac_render.model.selectors import Labels


class Party(NamedTuple):
    """One end of flows: a pod by its namespace, name and labels, or none, and then something ``reserved``.

    ``workloads`` are the controllers of the pod, as (kind, name). ``reserved`` is what else it is: ``world`` for what
    is outside of the cluster, or another word of the observer's, such as ``host``; empty where nothing is known of it.
    """

    namespace: str = ""
    pod: str = ""
    labels: Labels = ()
    namespace_labels: Labels = ()
    workloads: tuple[tuple[str, str], ...] = ()
    reserved: str = ""


WORLD = "world"
"""What is outside of the cluster, known by its address."""


class Flow(NamedTuple):
    """A connection that passed, or a part of one: its two ends with their addresses, and the port that received."""

    source: Party
    target: Party
    source_address: str
    target_address: str
    protocol: str
    port: int


class Aside(StrEnum):
    """Why something that was observed is not judged."""

    REPLY = "in reply"
    DROPPED = "dropped already"
    PROTOCOL = "neither TCP, UDP nor SCTP"
    UNDECIDED = "without a verdict"
    UNDIRECTED = "perhaps in reply"
    ITSELF = "of a pod to itself"
    NODE = "of nodes and other reserved ends"
    SERVICE = "to addresses of Services"
    UNKNOWN = "with an end that is neither in the input nor known by its labels"
    EXCESS = "of further connections, over the limit of what is told apart"
    LOST = "lost by the observer"


QUIET = frozenset(
    {Aside.REPLY, Aside.DROPPED, Aside.PROTOCOL, Aside.UNDECIDED, Aside.ITSELF, Aside.NODE, Aside.SERVICE}
)
"""What policies are not about, or is observed once more where it reaches a pod. Of the others an answer is missing."""
