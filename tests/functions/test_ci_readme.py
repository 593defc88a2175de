"""What functions/ci/README.md shows can be copied: it parses, and it names what there is."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from ci_jobs import CI, PROJECT
from github_job import ACTION

from maxtac_render import __version__

README = (CI / "README.md").read_text()
BLOCKS: list[Any] = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```$", README, re.DOTALL | re.M)]
EXAMPLES = ("README.md", "github/example.yml", "gitlab/example.gitlab-ci.yml")


def everything(value: object) -> list[dict[str, Any]]:
    """All mappings in a value, at any depth."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    found = [value] if isinstance(value, dict) else []
    return [*found, *(mapping for item in inner for mapping in everything(item))]


def test_the_hooks_that_are_shown_exist() -> None:
    """Every id of an example is one of the hooks file, and every hook has its row."""
    hooks = {hook["id"] for hook in yaml.safe_load((PROJECT / ".pre-commit-hooks.yaml").read_text())}
    assert {mapping["id"] for mapping in everything(BLOCKS) if "id" in mapping} == hooks
    assert set(re.findall(r"^\| `(maxtac-[\w-]+)`", README, re.MULTILINE)) == hooks


def test_the_inputs_that_are_shown_exist() -> None:
    """Every input of an example is one of the action."""
    shown = [mapping["with"] for mapping in everything(BLOCKS) if "with" in mapping]
    assert shown
    assert all(inputs.keys() <= ACTION["inputs"].keys() for inputs in shown)


def test_the_jobs_and_variables_that_are_shown_exist() -> None:
    """Every hidden job and every variable stands in the template."""
    template = (CI / "gitlab/maxtac.gitlab-ci.yml").read_text()
    jobs = {mapping["extends"] for mapping in everything(BLOCKS) if "extends" in mapping}
    jobs |= set(re.findall(r"`(\.maxtac[\w-]*)`", README))
    assert jobs
    assert jobs <= yaml.safe_load(template).keys()
    assert all(f"#   {name} " in template for name in re.findall(r"MAXTAC_\w+", README))


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_name_this_version(name: str) -> None:
    """Who copies an example gets the version that it was written for."""
    text = (CI / name).read_text()
    shown = re.findall(r"(?:@v|rev: v|ref: v|maxtac-render:)(\d[\w.]*)\b(?!.*# v)", text)
    assert shown
    assert set(shown) == {__version__}


def test_links_lead_to_files() -> None:
    """Every relative link is a file beside the page."""
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", README):
        assert (CI / target).is_file(), target


def test_the_step_that_is_shown_is_that_of_the_example() -> None:
    """One address of the action everywhere."""
    example = yaml.safe_load((CI / "github/example.yml").read_text())
    (address,) = {step["uses"] for step in everything(example) if "<owner>" in str(step.get("uses"))}
    assert address in README
