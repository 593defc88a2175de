"""Services: what the engine needs to know of a v1 Service."""

from __future__ import annotations

from typing import Any

from maxtac_render.model.diagnostics import Code, Report
from maxtac_render.model.fields import Fields
from maxtac_render.model.names import is_label_key, is_label_value
from maxtac_render.model.objects import METADATA, FieldPath, Front, Resource, Service, path_text
from maxtac_render.model.ports import PROTOCOLS, Port, is_port_name, is_port_number

KIND = "Service"

_OUTSIDE_TYPES = ("NodePort", "LoadBalancer")
_NUMBER = "a port number without quotes (1 to 65535)"
_PORT = f"{_NUMBER} or the name of a container port"


def decode(resource: Resource, report: Report) -> Service:
    """Read a Service; what is wrong in it is reported and counts as absent."""
    fields = Fields(resource, report)
    fields.known(("metadata",), METADATA)
    spec = fields.mapping(("spec",)) or {}
    ports = _ports(fields)
    outside = spec.get("type") in _OUTSIDE_TYPES and spec.get("externalTrafficPolicy") != "Local"
    return Service(
        resource.ref,
        fields.readable(("metadata", "labels")),
        fields.readable(("metadata", "annotations")),
        _selector(fields),
        tuple(port for port, _ in ports),
        outside,
        resource.origin,
        tuple(front for _, front in ports),
        resource.history,
    )


def _selector(fields: Fields) -> tuple[tuple[str, str], ...] | None:
    labels = fields.labels(("spec", "selector"), "the Service counts as one without a selector")
    if not labels:
        return None
    for key, value in labels.items():
        if not is_label_key(key) or not is_label_value(value):
            problem = f"{key}={value} is no label"
            fields.report.add(
                Code.INVALID_SELECTOR,
                fields.resource,
                ("spec", "selector", key),
                problem=problem,
                done="the Service counts as one without a selector",
                guess="write pairs that labels of pods can have",
            )
            return None
    return tuple(sorted(labels.items()))


def _ports(fields: Fields) -> list[tuple[Port, Front]]:
    """The usable ports, each with the Service's own."""
    path = ("spec", "ports")
    entries = fields.sequence(path) or ()
    ports = ((_port(fields, (*path, number), entry), entry) for number, entry in enumerate(entries))
    return [(port, _front(entry)) for port, entry in ports if port is not None]


def _front(entry: Any) -> Front:
    number, name = entry.get("port"), entry.get("name")
    return Front(number if is_port_number(number) else 0, name if isinstance(name, str) else "")


def _port(fields: Fields, path: FieldPath, entry: Any) -> Port | None:
    """The pod port behind a Service's port: ``targetPort``, or ``port`` where that is missing, 0 or empty."""
    if not isinstance(entry, dict):
        return fields.wrong(path, entry, "a mapping", "left out")
    protocol = entry.get("protocol") or "TCP"
    if protocol not in PROTOCOLS:
        return _bad(fields, (*path, "protocol"), f"{', '.join(PROTOCOLS[:-1])} or {PROTOCOLS[-1]}")
    key = "targetPort" if entry.get("targetPort") else "port"
    port: Any = entry.get(key)
    if is_port_number(port) or (key == "targetPort" and is_port_name(port)):
        return Port(protocol, port)
    return _bad(fields, (*path, key), _PORT if key == "targetPort" else _NUMBER)


def _bad(fields: Fields, path: FieldPath, expected: str) -> None:
    value = fields.at(path)
    shown = path_text(path) if value is None or isinstance(value, dict | list) else value
    fields.report.add(Code.BAD_PORT, fields.resource, path, value=shown, expected=expected)
