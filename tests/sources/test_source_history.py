"""The newest commit among lines, as the moment from which durations count."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from maxtac_render.model.errors import HistoryFault
from maxtac_render.model.objects import Origin
from maxtac_render.sources import STDIN, Location, history
from maxtac_render.sources.history import History

DAY = 86_400
FIRST, SECOND, THIRD = 1_000_000_000, 1_000_000_000 + DAY, 1_000_000_000 + 2 * DAY


def anchored(found, lines: tuple[int, int] = (1, 1)) -> int:
    """The anchor of lines of the one input, in seconds."""
    (one,) = found
    return int(History({one.path: one.location}).anchor(Origin(one.path), lines).timestamp())


def three_commits(repository) -> None:
    """A file whose second line is changed first, whose fourth line last."""
    repository.commit(FIRST, a="1\n2\n3\n4\n5\n")
    repository.commit(THIRD, a="1\n2\n3\nnew\n5\n")
    repository.commit(SECOND, a="1\nnew\n3\nnew\n5\n")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [((1, 1), FIRST), ((1, 2), SECOND), ((3, 3), FIRST), ((3, 5), THIRD), ((1, 5), THIRD), ((5, 9), FIRST)],
)
def test_the_newest_commit_of_the_lines_counts(repository, read, lines, expected) -> None:
    """Neither the newest commit of the file nor the last one made, and the committer's time, not the author's."""
    three_commits(repository)
    assert anchored(read("a.yaml"), lines) == expected


def test_no_commit_is_ignored(repository, read) -> None:
    """A configured list of commits that blame shall look through does not make access older or younger."""
    three_commits(repository)
    (repository.root / ".git/ignored").write_text(repository.git("rev-parse", "HEAD~1"))
    repository.git("config", "blame.ignoreRevsFile", ".git/ignored")
    assert "ignored" in repository.git("config", "--list")
    assert anchored(read("a.yaml"), (4, 4)) == THIRD


def test_the_moment_is_in_utc(repository, read) -> None:
    """Whatever time zone the committer was in."""
    repository.commit(FIRST, a="1\n")
    (found,) = read("a.yaml")
    moment = History({found.path: found.location}).anchor(Origin(found.path), (1, 1))
    assert moment == datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)
    assert moment.tzinfo is UTC


def test_a_file_is_blamed_once(repository, read, monkeypatch) -> None:
    """Many resources in one file cost one blame."""
    repository.commit(FIRST, a="1\n" * 100)
    (found,) = read("a.yaml")
    past = History({found.path: found.location})
    past.anchor(Origin(found.path), (1, 3))
    monkeypatch.setattr(history, "run", lambda *_: pytest.fail("git ran again"))
    assert all(past.anchor(Origin(found.path, number), (number, number)) for number in range(1, 101))


def test_a_revision_is_blamed_at_that_revision(repository, read) -> None:
    """What came later does not count."""
    repository.commit(FIRST, a="1\n2\n")
    repository.commit(SECOND, a="new\n2\n")
    repository.write(a="newer\n2\n")
    assert anchored(read("git:HEAD:a.yaml")) == SECOND
    assert anchored(read("git:HEAD~1:a.yaml")) == FIRST


@pytest.mark.parametrize("source", ["git:HEAD:d/a.yaml", "git:HEAD:./a.yaml", "a.yaml", "../d/a.yaml", "."])
def test_the_working_directory_may_lie_below_the_root(repository, read, monkeypatch, source: str) -> None:
    """Paths are found from a subdirectory too."""
    repository.commit(FIRST, d__a="1\n")
    monkeypatch.chdir(repository.root / "d")
    assert anchored(read(source)) == FIRST


def test_the_working_directory_need_not_be_a_repository(repository, read, monkeypatch, tmp_path: Path) -> None:
    """An absolute path finds its own repository."""
    repository.commit(FIRST, d__a="1\n")
    monkeypatch.chdir(tmp_path)
    assert anchored(read(str(repository.root))) == FIRST
    assert anchored(read("repository/d/a.yaml")) == FIRST


def test_a_bare_repository_has_history(repository, read, monkeypatch) -> None:
    """No working tree is needed for a revision."""
    repository.commit(FIRST, d__a="1\n")
    repository.git("clone", "--quiet", "--bare", ".", "../bare.git")
    monkeypatch.chdir(repository.root.parent / "bare.git")
    assert anchored(read("git:main")) == FIRST


def test_links_lead_to_the_history_of_their_target(repository, read, tmp_path: Path) -> None:
    """A linked directory or file is blamed where it really lies."""
    repository.commit(FIRST, d__a="1\n")
    (tmp_path / "link").symlink_to(repository.root / "d")
    (tmp_path / "other.yaml").symlink_to(repository.root / "d/a.yaml")
    assert anchored(read(f"{tmp_path}/link")) == FIRST
    assert anchored(read(f"{tmp_path}/link/a.yaml")) == FIRST
    assert anchored(read(f"{tmp_path}/other.yaml")) == FIRST


def test_each_file_has_the_history_of_its_own_repository(repository, read, monkeypatch) -> None:
    """A repository in a repository is its own, also in a hook that names another one."""
    repository.commit(FIRST, a="1\n")
    inner = type(repository)(repository.root / "inner")
    inner.commit(SECOND, b="1\n")
    for name, value in (("GIT_DIR", "nowhere"), ("GIT_INDEX_FILE", "nowhere"), ("GIT_WORK_TREE", "/")):
        monkeypatch.setenv(name, value)
    found = read(".")
    past = History({one.path: one.location for one in found})
    moments = [past.anchor(Origin(one.path), (1, 1)).timestamp() for one in found]
    assert [one.path for one in found] == ["a.yaml", "inner/b.yaml"]
    assert moments == [FIRST, SECOND]


def test_a_hook_may_name_the_repository_of_a_revision(repository, read, monkeypatch, tmp_path: Path) -> None:
    """``git:`` in a server's hook reads the repository that the hook runs for."""
    repository.commit(FIRST, a="1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_DIR", str(repository.root / ".git"))
    assert anchored(read("git:HEAD")) == FIRST


