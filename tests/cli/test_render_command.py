"""``maxtac render`` from the outside: what goes where, and with which exit code."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest
import yaml

from maxtac_render import compiler
from maxtac_render.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

INPUT = """\
apiVersion: maxtac.vtk.io/v1alpha1
kind: Access
metadata:
  name: web-in
  namespace: shop
spec:
  serviceSelector:
    matchLabels:
      app: web
  targets:
  - serviceName: {target}
    namespace: shop
  direction: ingress
---
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
  labels:
    app: web
spec:
  selector:
    app: web
  ports:
  - port: 80
    targetPort: 8080
---
apiVersion: v1
kind: Service
metadata:
  name: cart
  namespace: shop
spec:
  selector:
    app: cart
  ports:
  - port: 80
    targetPort: 8080
"""
POLICY = "web-in--shop-web---cart-shop-ing"
COMMAND = (sys.executable, "-m", "maxtac_render", "render")


class Ended(NamedTuple):
    """A run that has ended."""

    code: int
    output: str
    errors: str


def run(*arguments: str, stdin: str = "", cwd: Path | None = None, **environment: str) -> Ended:
    env = {name: text for name, text in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}}
    ended = subprocess.run(
        (*COMMAND, *arguments),
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=cwd,
        env={**env, **environment},
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


@pytest.fixture
def clean(tmp_path: Path) -> str:
    """A directory without findings."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "web.yaml").write_text(INPUT.format(target="cart"))
    return str(tmp_path / "in")


@pytest.fixture
def faulty(tmp_path: Path) -> str:
    """A directory with an error."""
    (tmp_path / "faulty").mkdir()
    (tmp_path / "faulty" / "web.yaml").write_text(INPUT.format(target="payments"))
    return str(tmp_path / "faulty")


def test_yaml_is_the_default(clean: str) -> None:
    """Clean input gives YAML on standard output, nothing on stderr, and 0."""
    code, output, errors = run(clean)
    assert (code, errors) == (0, "")
    (policy,) = yaml.safe_load_all(output)
    assert policy["metadata"]["name"] == POLICY


def test_documents_are_separated(walkthrough: str) -> None:
    """A stream has a separator between two documents, and none before the first or after the last."""
    output = run(walkthrough).output
    assert not output.startswith("---")
    assert output.count("\n---\n") == 9
    assert len(list(yaml.safe_load_all(output))) == 10


def test_json_is_a_list(walkthrough: str) -> None:
    """JSON is a List as kubectl prints it, with the policies that YAML has."""
    code, output, _ = run(walkthrough, "-o", "json")
    found = json.loads(output)
    assert (code, found["apiVersion"], found["kind"]) == (0, "v1", "List")
    assert found["items"] == list(yaml.safe_load_all(run(walkthrough).output))
    assert output == json.dumps(found, indent=2) + "\n"


def test_jsonl_is_one_object_a_line(walkthrough: str) -> None:
    """JSON lines are the same objects, compact."""
    lines = run(walkthrough, "-o", "jsonl").output.splitlines()
    assert [json.loads(line) for line in lines] == json.loads(run(walkthrough, "-o", "json").output)["items"]
    assert all(": " not in line for line in lines)


@pytest.mark.parametrize(("output", "empty"), [("yaml", ""), ("jsonl", ""), ("name", ""), ("wide", "")])
def test_nothing_to_print(output: str, empty: str) -> None:
    """Where nothing comes out and that is tolerated, the formats are empty."""
    ended = run("-", "-o", output, "--severity", "no-intents=off")
    assert ended == Ended(0, empty, "")


def test_an_empty_list_is_a_list() -> None:
    """JSON is a List also of nothing."""
    output = run("-", "-o", "json", "--severity", "no-intents=off").output
    assert json.loads(output) == {"apiVersion": "v1", "kind": "List", "items": []}


def test_names(clean: str) -> None:
    """Names are as kubectl prints them."""
    assert run(clean, "-o", "name").output == f"networkpolicy.networking.k8s.io/{POLICY}\n"


