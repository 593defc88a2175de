"""Golden cases: one directory for one sentence, its input, and what comes out of it.

``case.yaml`` holds ``args`` for ``maxtac`` (default: ``[render, .]``), run inside ``input/``, ``stdin``, the file there
that is standard input, ``cluster``, a file of what is in a cluster (the kubeconfig's, a fake one), ``missing``, the
kinds that it does not know by their plurals, and ``exit``, the code it ends with (default 0). ``expected/`` holds what
it prints: standard output as ``networkpolicy.yaml`` (or, in other formats and of other commands, ``output.txt``),
standard error as ``diagnostics.txt``. Of ``check`` and ``test``, whose findings are their output, ``diagnostics.txt``
is standard output, and standard error ``errors.txt``. A file that is missing there means: nothing printed.
``pytest --update`` rewrites them; the difference in Git is the review.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from live.fake import FakeServer
from maxtac_render.cli import program
from maxtac_render.model.diagnostics import CODES, Severity

CASES = Path(__file__).parents[1] / "testdata" / "cases"
NOW = "2027-01-01T00:00:00Z"
COMPILING = ("render", "check", "list", "diff", "explain", "test", "krm")
"""The commands that judge deadlines."""
FINDING = ("check", "test")
"""The commands whose findings are their output."""
OTHERWISE = {"-o", "--output", "--check", "--report", "--diff", "--passthrough"}
"""The options with which standard output is no stream of policies or findings."""


def run(case: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, dict[str, str]]:
    """Run a case; its exit code, and its output by the names of the files that hold it."""
    options: dict[str, Any] = yaml.safe_load((case / "case.yaml").read_text()) or {}
    args = [str(arg) for arg in options.get("args", ["render", "."])]
    monkeypatch.chdir(case / "input")
    if args[0] in COMPILING and not any(arg.startswith("--now") for arg in args):
        args = [*args, "--now", NOW]
    stdin = Path(options["stdin"]).read_bytes() if "stdin" in options else None
    with cluster(options) as environment:
        result = CliRunner().invoke(program.program, args, input=stdin, prog_name="maxtac", env=environment)
    plain = args[0] in ("render", *FINDING) and not set(args) & OTHERWISE
    names = ("diagnostics.txt", "errors.txt") if args[0] in FINDING else ("networkpolicy.yaml", "diagnostics.txt")
    printed = {names[0] if plain else "output.txt": result.stdout, names[1]: result.stderr}
    assert result.exit_code == options.get("exit", 0), result.output
    return result.exit_code, {name: text for name, text in printed.items() if text}


@contextmanager
def cluster(options: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The environment in which a case finds its cluster, if it has one."""
    if "cluster" not in options:
        yield {}
        return
    with FakeServer() as server, TemporaryDirectory() as directory:
        server.add(*yaml.safe_load_all(Path(options["cluster"]).read_text()))
        server.missing.update(options.get("missing", ()))
        yield {"KUBECONFIG": str(server.kubeconfig(Path(directory)))}


@pytest.mark.parametrize("case", sorted(path.parent for path in CASES.glob("*/case.yaml")), ids=lambda case: case.name)
def test_case(case: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """What a case prints is what is expected, no more and no less."""
    _, printed = run(case, monkeypatch)
    expected = case / "expected"
    if request.config.getoption("--update"):
        expected.mkdir(exist_ok=True)
        for path in expected.iterdir():
            path.unlink()
        for name, text in printed.items():
            (expected / name).write_bytes(text.encode())
    assert printed == {path.name: path.read_bytes().decode() for path in expected.glob("*")}


def test_every_finding_is_provoked_by_a_case() -> None:
    """The catalogue has no entry that nothing shows."""
    heads = {f"{severity.word}[" for severity in Severity}
    said = {
        line.partition("[")[2].partition("]")[0]
        for path in CASES.glob("*/expected/diagnostics.txt")
        for line in path.read_text().splitlines()
        if line.partition("[")[0] + "[" in heads
    }
    assert said == set(CODES)


def test_every_directory_is_a_case() -> None:
    """No directory is passed over because its case.yaml is missing."""
    assert {path.name for path in CASES.iterdir()} == {path.parent.name for path in CASES.glob("*/case.yaml")}
