"""Commits as sources: the object store is read, and nothing else happens."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from maxtac_render.model.errors import SourceFault
from maxtac_render.model.objects import Origin
from maxtac_render.sources import Input, Location, git, history


def test_a_commit_is_read_and_not_the_working_tree(repository, read) -> None:
    """Changes since, and files that were never committed, do not show."""
    commit = repository.commit(a="one", d__b="two")
    repository.write(a="changed", c="new")
    assert read("git:HEAD") == [
        Input("git:HEAD:a.yaml", b"one", False, Location("a.yaml", commit)),
        Input("git:HEAD:d/b.yaml", b"two", False, Location("d/b.yaml", commit)),
    ]


@pytest.mark.parametrize("revision", ["main", "HEAD~1", "HEAD^{/first}", "HEAD@{2030-01-01 12:00:00}~1", "v1"])
def test_revisions_are_whatever_git_takes(repository, read, revision: str) -> None:
    """Also those with colons in braces, which do not begin the path."""
    repository.commit(message="first", d__a="1")
    repository.git("tag", "-a", "-m", "t", "v1")
    repository.commit(message="second", b="2")
    assert f"git:{revision}:d/a.yaml" in read.paths(f"git:{revision}:d")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("git:HEAD", ["a.yaml", "d/b.yaml", "d/e/c.yml"]),
        ("git:HEAD:", ["a.yaml", "d/b.yaml", "d/e/c.yml"]),
        ("git:HEAD:.", ["d/b.yaml", "d/e/c.yml"]),
        ("git:HEAD:./e", ["d/e/c.yml"]),
        ("git:HEAD:..", ["a.yaml", "d/b.yaml", "d/e/c.yml"]),
        ("git:HEAD:../a.yaml", ["a.yaml"]),
        ("git:HEAD:d", ["d/b.yaml", "d/e/c.yml"]),
        ("git:HEAD:d/", ["d/b.yaml", "d/e/c.yml"]),
        ("git:HEAD:d/e", ["d/e/c.yml"]),
        ("git:HEAD:d/note.txt", ["d/note.txt"]),
        ("git:HEAD:.x", [".x/h.yaml"]),
    ],
)
def test_paths_begin_at_the_root_or_with_a_dot(repository, read, monkeypatch, source, expected) -> None:
    """A path is relative to the repository, or with a leading dot to the working directory."""
    (repository.root / "d/e").mkdir(parents=True)
    (repository.root / "d/note.txt").write_text("n")
    (repository.root / "d/e/c.yml").write_text("c")
    repository.commit(a="1", d__b="2", **{".x__h": "3", "vendor__v": "4"})
    monkeypatch.chdir(repository.root / "d")
    found = read(source)
    assert [one.path for one in found] == [f"git:HEAD:{path}" for path in expected]
    assert {one.named for one in found} == {source.endswith((".yaml", ".txt"))}


def test_the_rules_for_files_hold_below_the_path(repository, read) -> None:
    """Exclusions are relative to the path, and hidden names and vendored directories are passed over."""
    repository.commit(d__a="1", d__x__a="2", d__vendor__a="3", d__x__b="4", d__y__z__c="5", **{"d__.h__a": "6"})
    assert read.paths("git:HEAD:d", ["/x/a.yaml", "y/"]) == ["git:HEAD:d/a.yaml", "git:HEAD:d/x/b.yaml"]
    assert read.paths("git:HEAD:d/vendor") == ["git:HEAD:d/vendor/a.yaml"]


def test_a_bare_repository_has_commits_too(repository, read, monkeypatch) -> None:
    """No working tree is needed."""
    repository.commit(d__a="1")
    repository.git("clone", "--quiet", "--bare", ".", "../bare.git")
    monkeypatch.chdir(repository.root.parent / "bare.git")
    assert read.paths("git:main") == ["git:main:d/a.yaml"]


def test_links_and_submodules_are_not_followed(repository, read) -> None:
    """A link that looks like input is reported; a submodule is another repository."""
    other = repository.commit(real__a="1")
    (repository.root / "a.yaml").symlink_to("real/a.yaml")
    (repository.root / "note").symlink_to("real/a.yaml")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{other},sub")
    (repository.root / "sub").mkdir()
    repository.commit()
    assert read.paths("git:HEAD") == ["git:HEAD:real/a.yaml"]
    assert read.findings == [("git:HEAD:a.yaml", "skipped-link")]
    with pytest.raises(SourceFault, match=r"^cannot read git:HEAD:a\.yaml: a symbolic link in Git$"):
        read("git:HEAD:a.yaml")
    with pytest.raises(SourceFault, match=r"^cannot read git:HEAD:sub: a submodule in Git$"):
        read("git:HEAD:sub")


def test_odd_names_are_read(repository, read) -> None:
    """Names with colons, globs, quotes and bytes that are no UTF-8 come out of Git whole."""
    names = [b":(top)a.yaml", b"*.yaml", b'"q".yaml', b"b\xff.yaml", b"n\n.yaml", b"-x.yaml", b"d:e/a.yaml"]
    for name in names:
        place = repository.root / os.fsdecode(name)
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(name)
    repository.commit()
    assert sorted(found.data for found in read("git:HEAD")) == sorted(names)
    assert read("git:HEAD:*.yaml")[0].data == b"*.yaml"
    assert read("git:HEAD::(top)a.yaml")[0].data == b":(top)a.yaml"
    assert read("git:HEAD:d:e/a.yaml")[0].data == b"d:e/a.yaml"


def test_many_large_blobs_come_through_one_pipe(repository, read) -> None:
    """More answers than a pipe holds, in one process and without a standstill."""
    for number in range(300):
        repository.write(**{f"f{number:03}": f"{number}\n" * 20_000})
    repository.commit(empty="")
    found = read("git:HEAD")
    assert [one.data for one in found] == [b"", *(f"{number}\n".encode() * 20_000 for number in range(300))]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("git:", "cannot read git:: no revision; write git:REV or git:REV:PATH"),
        ("git::a.yaml", "cannot read git::a.yaml: no revision; write git:REV or git:REV:PATH"),
        ("git:--help", "cannot read git:--help: no revision; write git:REV or git:REV:PATH"),
        ("git:nope", "cannot read git:nope: no such revision (git: Needed a single revision)"),
        ("git:HEAD..HEAD", "cannot read git:HEAD..HEAD: no such revision (git: Needed a single revision)"),
        ("git:^HEAD", "cannot read git:^HEAD: no single revision"),
        ("git:HEAD:nope", "cannot read git:HEAD:nope: no path nope in HEAD"),
        ("git:HEAD:A.yaml", "cannot read git:HEAD:A.yaml: no path A.yaml in HEAD"),
        ("git:HEAD:a.yaml/x", "cannot read git:HEAD:a.yaml/x: no path a.yaml/x in HEAD"),
        ("git:HEAD:../x", "cannot read git:HEAD:../x: the path leads out of the repository"),
        ("git:HEAD:/etc", "cannot read git:HEAD:/etc: the path leads out of the repository"),
    ],
)
def test_unknown_revisions_and_paths_are_faults(repository, read, source: str, message: str) -> None:
    """Each says what is wrong, in one line; nothing that looks like an option reaches Git."""
    repository.commit(a="1")
    with pytest.raises(SourceFault, match=f"^{re.escape(message)}$"):
        read(source)


def test_outside_of_a_repository_git_says_so(tmp_path: Path, read, monkeypatch) -> None:
    """Git's own first line is passed on."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(SourceFault, match=r"^cannot read git:HEAD: not a git repository"):
        read("git:HEAD")


