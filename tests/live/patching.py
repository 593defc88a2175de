"""The three ways to patch an object: JSON Patch, merge patch, and what server-side apply does to a status."""

from __future__ import annotations

import copy
from typing import Any

Body = dict[str, Any]
STATUS_FIELDS = {"conditions", "netpols", "services", "expirationTimestamp", "observedGeneration"}


class PatchError(Exception):
    """A patch that does not fit its object."""


class SchemaError(Exception):
    """An applied body that does not fit its kind."""


def json_patched(body: Body, operations: list[Body]) -> Body:
    """The body after a JSON Patch (RFC 6902: add, remove, replace, test)."""
    body = copy.deepcopy(body)
    for operation in operations:
        *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
        try:
            parent: Any = body
            for part in parents:
                parent = parent[int(part)] if isinstance(parent, list) else parent[part]
            _operate(parent, last, operation)
        except (LookupError, TypeError, ValueError) as error:
            raise PatchError(operation["path"]) from error
    return body


def _operate(parent: Any, last: str, operation: Body) -> None:
    key: Any = last
    if isinstance(parent, list):
        key = len(parent) if last == "-" else int(last)
    match operation["op"]:
        case "add" if isinstance(parent, list):
            parent.insert(key, operation["value"])
        case "add" | "replace":  # as the server: what is not there is added
            parent[key] = operation["value"]
        case "test":
            if parent[key] != operation["value"]:
                raise ValueError(last)
        case "remove":
            del parent[key]


def merged(body: Any, patch: Any) -> Any:
    """The body after a merge patch (RFC 7386)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(body) if isinstance(body, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def status_applied(body: Body, applied: Body, manager: str) -> Body:
    """The body after a manager applied a status: what it applied before and left out now is gone.

    Conditions are one list by type, all else is replaced whole. ``managedFields`` keeps what each manager applied.
    """
    wanted = applied.get("status") or {}
    types = [condition["type"] for condition in wanted.get("conditions", ())]
    if unknown := set(wanted) - STATUS_FIELDS:
        raise SchemaError(f".status.{min(unknown)}: field not declared in schema")
    if len(set(types)) < len(types):
        raise SchemaError('.status.conditions: duplicate entries for key [type="..."]')
    body = copy.deepcopy(body)
    fields = body["metadata"].setdefault("managedFields", [])
    mine = [entry for entry in fields if entry["manager"] == manager and entry.get("subresource") == "status"]
    owned = mine[0]["fieldsV1"]["f:status"] if mine else {}
    status = {key: value for key, value in body.get("status", {}).items() if f"f:{key}" not in owned}
    applied_now = {condition["type"]: condition for condition in wanted.get("conditions", ())}
    before = {condition["type"]: condition for condition in body.get("status", {}).get("conditions", ())}
    lost = set(owned.get("f:conditions", ())) - set(types)
    conditions = [*({each: before[each] for each in before if each not in lost} | applied_now).values()]
    status |= {key: value for key, value in wanted.items() if key != "conditions"}
    body["status"] = {**status, "conditions": conditions} if conditions or "conditions" in wanted else status
    claims = {f"f:{key}": {each: {} for each in types} if key == "conditions" else {} for key in wanted}
    entry = {"manager": manager, "operation": "Apply", "subresource": "status", "fieldsV1": {"f:status": claims}}
    body["metadata"]["managedFields"] = [entry if each in mine else each for each in fields] + ([] if mine else [entry])
    return body
