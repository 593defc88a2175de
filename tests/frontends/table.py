"""The table of MaxTac resources, good and bad, and what a check says of each by itself."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from maxtac_render.frontends.maxtac.resources import read_wish
from maxtac_render.model.diagnostics import Report
from maxtac_render.model.objects import ObjectRef, Origin, Resource
from maxtac_render.wire import metadata

TABLE = Path(__file__).parents[2] / "testdata" / "crs" / "table.yaml"


class Row(NamedTuple):
    """One resource: the sentence about it, what was changed in it where, and whether a check has no error for it."""

    says: str
    body: dict[str, Any]
    path: tuple[str | int, ...]
    accepted: bool


def rows() -> list[Row]:
    """The rows of the table."""
    table = yaml.safe_load(TABLE.read_text())
    found = []
    for verdict in ("accepted", "refused"):
        for row in table[verdict]:
            body = changed(table["resources"][row.get("kind", "Access")], row)
            found.append(Row(row["says"], body, tuple(row.get("at", row["path"])), verdict == "accepted"))
    return found


def changed(resource: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """A resource with a row's value at its path, or without what stands there."""
    body = deepcopy(resource)
    *parents, last = row["path"]
    place: Any = body
    for step in parents:
        place = place[step]
    if "value" in row:
        place[last] = row["value"]
    else:
        del place[last]
    return body


def check(body: dict[str, Any]) -> Report:
    """What is found in a resource by itself."""
    report = Report()
    names = [body["metadata"].get(key) for key in ("namespace", "name")]
    ref = ObjectRef(body["apiVersion"], body["kind"], *(name if isinstance(name, str) else "" for name in names))
    for resource in metadata.admit([Resource(ref, body, Origin("table"))], "", report):
        read_wish(resource, report)
    return report
