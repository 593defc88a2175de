"""Documents of ours against their schemas in schemas/: true in all that these say, and with nothing besides."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema

SCHEMAS = Path(__file__).parents[1] / "schemas"


def validate(document: object, name: str) -> None:
    """Check against a schema, and against it without any property that it does not describe."""
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    for each in (schema, closed(schema)):
        jsonschema.validate(document, each, jsonschema.Draft202012Validator)


def closed(schema: Any) -> Any:
    """The schema with no room for more properties."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    return {**inner, "additionalProperties": False} if schema.get("type") == "object" else inner
