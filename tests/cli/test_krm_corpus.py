"""The function makes the same policies as the command line, of every golden case."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from corpus import Sample, samples
from maxtac_render.cli import program
from maxtac_render.manifests.read import pieces
from maxtac_render.manifests.wanted import INTENTS
from maxtac_render.model.configuration import NAME
from maxtac_render.model.diagnostics import Report
from maxtac_render.model.orchestration import is_bookkeeping
from maxtac_render.sources import load

ELSEWHERE = {"--exclude", "--config", "--no-config", "--verbose", "-v"}
"""Options about files, of which a function sees none, and about what is said."""
HEAD = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n"


def documents(directory: Path) -> list[str]:
    """The texts of the objects in the files of a directory."""
    texts = []
    for file in load(str(directory), (), Report(), BytesIO()):
        if not file.path.endswith(NAME):
            texts += [piece.text.decode() for piece in pieces(file.data, file.path, Report(), INTENTS)]
    bare = (text.partition("\n")[2] if text.startswith("---") else text for text in texts)
    return [text for text in bare if any(line and not line.startswith("#") for line in text.split("\n"))]


def package(sample: Sample) -> str:
    """The objects of a case as a ResourceList, and its configuration as that of the function."""
    items = "".join(f"-\n{indented(text)}" for text in documents(sample.directory))
    config = sample.directory / NAME
    return f"{HEAD}{items}" + (f"functionConfig:\n{indented(config.read_text())}" if config.exists() else "")


def indented(text: str) -> str:
    """Every line moved to the right."""
    return "".join(f"  {line}\n" for line in text.split("\n"))


def plain(item: Any) -> Any:
    """A policy without what says where it goes."""
    for key in [key for key in item["metadata"].get("annotations", {}) if is_bookkeeping(key)]:
        del item["metadata"]["annotations"][key]
    return item


def readable(sample: Sample) -> bool:
    """Whether all of a case can stand in one list: a document that is no YAML, or JSON, cannot."""
    try:
        return all(isinstance(yaml.safe_load(f"-\n{indented(text)}")[0], dict) for text in documents(sample.directory))
    except (yaml.YAMLError, UnicodeDecodeError):
        return False


SAMPLES = [sample for sample in samples() if ELSEWHERE.isdisjoint(sample.options) and readable(sample)]


def test_nearly_every_case_is_a_sample() -> None:
    assert len(SAMPLES) > 0.95 * len(samples())


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_the_function_makes_the_same_policies(sample: Sample) -> None:
    result = CliRunner().invoke(program.program, ["krm", *sample.options], input=package(sample))
    assert result.exit_code == 0, result.stderr
    items = yaml.safe_load(result.stdout)["items"]
    policies = [plain(item) for item in items if item["kind"] == "NetworkPolicy"]
    assert policies == [policy for policy in yaml.safe_load_all(sample.policies) if policy]
