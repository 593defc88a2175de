"""What is passed through comes out as it went in, and is one stream with what follows."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from manifest_kubectl import needs_kubectl, objects
from manifest_mutations import PASSED_OVER, READ, mutated, seeded

from maxtac_render.manifests import build
from maxtac_render.manifests.faults import Fault
from maxtac_render.manifests.passthrough import join, kept
from maxtac_render.manifests.read import Piece, pieces, read
from maxtac_render.manifests.wanted import INTENTS, PASSED
from maxtac_render.model.diagnostics import Code, Report, Severity
from maxtac_render.model.objects import Resource, is_local

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

POLICY = b"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: ours\n"
LOCAL = b'kind: ConfigMap\napiVersion: v1\nmetadata:\n  annotations:\n    config.kubernetes.io/local-config: "true"\n'
KEPT = b"kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: stays\n"


def goes(resource: Resource) -> bool:
    """What the tests leave out."""
    return is_local(resource.body)


def passed(*files: bytes, report: Report | None = None) -> bytes:
    """Files on their way through, and a policy behind them."""
    report = Report() if report is None else report
    cut = [piece for file in files for piece in pieces(file, "f", report, PASSED)]
    return b"".join(join(kept(cut, goes, report), [POLICY]))


SOME_LOCAL = (*READ, *PASSED_OVER, LOCAL, LOCAL)


def streams(seed: int, count: int, *documents: bytes) -> list[bytes]:
    """Streams of documents, and what hands and attackers make of them."""
    random = seeded(seed)
    return [_stream(random, documents) for _ in range(count)]


def _stream(random: Random, given: tuple[bytes, ...]) -> bytes:
    documents = random.choices(given, k=random.choice((1, 2, 3)))
    text = b"\n---\n".join(mutated(document, random) if random.random() < 0.5 else document for document in documents)
    text = text.replace(b"\n", b"\r\n") if random.random() < 0.2 else text
    return text.rstrip() if random.random() < 0.2 else text


def values(text: bytes) -> list[Any] | None:
    """The documents of a text as libyaml reads it, but for empty ones; None where it does not."""
    try:
        return [document.value for document in build.documents(text) if document.value is not None]
    except (Fault, RecursionError):
        return None


AS_THEY_ARE = {
    "nothing": (b"", b""),
    "a last line without an end": (b"a: b", b"a: b\n---\n"),
    "a last document that is ended": (b"a: b\n...\n", b"a: b\n...\n---\n"),
    "a last document that is ended without a line end": (b"a: b\n...", b"a: b\n...\n---\n"),
    "a comment at the end": (b"a: b\n# c", b"a: b\n# c\n---\n"),
    "comments only": (b"# c\n", b"# c\n---\n"),
    "content on the line of the marker": (b"--- {a: b}\n--- # c\nd: e\n", b"--- {a: b}\n--- # c\nd: e\n---\n"),
    "a marker with a comment as kubectl takes it": (b"---#c\na: b\n", b"---#c\na: b\n---\n"),
    "an empty document": (b"---\n---\n", b"---\n---\n---\n"),
    "a marker without a line end": (b"a: b\n---", b"a: b\n---\n---\n"),
    "windows": (b"a: b\r\n---\r\nc: |\r\n  d\r\n", b"a: b\r\n---\r\nc: |\r\n  d\r\n---\n"),
    "an old mac": (b"a: b\r---\rc: d\r", b"a: b\r---\rc: d\r\n---\n"),
    "a byte order mark": (b"\xef\xbb\xbfa: b\n", b"a: b\n---\n"),
    "sixteen bits": ("\ufeffa: \xe9\n".encode("utf-16-le"), "a: \xe9\n---\n".encode()),
    "blank lines": (b"\n\na: b\n\n\n", b"\n\na: b\n\n\n---\n"),
    "no UTF-8 in what is not looked at": (
        b"kind: A\napiVersion: b\nc: \xff\n",
        b"kind: A\napiVersion: b\nc: \xff\n---\n",
    ),
    "directives": (b"%YAML 1.1\n---\na: b\n", b"%YAML 1.1\n---\na: b\n---\n"),
    "JSON": (b' {"a": 1}', b' {"a": 1}\n---\n'),
    "JSON and YAML": (b'{"a": 1}\n---\nb: c\n', b'{"a": 1}\n---\nb: c\n---\n'),
    "JSON one after the other": (b'{"a": 1}\n {"b": 2}\n', b'{"a": 1}\n \n---\n{"b": 2}\n---\n'),
    "an escape in JSON": (rb'{"a": "\ud83d\ude00\/"}', rb'{"a": "\ud83d\ude00\/"}' + b"\n---\n"),
}


@pytest.mark.parametrize(("text", "expected"), AS_THEY_ARE.values(), ids=AS_THEY_ARE)
def test_a_file_comes_out_as_it_went_in(text: bytes, expected: bytes) -> None:
    """Whatever its form, it gets no more than what one stream needs."""
    assert passed(text) == expected + POLICY


BETWEEN = {
    "a marker is added": ((b"a: b\n", b"c: d\n"), b"a: b\n---\nc: d\n"),
    "its own marker is enough": ((b"a: b", b"# c\n---\nc: d\n"), b"a: b\n# c\n---\nc: d\n"),
    "nothing stands between nothing": ((b"", b"# c\n", b"", b"a: b\n"), b"# c\n---\na: b\n"),
    "a document ends before directives": ((b"a: b\n", b"%YAML 1.1\n---\nc: d\n"), b"a: b\n...\n%YAML 1.1\n---\nc: d\n"),
    "JSON is a document too": ((b'{"a": 1}', b'{"b": 2}'), b'{"a": 1}\n---\n{"b": 2}\n'),
    "what is left out leaves no marker": ((LOCAL, KEPT), KEPT),
    "its comments go too": ((b"# c\n" + LOCAL + b"# d\n---\n" + KEPT,), b"---\n" + KEPT),
    "in the middle": ((KEPT + b"---\n" + LOCAL + b"---\n" + KEPT,), KEPT + b"---\n" + KEPT),
    "at the end": ((KEPT + b"---\n" + LOCAL,), KEPT),
    "JSON goes too": ((b'{"kind": "A", "metadata": {"annotations": {"config.kubernetes.io/local-config": ""}}}',), b""),
    "a stream with directives goes as a whole": ((b"%YAML 1.1\n---\n" + LOCAL, KEPT), KEPT),
    "a list of nothing else goes": ((b"kind: List\nitems:\n- " + LOCAL.replace(b"\n", b"\n  ") + b"\n", KEPT), KEPT),
}


@pytest.mark.parametrize(("files", "expected"), BETWEEN.values(), ids=BETWEEN)
def test_files_become_one_stream(files: tuple[bytes, ...], expected: bytes) -> None:
    """With what is left out really gone."""
    assert passed(*files) == expected + (b"---\n" if expected else b"") + POLICY


def test_without_more_nothing_is_added() -> None:
    """Not even a line end."""
    assert b"".join(join(pieces(b"a: b", "f", Report(), PASSED), [])) == b"a: b"


def test_a_piece_of_a_stream_with_directives_stays_and_is_reported() -> None:
    """Directives belong to what follows them."""
    report = Report()
    text = b"%YAML 1.1\n---\n" + KEPT + b"---\n" + LOCAL
    assert passed(text, report=report) == text + b"---\n" + POLICY
    assert [(found.code, found.severity, found.origin.line) for found in report.sorted()] == [
        (Code.STUCK_OBJECT, Severity.ERROR, 8)
    ]


def test_what_cannot_be_read_is_an_error() -> None:
    """It might hold anything, also in a file that nobody named."""
    report = Report()
    passed(b"a: [\n", report=report)
    assert [(found.code, found.severity) for found in report.sorted()] == [(Code.BROKEN_YAML, Severity.ERROR)]


@pytest.mark.parametrize(
    "text",
    [b"a: [\n", b'{"a": 1}\n{"b": 2}\n{c: ]\n', b'{"a": ' + b"[" * 200 + b"]" * 200 + b"}", b"\xff\xfea\x00\n"],
    ids=["YAML", "JSON", "a limit", "sixteen bits"],
)
def test_who_lives_with_that_still_gets_it_all(text: bytes) -> None:
    """What cannot be read does not get lost."""
    found = pieces(text, "f", Report(dict.fromkeys((Code.BROKEN_YAML, Code.OVER_LIMIT), Severity.WARNING)), PASSED)
    assert b"".join(piece.text for piece in found) == text


def test_the_pieces_are_the_file() -> None:
    """Each begins where the one before it ends, and says how many documents it holds."""
    compared = 0
    for text in streams(1, 2_000, *SOME_LOCAL):
        report = Report()
        cut = list(pieces(text, "f", report, PASSED))
        if report.worst is Severity.ERROR:
            continue
        compared += 1
        assert b"".join(piece.text for piece in cut) == text, text
        assert all(first.first + first.documents == second.first for first, second in pairwise(cut)), text
        found = [found for piece in cut for found in piece.resources if INTENTS.takes(*found.ref[:2])]
        assert [_shown(each) for each in found] == [_shown(each) for each in read(text, "f", Report(), named=True)]
        assert all(piece.first <= each.origin.document < _end(piece) for piece in cut for each in piece.resources)
    assert compared > 800


def _end(piece: Piece) -> int:
    return piece.first + piece.documents


def _shown(resource: Resource) -> Any:
    return resource.ref, resource.body, resource.origin[:3]


def test_nothing_else_changes() -> None:
    """Out comes what libyaml reads in the files, but for what is left out, and then the policy."""
    compared = cut = 0
    random = seeded(2)
    for text in streams(3, 4_000, *SOME_LOCAL):
        files = [text] if random.random() < 0.7 else [text, KEPT.rstrip()]
        whole, report = [values(file) for file in files], Report()
        if None in whole or b"---#" in text or text.lstrip().startswith(b"{"):
            continue
        out = passed(*files, report=report)
        if report.worst is Severity.ERROR:
            continue
        expected = [_without(value) for file in whole for value in file or ()]
        expected += values(POLICY) or []
        compared += 1
        cut += len(out) < len(b"".join(files))
        assert _text(values(out)) == _text([value for value in expected if value != {}]), text
    assert compared > 1_000
    assert cut > 300


def _text(found: list[Any] | None) -> str:
    assert found is not None
    return json.dumps([value for value in found if value != {}], sort_keys=True)


def _without(value: Any) -> Any:
    """A document without what is for tools only; empty if that is all of it."""
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("items"), list) and value.get("kind") and isinstance(value["kind"], str):
        items = [_without(item) for item in value["items"]]
        rest = [item for item in items if item != {}]
        return {**value, "items": rest} if rest or not items else {}
    return {} if is_local(value) else value


HIDDEN = {
    "an escape": rb'"config.kubernetes.io\/local-conf\x69g": "true"',
    "a folded line": b'? "config.kubernetes.io/local-\\\n      config"\n    : "true"',
    "a tag": b'!!binary Y29uZmlnLmt1YmVybmV0ZXMuaW8vbG9jYWwtY29uZmln: "true"',
    "a whole tag": b'!<tag:yaml.org,2002:binary> Y29uZmlnLmt1YmVybmV0ZXMuaW8vbG9jYWwtY29uZmln: "true"',
}


@pytest.mark.parametrize("written", HIDDEN.values(), ids=HIDDEN)
def test_a_mark_is_seen_however_it_is_written(written: bytes) -> None:
    """A document that could have one is read."""
    assert passed(LOCAL.replace(b'config.kubernetes.io/local-config: "true"', written)) == POLICY


@pytest.mark.real
@needs_kubectl
def test_kubectl_reads_what_it_read_before_and_the_policy(tmp_path: Path) -> None:
    """Where it reads all of the input, it reads all of the output."""
    texts = [text + b"\n---\napiVersion: v1\nkind: End\n" for text in streams(5, 1_500, *READ, *PASSED_OVER)]
    before, after = (tmp_path / name for name in ("before", "after"))
    before.mkdir()
    after.mkdir()
    compared = 0
    for text, old, new in zip(
        texts, objects(texts, before), objects([passed(text) for text in texts], after), strict=True
    ):
        if old and old[-1]["kind"] == "End":
            compared += 1
            assert _kinds(new) == [*_kinds(old), "NetworkPolicy"], text
    assert compared > 300


def _kinds(bodies: list[dict[str, Any]]) -> list[str]:
    return [body["kind"] for body in bodies]
