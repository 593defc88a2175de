"""A ResourceList is read and written back with every byte of its items, or refused."""

from __future__ import annotations

import time

import pytest
import yaml

from maxtac_render.manifests.faults import Broken, OverLimit
from maxtac_render.manifests.resourcelist import ResourceList, parse

HEAD = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n"
TWO = """\
apiVersion: config.kubernetes.io/v1
kind: ResourceList
items:
# above a
- a: 1 # behind
  # within a
# above b
- # head of b
  b: |
    - no item
      # no comment

other: {kept: yes}
"""


def back(read: ResourceList) -> str:
    """A list with all of its items as they came."""
    return read.text([item.text for item in read.items], [])


def test_a_list_comes_back_as_it_was() -> None:
    assert back(parse(TWO.encode())) == TWO


def test_an_item_goes_with_the_comments_above_it() -> None:
    read = parse(TWO.encode())
    first = TWO[TWO.index("# above a") : TWO.index("# above b")]
    assert read.items[0].text == first
    assert read.text([read.items[1].text], []) == TWO.replace(first, "")


def test_every_item_is_a_document() -> None:
    stream = parse(TWO.encode()).stream().decode()
    assert list(yaml.safe_load_all(stream)) == [{"a": 1}, {"b": "- no item\n  # no comment\n"}]
    assert "\n# head of b\nb: |\n" in stream


@pytest.mark.parametrize(
    "text",
    [
        '  - a: "x\n--- y"\n',  # moved to the left it would begin a document
        '  - a: "x\n  --- y"\n',
        "  - a: 'x\n\n    %y\n    ...'\n",
        "  - a: |2\n      x\n     y\n",
        "  -\n    # comment\n    a: x\n\n    b: z\n",
        "  - &x\n    a: *x2\n".replace("*x2", "1"),
        "  - {a: x,\nb: y}\n",
        "  - ? a\n    : x\n",
        "  - a: x\u2028    # y\n",
        "  - a: &x 1\n    b: *x\n",
        "  - 'a': \"\\u2028\"\n",
        "  - !!map\n    a: 1\n",
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_odd_items_keep_their_bytes_and_their_meaning(text: str, newline: str) -> None:
    whole = (HEAD + "items:\n" + text + "  # end\n").replace("\n", newline)
    try:
        expected = yaml.safe_load(whole)["items"]
    except yaml.YAMLError:
        with pytest.raises(Broken):
            parse(whole.encode())
        return
    read = parse(whole.encode())
    assert back(read).partition("items:")[2] == whole.partition("items:")[2]
    assert list(yaml.safe_load_all(read.stream().decode())) == expected


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "items: []\n",
        HEAD + "items:\n",
        HEAD + "items: null\n",
        HEAD.replace("v1", "v1beta1") + "items: []\n",
        HEAD.replace("v1", "v1alpha1") + "items: []",
        '{"apiVersion":"config.kubernetes.io/v1","kind":"ResourceList","items":[]}',
        "---\n# nothing\n" + HEAD + "items: [ ]\n...\n",
        "\ufeff" + HEAD + "items: []\n",
        "%YAML 1.1\n---\n" + HEAD + "items: []\n",
    ],
)
def test_an_empty_list_can_be_filled(text: str) -> None:
    read = parse(text.encode())
    assert not read.items
    assert yaml.safe_load(back(read)) == {"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": []}
    filled = read.text([read.item("a: b\nc:\n- d\n")], [])
    assert yaml.safe_load(filled)["items"] == [{"a": "b", "c": ["d"]}]
    assert "\n- a: b\n  c:\n  - d\n" in filled


def test_new_items_stand_where_the_others_do() -> None:
    read = parse(f"{HEAD}items:\n    - a: 1".encode())
    assert read.text([read.items[0].text, read.item("b: 2\n")], []) == f"{HEAD}items:\n    - a: 1\n    - b: 2\n"


def test_all_items_can_go() -> None:
    assert parse(TWO.encode()).text([], []) == f"{HEAD}items: []\nother: {{kept: yes}}\n"


def test_the_configuration_goes_and_results_are_replaced() -> None:
    text = f"{HEAD}functionConfig:\n  a: b\nresults:\n- message: old\nitems:\n- a: 1\n"
    read = parse(text.encode())
    assert read.config().value == {"a": "b"}
    assert read.text([read.items[0].text], [{"message": "new"}]) == f"{HEAD}items:\n- a: 1\nresults:\n- message: new\n"
    assert "results" not in back(read)


