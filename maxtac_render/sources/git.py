"""Commits of Git as a source: blobs from the object store, never the working tree, and without running anything.

The repository may be a stranger's: hooks, filters, pagers, monitors, prompts and fetches that its configuration asks
for are switched off.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from maxtac_render.model.diagnostics import Code, Report, Spot
from maxtac_render.model.errors import SourceFault
from maxtac_render.model.objects import Origin
from maxtac_render.sources.inputs import LONGEST, Input, Location, shown, too_long
from maxtac_render.sources.selection import Selection

if TYPE_CHECKING:
    from subprocess import Popen

_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.pager=cat",
    "diff.external=",
)
_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "none",  # what GIT_NO_LAZY_FETCH says to Git since 2.45, for those before
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_WINDOW = 64
"""Blobs asked for at once: few enough that the questions fit into a pipe while Git is still answering."""


class GitError(Exception):
    """Git could not do it; the message is its own first line, or that there is no Git."""


class _Entry(NamedTuple):
    mode: str
    blob: str
    path: str


def command(*arguments: str) -> list[str]:
    """A Git command line that runs nothing that the repository's configuration names."""
    settings = [word for setting in _SETTINGS for word in ("-c", setting)]
    return ["git", "--no-pager", *settings, *arguments]


def environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for Git: ours, with prompts, fetches, locks and replaced objects switched off."""
    return {**os.environ, **_ENVIRONMENT, **(changes or {})}


def run(arguments: list[str], directory: str = ".", env: Mapping[str, str] | None = None) -> bytes:
    """What Git prints. Raises GitError when it fails or is missing."""
    from subprocess import DEVNULL  # noqa: PLC0415 - only runs that read Git pay for it
    from subprocess import run as start  # noqa: PLC0415 - as above

    try:
        done = start(  # noqa: S603 - the words are ours or stand behind --end-of-options and --
            command(*arguments),
            cwd=directory,
            env=environment() if env is None else env,
            stdin=DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError as error:
        missing = isinstance(error, FileNotFoundError) and error.filename == "git"
        raise GitError("git is not installed" if missing else f"git cannot be run: {error.strerror}") from error
    if done.returncode:
        raise GitError(complaint(done.stderr))
    return done.stdout


def complaint(stderr: bytes) -> str:
    """The line in which Git says what is wrong, without its ``fatal:``."""
    lines = stderr.decode(errors="replace").splitlines() or ["git failed and does not say why"]
    line = next((line for line in lines if line.startswith(("fatal: ", "error: "))), lines[0])
    return shown(line.removeprefix("fatal: ").removeprefix("error: ").rstrip("."))


def load(rest: str, selection: Selection, report: Report) -> Iterator[Input]:
    """Read ``REV[:PATH]`` of the repository of the working directory: a blob, or all that is chosen of a tree.

    PATH begins at the root of the repository, or with ``./`` or ``../`` at the working directory. Symbolic links and
    submodules are not followed; such links are reported. Raises SourceFault without Git or a repository, for an
    unknown revision or path, and where objects are missing.
    """
    name, path = _split(rest)
    source = shown(f"git:{rest}")
    try:
        prefix = os.fsdecode(run(["rev-parse", "--show-prefix"])).rstrip("\n")
        top = _normal(path, prefix, source)
        commit = _commit(name, source)
        entries = _entries(commit, top)
    except GitError as error:
        raise SourceFault(f"cannot read {source}: {error}") from error
    if top and not entries:
        raise SourceFault(f"cannot read {source}: no path {shown(top)} in {shown(name)}")
    whole = [entry for entry in entries if entry.path == top]
    chosen = [_regular(whole[0], source)] if whole else list(_chosen(entries, _Below(name, top, selection, report)))
    climb = "../" * prefix.count("/")
    try:
        for entry, data in _blobs(chosen):
            where = Location(climb + entry.path, commit)
            yield Input(shown(f"git:{name}:{entry.path}"), data, bool(whole), where)
    except GitError as error:
        raise SourceFault(f"cannot read {source}: {error}") from error


class _Below(NamedTuple):
    """What is read of a tree, and where links are reported."""

    revision: str
    top: str
    selection: Selection
    report: Report


def _split(rest: str) -> tuple[str, str]:
    """Revision and path: they part at the first colon outside of braces, as ``HEAD@{12:00}`` needs.

    Raises SourceFault for a revision that Git would take for an option, and for none.
    """
    depth, end = 0, len(rest)
    for index, char in enumerate(rest):
        depth += (char == "{") - (char == "}")
        if char == ":" and depth == 0:
            end = index
            break
    name, path = rest[:end], rest[end + 1 :]
    if not name or name.startswith("-") or "\0" in rest:
        raise SourceFault(f"cannot read git:{shown(rest)}: no revision; write git:REV or git:REV:PATH")
    return name, path


def _normal(path: str, prefix: str, source: str) -> str:
    """A path from the root of the repository, empty for the root itself."""
    if path in (".", "..") or path.startswith(("./", "../")):
        path = posixpath.join(prefix, path)
    normal = posixpath.normpath(path) if path else "."
    if normal.startswith(("../", "/")) or normal == "..":
        raise SourceFault(f"cannot read {source}: the path leads out of the repository")
    return "" if normal == "." else normal


def _commit(name: str, source: str) -> str:
    try:
        found = run(["rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}"])
    except GitError as error:
        raise SourceFault(f"cannot read {source}: no such revision (git: {error})") from error
    commit = found.decode().strip()
    if not commit.isalnum():
        raise SourceFault(f"cannot read {source}: no single revision")
    return commit


def _entries(commit: str, top: str) -> list[_Entry]:
    below = ["--", top] if top else []
    listing = run(["ls-tree", "-r", "-z", "--full-tree", commit, *below])
    return [_entry(line) for line in listing.split(b"\0") if line]


def _entry(line: bytes) -> _Entry:
    facts, _, path = line.partition(b"\t")
    mode, _, blob = facts.decode().split(" ")
    return _Entry(mode, blob, os.fsdecode(path))


def _regular(entry: _Entry, source: str) -> _Entry:
    """A blob that was named. Raises SourceFault for a link and a submodule."""
    if not entry.mode.startswith("100"):
        kind = "a symbolic link" if entry.mode == "120000" else "a submodule"
        raise SourceFault(f"cannot read {source}: {kind} in Git")
    return entry


def _chosen(entries: list[_Entry], below: _Below) -> Iterator[_Entry]:
    start = len(below.top) + 1 if below.top else 0
    for entry in entries:
        if entry.mode == "160000" or not below.selection.reaches(entry.path[start:]):
            continue
        if entry.mode == "120000":
            tree = f"git:{below.revision}" + (f":{below.top}" if below.top else "")
            spot = Spot(Origin(shown(f"git:{below.revision}:{entry.path}")))
            below.report.add(Code.SKIPPED_LINK, spot, where=f"out of {tree}")
        else:
            yield entry


def _blobs(entries: list[_Entry]) -> Iterator[tuple[_Entry, bytes]]:
    """The contents of blobs, all from one process. Raises GitError where one is missing, SourceFault for a huge one."""
    if not entries:
        return
    from subprocess import DEVNULL, PIPE, Popen  # noqa: PLC0415 - only runs that read Git pay for it

    with Popen(  # noqa: S603 - the words are ours
        command("cat-file", "--batch"), env=environment(), stdin=PIPE, stdout=PIPE, stderr=DEVNULL
    ) as batch:
        try:
            for start in range(0, len(entries), _WINDOW):
                yield from _answers(batch, entries[start : start + _WINDOW])
        except OSError as error:
            raise GitError(f"git stopped: {error.strerror}") from error
        finally:
            batch.kill()


def _answers(batch: Popen[bytes], window: list[_Entry]) -> Iterator[tuple[_Entry, bytes]]:
    assert batch.stdin is not None and batch.stdout is not None  # noqa: PT018, S101 - both are pipes
    os.write(batch.stdin.fileno(), "".join(f"{entry.blob}\n" for entry in window).encode())
    for entry in window:
        words = batch.stdout.readline().split()
        if len(words) != 3:
            raise _missing(entry)
        size = int(words[2])
        if size > LONGEST:
            raise too_long(shown(entry.path))
        data = batch.stdout.read(size + 1)
        if len(data) <= size:
            raise _missing(entry)
        yield entry, data[:-1]


def _missing(entry: _Entry) -> GitError:
    return GitError(f"object {entry.blob} of {shown(entry.path)} is missing or broken in this repository")
