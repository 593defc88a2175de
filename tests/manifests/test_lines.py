"""Plain documents must mean what the event parser says, or be refused: by table, by property and by fuzzing.

``MAXTAC_FUZZ=300`` fuzzes for so many seconds, each time other mutants.
"""

from __future__ import annotations

import os
import random
import string
import subprocess
import sys
import time
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from maxtac_render.manifests import build, lines, scalars
from maxtac_render.manifests.lines import plain_document
from maxtac_render.manifests.stream import SKIPPED, chunks

ROOT = Path(__file__).parents[2]
MUTANTS = 20_000
SECONDS = float(os.environ.get("MAXTAC_FUZZ", "0"))

NASTY = ":#-?&*!|>'\"%@\\`{}[],\t\r\n =~<.0aA_/+()\x00\x07\x7f\u0085\u00a0\u2028\ufeff\u00e9"
WORDS = (
    *("y", "n", "no", "Yes", "on", "off", "true", "False", "null", "Null", "~", "=", "<<", "nan", "items", "kind"),
    *("010", "0o10", "1e3", "0x1f", "1:30", ".5", "5.", "1_000", "+1", "-1", ".inf", "-.inf", ".nan", ".NaN"),
    *("1e999", "18446744073709551616", "2024-01-01", "0b1", "1.0", "::", "a:", ":a", "a:b", "a: b", "a #b", "a#b"),
    *("#a", "-", "--", "- a", "-a", "a-", "a - b", "a- b", "---", "--- a", "...", "? a", "?", "!", "!!str 1"),
    *("&a 1", "*a", "|", ">-", "%a", "''", '""', "'a'", '"a"', "'a''b'", '"a\\n"', '"a" ', '"a"b', "'a' #b"),
    *('"a: b"', "'- a'", '"a', "'", '"', '" a "', "{}", "[]", "{a: b}", "[a]", "{} ", "{", "]", "a  b", "a b"),
    *(" a", "", "@a", "`a", "a,b", "a, b", "[a", "a]", "a/b", "2001:db8::/64", "a=b", "a@b.c"),
    *("https://example.com/x", "x" * 127, "x" * 128, "x" * 129, "x" * 1100, "a\tb", "a\t"),
)

ROWS = ("", "#", "# a: b", "# a", "---", "...", "- ", "-", "- x", "k: v", "k:", "? k", "k: |")
ENDS = (" ", "  ", ":", " :", "#", " #", " # x", "\t", "-", "'", '"', ",", "\\")

SEEDS = (
    b"a: 1\n",
    b"---\n# Source: chart/x.yaml\na:\n- b\n- c: 1\n  d: 2\ne:\n  - f\n  - g:\n    - h: 1\n      i:\n        j: k\n",
    b"a:\n\n  # what for\n  b: c\n\n  d: [] \n\n# end\ne: {}\n\n",
    b"a:\n-   b: 'x'\n    c: \"y: z\"\n-   d\n-  e:\n     f: a b c\n",
    b"a:\n  b:\n    c:\n    - d\n    e:\n    - f: 1\n      g:\n      - 2\n      h: 3\n    i: no\n  j: 010\nk: .5\n",
)


def taken(text: bytes, *, twice: bool = True) -> bool:
    """Whether a text is read as plain; then it must mean the same to the event parser, ``twice`` to PyYAML as well."""
    plain = plain_document(text)
    if plain is None:
        return False
    (parsed,) = build.documents(text)
    assert repr(plain.value) == repr(parsed.value), text  # equal, of the same types, and in the same order
    assert plain.line == parsed.line, text
    assert not parsed.twice, text
    assert "items" not in plain.value, text
    if twice:
        assert is_written(plain.value, yaml.load(text, yaml.CBaseLoader)), text  # noqa: S506 # it makes only texts
    return True


