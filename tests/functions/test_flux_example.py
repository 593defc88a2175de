"""The recipe for Flux: what its page shows is what is there; tests/real/test_flux.py builds it as Flux does."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from ci_jobs import PROJECT, install
from click.testing import CliRunner

from maxtac_render.cli import program

if TYPE_CHECKING:
    from collections.abc import Iterator

FLUX = PROJECT / "functions" / "flux"
EXAMPLE = FLUX / "example"
README = (FLUX / "README.md").read_text()
COMMANDS = re.findall(r"^\$ (.*)$", README, re.MULTILINE)
RENDER = [command for command in COMMANDS if command.startswith("maxtac render ")]


@pytest.mark.parametrize("command", RENDER)
def test_the_commands_of_the_page_find_all_up_to_date(command: str, tmp_path: Path) -> None:
    """The example is as they leave it."""
    copy = shutil.copytree(EXAMPLE, tmp_path / "example")
    install(tmp_path / "bin")
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=copy,
        env={"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert contents(Path(copy)) == contents(EXAMPLE)


def contents(directory: Path) -> dict[str, str]:
    """Every file below a directory."""
    return {str(path.relative_to(directory)): path.read_text() for path in directory.rglob("*") if path.is_file()}


def test_there_are_commands_to_render_and_to_check() -> None:
    """Both are shown."""
    assert [command.endswith("--check") for command in RENDER] == [False, True]


def test_links_lead_somewhere() -> None:
    """Every relative link of the page is a file or a directory beside it."""
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", README):
        assert (FLUX / target).exists(), target


HOSTILE = ("a${x}", "$x")


def scalars(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths of every key and every scalar of a document; a path that ends in a key means its value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in items:
        if isinstance(inner, dict | list):
            yield from scalars(inner, (*path, step))
        else:
            yield (*path, step)


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("sample", ["walkthrough", "shop", "lifetime"])
def test_no_policy_has_a_variable(sample: str, hostile: str) -> None:
    """Whatever one writes into a field of an intent or a Service; a policy that Flux fills in would be another one."""
    files = sorted((PROJECT / "testdata" / sample).glob("*.yaml"))
    documents = [body for file in files for body in yaml.safe_load_all(file.read_text()) if body]
    rendered = 0
    for number, document in enumerate(documents):
        for *above, last in scalars(document):
            for changed in (_with_value(document, above, last, hostile), _with_key(document, above, last, hostile)):
                bodies = [*documents[:number], changed, *documents[number + 1 :]]
                output = render(yaml.safe_dump_all(bodies))
                rendered += bool(output)
                assert "$" not in output, (above, last)
    assert rendered > 20


def render(text: str) -> str:
    """What is rendered of a text, with every finding that can be lived with."""
    from maxtac_render.model.catalogue import Code, Severity  # noqa: PLC0415 - beside what it is for

    lowered = [f"--severity={code.id}=warning" for code in Code if code.value.severity is Severity.ERROR]
    args = ["render", "-", "--no-config", "-n", "shop", "--now", "2026-01-01T00:00:00Z", *lowered]
    return CliRunner().invoke(program.program, args, input=text, prog_name="maxtac").stdout


def _copy(value: object) -> object:
    return yaml.safe_load(yaml.safe_dump(value))


def _with_value(document: object, above: list[str | int], last: str | int, text: str) -> object:
    """A document with a text in place of a scalar."""
    copy = parent = _copy(document)
    for step in above:
        parent = parent[step]  # type: ignore[index] # documents have no types
    parent[last] = text  # type: ignore[index] # as above
    return copy


def _with_key(document: object, above: list[str | int], last: str | int, text: str) -> object:
    """A document with a text in place of a key."""
    copy = parent = _copy(document)
    for step in above:
        parent = parent[step]  # type: ignore[index] # as above
    if isinstance(parent, dict):
        parent[text] = parent.pop(last)
    return copy
