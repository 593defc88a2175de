"""Real repositories of Git, untouched by the configuration of whoever runs the tests."""

from __future__ import annotations

import io
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from shutil import rmtree

import pytest

from maxtac_render.model.diagnostics import Report
from maxtac_render.sources import Input, load

NOBODY = 65534


class Repository:
    """A repository in a directory, whose commits happen when the test says."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *words: str, at: int = 1_000_000_000) -> str:
        """Run git in the repository; commits happen ``at`` these seconds."""
        dates = {"GIT_COMMITTER_DATE": f"@{at} +0200", "GIT_AUTHOR_DATE": "@500000000 +0000"}
        line = [
            "git",
            "-c",
            "user.name=T",
            "-c",
            "user.email=t@example.org",
            "-c",
            "protocol.file.allow=always",
            *words,
        ]
        done = subprocess.run(
            line, cwd=self.root, env={**os.environ, **dates}, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def write(self, **files: str) -> None:
        """Write files into the working tree; in names, ``__`` is a slash and the suffix is .yaml."""
        for name, text in files.items():
            place = self.root / (name.replace("__", "/") + ".yaml")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)

    def commit(self, at: int = 1_000_000_000, message: str = "m", **files: str) -> str:
        """Write files and commit all that is there; give back the commit."""
        self.write(**files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message, at=at)
        return self.git("rev-parse", "HEAD")


@pytest.fixture(autouse=True)
def plain_git(monkeypatch: pytest.MonkeyPatch) -> None:
    """Git without the user's and the system's configuration, and without the repository of a surrounding hook."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """An empty repository; the working directory is its root."""
    made = Repository(tmp_path / "repository")
    monkeypatch.chdir(made.root)
    return made


class Reader:
    """Loads sources and keeps what was reported."""

    def __init__(self) -> None:
        self.report = Report()

    def __call__(self, source: str, exclude: Sequence[str] = (), stdin: bytes = b"") -> list[Input]:
        return list(load(source, exclude, self.report, io.BytesIO(stdin)))

    def paths(self, source: str, exclude: Sequence[str] = ()) -> list[str]:
        """The shown paths."""
        return [found.path for found in self(source, exclude)]

    @property
    def findings(self) -> list[tuple[str, str]]:
        """What was reported: path and id."""
        return [(found.origin.path, found.code.id) for found in self.report.sorted()]


@pytest.fixture
def read() -> Reader:
    """Load a source to the end."""
    return Reader()


@pytest.fixture
def public() -> Iterator[Path]:
    """A directory that every user may enter."""
    place = Path(tempfile.mkdtemp(prefix="maxtac-public-"))
    place.chmod(0o755)
    yield place
    rmtree(place)


@contextmanager
def _unprivileged() -> Iterator[None]:
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def unprivileged() -> Callable[[], AbstractContextManager[None]]:
    """A context in which permissions count, also when root runs the tests."""
    return _unprivileged
