"""NetAssert's tests, version 2, as tests of policies; what only a running cluster can answer is skipped.

Source: https://github.com/controlplaneio/netassert, README, "Test specification", and internal/data/types.go. A test
whose ``exitCode`` is 0 is one that connects; with any other it must not. Whether anything listens, or answers in time,
is not asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

from maxtac_render.analysis.assertions import Case, Claim, Ends, Expectation, Part
from maxtac_render.analysis.assertions.draft import Draft, Wrong
from maxtac_render.analysis.endpoints import Named
from maxtac_render.analysis.universe import Outside
from maxtac_render.model.addresses import parse_address
from maxtac_render.model.diagnostics import Code, Report, Spot, did_you_mean
from maxtac_render.model.fields import shown
from maxtac_render.model.names import is_label_name, is_object_name
from maxtac_render.model.objects import FieldPath, Origin
from maxtac_render.model.ports import Port, is_port_number

KINDS = {"deployment": "Deployment", "statefulset": "StatefulSet", "daemonset": "DaemonSet", "pod": "Pod"}
PROTOCOLS = {"tcp": "TCP", "udp": "UDP"}
LEAST = {"timeoutSeconds": 1, "attempts": 1}
"""The numbers that say how a cluster is asked."""

TEST = (
    "name",
    "type",
    "protocol",
    "targetPort",
    "timeoutSeconds",
    "attempts",
    "exitCode",
    "src",
    "dst",
    "pass",
    "failureReason",
)


class _Unanswerable(Exception):
    """Policies do not say what a test asks; the message says why."""


def read(tests: list[Any], origin: Origin, report: Report) -> Iterator[Case]:
    """The tests of a document, which is a list."""
    if not tests:
        report.add(Code.NO_TESTS, Spot(origin))
    for number in range(len(tests)):
        yield _read(Draft(tests, origin, (number,), report), report)


def _read(draft: Draft, report: Report) -> Case:
    try:
        return draft.case._replace(claim=_claim(draft, draft.case.field))
    except Wrong:
        return draft.case
    except _Unanswerable as reason:
        report.add(Code.SKIPPED_TEST, draft.case, (*draft.case.field, "dst"), problem=reason)
        return draft.case._replace(skipped=str(reason))


def _claim(draft: Draft, path: FieldPath) -> Claim:
    draft.mapping(path, TEST)
    draft.text((*path, "name"))
    _chosen(draft, (*path, "type"), {"k8s": "k8s"})
    for name, least in LEAST.items():
        _number(draft, (*path, name), least)
    port = draft.there((*path, "targetPort"))
    if not is_port_number(port):
        draft.invalid((*path, "targetPort"), f"{shown(port)} is no port", "write a number from 1 to 65535")
    protocol = _chosen(draft, (*path, "protocol"), PROTOCOLS, "tcp")
    expectation = Expectation.DENY if _number(draft, (*path, "exitCode")) else Expectation.ALLOW
    draft.mapping((*path, "src"), ("k8sResource",))
    source = _resource(draft, (*path, "src"))
    return Claim(source, _target(draft, (*path, "dst"), protocol), (Port(protocol, port),), expectation)


def _chosen(draft: Draft, path: FieldPath, words: dict[str, str], default: str = "") -> str:
    """One of some words, and what it stands for."""
    word = default if default and draft.fields.at(path) is None else draft.text(path)
    if word not in words:
        draft.invalid(path, f"{path[-1]} {word} is none of {', '.join(words)}", did_you_mean(word, list(words)))
    return words[word]


def _number(draft: Draft, path: FieldPath, least: int | None = None) -> int:
    """A number; 0, which stands for the default, where there is none."""
    value = draft.fields.at(path)
    if value is None:
        return 0
    if type(value) is not int:
        draft.wrong(path, value, "a number")
    if value and least is not None and value < least:
        draft.invalid(path, f"{path[-1]} {value} is too small", f"write {least} or more, or leave it out")
    return value


def _resource(draft: Draft, path: FieldPath) -> Ends:
    """A workload by kind, namespace and name."""
    where = (*path, "k8sResource")
    draft.mapping(where, ("kind", "name", "namespace"))
    kind = _chosen(draft, (*where, "kind"), KINDS)
    name, namespace = draft.text((*where, "name")), draft.text((*where, "namespace"))
    if not is_object_name(name) or not is_label_name(namespace):
        draft.invalid(where, f"{namespace}/{name} is no name of a workload", "write its name and its namespace")
    return Ends((Part(Named(kind, namespace, name), where),))


def _target(draft: Draft, path: FieldPath, protocol: str) -> Ends:
    """A workload or a host. A host is an address: of a name policies know nothing."""
    value = draft.mapping(path, ("k8sResource", "host"))
    if value.get("host") is None:
        return _resource(draft, path)
    if value.get("k8sResource") is not None:
        draft.invalid(path, "both k8sResource and host", "write one of them")
    draft.mapping((*path, "host"), ("name",))
    where = (*path, "host", "name")
    name = draft.text(where)
    if protocol == "UDP":
        draft.invalid(where, "a host with udp", "write a k8sResource, as netassert asks for")
    return Ends((Part(_address(name), where),))


def _address(name: str) -> Outside:
    address = parse_address(name) if "/" not in name else None
    if address is None:
        raise _Unanswerable(f"policies know addresses, and not what the name {name} stands for")
    plain = ip_address(name)
    if plain.is_unspecified or plain.is_loopback:
        raise _Unanswerable(f"{name} is the source itself, which no policy is about")
    return Outside((address,))
