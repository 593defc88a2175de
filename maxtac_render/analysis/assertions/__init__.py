"""Assertions: who may talk to whom, or may not, as tests state it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple

from maxtac_render.analysis.endpoints import Query
from maxtac_render.model.configuration import API_VERSION
from maxtac_render.model.objects import FieldPath, ObjectRef, Origin, path_text
from maxtac_render.model.ports import Ports

CASE = "Test"
"""The kind of one test, in findings."""


class Expectation(StrEnum):
    """What is to be so: every connection passes on the ports, none does, or they pass on these ports and no other."""

    ALLOW = "allow"
    DENY = "deny"
    EXACTLY = "exactly"


class Part(NamedTuple):
    """An endpoint that a test names, and where it does."""

    query: Query
    field: FieldPath


class Ends(NamedTuple):
    """One side of the connections of a test: all that its parts mean, or (``but``) everyone but those."""

    parts: tuple[Part, ...]
    but: bool = False


class Claim(NamedTuple):
    """What a test states about every connection from its sources to its targets."""

    source: Ends
    target: Ends
    ports: Ports
    expectation: Expectation


class Case(NamedTuple):
    """A test as it was read. Without a claim it is wrong, which has been reported, or it cannot be judged.

    ``origin`` has the test's own line. ``field`` is the test within its document. ``skipped`` tells why it cannot be
    judged.
    """

    ref: ObjectRef
    origin: Origin
    field: FieldPath
    claim: Claim | None = None
    skipped: str = ""


def case_at(document: Any, origin: Origin, field: FieldPath) -> Case:
    """A test that stands at a field of a document; one without a name is called by its place."""
    test = document
    for step in field:
        test = test[step]
    name = test.get("name") if isinstance(test, dict) else None
    place = origin.places(field)
    line = place.line if place is not None else origin.line
    called = name if isinstance(name, str) and name else path_text(field)
    return Case(ObjectRef(API_VERSION, CASE, "", called), origin._replace(line=line), field)
