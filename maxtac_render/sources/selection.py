"""Which files of a directory or a tree are input."""

from __future__ import annotations

import re
from collections.abc import Iterable

from maxtac_render.model.errors import SourceFault

SUFFIXES = (".yaml", ".yml", ".json")
VENDORED = frozenset({"vendor", "node_modules", "third_party", "__pycache__"})


class Selection:
    """Chooses what is read below a root; every path is relative to the root, with slashes.

    Hidden names, vendored directories and excluded ones are left out. An exclusion is a glob that must match a whole
    relative path or a base name: ``*``, ``?`` and ``[...]`` stay within one name, ``**`` does not; a leading slash
    ties it to the root, a trailing one to directories; what matches a directory takes all that is below it along.
    """

    def __init__(self, exclude: Iterable[str] = ()) -> None:
        """Raise SourceFault when an exclusion is no glob."""
        patterns = [pattern for pattern in exclude if pattern.strip("/")]
        self._of_both = _joined(pattern for pattern in patterns if not pattern.endswith("/"))
        self._of_directories = _joined(patterns)
        self._entered: dict[str, bool] = {"": True}

    def takes(self, file: str) -> bool:
        """Tell whether a file is input, given that its directory is entered."""
        name = file.rpartition("/")[2]
        return name.lower().endswith(SUFFIXES) and not name.startswith(".") and not self.excludes(file)

    def enters(self, directory: str) -> bool:
        """Tell whether a directory is looked into, given that its parent is."""
        name = directory.rpartition("/")[2]
        return name not in VENDORED and not name.startswith(".") and not self.excludes(f"{directory}/")

    def reaches(self, file: str) -> bool:
        """Tell whether a file is input when one begins at the root."""
        return self._walks_to(file.rpartition("/")[0]) and self.takes(file)

    def excludes(self, path: str) -> bool:
        """Tell whether an exclusion matches a path or a directory above it; a directory ends in a slash."""
        if self._of_directories is None:
            return False
        parts = path.split("/")
        above = (_matches(self._of_directories, parts[:end]) for end in range(1, len(parts)))
        return any(above) or (self._of_both is not None and parts[-1] != "" and _matches(self._of_both, parts))

    def _walks_to(self, directory: str) -> bool:
        known = self._entered.get(directory)
        if known is None:
            known = self._walks_to(directory.rpartition("/")[0]) and self.enters(directory)
            self._entered[directory] = known
        return known


def _matches(pattern: re.Pattern[str], parts: list[str]) -> bool:
    path = "/".join(parts)
    return pattern.fullmatch("/" + path) is not None or pattern.fullmatch(parts[-1]) is not None


_SPECIAL = r"(?P<any>(?:^|(?<=/))\*\*/)|(?P<deep>\*\*+)|(?P<star>\*)|(?P<one>\?)|\[(?P<set>[!^]?\]?[^]]*)\]"


def _joined(patterns: Iterable[str]) -> re.Pattern[str] | None:
    """One expression for all globs; it is tried on base names, and on paths that begin with a slash."""
    texts = []
    for pattern in patterns:
        glob = (pattern[1:] if pattern.startswith("./") else pattern).rstrip("/")
        text = _expression(glob.removeprefix("/"))
        try:
            re.compile(text)
        except re.error as error:
            raise SourceFault(f"exclusion {pattern} is not a glob: {error.msg}") from error
        texts.append(f"/{text}" if glob.startswith("/") else f"/?{text}")
    return re.compile("|".join(texts), re.DOTALL) if texts else None


def _expression(glob: str) -> str:
    text, end = "", 0
    for token in re.finditer(_SPECIAL, glob):
        text += re.escape(glob[end : token.start()])
        text += _members(token["set"]) if token.lastgroup == "set" else _MEANING[token.lastgroup or ""]
        end = token.end()
    return text + re.escape(glob[end:])


_MEANING = {"any": "(?:.*/)?", "deep": ".*", "star": "[^/]*", "one": "[^/]"}


def _members(inner: str) -> str:
    negated = inner[:1] in {"!", "^"}
    members = re.sub(r"([][\\&~|^])", r"\\\1", inner[1:] if negated else inner)
    return f"(?!/)[{'^' if negated else ''}{members}]"
