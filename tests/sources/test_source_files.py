"""Files, directories and standard input as sources."""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxtac_render.model.errors import SourceFault
from maxtac_render.sources import STDIN, Location, inputs
from maxtac_render.sources.selection import Selection


def fill(root: Path, *paths: str) -> None:
    """Make files that hold their own names."""
    for path in paths:
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(path)


def test_a_dash_is_standard_input(read) -> None:
    """Standard input has a shown name and no location."""
    assert [found[:4] for found in read("-", stdin=b"a: 1\n")] == [(STDIN, b"a: 1\n", True, None)]


def test_a_named_file_is_read_whatever_it_is_called(tmp_path: Path, read) -> None:
    """Suffix, hidden name and exclusions do not count for a file that is named."""
    fill(tmp_path, ".hidden.txt")
    path = f"{tmp_path}/.hidden.txt"
    assert [found[:4] for found in read(path, ["*"])] == [(path, b".hidden.txt", True, Location(path))]


def test_a_directory_is_read_in_the_order_of_its_paths(tmp_path: Path, read, monkeypatch) -> None:
    """Files come in the order of the bytes of their whole paths, by suffix in either case."""
    fill(tmp_path, "b.yaml", "a/z.yml", "a-b.json", "a/B.YAML", "a.txt", "ä.yaml", "readme", "a/deep/er/x.Json")
    monkeypatch.chdir(tmp_path)
    found = read(".")
    paths = [one.path for one in found]
    assert paths == ["a-b.json", "a/B.YAML", "a/deep/er/x.Json", "a/z.yml", "b.yaml", "ä.yaml"]
    assert [one.data.decode() for one in found] == paths
    assert not any(one.named for one in found)


def test_hidden_and_vendored_directories_are_passed_over_unless_named(tmp_path: Path, read, monkeypatch) -> None:
    """What a tool keeps for itself is not input, until the user says so."""
    fill(
        tmp_path,
        ".git/a.yaml",
        "x/node_modules/a.yaml",
        "vendor/a.yaml",
        "charts/a.yaml",
        "x/.a.yaml",
        "third_party/a.yml",
    )
    monkeypatch.chdir(tmp_path)
    assert read.paths(".") == ["charts/a.yaml"]
    assert read.paths("vendor") == ["vendor/a.yaml"]
    assert read.paths(".git") == [".git/a.yaml"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (".", "d/a.yaml"),
        ("./", "d/a.yaml"),
        ("d", "d/a.yaml"),
        ("d/", "d/a.yaml"),
        ("./d", "d/a.yaml"),
        (".//d//", "d/a.yaml"),
        ("d/../d", "d/../d/a.yaml"),
        ("./d/a.yaml", "d/a.yaml"),
        ("..", "../here/d/a.yaml"),
    ],
)
def test_paths_are_shown_as_the_user_names_them(tmp_path: Path, read, monkeypatch, source: str, expected: str) -> None:
    """The shown path is the source with the relative path, without a leading dot and slash."""
    fill(tmp_path, "here/d/a.yaml")
    monkeypatch.chdir(tmp_path / "here")
    assert read.paths(source) == [expected]


def test_absolute_paths_are_shown_absolute(tmp_path: Path, read) -> None:
    """An absolute source gives absolute paths."""
    fill(tmp_path, "a.yaml")
    assert read.paths(f"{tmp_path}/") == [f"{tmp_path}/a.yaml"]


@pytest.mark.parametrize(
    ("pattern", "path", "excluded"),
    [
        ("a.yaml", "a.yaml", True),
        ("a.yaml", "d/a.yaml", True),
        ("a.yaml", "d/ba.yaml", False),
        ("/a.yaml", "a.yaml", True),
        ("/a.yaml", "d/a.yaml", False),
        ("./a.yaml", "d/a.yaml", False),
        ("./a.yaml", "a.yaml", True),
        ("d/*.yaml", "d/a.yaml", True),
        ("d/*.yaml", "d/e/a.yaml", False),
        ("d/*.yaml", "c/d/a.yaml", False),
        ("d/**", "d/e/a.yaml", True),
        ("d/**/a.yaml", "d/a.yaml", True),
        ("d/**/a.yaml", "d/e/f/a.yaml", True),
        ("d/**/a.yaml", "d/e/f/ba.yaml", False),
        ("**/e", "e/a.yaml", True),
        ("**/e", "d/e/a.yaml", True),
        ("**/e/*", "d/e/a.yaml", True),
        ("d", "d/e/a.yaml", True),
        ("d/", "d/e/a.yaml", True),
        ("d/", "x/d/a.yaml", True),
        ("/d/", "x/d/a.yaml", False),
        ("a.yaml/", "a.yaml", False),
        ("d/e", "d/e/a.yaml", True),
        ("e", "d/e/a.yaml", True),
        ("?.yaml", "a.yaml", True),
        ("?.yaml", "ab.yaml", False),
        ("d?a.yaml", "d/a.yaml", False),
        ("d[/]a.yaml", "d/a.yaml", False),
        ("[ab].yaml", "b.yaml", True),
        ("[!ab].yaml", "b.yaml", False),
        ("[!ab].yaml", "c.yaml", True),
        ("[a-c].yaml", "b.yaml", True),
        ("[[]a].yaml", "[a].yaml", True),
        ("[]].yaml", "].yaml", True),
        ("[a.yaml", "[a.yaml", True),
        ("*.y*ml", "x.yml", True),
        ("a+b.yaml", "a+b.yaml", True),
        ("a.yaml", "aXyaml.yaml", False),
        ("*", "d/a.yaml", True),
        ("A.yaml", "a.yaml", False),
        ("", "a.yaml", False),
        ("/", "a.yaml", False),
        ("d*", "x/dd/a.yaml", True),
        ("*.yaml", "a\n.yaml", True),
    ],
)
def test_exclusions_are_globs(pattern: str, path: str, *, excluded: bool) -> None:
    """A pattern matches a whole relative path or a base name, and what is below a directory that it matches."""
    assert Selection([pattern]).reaches(path) is not excluded


