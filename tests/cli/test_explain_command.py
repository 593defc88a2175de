"""``maxtac explain``: what golden cases do not show."""

from __future__ import annotations

import json
import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from maxtac_render.cli import program
from validation import validate

CASES = Path(__file__).parents[2] / "testdata" / "cases"
ASKED = [(path.parent, yaml.safe_load(path.read_text())) for path in sorted(CASES.glob("*/case.yaml"))]
EXPLAINED = [
    (case, [str(arg) for arg in said["args"]])
    for case, said in ASKED
    if said and said.get("args", [""])[0] == "explain"
]


def explain(*arguments: str) -> Result:
    return CliRunner().invoke(program.program, ["explain", *arguments], prog_name="maxtac")


def document(*arguments: str) -> Any:
    return json.loads(explain(*arguments, "-o", "json").stdout)


@pytest.mark.parametrize(("case", "args"), EXPLAINED, ids=[case.name for case, _ in EXPLAINED])
def test_every_explanation_is_valid_json_too(case: Path, args: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What the cases show as text, the schema describes as JSON."""
    monkeypatch.chdir(case / "input")
    done = CliRunner().invoke(program.program, [*args, "-o", "json", "--now", "2027-01-01T00:00:00Z"])
    if done.exit_code == 2:
        assert not done.stdout
    else:
        validate(json.loads(done.stdout), "explanation")


@pytest.mark.parametrize(
    "case", sorted(CASES.glob("a-suggestion-*/expected/output.txt")), ids=lambda path: path.parts[-3]
)
def test_suggested_resources_are_valid(case: Path) -> None:
    """The schemas of the MaxTac kinds take what is suggested."""
    documents = list(yaml.safe_load_all(case.read_text()))
    assert documents
    for document in documents:
        if document["kind"].endswith("Access"):
            validate(document, document["kind"].lower())


def test_every_pair_of_the_walkthrough_is_explained(walkthrough: str) -> None:
    """Applications and databases reach each other, and the text says so in the words of the JSON."""
    ends = ("ombi/ombi", "ombi/postgres-ombi", "zitadel/zitadel", "zitadel/postgres-zitadel", "1.1.1.1", "192.0.2.1")
    for source, target in product(ends, ends[:4]):
        if source != target:
            found = document(source, target, "-f", walkthrough)
            validate(found, "explanation")
            text = explain(source, target, "-f", walkthrough).stdout
            assert [each["verdict"] for each in found["answers"]] == re.findall(
                r"^(yes|no|depends): .* may ", text, re.M
            )


def test_a_source_from_standard_input_is_explained(walkthrough: str) -> None:
    """The commands of a pipe end in an explanation."""
    text = "---\n".join(path.read_text() for path in sorted(Path(walkthrough).glob("*.yaml")))
    arguments = ["explain", "1.1.1.1", "zitadel/postgres-zitadel", "5432", "-f", "-", "--exit-code"]
    done = CliRunner().invoke(program.program, arguments, input=text)
    assert (done.exit_code, done.stdout.split(":")[0]) == (0, "yes")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["10.0.0.0/8"], "is no policy"),
        (["a/b/c/d"], "is no policy"),
        (["shop/web", "bank"], "names no namespace"),
        (["shop/web", "bank/x", "0"], "is no port"),
        (["shop/web", "bank/x", "80-90"], "is no port"),
        (["shop/web", "bank/x", "80/ICMP"], "is no port"),
        (["shop/web", "bank/x", ""], "is no port"),
        (["shop/web", "--suggest"], "name SRC and DST"),
        (["bank/none"], "no NetworkPolicy bank/none in the input"),
        (["zitadel/access-sample--zitadel-zitadel---zitadel-postgres-zitadel-all-miror"], "did you mean"),
        ([], "missing argument"),
    ],
)
def test_what_cannot_be_asked_is_wrong_usage(arguments: list[str], words: str, walkthrough: str) -> None:
    """The last line on standard error says why, and nothing is printed."""
    done = explain(*arguments, "-f", walkthrough)
    assert (done.exit_code, done.stdout) == (2, "")
    assert words in done.stderr.splitlines()[-1]


def test_a_name_without_a_namespace_is_in_the_one_of_the_option(walkthrough: str) -> None:
    """``-n`` places endpoints and policies."""
    done = explain("ombi", "postgres-ombi", "5432", "-n", "ombi", "-f", walkthrough)
    assert done.stdout.startswith("yes: Service/ombi/ombi may talk to Service/ombi/postgres-ombi on TCP 5432\n")


def test_an_error_withholds_the_explanation(tmp_path: Path) -> None:
    """What is explained is what would be rendered, or nothing."""
    (tmp_path / "bad.yaml").write_text("apiVersion: maxtac.vtk.io/v1alpha1\nkind: Access\nmetadata: {name: x}\n")
    done = explain("a/b", "c/d", "-f", str(tmp_path))
    assert (done.exit_code, done.stdout) == (1, "")
    assert "nothing explained" in done.stderr


def test_too_many_pairs_are_for_a_list(tmp_path: Path) -> None:
    """A question has an end."""
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {{name: p{}, namespace: shop}}\n"
    (tmp_path / "pods.yaml").write_text("---\n".join(pod.format(number) for number in range(101)))
    done = explain("shop/*", "shop/*", "-f", str(tmp_path))
    assert (done.exit_code, done.stdout) == (2, "")
    assert "too many" in done.stderr


def test_colour_is_on_request(walkthrough: str) -> None:
    """Verdicts have colours where they are asked for, and files and pipes stay plain."""
    arguments = ("ombi/ombi", "zitadel/zitadel", "-f", walkthrough)
    assert "\x1b[" not in explain(*arguments).stdout
    coloured = explain(*arguments, "--color", "always").stdout
    assert coloured.startswith("\x1b[")
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == explain(*arguments).stdout
