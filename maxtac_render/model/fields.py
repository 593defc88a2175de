"""Checked access to an object's body: the value of a field in the type it must have, or a finding that it has not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from maxtac_render.model.catalogue import Code
from maxtac_render.model.diagnostics import Report, did_you_mean, nearest
from maxtac_render.model.objects import FieldPath, Key, Resource, path_text

_NOUNS = {
    dict: "a mapping",
    list: "a list",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}


class Fields:
    """The fields of one object. A value of the wrong type is reported with its place and then counts as absent."""

    def __init__(self, resource: Resource, report: Report) -> None:
        self.resource = resource
        self.report = report

    def at(self, path: FieldPath) -> Any:
        """The value at a path; None where there is none, and where a parent is no collection."""
        value: Any = self.resource.body
        for step in path:
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int):
                value = value[step]
            else:
                return None
        return value

    def mapping(self, path: FieldPath, done: str = "ignored") -> Mapping[str, Any] | None:
        """A mapping; None where it is missing, null or wrong."""
        value = self.at(path)
        return value if value is None or isinstance(value, dict) else self.wrong(path, value, "a mapping", done)

    def sequence(self, path: FieldPath) -> Sequence[Any] | None:
        """A list; None where it is missing, null or wrong."""
        value = self.at(path)
        return value if value is None or isinstance(value, list) else self.wrong(path, value, "a list")

    def string(self, path: FieldPath) -> str | None:
        """A string; None where it is missing, null or wrong."""
        value = self.at(path)
        return value if value is None or isinstance(value, str) else self.wrong(path, value, "a string")

    def labels(self, path: FieldPath, done: str = "ignored") -> dict[str, str] | None:
        """A mapping of strings to strings, empty where it is missing; None where all or any of it is wrong.

        A plain boolean or number is kept as its source text and reported, because people write labels so; null is "".
        """
        value = self.at(path)
        if value is None:
            return {}
        if not isinstance(value, dict):
            return self.wrong(path, value, "a mapping", done)
        labels = self._sound(value)
        return self._mended(path, value) if labels is None else labels

    def readable(self, path: FieldPath, done: str = "ignored") -> dict[str, str]:
        """The same, of which what is wrong stays as the text that JSON has for it.

        Such a text is no label and no list of targets: whoever needs the value finds it unusable, and the rest is kept.
        """
        value = self.at(path)
        labels = self._sound(value)
        if labels is not None:
            return labels
        if not isinstance(value, dict):
            return self.labels(path, done) or {}
        texts = {key: "" if item is None else self.text((*path, key)) for key, item in value.items()}
        return {key: shown(value[key]) if text is None else text for key, text in texts.items()}

    def text(self, path: FieldPath) -> str | None:
        """The text of one value that must be a string and may have been written without its quotes."""
        value = self.at(path)
        if isinstance(value, bool | int | float):
            written = self.written(path)
            self.report.add(Code.UNQUOTED_VALUE, self.resource, path, value=written, found=_NOUNS[type(value)][2:])
            return written
        return self.string(path)

    def written(self, path: FieldPath) -> str:
        """A value as it stands in the source, or else as JSON has it."""
        place = self.resource.origin.places(path)
        return (place and place.text) or shown(self.at(path))

    @staticmethod
    def _sound(value: Any) -> dict[str, str] | None:
        """A mapping in which every value is a string; None when it is none."""
        if not isinstance(value, dict):
            return None
        for item in value.values():
            if type(item) is not str:
                return None
        return value

    def _mended(self, path: FieldPath, value: Mapping[str, Any]) -> dict[str, str] | None:
        texts = {key: "" if item is None else self.text((*path, key)) for key, item in value.items()}
        return None if None in texts.values() else {key: text or "" for key, text in texts.items()}

    def known(self, path: FieldPath, names: tuple[str, ...], guesses: Mapping[str, str] | None = None) -> None:
        """Report every key of a mapping that is none of these names; ``guesses`` are better hints than likeness."""
        value = self.at(path)
        for key in [key for key in value if key not in names] if isinstance(value, dict) else ():
            guess = (guesses or {}).get(key)
            facts = {
                "name": key,
                "guess": guess or did_you_mean(key, names),
                "near": "" if guess else nearest(key, names),
            }
            self.report.add(Code.UNKNOWN_FIELD, self.resource, (*path, Key(key)), **facts)

    def wrong(self, path: FieldPath, value: object, expected: str, done: str = "ignored") -> None:
        """Report that a value is not of the type it must be."""
        found = _NOUNS.get(type(value), "something else")
        self.report.add(
            Code.WRONG_TYPE, self.resource, path, name=path_text(path), expected=expected, found=found, done=done
        )


def shown(value: object) -> str:
    """A value as JSON writes it, but for a text, which stands by itself."""
    if isinstance(value, str):
        return value
    import json  # noqa: PLC0415 - only for values of the wrong type

    return json.dumps(value, sort_keys=True, ensure_ascii=False)
