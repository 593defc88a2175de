"""Suggestions as YAML to be applied or merged, with what they were proved to open, and for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from maxtac_render.analysis import endpoints
from maxtac_render.analysis.universe import Endpoint
from maxtac_render.cli.reasons import on
from maxtac_render.manifests import write
from maxtac_render.model import portsets
from maxtac_render.model.diagnostics import listed
from maxtac_render.reports.text import visible
from maxtac_render.suggesting import Moved, Suggestion

MANY = 20
"""Up to how many groups of connections are told; of more the last are counted."""


def text(suggestion: Suggestion) -> Iterator[str]:
    """A stream of documents; comments say what it opens, and which documents are parts of Services."""
    yield from _told("opens", suggestion.asked)
    yield from _told("opens besides", suggestion.besides)
    for direction, pods in suggestion.isolated:
        yield f"# isolates: {direction.word} of {visible(_names(pods))}\n"
    yield from _told("closes", suggestion.closed)
    for number, document in enumerate(suggestion.documents):
        yield "---\n" if number else ""
        if document["kind"] == "Service":
            yield "# a part of the Service, to be merged into its manifest (a patch for kustomize)\n"
        yield write.document(document)


def _told(word: str, moved: Sequence[Moved]) -> Iterator[str]:
    for each in moved[:MANY]:
        yield f"# {word}: {visible(_connections(each))}\n"
    if len(moved) > MANY:
        yield f"# {word}: {len(moved) - MANY:,} others\n"


def _connections(moved: Moved) -> str:
    return f"{_names(moved.sources)} to {_names(moved.targets)} {on(moved.ports)}"


def _names(ends: Iterable[Endpoint]) -> str:
    return listed(map(endpoints.name, ends))


def described(suggestion: Suggestion) -> dict[str, Any]:
    """A suggestion for programs."""
    return {
        "documents": list(suggestion.documents),
        "opens": list(map(_moved, suggestion.asked)),
        "opensBesides": list(map(_moved, suggestion.besides)),
        "isolates": [
            {"direction": direction.word, "pods": list(map(endpoints.described, pods))}
            for direction, pods in suggestion.isolated
        ],
        "closes": list(map(_moved, suggestion.closed)),
    }


def _moved(moved: Moved) -> dict[str, Any]:
    return {
        "sources": list(map(endpoints.described, moved.sources)),
        "targets": list(map(endpoints.described, moved.targets)),
        "ports": portsets.described(moved.ports),
    }