def test_wide(clean: str) -> None:
    """The table says which pods, what is isolated, who may come in, and who wanted it."""
    header, row = run(clean, "-o", "wide").output.splitlines()
    assert (
        header == "NAMESPACE   NAME                               PODS      ISOLATES   ALLOWS                    SOURCE"
    )
    assert re.split(" {2,}", row) == [
        "shop",
        POLICY,
        "app=web",
        "ingress",
        "from shop/cart 8080/TCP",
        "Access/shop/web-in",
    ]


def test_wide_names_the_other_side_of_mirrors(walkthrough: str) -> None:
    """A mirror allows the Service that it mirrors."""
    output = run(walkthrough, "-o", "wide").output
    (row,) = (line for line in output.splitlines() if "ombi-ombi---ombi-postgres-ombi-all-mirror" in line)
    assert "from ombi/postgres-ombi 3579/TCP; to ombi/postgres-ombi 5432/TCP" in row
    assert row.endswith("ClusterAccess/access-sample")


def test_sources_may_be_many_and_none(clean: str, walkthrough: str) -> None:
    """All sources are one input; without one it is the working directory."""
    from pathlib import Path  # noqa: PLC0415 - for types only elsewhere

    assert run(cwd=Path(clean)).output == run(clean).output
    assert len(run(clean, walkthrough, "-o", "name").output.splitlines()) == 11


def test_standard_input() -> None:
    """A dash is standard input, and findings in it say so."""
    assert run("-", stdin=INPUT.format(target="cart")).code == 0
    assert " --> <stdin>:11:" in run("-", stdin=INPUT.format(target="payments")).errors


def test_errors_withhold_everything(faulty: str) -> None:
    """An error is explained on stderr, standard output stays empty, and the exit code is 1."""
    code, output, errors = run(faulty)
    assert (code, output) == (1, "")
    assert errors.startswith("error[missing-target]: target shop/payments not found; rule left out\n")
    assert "11 |   - serviceName: payments\n" in errors
    assert errors.endswith("\n1 error; nothing rendered\n")


def test_severities_tolerate(faulty: str) -> None:
    """A finding that is made a warning is still said, and no longer in the way."""
    code, output, errors = run(faulty, "--severity", "missing-target=warning")
    assert code == 0
    assert yaml.safe_load(output)["spec"]["policyTypes"] == ["Ingress"]
    assert errors.startswith("warning[missing-target]")
    assert run(faulty, "--severity", "missing-target=off").errors == ""


def test_fail_on(faulty: str) -> None:
    """--fail-on takes warnings as seriously as errors, or lets errors pass without output."""
    tolerant = ("--severity", "missing-target=warning")
    assert run(faulty, *tolerant, "--fail-on", "warning")[:2] == (1, "")
    assert run(faulty, "--fail-on", "never")[:2] == (0, "")
    assert run(faulty, *tolerant, "--fail-on", "never").output != ""


def test_quiet_says_only_what_fails(faulty: str) -> None:
    """Quiet leaves out what does not make the command fail."""
    tolerant = ("--severity", "missing-target=warning")
    assert run(faulty, "-q", *tolerant).errors == ""
    assert "error[missing-target]" in run(faulty, "-q").errors
    assert "warning[missing-target]" in run(faulty, "-q", *tolerant, "--fail-on", "warning").errors


