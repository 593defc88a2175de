"""Hostile files are refused at once, and nothing ever raises."""

from __future__ import annotations

import json
import time

import pytest
import yaml
from manifest_mutations import PASSED_OVER, READ, mutated, seeded

from maxtac_render.manifests import build, events, read
from maxtac_render.model.diagnostics import Code, Report

HEAD = "apiVersion: v1\nkind: Service\n"


def _found(text: str) -> tuple[int, set[Code]]:
    report = Report()
    start = time.process_time()
    count = len([json.dumps(found.body) for found in read.read(text.encode(), "f", report, named=True)])
    assert time.process_time() - start < 3
    return count, {finding.code for finding in report.sorted() if finding.place.line}


def _laughs(levels: int, width: int) -> str:
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * width)}]" for level in range(1, levels)]
    return HEAD + "\n".join(lines) + "\n"


BOMBS = {
    "a billion laughs": _laughs(12, 9),
    "a tower of aliases": _laughs(5_000, 1),
    "a tower of pairs": _laughs(500, 2),
    "merged laughs": HEAD + f"a: &a {{x: {[1] * 100}}}\nb: [" + "{<<: *a}, " * 20_000 + "]",
    "many merges": HEAD
    + "a: &a {"
    + ", ".join(f"k{n}: 1" for n in range(2_000))
    + "}\nb: {<<: ["
    + "*a, " * 9_000
    + "]}",
    "a long text many times": HEAD + f"a: &a {'x' * 1_000_000}\nb: [" + "*a, " * 9_000 + "]",
    "lists in lists": HEAD + "a: " + "[" * 100_000,
    "mappings in mappings": HEAD + "a: " + "{a: " * 100_000,
    "closed lists": HEAD + "a: " + "[" * 5_000 + "]" * 5_000,
    "dashes": HEAD + "a:\n" + "- " * 100_000,
    "JSON lists in lists": '{"apiVersion": "v1", "kind": "Service", "a": ' + "[" * 200_000 + "]" * 200_000 + "}",
    "JSON just too deep": '{"apiVersion": "v1", "kind": "Service", "a": ' + "[" * 101 + "]" * 101 + "}",
    "lists of lists of objects": '{"kind": "List", "items": [' * 300 + "]}" * 300,
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_at_once(text: str) -> None:
    """Before its nodes are made."""
    assert _found(text) == (0, {Code.OVER_LIMIT})


HARMLESS = {
    "questions": "? " * 100_000,
    "anchors": ": &a " * 50_000,
    "tags": "!!a " * 50_000,
    "quotes": "'" * 200_000,
    "open flow": "[a, " * 99 + "b, " * 100_000,
    "long keys": "\n".join("k" * 1_000 + f"{n}: 1" for n in range(500)),
    "markers": "---\n" * 20_000,
    "broken documents": "%\n" + '---\n"\n' * 3_000,
    "aliases of nothing": "[" + "*a, " * 100_000 + "]",
    "blanks": " " * 1_000_000 + "\n" + "\t" * 1_000_000,
    "comments": "#\n" * 300_000,
}


@pytest.mark.parametrize("text", HARMLESS.values(), ids=HARMLESS)
def test_strange_text_costs_no_more_than_other_text(text: str) -> None:
    """Neither time nor an exception, whatever comes of it."""
    assert _found(text)[0] == 0


def test_what_is_within_the_limits_is_read() -> None:
    """A hundred levels, and aliases as people use them."""
    assert _found(HEAD + "a: " + "[" * 99 + "]" * 99) == (1, set())
    assert _found(HEAD + "a: &a {x: 1, w: 2}\nb: [" + "*a, " * 3_000 + "]") == (1, set())
    assert _found(HEAD + "a: &a x\nb: [" + "*a, " * 100_000 + "]") == (1, set())
    assert _found(HEAD + "a: &a {x: 1, w: 2}\nb: [" + "{<<: *a, x: 3, w: 4}, " * 6_000 + "]") == (1, set())
    assert _found('{"apiVersion": "v1", "kind": "Service", "a": ' + "[" * 99 + "]" * 99 + "}") == (1, set())


def test_a_file_over_the_limit_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is one of bytes."""
    monkeypatch.setattr(read, "BYTES", 10)
    assert _found(HEAD) == (0, {Code.OVER_LIMIT})


def test_a_limit_is_reported_where_it_is_passed() -> None:
    """The documents around it are read."""
    report = Report()
    text = f"{HEAD}---\n{HEAD}a:\n  b: {'[' * 200}\n---\n{HEAD}"
    found = list(read.read(text.encode(), "f", report))
    assert [resource.origin[1:3] for resource in found] == [(0, 1), (2, 9)]
    assert [(finding.code, finding.place.line) for finding in report.sorted()] == [(Code.OVER_LIMIT, 7)]
    report = Report()
    list(read.read(b'{}\n{"a": ' + b"[" * 200 + b"]" * 200 + b"}", "f", report))
    assert [(finding.code, finding.place.line) for finding in report.sorted()] == [(Code.OVER_LIMIT, 2)]


def test_random_bytes_never_raise() -> None:
    """A thousand of them, from all bytes and from YAML's own."""
    random = seeded(5)
    for number in range(1_000):
        alphabet = b"a:-{}[]&*!|>'\"#?\n ,%\\" if number % 2 else bytes(range(256))
        data = bytes(random.choices(alphabet, k=random.randrange(200)))
        report = Report()
        for found in read.read(data, "f", report, named=True, thorough=True):
            found.origin.places(("metadata", "name"))
        report.sorted()


@pytest.mark.parametrize("parser", [events.Parser, yaml.Loader])
def test_mutated_manifests_never_raise(parser: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor do the places of their fields, with libyaml and without."""
    monkeypatch.setattr(events, "Parser", parser)
    random = seeded(6)
    for _ in range(2_000 if parser is events.Parser and parser is not yaml.Loader else 300):
        text = mutated(random.choice((*READ, *PASSED_OVER)), random)
        report = Report()
        for found in read.read(text, "f", report, named=True):
            found.origin.places(("metadata", "name"))
            found.origin.places(("spec", "ports", 0, "port"))
        report.sorted()


def test_the_builder_counts_what_aliases_stand_for() -> None:
    """One node for each value, and more for long texts."""
    parsed = next(build.documents(b"a: &a [1, {b: 2}]\nc: *a\n"))
    assert parsed.value == {"a": [1, {"b": 2}], "c": [1, {"b": 2}]}
