"""The policies of the plugin are those of ``maxtac render``, whatever is rendered, with options as parameters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from corpus import Sample, samples
from maxtac_render.argocd.application import VARIABLE
from maxtac_render.cli import program
from maxtac_render.cli.parameters import SHORT
from maxtac_render.model.options import OPTIONS, Option

SAMPLES = samples()
FLAGS = {flag: option for option in OPTIONS for flag in (option.flag, *SHORT.get(option.name, ()))}
SWITCHES = ("--no-config", "--quiet", "-q")
OWN = ("--config", *SWITCHES)
"""What an administrator says, and no Application."""
STRICTER = {
    "a-link-that-leads-out-is-not-followed": "leads out of the repository",
    "broken-yaml-without-a-word-of-maxtac-is-passed-over": "not readable as YAML",
}
"""What is a finding for render, and a failure here, with what is said."""
PRUNED_LAST = '    argocd.argoproj.io/sync-options: "PruneLast=true"\n'


def words(sample: Sample) -> Iterator[tuple[str, str]]:
    """The options of a sample: each flag, and its value."""
    rest = iter(sample.options)
    for word in rest:
        flag, equals, value = word.partition("=")
        yield flag, value if equals or flag in SWITCHES else next(rest)


def parameters(sample: Sample) -> list[dict[str, Any]]:
    """The options of a sample as an Application says them."""
    found: dict[str, Any] = {}
    for flag, value in words(sample):
        if flag in FLAGS:
            found[FLAGS[flag].name] = _with(found.get(FLAGS[flag].name), FLAGS[flag], value)
    forms = {str: "string", list: "array", dict: "map"}
    return [{"name": name, forms[type(value)]: value} for name, value in found.items()]


def _with(before: Any, option: Option, value: str) -> Any:
    if option.form == "text":
        return value
    if option.form == "mapping":
        return {**(before or {}), **dict([value.split("=")])}
    return [*(before or []), *(value.split(",") if option.name in ("baseline", "mirrorNamespaces") else [value])]


@pytest.mark.parametrize("sample", SAMPLES, ids=[sample.name for sample in SAMPLES])
def test_the_policies_are_those_of_render(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    """By themselves, and behind the manifests."""
    monkeypatch.chdir(sample.directory)
    flags = [f"{flag}={value}" if value else flag for flag, value in words(sample) if flag in OWN]
    for manifests in ("drop", "keep"):
        said = [*parameters(sample), {"name": "manifests", "string": manifests}]
        environment = {VARIABLE: json.dumps(said)}
        done = CliRunner().invoke(program.program, ["argocd", "generate", *flags], env=environment, prog_name="maxtac")
        if sample.name in STRICTER:
            assert (done.exit_code != 0, done.stdout) == (True, "")
            assert STRICTER[sample.name] in done.stderr
            continue
        assert done.exit_code == 0, done.stderr
        assert done.stdout.count(PRUNED_LAST) == sample.policies.count("kind: NetworkPolicy\n")
        printed = done.stdout.replace(PRUNED_LAST, "")
        assert printed == sample.policies if manifests == "drop" else printed.endswith(sample.policies)


def test_there_are_many_samples() -> None:
    """Else they would show nothing; and what is stricter here is there."""
    assert sum(bool(sample.policies) for sample in SAMPLES) > 100
    assert STRICTER.keys() <= {sample.name for sample in SAMPLES}
