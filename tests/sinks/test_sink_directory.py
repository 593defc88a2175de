"""Results as files: what is written, what is removed, what is never touched."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxtac_render.model.errors import SinkFault
from maxtac_render.sinks import directory
from maxtac_render.sinks.directory import MARK, arrange, differences, plan, write

DOCUMENTS = [("a", "one", "x: 1\n"), ("a", "two", "x: 2\n"), ("b", "one", "x: 3\n")]


def tree(root: Path) -> dict[str, str]:
    """Every file below a directory, and every empty directory with a slash."""
    found = {}
    for place in sorted(root.rglob("*")):
        path = str(place.relative_to(root))
        if place.is_file():
            found[path] = place.read_text()
        elif place.is_dir() and not any(place.iterdir()):
            found[f"{path}/"] = ""
    return found


def put(root: Path, **files: str) -> None:
    """Write files; in names, ``__`` is a slash and the suffix is .yaml."""
    for name, text in files.items():
        place = root / (name.replace("__", "/") + ".yaml")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)


def test_the_three_layouts() -> None:
    """One file for each policy, each namespace, or all; every file begins with the mark."""
    assert arrange(DOCUMENTS, "policy") == {
        "a/one.yaml": f"{MARK}x: 1\n",
        "a/two.yaml": f"{MARK}x: 2\n",
        "b/one.yaml": f"{MARK}x: 3\n",
    }
    assert arrange(DOCUMENTS, "namespace") == {"a.yaml": f"{MARK}x: 1\n---\nx: 2\n", "b.yaml": f"{MARK}x: 3\n"}
    assert arrange(DOCUMENTS, "single") == {"networkpolicies.yaml": f"{MARK}x: 1\n---\nx: 2\n---\nx: 3\n"}
    assert arrange([], "single") == {}


def test_a_separator_before_a_document_is_not_doubled() -> None:
    """Texts may be those of a stream."""
    assert arrange([("a", "x", "---\nx: 1\n"), ("a", "y", "---\nx: 2\n")], "single") == {
        "networkpolicies.yaml": f"{MARK}x: 1\n---\nx: 2\n"
    }


def test_names_that_no_file_may_have_are_cut(tmp_path: Path) -> None:
    """Policies may have names of 253 characters, files of 255 with their suffix; two that differ stay two."""
    names = ["n" * 250, "n" * 251, "n" * 252 + "a", "n" * 252 + "b"]
    files = arrange([("a", name, "x: 1\n") for name in names], "policy")
    assert len(files) == 4
    assert f"a/{'n' * 250}.yaml" in files
    assert all(len(path) - 2 <= 255 for path in files)
    write(tmp_path, files)
    assert tree(tmp_path) == files
    assert not plan(tmp_path, files).differs
    write(tmp_path, {})
    assert tree(tmp_path) == {}


LABELS = st.from_regex(r"[a-z]([-a-z0-9]{0,5}[a-z0-9])?", fullmatch=True)


@given(st.dictionaries(st.tuples(LABELS, LABELS), st.integers(), max_size=6), st.sampled_from(["policy", "namespace"]))
def test_what_was_written_is_what_was_wanted(wanted, layout) -> None:
    """A directory holds the last thing written to it, whatever it held before."""
    documents = [(namespace, name, f"x: {number}\n") for (namespace, name), number in wanted.items()]
    with tempfile.TemporaryDirectory() as place:
        write(place, arrange(DOCUMENTS, "policy"))
        write(place, arrange(documents, layout))
        assert tree(Path(place)) == arrange(documents, layout)
        assert not plan(place, arrange(documents, layout)).differs


def test_the_directory_is_made_when_it_is_missing(tmp_path: Path) -> None:
    """With its parents; planning makes nothing."""
    root = tmp_path / "x/y"
    files = arrange(DOCUMENTS, "policy")
    assert list(plan(root, files).new) == sorted(files)
    assert not (tmp_path / "x").exists()
    write(f"{root}/", files)
    assert tree(root) == files


def test_what_is_unchanged_is_not_written_again(tmp_path: Path) -> None:
    """Build tools look at the time of a file."""
    files = arrange(DOCUMENTS, "policy")
    write(tmp_path, files)
    for place in tmp_path.rglob("*.yaml"):
        os.utime(place, (1, 1))
    again = {**files, "a/two.yaml": f"{MARK}new\n"}
    done = write(tmp_path, again)
    assert (list(done.new), list(done.changed), done.unchanged) == ([], ["a/two.yaml"], ("a/one.yaml", "b/one.yaml"))
    assert [path for path in again if (tmp_path / path).stat().st_mtime != 1] == ["a/two.yaml"]
    assert tree(tmp_path) == again


def test_stale_files_of_ours_go_and_others_stay(tmp_path: Path) -> None:
    """Only a file with our mark, in a place where we could have written it, is ours."""
    write(tmp_path, arrange(DOCUMENTS, "policy"))
    theirs = {
        "theirs": "x: 1\n",
        "a__theirs": f"\n{MARK}",
        "a__empty": "",
        "a__similar": MARK.replace("overwritten", "kept"),
        "a__deep__x": MARK,
        ".hidden__x": MARK,
        "Upper__x": MARK,
        "lost+found__x": MARK,
    }
    put(tmp_path, **theirs, a__windows=MARK.replace("\n", "\r\n"), c__moved=MARK)
    (tmp_path / "a/readme.md").write_text(MARK)
    before = tree(tmp_path)
    done = write(tmp_path, {"b/one.yaml": MARK})
    gone = {"a/one.yaml", "a/two.yaml", "a/windows.yaml", "c/moved.yaml"}
    assert set(done.stale) == gone
    assert tree(tmp_path) == {path: text for path, text in before.items() if path not in gone} | {"b/one.yaml": MARK}


def test_directories_that_we_emptied_go(tmp_path: Path) -> None:
    """The root stays, and so does what was empty before."""
    write(tmp_path, arrange(DOCUMENTS, "policy"))
    (tmp_path / "empty").mkdir()
    write(tmp_path, arrange(DOCUMENTS[2:], "policy"))
    assert sorted(place.name for place in tmp_path.iterdir()) == ["b", "empty"]
    write(tmp_path, {})
    assert tree(tmp_path) == {"empty/": ""}


def test_the_layout_may_change(tmp_path: Path) -> None:
    """The files of the former layout are stale."""
    for layout in ("policy", "namespace", "single", "policy"):
        write(tmp_path, arrange(DOCUMENTS, layout))
        assert tree(tmp_path) == arrange(DOCUMENTS, layout)


OBSTACLES = {
    "a file that is not ours": lambda place: place.write_text("theirs\n"),
    "a directory": Path.mkdir,
    "a symbolic link": lambda place: place.symlink_to("elsewhere"),
    "a special file": os.mkfifo,
}


@pytest.mark.parametrize(
    ("path", "what"),
    [("b/one.yaml", what) for what in OBSTACLES] + [("b", what) for what in OBSTACLES if what[2] != "d"],
)
def test_what_is_not_ours_stops_us_before_anything_is_written(tmp_path: Path, path: str, what: str) -> None:
    """A file, directory, link or pipe in the way is named, and every other file stays as it is."""
    write(tmp_path, arrange([("a", "old", "x: 0\n")], "policy"))
    (tmp_path / path).parent.mkdir(exist_ok=True)
    OBSTACLES[what](tmp_path / path)
    with pytest.raises(SinkFault, match=f"^cannot write {tmp_path}/{path}: {what} is in the way; nothing was written$"):
        write(tmp_path, arrange(DOCUMENTS, "policy"))
    assert (tmp_path / "a/old.yaml").exists()
    assert not (tmp_path / "a/one.yaml").exists()


def test_an_empty_file_in_the_way_is_replaced(tmp_path: Path) -> None:
    """A power failure may leave one of ours empty."""
    put(tmp_path, a__one="")
    write(tmp_path, arrange(DOCUMENTS, "policy"))
    assert tree(tmp_path) == arrange(DOCUMENTS, "policy")


def test_linked_directories_are_neither_entered_nor_written_through(tmp_path: Path) -> None:
    """What lies behind a link is not below the directory; the directory itself may be a link."""
    real, outside = tmp_path / "real", tmp_path / "outside"
    put(outside, x=MARK)
    real.mkdir()
    (real / "b").symlink_to(outside)
    (tmp_path / "link").symlink_to("real")
    write(tmp_path / "link", arrange(DOCUMENTS[:2], "policy"))
    with pytest.raises(SinkFault, match="/link/b: a symbolic link is in the way"):
        write(tmp_path / "link", arrange(DOCUMENTS, "policy"))
    write(tmp_path / "link", {})
    assert tree(tmp_path / "outside") == {"x.yaml": MARK}
    assert (real / "b").is_symlink()


@pytest.mark.parametrize("namespace", ["..", "", ".", "a/b", "/etc", "a\0", "A", ".git"])
def test_nothing_is_written_outside_of_the_directory(tmp_path: Path, namespace: str) -> None:
    """A namespace that is none cannot lead elsewhere."""
    with pytest.raises(SinkFault, match="not a path for a namespace and a name"):
        write(tmp_path / "out", arrange([(namespace, "one", "x\n")], "policy"))
    with pytest.raises(SinkFault, match="not a path for a namespace and a name"):
        write(tmp_path / "out", arrange([("a", "../x", "x\n")], "policy"))
    assert tree(tmp_path) == {"out/": ""}


def test_modes_follow_the_umask_and_are_kept(tmp_path: Path) -> None:
    """A new file has what the umask leaves of rw-r--r--, a changed one what it had."""
    before = os.umask(0o027)
    try:
        write(tmp_path, {"a/one.yaml": MARK, "a/two.yaml": MARK})
        (tmp_path / "a/two.yaml").chmod(0o664)
        write(tmp_path, {"a/one.yaml": f"{MARK}x\n", "a/two.yaml": f"{MARK}x\n"})
    finally:
        os.umask(before)
    modes = [stat.S_IMODE((tmp_path / path).stat().st_mode) for path in ("a/one.yaml", "a/two.yaml")]
    assert modes == [0o640, 0o664]


def test_differences_are_a_unified_diff(tmp_path: Path) -> None:
    """New, changed and stale files, sorted, each line with its end; nothing is written."""
    write(tmp_path, {"a/one.yaml": f"{MARK}x: 1\n", "a/two.yaml": f"{MARK}x: 2\n", "b/same.yaml": MARK})
    before = tree(tmp_path)
    todo = plan(tmp_path, {"a/two.yaml": f"{MARK}x: 3\n", "b/new.yaml": f"{MARK}last", "b/same.yaml": MARK})
    root = str(tmp_path)
    assert todo.differs
    assert "".join(differences(todo)) == (
        f"--- {root}/a/one.yaml (on disk)\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-{MARK}-x: 1\n"
        f"--- {root}/a/two.yaml (on disk)\n+++ {root}/a/two.yaml (rendered)\n@@ -1,2 +1,2 @@\n {MARK}-x: 2\n+x: 3\n"
        f"--- /dev/null\n+++ {root}/b/new.yaml (rendered)\n@@ -0,0 +1,2 @@\n+{MARK}+last\n"
        "\\ No newline at end of file\n"
    )
    assert tree(tmp_path) == before


def test_differences_part_lines_at_line_feeds_only(tmp_path: Path) -> None:
    """Other separators of Unicode are part of a line."""
    write(tmp_path, {"a.yaml": f"{MARK}x: a\u2028b\x0cc\rd\n"})
    lines = list(differences(plan(tmp_path, {"a.yaml": MARK})))
    assert lines[-1] == "-x: a\u2028b\x0cc\rd\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="permissions are tested by giving up root's")
def test_what_may_not_be_read_or_written_is_a_fault() -> None:
    """Each fault names the path and the reason."""
    root = Path(tempfile.mkdtemp(prefix="maxtac-public-"))
    root.chmod(0o755)
    try:
        write(root, {"a/one.yaml": MARK})
        for mode, path, deed in ((0, "a", "read"), (0o555, "b", "create"), (0, "a/one.yaml", "read")):
            place = root if deed == "create" else root / path
            before = place.stat().st_mode
            place.chmod(mode)
            with unprivileged(), pytest.raises(SinkFault, match=f"^cannot {deed} {root}/{path}: permission denied$"):
                write(root, {"a/one.yaml": MARK, "b/one.yaml": MARK})
            place.chmod(before)
        with unprivileged(), pytest.raises(SinkFault, match=f"^cannot write {root}/a/one.yaml: permission denied$"):
            write(root, {"a/one.yaml": f"{MARK}new\n"})
        with unprivileged(), pytest.raises(SinkFault, match=f"^cannot remove {root}/a/one.yaml: permission denied$"):
            write(root, {})
        assert tree(root) == {"a/one.yaml": MARK}
    finally:
        rmtree(root)


@contextmanager
def unprivileged() -> Iterator[None]:
    """A context in which permissions count."""
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_where_the_directory_should_be_is_a_fault(tmp_path: Path) -> None:
    """For writing and for planning."""
    put(tmp_path, x="theirs")
    with pytest.raises(SinkFault, match=r"^cannot create .*x.yaml: file exists$"):
        write(tmp_path / "x.yaml", {})
    with pytest.raises(SinkFault, match=r"^cannot read .*x.yaml: not a directory$"):
        plan(tmp_path / "x.yaml", {})


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path, monkeypatch) -> None:
    """A full disk leaves the old file, and no temporary one."""
    write(tmp_path, {"a/one.yaml": MARK})

    def full(file, content) -> None:
        file.write(content[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(directory, "_put", full)
    with pytest.raises(SinkFault, match=r"^cannot write .*/a/one\.yaml: no space left on device$"):
        write(tmp_path, {"a/one.yaml": f"{MARK}new\n"})
    assert tree(tmp_path) == {"a/one.yaml": MARK}


def test_temporary_files_of_a_killed_run_go(tmp_path: Path) -> None:
    """Only those that have our name for them, and they are no difference."""
    left = [".maxtac-render-0123456789abcdef.tmp", "a/.maxtac-render-0123456789abcdef.tmp"]
    for path in (*left, ".maxtac-render-mine.tmp"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text("half")
    assert not plan(tmp_path, {}).differs
    assert sorted(write(tmp_path, {}).left_over) == left
    assert tree(tmp_path) == {".maxtac-render-mine.tmp": "half"}


WRITER = """
import sys
from maxtac_render.sinks.directory import MARK, write
root, text, count, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
for turn in range(rounds):
    write(root, {f"ns-{n % 20}/p{n}.yaml": MARK + f"{text}\\n" * 200 for n in range(count)})
