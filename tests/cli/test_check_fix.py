"""``maxtac check --fix``: what is mended, what is written, and what is left alone."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from maxtac_render.cli import mending, program

SAFE = """\
# who may call the shop
apiVersion: maxtac.vtk.io/v1alpha1
kind: Access
metadata:
  name: web-in    # for ever
  namespace: shop
spec:
  serviceSelector:
    matchLabels:
      public: yes # quoted nowhere
  targets:
  - {serviceName: cart, namespace: shop}
  direction: Ingress
---
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
  labels:
    public: "yes"
spec:
  selector: {app: web}
  ports: [{port: 80}]
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec:
  selector: {app: cart}
  ports: [{port: 80}]
"""
MENDED = SAFE.replace("public: yes #", 'public: "yes" #').replace("Ingress", "ingress")
UNSAFE = SAFE.replace("kind: Access", "kind: Access # of old").replace(
    "  namespace: shop\nspec:", "spec:\n  mirrored: true", 1
)
NOW = ("--now", "2027-01-01T00:00:00Z")


def run(*arguments: str, stdin: str | bytes = "") -> Result:
    return CliRunner().invoke(program.program, ["check", *NOW, *arguments], input=stdin, prog_name="maxtac")


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with two findings that can be mended, alone in the working directory."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "shop.yaml"
    path.write_text(SAFE)
    return path


def test_what_can_be_mended_is_counted() -> None:
    """A check says how many of its findings have a mend."""
    assert run().stdout.endswith("\n2 warnings; 2 can be mended with --fix\n")


def test_fix_mends_in_place(file: Path) -> None:
    """Safe mends are made in the file, the rest of it stays byte for byte, and a remark says how many."""
    result = run("--fix")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "2 findings mended, 0 left\n")
    assert file.read_text() == MENDED


def test_twice_changes_nothing_more(file: Path) -> None:
    """After a fix there is nothing to fix, and the file is not even written."""
    run("--fix")
    before = file.stat()
    assert run("--fix").stderr == "0 findings mended, 0 left\n"
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert run("--diff").exit_code == 0


def test_diff_writes_nothing(file: Path) -> None:
    """A diff shows the mends on standard output, leaves the file, and is exit code 1."""
    result = run("--diff")
    assert (result.exit_code, result.stderr) == (1, "2 findings would be mended, 0 left\n")
    assert result.stdout.startswith("--- shop.yaml\n+++ shop.yaml (mended)\n@@ ")
    assert [line for line in result.stdout.splitlines()[2:] if line[0] in "+-"] == [
        "-      public: yes # quoted nowhere",
        '+      public: "yes" # quoted nowhere',
        "-  direction: Ingress",
        "+  direction: ingress",
    ]
    assert file.read_text() == SAFE


def test_a_diff_can_be_applied(file: Path) -> None:
    """What the diff shows is what fix does."""
    file.write_text(SAFE.removesuffix("\n"))
    patch = run("--diff").stdout
    subprocess.run(("patch", "-s", str(file)), input=patch, text=True, check=True, timeout=60)
    patched = file.read_text()
    file.write_text(SAFE.removesuffix("\n"))
    run("--fix")
    assert file.read_text() == patched


def test_unsafe_mends_are_asked_for(file: Path) -> None:
    """What changes the meaning is mended on request only, and what that brings to light is mended too."""
    file.write_text(UNSAFE)
    assert run().stdout.endswith("; 1 can be mended with --unsafe-fixes\n")
    result = run("--fix")
    assert (result.exit_code, result.stderr) == (1, "0 findings mended, 1 left, 1 of them for --unsafe-fixes\n")
    assert file.read_text() == UNSAFE
    result = run("--fix", "--unsafe-fixes")
    assert "kind: ClusterAccess # of old\n" in file.read_text()
    assert 'public: "yes" # quoted nowhere\n' in file.read_text()
    assert "direction: ingress\n" in file.read_text()
    assert result.stderr.startswith("3 findings mended, ")


def test_what_is_left_is_told(file: Path) -> None:
    """Findings without a mend are the output, and decide the exit code."""
    file.write_text(SAFE.replace("serviceName: cart", "serviceName: crat"))
    result = run("--fix")
    assert result.exit_code == 1
    assert result.stdout.startswith("error[missing-target]")
    assert "direction-case" not in result.stdout
    assert result.stderr == "2 findings mended, 1 left\n"


def test_standard_input_is_mended_to_standard_output() -> None:
    """Standard input comes out mended, or as it was, and findings are on standard error."""
    result = run("--fix", "-", stdin=SAFE)
    assert result.stdout == MENDED
    text = MENDED.replace("serviceName: cart", "serviceName: crat")
    result = run("--fix", "-", stdin=text)
    assert (result.exit_code, result.stdout) == (1, text)
    assert result.stderr.startswith("error[missing-target]")
    raw = text.encode("utf-16")
    assert run("--fix", "-", "-q", stdin=raw).stdout_bytes == raw
    assert run("--diff", "-", stdin=SAFE).stdout.startswith("--- <stdin>\n+++ <stdin> (mended)\n")


def test_commits_are_left(file: Path) -> None:
    """What was read from a commit is checked and not mended."""
    identity = {f"GIT_{role}_{part}": "x" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    for arguments in (("init", "-q"), ("add", "."), ("commit", "-qm", "x")):
        subprocess.run(("git", *arguments), check=True, env={**os.environ, **identity}, timeout=60)
    result = run("--fix", "git:HEAD")
    assert "direction-case" in result.stdout
    assert result.stderr == "0 findings mended, 2 left\n"
    assert run("git:HEAD").stdout.endswith("\n2 warnings\n")
    assert file.read_text() == SAFE


def test_modes_and_links_stay(file: Path, tmp_path: Path) -> None:
    """A mended file has its old mode, and a link to it is still a link."""
    real = tmp_path / "real.yaml"
    file.rename(real)
    real.chmod(0o640)
    file.symlink_to("real.yaml")
    run("--fix", "shop.yaml")
    assert file.is_symlink()
    assert real.read_text() == MENDED
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["real.yaml", "shop.yaml"]


def test_line_ends_stay(file: Path) -> None:
    """Carriage returns and a missing last line feed stay as they were."""
    text = SAFE.removesuffix("\n").replace("\n", "\r\n").encode()
    file.write_bytes(text)
    run("--fix")
    assert file.read_bytes() == MENDED.removesuffix("\n").replace("\n", "\r\n").encode()


def test_a_file_that_changes_meanwhile_is_left(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else's edit is not overwritten: nothing is written at all, and the exit code is 2."""
    other = file.with_name("other.yaml")
    other.write_text(SAFE.replace("name: web-in", "name: other"))
    mend = mending.mend

    def interrupted(*arguments: object) -> mending.Mended:
        mended = mend(*arguments)  # type: ignore[arg-type]
        file.write_text("# mine\n")
        return mended

    monkeypatch.setattr(mending, "mend", interrupted)
    result = run("--fix")
    assert result.exit_code == 2
    assert "shop.yaml has changed while it was being mended; nothing was written" in result.stderr
    assert file.read_text() == "# mine\n"
    assert "Ingress" in other.read_text()


