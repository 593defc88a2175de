"""Functions of texts that remember what they gave."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

REMEMBERED: Final = 50_000
LONGEST: Final = 100


class Memory(dict[str, Any]):
    """A function of texts, called by subscription: short ones are remembered, so that equal values are one object."""

    def __init__(self, function: Callable[[str], Any]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, text: str) -> Any:
        value = self._function(text)
        if len(text) <= LONGEST:
            if len(self) >= REMEMBERED:
                self.clear()
            self[text] = value
        return value
