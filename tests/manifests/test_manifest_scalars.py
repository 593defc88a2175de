"""Scalars mean what they mean to Kubernetes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from manifest_kubectl import needs_kubectl, objects

from maxtac_render.manifests import events
from maxtac_render.manifests.read import read
from maxtac_render.model.diagnostics import Report

if TYPE_CHECKING:
    from pathlib import Path

REFUSED = object()

VALUES: dict[str, Any] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL", "!!null ''", "!!null ~"), None),
    **{word: word for word in ("yEs", "nULL", "tRUE", "nan", "inf", "None", "yes!", "oN", "ye", "~~", "+", ".")},
    **dict.fromkeys((".nan", ".NaN", ".inf", "-.inf", "+.INF", "!!float .nan"), REFUSED),
    "0": 0,
    "-0": 0,
    "+1": 1,
    "42": 42,
    "010": 8,
    "0o10": 8,
    "0O17": 15,
    "0x1F": 31,
    "-0x10": -16,
    "0b101": 5,
    "08": 8,
    "1_000": 1000,
    "0_0": 0,
    "_1": "_1",
    "1__0_": 10,
    "0x": "0x",
    "0b2": "0b2",
    "0b-101": -5,
    "-0b-1": "-0b-1",
    "9223372036854775807": 2**63 - 1,
    "-9223372036854775808": -(2**63),
    "9223372036854775808": float(2**63),
    "18446744073709551615": float(2**64),
    "18446744073709551616": float(2**64),
    "0xffffffffffffffff": float(2**64),
    "0x1ffffffffffffffff": "0x1ffffffffffffffff",
    "077777777777777777777777": 7.777777777777778e22,
    "1.5": 1.5,
    "1e3": 1000,
    "1E3": 1000,
    "1.e2": 100,
    ".5": 0.5,
    ".5e1": 5,
    "-.5": -0.5,
    "1.0": 1,
    "-0.0": 0,
    "+.5": 0.5,
    "1e400": "1e400",
    "1e-400": 0,
    "1e": "1e",
    "1e20": 1e20,
    "1e18": 10**18,
    "1234567890123456789.0": 1234567890123456800,
    "1:30": "1:30",
    "190:20:30": "190:20:30",
    "2024-01-01": "2024-01-01",
    "2001-12-14t21:59:43.10-05:00": None,
    "=": "=",
    "1.2.3": "1.2.3",
    "1-2": "1-2",
    "0x1p-2": "0x1p-2",
    "Infinity": "Infinity",
    "1e3x": "1e3x",
    '"5"': "5",
    "'yes'": "yes",
    '""': "",
    "! 5": "5",
    "! yes": "yes",
    '! "5"': "5",
    "!": "",
    "!foo 5": "5",
    "!foo": "",
    "!!str 5": "5",
    "!!str": "",
    "!!int '5'": 5,
    "!!int 0x10": 16,
    "!!int 1.5": REFUSED,
    "!!int yes": REFUSED,
    "!!float 5": 5,
    "!!float '1.5'": 1.5,
    "!!float x": REFUSED,
    "!!bool 'no'": False,
    "!!bool 1": REFUSED,
    "!!null x": REFUSED,
    "!!binary aGk=": "hi",
    "!!binary /w==": "\ufffd",
    "!!binary a": REFUSED,
    "!!binary x=": REFUSED,
    "!!timestamp 2024-01-01": "2024-01-01",
    "!!timestamp 5": REFUSED,
    "!!timestamp 2024-02-30": REFUSED,
    "!!foo 5": "5",
    "!<tag:yaml.org,2002:int> '7'": 7,
    "&a 5": 5,
    "&a !!str 5": "5",
    "!!str &a 5": "5",
    "<<": "<<",
    "[a, 0x1, ~, {}]": ["a", 1, None, {}],
    "!!str [1]": [1],
    "!!map {a: b}": {"a": "b"},
    "{a, b: 1}": {"a": None, "b": 1},
    "a\n  b": "a b",
    "'a\n\n  b'": "a\nb",
    "|\n  a\n   b": "a\n b\n",
    ">-\n  a\n  b": "a b",
    "|2-\n    a": "  a",
    r'"\x41\u00e9\U0001F600\e\N\_\L\P"': "Aé\U0001f600\x1b\x85\xa0\u2028\u2029",
    '"a\\\n  b"': "ab",
}
VALUES["2001-12-14t21:59:43.10-05:00"] = "2001-12-14t21:59:43.10-05:00"

KEYS: dict[str, Any] = {
    "5432": "5432",
    "0x10": "16",
    "010": "8",
    "-5": "-5",
    "true": "true",
    "y": "true",
    "off": "false",
    "a": "a",
    "1.5": "1.5",
    "1.0": "1",
    "1e3": "1000",
    "1234567.0": "1.234567e+06",
    "123456789.125": "1.2345679e+08",
    "1e-5": "1e-05",
    "0.0001": "0.0001",
    "16777217.0": "1.6777216e+07",
    "1e39": ".inf",
    ".nan": ".nan",
    "-.inf": "-.inf",
    "-0.0": "-0",
    "2001-01-01": "2001-01-01",
    "1:30": "1:30",
    "'yes'": "yes",
    "! 5": "5",
    "!!str 5": "5",
    "&b 7": "7",
    "!!binary aGk=": "hi",
    "!!int '0x10'": "16",
    "!foo 5": "5",
    "'<<'": "<<",
    "18446744073709551616": "1.8446744e+19",
    **dict.fromkeys(("~", "null", "''\n  : 1\n  ? ~", "18446744073709551615", "[a]", "{a: b}"), REFUSED),
}

DATA: dict[str, Any] = {
    "{a: 1, <<: {a: 2, b: 3}, b: 4}": {"a": 2, "b": 4},
    "{<<: [{a: 1}, {a: 2, b: 3}], b: 4}": {"a": 1, "b": 4},
    "{<<: {a: 1}, <<: {a: 2}}": {"a": 2},
    "{x: &x {a: 1}, w: {<<: *x, b: 2}}": {"x": {"a": 1}, "w": {"a": 1, "b": 2}},
    "{x: &x {a: 1}, w: {<<: [*x, {c: 3}]}}": {"x": {"a": 1}, "w": {"c": 3, "a": 1}},
    "{x: &x [{a: 1}], w: {<<: *x}}": REFUSED,
    "{<<: 5}": REFUSED,
    "{<<: [5]}": REFUSED,
    "{!!merge '<<': {a: 1}}": {"a": 1},
    "{'<<': {a: 1}}": {"<<": {"a": 1}},
    "{x: &x 5, w: *x}": {"x": 5, "w": 5},
    "{x: &x 1234567.0, *x : 1}": {"x": 1234567, "1.234567e+06": 1},
    "{x: &x yes, w: &x no, z: *x}": {"x": True, "w": False, "z": False},
    "{x: &x {w: &x 1}, z: *x}": {"x": {"w": 1}, "z": 1},
    "{x: &x {y: *x}}": REFUSED,
    "{x: *x}": REFUSED,
    "{a: 1, a: 2}": {"a": 2},
}


def _document(value: str) -> bytes:
    return f"apiVersion: v1\nkind: Service\nd: {value}\n".encode()


def _keyed(key: str) -> bytes:
    return f"apiVersion: v1\nkind: Service\nd:\n  ? {key}\n  : 1\n".encode()


TABLE = [
    *((_document(text), value) for text, value in VALUES.items()),
    *((_keyed(text), value if value is REFUSED else {value: 1}) for text, value in KEYS.items()),
    *((_document(text), value) for text, value in DATA.items()),
]


def _ours(text: bytes) -> Any:
    found = list(read(text, "f.yaml", Report()))
    return found[0].body["d"] if found else REFUSED


@pytest.mark.parametrize(("text", "value"), TABLE, ids=[repr(text[32:]) for text, _ in TABLE])
def test_a_scalar_has_the_value_that_kubernetes_gives_it(text: bytes, value: object) -> None:
    """The table holds, in value and type."""
    assert repr(_ours(text)) == repr(value)


@pytest.mark.parametrize(("text", "value"), TABLE, ids=[repr(text[32:]) for text, _ in TABLE])
def test_without_libyaml_a_scalar_has_the_same_value(
    text: bytes, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PyYAML's own parser serves as well."""
    monkeypatch.setattr(events, "Parser", yaml.Loader)
    assert repr(_ours(text)) == repr(value)


@pytest.mark.real
@needs_kubectl
def test_kubectl_gives_every_scalar_of_the_table_its_value(tmp_path: Path) -> None:
    """The table is not our opinion."""
    theirs = [found[0]["d"] if found else REFUSED for found in objects([text for text, _ in TABLE], tmp_path)]
    differing = {text: (theirs, value) for (text, value), theirs in zip(TABLE, theirs, strict=True) if theirs != value}
    assert not differing