def test_uncommitted_lines_have_no_moment(repository, read) -> None:
    """Only the lines that changed; what was committed keeps its time."""
    repository.commit(FIRST, a="1\n2\n3\n")
    repository.write(a="0\n1\nnew\n3\n")
    assert anchored(read("a.yaml"), (2, 2)) == FIRST
    with pytest.raises(HistoryFault, match=r"^a\.yaml:3 is not committed, .*; commit the file$"):
        anchored(read("a.yaml"), (2, 4))
    repository.git("add", "--all")
    with pytest.raises(HistoryFault, match=r"^a\.yaml:1 is not committed"):
        anchored(read("a.yaml"), (1, 1))


def test_an_untracked_file_has_no_history(repository, read) -> None:
    """The message says what to do."""
    repository.commit(FIRST, a="1\n")
    repository.write(b="1\n")
    with pytest.raises(HistoryFault, match=r"^b\.yaml has no history in Git \(no such path.*\); commit it"):
        anchored(read("b.yaml"))


def test_a_repository_without_commits_has_no_history(repository, read) -> None:
    """Nothing was ever committed."""
    repository.write(b="1\n")
    with pytest.raises(HistoryFault, match=r"^b\.yaml has no history in Git"):
        anchored(read("b.yaml"))


def test_a_file_in_no_repository_has_no_history(tmp_path: Path, read, monkeypatch) -> None:
    """Git's own words are passed on."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "a.yaml").write_text("1\n")
    with pytest.raises(HistoryFault, match=r"has no history in Git .not a git repository"):
        anchored(read(f"{tmp_path}/a.yaml"))


def test_standard_input_has_no_history(read) -> None:
    """It cannot have any, and an unknown path has none either."""
    with pytest.raises(HistoryFault, match=r"^<stdin> has no history in Git; name a file"):
        anchored(read("-", stdin=b"1\n"))
    with pytest.raises(HistoryFault, match=r"^elsewhere has no history"):
        History({STDIN: None}).anchor(Origin("elsewhere"), (1, 1))


@pytest.mark.parametrize("source", ["a.yaml", "git:HEAD"])
def test_a_shallow_clone_is_refused(repository, read, monkeypatch, source: str) -> None:
    """There every line looks new, and access would be renewed with each clone."""
    three_commits(repository)
    repository.git("clone", "--quiet", "--depth=1", f"file://{repository.root}", "../shallow")
    monkeypatch.chdir(repository.root.parent / "shallow")
    with pytest.raises(HistoryFault, match=r"is cut \(shallow clone\).*git fetch --unshallow.*fetch-depth: 0$"):
        anchored(read(source))


def test_a_commit_message_cannot_pose_as_a_time(repository, read) -> None:
    """Carriage returns in a message end no line of Git's answer."""
    repository.commit(FIRST, message="x\rcommitter-time 4000000000\r\ny", a="1\n2\n")
    repository.commit(SECOND, message=f"{'a' * 40} 1 1 1\ncommitter-time 4000000000", a="1\n3\n")
    assert anchored(read("a.yaml"), (1, 2)) == SECOND


def test_windows_line_ends_are_no_change(repository, read) -> None:
    """A checkout that translates line ends counts as committed."""
    repository.commit(FIRST, a="1\n2\n")
    repository.git("config", "core.autocrlf", "true")
    (repository.root / "a.yaml").write_bytes(b"1\r\n2\r\n")
    assert anchored(read("a.yaml"), (1, 2)) == FIRST


def test_odd_names_have_history(repository, read) -> None:
    """Names that look like options or patterns, and bytes that are no UTF-8."""
    names = [b"-x.yaml", b":(top)y.yaml", b"*.yaml", b"b\xff.yaml"]
    for name in names:
        (repository.root / os.fsdecode(name)).write_bytes(name + b"\n")
    repository.commit(FIRST)
    found = [*read("."), *read("git:HEAD")]
    past = History({one.path: one.location for one in found})
    assert {past.anchor(Origin(one.path), (1, 1)).timestamp() for one in found} == {FIRST}
    assert len(found) == 8


def test_settings_from_the_environment_stay(repository, read, monkeypatch) -> None:
    """Ours are added to those that the caller hands to Git."""
    repository.commit(FIRST, a="1\n")
    for name, value in (("COUNT", "1"), ("KEY_0", "filter.x.clean"), ("VALUE_0", "false")):
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    (repository.root / ".git/info/attributes").write_text("*.yaml filter=x\n")
    assert anchored(read("a.yaml")) == FIRST
    assert isinstance(read("a.yaml")[0].location, Location)
