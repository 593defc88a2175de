"""What is skipped, cannot matter; where a stream is cut, a document begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from manifest_mutations import PASSED_OVER, READ, SKIPPABLE, mutated, seeded

from maxtac_render.manifests import build
from maxtac_render.manifests.faults import Broken, Fault
from maxtac_render.manifests.read import read
from maxtac_render.manifests.stream import SKIPPED, chunks
from maxtac_render.manifests.wanted import INTENTS, is_ours
from maxtac_render.model.diagnostics import Report

if TYPE_CHECKING:
    from collections.abc import Iterator

KEPT = {
    "a quoted key": 'apiVersion: v1\n"kind": Service\nkind: Foo\n',
    "a quoted key alone": '"apiVersion": v1\n"kind": Service\n',
    "an escaped key": 'apiVersion: v1\nkind: Foo\n"k\\x69nd": Service\n',
    "a single-quoted kind": "apiVersion: v1\nkind: 'Service'\n",
    "a kind over two lines": 'apiVersion: v1\nkind: "Ser\\\n  vice"\n',
    "a kind on the next line": "apiVersion: v1\nkind:\n  Service\n",
    "a folded kind": "apiVersion: v1\nkind: >-\n  Service\n",
    "an encoded kind": "apiVersion: v1\nkind: !!binary U2VydmljZQ==\n",
    "an aliased kind": "x: &k Service\napiVersion: v1\nkind: *k\n",
    "an anchored key": "apiVersion: v1\nkind: Foo\n&z kind: Service\n",
    "a tagged key": "apiVersion: v1\nkind: Foo\n!!str kind: Service\n",
    "an aliased key": "x: &k kind\napiVersion: v1\nkind: Foo\n*k : Service\n",
    "an explicit key": "apiVersion: v1\nkind: Foo\n? kind\n: Service\n",
    "a second kind": "apiVersion: v1\nkind: Foo\nkind: Service\n",
    "a second kind with a blank": "apiVersion: v1\nkind: Foo\nkind : Service\n",
    "a second kind with a tab": "apiVersion: v1\nkind: Foo\nkind\t: Service\n",
    "a second apiVersion": "apiVersion: v1\nkind: Foo\napiVersion: maxtac.vtk.io/v1alpha1\n",
    "no kind": "apiVersion: maxtac.vtk.io/v1alpha1\nspec: {}\n",
    "our group": "apiVersion: maxtac.vtk.io/v1alpha1\nkind: Foo\n",
    "our group without a version": "apiVersion: maxtac.vtk.io\nkind: Foo\n",
    "a merged kind": "x: &x {kind: Service}\napiVersion: v1\nkind: Foo\n<<: *x\n",
    "a flow document": "{apiVersion: v1, kind: Service}\n",
    "a flow document on the marker": "--- {apiVersion: v1, kind: Service,\nx: 1}\n",
    "a mapping on the marker": "--- !!map\napiVersion: v1\nkind: Service\n",
    "an indented root": '  apiVersion: v1\n  kind: Service\n  x: "\napiVersion: v1\nkind: Foo\n  "\n',
    "kind in a quoted scalar": 'apiVersion: v1\nx: "\nkind: Foo\n"\nkind: Service\n',
    "kind in a flow mapping": "apiVersion: v1\nx: {\nkind: Foo\n}\nkind: Service\n",
    "a list": "apiVersion: v1\nkind: Foo\nitems:\n- apiVersion: v1\n  kind: Service\n",
    "another line break": "apiVersion: v1\nx: a\x85kind: Service\nkind: Foo\n",
    "a line separator": "apiVersion: v1\nx: a\u2028kind: Service\u2028\nkind: Foo\n",
    "a lone carriage return": "apiVersion: v1\nx: a\rkind: Service\nkind: Foo\n",
    "a second document": "apiVersion: v1\nkind: Foo\n...\napiVersion: v1\nkind: Service\n",
    "a directive": "%YAML 1.1\n---\napiVersion: v1\nkind: Foo\n",
    "a tab after the colon": "apiVersion: v1\nkind:\tService\n",
    "a mark within": "apiVersion: v1\nkind: Foo\n\ufeffkind: Service\n",
}

SKIPS = {
    "block style": SKIPPABLE.decode(),
    "a comment": "# c\n\n  # d\nkind: Foo # e\napiVersion: a/v1   # f\n",
    "windows lines": "kind: Foo\r\n\r\napiVersion: v1\r\nx:\r\n- a\r\n-\r\n  b: c\r\n",
    "a nested kind": "kind: Foo\napiVersion: v1\nspec:\n  kind: Service\n",
    "a marker": "---\nkind: Foo\napiVersion: v1\n",
    "a commented marker": "--- # c\nkind: Foo\napiVersion: v1\n",
}


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_a_document_that_could_be_wanted_is_kept(text: str) -> None:
    """Each of these has fooled a filter."""
    assert SKIPPED not in list(chunks(text.encode(), thorough=False))


@pytest.mark.parametrize("text", SKIPS.values(), ids=SKIPS)
def test_an_ordinary_document_is_skipped(text: str) -> None:
    """Else the filter would be worth nothing."""
    assert list(chunks(text.encode(), thorough=False)) == [SKIPPED]
    assert SKIPPED not in list(chunks(text.encode(), thorough=True))


def _suspicious(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    api_version, kind = value.get("apiVersion"), value.get("kind")
    ours = isinstance(api_version, str) and is_ours(api_version)
    return ours or (isinstance(kind, str) and kind in INTENTS.suspects) or isinstance(value.get("items"), list)


def _texts(seed: int, count: int) -> Iterator[bytes]:
    random = seeded(seed)
    for _ in range(count):
        text = mutated(random.choice(PASSED_OVER), random)
        text = mutated(text, random) if random.random() < 0.3 else text
        text = b"---\n" + text if random.random() < 0.3 else text
        yield text.replace(b"\n", b"\r\n") if random.random() < 0.2 else text


def test_a_skipped_document_parses_to_nothing_that_is_wanted() -> None:
    """One counterexample would be a hole in somebody's firewall."""
    skipped = 0
    for text in _texts(1, 12_000):
        pieces = zip(chunks(text, thorough=False), chunks(text, thorough=True), strict=True)
        for quick, full in pieces:
            if quick is not SKIPPED:
                continue
            skipped += 1
            try:
                documents = list(build.documents(full.text))
            except Broken:
                continue
            assert len(documents) == 1, text
            assert not _suspicious(documents[0].value), text
    assert skipped > 1_500


