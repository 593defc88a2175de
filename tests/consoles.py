"""Console blocks of pages for people: the commands in them, and what the page says they print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class Example(NamedTuple):
    """One command and what a page says it prints, standard error after standard output; ``...`` stands for more."""

    command: str
    output: str

    @property
    def fails(self) -> bool:
        """Whether the output is that of a command that fails."""
        return re.search(r"^(error\[|--- )", self.output, re.MULTILINE) is not None

    def shows(self, printed: str) -> bool:
        """Tell whether each shown line is printed, in this order, and no other where nothing is left out."""
        pattern = "".join(map(_pattern, self.output.splitlines(keepends=True)))
        return re.fullmatch(pattern, printed, re.DOTALL) is not None


def _pattern(line: str) -> str:
    return ".*?" if line == "...\n" else re.escape(line).replace(re.escape("..."), ".*?")


def examples(page: str) -> Iterator[Example]:
    """The commands of all console blocks."""
    for block in re.findall(r"^```console\n(.*?)^```$", page, re.DOTALL | re.MULTILINE):
        for command, output in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
            yield Example(command, output)