def test_verbose_says_what_was_done(clean: str) -> None:
    """Verbose has the summary also where nobody watches, and what it took."""
    errors = run(clean, "-v").errors
    assert re.fullmatch(
        r"1 file read, \d+\.\d\d seconds so far\n1 policy in 1 namespace from 1 MaxTac resource\n", errors
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--check",), "--check compares a directory: name it with --output-dir"),
        (("--layout", "single"), "--layout arranges a directory: name it with --output-dir"),
        (("--output-dir", "out", "-o", "json"), "--output-dir and -o json exclude each other"),
        (("--output-dir", ""), "--output-dir needs the name of a directory"),
        (("-", "-"), "standard input (-) can be a source only once"),
        (("-q", "-v"), "-q and -v exclude each other"),
        (("no-such-file",), "cannot read no-such-file: no such file or directory"),
        (("--severity", "x=off"), "no finding x; "),
    ],
)
def test_could_not_run(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    """Wrong usage and missing sources are one line on stderr and exit code 2."""
    code, output, errors = run(*arguments, cwd=tmp_path)
    assert (code, output, errors.count("\n")) == (2, "", 1)
    assert errors.startswith("maxtac: error: ")
    assert message in errors
    assert list(tmp_path.iterdir()) == []


def test_directories(clean: str, tmp_path: Path) -> None:
    """Policies go into files, --check is clean afterwards, and a change makes it stale with a diff."""
    out = str(tmp_path / "out")
    assert run(clean, "--output-dir", out) == Ended(0, "", "")
    assert [path.name for path in (tmp_path / "out" / "shop").iterdir()] == [f"{POLICY}.yaml"]
    assert run(clean, "--output-dir", out, "--check") == Ended(0, "", "")
    code, output, errors = run(clean, "--output-dir", out, "--check", "--set", "prod")
    assert (code, errors) == (1, "")
    assert "+    render.maxtac.vtk.io/set: prod\n" in output
    assert "\x1b" not in output
    assert (
        "\x1b[32m+    render.maxtac.vtk.io/set: prod\x1b[0m\n"
        in run(clean, "--output-dir", out, "--check", "--set", "prod", "--color", "always").output
    )


def test_directories_in_words(clean: str, tmp_path: Path) -> None:
    """The summary says what became of the files."""
    out = str(tmp_path / "out")
    steps = (
        ((), "; 1 file written\n"),
        ((), "; 1 file up to date\n"),
        (("--layout", "namespace", "--check"), "; 1 file out of date, 1 no longer wanted\n"),
        (("--layout", "namespace"), "; 1 file written, 1 removed\n"),
    )
    for arguments, words in steps:
        assert run(clean, "--output-dir", out, "-v", *arguments).errors.endswith(words)


def test_errors_write_no_files(faulty: str, tmp_path: Path) -> None:
    """An error leaves the directory as it was."""
    assert run(faulty, "--output-dir", str(tmp_path / "out")).code == 1
    assert not (tmp_path / "out").exists()


def test_a_reader_that_goes_away(walkthrough: str) -> None:
    """A reader that has seen enough ends the program quietly, as kubectl would."""
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        (*COMMAND, walkthrough, "-q"), stdout=writer, stderr=subprocess.PIPE, check=False, timeout=60
    )
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (141, b"")


def test_closed_and_full_outputs(clean: str) -> None:
    """Output that cannot be written is one line and 2."""
    command = f"'{sys.executable}' -m maxtac_render render '{clean}'"
    for redirection, message in (
        (">&-", "standard output is closed"),
        (">/dev/full", "cannot write standard output: no space left on device"),
    ):
        ended = subprocess.run(
            ("sh", "-c", f"{command} {redirection}"), stderr=subprocess.PIPE, text=True, check=False, timeout=60
        )
        assert (ended.returncode, ended.stderr) == (2, f"maxtac: error: {message}\n")


def watched(*arguments: str, **environment: str) -> tuple[int, str]:
    """Run with a terminal as stderr, and give back what it shows."""
    ours, theirs = pty.openpty()
    env = {name: text for name, text in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}}
    process = subprocess.Popen(
        (*COMMAND, *arguments),
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        stdin=subprocess.DEVNULL,
        env={**env, "TERM": "xterm", **environment},
    )
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 4096):
            shown += chunk
    except OSError:  # how Linux says that the other side has closed
        pass
    os.close(ours)
    return process.wait(60), shown.decode().replace("\r\n", "\n")