def test_skipping_changes_no_resource() -> None:
    """Neither its content nor where it is said to stand."""
    random = seeded(2)
    for _ in range(1_000):
        pieces = random.choices((*READ[:3], *PASSED_OVER), k=3)
        text = b"\n---\n".join(mutated(piece, random) if random.random() < 0.5 else piece for piece in pieces)
        quick, full = (
            [(found.ref, found.body, found.origin[:3]) for found in read(text, "f", Report(), thorough=thorough)]
            for thorough in (False, True)
        )
        assert quick == full, text


def _values(texts: list[bytes]) -> list[Any] | None:
    try:
        return [document.value for text in texts for document in build.documents(text)]
    except Fault:
        return None


def test_a_cut_stream_has_the_documents_of_the_whole_stream() -> None:
    """Wherever libyaml can read the whole one."""
    random, compared = seeded(3), 0
    for _ in range(3_000):
        pieces = random.choices((*READ[:3], *PASSED_OVER), k=random.choice((1, 2, 3)))
        text = mutated(b"\n---\n".join(pieces), random) + b"\n"
        whole = _values([text])
        if whole is not None and b"---#" not in text:
            compared += 1
            assert _values([chunk.text for chunk in chunks(text, thorough=True)]) == whole, text
    assert compared > 500


def test_cut_pieces_know_their_lines() -> None:
    """A piece begins with the text of its line."""
    random = seeded(4)
    for _ in range(300):
        text = mutated(b"\n---\n".join(random.choices(PASSED_OVER, k=4)), random)
        for chunk in chunks(text, thorough=False):
            if chunk is not SKIPPED:
                first, there = chunk.text.split(b"\n")[0], text.split(b"\n")[chunk.line]
                assert first.replace(b" ", b"") == there.replace(b" ", b"")
