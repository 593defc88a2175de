"""What is written reads back equal, by whoever reads it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from manifest_kubectl import needs_kubectl, objects

from maxtac_render.manifests import build, scalars
from maxtac_render.manifests.write import block, document, scalar, stream

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = st.one_of(
    st.text(),
    st.text(alphabet="yYnN~0123456789.eExX_+-:/ tTrRuUeEfFaAlLsSoO<=#'\"\\\n\t|>{}[],&*!%@`?"),
    st.sampled_from(
        ["", " ", "a ", " a", "---", "...", "a: b", "a #b", "- a", "\ufeff", "\x85", "\u2028", "\U0001f600"]
    ),
)
NUMBERS = st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)
BODIES = st.dictionaries(TEXTS, VALUES, max_size=5)

LETTERS = (
    "y",
    "n",
    "yes",
    "no",
    "true",
    "false",
    "on",
    "off",
    "null",
    "nan",
    "inf",
    "infinity",
    ".nan",
    ".inf",
    "-.inf",
)
NUMERIC = (
    "0",
    "-1",
    "+1",
    "1_000",
    "0x1F",
    "0o17",
    "010",
    "0b11",
    "1.5",
    "1e3",
    ".5",
    "1.",
    "1:30",
    "190:20:30.15",
    "-0",
)
OTHERS = (
    "",
    "~",
    "=",
    "<<",
    "-",
    "---",
    "...",
    "?",
    "2024-01-01",
    "2001-12-14t21:59:43.10-05:00",
    "!a",
    "&a",
    "*a",
    "#a",
)
WORDS = (
    *(form for word in LETTERS for form in (word, word.upper(), word.capitalize())),
    *NUMERIC,
    *OTHERS,
)
CORE = re.compile(
    r"null|Null|NULL|~||true|True|TRUE|false|False|FALSE|[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"
    r"|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?(\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN"
)
"""What is no string in YAML 1.2's core schema (https://yaml.org/spec/1.2.2/, section 10.3.2)."""


def _equal(one: Any, other: Any) -> bool:
    """Equal in value and type, but for floats that are whole: Kubernetes makes integers of them."""
    return json.dumps(_whole(one), sort_keys=True) == json.dumps(_whole(other), sort_keys=True)


def _whole(value: Any) -> Any:
    match value:
        case dict():
            return {key: _whole(item) for key, item in value.items()}
        case list():
            return [_whole(item) for item in value]
        case float():
            return scalars.json_number(value)
    return value


@pytest.mark.parametrize("word", WORDS)
def test_a_word_that_could_be_no_string_is_quoted(word: str) -> None:
    """Whichever YAML the reader knows."""
    assert scalar(word) == f'"{word}"'


@pytest.mark.parametrize(
    "word", ["a", "web-1", "app.kubernetes.io/name", "TCP", "/healthz", "e5", "x_y", "yes1", "nul"]
)
def test_an_ordinary_word_stays_plain(word: str) -> None:
    """Quotes everywhere would be noise."""
    assert scalar(word) == word


@given(TEXTS)
@settings(max_examples=500, deadline=None)
def test_a_plain_text_is_a_string_to_every_reader(text: str) -> None:
    """And a quoted one is JSON too."""
    written = scalar(text)
    if written == text:
        assert scalars.plain(text) == text
        assert not CORE.fullmatch(text)
    else:
        assert json.loads(written) == text
    assert yaml.load(written, yaml.CSafeLoader) == text
    assert written.isascii() or not re.search("[\x7f-\x9f\u2028\u2029\ufeff]", written)


def test_every_character_is_read_back() -> None:
    """Also the ones that no YAML file may hold; a lone surrogate is replaced."""
    for code in (*range(0x3000), *range(0xD000, 0x10000), 0x10000, 0x1F600, 0x1FFFE, 0x10FFFF):
        text = f"a{chr(code)}"
        expected = "a\ufffd" if 0xD800 <= code < 0xE000 else text
        written = scalar(text)
        assert (written if written == text else json.loads(written)) == expected
    sample = "".join(map(chr, (*range(0x300), 0x2028, 0x2029, 0xFEFF, 0xFFFD, 0xFFFE, 0xFFFF, 0x1F600)))
    assert yaml.load(scalar(sample), yaml.CSafeLoader) == sample


