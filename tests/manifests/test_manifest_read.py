"""Files become Resources, and what cannot be read becomes findings."""

from __future__ import annotations

import codecs
import json
from typing import TYPE_CHECKING

import pytest

from maxtac_render.manifests.read import read
from maxtac_render.model.diagnostics import Report

if TYPE_CHECKING:
    from maxtac_render.model.objects import Resource

ACCESS = "apiVersion: maxtac.vtk.io/v1alpha1\nkind: Access\nmetadata:\n  name: a\n  namespace: shop\n"


def service(name: str) -> str:
    """A Service in block style."""
    return f"apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\n"


def found(text: str | bytes, *, named: bool = True, thorough: bool = False) -> tuple[list[Resource], list[str]]:
    """The Resources of a text, and the findings as id, document, line and column."""
    report = Report()
    data = text.encode() if isinstance(text, str) else text
    resources = list(read(data, "f.yaml", report, named=named, thorough=thorough))
    findings = [
        f"{finding.code.id} {finding.origin.document} {finding.place.line}:{finding.place.column}"
        for finding in report.sorted()
    ]
    return resources, findings


def names(text: str | bytes) -> list[str]:
    """The names of the Resources of a text without findings."""
    resources, findings = found(text)
    assert not findings
    return [resource.ref.name for resource in resources]


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode(),
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.encode("utf-16-be"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: codecs.BOM_UTF8 + text.replace("\n", "\r\n").encode(),
    ],
)
def test_every_encoding_gives_the_same_objects_and_places(encode) -> None:
    """UTF-8 and UTF-16, with and without a mark, with both line endings."""
    text = f"# \U0001f600\n---\n{service('é')}---\nkind: ConfigMap\napiVersion: v1\n---\n{ACCESS}"
    resources, findings = found(encode(text))
    assert not findings
    assert [tuple(resource.ref) for resource in resources] == [
        ("v1", "Service", "", "é"),
        ("maxtac.vtk.io/v1alpha1", "Access", "shop", "a"),
    ]
    assert [resource.origin[:3] for resource in resources] == [("f.yaml", 0, 3), ("f.yaml", 2, 11)]
    place = resources[1].origin.places(("metadata", "namespace"))
    assert place is not None
    assert place == (15, 14, 18, "shop", "  namespace: shop")


@pytest.mark.parametrize("text", ["", " ", "\n", "# c", "---", "---\n---\n", "5", "[]", "{}", "a", "\ufeff", "a: 1"])
def test_what_is_no_object_is_passed_over_in_silence(text: str) -> None:
    """Scalars, lists, null and mappings without a kind are not ours to judge."""
    assert found(text) == ([], [])


def test_a_stream_is_read_document_by_document() -> None:
    """Markers with comments, content on the marker's line, directives and document ends."""
    assert names(service("a") + "---\n" + service("b") + "--- # c\n" + service("c")) == ["a", "b", "c"]
    assert names("--- {apiVersion: v1, kind: Service, metadata: {name: a}}\n---\n" + service("b")) == ["a", "b"]
    assert names(service("a") + "...\n---\n" + service("b") + "...\n# c\n") == ["a", "b"]
    assert names("%YAML 1.1\n---\n" + service("a") + "...\n%YAML 1.1\n---\n" + service("b")) == ["a", "b"]
    assert names(service("a") + "---#c\n" + service("b")) == ["a", "b"]
    assert names("%TAG !e! tag:yaml.org,2002:\n---\n" + service("!e!str 5")) == ["5"]


def test_documents_are_counted_whether_skipped_or_not() -> None:
    """The index of a document does not depend on what was skipped."""
    text = f"kind: ConfigMap\napiVersion: v1\n---\n{service('a')}---\n---\n5\n---\n{service('b')}"
    for thorough in (False, True):
        resources, _ = found(text, thorough=thorough)
        assert [resource.origin[1:3] for resource in resources] == [(1, 4), (4, 12)]


