"""``maxtac rule``: the catalogue, and one entry of it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from maxtac_render.cli import program
from maxtac_render.model.catalogue import Code
from maxtac_render.model.explanations import EXPLANATIONS


def run(*arguments: str) -> Result:
    return CliRunner().invoke(program.program, ["rule", *arguments], prog_name="maxtac")


def test_the_catalogue_is_a_table() -> None:
    """Every finding is one row: id, severity, message."""
    header, *rows = run().stdout.splitlines()
    assert header.split() == ["ID", "SEVERITY", "MESSAGE"]
    assert [tuple(row.split()[:2]) for row in rows] == [(code.id, code.value.severity.word) for code in Code]


def test_facts_stand_in_angle_brackets() -> None:
    """What a message fills in is shown as a word, and a guess is left out."""
    output = run("missing-target").stdout
    assert "\ntarget <target> not found; " in output
    assert "\nhelp: add the Service to the sources, or " in output
    assert "{" not in run().stdout


@pytest.mark.parametrize("code", Code, ids=lambda code: code.id)
def test_an_entry_is_explained(code: Code) -> None:
    """One finding has its severity, its reason, an example, and the example mended."""
    output = run(code.id).stdout
    _, wrong, right = EXPLANATIONS[code]
    assert output.startswith(f"{code.id} ({code.value.severity.word})\n")
    for text in (wrong, right):
        assert all(f"  {line}\n" in output for line in text.splitlines())
    assert all(len(line) <= 140 for line in output.splitlines())


def test_json_is_the_whole_catalogue() -> None:
    """The list is one array, and an entry one object with its explanation."""
    entries = json.loads(run("-o", "json").stdout)
    assert [entry["id"] for entry in entries] == [code.id for code in Code]
    assert set(entries[0]) == {"id", "severity", "message", "mend"}
    entry = json.loads(run("host-bits", "-o", "json").stdout)
    assert set(entry) == {"id", "severity", "message", "mend", "why", "example", "mended"}
    assert entry["example"] == EXPLANATIONS[Code.HOST_BITS].wrong


@pytest.mark.parametrize(
    ("word", "hint"),
    [("mising-target", "did you mean missing-target?"), ("x", "maxtac rule lists what there is"), ("", "no rule ; ")],
)
def test_an_unknown_id_is_wrong_usage(word: str, hint: str) -> None:
    """A slip is exit code 2, with what was meant."""
    result = run(word)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"maxtac: error: no rule {word}; ")
    assert hint in result.stderr


def test_a_list_imports_no_explanations() -> None:
    """The long texts are read by nobody who does not ask for them."""
    code = (
        "import sys; from maxtac_render.cli import main; main(['rule']); main(['check', '-', '--fail-on', 'never']);"
        "assert 'maxtac_render.model.explanations' not in sys.modules"
    )
    ended = subprocess.run(
        (sys.executable, "-c", code), input="", capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
