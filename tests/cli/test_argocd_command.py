"""``maxtac argocd`` by hand: wrong usage, and what it announces; tests/functions has what it does for Argo CD."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from maxtac_render.argocd.settings import PARAMETERS
from maxtac_render.cli import program

HEAD = "apiVersion: render.maxtac.vtk.io/v1alpha1\nkind: Render\n"


def maxtac(*arguments: str, stdin: str = "") -> Result:
    """Run ``maxtac argocd``."""
    return CliRunner().invoke(program.program, ["argocd", *arguments], input=stdin, prog_name="maxtac")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, the root of a repository."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "missing command (see maxtac argocd --help)"),
        (["genrate"], "no command 'genrate'; did you mean generate? (see maxtac argocd --help)"),
        (["generate", "deploy/"], "'deploy/' is not '-'"),
        (["generate", "--input", "jsonnet"], "'jsonnet' is not one of 'plain', 'kustomize', 'helm'"),
        (["generate", "--timeout", "soon"], "soon is not a length of time"),
        (["generate", "--arguments", ""], "an argument is a word"),
        (["generate", "-", "--input", "plain"], "the plugin reads standard input (-)"),
        (["generate", "--nope"], "--nope"),
        (["parameters", "more"], "more"),
    ],
)
def test_wrong_usage_prints_nothing(arguments: list[str], words: str) -> None:
    """One line says what is wrong, and the exit code that nothing was done."""
    done = maxtac(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("maxtac: error: ")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_help_lists_both_commands() -> None:
    """With the first line of each."""
    printed = maxtac("--help").stdout
    assert "  generate    Print the manifests of an Application" in printed
    assert "  parameters  Print what an Application may set" in printed


def test_every_parameter_is_announced_with_its_default() -> None:
    """In Argo CD's own form: what a value is called says what it is."""
    announced = json.loads(maxtac("parameters").stdout)
    assert [one["name"] for one in announced] == [option.name for option in PARAMETERS]
    defaults = {one["name"]: one.get(one["collectionType"]) for one in announced}
    assert {name: value for name, value in defaults.items() if value} == {
        "input": "plain",
        "manifests": "keep",
        "intents": "keep",
        "compat": "readme",
        "names": "plain",
        "annotations": "override",
        "expired": "isolate",
    }
    for one in announced:
        assert one.keys() - {one["collectionType"]} == {"name", "title", "tooltip", "collectionType"}
        assert one["collectionType"] in ("string", "array", "map")


def test_what_the_configuration_says_is_announced(here: Path) -> None:
    """It counts where an Application sets nothing; and so do flags of plugin.yaml, whatever it sets."""
    said = "spec: {baseline: [dns], intents: drop, severity: {missing-target: warning}, now: 2027-01-01T00:00:00Z}\n"
    (here / "maxtac.yaml").write_text(HEAD + said)
    announced = {one["name"]: one for one in json.loads(maxtac("parameters", "--names=short").stdout)}
    assert announced["baseline"]["array"] == ["dns"]
    assert announced["severity"]["map"] == {"missing-target": "warning"}
    assert announced["now"]["string"] == "2027-01-01T00:00:00Z"
    assert announced["intents"]["string"] == "drop"
    assert announced["names"]["string"] == "short"


@pytest.mark.parametrize("command", ["generate", "parameters"])
def test_a_wrong_configuration_is_told_without_its_lines(here: Path, command: str) -> None:
    """Argo CD shows what is told to many."""
    (here / "maxtac.yaml").write_text(f"{HEAD}spec: {{set: a b}} # hunter2\n")
    done = maxtac(command)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("maxtac.yaml:3:13: error[wrong-type]: spec.set must be a label's value")
    assert len(done.stderr.splitlines()) == 2
    assert "hunter2" not in done.stderr


def test_findings_that_fail_nothing_are_told_too(here: Path) -> None:
    """They are in the log of the sidecar."""
    (here / "access.yaml").write_text(
        "apiVersion: maxtac.vtk.io/v1alpha1\nkind: Access\nmetadata: {name: a, namespace: shop}\n"
        "spec: {serviceSelector: {}, targets: [{serviceName: web, namespace: shop}], direction: Ingress}\n"
    )
    (here / "web.yaml").write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\n"
        "spec: {selector: {app: web}, ports: [{port: 80}]}\n"
    )
    done = maxtac("generate")
    assert done.exit_code == 0
    assert "[direction-case]" in done.stderr
    never = maxtac("generate", "--severity=direction-case=error", "--fail-on=never")
    assert (never.exit_code, never.stdout) == (1, "")
    assert maxtac("generate", "--quiet").stderr == ""