def test_a_repository_without_commits_has_no_head(repository, read) -> None:  # noqa: ARG001 - it is the working directory
    """An unborn branch is no revision."""
    with pytest.raises(SourceFault, match="no such revision"):
        read("git:HEAD")


def test_a_machine_without_git_says_so(repository, read, monkeypatch) -> None:
    """The missing program is named."""
    repository.commit(a="1")
    monkeypatch.setenv("PATH", str(repository.root))
    with pytest.raises(SourceFault, match=r"^cannot read git:HEAD: git is not installed$"):
        read("git:HEAD")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give the repository to somebody else")
def test_somebody_elses_repository_is_refused_by_git(repository, read) -> None:
    """Dubious ownership stays Git's decision, and its words."""
    repository.commit(a="1")
    for place in (repository.root, repository.root / ".git"):
        os.chown(place, 65534, 65534)
    with pytest.raises(SourceFault, match=r"^cannot read git:HEAD: detected dubious ownership"):
        read("git:HEAD")


def test_a_missing_object_is_a_fault(repository, read) -> None:
    """A broken repository does not look like an emptier one."""
    repository.commit(a="1", b="2")
    blob = repository.git("rev-parse", "HEAD:b.yaml")
    (repository.root / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(SourceFault, match=rf"object {blob} of b\.yaml is missing"):
        read("git:HEAD")


def test_a_truncated_object_is_a_fault(repository, read) -> None:
    """What Git cannot read to the end is not passed on."""
    repository.commit(a="line\n" * 100_000)
    blob = repository.git("rev-parse", "HEAD:a.yaml")
    place = repository.root / ".git/objects" / blob[:2] / blob[2:]
    place.chmod(0o644)
    place.write_bytes(place.read_bytes()[:-20])
    with pytest.raises(SourceFault, match="missing or broken"):
        read("git:HEAD")


def test_objects_are_never_fetched(repository, read, monkeypatch) -> None:
    """A partial clone lacks blobs; reading one is a fault and starts no transport."""
    repository.commit(a="1", b="2")
    repository.git("config", "uploadpack.allowFilter", "true")
    url = f"file://{repository.root}"
    repository.git("clone", "--quiet", "--no-checkout", "--filter=blob:none", url, "../partial")
    partial = repository.root.parent / "partial"
    spy, fetched = spy_in(partial)
    subprocess.run(["git", "config", "remote.origin.uploadpack", str(spy)], cwd=partial, check=True)
    monkeypatch.chdir(partial)
    with pytest.raises(SourceFault, match=r"of a\.yaml is missing"):
        read("git:HEAD")
    assert not fetched.exists()


def test_a_blob_over_the_limit_is_a_fault(repository, read, monkeypatch) -> None:
    """The size is known before the contents, and judged there."""
    repository.commit(a="123456")
    monkeypatch.setattr(git, "LONGEST", 5)
    with pytest.raises(SourceFault, match=r"a\.yaml: longer than"):
        read("git:HEAD")


def spy_in(directory: Path) -> tuple[Path, Path]:
    """A program that leaves a trace when it runs, and the trace."""
    spy, trace = directory / ".git/spy", directory / ".git/trace"
    spy.write_text(f"#!/bin/sh\ntouch {trace}\ncat\n")
    spy.chmod(0o755)
    return spy, trace


HOSTILE = {
    "core.fsmonitor": "{spy}",
    "core.pager": "{spy}",
    "core.hooksPath": "{hooks}",
    "core.editor": "{spy}",
    "core.sshCommand": "{spy}",
    "core.askPass": "{spy}",
    "pager.blame": "true",
    "diff.external": "{spy}",
    "diff.evil.textconv": "{spy}",
    "diff.evil.command": "{spy}",
    "filter.evil.clean": "{spy}",
    "filter.evil.smudge": "{spy}",
    "filter.evil.required": "true",
    "filter.other.EVIL.process": "{spy}",
}


def make_hostile(repository, attributes: str) -> Path:
    """Give a repository a configuration that runs a program wherever Git lets it; the trace tells that it ran."""
    spy, trace = spy_in(repository.root)
    hooks = repository.root / ".git/evil-hooks"
    hooks.mkdir()
    for hook in ("post-index-change", "reference-transaction", "post-checkout", "query-watchman"):
        (hooks / hook).symlink_to(spy)
    for key, value in HOSTILE.items():
        repository.git("config", key, value.format(spy=spy, hooks=hooks))
    (repository.root / ".git/info").mkdir(exist_ok=True)
    (repository.root / ".git/info/attributes").write_text(f"*.yaml {attributes}\n")
    return trace


@pytest.mark.parametrize("attributes", ["filter=evil diff=evil", "filter=other.EVIL"])
def test_the_repositorys_configuration_runs_nothing(repository, read, attributes: str) -> None:
    """Hooks, monitors, filters, converters and pagers of a stranger's repository stay still."""
    repository.commit(a="1\n2\n")
    trace = make_hostile(repository, attributes)
    (found,) = read("git:HEAD")
    (checked_out,) = read("a.yaml")
    locations = {one.path: one.location for one in (found, checked_out)}
    for one in (found, checked_out):
        moment = history.History(locations).anchor(Origin(one.path), (1, 2))
        assert moment.timestamp() == 1_000_000_000
    assert not trace.exists()


@pytest.mark.parametrize("attributes", ["filter=evil", "filter=other.EVIL"])
def test_that_configuration_would_run_programs(repository, attributes: str) -> None:
    """Without the precautions a plain blame runs the program, so the test above can fail."""
    repository.commit(a="1\n2\n")
    trace = make_hostile(repository, attributes)
    subprocess.run(["git", "blame", "a.yaml"], check=False, capture_output=True)
    assert trace.exists()