"""


def writer(root: Path, text: str, count: int, rounds: int = 1) -> subprocess.Popen[bytes]:
    """Another process that writes many files, each full of one word."""
    return subprocess.Popen([sys.executable, "-c", WRITER, str(root), text, str(count), str(rounds)])


def words(root: Path) -> set[str]:
    """The words of which files are full; a torn file would give an odd one."""
    return {" ".join(sorted(set(place.read_text().removeprefix(MARK).split()))) for place in root.rglob("*.yaml")}


def test_a_killed_run_leaves_every_file_old_or_new(tmp_path: Path) -> None:
    """Killed at any moment, and the next run mends it."""
    write(tmp_path, {f"ns-{n % 20}/p{n}.yaml": MARK + "old\n" * 200 for n in range(1500)})
    mixed = 0
    for _ in range(5):
        process = writer(tmp_path, "new", 2000)
        deadline = time.monotonic() + 20
        while process.poll() is None and "new\n" not in (tmp_path / "ns-0/p0.yaml").read_text():
            assert time.monotonic() < deadline
        time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert words(tmp_path) <= {"old", "new"}
        mixed += words(tmp_path) == {"old", "new"}
        write(tmp_path, {f"ns-{n % 20}/p{n}.yaml": MARK + "old\n" * 200 for n in range(1500)})
        assert words(tmp_path) == {"old"}
        assert len(tree(tmp_path)) == 1500
    assert mixed, "no run was killed in the middle"


def test_two_writers_take_turns(tmp_path: Path) -> None:
    """The directory ends as one of them wants it, and holds no lock file."""
    processes = [writer(tmp_path, "one", 200, 5), writer(tmp_path, "two", 300, 5)]
    assert [process.wait(60) for process in processes] == [0, 0]
    found = words(tmp_path)
    assert found in ({"one"}, {"two"})
    assert len(tree(tmp_path)) == (200 if found == {"one"} else 300)


def test_a_file_system_without_locks_is_written_all_the_same(tmp_path: Path, monkeypatch) -> None:
    """So are systems whose Python has no fcntl."""
    import fcntl  # noqa: PLC0415 - the test is about its absence

    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    write(tmp_path, {"a/one.yaml": MARK})
    monkeypatch.setitem(sys.modules, "fcntl", None)
    write(tmp_path, {"a/two.yaml": MARK})
    assert tree(tmp_path) == {"a/two.yaml": MARK}