def is_written(value: Any, written: Any) -> bool:
    """Whether a value has the structure of another, in which all scalars are as they are written."""
    if isinstance(value, dict):
        return list(value) == list(written) and all(is_written(value[key], written[key]) for key in value)
    if isinstance(value, list):
        return len(value) == len(written) and all(map(is_written, value, written))
    return isinstance(written, str) and value in (written, scalars.plain(written))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The relevant documents of the benchmark."""
    directory = tmp_path_factory.mktemp("corpus")
    program = ROOT / "benchmarks" / "corpus.py"
    subprocess.run([sys.executable, program, directory, "800"], check=True)
    stream = (directory / "all.yaml").read_bytes()
    return [chunk.text for chunk in chunks(stream, thorough=False) if chunk is not SKIPPED]


def walkthrough() -> list[bytes]:
    """The documents of the walkthrough."""
    files = sorted((ROOT / "testdata" / "walkthrough").glob("*.yaml"))
    return [chunk.text for file in files for chunk in chunks(file.read_bytes(), thorough=True)]


def test_the_documents_that_it_is_for_are_taken(corpus: list[bytes]) -> None:
    assert len(corpus) == 808
    for text in [*corpus, *walkthrough(), *SEEDS]:
        assert taken(text), text


TRICKY = (
    *("", "\n", "---\n", "# a\n", "a", "a:", "a:\n", "a: \n", "- a\n", "'a': b\n", "a: b", "a: b\n...\n"),
    *("...\na: b\n", "--- a: b\n", "---\na: b\n---\n", "a: b\n---\nc: d\n", "# x\n---\na: b\n", "--- # x\na: b\n"),
    *("%YAML 1.1\n---\na: b\n", "---\n---\na: b\n", "--- \na: b\n", "---\t\na: b\n", " a: b\n", "  a: b\n  c: d\n"),
    *("---\n\n \n# x\n  # y\na: b\n", "a: b\n  c\n", "a: b\n c: d\n", "a: b\n\n  c\n", "a: b\n# x\n  c\n"),
    *("a: 'b'\n  c\n", "a: b\n - c\n", "a: b\n- c\n", "a:\n  b: c\n d: e\n", "a:\n  b: c\n   d: e\n"),
    *("a:\n    b: c\n  d: e\n", "a:\n b: c\nd: e\n", "a:\nb: c\n", "a: b\nc:\n", "a:\n- b\nc: d\n"),
    *("a:\n- b\n c: d\n", "a:\n  - b\n- c\n", "a:\n- b\n  - c\n", "a:\n  - b\n  c: d\n", "a:\n  - b\n - c\n"),
    *("a:\n- b:\n- c\n", "a:\n- b:\n  - c\n- d\n", "a:\n- b:\n  - c\n  d: e\n", "a:\n- b: c\n d: e\n"),
    *("a:\n- b: c\n   d: e\n", "a:\n- b: c\n  d: e\n", "a:\n-   b: c\n  d: e\n", "a:\n-   b: c\n    d: e\n"),
    *("a:\n-  b\n", "a:\n-b\n", "a:\n-\n  b: c\n", "a:\n- - b\n", "a:\n- - b: c\n", "a:\n- b: - c\n", "a: - b\n"),
    *("a:\n-\n", "a:\n- \n", "a:\n- b\n-\n", "a:\n- b\n\n- c\n", "a: b: c\n", "a: b:\n", "a: b :c\n", "a : b\n"),
    *("a:b\n", "a:b: c\n", "a: b #c\n", "a: b#c\n", "a: #b\n", "a:  b  \n", "a: b\na: c\n", "a:\n  b: c\na: d\n"),
    *("a: b\n'a': c\n", 'a: b\n"a": c\n', "y: a\n", "true: a\ny: b\n", "null: a\n", "on: a\n", "<<: a\n"),
    *("a: <<\n", "a: &b c\n", "a: *b\n", "a: !b c\n", "a: ! b\n", "? a\n", "? a\n: b\n", "a: |\n  b\n"),
    *("a: >-\n  b\n", "a: {}\n", "a: []\n", "a: {}{}\n", "a: {b: c}\n", "a: [b]\n", "a: {} # b\n"),
    *("a: {}\n  b: c\n", "a:\n- {}\n", "a: {}\n- b\n", "a:{}\n", "a:   []   \n", "{}\n", "{a: b}\n", "[]\n"),
    *("a: ]\n", "a: 'b\n  c'\n", 'a: "b\n  c"\n', "a: 'b\n", "a: 'it''s'\n", 'a: "\\x41"\n', "a: 'b' c\n"),
    *("a: 'b'\"c\"\n", "a: ''\n", 'a: ""\n', "a: ' b '\n", "a: '#'\n", "a: ': '\n", "a:\n- 'b'\n- \"c: d\"\n"),
    *("a:\n- 'b': c\n", "a:\n- b: c\n- d\n", "a: b\r\nc: d\r\n", "a: b\rc: d\n", "a:\tb\n", "a: b\t\n", "\ta: b\n"),
    *("a:\n\tb: c\n", "a: b\x00\n", "a\x00: b\n", "a:\x00\n", "a:\n-\x00\n", "a: b\n\x00\n", "a: b\x7f\n"),
    *("a: b\x85\n", "\ufeffa: b\n", "a: é\n", "a: b\u2028c: d\n", "# é\na: b\n", "# \x07\na: b\n", "# \tx\na: b\n"),
    *("a: .inf\n", "a: .nan\n", "items: a\n", "items:\n- a: b\n", "a:\n  items:\n  - b: c\n"),
    *("kind: AList\nitems: []\n", "# a: b\nc: d\n", "c: d\n  # - a\n", "a: b\n# x: y\n", "a:\n# b: c\n  d: e\n"),
    *("a:\n      # b\n  d: e\n", "a:\n  # b\n", "a:\n- # b\n  c: d\n", "a: b\n#\n", "a:\n#\n- b\n"),
    *(f"{'x' * 128}: b\n", f"{'x' * 129}: b\n", f"{'x' * 1025}: b\n", f"a: {'x' * 3000}\n", f"a:{' ' * 1100}b\n"),
    *(f"a:\n- {'x' * 1100}\n", f"a: b\n{' ' * 1100}\nc: d\n", f"a:\n{' ' * 1100}b: c\n"),
    *(f"a:\n-{' ' * 1100}b: c\n", f"a:{' ' * 1100}\n  b: c\n"),
)


@pytest.mark.parametrize("text", TRICKY)
def test_a_tricky_document_is_refused_or_means_the_same(text: str) -> None:
    taken(text.encode())


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize(
    "place", ["a: {}\n", "a: {}", "a:\n- {}\n- b\n", "{}: a\nb: c\n", "a:\n  {}: a\nb:\n- {}: b\n", "a: {}\n  b\n"]
)
def test_a_word_is_refused_or_means_the_same_everywhere(word: str, place: str) -> None:
    taken(place.replace("{}", word).encode())


@pytest.mark.parametrize("character", [*map(chr, range(256)), "\u2028", "\u2029", "\ufeff", "\ufffe"])
def test_a_character_is_refused_or_means_the_same_everywhere(character: str) -> None:
    text = "---\nab: cd\nef:\n- gh\n- ij: 'kl'\n  # m\n"
    for place in range(len(text) + 1):
        taken((text[:place] + character + text[place:]).encode())
        taken((text[:place] + character + text[place + 1 :]).encode())


def test_a_remembered_shape_takes_other_values_only() -> None:
    assert taken(b"a: b\nc:\n- d\n- e: f\n")
    assert taken(b"a: 1\nc:\n- 'x'\n- e: no\n")
    assert not taken(b"a: 1\nc:\n- 'x'\n- e: \0\n")
    assert not taken(b"a: \0\nc:\n- 'x'\n- e: f\n")


def test_what_is_given_is_not_shared() -> None:
    first, second = plain_document(b"a: {}\nb: []\nc:\n- d\n"), plain_document(b"a: {}\nb: []\nc:\n- d\n")
    assert first is not None
    assert second is not None
    first.value["a"]["x"] = first.value["b"] = first.value["c"][0] = "changed"
    assert second.value == {"a": {}, "b": [], "c": ["d"]}


def nested(depth: int) -> bytes:
    return "".join(f"{' ' * level}a:\n" for level in range(depth - 1)).encode() + b" " * (depth - 1) + b"a: b\n"


def test_depth_and_length_have_limits() -> None:
    assert taken(nested(50))
    assert all(taken(nested(depth)) for depth in range(1, build.DEPTH - 2))
    assert not any(taken(nested(depth)) for depth in range(build.DEPTH + 1, build.DEPTH + 9))
    assert taken(b"a: b\n" + b"#" * 5_000)
    assert not taken(b"a: b\n" + b"#" * lines.LONGEST)


@pytest.mark.parametrize(
    "piece", ["- ", "a- ", ": ", "a: ", "'a: ", '- "', " ", "#\n", " \n", "a: b ", "- '\"", "a:\n", "-"]
)
def test_hopeless_texts_cost_little(piece: str) -> None:
    text = f"a: {piece * (9_000 // len(piece))}\x7f".encode()
    started = time.process_time()
    assert not taken(text)
    assert time.process_time() - started < 0.2


def mutated(text: str, chance: random.Random, others: list[str]) -> str:
    """A text with one thing changed."""
    if chance.randrange(3):
        rows = text.split("\n")
        change_rows(rows, chance, others)
        return "\n".join(rows)
    place = chance.randrange(len(text) + 1)
    after = place + chance.choice((0, 0, 0, 1, 1, 1, 2, 5))
    inserted = ("", chance.choice(NASTY), chance.choice(NASTY), "\n" + " " * chance.randrange(7))
    return text[:place] + chance.choice(inserted) + text[after:]


def change_rows(rows: list[str], chance: random.Random, others: list[str]) -> None:
    at = chance.randrange(len(rows))
    row = rows[at]
    match chance.randrange(9):
        case 0:
            rows[at] = " " * chance.randrange(9) + row.lstrip(" ")
        case 1:
            end, by = chance.randrange(at, len(rows)) + 1, chance.choice((-2, -1, 1, 2))
            rows[at:end] = [" " * by + row[max(-by, 0) :] for row in rows[at:end]]
        case 2:
            del rows[at]
        case 3:
            rows.insert(chance.randrange(len(rows)), row)
        case 4:
            rows[at : at + 2] = [chance.choice(("", " ")).join(rows[at : at + 2])]
        case 5:
            rows.insert(at, " " * chance.randrange(7) + chance.choice(ROWS))
        case 6:
            rows[at] = row + chance.choice(ENDS)
        case 7:
            key, colon, _ = row.partition(": ")
            rows[at] = f"{key}{colon or ' '}{chance.choice(WORDS)}"
        case _:
            rows.insert(at, chance.choice(chance.choice(others).split("\n")))


def test_mutants_are_refused_or_mean_the_same(corpus: list[bytes]) -> None:
    seeds = [text.decode() for text in [*SEEDS * 3, *walkthrough() * 2, *corpus[:8], *corpus[100:808:101]]]
    seed = time.time_ns() if SECONDS else 1
    chance, until = random.Random(seed), time.monotonic() + SECONDS  # noqa: S311 # no secrets
    accepted = tried = 0
    for number in count():
        if time.monotonic() > until if SECONDS else number == MUTANTS:
            break
        original = text = chance.choice(seeds)
        for _ in range(chance.choice((1, 1, 1, 1, 2, 3))):
            text = mutated(text, chance, seeds)
        if text != original:
            tried += 1
            accepted += taken(text.encode("utf-8", "replace"), twice=number % 10 == 0)
    print(f"{tried} mutants of seed {seed}, {accepted / tried:.1%} taken")
    assert accepted > 0.15 * tried


def scalar() -> st.SearchStrategy[str]:
    return st.one_of(st.sampled_from(WORDS), st.text("ab1:-#. '\"", max_size=6))


@st.composite
def blocks(draw: st.DrawFn, depth: int = 0) -> list[str]:
    """The lines of a mapping."""
    found: list[str] = []
    for key in draw(
        st.lists(st.sampled_from([*string.ascii_lowercase[:9], "a.b/c-d", "items"]), min_size=1, max_size=3)
    ):
        kind = draw(st.sampled_from(("scalar", "scalar", "mapping", "list"))) if depth < 4 else "scalar"
        if kind == "scalar":
            plain = draw(st.sampled_from(("b", "a b", "1", "no", "'x'", '"y: z"', "{}", "[]", "a:b")))
            found.append(f"{key}: {draw(scalar()) if draw(st.integers(0, 9)) == 0 else plain}")
            continue
        found.append(f"{key}:")
        if kind == "mapping":
            indent = " " * draw(st.integers(1, 4))
            found += [indent + line for line in draw(blocks(depth + 1))]
            continue
        indent, gap = " " * draw(st.integers(0, 3)), " " * draw(st.integers(1, 3))
        for _ in range(draw(st.integers(1, 3))):
            item = draw(blocks(depth + 1)) if draw(st.booleans()) else ["x"]
            found += [indent + ("-" + gap if number == 0 else " " + gap) + line for number, line in enumerate(item)]
    return found


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A block document, perhaps with some damage."""
    text = (
        draw(st.sampled_from(("", "---\n", "--- \n# x\n")))
        + "\n".join(draw(blocks()))
        + draw(st.sampled_from(("\n", "", "\n\n")))
    )
    for seed in draw(st.lists(st.integers(0, 2**32), max_size=3)):
        text = mutated(text, random.Random(seed), [text])  # noqa: S311 # no secrets
    return text


@given(documents())
@settings(max_examples=1_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_block_documents_are_refused_or_mean_the_same(text: str) -> None:
    event("taken" if taken(text.encode("utf-8", "replace")) else "refused")
