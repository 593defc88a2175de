"""Label selectors: what they match, and an index that finds the matches without trying everything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, NamedTuple, TypeVar

Labels = tuple[tuple[str, str], ...]
"""Labels as sorted pairs."""

OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


class Requirement(NamedTuple):
    """One matchExpressions entry; ``operator`` is one of OPERATORS, ``values`` are sorted."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Tell whether labels satisfy this requirement; NotIn also holds where the key is missing."""
        match self.operator:
            case "In":
                return labels.get(self.key) in self.values
            case "NotIn":
                return labels.get(self.key) not in self.values
            case "Exists":
                return self.key in labels
            case _:
                return self.key not in labels


class Selector(NamedTuple):
    """A LabelSelector: every pair and every requirement must hold; an empty one selects everything."""

    match_labels: Labels = ()
    match_expressions: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Tell whether an object with these labels is selected."""
        return all(labels.get(key) == value for key, value in self.match_labels) and all(
            requirement.holds(labels) for requirement in self.match_expressions
        )

    def includes(self, other: Selector) -> bool:
        """Tell whether this certainly selects everything that another selector selects."""
        labels = dict(other.match_labels)
        return all(labels.get(key) == value for key, value in self.match_labels) and all(
            requirement in other.match_expressions or (requirement.key in labels and requirement.holds(labels))
            for requirement in self.match_expressions
        )


Item = TypeVar("Item")


class LabelIndex(Generic[Item]):
    """Items by their labels, so that a selection costs what it finds and not what there is.

    A label key is indexed when a selector first names it: items have many labels, and selectors name few.
    """

    def __init__(self, items: Iterable[tuple[Mapping[str, str], Item]]) -> None:
        self._items = list(items)
        self._by_key: dict[str, dict[str, list[int]]] = {}

    def select(self, selector: Selector) -> list[Item]:
        """The items whose labels match, in the order in which they were given."""
        candidates = min(self._candidates(selector), key=len)
        items = self._items
        return [items[number][1] for number in candidates if selector.matches(items[number][0])]

    def _candidates(self, selector: Selector) -> Iterator[range | list[int]]:
        """Supersets of the selection, one for each part of the selector that can name one."""
        yield range(len(self._items))
        for key, value in selector.match_labels:
            yield self._values(key).get(value, [])
        for key, operator, values in selector.match_expressions:
            if operator == "In":
                found = self._values(key)
                yield sorted(number for value in values for number in found.get(value, []))
            elif operator == "Exists":
                yield sorted(number for numbers in self._values(key).values() for number in numbers)

    def _values(self, key: str) -> dict[str, list[int]]:
        """The items that have a label, by its value."""
        values = self._by_key.get(key)
        if values is None:
            values = self._by_key[key] = {}
            for number, (labels, _) in enumerate(self._items):
                if key in labels:
                    values.setdefault(labels[key], []).append(number)
        return values
