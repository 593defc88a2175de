"""Edits change what they say and not one byte more, or are refused."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from functools import reduce
from operator import getitem
from typing import Any

import pytest
import yaml
from manifest_mutations import JSON, LIST, PASSED_OVER, SERVICE, STREAM, mutated, seeded

from maxtac_render.manifests.edit import Edit, Refused, Verb, apply, apply_each, edit_at
from maxtac_render.manifests.read import read
from maxtac_render.model.diagnostics import Report
from maxtac_render.model.objects import FieldPath


def upper(text: str) -> str:
    """A change that is made from the old text."""
    return text.upper()


DONE: list[tuple[str, FieldPath, Verb, Any, str]] = [
    # set, in every style
    ("a: b", ("a",), "set", "c", "a: c"),
    ("a:   b   # b\n", ("a",), "set", "yes", 'a:   "yes"   # b\n'),
    ("a: 'b'\n", ("a",), "set", "it's", "a: 'it''s'\n"),
    ("a: 'b'\n", ("a",), "set", "\t\n", 'a: "\\t\\n"\n'),
    ('a: "b" # c\n', ("a",), "set", "c", 'a: "c" # c\n'),
    ("a: 1.0\n", ("a",), "set", "1.0", 'a: "1.0"\n'),
    ("a: ~\n", ("a",), "set", "b", "a: b\n"),
    ("a: b\n", ("a",), "set", "", 'a: ""\n'),
    ("a: b\n", ("a",), "set", "10.0.0.0/8", "a: 10.0.0.0/8\n"),
    ("a: b\n", ("a",), "set", "2001:db8::/32", "a: 2001:db8::/32\n"),
    ("a: b\n", ("a",), "set", "::1/128", 'a: "::1/128"\n'),
    ("a: b\n", ("a",), "set", "x, y;z", "a: x, y;z\n"),
    ("a: b\n", ("a",), "set", "x: y", 'a: "x: y"\n'),
    ("a: b\n", ("a",), "set", "2001-12-14", 'a: "2001-12-14"\n'),
    ("{a: b}\n", ("a",), "set", "x,y", '{a: "x,y"}\n'),
    ("a: [b, c] # d\n", ("a", 1), "set", "10.0.0.0/8", "a: [b, 10.0.0.0/8] # d\n"),
    ("a: é # ö\nb: \U0001f600\n", ("b",), "set", "ü", 'a: é # ö\nb: "ü"\n'),
    ("a: b\n  c\n# d\n", ("a",), "set", "e", "a: e\n# d\n"),
    ("a: &x b\n", ("a",), "set", "c", "a: &x c\n"),
    ("a:\tb\t# c\n", ("a",), "set", "d", "a:\td\t# c\n"),
    ("? a\n: b\n", ("a",), "set", "c", "? a\n: c\n"),
    ("1: b\ntrue: c\n", ("true",), "set", "d", "1: b\ntrue: d\n"),
    ("a:\n- b\n-   c: d\n", ("a", 1, "c"), "set", "e", "a:\n- b\n-   c: e\n"),
    ("# x\n---\na: b\n---\na: b\n...\na: b\n", ("a",), "set", "c", "# x\n---\na: c\n---\na: b\n...\na: b\n"),
    ("%YAML 1.1\n---\na: b # c\n", ("a",), "set", "d", "%YAML 1.1\n---\na: d # c\n"),
    # set, made from the old text
    ("a: b, c # d\n", ("a",), "set", upper, "a: B, C # d\n"),
    ('a: "b\n  c"\n', ("a",), "set", upper, 'a: "B\n  C"\n'),
    ("a: 'b''c'\n", ("a",), "set", upper, "a: 'B''C'\n"),
    ("a: b\n  c\n", ("a",), "set", upper, "a: B\n  C\n"),
    ("a: >-  # d\n  b\n  c\ne: f\n", ("a",), "set", upper, "a: >-  # d\n  B\n  C\ne: f\n"),
    ("a: |\n    b\n\n# c\n", ("a",), "set", upper, "a: |\n    B\n\n# c\n"),
    ("a: |2-\n    b", ("a",), "set", upper, "a: |2-\n    B"),
    # rename
    ("a: b # c\n", ("a",), "rename", "d", "d: b # c\n"),
    ("'a': b\n", ("a",), "rename", "d", "'d': b\n"),
    ("a: {b: c}\n", ("a", "b"), "rename", "x.y/z", "a: {x.y/z: c}\n"),
    ("a: &x b\nc: *x\n", ("c",), "rename", "d", "a: &x b\nd: *x\n"),
    ("a: b\n", ("a",), "rename", "on", '"on": b\n'),
    # add
    ("a:\n  b: c", ("a", "d"), "add", "e", "a:\n  b: c\n  d: e"),
    ("a:\n  b: c # d\n\n# e\nf: g\n", ("a", "d"), "add", "1", 'a:\n  b: c # d\n  d: "1"\n\n# e\nf: g\n'),
    ("a:\n    b: c\nd: e\n", ("a", "x", "q"), "add", "z", "a:\n    b: c\n    x:\n        q: z\nd: e\n"),
    ("a:\n b: |\n  c\n\nd: e\n", ("a", "x"), "add", "z", "a:\n b: |\n  c\n x: z\n\nd: e\n"),
    ("a:\n b:\n - c\n - d: [e,\n    f]\n", ("a", "x"), "add", "z", "a:\n b:\n - c\n - d: [e,\n    f]\n x: z\n"),
    ("a: &x b\nc:\n  d: *x\n", ("c", "e"), "add", "f", "a: &x b\nc:\n  d: *x\n  e: f\n"),
    ("a:\n  b:\nc: d\n", ("a", "b", "x"), "add", "z", "a:\n  b:\n    x: z\nc: d\n"),
    ("a:\n  b: # e\nc: d\n", ("a", "b", "x"), "add", "z", "a:\n  b: # e\n    x: z\nc: d\n"),
    ("a: {}\n", ("a", "x"), "add", "z", 'a: {x: "z"}\n'),
    ("a: { b: c } # d\n", ("a", "x", "q"), "add", "z", 'a: { b: c, x: {q: "z"} } # d\n'),
    ("a: {b: c,}\n", ("a", "x"), "add", "z", 'a: {b: c, x: "z"}\n'),
    # remove
    ("a: b\nc: d\n", ("a",), "remove", "", "c: d\n"),
    ("a: b\nc: d", ("c",), "remove", "", "a: b\n"),
    ("a: b # x\nc: d # y\n", ("c",), "remove", "", "a: b # x\n# y\n"),
    (
        "a:\n  b: c\n  # x\n  d:\n    # y\n    - e # z\n  f: g\n",
        ("a", "d"),
        "remove",
        "",
        "a:\n  b: c\n  # x\n  # y\n  # z\n  f: g\n",
    ),
    ("a:\n- b\n- c # x\n- d\n", ("a", 1), "remove", "", "a:\n- b\n# x\n- d\n"),
    ("a: [b, c, d]\n", ("a", 0), "remove", "", "a: [c, d]\n"),
    ("a: [b, c, d]\n", ("a", 2), "remove", "", "a: [b, c]\n"),
    ("a: [b]\n", ("a", 0), "remove", "", "a: []\n"),
    ("a: {b: c,\n  d: e, # f\n  g: h}\n", ("a", "d"), "remove", "", "a: {b: c, # f\n  g: h}\n"),
    ("a: [b, # c\n d]\n", ("a", 1), "remove", "", "a: [b, # c\n ]\n"),
    ("a: [b, # c,\n d]\n", ("a", 1), "remove", "", "a: [b, # c,\n ]\n"),
    # JSON
    ('{"a": {"b": true}}', ("a", "b"), "set", "true", '{"a": {"b": "true"}}'),
    ('{\n\t"a": 1,\n\t"b": "c"\n}\n', ("a",), "set", "1", '{\n\t"a": "1",\n\t"b": "c"\n}\n'),
    ('{"a": "\\ud83d\\ude00", "b": "\\/"}', ("b",), "set", "c", '{"a": "\\ud83d\\ude00", "b": "c"}'),
    ('{"a": 1}{"b": 2}', ("a",), "rename", "c", '{"c": 1}{"b": 2}'),
    ('{"a": 1}\n---\nb: c\n', ("a",), "rename", "c", '{"c": 1}\n---\nb: c\n'),
    (
        '{\n  "a": {\n    "b": "c"\n  }\n}\n',
        ("a", "d"),
        "add",
        "e",
        '{\n  "a": {\n    "b": "c",\n    "d": "e"\n  }\n}\n',
    ),
    ('{\n  "a": 1,\n  "b": 2\n}\n', ("a",), "remove", "", '{\n  "b": 2\n}\n'),
    ('{\n  "a": 1,\n  "b": 2\n}\n', ("b",), "remove", "", '{\n  "a": 1\n}\n'),
    ('{"a": {"b": "c"}}', ("a", "x", "q"), "add", "z", '{"a": {"b": "c", "x": {"q": "z"}}}'),
]


@pytest.mark.parametrize("form", [(b"", "\n"), (b"", "\r\n"), (codecs.BOM_UTF8, "\n"), (codecs.BOM_UTF8, "\r\n")])
@pytest.mark.parametrize("row", DONE)
def test_an_edit_is_spliced_in(row: tuple[str, FieldPath, Verb, Any, str], form: tuple[bytes, str]) -> None:
    """The text afterwards is exactly this, whatever the line breaks and with or without a byte order mark."""
    text, path, verb, what, expected = row
    mark, line_break = form
    after = apply(mark + text.replace("\n", line_break).encode(), [Edit(0, path, verb, what)])
    assert after.decode() == (mark + expected.replace("\n", line_break).encode()).decode()


REFUSED: list[tuple[str, FieldPath, Verb, Any, str]] = [
    ("a: &x b\nc: *x\n", ("a",), "set", "d", "an alias shares it"),
    ("a: &x b\nc: *x\n", ("c",), "set", "d", "an alias shares it"),
    ("a: &x {b: c}\nd: *x\n", ("d", "b"), "set", "e", "an alias shares it"),
    ("a: &x {b: c}\nd: *x\n", ("a", "b"), "rename", "e", "an alias shares it"),
    ("a: &x {b: c}\nd: *x\n", ("d", "e"), "add", "f", "an alias shares it"),
    ("a: &x {b: c}\nd: *x\n", ("a",), "remove", "", "an alias shares it"),
    ("a: &x {b: c}\nd: {<<: *x}\n", ("d", "b"), "set", "e", "it is not written there"),
    ("a: &x {b: c}\nd: {<<: *x, b: d}\n", ("d", "b"), "rename", "e", "something else would change too"),
    ("a: &x {b: c}\nd: {<<: *x, e: d}\n", ("a", "b"), "set", "e", "an alias shares it"),
    ("? &x a\n: *x\n", ("a",), "rename", "e", "an alias shares it"),
    ("a: !!bool yes\n", ("a",), "set", "yes", "it has a tag"),
    ("a: |\n  b\n", ("a",), "set", "c", "it is a block scalar"),
    ("a: {b: c}\n", ("a",), "set", "c", "it is no scalar"),
    ("a:\nb: c\n", ("a",), "set", "c", "it is no scalar"),
    ("a: 1\n", ("a",), "set", upper, "it is no text"),
    ("a: 'b\n\n  c'\n", ("a",), "set", lambda text: text.replace("\n", ""), "something else would change too"),
    ("a: b\n", ("c",), "set", "d", "it is not there"),
    ("a: [b]\n", ("a", 1), "set", "d", "it is not there"),
    ("a: b\na: c\n", ("a",), "rename", "d", "something else would change too"),
    ("a: b\nc: d\n", ("a",), "rename", "c", "c is there already"),
    ("a: [b]\n", ("a", 0), "rename", "c", "it is no field"),
    ("a: b\n", ("a",), "add", "c", "a is there already"),
    ("a: {b: null}\n", ("a", "b", "c"), "add", "d", "there is no mapping to which it can be added"),
    ("a: b\n", ("a", "c"), "add", "d", "there is no mapping to which it can be added"),
    ("a: [b]\n", ("a", "c"), "add", "d", "there is no mapping to which it can be added"),
    ("- a\n", ("a",), "add", "d", "there is no mapping to which it can be added"),
    ("a: # b\n  # c\n", ("a", "b"), "remove", "", "it is not written there"),
    ("--- {a: {b: c}}\n", ("d",), "remove", "", "it is not written there"),
    ("a:\n  b: c\n", ("a", "b"), "remove", "", "nothing else would be left around it"),
    ("a:\n- b: c\n  d: e\n", ("a", 0, "b"), "remove", "", "it shares its line with something else"),
    ("a:\n- - b\n  - c\n", ("a", 0, 0), "remove", "", "it shares its line with something else"),
    ("a: [b # c\n , d]\n", ("a", 0), "remove", "", "something else would change too"),
    ("a: |\n  b #c\n", ("a",), "set", lambda text: text + "  # d\n", "something else would change too"),
    ("a: |+\n  b\n\nc: d\n", ("a",), "set", lambda text: text.strip(), "something else would change too"),
    ("---#\na: b\n", ("a",), "set", "c", "its document cannot be edited"),
    ("a: [b\n", ("a",), "set", "c", "its document cannot be edited"),
    ("a: !<x\n  b\n---\na: b\n", ("a",), "set", "c", "its document cannot be edited"),
    ("{a: b, c: ?}\n", ("a",), "set", "d", "its document cannot be edited"),
]


@pytest.mark.parametrize(("text", "path", "verb", "what", "reason"), REFUSED)
def test_an_edit_is_refused(text: str, path: FieldPath, verb: Verb, what: Any, reason: str) -> None:
    """What would take anything else with it is not done, and the reason is told."""
    with pytest.raises(Refused, match=reason):
        apply(text.encode(), [Edit(0, path, verb, what)])
    assert apply_each(text.encode(), [[Edit(0, path, verb, what)]]) == (text.encode(), {0: reason})


MIXED = b"""\
# one
apiVersion: v1
kind: List
items:
- # two
  kind: List
  items:
  - {apiVersion: v1, kind: Service, metadata: {name: a, labels: {q: 1}}} # three