@given(BODIES)
@settings(max_examples=300, deadline=None)
def test_a_document_is_read_back_equal(body: dict[str, Any]) -> None:
    """By libyaml, by PyYAML's own parser, and by our reader."""
    text = document(body)
    assert text.endswith("\n")
    assert _equal(yaml.load(text, yaml.CSafeLoader), body)
    assert _equal(yaml.load(text, yaml.SafeLoader), body)
    assert [_equal(parsed.value, body) for parsed in build.documents(text.encode())] == [True]


@given(VALUES, st.integers(0, 3))
@settings(max_examples=200, deadline=None)
def test_a_block_stands_after_its_key(value: Any, depth: int) -> None:
    """At whatever column the key is."""
    text = "".join("  " * level + "k:\n" for level in range(depth)) + "  " * depth + "k:" + block(value, 2 * depth)
    body = value
    for _ in range(depth + 1):
        body = {"k": body}
    assert _equal(yaml.load(text, yaml.CSafeLoader), body)


@given(st.lists(BODIES, max_size=4))
@settings(max_examples=100, deadline=None)
def test_a_stream_has_its_documents(bodies: list[dict[str, Any]]) -> None:
    """One marker between two of them."""
    text = "".join(stream(bodies))
    assert [
        _equal(parsed.value, body) for parsed, body in zip(build.documents(text.encode()), bodies, strict=True)
    ] == ([True] * len(bodies))


def test_the_style_is_that_of_kubectl() -> None:
    """Block style, lists at the column of their keys, the order of the keys as given."""
    body = {
        "kind": "NetworkPolicy",
        "spec": {"podSelector": {}, "ingress": [{"from": [{"a": {"b": "c"}}], "ports": []}, {}], "x": [["a", []], 1.5]},
        "a": {"e": None, "b": True, "i": -1, "f": 1e20, "t": "two\nlines", "on": "yes"},
    }
    assert document(body) == (
        "kind: NetworkPolicy\n"
        "spec:\n"
        "  podSelector: {}\n"
        "  ingress:\n"
        "  - from:\n"
        "    - a:\n"
        "        b: c\n"
        "    ports: []\n"
        "  - {}\n"
        "  x:\n"
        "  - - a\n"
        "    - []\n"
        "  - 1.5\n"
        "a:\n"
        "  e: null\n"
        "  b: true\n"
        "  i: -1\n"
        "  f: 1.0e+20\n"
        '  t: "two\\nlines"\n'
        '  "on": "yes"\n'
    )


def test_keys_too_long_for_one_line_are_written_with_a_question_mark() -> None:
    """YAML allows 1,024 characters before the colon."""
    long = "k" * 1_100
    body = {"a": [{long: {long: [1], "b": "c"}, "\x00" * 300: "x"}]}
    assert yaml.load(document(body), yaml.CSafeLoader) == body
    assert [parsed.value for parsed in build.documents(document(body).encode())] == [body]


def test_numbers_that_are_not_finite_cannot_be_written() -> None:
    """JSON has none."""
    for value in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="no JSON number"):
            document({"a": value})


@pytest.mark.real
@needs_kubectl
def test_kubectl_reads_back_what_is_written(tmp_path: Path) -> None:
    """Every word and many characters, as values and as keys."""
    texts = (
        *WORDS,
        *(chr(code) for code in (*range(0x100), 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0x1F600)),
        "a: b",
        "k" * 1_100,
    )
    head = {"apiVersion": "v1", "kind": "Service"}
    bodies = [{**head, "d": {text: [text, {"x": text}]}} for text in texts]
    assert objects([document(body).encode() for body in bodies], tmp_path) == [[body] for body in bodies]
