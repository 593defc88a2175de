"""Every field is found where it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from manifest_mutations import LIST, SERVICE, STREAM, mutated, seeded

from maxtac_render.manifests import scalars
from maxtac_render.manifests.read import read
from maxtac_render.model.diagnostics import Report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maxtac_render.model.objects import FieldPath, Place

TEXT = """\
# comment
apiVersion: v1
kind: Service
metadata:
  name:   "wéb"   # c
  labels: {a: 'it''s', \U0001f600: yes, c: }
\tx: 1
spec:
  ports:
  - port: 0x50
    name: &n http
  - !!str 5
  - *n
  text: |
    line
    more
  plain: one
    two
  ? complex
  : value
"""


def place(path: FieldPath, text: str = TEXT.replace("\tx: 1\n", "")) -> Place | None:
    """The place of a field of the first object."""
    return next(iter(read(text.encode(), "f", Report(), named=True))).origin.places(path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("kind",), (3, 7, 14, "Service", "kind: Service")),
        (("metadata",), (4, 1, 9, "", "metadata:")),
        (("metadata", "name"), (5, 11, 16, "wéb", '  name:   "wéb"   # c')),
        (("metadata", "labels", "a"), (6, 15, 22, "it''s", "  labels: {a: 'it''s', \U0001f600: yes, c: }")),
        (("metadata", "labels", "\U0001f600"), (6, 27, 30, "yes", "  labels: {a: 'it''s', \U0001f600: yes, c: }")),
        (("metadata", "labels", "c"), (6, 32, 33, "", "  labels: {a: 'it''s', \U0001f600: yes, c: }")),
        (("metadata", "labels", "none"), (6, 3, 9, "", "  labels: {a: 'it''s', \U0001f600: yes, c: }")),
        (("metadata", "none", "deeper", 3), (4, 1, 9, "", "metadata:")),
        (("spec", "ports"), (8, 3, 8, "", "  ports:")),
        (("spec", "ports", 0), (9, 5, 15, "", "  - port: 0x50")),
        (("spec", "ports", 0, "port"), (9, 11, 15, "0x50", "  - port: 0x50")),
        (("spec", "ports", 0, "name"), (10, 14, 18, "http", "    name: &n http")),
        (("spec", "ports", 1), (11, 11, 12, "5", "  - !!str 5")),
        (("spec", "ports", 2), (10, 14, 18, "http", "    name: &n http")),
        (("spec", "ports", 9), (8, 3, 8, "", "  ports:")),
        (("spec", "plain"), (16, 10, 13, "one\n    two", "  plain: one")),
        (("spec", "complex"), (19, 5, 10, "value", "  : value")),
        ((), (2, 1, 15, "", "apiVersion: v1")),
        (("none",), (2, 1, 15, "", "apiVersion: v1")),
    ],
)
def test_a_field_is_found_at_its_value_or_its_key(path: FieldPath, expected: tuple[object, ...]) -> None:
    """Scalars and items at themselves, collections at their keys, and what is missing at what is around it."""
    assert place(path) == expected


def test_a_block_scalar_is_found_at_its_indicator() -> None:
    """Its text is everything from there on."""
    found = place(("spec", "text"))
    assert found is not None
    assert found[:3] == (13, 9, 10)
    assert found.text == "|\n    line\n    more"


def test_items_of_a_list_have_paths_of_their_own() -> None:
    """The excerpt never shows another object: it is empty in flow style."""
    text = (
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n  metadata: {name: a}\n"
        "- {apiVersion: v1, kind: Service, metadata: {name: b}}\n"
        "- {apiVersion: v1, kind: Secret, data: {x: &secret s3cret}}\n"
        "- apiVersion: v1\n  kind: Service\n  metadata:\n    name: *secret\n"
    )
    resources = list(read(text.encode(), "f", Report()))
    places = [resource.origin.places(("metadata", "name")) for resource in resources]
    assert places == [
        (6, 20, 21, "a", "  metadata: {name: a}"),
        (7, 52, 53, "b", ""),
        (8, 52, 58, "s3cret", ""),
    ]
    assert resources[2].origin.places(("kind",)) == (10, 9, 16, "Service", "  kind: Service")


def test_json_has_places_without_excerpts() -> None:
    """Even where libyaml could not read it, and behind another document on the same line."""
    one = '{"apiVersion":"v1","kind":"Service","metadata":{"name":"\\ud83d\\ude00\x7f"},"x":[1,\n\t-2.0]}'
    first, second = read((one + " " + one).encode(), "f", Report())
    assert first.origin.places(("metadata", "name")) == (1, 56, 71, "\\ud83d\\ude00\x7f", "")
    assert first.origin.places(("x", 1)) == (2, 2, 6, "-2.0", "")
    assert second.origin.places(("kind",)) == (2, 35, 44, "Service", "")


def test_merged_and_aliased_fields_are_found_at_their_anchors() -> None:
    """That is where they can be mended."""
    text = "apiVersion: v1\nkind: Service\nx: &x\n  a: 1\nz:\n  <<: *x\n  b: 2\nw: *x\n"
    assert place(("z", "a"), text) == (4, 6, 7, "1", "  a: 1")
    assert place(("w", "a"), text) == (4, 6, 7, "1", "  a: 1")
    assert place(("w",), text) == (8, 1, 2, "", "w: *x")


def test_long_lines_are_cut() -> None:
    """An excerpt has at most 200 characters."""
    found = place(("x",), f"apiVersion: v1\nkind: Service\nx: {'a' * 500}\n")
    assert found is not None
    assert (len(found.text), len(found.excerpt), found.end_column) == (500, 200, 504)


def _leaves(value: Any, path: FieldPath = ()) -> Iterator[tuple[FieldPath, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _leaves(item, (*path, number))
    else:
        yield path, value


def _meaning(text: str) -> object:
    try:
        return scalars.plain(text)
    except ValueError:
        return None


def test_the_place_of_every_scalar_shows_that_scalar() -> None:
    """In mutated manifests, with both line endings and a byte order mark."""
    random, checked = seeded(7), 0
    for _ in range(400):
        text = mutated(b"\n---\n".join(random.choices((SERVICE, STREAM, LIST), k=2)), random)
        if any(mark in text for mark in (b"\xc2\x85", b"\xe2\x80\xa8", b"\r")):
            continue
        lines = text.decode("utf-8", "replace").lstrip("\ufeff").split("\n")
        text = text.replace(b"\n", b"\r\n") if random.random() < 0.3 else text
        for resource in read(text, "f", Report()):
            for path, value in _leaves(resource.body):
                found = resource.origin.places(path)
                assert found is not None
                assert 1 <= found.column <= found.end_column
                line = lines[found.line - 1]
                shown = line[found.column - 1 : found.end_column - 1]
                if found.text and "\n" not in found.text:
                    assert shown.strip("\"'") == found.text.strip("\"'"), (text, path)
                    checked += str(value) == found.text or value == _meaning(found.text)
                assert found.excerpt in ("", line[:200])
    assert checked > 4_000
