"""Which Services a resource means: its serviceSelector, a LabelSelector as Kubernetes knows it."""

from __future__ import annotations

from maxtac_render.model.diagnostics import Code, did_you_mean, nearest
from maxtac_render.model.fields import Fields
from maxtac_render.model.names import is_label_key, is_label_value
from maxtac_render.model.objects import FieldPath, Key
from maxtac_render.model.selectors import OPERATORS, Requirement, Selector

_SELECTOR = ("matchLabels", "matchExpressions")
_SELECTS_NOTHING = "selects nothing"


def read_selector(fields: Fields) -> Selector | None:
    """The serviceSelector of a resource; None, which selects nothing, where it is missing or wrong."""
    path = ("spec", "serviceSelector")
    if fields.at(path) is None:
        spec = fields.at(("spec",))
        where = path if spec is not None else ("metadata", "name")
        return (
            fields.report.add(Code.MISSING_SELECTOR, fields.resource, where) if isinstance(spec or {}, dict) else None
        )
    if fields.mapping(path, _SELECTS_NOTHING) is None:
        return None
    unknown = next((key for key in fields.at(path) if key not in _SELECTOR), None)
    if unknown is not None:
        guess = did_you_mean(unknown, _SELECTOR) if nearest(unknown, _SELECTOR) else "write labels under matchLabels"
        return _invalid(fields, (*path, Key(unknown)), f"{unknown} is none of {' and '.join(_SELECTOR)}", guess)
    labels = fields.labels((*path, "matchLabels"), _SELECTS_NOTHING)
    requirements = _requirements(fields, (*path, "matchExpressions"))
    if labels is None or requirements is None:
        return None
    for key, value in labels.items():
        if not is_label_key(key) or not is_label_value(value):
            return _invalid(fields, (*path, "matchLabels", key), f"{key}={value} is no label")
    return Selector(tuple(sorted(labels.items())), requirements)


def _requirements(fields: Fields, path: FieldPath) -> tuple[Requirement, ...] | None:
    entries = fields.at(path)
    if entries is not None and fields.sequence(path) is None:
        return None
    read = [_requirement(fields, (*path, number)) for number in range(len(entries or ()))]
    return None if None in read else tuple(filter(None, read))


def _requirement(fields: Fields, path: FieldPath) -> Requirement | None:
    if not isinstance(fields.at(path), dict):
        return _invalid(fields, path, "an expression has key, operator and values")
    fields.known(path, ("key", "operator", "values"))
    key, operator = fields.string((*path, "key")) or "", fields.string((*path, "operator"))
    entries = fields.sequence((*path, "values")) or ()
    values = [fields.text((*path, "values", number)) or "" for number in range(len(entries))]
    if not is_label_key(key):
        return _invalid(fields, (*path, "key"), f"{key or '(none)'} is no label key")
    if operator not in OPERATORS:
        guess = did_you_mean(operator or "", OPERATORS)
        return _invalid(fields, (*path, "operator"), f"operator {operator or '(none)'} is not known", guess)
    if bool(values) != (operator in ("In", "NotIn")):
        need = "needs values" if not values else "takes no values"
        return _invalid(fields, (*path, "operator"), f"operator {operator} {need}")
    wrong = next((value for value in values if not is_label_value(value)), None)
    if wrong is not None:
        return _invalid(fields, (*path, "values"), f"{wrong} is no label value")
    return Requirement(key, operator, tuple(sorted(set(values))))


def _invalid(fields: Fields, path: FieldPath, problem: str, guess: str = "") -> None:
    usual = "write matchLabels with pairs, or matchExpressions with key, operator and values"
    facts = {"problem": problem, "done": _SELECTS_NOTHING, "guess": guess or usual}
    fields.report.add(Code.INVALID_SELECTOR, fields.resource, path, **facts)
