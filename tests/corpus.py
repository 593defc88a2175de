"""The golden cases that render cleanly, for whatever else delivers the same policies from the same input."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import yaml

CASES = Path(__file__).parents[1] / "testdata" / "cases"
NOW = "2027-01-01T00:00:00Z"

_OWN_OUTPUT = {"-o", "--output", "--output-dir", "--check", "--report", "--passthrough", "--fail-on"}


class Sample(NamedTuple):
    """One case: its input directory, the options of ``maxtac render .`` in it, and the policies that come out."""

    name: str
    directory: Path
    options: tuple[str, ...]
    policies: str


def samples() -> list[Sample]:
    """The cases of ``maxtac render .`` that print YAML and end with 0, by name."""
    found = (_sample(path.parent) for path in sorted(CASES.glob("*/case.yaml")))
    return [sample for sample in found if sample is not None]


def _sample(case: Path) -> Sample | None:
    said = yaml.safe_load((case / "case.yaml").read_text()) or {}
    command, *options = said.get("args", ["render", "."])
    if command != "render" or options[:1] != ["."] or said.get("exit") or not _OWN_OUTPUT.isdisjoint(options):
        return None
    now = () if any(option.startswith("--now") for option in options) else ("--now", NOW)
    expected = case / "expected" / "networkpolicy.yaml"
    policies = expected.read_bytes().decode() if expected.exists() else ""
    return Sample(case.name, case / "input", (*options[1:], *now), policies)