- apiVersion: v1
  kind: Service
  metadata: {name: b}
  spec: {q: 1}
---
broken: [
---
\xff: not even text
---
apiVersion: v1
kind: Service
metadata: {name: c}
spec: {q: 1}
"""


def test_items_of_lists_and_documents_behind_broken_ones_are_found() -> None:
    """An object is edited where it was read, whatever stands around it."""
    found = {resource.ref.name: resource for resource in read(MIXED, "f", Report(), thorough=True)}
    edits = [
        edit_at(found["a"].origin, ("metadata", "labels", "q"), "set", "1"),
        edit_at(found["b"].origin, ("spec", "q"), "set", "2"),
        edit_at(found["c"].origin, ("spec", "q"), "set", "3"),
    ]
    expected = MIXED.replace(b"q: 1", b'q: "1"', 1).replace(b"q: 1", b'q: "2"', 1).replace(b"q: 1", b'q: "3"', 1)
    assert apply(MIXED, edits) == expected


def test_several_edits_make_one_file() -> None:
    """Edits of one scalar come one after the other, items are removed as they were numbered, and equal edits once."""
    text = b"a: [b, c, d, e]\nf:\n- g\n- h\n- i\nj: k\nl: m\n"
    edits = [
        Edit(0, ("a", 1), "remove"),
        Edit(0, ("a", 1), "remove"),
        Edit(0, ("a", 3), "remove"),
        Edit(0, ("f", 1), "remove"),
        Edit(0, ("f", 2), "remove"),
        Edit(0, ("j",), "set", lambda text: text + "k"),
        Edit(0, ("j",), "set", upper),
        Edit(0, ("l",), "rename", "z"),
        Edit(0, ("l",), "set", "o"),
        Edit(0, ("p",), "add", "q"),
        Edit(0, ("r",), "add", "s"),
    ]
    assert apply(text, edits) == b"a: [b, d]\nf:\n- g\nj: KK\nz: o\np: q\nr: s\n"


def test_nothing_is_edited_where_it_would_meet_another_edit() -> None:
    """Of groups that exclude each other one is made; those that cannot be made at all are named."""
    text = b"a: b\nc: d\ne: &x f\ng: *x\n"
    groups = [
        [Edit(0, ("a",), "rename", "z")],
        [Edit(0, ("c",), "rename", "z")],
        [Edit(0, ("c",), "set", "y"), Edit(0, ("e",), "set", "y")],
        [Edit(0, ("g",), "rename", "h")],
    ]
    applied = apply_each(text, groups)
    assert applied.data == b"z: b\nc: d\ne: &x f\nh: *x\n"
    assert applied.refused == {2: "an alias shares it"}
    with pytest.raises(Refused, match="another edit is in its way"):
        apply(text, [Edit(0, ("a",), "remove"), Edit(0, ("a",), "rename", "b"), Edit(0, ("a",), "set", "b")])
    assert apply_each(text, []) == (text, {})


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_other_encodings_are_refused(encoding: str) -> None:
    """UTF-16 is read, but not edited."""
    with pytest.raises(Refused, match="the file is not UTF-8"):
        apply("a: b\n".encode(encoding), [Edit(0, ("a",), "set", "c")])
    with pytest.raises(Refused, match="its document cannot be edited"):
        apply(b"a: \xff\n", [Edit(0, ("a",), "set", "c")])


def test_what_is_written_is_text_to_another_parser() -> None:
    """PyYAML, which knows YAML 1.1's types, reads a string too, whatever text is set."""
    for text in ("1", "1.0", "1:30", "0x1", "1e3", "2001-12-14", "~", "", "no", "=", "<<", "a,b", "1,2", "10.0.0.0-8"):
        for before in (b"a: b\n", b"a: 'b'\n", b'a: "b"\n', b"{a: b}\n"):
            after = apply(before, [Edit(0, ("a",), "set", text)])
            assert yaml.safe_load(after) == {"a": text}, after


def test_in_mangled_files_edits_change_one_thing_or_nothing() -> None:
    """Whatever stands around it: a changed scalar is the only thing that the reader finds changed."""
    random, done = seeded(11), 0
    for _ in range(600):
        text = mutated(b"\n---\n".join(random.choices((SERVICE, STREAM, LIST, JSON, *PASSED_OVER), k=3)), random)
        text = text.replace(b"\n", b"\r\n") if random.random() < 0.3 else text
        found = list(read(text, "f", Report()))
        number = random.randrange(len(found)) if found else 0
        leaves = list(_leaves(found[number].body)) if found else []
        if not leaves:
            continue
        path = random.choice(leaves)
        try:
            after = apply(text, [edit_at(found[number].origin, path, "set", "new: text")])
        except Refused:
            assert apply_each(text, [[edit_at(found[number].origin, path, "set", "new: text")]]).data == text
            continue
        expected = [json.loads(json.dumps(resource.body)) for resource in found]
        parent = reduce(getitem, path[:-1], expected[number])
        parent[path[-1]] = "new: text"
        assert [resource.body for resource in read(after, "f", Report())] == expected
        done += 1
    assert done > 200


def _leaves(value: Any, path: FieldPath = ()) -> Iterator[FieldPath]:
    """The paths of the scalars that do not tell what an object is."""
    if isinstance(value, dict | list):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(inner, (*path, step))
    elif path[-1] not in ("kind", "apiVersion"):
        yield path
