"""``maxtac test``: what golden cases do not show."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from junitparser import JUnitXml, Skipped
from tap.parser import Parser

from maxtac_render.cli import program
from maxtac_render.model.connectiontest import schema
from validation import validate

CASES = Path(__file__).parents[2] / "testdata" / "cases"
SAID = {path.parent: yaml.safe_load(path.read_text()) or {} for path in sorted(CASES.glob("*/case.yaml"))}
ASKED = [(case, [str(arg) for arg in said.get("args", [""])]) for case, said in SAID.items()]
TESTED = [(case, args[1:]) for case, args in ASKED if args[0] == "test" and "-o" not in args]
IDS = [case.name for case, _ in TESTED]
CLUSTER = (CASES / "results-are-printed-as-tap" / "input" / "cluster.yaml").read_text()
HEAD = "apiVersion: render.maxtac.vtk.io/v1alpha1\nkind: ConnectionTest\n"


def run(*arguments: str, stdin: str | bytes = "") -> Result:
    return CliRunner().invoke(program.program, ["test", *arguments], input=stdin, prog_name="maxtac")


def one(name: str, **changed: Any) -> dict[str, Any]:
    """A test that holds, or what it is with other fields."""
    return {"name": name, "from": "shop/web", "to": "bank/ledger", "ports": 8080, "expect": "allow", **changed}


def document(*tests: Any) -> str:
    return HEAD + yaml.safe_dump({"spec": {"tests": list(tests)}})


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a cluster."""
    (tmp_path / "cluster.yaml").write_text(CLUSTER)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("case", "args"), TESTED, ids=IDS)
