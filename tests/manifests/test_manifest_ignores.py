"""Comments that ignore findings: what is a comment, and what it is about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxtac_render.manifests.ignores import find, order
from maxtac_render.model.catalogue import Code

IGNORE = "# maxtac: ignore[host-bits] why"


def spans(text: str) -> list[tuple[int, int, int]]:
    """Of each comment its line, and the first and the last line that it is about."""
    return [(ignore.place.line, ignore.first, ignore.last) for ignore in find(text.encode())]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"a: 1 {IGNORE}\nb: 2\n", [(1, 1, 1)]),
        (f"a: 1\n{IGNORE}\nb: 2\n", [(2, 3, 3)]),
        (f"a: 1\n{IGNORE}\n# more\n\nb: 2\n", [(2, 5, 5)]),
        (f"a: 1\n{IGNORE}\n{IGNORE}\nb: 2\n", [(2, 4, 4), (3, 4, 4)]),
        (f"a:\n  - 1\n  {IGNORE}\n  - 2\n", [(3, 4, 4)]),
        (f"{IGNORE}\na: 1\nb: 2\n", [(1, 1, 3)]),
        (f"--- {IGNORE}\na: 1\n---\nb: 2\n", [(1, 1, 2)]),
        (f"{IGNORE}\n---\na: 1\n---\nb: 2\n", [(1, 1, 3)]),
        (f"a: 1\n---\n{IGNORE}\nb: 2\n---\nc: 3\n", [(3, 3, 4)]),
        (f"a: 1\n{IGNORE}\n---\nb: 2\n", [(2, 2, 0)]),
        (f"a: 1\n{IGNORE}\n", [(2, 2, 0)]),
        (f"{IGNORE}\n", [(1, 1, 0)]),
        (f"a: 1\n...\n{IGNORE}\n---\nb: 2\n", [(3, 3, 5)]),
        (f"%YAML 1.1\n---\n{IGNORE}\na: 1\n---\nb: 2\n", [(3, 3, 4)]),
        (f"a: [1,{IGNORE}\n  2]\n", [(1, 1, 1)]),
        (f"a: 'x'   {IGNORE}\r\nb: 2\r\n", [(1, 1, 1)]),
        (f"a: | {IGNORE}\n  x\n{IGNORE}\nb: 1\n", [(1, 1, 1), (3, 4, 4)]),
        (f"a: &x {IGNORE}\n  b: 1\n", [(1, 1, 1)]),
        (f'{IGNORE}\na: "never closed\n', [(1, 1, 2)]),
    ],
)
def test_what_a_comment_is_about(text: str, expected: list[tuple[int, int, int]]) -> None:
    """Behind something its line; alone the next line that says something; at the top the document."""
    assert spans(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        f"a: '{IGNORE}'\n",
        f'a: "x {IGNORE}"\n',
        f"a: |\n  x\n  {IGNORE}\n",
        f"a: >-\n  {IGNORE}\n\n  {IGNORE}\nb: 1\n",
        f"a: b{IGNORE}\n",
        f'a: "x\n  {IGNORE}\n  y"\n',
        f'{{"a": "{IGNORE}"}}\n',
        "a: 1 # maxtac ignore[host-bits] why\n",
        "a: 1 # see maxtac: ignore[host-bits]\n",
        "a: 1 # maxtac: ignored\n",
        "",
    ],
)
def test_what_is_no_comment(text: str) -> None:
    """Whatever stands inside a value is a part of it, and a comment has one spelling."""
    assert spans(text) == []


def test_every_encoding() -> None:
    """UTF-16 is read as the manifests are; bytes that are none have no comments."""
    text = f"a: 1 {IGNORE}\n"
    assert len(list(find(text.encode("utf-16")))) == 1
    assert list(find(b"\xff\xfea")) == []


@pytest.mark.parametrize(
    ("words", "codes", "problem"),
    [
        ("[host-bits] why", (Code.HOST_BITS,), ""),
        ("[host-bits, bare-ip,host-bits]: for now", (Code.HOST_BITS, Code.BARE_IP), ""),
        ("[host-bits]", (), "a comment that ignores says why"),
        ("[host-bits] --", (), "a comment that ignores says why"),
        ("", (), "a comment that ignores names ids in brackets"),
        ("host-bits because", (), "a comment that ignores names ids in brackets"),
        ("[] why", (), "a comment that ignores names ids in brackets"),
        ("[host-bits,] why", (), "a comment that ignores names ids in brackets"),
        ("[host-bit] why", (), "no finding host-bit"),
    ],
)
def test_what_a_comment_says(words: str, codes: tuple[Code, ...], problem: str) -> None:
    """Ids that there are, in brackets, and a reason; otherwise it says what is wrong."""
    wish = order(words)
    assert (wish.codes, wish.problem) == (codes, problem)
    assert bool(wish.guess) == bool(problem)


@given(
    st.lists(
        st.sampled_from(
            ["a: ", "- ", "\n", "  ", "|", ">", "'", '"', "[", "]", "---\n", IGNORE, "x", "&a ", "*a", "\t", "...\n"]
        )
    )
)
def test_nothing_breaks_it(parts: list[str]) -> None:
    """Whatever the text, the comments found are in it, once each, in their order."""
    text = "".join(parts)
    lines = text.split("\n")
    found = list(find(text.encode()))
    assert [ignore.place.line for ignore in found] == sorted(ignore.place.line for ignore in found)
    for ignore in found:
        assert lines[ignore.place.line - 1][ignore.place.column - 1 :].startswith("# maxtac: ignore")
