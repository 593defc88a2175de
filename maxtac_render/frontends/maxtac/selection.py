"""Which Services a resource means: its serviceSelector, a LabelSelector as Kubernetes knows it."""

from __future__ import annotations

from maxtac_render.model.diagnostics import Code
from maxtac_render.model.fields import Fields
from maxtac_render.model.labelselectors import read_label_selector
from maxtac_render.model.selectors import Selector


def read_selector(fields: Fields) -> Selector | None:
    """The serviceSelector of a resource; None, which selects nothing, where it is missing or wrong."""
    path = ("spec", "serviceSelector")
    if fields.at(path) is not None:
        return read_label_selector(fields, path, "selects nothing")
    spec = fields.at(("spec",))
    where = path if spec is not None else ("metadata", "name")
    return fields.report.add(Code.MISSING_SELECTOR, fields.resource, where) if isinstance(spec or {}, dict) else None