def test_lists_are_opened() -> None:
    """v1 Lists, typed lists with and without types, lists within lists, and any kind with items, as for kubectl."""
    item = "{apiVersion: v1, kind: Service, metadata: {name: %s}}"
    assert names(f"apiVersion: v1\nkind: List\nitems: [{item % 'a'}, {item % 'b'}, 5, ~]") == ["a", "b"]
    assert names("apiVersion: v1\nkind: ServiceList\nitems: [{metadata: {name: a}}]") == ["a"]
    assert names("apiVersion: v1\nkind: ServiceList\nitems: [{kind: Pod, metadata: {name: a}}]") == []
    assert names(f"apiVersion: v1\nkind: List\nitems: [{{apiVersion: v1, kind: List, items: [{item % 'a'}]}}]") == ["a"]
    assert names(f"apiVersion: v1\nkind: ConfigMap\nitems: [{item % 'a'}]") == ["a"]
    assert names("apiVersion: maxtac.vtk.io/v1alpha1\nkind: AccessList\nitems: [{metadata: {name: a}}]") == ["a"]
    assert names("apiVersion: v1\nkind: List\nitems:\n") == []


def test_items_carry_their_own_lines() -> None:
    """In YAML and in JSON."""
    block = (
        "apiVersion: v1\nkind: List\nitems:\n- "
        + service("a").replace("\n", "\n  ").rstrip()
        + "\n-\n  kind: Service\n"
    )
    resources, _ = found(block + "  apiVersion: v1\n")
    assert [resource.origin.line for resource in resources] == [4, 9]
    text = json.dumps({"kind": "List", "items": [{"apiVersion": "v1", "kind": "Service"}] * 2}, indent=1)
    resources, _ = found("\n" + text)
    assert [resource.origin.line for resource in resources] == [5, 9]


def test_json_documents_follow_each_other_with_and_without_line_breaks() -> None:
    """And a stream that is no JSON after at most one document goes on as YAML."""
    one = '{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "%s"}}'
    assert names((one + one + "\n" + one) % ("a", "b", "c")) == ["a", "b", "c"]
    assert names(f"\n {one % 'a'}\n---\n{one % 'b'}\n") == ["a", "b"]
    assert names("{apiVersion: v1, kind: Service, metadata: {name: a}}\n---\n" + service("b")) == ["a", "b"]
    assert names(one % r"\ud83d\ude00\ud83d") == ["\U0001f600\ufffd"]
    resources, findings = found((one + "\n" + one) % ("a", "b") + "\n{x\n")
    assert [resource.ref.name for resource in resources] == ["a", "b"]
    assert findings == ["broken-yaml 2 3:2"]


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_json_without_finite_numbers_is_no_json(value: str) -> None:
    """Go refuses it; as YAML it is a text."""
    resources, _ = found(f'{{"apiVersion": "v1", "kind": "Service", "x": {value}}}')
    assert [resource.body["x"] for resource in resources] == [value]


def test_json_numbers_are_those_of_go() -> None:
    """Whole floats are integers, what is beyond 64 bits is a float, however many digits it has."""
    text = '{"apiVersion": "v1", "kind": "Service", "x": [1.0, 1e3, -0, 1.5, 9223372036854775808, %s]}'
    resources, _ = found(text % ("1" * 300))
    numbers = resources[0].body["x"]
    assert repr(numbers[:5]) == "[1, 1000, 0, 1.5, 9.223372036854776e+18]"
    assert isinstance(numbers[5], float)


def test_only_wanted_objects_are_read() -> None:
    """Services of v1, and everything of MaxTac's group, known or not."""
    others = (
        "apiVersion: v2\nkind: Service\n---\napiVersion: serving.knative.dev/v1\nkind: Service\n---\nkind: Service\n"
    )
    strange = "---\napiVersion: maxtac.vtk.io/v9\nkind: Acess\n---\napiVersion: maxtac.vtk.io\nkind: Access\n"
    resources, findings = found(others + strange)
    assert [resource.ref[:2] for resource in resources] == [("maxtac.vtk.io/v9", "Acess"), ("maxtac.vtk.io", "Access")]
    assert not findings


def test_a_maxtac_kind_of_another_group_is_reported_and_passed_over() -> None:
    """It may be a slip."""
    assert found("apiVersion: example.com/v1\nkind: Access\n") == ([], ["other-group 0 1:13"])


def test_an_object_of_our_group_without_a_kind_is_reported() -> None:
    """It cannot be meant for anybody else."""
    assert found("apiVersion: maxtac.vtk.io/v1alpha1\nspec: {}\n") == ([], ["unknown-kind 0 1:1"])


def test_names_that_are_no_strings_count_as_missing() -> None:
    """The reference has only strings."""
    resources, _ = found("apiVersion: v1\nkind: Service\nmetadata: {name: 5, namespace: [a]}")
    assert resources[0].ref == ("v1", "Service", "", "")
    resources, _ = found("apiVersion: v1\nkind: Service\nmetadata: 5")
    assert resources[0].ref == ("v1", "Service", "", "")


