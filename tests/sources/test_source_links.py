"""Links that lead out of a directory are found, whatever they are made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from maxtac_render.model.errors import SourceFault
from maxtac_render.sources.links import inside, leaving


def test_links_that_stay_are_fine(tmp_path: Path) -> None:
    """Wherever they begin, and also where they lead to nothing."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "up").symlink_to("a/b")
    (tmp_path / "a" / "b" / "down").symlink_to("../../a")
    (tmp_path / "a" / "nothing").symlink_to("missing")
    (tmp_path / "round").symlink_to("round")
    assert list(leaving(str(tmp_path))) == []


@pytest.mark.parametrize("target", ["/etc/passwd", "..", "../../x", "a/../../x", "/", "../{name}-beside"])
def test_links_that_leave_are_named(tmp_path: Path, target: str) -> None:
    """Absolute ones and relative ones, to files, to directories and to what is not there."""
    root = tmp_path / "root"
    (root / "deep" / "a").mkdir(parents=True)
    (root / "link").symlink_to(target.format(name="root"))
    (root / "deep" / "same").symlink_to("../link")
    assert list(leaving(str(root))) == ["link", "deep/same"]


def test_a_link_to_the_same_directory_by_another_way_stays(tmp_path: Path) -> None:
    """The root may be reached by a link itself."""
    (tmp_path / "real").mkdir()
    (tmp_path / "way").symlink_to("real")
    (tmp_path / "real" / "link").symlink_to(tmp_path / "way" / "file")
    assert list(leaving(str(tmp_path / "way"))) == []
    assert inside(str(tmp_path / "way"), str(tmp_path / "real"))


def test_a_name_that_steers_a_terminal_is_escaped(tmp_path: Path) -> None:
    """The name is the repository's."""
    (tmp_path / "\x1b[2J").symlink_to("/")
    assert list(leaving(str(tmp_path))) == ["\\x1b[2J"]


def test_what_cannot_be_looked_into_is_a_fault(tmp_path: Path) -> None:
    """A directory that is not there may hold anything."""
    with pytest.raises(SourceFault, match="no such file"):
        list(leaving(str(tmp_path / "missing")))


def test_no_path_is_not_inside(tmp_path: Path) -> None:
    """No file has a null character in its name."""
    assert not inside("a\0b", str(tmp_path))
