"""One file as a sink: whole or as it was, its mode and its links kept, devices written to."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from maxtac_render.model.errors import SinkFault
from maxtac_render.sinks import file


def test_a_file_is_written_with_the_directories_above_it(tmp_path: Path) -> None:
    """A new file holds the texts as UTF-8, and nothing else lies beside it."""
    file.write(f"{tmp_path}/reports/new/out.json", ["{", "é", "}\n"])
    assert (tmp_path / "reports/new/out.json").read_bytes() == "{é}\n".encode()
    assert [path.name for path in (tmp_path / "reports/new").iterdir()] == ["out.json"]


def test_a_relative_path_is_below_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bare name is a file in the working directory."""
    monkeypatch.chdir(tmp_path)
    file.write("out.json", "text")
    assert (tmp_path / "out.json").read_text() == "text"


def test_a_file_keeps_its_mode(tmp_path: Path) -> None:
    """What only its owner may read stays so."""
    path = tmp_path / "out"
    path.write_text("old")
    path.chmod(0o600)
    file.write(str(path), ["new"])
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o600)


def test_a_link_stays(tmp_path: Path) -> None:
    """What a link leads to is replaced, and not the link."""
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    file.write(f"{tmp_path}/link", ["new"])
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_what_fails_leaves_the_old_file(tmp_path: Path) -> None:
    """A report that breaks off leaves the file as it was and nothing beside it."""

    def broken() -> Iterator[str]:
        yield "half"
        raise KeyboardInterrupt

    (tmp_path / "out").write_text("old")
    with pytest.raises(KeyboardInterrupt):
        file.write(f"{tmp_path}/out", broken())
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"out": "old"}


@pytest.mark.parametrize("path", ["taken", "plain/out"])
def test_what_cannot_be_written_is_a_fault(tmp_path: Path, path: str) -> None:
    """A directory in the way, and a file where a directory should be, are named."""
    (tmp_path / "taken").mkdir()
    (tmp_path / "plain").write_text("")
    with pytest.raises(SinkFault, match=rf"^cannot write .*/{path}: (is|not) a directory$"):
        file.write(f"{tmp_path}/{path}", ["new"])


def test_a_pipe_and_a_device_are_written_to(tmp_path: Path) -> None:
    """Nothing takes the place of a pipe or of a device."""
    os.mkfifo(tmp_path / "pipe")
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_text()))
    reader.start()
    file.write(f"{tmp_path}/pipe", ["te", "xt"])
    reader.join()
    file.write("/dev/null", ["text"])
    assert read == ["text"]
    assert (tmp_path / "pipe").is_fifo()
    assert not Path("/dev/null").is_file()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_a_fault() -> None:
    """What does not fit is no success."""
    with pytest.raises(SinkFault, match=r"^cannot write /dev/full: no space left on device$"):
        file.write("/dev/full", ["text"])
