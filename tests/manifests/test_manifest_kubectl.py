"""What kubectl reads, we read, and we read it alike."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from manifest_kubectl import needs_kubectl, objects
from manifest_mutations import READ, mutated, seeded

from maxtac_render.manifests.read import read
from maxtac_render.model.diagnostics import Report

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.real, needs_kubectl]


def test_mutated_manifests_mean_the_same_to_kubectl(tmp_path: Path) -> None:
    """Where both read as many Services, they read the same ones.

    We may read more: documents after a broken one, and what kubectl refuses for its markers. We may read less where
    we refuse what it lets pass: bytes that are no UTF-8, and what newer versions of libyaml refuse; never in silence.
    """
    random = seeded(8)
    texts = [mutated(random.choice(READ), random) for _ in range(2_000)]
    silent, compared = [], 0
    for text, theirs in zip(texts, objects(texts, tmp_path), strict=True):
        wanted = [body for body in theirs if (body.get("apiVersion"), body["kind"]) == ("v1", "Service")]
        report = Report()
        ours = [_without_metadata(found.body) for found in read(text, "f", report, named=True)]
        if len(ours) == len(wanted):
            compared += len(ours)
            assert _text(ours) == _text(wanted), text
        elif len(ours) < len(wanted) and not report.sorted():
            silent.append(text)
    assert not silent
    assert compared > 800


def _without_metadata(body: object) -> dict[str, object]:
    assert isinstance(body, dict)
    return {key: value for key, value in body.items() if key != "metadata"}


def _text(bodies: list[dict[str, object]]) -> str:
    return json.dumps(bodies, sort_keys=True)
