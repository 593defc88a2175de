"""Every clean case from a cluster: the same policies as from files."""

from __future__ import annotations

import json
import shlex
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from corpus import Sample, samples
from live.fake import FakeServer
from maxtac_render.cli import program
from maxtac_render.manifests.read import read
from maxtac_render.model.diagnostics import Report
from maxtac_render.model.intent import KINDS
from maxtac_render.model.objects import Resource
from maxtac_render.sources import load

FILES = {"--exclude", "--anchor", "--config", "-n", "--namespace", "--fail-on"}
"""Options about files, or about objects that no cluster can have."""


def bodies(sample: Sample) -> list[dict[str, Any]]:
    """The objects of a case; none where no API server could have them all, or would say when they were made."""
    report = Report()
    files = list(load(str(sample.directory), (), report, BytesIO()))
    found = [each for file in files for each in read(file.data, file.path, report)]
    refs = [each.ref for each in found]
    told = any(b"maxtac:" in file.data or file.path.endswith("maxtac.yaml") for file in files)
    if told or report.sorted() or len(set(refs)) < len(refs) or not FILES.isdisjoint(sample.options):
        return []
    return [dict(each.body) for each in found] if all(map(is_possible, found)) else []


def is_possible(resource: Resource) -> bool:
    """Whether an API server could have an object, and its creation would not count."""
    kind, ref, text = KINDS.get(resource.ref.kind), resource.ref, json.dumps(resource.body, sort_keys=True)
    cluster = kind is not None and kind.cluster
    known = (kind is not None or ref.kind == "Service") and bool(ref.namespace) is not cluster
    spec = resource.body.get("spec")
    return known and '"duration"' not in text and isinstance(spec, dict) and is_text(resource.body, ())


def is_text(value: Any, path: tuple[str, ...]) -> bool:
    """Whether labels, annotations and selectors hold nothing but texts."""
    if isinstance(value, dict):
        return all(is_text(item, (*path, key)) for key, item in value.items())
    if isinstance(value, list):
        return not {"labels", "annotations"} & {*path} and all(is_text(item, path) for item in value)
    return isinstance(value, str) or {"labels", "annotations", "selector", "serviceSelector"}.isdisjoint(path)


SAMPLES = [(sample, found) for sample in samples() if (found := bodies(sample))]


def test_most_samples_can_be_in_a_cluster() -> None:
    """So that the corpus is worth its name."""
    assert len(SAMPLES) > 40


@pytest.mark.parametrize(("sample", "objects"), SAMPLES, ids=[sample.name for sample, _ in SAMPLES])
def test_a_cluster_gives_the_same_policies(sample: Sample, objects: list[dict[str, Any]], tmp_path: Path) -> None:
    """Byte for byte, with the same options."""
    with FakeServer() as server:
        server.add(*objects)
        path = server.kubeconfig(tmp_path)
        arguments = ["render", "live:", "--no-config", *sample.options, "--kubeconfig", str(path)]
        ended = CliRunner().invoke(program.program, arguments)
    assert (ended.exit_code, ended.stdout) == (0, sample.policies), f"{shlex.join(arguments)}\n{ended.stderr}"
