"""What can be wrong with a document as a whole, so that nothing of it is used."""

from __future__ import annotations


class Fault(Exception):
    """``line`` and ``column`` count from 0, from the beginning of what was parsed."""

    def __init__(self, line: int, column: int) -> None:
        super().__init__(line, column)
        self.line = line
        self.column = column


class Broken(Fault):
    """A document that cannot be read; ``problem`` never quotes it."""

    def __init__(self, problem: str, line: int = 0, column: int = 0) -> None:
        super().__init__(line, column)
        self.problem = problem


class OverLimit(Fault):
    """A document that would use up the machine."""

    def __init__(self, what: str, limit: int, line: int = 0, column: int = 0) -> None:
        super().__init__(line, column)
        self.what = what
        self.limit = limit


class NoJSON(ValueError):
    """A scalar that is no JSON value, or no key of a JSON object; Kubernetes refuses the whole document."""