def test_a_mend_that_cannot_be_made_is_told(file: Path) -> None:
    """Where an edit would change more than the finding, the file is left and the reason is said."""
    shared = SAFE.replace("direction: Ingress", "direction: *word").replace(
        "# for ever", "\n  labels: {a: &word Ingress}"
    )
    file.write_text(shared)
    result = run("--fix", "--severity", "unquoted-value=off")
    assert result.stdout.startswith("warning[direction-case]")
    assert result.stderr.startswith("shop.yaml:6: direction-case not mended: ")
    assert result.stderr.endswith("\n0 findings mended, 1 left\n")
    assert file.read_text() == shared


def test_ignored_findings_are_not_mended(file: Path) -> None:
    """What a comment ignores stays as it is."""
    file.write_text(SAFE.replace("direction: Ingress", "direction: Ingress # maxtac: ignore[direction-case] as ever"))
    assert run("--fix").stderr == "1 finding mended, 0 left\n"
    assert "direction: Ingress #" in file.read_text()


def test_quiet_says_nothing_of_mends() -> None:
    """Quiet leaves the remark out."""
    assert run("--fix", "-q").output == ""


def test_reports_tell_what_is_left(file: Path) -> None:
    """A report of a fix holds what remains."""
    run("--fix", "--report", "text=left.txt")
    assert (file.parent / "left.txt").read_text() == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--unsafe-fixes",), "--unsafe-fixes adds to --fix or --diff"),
        (("--diff", "--report", "json"), "it excludes --report"),
    ],
)
def test_options_that_make_no_sense(arguments: tuple[str, ...], message: str) -> None:
    """Options that need each other, or exclude each other, are wrong usage."""
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
