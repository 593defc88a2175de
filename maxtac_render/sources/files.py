"""Files and directories as a source.

A file that is named is read whatever its name and its kind. A directory is read with all that is below it, in the
order of the bytes of the relative paths. A link within it is followed as long as it stays within it, a file that is
reachable twice is read once, and what can be reached without a link is shown without one.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from maxtac_render.model.diagnostics import Code, Report, Spot
from maxtac_render.model.objects import Origin
from maxtac_render.sources.inputs import Input, Location, read, shown, unreadable
from maxtac_render.sources.selection import Selection


def load(path: str, selection: Selection, report: Report) -> Iterator[Input]:
    """Read a file, or all that a selection chooses of a directory. Links that leave the directory are reported.

    Raises SourceFault for a path that does not exist, and for whatever cannot be read: nothing is passed over.
    """
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - importing pathlib would cost more than the rest of this
    except (OSError, ValueError) as error:
        raise unreadable(shown(path), error) from error
    if not stat.S_ISDIR(mode):
        yield _read(path, shown(_plain(path)), named=True)
        return
    prefix = _prefix(path)
    walk = _Walk(path, selection, report)
    walk.run()
    for real, relative in sorted(walk.files.items(), key=lambda item: os.fsencode(item[1])):
        yield _read(real, shown(prefix + relative), named=False)


def _read(path: str, name: str, *, named: bool) -> Input:
    try:
        with open(path, "rb", buffering=0) as stream:  # noqa: PTH123 - as above
            regular = stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
            return Input(name, read(stream, name), named, Location(path) if regular else None)
    except OSError as error:
        raise unreadable(name, error) from error


def _plain(path: str) -> str:
    """A path as a user would write it: without ``./`` before it."""
    while path.startswith("./"):
        path = path[2:].lstrip("/")
    return path


def _prefix(directory: str) -> str:
    """What stands before the relative paths of a directory."""
    plain = _plain(directory + "/").rstrip("/")
    return f"{plain}/" if plain or directory.startswith("/") else ""


class _Walk:
    """One walk through a directory: what is reachable without links first, then the links in order."""

    def __init__(self, path: str, selection: Selection, report: Report) -> None:
        self.files: dict[str, str] = {}
        """Real path to relative path."""
        self._root = os.path.realpath(path)
        self._path = path
        self._selection = selection
        self._report = report
        self._seen: set[str] = set()
        self._links: list[str] = []

    def run(self) -> None:
        self._visit(self._root, "")
        while self._links:
            links, self._links = sorted(self._links, key=os.fsencode), []
            for link in links:
                self._follow(link)

    def _visit(self, real: str, relative: str) -> None:
        """Take a directory's files, and those of the directories below it; ``relative`` is empty or ends in a slash."""
        pending = [(real, relative)]
        while pending:
            real, relative = pending.pop()
            if real in self._seen:
                continue
            self._seen.add(real)
            try:
                with os.scandir(real) as entries:
                    for entry in entries:
                        pending += self._take(entry, relative + entry.name)
            except OSError as error:
                raise unreadable(self._shown(relative.rstrip("/")), error) from error

    def _take(self, entry: os.DirEntry[str], name: str) -> list[tuple[str, str]]:
        """Note a file or a link; give back a directory that is still to be visited."""
        if entry.is_symlink():
            self._links.append(name)
        elif entry.is_dir(follow_symlinks=False):
            if self._selection.enters(name):
                return [(entry.path, f"{name}/")]
        elif entry.is_file(follow_symlinks=False) and self._selection.takes(name):
            self.files.setdefault(entry.path, name)
        return []

    def _follow(self, link: str) -> None:
        real = os.path.realpath(os.path.join(self._root, link))  # noqa: PTH118 - as above, and realpath never raises
        target = self._inside(real)
        mode = self._mode(link, inside=target is not None)
        directory = stat.S_ISDIR(mode)
        if not (self._selection.enters(link) if directory else self._selection.takes(link)):
            return
        if target is None or not mode:
            where = f"out of {self._path}" if os.path.exists(real) else "nowhere"  # noqa: PTH110 - as above
            self._report.add(Code.SKIPPED_LINK, Spot(Origin(self._shown(link))), where=where)
        elif self._selection.excludes(f"{target}/" if directory else target):
            return
        elif directory:
            self._visit(real, f"{link}/")
        elif stat.S_ISREG(mode):
            self.files.setdefault(real, link)

    def _mode(self, link: str, *, inside: bool) -> int:
        """What a link leads to; 0 where it leads to nothing, in a circle, or to what we may not see outside."""
        try:
            return os.stat(os.path.join(self._root, link)).st_mode  # noqa: PTH116, PTH118 - as above
        except PermissionError as error:
            if inside:
                raise unreadable(self._shown(link), error) from error
        except OSError:
            pass
        return 0

    def _inside(self, real: str) -> str | None:
        """A real path relative to the root; None where it is not below it."""
        root = self._root.rstrip("/")
        if real == self._root:
            return ""
        return real[len(root) + 1 :] if real.startswith(f"{root}/") else None

    def _shown(self, relative: str) -> str:
        return shown(_prefix(self._path) + relative if relative else self._path)
