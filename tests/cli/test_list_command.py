"""``maxtac list``: its formats agree, its JSON is as its schemas say, and the order of its input changes nothing."""

from __future__ import annotations

import csv
import json
import random
import sys
from io import StringIO
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from terminal import shown

from maxtac_render.cli import program
from maxtac_render.cli.sheets import FORMATS
from validation import SCHEMAS, validate

PROJECT = Path(__file__).parents[2]
CASES = PROJECT / "testdata" / "cases"
INPUTS = [
    "every-connection-is-listed-with-its-unprotected-sides",
    "what-hangs-on-unknown-labels-depends",
    "what-depends-on-the-network-plugin-can-be-listed",
    "addresses-read-as-blocks-with-exceptions",
    "a-list-of-nothing-finds-no-resources",
]


def run(*arguments: str, text: str | None = None) -> Result:
    """Run the command."""
    return CliRunner().invoke(program.program, ["list", *arguments], input=text, prog_name="maxtac")


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize(
    "options", [(), ("--group",), ("--cni-differences",), ("--from", "*/*", "--from", "10.0.0.0/9")]
)
def test_json_is_what_its_schema_says(name: str, options: tuple[str, ...]) -> None:
    """Every property that is written is described, and every row of JSON lines is one of the rows of JSON."""
    source = str(CASES / name / "input")
    document = json.loads(run(source, "-o", "json", *options).stdout)
    validate(document, document["kind"].lower())
    rows = document.get("connections", document.get("differences"))
    assert rows == [json.loads(line) for line in run(source, "-o", "jsonl", *options).stdout.splitlines()]


def test_definitions_that_schemas_share_are_the_same() -> None:
    """An endpoint, ports and a verdict are one thing, whatever command writes them."""
    kinds = ("connectionlist", "plugindifferences", "explanation", "testresult")
    schemas = [json.loads((SCHEMAS / f"{kind}.json").read_text()) for kind in kinds]
    for name in ("endpoint", "ports", "verdict", "protocol", "portNumberOrName", "assumptions"):
        found = [schema["$defs"][name] for schema in schemas if name in schema["$defs"]]
        assert len(found) > 1, name
        assert all(each == found[0] for each in found), name


@pytest.mark.parametrize("name", INPUTS)
def test_formats_have_the_same_rows(name: str) -> None:
    """CSV, Markdown and the table without groups have one line for each row of JSON, with the same cells."""
    source = str(CASES / name / "input")
    rows = len(run(source, "-o", "jsonl").stdout.splitlines())
    read = list(csv.reader(StringIO(run(source, "-o", "csv").stdout)))
    assert read[0] == ["source", "target", "ports", "verdict", "unprotected"]
    assert len(read) == rows + 1
    table = run(source, "--no-group").stdout.splitlines()
    assert [line.split() for line in table[1:]] == [
        " ".join(cell or "<none>" for cell in row).split() for row in read[1:]
    ]
    markdown = run(source, "-o", "markdown", "--no-group").stdout.splitlines()
    assert len(markdown) == len(table) + bool(table)


def documents() -> list[str]:
    """Many objects, each once."""
    names = (*INPUTS, "a-list-renders-intents-first", "workloads-that-no-row-tells-apart-stand-together")
    texts = [text for name in names for text in (CASES / name / "input" / "all.yaml").read_text().split("---\n")]
    bodies = map(yaml.safe_load, texts)
    found = {
        (body["kind"], body["metadata"].get("namespace"), body["metadata"]["name"]): text
        for body, text in zip(bodies, texts, strict=True)
    }
    return list(found.values())


DOCUMENTS = documents()


@settings(deadline=None, max_examples=25)
@given(st.randoms(use_true_random=False), st.sampled_from(sorted(FORMATS)), st.booleans())
def test_the_order_of_the_input_changes_nothing(order: random.Random, output: str, differences: bool) -> None:
    """The same objects give the same bytes, whatever their order."""
    shuffled = list(DOCUMENTS)
    order.shuffle(shuffled)
    options = ("-o", output, "-q", *(("--cni-differences",) if differences else ()))
    once, again = (run("-", *options, text="---\n".join(texts)) for texts in (DOCUMENTS, shuffled))
    assert once.exit_code == again.exit_code == 0
    assert once.stdout == again.stdout != ""


def test_the_files_of_the_input_change_nothing(tmp_path: Path) -> None:
    """The same objects give the same bytes, whatever files they lie in."""
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "all.yaml").write_text("---\n".join(DOCUMENTS))
    (tmp_path / "many").mkdir()
    for number, text in enumerate(reversed(DOCUMENTS)):
        (tmp_path / "many" / f"{number}.yaml").write_text(text)
    one, many = (run(str(tmp_path / name), "-o", "json").stdout for name in ("one", "many"))
    assert one == many


def test_a_terminal_gets_a_table_that_fits_through_its_pager() -> None:
    """Cells are wrapped and the pager is asked; with --no-pager it is not."""
    source = str(CASES / "addresses-read-as-blocks-with-exceptions" / "input")
    command = [str(Path(sys.executable).with_name("maxtac")), "list", source, "--from", "outside"]
    code, paged = shown(command, PAGER="sed s/^/:/", COLUMNS="80")
    assert code == 0
    lines = paged.splitlines()
    assert all(line.startswith(":") for line in lines)
    assert max(map(len, lines)) <= 81
    assert lines[1].split()[:3] == [":0.0.0.0/0", "except", "Deployment/shop/web"]
    _, plain = shown([*command, "--no-pager"], PAGER="sed s/^/:/", COLUMNS="80")
    assert plain.splitlines() == [line.removeprefix(":") for line in lines]


def test_quiet_says_nothing_of_an_empty_list() -> None:
    """Whoever wants quiet has the exit code."""
    loud, quiet = run("-", text=""), run("-", "-q", text="")
    assert (loud.exit_code, loud.stdout, loud.stderr) == (0, "", "No resources found\n")
    assert (quiet.exit_code, quiet.output) == (0, "")


def test_what_is_written_in_an_option_cannot_steer_a_terminal() -> None:
    """A wrong endpoint is shown with escapes."""
    result = run("-", "--from", "\x1b[31mshop/web", text="")
    assert result.exit_code == 2
    assert "\\x1b[31mshop" in result.stderr
    assert "\x1b" not in result.output


def test_an_endpoint_without_a_namespace_is_in_the_one_that_is_given() -> None:
    """The namespace of objects that name none is that of endpoints, too."""
    source = str(CASES / INPUTS[0] / "input")
    assert run(source, "-n", "shop", "--from", "web").stdout == run(source, "--from", "shop/web").stdout != ""


def test_a_finding_of_severity_error_withholds_the_list() -> None:
    """Nobody takes a list for whole that is not."""
    result = run(
        str(CASES / "nothing-is-listed-where-a-policy-is-invalid" / "input"), "--fail-on", "never", "-o", "json"
    )
    assert (result.exit_code, result.stdout) == (0, "")
    assert "nothing listed" in result.stderr
