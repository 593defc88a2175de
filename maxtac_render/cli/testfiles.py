"""Files of tests: ConnectionTests and NetAssert's lists, beside whatever else lies in a directory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from maxtac_render.analysis.assertions import Case, netassert, reading
from maxtac_render.manifests import written
from maxtac_render.manifests.encoding import mentions
from maxtac_render.manifests.written import Written
from maxtac_render.model.configuration import API_VERSION
from maxtac_render.model.connectiontest import KIND
from maxtac_render.model.diagnostics import Code, Report, Spot
from maxtac_render.model.objects import ObjectRef, Origin, Resource
from maxtac_render.sources import Input

LONGEST = 64 << 20
"""Bytes of a file: tests may be written by a program."""

MARKS = (KIND, "k8sResource")
"""The words of which one stands in every file of tests."""


def read(files: Iterable[Input], namespace: str, report: Report) -> Iterator[Case]:
    """The tests of files. Of a file that was named, all documents must be tests; what is wrong is reported."""
    for path, data, named, *_ in files:
        if not named and not any(mentions(data, mark) for mark in MARKS):
            continue
        found = written.read(data, path, report, LONGEST)
        if found == []:
            report.add(Code.NO_TESTS, Spot(Origin(path)))
        for document in found or ():
            yield from _cases(document, namespace, report, named=named)


def _cases(document: Written, namespace: str, report: Report, *, named: bool) -> Iterator[Case]:
    """The tests of a document."""
    body: Any = document.value
    if isinstance(body, list) and (named or _is_netassert(body)):
        document.report_twice(Spot(document.origin), report)
        yield from netassert.read(body, document.origin, report)
    elif isinstance(body, dict) and (body.get("apiVersion"), body.get("kind")) == (API_VERSION, KIND):
        resource = Resource(_reference(body, document.origin.path), body, document.origin)
        document.report_twice(resource, report)
        yield from reading.read(resource, namespace, report)
    elif named or (isinstance(body, dict) and body.get("kind") == KIND):
        problem = f"this is no {KIND} of {API_VERSION}, and no list of netassert's tests"
        guess = f"write apiVersion: {API_VERSION} and kind: {KIND}"
        origin = document.origin._replace(places=Origin("").places)
        report.add(Code.INVALID_TEST, Spot(origin), problem=problem, guess=guess)


def _is_netassert(body: list[Any]) -> bool:
    return any(isinstance(item, dict) and "src" in item and "dst" in item for item in body)


def _reference(body: dict[str, Any], path: str) -> ObjectRef:
    """What a document calls itself, or else its file."""
    metadata = body.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return ObjectRef(API_VERSION, KIND, "", name if isinstance(name, str) and name else path)
