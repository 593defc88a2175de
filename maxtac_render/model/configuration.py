"""The document ``maxtac.yaml``: what it calls itself, and its JSON Schema, which is made of the options."""

from __future__ import annotations

from typing import Any, Final

from maxtac_render.model.diagnostics import CODES, SEVERITIES
from maxtac_render.model.intent import GROUP, VERSION
from maxtac_render.model.options import SETTINGS, Option, Options

NAME: Final = "maxtac.yaml"
API_VERSION: Final = f"render.{GROUP}/{VERSION}"
KIND: Final = "Render"
METADATA: Final = {"name": "string", "namespace": "string", "labels": "object", "annotations": "object"}
"""What metadata may hold, and its types in JSON Schema: what kustomize and kpt write there."""


def schema() -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) of the document, for editors.

    It takes everything that is read without a finding, and little more: no date of the 30th of February is refused.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Configuration of maxtac ({NAME})",
        "description": "The options of maxtac. What is not written, or null, has its default.",
        "type": "object",
        "properties": {
            "apiVersion": {"const": API_VERSION},
            "kind": {"const": KIND},
            "metadata": _closed({name: _or_null({"type": kind}) for name, kind in METADATA.items()}),
            "spec": _closed({option.name: _described(option) for option in SETTINGS}),
        },
        "required": ["apiVersion", "kind"],
        "additionalProperties": False,
    }


def _described(option: Option) -> dict[str, Any]:
    default = Options._field_defaults[option.field]
    written = list(default) if isinstance(default, tuple) else default
    shown = {"default": written} if written else {}
    return {"description": option.help, **_value(option), **shown}


def _value(option: Option) -> dict[str, Any]:
    if option.form == "mapping":
        return _closed({code.id: _level(code.value.message) for code in CODES.values()})
    item: dict[str, Any] = {"enum": list(option.choices)} if option.choices else {"type": "string"}
    item |= {"pattern": option.pattern} if option.pattern else {}
    return _or_null(item if option.form == "text" else {"type": "array", "items": item})


def _level(message: str) -> dict[str, Any]:
    return {"description": message, "enum": [*SEVERITIES, False, None]}  # YAML 1.1 takes a bare off for false


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return _or_null({"type": "object", "properties": properties, "additionalProperties": False})


def _or_null(described: dict[str, Any]) -> dict[str, Any]:
    """The same, or null, which is what Kubernetes takes for a field that is not there."""
    key = "enum" if "enum" in described else "type"
    values = described[key] if isinstance(described[key], list) else [described[key]]
    return {**described, key: [*values, None if key == "enum" else "null"]}