@pytest.mark.parametrize(
    "items", ["- &a {x: 1}\n- {z: *a}\n", "[{x: 1}, {z: {x: 1}}]\n", "- x: 1\n- z: !!map {x: 1}\n"]
)
def test_what_has_no_lines_of_its_own_is_written_anew(items: str) -> None:
    read = parse(f"{HEAD}items: {'' if items.startswith('[') else chr(10)}{items}".encode())
    assert yaml.safe_load(back(read))["items"] == [{"x": 1}, {"z": {"x": 1}}]
    assert not {"&", "*", "["} & set(back(read).partition("items:")[2])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "nothing in it"),
        ("# only a comment\n", "nothing in it"),
        ("null\n", "no mapping"),
        ("just text\n", "no mapping"),
        ("- a\n", "no mapping"),
        ("[]", "no mapping"),
        ("{}", "no ResourceList of config.kubernetes.io/v1"),
        ("x: 1\n<<: {kind: ResourceList}\n", "no ResourceList of config.kubernetes.io/v1"),
        ("apiVersion: v1\nkind: List\nitems: []\n", "no ResourceList of config.kubernetes.io/v1"),
        (HEAD.replace("config", "other"), "no ResourceList of config.kubernetes.io/v1"),
        (HEAD.replace("v1", "v2"), "no ResourceList of config.kubernetes.io/v1"),
        ("kind: ResourceList\nitems: []\n", "no ResourceList of config.kubernetes.io/v1"),
        (HEAD, "no items, not even an empty list"),
        (HEAD + "itmes: []\n", "no items, not even an empty list"),
        (HEAD + "items: text\n", "items that are no list of objects"),
        (HEAD + "items: {}\n", "items that are no list of objects"),
        (HEAD + "items:\n- text\n", "items that are no list of objects"),
        (HEAD + "items:\n- - a\n", "items that are no list of objects"),
        (HEAD + "items: [text]\n", "items that are no list of objects"),
        (HEAD + "items: []\nitems: []\n", "a key that stands twice"),
        (HEAD + "items: []\n---\n" + HEAD, "more than one document"),
        (HEAD + "items:\n- a: 'b\n", "found unexpected end of stream"),
        (HEAD + "items:\n- a: *b\n", "found undefined alias"),
        (HEAD + "items:\n- a: [\n", "did not find expected node content"),
        ('{"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": [1]}', "items that are no list"),
    ],
)
def test_what_is_no_list_is_refused(text: str, problem: str) -> None:
    with pytest.raises(Broken) as found:
        parse(text.encode())
    assert problem in found.value.problem


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(Broken) as found:
        parse(HEAD.encode() + b"items:\n- a: \xff\n")
    assert (found.value.problem, found.value.line) == ("invalid UTF-8", 3)


def test_scalars_keep_their_spelling_when_a_list_is_written_anew() -> None:
    """kubectl and kustomize do not agree on what some of them mean, and it is not for us to choose."""
    read = parse(f"{HEAD}items: [{{a: yes, b: 0o17, c: '1e3', d: \"08\", e: 1.50, f: ~}}]\n".encode())
    assert read.items[0].text == "- a: yes\n  b: 0o17\n  c: '1e3'\n  d: \"08\"\n  e: 1.50\n  f: ~\n"


@pytest.mark.parametrize(
    "text",
    [
        "items:\n" + "#\n" * 200_000 + "\n- a: 1\n",
        "items:\n- a: 1\n" + "# #\n" * 200_000 + "\n- b: 1\n",
        "items: " + "# " * 200_000 + "\n  &x\n- a: 1\n",
        "items: &x " + "# # " * 100_000 + "\n- a: 1\n",
    ],
)
def test_comments_without_end_take_no_time(text: str) -> None:
    started = time.process_time()
    assert parse((HEAD + text).encode()).items
    assert time.process_time() - started < 10


def test_comments_between_fields_stay() -> None:
    text = HEAD.replace("\nkind", "\n# between\nkind") + "items:\n- a: 1\n# at the end\n"
    assert back(parse(text.encode())) == text


def test_aliases_without_end_are_refused() -> None:
    bomb = "".join(f"- &a{n} {{x: [{', '.join([f'*a{n - 1}' if n else '1'] * 10)}]}}\n" for n in range(9))
    with pytest.raises(OverLimit):
        parse(f"{HEAD}items:\n{bomb}".encode())


def test_files_are_told_by_annotations() -> None:
    annotations = "internal.config.kubernetes.io/path: 'it''s.yaml'\n    internal.config.kubernetes.io/index: '3'"
    read = parse(f"{HEAD}items:\n- metadata:\n    {annotations}\n- a: 1\n".encode())
    assert [item.place for item in read.items] == [("it's.yaml", 3), ("", 0)]


@pytest.mark.parametrize("value", ["'x", "[a]", "{a: b}", "*a", "!!int x", "'-1'", "9999999999999999999", "x"])
def test_annotations_that_say_nothing_are_no_file(value: str) -> None:
    read = parse(f'{HEAD}items:\n- a: "\n    internal.config.kubernetes.io/index: {value}"\n'.encode())
    assert read.items[0].place[1] == 0
