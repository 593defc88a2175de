"""The policies of the KRM function are those of ``maxtac render``, whatever is rendered, with options as arguments."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from corpus import Sample, samples
from maxtac_render.cli import program
from maxtac_render.manifests.encoding import to_utf8
from maxtac_render.manifests.read import pieces
from maxtac_render.manifests.wanted import PASSED
from maxtac_render.model.diagnostics import Report
from maxtac_render.model.orchestration import is_bookkeeping
from maxtac_render.sources import load

ELSEWHERE = {
    "a-configuration-sets-what-no-flag-says": "a function has a functionConfig, and reads no maxtac.yaml",
    "a-flag-wins-over-the-configuration": "likewise",
    "broken-yaml-without-a-word-of-maxtac-is-passed-over": "no orchestrator reads it",
    "what-is-excluded-is-not-read": "no orchestrator reads it",
}
"""What cannot be a package of a function, and why."""
SAMPLES = [sample for sample in samples() if sample.name not in ELSEWHERE]


def items(sample: Sample) -> Iterator[str]:
    """The objects of a sample as items of a list: as they are written where they are documents of block YAML."""
    for file in load(str(sample.directory), (), Report(), BytesIO()):
        for piece in pieces(to_utf8(file.data), file.path, Report(), PASSED):
            text = piece.text.decode()
            for body in filter(None, yaml.load_all(text, yaml.CBaseLoader)):
                if (
                    isinstance(body.get("items"), list)
                    or "\n..." in text
                    or text.lstrip().startswith(("{", "%", "--- "))
                ):
                    yield from _flow(yaml.load_all(text, yaml.CSafeLoader))
                else:
                    yield "- " + text.removeprefix("---").strip("\n").replace("\n", "\n  ")


def _flow(bodies: Any) -> Iterator[str]:
    for body in bodies:
        inner = body.get("items")
        if isinstance(inner, list):
            kind = {"apiVersion": body["apiVersion"], "kind": body["kind"].removesuffix("List")}
            yield from _flow(item if "kind" in item else {**kind, **item} for item in inner if item)
        else:
            yield f"- {json.dumps(body)}"


@pytest.mark.parametrize("sample", SAMPLES, ids=[sample.name for sample in SAMPLES])
def test_the_policies_are_those_of_render(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    """Among the items, which stay."""
    monkeypatch.chdir(sample.directory)
    listed = "\n".join(items(sample))
    text = f"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n{listed}\n"
    done = CliRunner().invoke(program.program, ["krm", *sample.options], input=text, prog_name="maxtac")
    assert done.exit_code == 0, done.output
    bodies = yaml.load(done.stdout, yaml.CSafeLoader)["items"]
    found = [_plain(body) for body in bodies if body["kind"] == "NetworkPolicy"]
    expected = [body for body in yaml.load_all(sample.policies, yaml.CSafeLoader) if body]
    assert sorted(found, key=_place) == sorted(expected, key=_place)


def _plain(body: Any) -> Any:
    """A policy without what tells the orchestrator where to put it."""
    notes = body["metadata"]["annotations"]
    body["metadata"]["annotations"] = {key: value for key, value in notes.items() if not is_bookkeeping(key)}
    return body


def _place(body: Any) -> tuple[str, str]:
    return body["metadata"]["namespace"], body["metadata"]["name"]
