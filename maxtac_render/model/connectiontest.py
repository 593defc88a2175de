"""The document ``ConnectionTest``: what its fields are called, and its JSON Schema."""

from __future__ import annotations

from typing import Any, Final

from maxtac_render.model.configuration import API_VERSION, METADATA

KIND: Final = "ConnectionTest"
FIELDS: Final = ("apiVersion", "kind", "metadata", "spec")
TEST: Final = ("name", "from", "to", "ports", "expect")
PODS: Final = ("namespace", "namespaceLabels", "labels")
BUT: Final = "anyoneExcept"
EXPECTATIONS: Final = {
    "allow": "Every one of from can reach every one of to on every one of the ports, whatever is not known.",
    "deny": "None of from can reach any of to on any of the ports, whatever is not known.",
    "exactly": "Every one of from can reach every one of to on every one of the ports, and on no other.",
}


def schema() -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) of the document, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Tests of who may talk to whom, for maxtac test",
        "description": "What policies are to let pass, and what not.",
        "type": "object",
        "properties": {
            "apiVersion": {"const": API_VERSION},
            "kind": {"const": KIND},
            "metadata": _closed({name: {"type": [kind, "null"]} for name, kind in METADATA.items()}),
            "spec": _closed({"tests": {"type": "array", "minItems": 1, "items": _test()}}, "tests"),
        },
        "required": ["apiVersion", "kind", "spec"],
        "additionalProperties": False,
        "$defs": {
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "endpoint": _endpoint(),
            "ends": _ends(),
            "port": _port(),
        },
    }


def _test() -> dict[str, Any]:
    ports = {
        "description": "Ports of the pods that receive: 443, 443/TCP, 8000-8100/TCP, http, http/UDP, */UDP. Every port"
        " of every protocol without them.",
        "oneOf": [_ref("port"), {"type": "array", "minItems": 1, "items": _ref("port")}],
    }
    expect = {
        "description": "What is to be so. " + " ".join(f"{word}: {text}" for word, text in EXPECTATIONS.items()),
        "enum": list(EXPECTATIONS),
    }
    return _closed(
        {
            "name": {"description": "What the test is called in reports.", "type": "string", "minLength": 1},
            "from": {"description": "Who connects.", **_ref("ends")},
            "to": {"description": "Who receives.", **_ref("ends")},
            "ports": ports,
            "expect": expect,
        },
        "name",
        "from",
        "to",
        "expect",
    )


def _endpoint() -> dict[str, Any]:
    text = {
        "description": "[KIND/]NAMESPACE/NAME, an address or a CIDR, outside, or any pods: shop/*, */{app=web},"
        " {team=shop}/*. A name alone is in the namespace of metadata.",
        "type": "string",
        "minLength": 1,
    }
    pods = {
        "description": "Any pods with these labels, in the namespace or in those with these labels, whether somebody"
        " has declared them or not.",
        **_closed(
            {
                "namespace": {"type": "string", "minLength": 1},
                "namespaceLabels": _ref("labels"),
                "labels": _ref("labels"),
            }
        ),
        "minProperties": 1,
        "not": {"required": ["namespace", "namespaceLabels"]},
    }
    return {"oneOf": [text, pods]}


def _ends() -> dict[str, Any]:
    several = {"type": "array", "minItems": 1, "items": _ref("endpoint")}
    but = {
        "description": "Everyone but these: pods, also those that nobody has declared, and addresses outside of the"
        " cluster.",
        **_closed({BUT: {"oneOf": [_ref("endpoint"), {"type": "array", "items": _ref("endpoint")}]}}, BUT),
    }
    return {"oneOf": [_ref("endpoint"), several, but]}


def _port() -> dict[str, Any]:
    number = {"type": "integer", "minimum": 1, "maximum": 65535}
    pattern = r"^(\*(?=/)|[a-z0-9-]{1,15}|\d{1,5}-\d{1,5})(/[A-Za-z]{3,4})?$"
    return {"oneOf": [number, {"type": "string", "pattern": pattern}]}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _closed(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    found = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**found, "required": list(required)} if required else found
