"""ConnectionTests, as people write them, to tests; whatever is wrong is reported, and the others are read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from maxtac_render.analysis import endpoints
from maxtac_render.analysis.assertions import Case, Claim, Ends, Expectation, Part
from maxtac_render.analysis.assertions.draft import NOT_RUN, Draft, Wrong
from maxtac_render.analysis.endpoints import Anyone, Query
from maxtac_render.model.configuration import METADATA
from maxtac_render.model.connectiontest import BUT, FIELDS, PODS, TEST
from maxtac_render.model.diagnostics import Code, Report, did_you_mean
from maxtac_render.model.fields import Fields, shown
from maxtac_render.model.names import is_label_key, is_label_name, is_label_value
from maxtac_render.model.objects import FieldPath, Resource
from maxtac_render.model.ports import ANY_PORT, Port, Ports, is_port_number, parse_asked
from maxtac_render.model.selectors import Labels

TESTS: FieldPath = ("spec", "tests")
PORT = "a port such as 443, 443/TCP, 8000-8100/TCP, http or */UDP"


def read(resource: Resource, namespace: str, report: Report) -> Iterator[Case]:
    """The tests of a document. Endpoints without a namespace are in that of its metadata, or else in the one given."""
    fields = Fields(resource, report)
    fields.known((), FIELDS)
    fields.known(("metadata",), tuple(METADATA))
    fields.known(("spec",), ("tests",))
    tests = fields.sequence(TESTS)
    if not tests and (tests is not None or fields.at(TESTS) is None):
        report.add(Code.NO_TESTS, resource, TESTS)
    home = fields.string(("metadata", "namespace")) or namespace
    for number in range(len(tests or ())):
        yield _read(Draft(resource.body, resource.origin, (*TESTS, number), report), home)


def _read(draft: Draft, namespace: str) -> Case:
    path, reading = draft.case.field, _Reading(draft, namespace)
    try:
        draft.mapping(path, TEST)
        draft.text((*path, "name"))
        sides = reading.ends((*path, "from")), reading.ends((*path, "to"))
        claim = Claim(*sides, reading.ports((*path, "ports")), _expectation(draft, (*path, "expect")))
    except Wrong:
        return draft.case
    return draft.case._replace(claim=claim)


def _expectation(draft: Draft, path: FieldPath) -> Expectation:
    text = draft.text(path)
    words = [str(each) for each in Expectation]
    if text not in words:
        draft.invalid(path, f"expect {text} is none of {', '.join(words)}", did_you_mean(text, words))
    return Expectation(text)


class _Reading:
    """The endpoints and the ports of one test."""

    def __init__(self, draft: Draft, namespace: str) -> None:
        self._draft = draft
        self._fields = draft.fields
        self._namespace = namespace

    def ends(self, path: FieldPath) -> Ends:
        """One side of a test."""
        value = self._fields.at(path)
        if value is None:
            self._draft.invalid(path, f"no {path[-1]}", f"write {path[-1]}: {{{BUT}: []}} if everyone is meant")
        if isinstance(value, dict) and BUT in value:
            self._draft.mapping(path, (BUT,))
            listed = self._fields.at((*path, BUT))
            return Ends(() if listed == [] else tuple(self._parts((*path, BUT))), but=True)
        return Ends(tuple(self._parts(path)))

    def _parts(self, path: FieldPath) -> Iterator[Part]:
        for where, value in self._several(path, "an endpoint"):
            yield Part(self._endpoint(where, value), where)

    def _several(self, path: FieldPath, what: str) -> Iterator[tuple[FieldPath, Any]]:
        """One value, or each of a list."""
        value = self._fields.at(path)
        if not isinstance(value, list):
            yield path, value
        elif not value:
            self._draft.invalid(path, f"an empty list where {what} is wanted", f"name {what}")
        else:
            yield from (((*path, number), item) for number, item in enumerate(value))

    def _endpoint(self, path: FieldPath, value: Any) -> Query:
        if isinstance(value, dict):
            return self._pods(path, value)
        if not isinstance(value, str):
            self._draft.wrong(path, value, "a string or a mapping")
        try:
            return endpoints.parse(value, self._namespace)
        except endpoints.Unfit as unfit:
            problem, _, guess = str(unfit).partition("; ")
            self._draft.invalid(path, problem, guess)

    def _pods(self, path: FieldPath, value: dict[str, Any]) -> Anyone:
        """Any pods, by the labels of their namespaces and their own."""
        self._draft.mapping(path, PODS)
        if not value.keys() & set(PODS):
            self._draft.invalid(path, "a mapping without namespace, namespaceLabels or labels", "write one of them")
        labels, namespace_labels = self._labels((*path, "labels")), self._labels((*path, "namespaceLabels"))
        if "namespaceLabels" in value:
            if "namespace" in value:
                problem = "a namespace by its name and by its labels"
                self._draft.invalid((*path, "namespace"), problem, "write one of them")
            return Anyone("", namespace_labels, labels)
        namespace = self._draft.text((*path, "namespace")) if "namespace" in value else self._namespace
        if not is_label_name(namespace):
            problem = f"{namespace} is no name of a namespace" if namespace else "no namespace"
            self._draft.invalid(path, problem, "write namespace: NAME, or namespaceLabels: {} for all of them")
        return Anyone(namespace, (), labels)

    def _labels(self, path: FieldPath) -> Labels:
        labels = self._fields.labels(path, NOT_RUN)
        if labels is None:
            raise Wrong
        for key, value in labels.items():
            if not is_label_key(key) or not is_label_value(value):
                self._draft.invalid((*path, key), f"{key}={value} is no label", "write a label's key and its value")
        return tuple(sorted(labels.items()))

    def ports(self, path: FieldPath) -> Ports:
        """The ports of a test."""
        if self._fields.at(path) is None:
            return ANY_PORT
        return tuple(self._port(where, value) for where, value in self._several(path, "a port"))

    def _port(self, path: FieldPath, value: Any) -> Port:
        if is_port_number(value):
            return Port("TCP", value)
        port = parse_asked(value) if isinstance(value, str) else None
        if port is None:
            self._draft.invalid(path, f"{shown(value)} is not {PORT}", f"write {PORT}")
        return port