def test_every_result_is_valid_json_too(case: Path, args: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What the cases show as text, the schema describes as JSON, and both count the same."""
    monkeypatch.chdir(case / "input")
    args = [arg for arg in args if arg not in ("--report", "junit")]
    done = run(*args, "-o", "json")
    if not done.stdout:
        assert done.exit_code in (1, 2)
        return
    found = json.loads(done.stdout)
    validate(found, "testresult")
    told = [WORDS[word] for word in re.findall(r"^(ok|FAIL|skip|error) +", run(*args).stdout, re.MULTILINE)]
    everything = [each["status"] for each in (*found["tests"], *found["flows"])]
    assert told == [each for each in everything if "-q" not in args or each in ("failed", "error")]
    assert found["summary"] == {"tests": len(everything), **{word: everything.count(word) for word in WORDS.values()}}


WORDS = {"ok": "passed", "FAIL": "failed", "skip": "skipped", "error": "error"}


@pytest.mark.parametrize(("case", "args"), TESTED, ids=IDS)
def test_foreign_parsers_read_the_same(case: Path, args: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A TAP parser and a JUnit parser find what the JSON has: every test, also those that pass."""
    monkeypatch.chdir(case / "input")
    args = [arg for arg in args if arg not in ("--report", "junit", "-q", "--fail-on", "warning")]
    said = run(*args, "-o", "json").stdout
    if not said:
        return
    tests, files = json.loads(said)["tests"], json.loads(said)["flows"]
    wanted = {each["name"]: each["status"] for each in tests} | {each["file"]: each["status"] for each in files}
    lines = list(Parser().parse_text(run(*args, "-o", "tap").stdout))
    results = [line for line in lines if line.category == "test"]
    assert [line.category for line in lines[:2]] == ["version", "plan"]
    assert lines[1].expected_tests == len(results)
    assert not [line for line in lines if line.category == "unknown"]
    statuses = ["skipped" if each.skip else "passed" if each.ok else "failed" for each in results]
    assert statuses == [("failed" if status == "error" else status) for status in wanted.values()]
    assert all(each.yaml_block["at"]["file"] for each in results if not each.ok)
    cases = [each for suite in JUnitXml.fromstring(run(*args, "--report", "junit").stdout.encode()) for each in suite]
    read = {each.name.removeprefix("Test "): each for each in cases}
    told = {each["name"] for each in tests if each["line"]} | {each["file"] for each in files}
    assert read.keys() >= told
    assert {each.name for each in cases if each.classname == "maxtac.Test"} <= {f"Test {name}" for name in told}
    for name in told:
        assert read[name].is_passed == (wanted[name] == "passed")
        assert any(isinstance(each, Skipped) for each in read[name].result) == (wanted[name] == "skipped")


@pytest.mark.skipif(not shutil.which("prove"), reason="no prove, which comes with Perl")
def test_prove_runs_it(place: Path) -> None:
    """Perl's harness, the first reader of TAP, counts what failed and what was skipped."""
    (place / "good.yaml").write_text(document(one("holds"), one("# skip \\ this")))
    (place / "bad.yaml").write_text(document(one("holds"), one("fails", expect="deny")))
    for name, code, said in (("good", 0, "All tests successful"), ("bad", 1, "Failed test:  2")):
        (place / f"{name}.tap").write_text(run(f"{name}.yaml", "-o", "tap").stdout)
        done = subprocess.run(["prove", "-e", "cat", f"{name}.tap"], capture_output=True, text=True, check=False)
        assert (done.returncode, said in done.stdout) == (code, True), done.stdout + done.stderr


@pytest.mark.parametrize(("case", "args"), TESTED, ids=IDS)
def test_what_is_read_without_a_finding_fits_the_schema(
    case: Path, args: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An editor has nothing to say about a test that runs, and something about one that cannot be read."""
    monkeypatch.chdir(case / "input")
    found = run(*[arg for arg in args if arg not in ("--report", "junit", "-q")], "-o", "json").stdout
    path = Path(args[0])
    text = path.read_text() if found and path.is_file() else ""
    if text.count(HEAD) != 1 or text.count("---\n") or "broken" in case.name:
        return
    ids = {each["id"] for test in json.loads(found)["tests"] for each in test["findings"]}
    wrong = list(Draft202012Validator(schema()).iter_errors(yaml.safe_load(text)))
    assert bool(wrong) == bool(ids & {"invalid-test", "wrong-type", "unknown-field"} or "no-tests" in run(*args).output)


TEXTS = st.text(max_size=12) | st.sampled_from(["shop/web", "shop/*", "outside", "*/{app=web}", "10.0.0.0/8", "allow"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXTS | st.sampled_from(list(one(""))), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    st.lists(ANYTHING | st.builds(one, TEXTS, **dict.fromkeys(("from", "to", "ports", "expect"), ANYTHING)), max_size=3)
)
def test_whatever_stands_in_a_file_is_a_result_or_a_finding(tests: list[Any]) -> None:
    """No test is lost, none breaks the program, and none holds that could not be read."""
    text = document(*tests)
    done = run(
        "-", "-f", str(CASES / "results-are-printed-as-tap" / "input" / "cluster.yaml"), "-o", "json", stdin=text
    )
    assert done.exit_code in (0, 1), done.output
    found = json.loads(done.stdout)
    validate(found, "testresult")
    assert len(found["tests"]) == (len(tests) or 1)
    assert (done.exit_code == 0) == all(each["status"] == "passed" for each in found["tests"])
    for test in found["tests"]:
        errors = [each for each in test["findings"] if each["severity"] == "error"]
        assert (test["status"] == "passed") == (not errors)
    assert all(line.isprintable() for line in done.output.splitlines())


def test_names_cannot_steer_a_terminal_or_a_harness(place: Path) -> None:
    """A line feed in a name makes no line of its own, and a hash sign no directive."""
    (place / "t.yaml").write_text(document(one("a\nok 2 - b\x1b[31m # SKIP c", expect="deny")))
    for form in ("tap", "json"):
        said = run("t.yaml", "-o", form).stdout
        assert "\x1b" not in said
        assert "\nok 2" not in said
    assert "\nnot ok 1 - a\\\\nok 2 - b\\\\x1b[31m \\# SKIP c\n" in run("t.yaml", "-o", "tap").stdout


def test_standard_input_has_tests_or_manifests_and_not_both(place: Path) -> None:
    """Either can come through a pipe."""
    (place / "t.yaml").write_text(document(one("holds")))
    assert run("-", "-f", "cluster.yaml", stdin=document(one("holds"))).exit_code == 0
    assert run("t.yaml", "-f", "-", stdin=CLUSTER).exit_code == 0
    wrong = run("-", "-f", "-")
    assert (wrong.exit_code, "only once" in wrong.stderr) == (2, True)
    assert run().exit_code == 2


def test_sources_and_assumptions_come_from_the_configuration(place: Path) -> None:
    """What maxtac.yaml says of sources is tested, as the other commands read it."""
    (place / "deploy").mkdir()
    (place / "cluster.yaml").rename(place / "deploy" / "cluster.yaml")
    (place / "t.yaml").write_text(document(one("holds")))
    (place / "maxtac.yaml").write_text(
        "apiVersion: render.maxtac.vtk.io/v1alpha1\nkind: Render\nspec: {sources: [deploy]}\n"
    )
    assert run("t.yaml").exit_code == 0
    assert run("t.yaml", "--no-config", "-f", "t.yaml").exit_code == 1


def test_what_fails_may_be_tolerated(place: Path) -> None:
    """Severities and --fail-on hold for tests as for everything else; the result says what it is all the same."""
    (place / "t.yaml").write_text(document(one("fails", expect="deny")))
    assert run("t.yaml").exit_code == 1
    for tolerant in (("--fail-on", "never"), ("--severity", "assertion-failed=warning")):
        done = run("t.yaml", *tolerant)
        assert (done.exit_code, done.stdout.startswith("FAIL ")) == (0, True)


def test_reports_go_beside_the_result(place: Path) -> None:
    """One run, every form that a pipeline wants."""
    (place / "t.yaml").write_text(document(one("holds"), one("fails", expect="deny")))
    done = run("t.yaml", "--report", "junit=j.xml", "--report", "sarif=s.sarif", "--report", "markdown=m.md")
    assert done.stdout.startswith("ok    holds\nFAIL  fails\n\nerror[assertion-failed]")
    assert [len(list(suite)) for suite in JUnitXml.fromfile("j.xml")] == [2]
    assert json.loads((place / "s.sarif").read_text())["runs"][0]["results"][0]["ruleId"] == "assertion-failed"
    assert "2 tests checked." in (place / "m.md").read_text()
    assert run("t.yaml", "--report", "github").stdout.startswith("::error file=")


def test_a_name_may_stand_twice(place: Path) -> None:
    """Two tests of one name are two cases."""
    (place / "t.yaml").write_text(document(one("same"), one("same", expect="deny")))
    (suite,) = JUnitXml.fromstring(run("t.yaml", "--report", "junit").stdout.encode())
    assert [(each.name, each.is_passed) for each in suite] == [("Test same", True), ("Test same (2)", False)]


def test_a_namespace_comes_from_the_document_or_the_command_line(place: Path) -> None:
    """An endpoint that names none."""
    test = one("holds", **{"from": "shop/web", "to": "ledger"})
    (place / "t.yaml").write_text(document(test))
    (place / "u.yaml").write_text(HEAD + yaml.safe_dump({"metadata": {"namespace": "bank"}, "spec": {"tests": [test]}}))
    assert run("t.yaml").exit_code == 1
    assert run("t.yaml", "-n", "bank", "-f", "cluster.yaml").exit_code == 0
    assert run("u.yaml", "-n", "shop", "-f", "cluster.yaml").exit_code == 0


@pytest.mark.usefixtures("place")
def test_utf_16_and_windows_are_read() -> None:
    """Whatever an editor writes."""
    text = document(one("hält"))
    assert run("-", "-f", "cluster.yaml", stdin=text.replace("\n", "\r\n").encode("utf-16")).stdout.startswith(
        "ok    hält"
    )


def endpoint(row: dict[str, Any]) -> str | list[str] | None:
    """An end of a row of maxtac list as a test names it; None for addresses with exceptions."""
    if "ipBlocks" in row:
        return (
            None if any("except" in block for block in row["ipBlocks"]) else [each["cidr"] for each in row["ipBlocks"]]
        )
    return f"{row['kind']}/{row['namespace']}/{row['name']}"


def port(row: dict[str, Any]) -> str:
    """A port of a row as a test names it."""
    end = f"-{row['endPort']}" if "endPort" in row else ""
    return f"{row.get('port', '*')}{end}/{row['protocol']}"


LISTED = [
    "walkthrough",
    "shop",
    *(f"cases/{case.name}/input" for case, args in ASKED if args[0] in ("list", "explain")),
]


@pytest.mark.parametrize("name", LISTED)
def test_what_is_listed_holds_as_a_test_and_its_negation_fails(name: str) -> None:
    """Every row of maxtac list is an assertion: certain ones hold, and what may pass is not denied."""
    sources = str(CASES.parent / name)
    listed = CliRunner().invoke(program.program, ["list", sources, "-o", "json", "--no-group", "--fail-on", "never"])
    if not listed.stdout:
        return
    tests = []
    for row in json.loads(listed.stdout)["connections"]:
        ends = {"from": endpoint(row["source"]), "to": endpoint(row["target"])}
        if None not in ends.values():
            ends["ports"] = [port(each) for each in row["ports"]]
            tests += [one(row["verdict"], **ends, expect=expect) for expect in ("allow", "deny")]
    if not tests:
        return
    done = run("-", "-f", sources, "-o", "json", "--fail-on", "never", stdin=document(*tests))
    for test in json.loads(done.stdout)["tests"]:
        assert test["status"] == ("passed" if (test["name"], test["expect"]) == ("yes", "allow") else "failed"), test