NAMES = st.text(st.sampled_from("ab*?[]!^-\\.{}()|+$&~#é "), min_size=1, max_size=6)


@given(st.lists(NAMES, min_size=1, max_size=3).map("/".join).filter(lambda path: not path.startswith((".", "/"))))
def test_a_quoted_path_excludes_just_itself(path: str) -> None:
    """With its special characters in brackets, every path is a glob that matches it and no other."""
    quoted = re.sub(r"([*?[])", r"[\1]", path)
    selection = Selection([f"/{quoted}"])
    assert selection.excludes(path)
    assert not selection.excludes(f"{path}x")
    assert not selection.excludes(f"x/{path}")


def test_a_broken_glob_is_a_fault(tmp_path: Path, read) -> None:
    """A range that runs backwards is said to be one."""
    with pytest.raises(SourceFault, match=r"exclusion \[z-a\] is not a glob: bad character range z-a"):
        read(str(tmp_path), ["[z-a]"])


def test_exclusions_apply_below_the_named_directory(tmp_path: Path, read, monkeypatch) -> None:
    """Patterns are relative to the source and not to the working directory."""
    fill(tmp_path, "in/out/a.yaml", "in/b.yaml", "in/c.yaml")
    monkeypatch.chdir(tmp_path)
    assert read.paths("in", ["/out", "c.*"]) == ["in/b.yaml"]
    assert read.paths("in", ["in/**"]) == ["in/b.yaml", "in/c.yaml", "in/out/a.yaml"]


def test_links_that_leave_the_directory_are_reported_and_not_followed(tmp_path: Path, read) -> None:
    """Only links that would have been input are worth a word."""
    fill(tmp_path, "outside/a.yaml", "outside/note.txt", "in/b.yaml")
    (tmp_path / "in/link").symlink_to("../outside")
    (tmp_path / "in/link.yaml").symlink_to(tmp_path / "outside/a.yaml")
    (tmp_path / "in/note").symlink_to("../outside/note.txt")
    (tmp_path / "in/.hidden").symlink_to("../outside")
    (tmp_path / "in/vendor").symlink_to("../outside")
    (tmp_path / "in/excluded").symlink_to("../outside")
    root = f"{tmp_path}/in"
    assert read.paths(root, ["excluded"]) == [f"{root}/b.yaml"]
    assert read.findings == [(f"{root}/link", "skipped-link"), (f"{root}/link.yaml", "skipped-link")]


def test_a_sibling_with_the_same_beginning_is_outside(tmp_path: Path, read) -> None:
    """``in-other`` is not below ``in``."""
    fill(tmp_path, "in/b.yaml", "in-other/a.yaml")
    (tmp_path / "in/link").symlink_to("../in-other")
    assert read.paths(f"{tmp_path}/in") == [f"{tmp_path}/in/b.yaml"]


def test_the_named_directory_may_be_a_link(tmp_path: Path, read) -> None:
    """What is named is followed, wherever it leads."""
    fill(tmp_path, "real/a.yaml", "real/d/b.yaml")
    (tmp_path / "real/again.yaml").symlink_to("a.yaml")
    (tmp_path / "link").symlink_to("real")
    assert read.paths(f"{tmp_path}/link") == [f"{tmp_path}/link/a.yaml", f"{tmp_path}/link/d/b.yaml"]


def test_loops_and_dangling_links_are_survived(tmp_path: Path, read) -> None:
    """Links to a parent, to themselves and to nothing end."""
    fill(tmp_path, "d/a.yaml")
    (tmp_path / "d/up").symlink_to("..")
    (tmp_path / "d/self.yaml").symlink_to("self.yaml")
    (tmp_path / "d/gone.yaml").symlink_to("nowhere.yaml")
    (tmp_path / "d/gone.txt").symlink_to("nowhere.txt")
    (tmp_path / "x").symlink_to("d")
    (tmp_path / "y").symlink_to("x/up/x")
    root = str(tmp_path)
    assert read.paths(root) == [f"{root}/d/a.yaml"]
    assert read.findings == [(f"{root}/d/gone.yaml", "skipped-link"), (f"{root}/d/self.yaml", "skipped-link")]


