"""When lines of the input were last committed: the moment from which durations count with the anchor ``git``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime

from maxtac_render.model.errors import HistoryFault
from maxtac_render.model.objects import Origin
from maxtac_render.sources.git import GitError, environment, run
from maxtac_render.sources.inputs import Location

_OF_ONE_REPOSITORY = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
)
"""What a hook's environment says about its repository; a file may lie in another one."""

_BLAME = ("blame", "--incremental", "--no-textconv", "--ignore-revs-file=")
"""The empty file name takes back what the configuration says is to be ignored: no commit may be."""

_UNCOMMITTED = -1.0

_SHALLOW = (
    "the history of {path} is cut (shallow clone), so durations cannot be counted; "
    "run git fetch --unshallow, or in GitHub Actions check out with fetch-depth: 0"
)
_NOT_COMMITTED = "{path}:{line} is not committed, so its duration counts from no moment; commit the file"


class History:
    """The history of everything that was read, one blame for each file that is asked about."""

    def __init__(self, locations: Mapping[str, Location | None]) -> None:
        """Take the locations of the inputs by their shown paths."""
        self._locations = locations
        self._moments: dict[str, list[float]] = {}
        self._repositories: dict[tuple[str, bool], Mapping[str, str]] = {}

    def anchor(self, origin: Origin, lines: tuple[int, int]) -> datetime:
        """The newest commit among the lines from the first to the last (from 1), in UTC, by the committer's clock.

        Lines end in a line feed, as Git counts them. Raises HistoryFault where there is no history, or one that is
        cut (a shallow clone makes every line look new), and for lines that are not committed.
        """
        moments = self._moments.get(origin.path)
        if moments is None:
            moments = self._moments[origin.path] = self._blame(origin.path)
        first, last = lines
        chosen = moments[first - 1 : last]
        if not chosen or _UNCOMMITTED in chosen:
            line = first + chosen.index(_UNCOMMITTED) if chosen else first
            raise HistoryFault(_NOT_COMMITTED.format(path=origin.path, line=line))
        return datetime.fromtimestamp(max(chosen), UTC)

    def _blame(self, path: str) -> list[float]:
        """The time of each line's commit."""
        location = self._locations.get(path)
        if location is None:
            raise HistoryFault(f"{path} has no history in Git; name a file, or git:REV:PATH")
        directory, name = ".", location.path
        if not location.revision:
            directory, name = os.path.split(os.path.realpath(location.path))
        revision = [location.revision] if location.revision else []
        try:
            env = self._repository(directory, path, own=bool(location.revision))
            found = run([*_BLAME, *revision, "--", name], directory, env)
        except GitError as error:
            raise HistoryFault(f"{path} has no history in Git ({error}); commit it in a repository") from error
        return _moments(found)

    def _repository(self, directory: str, path: str, *, own: bool) -> Mapping[str, str]:
        """The environment in which Git reads a directory's repository: the caller's ``own``, or the one it lies in."""
        known = self._repositories.get((directory, own))
        if known is not None:
            return known
        env = environment()
        if not own:
            for name in _OF_ONE_REPOSITORY:
                env.pop(name, None)
        if run(["rev-parse", "--is-shallow-repository"], directory, env).strip() != b"false":
            raise HistoryFault(_SHALLOW.format(path=path))
        env = self._repositories[directory, own] = {**env, **_without_filters(directory, env)}
        return env


def _without_filters(directory: str, env: Mapping[str, str]) -> dict[str, str]:
    """Settings that empty the repository's content filters, which blame would run on the working tree's file."""
    listing = run(["config", "--null", "--name-only", "--list"], directory, env)
    names = {os.fsdecode(name) for name in listing.split(b"\0")}
    drivers = {name.rpartition(".")[0] for name in names if name.lower().startswith("filter.")}
    emptied = [f"{driver}.{setting}" for driver in sorted(drivers) for setting in ("clean", "process", "required")]
    given = int(env.get("GIT_CONFIG_COUNT") or 0)
    settings = {}
    for number, name in enumerate(emptied, given):
        settings[f"GIT_CONFIG_KEY_{number}"] = name
        settings[f"GIT_CONFIG_VALUE_{number}"] = "false" if name.endswith(".required") else ""
    return {**settings, "GIT_CONFIG_COUNT": str(given + len(emptied))}


def _moments(blame: bytes) -> list[float]:
    """Seconds by line, from ``git blame --incremental``: a commit's facts stand where it is first mentioned.

    Source: git-blame(1), "Incremental output".
    """
    spans: list[tuple[bytes, int, int]] = []
    times: dict[bytes, float] = {}
    for line in blame.split(b"\n"):
        words = line.split(b" ")
        if len(words) == 4 and len(words[0]) in (40, 64):
            spans.append((words[0], int(words[2]), int(words[3])))
        elif words[0] == b"committer-time":
            commit = spans[-1][0]
            times[commit] = float(words[1]) if commit.strip(b"0") else _UNCOMMITTED
    moments = [_UNCOMMITTED] * max((first + count - 1 for _, first, count in spans), default=0)
    for commit, first, count in spans:
        moments[first - 1 : first - 1 + count] = [times[commit]] * count
    return moments
