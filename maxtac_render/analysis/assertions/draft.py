"""A test on its way from a document: what every form of tests needs to read its fields, and to say what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from maxtac_render.analysis.assertions import Case, case_at
from maxtac_render.model.diagnostics import Code, Report, did_you_mean
from maxtac_render.model.fields import Fields
from maxtac_render.model.objects import FieldPath, Key, Origin, Resource

NOT_RUN = "test not run"


class Wrong(Exception):
    """Something in a test is wrong; it has been reported."""


class Draft:
    """One test being read. Whatever it finds wrong it reports, and raises Wrong."""

    def __init__(self, document: Any, origin: Origin, path: FieldPath, report: Report) -> None:
        self.case: Case = case_at(document, origin, path)
        self.fields = Fields(Resource(self.case.ref, document, self.case.origin), report)
        self._report = report

    def wrong(self, path: FieldPath, value: object, expected: str) -> NoReturn:
        """A value is not of the type that it must have."""
        self.fields.wrong(path, value, expected, NOT_RUN)
        raise Wrong

    def invalid(self, path: FieldPath, problem: str, guess: str) -> NoReturn:
        """A value is of the right type, and means nothing."""
        self._report.add(Code.INVALID_TEST, self.case, path, problem=problem, guess=guess)
        raise Wrong

    def mapping(self, path: FieldPath, names: Sequence[str]) -> Mapping[str, Any]:
        """A mapping that must be there, of these fields and no others: one that is misspelt means something else."""
        value = self.there(path)
        if not isinstance(value, dict):
            self.wrong(path, value, "a mapping")
        for key in value:
            if key not in names:
                self.invalid((*path, Key(key)), f"unknown field {key}", did_you_mean(key, list(names)))
        return value

    def text(self, path: FieldPath) -> str:
        """A text that must be there."""
        value = self.there(path)
        return value if isinstance(value, str) and value else self.wrong(path, value, "a string that says something")

    def there(self, path: FieldPath) -> Any:
        """A value of any type that must be there."""
        value = self.fields.at(path)
        if value is None:
            self.invalid(path, f"no {path[-1]}", f"write {path[-1]}")
        return value