def test_a_mounted_config_map_is_read_once(tmp_path: Path, read) -> None:
    """The kubelet shows files as links into a hidden directory."""
    fill(tmp_path, "..2024_01/a.yaml", "..2024_01/b.yaml")
    (tmp_path / "..data").symlink_to("..2024_01")
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
    (tmp_path / "b.yaml").symlink_to("..data/b.yaml")
    (tmp_path / "c.yaml").symlink_to("a.yaml")
    assert read.paths(str(tmp_path)) == [f"{tmp_path}/a.yaml", f"{tmp_path}/b.yaml"]
    assert read.findings == []


def test_an_exclusion_holds_through_a_link(tmp_path: Path, read) -> None:
    """What is excluded by its own path is not read by another."""
    fill(tmp_path, "real/a.yaml", "real/sub/b.yaml")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "sub").symlink_to("real/sub")
    (tmp_path / "b.yaml").symlink_to("real/sub/b.yaml")
    assert read.paths(str(tmp_path), ["/real"]) == []


def test_special_files_are_read_only_when_named(tmp_path: Path, read) -> None:
    """A FIFO in a directory blocks nobody; a named one (process substitution) is read."""
    fifo = tmp_path / "a.yaml"
    os.mkfifo(fifo)
    (tmp_path / "b.yaml").symlink_to("a.yaml")
    assert read(str(tmp_path)) == []
    writer = threading.Thread(target=fifo.write_text, args=("x" * 300_000,))
    writer.start()
    (found,) = read(str(fifo))
    writer.join()
    assert (len(found.data), found.named, found.location) == (300_000, True, None)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nowhere", "cannot read nowhere: no such file or directory"),
        ("", "cannot read a path without a name: no such file or directory"),
        ("s3:prod", "cannot read s3:prod: no such file or directory; kinds of sources besides paths: -, git:, live:"),
        ("live:prod", "cannot read live:prod: here only files count, so that equal input is equal output"),
        ("no\nwhere", r"cannot read no\nwhere: no such file or directory"),
        ("a\0b", r"cannot read a\x00b: no path has such a name"),
    ],
)
def test_what_does_not_exist_is_a_fault(tmp_path: Path, read, monkeypatch, source: str, message: str) -> None:
    """A missing path, and a kind of source that there is not, end the run with one line."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceFault, match=f"^{re.escape(message)}$"):
        read(source)


@pytest.mark.parametrize("locked", ["d/a.yaml", "d"])
def test_nothing_unreadable_is_passed_over(public: Path, read, unprivileged, locked: str) -> None:
    """A file or directory without permission is a fault, unless it is excluded."""
    fill(public, "d/a.yaml", "b.yaml")
    (public / locked).chmod(0)
    with unprivileged():
        with pytest.raises(SourceFault, match=f"^cannot read {public}/{locked}: permission denied$"):
            read(str(public))
        assert read.paths(str(public), ["d"]) == [f"{public}/b.yaml"]
    (public / locked).chmod(0o755)


def test_a_file_over_the_limit_is_a_fault(tmp_path: Path, read, monkeypatch) -> None:
    """Half a file would mean something else, so there is no cut."""
    monkeypatch.setattr(inputs, "LONGEST", 5)
    fill(tmp_path, "a.yaml")
    with pytest.raises(SourceFault, match=r"a\.yaml: longer than 0 MiB"):
        read(str(tmp_path))
    with pytest.raises(SourceFault, match="<stdin>: longer"):
        read("-", stdin=b"123456")
    assert read("-", stdin=b"12345")[0].data == b"12345"


def test_odd_file_names_can_be_shown(tmp_path: Path, read, monkeypatch) -> None:
    """Control characters, directions of writing, and bytes that are no UTF-8 are escaped."""
    monkeypatch.chdir(tmp_path)
    for name in (b"a\n.yaml", b"b\xff.yaml", "c\u202e.yaml".encode(), b"d e.yaml"):
        Path(os.fsdecode(name)).write_bytes(name)
    assert read.paths(".") == [r"a\n.yaml", r"b\udcff.yaml", r"c\u202e.yaml", "d e.yaml"]


def test_a_directory_on_standard_input_is_a_fault() -> None:
    """``maxtac render - < directory`` says what is wrong."""
    from maxtac_render.sources.inputs import read as read_stream  # noqa: PLC0415 - beside the fixture of that name

    class Directory:
        def read(self, size: int) -> bytes:
            raise IsADirectoryError(21, "Is a directory", size)

    with pytest.raises(SourceFault, match=r"^cannot read <stdin>: is a directory$"):
        read_stream(Directory(), STDIN)
