"""A second look at resources in which something is wrong: what their schema refuses beyond what has been found.

The reader judges every resource by itself and by rules that no schema can express; a resource in which it finds
nothing is not looked at again.
"""

from __future__ import annotations

from collections.abc import Iterable

from maxtac_render.frontends.maxtac.schema import json_schema
from maxtac_render.model.diagnostics import Code, Diagnostic, Report, Severity
from maxtac_render.model.intent import KINDS
from maxtac_render.model.objects import FieldPath, ObjectRef, Resource

_OTHER_KIND = (Code.UNKNOWN_KIND, Code.MEANT_CLUSTER_ACCESS)
"""Findings after which the schema of the kind that is written says nothing of use."""


def validate(resources: Iterable[Resource], found: Iterable[Diagnostic], report: Report) -> None:
    """Report what the schema of a MaxTac kind refuses in resources with errors, where nothing has been found yet."""
    other: set[ObjectRef] = set()
    fields: dict[tuple[ObjectRef, str, int], list[FieldPath]] = {}
    for diagnostic in found:
        if diagnostic.ref is not None and diagnostic.severity is Severity.ERROR:
            if diagnostic.code in _OTHER_KIND:
                other.add(diagnostic.ref)
            origin = diagnostic.origin
            fields.setdefault((diagnostic.ref, origin.path, origin.document), []).append(diagnostic.field)
    if not fields:
        return
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - never for input in which all is well

    for resource in resources:
        known = fields.get((resource.ref, resource.origin.path, resource.origin.document))
        if known is not None and resource.ref.kind in KINDS and resource.ref not in other:
            for error in Draft202012Validator(json_schema(KINDS[resource.ref.kind])).iter_errors(resource.body):
                path = tuple(error.absolute_path)
                if not any(_related(path, field) for field in known):
                    report.add(Code.SCHEMA, resource, path, problem=error.message, kind=resource.ref.kind.lower())


def _related(one: FieldPath, other: FieldPath) -> bool:
    """Tell whether one path leads to the other, so that a finding about either says enough."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]