def test_a_broken_document_is_one_finding_and_the_others_are_read() -> None:
    """Whatever is broken, in the middle of a stream and after directives."""
    broken = 'a: "b\n'
    resources, findings = found(f"{service('a')}---\n{broken}---\n{service('b')}")
    assert [resource.ref.name for resource in resources] == ["a", "b"]
    assert findings == ["broken-yaml 1 7:1"]
    resources, findings = found(f"%YAML 1.1\n---\n{broken}---\n{service('a')}---\nb: *c\n---\n{service('b')}")
    assert [resource.ref.name for resource in resources] == ["a", "b"]
    assert findings == ["broken-yaml 0 4:1", "broken-yaml 2 10:4"]
    assert [resource.origin[1:3] for resource in resources] == [(1, 5), (3, 12)]


def test_a_finding_never_quotes_an_unreadable_document() -> None:
    """It may hold anything, so its place has no text and no excerpt."""
    for text in (
        "a: s3cret: x",
        "a: *s3cret",
        "a: !!int s3cret",
        '"s3cret',
        "s3cret\x00",
        "? [s3cret]\n: 1",
        "a: %s3cret\n",
    ):
        report = Report()
        assert not list(read(text.encode(), "f", report, named=True))
        for finding in report.sorted():
            assert "s3cret" not in finding.message
            assert finding.place[3:] == ("", "")
            assert finding.origin.places(("a", 0)) == finding.place


def test_an_unreadable_file_is_a_quiet_finding_unless_it_may_be_ours() -> None:
    """Charts and templates lie about everywhere; one line for each file is enough."""
    template = "{{ if }}\n---\na: {{ b }}\n---\nc: {{ d }}\n"
    assert found(template, named=False) == ([], ["unreadable-document 0 1:2"])
    assert [finding.split()[0] for finding in found(template)[1]] == ["broken-yaml"] * 3
    ours = template + "# maxtac.vtk.io\n"
    assert len(found(ours, named=False)[1]) == 3
    assert len(found(codecs.BOM_UTF16_LE + ours.encode("utf-16-le"), named=False)[1]) == 3


def test_bytes_of_no_encoding_are_a_finding() -> None:
    """Invalid UTF-8 in one document, and broken UTF-16."""
    resources, findings = found(service("a").encode() + b"---\na: \xff\n---\n" + service("b").encode())
    assert [resource.ref.name for resource in resources] == ["a", "b"]
    assert findings == ["broken-yaml 1 6:4"]
    assert found(codecs.BOM_UTF16_LE + b"\x00\xd8a\x00")[1] == ["broken-yaml 0 1:1"]


def test_thorough_reading_finds_what_is_broken_in_documents_that_do_not_matter() -> None:
    """The fast way does not look at them."""
    text = "apiVersion: v1\nkind: ConfigMap\ndata: {\n"
    assert found(text) == ([], [])
    assert found(text, thorough=True) == ([], ["broken-yaml 0 4:1"])


def test_a_key_that_stands_twice_is_reported_at_its_last_place() -> None:
    """In the object itself, in items of lists, around them, and in JSON; not in what is passed over."""
    text = "metadata: {name: a,\n  name: b}\nkind: Service\napiVersion: v1\nspec:\n  ports:\n  - port: 1\n    port: 2\n"
    resources, findings = found(text)
    assert resources[0].ref.name == "b"
    assert findings == ["duplicate-key 0 2:3", "duplicate-key 0 8:5"]
    item = '{"apiVersion": "v1", "kind": "Service", "x": 1, "x": 2}'
    assert found(f'{{"kind": "List", "items": [\n{item}]}}')[1] == ["duplicate-key 0 2:49"]
    assert found(f"kind: List\nitems: []\nitems:\n- {item}\n")[1] == ["duplicate-key 0 3:1", "duplicate-key 0 4:51"]
    assert found("kind: Foo\napiVersion: v1\na: 1\na: 2\n", thorough=True)[1] == []
    assert found("kind: Service\napiVersion: v1\n1: a\n'1': b\n")[1] == ["duplicate-key 0 4:1"]
    assert found("kind: Service\napiVersion: v1\nx: &x {a: 1}\nz: {<<: *x, a: 2}\n")[1] == []


def test_equal_texts_are_one_object() -> None:
    """Ten thousand Services do not hold ten thousand copies of their keys."""
    resources, _ = found(service("a") + "---\n" + service("b"))
    first, second = (list(resource.body["metadata"]) for resource in resources)
    assert first[0] is second[0]