def test_somebody_watches(walkthrough: str) -> None:
    """On a terminal there is colour, and one line in the end that says what was made of what."""
    code, shown = watched(walkthrough)
    assert code == 0
    assert "\x1b[1;33mwarning[egress-without-dns]" in shown
    assert shown.splitlines()[-1] == "10 policies in 2 namespaces from 2 MaxTac resources; 1 warning, 2 info"


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_somebody_watches_without_colour(walkthrough: str, environment: dict[str, str]) -> None:
    """NO_COLOR and a dumb terminal take the colour and leave the rest."""
    _, shown = watched(walkthrough, **environment)
    assert "\x1b" not in shown
    assert shown.splitlines()[-1].startswith("10 policies in 2 namespaces")


def test_somebody_watches_and_wants_quiet(walkthrough: str) -> None:
    """Quiet is quiet on a terminal too."""
    assert watched(walkthrough, "-q") == (0, "")


def test_pipes_get_no_summary(walkthrough: str) -> None:
    """In a pipe there are the findings and nothing else, without colour."""
    _, _, errors = run(walkthrough)
    assert "policies in" not in errors
    assert "\x1b" not in errors


def test_bugs_are_one_line(clean: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A bug in the compiler is one line and 2, with nothing on standard output."""

    def broken(*_: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr(compiler, "compile_intents", broken)
    assert main(["render", clean], "maxtac") == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.startswith("maxtac: internal error: KeyError: 'x' (test_render_command.py:")
    assert errors.count("\n") == 1


@pytest.fixture
def git(tmp_path: Path) -> Callable[..., str]:
    """A repository, and what runs Git in it."""

    def call(*arguments: str, when: str = "2026-01-01T00:00:00Z") -> str:
        identity = {f"GIT_{role}_{part}": "x" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
        env = {**os.environ, **identity, "GIT_COMMITTER_DATE": when, "GIT_AUTHOR_DATE": when}
        return subprocess.run(
            ("git", "-C", str(tmp_path), *arguments), check=True, capture_output=True, text=True, env=env
        ).stdout

    call("init", "-q")
    return call


LIMITED = INPUT.format(target="cart").replace("  direction: ingress\n", "  direction: ingress\n  duration: 1h\n")


def expires(*arguments: str) -> str:
    (policy,) = yaml.safe_load_all(run(*arguments, "--now", "2026-01-01T00:00:00Z").output)
    moment: str = policy["metadata"]["annotations"]["render.maxtac.vtk.io/expires-at"]
    return moment


def test_anchored_at_the_newest_commit_of_the_lines(tmp_path: Path, git: Callable[..., str]) -> None:
    """A duration counts from the newest commit that touched the resource, not from one that touched its neighbours."""
    file = tmp_path / "web.yaml"
    file.write_text(LIMITED)
    git("add", ".")
    git("commit", "-qm", "first")
    file.write_text(LIMITED.replace("name: cart\n", "name: cart # moved\n"))
    git("commit", "-qam", "a neighbour", when="2026-02-01T00:00:00Z")
    assert expires(str(file), "--anchor", "git") == "2026-01-01T01:00:00Z"
    file.write_text(LIMITED.replace("duration: 1h", "duration: 2h"))
    git("commit", "-qam", "itself", when="2026-03-01T00:00:00Z")
    assert expires(str(file), "--anchor", "git") == "2026-03-01T02:00:00Z"


def test_anchored_at_a_moment(tmp_path: Path) -> None:
    """A duration can count from a moment that the user names."""
    (tmp_path / "web.yaml").write_text(LIMITED)
    assert expires(str(tmp_path), "--anchor", "2026-05-01T00:00:00Z") == "2026-05-01T01:00:00Z"


def test_git_needs_a_history(tmp_path: Path) -> None:
    """The anchor git without a repository could not run."""
    (tmp_path / "web.yaml").write_text(LIMITED)
    code, output, errors = run(str(tmp_path), "--anchor", "git")
    assert (code, output) == (2, "")
    assert "has no history in Git" in errors
