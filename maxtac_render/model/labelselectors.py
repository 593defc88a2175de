"""LabelSelectors as they are written: checked as the API server checks them, and read into Selectors.

Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/label-selector/.
"""

from __future__ import annotations

from functools import lru_cache

from maxtac_render.model.diagnostics import Code, did_you_mean, nearest
from maxtac_render.model.fields import Fields
from maxtac_render.model.names import is_label_key, is_label_value
from maxtac_render.model.objects import FieldPath, Key
from maxtac_render.model.selectors import OPERATORS, Labels, Requirement, Selector

_SELECTOR = ("matchLabels", "matchExpressions")


def read_label_selector(fields: Fields, path: FieldPath, done: str) -> Selector | None:
    """The selector at a path, where one stands; None, with a finding that says what was ``done``, if it is wrong."""
    if fields.mapping(path, done) is None:
        return None
    reading = _Reading(fields, done)
    unknown = next((key for key in fields.at(path) if key not in _SELECTOR), None)
    if unknown is not None:
        guess = did_you_mean(unknown, _SELECTOR) if nearest(unknown, _SELECTOR) else "write labels under matchLabels"
        return reading.invalid((*path, Key(unknown)), f"{unknown} is none of {' and '.join(_SELECTOR)}", guess)
    labels = fields.labels((*path, "matchLabels"), done)
    requirements = reading.requirements((*path, "matchExpressions"))
    if labels is None or requirements is None:
        return None
    for key, value in labels.items():
        if not is_label_key(key) or not is_label_value(value):
            return reading.invalid((*path, "matchLabels", key), f"{key}={value} is no label")
    return Selector(tuple(sorted(labels.items())), requirements)


def plain_selector(value: object) -> Selector | None:
    """The selector that a mapping of nothing but sound labels is, as most are; None leaves it to a closer look."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    labels = value.get("matchLabels")
    if not isinstance(labels, dict) or not all(type(each) is str for each in labels.values()):
        return None
    return _of_labels(tuple(sorted(labels.items())))


@lru_cache(maxsize=65536)
def _of_labels(pairs: Labels) -> Selector | None:
    return Selector(pairs) if all(is_label_key(key) and is_label_value(value) for key, value in pairs) else None


class _Reading:
    """One selector being read; ``done`` is what becomes of a wrong one."""

    def __init__(self, fields: Fields, done: str) -> None:
        self._fields = fields
        self._done = done

    def requirements(self, path: FieldPath) -> tuple[Requirement, ...] | None:
        """The matchExpressions; None if any of them is wrong."""
        entries = self._fields.at(path)
        if entries is not None and self._fields.sequence(path) is None:
            return None
        read = [self._requirement((*path, number)) for number in range(len(entries or ()))]
        return None if None in read else tuple(filter(None, read))

    def _requirement(self, path: FieldPath) -> Requirement | None:
        fields = self._fields
        if not isinstance(fields.at(path), dict):
            return self.invalid(path, "an expression has key, operator and values")
        fields.known(path, ("key", "operator", "values"))
        key, operator = fields.string((*path, "key")) or "", fields.string((*path, "operator"))
        entries = fields.sequence((*path, "values")) or ()
        values = [fields.text((*path, "values", number)) or "" for number in range(len(entries))]
        if not is_label_key(key):
            return self.invalid((*path, "key"), f"{key or '(none)'} is no label key")
        if operator not in OPERATORS:
            guess = did_you_mean(operator or "", OPERATORS)
            return self.invalid((*path, "operator"), f"operator {operator or '(none)'} is not known", guess)
        if bool(values) != (operator in ("In", "NotIn")):
            need = "needs values" if not values else "takes no values"
            return self.invalid((*path, "operator"), f"operator {operator} {need}")
        wrong = next((value for value in values if not is_label_value(value)), None)
        if wrong is not None:
            return self.invalid((*path, "values"), f"{wrong} is no label value")
        return Requirement(key, operator, tuple(sorted(set(values))))

    def invalid(self, path: FieldPath, problem: str, guess: str = "") -> None:
        """Report what is wrong at a path."""
        usual = "write matchLabels with pairs, or matchExpressions with key, operator and values"
        facts = {"problem": problem, "done": self._done, "guess": guess or usual}
        self._fields.report.add(Code.INVALID_SELECTOR, self._fields.resource, path, **facts)
