"""The schemas of the MaxTac kinds are fresh, and say of a resource what a check says."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from maxtac_render.frontends.maxtac import schema
from maxtac_render.frontends.maxtac.lifetime import parse_duration, parse_moment
from maxtac_render.manifests.read import read
from maxtac_render.model.diagnostics import Code, Report, Severity
from maxtac_render.model.intent import KINDS
from maxtac_render.model.names import is_label_key, is_label_value
from maxtac_render.model.ports import parse_port

from .table import Row, check, rows

PROJECT = Path(__file__).parents[2]
ROWS = rows()
VALIDATORS = {kind.name: Draft202012Validator(schema.json_schema(kind)) for kind in KINDS.values()}

UNQUOTED = "a check reads an unquoted value as text and warns; in an editor it is mended while it is written"
NOWHERE = "a check only warns of a field that has no meaning in the kind; in an editor it is a typo like others"
TOO_LONG = "JSON Schema cannot count how long a duration is"
DIFFERENCES = {  # what an editor says otherwise than a check
    "an unquoted boolean as an annotation": UNQUOTED,
    "an unquoted yes in the selector": UNQUOTED,
    "an unquoted number in the selector": UNQUOTED,
    "In with an unquoted boolean": UNQUOTED,
    "mirrored in an Access": NOWHERE,
    "mirrored in a ClusterExternalAccess": NOWHERE,
    "a duration of more than 292 years": TOO_LONG,
    "a duration of more hours than 64 bits hold": TOO_LONG,
    "a deadline on no day of the calendar": "a format is a hint, and JSON Schema has no calendar",
    "a direction with a line break after it": "$ also stands before a last line break in Python's regular expressions",
    "no namespace": "an overlay or -n may add it",
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.says)
def test_the_table_says_what_a_check_says(row: Row) -> None:
    """A row is accepted where a check of the resource by itself has no error."""
    assert (check(row.body).worst < Severity.ERROR) == row.accepted


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.says)
def test_an_editor_says_what_a_check_says_and_where(row: Row) -> None:
    """The JSON Schema takes what a check takes; what it refuses, it refuses where the fault is."""
    errors = list(VALIDATORS[row.body["kind"]].iter_errors(row.body))
    assert (not errors) == (row.accepted != (row.says in DIFFERENCES)), [error.message for error in errors]
    assert not errors or any(is_about(error, row.path) for error in errors), [error.absolute_path for error in errors]


def is_about(error: Any, path: Sequence[str | int]) -> bool:
    """Tell whether an error is about a place, or about a key there that is missing, unknown or wrong."""
    place = list(error.absolute_path)
    if error.validator in ("required", "additionalProperties"):
        return place == list(path[:-1]) and f"'{path[-1]}'" in error.message
    return place[: len(path)] == list(path)


def test_differences_are_about_rows() -> None:
    """No difference outlives its row."""
    assert set(DIFFERENCES) <= {row.says for row in ROWS}
    assert len({row.says for row in ROWS}) == len(ROWS)


def intents(case: Path) -> Iterator[Any]:
    """The MaxTac resources of a case, as they are read."""
    for path in sorted(path for path in case.glob("input/**/*.yaml") if path.is_file()):
        resources = read(path.read_bytes(), str(path), Report())
        yield from (resource for resource in resources if resource.ref.kind in KINDS)


def test_editors_take_what_is_rendered() -> None:
    """No resource of a golden case is refused that renders, but for the differences above."""
    bodies = [resource.body for case in (PROJECT / "testdata/cases").iterdir() for resource in intents(case)]
    taken = 0
    for body in bodies:
        report = check(body) if isinstance(body.get("metadata"), dict) else None
        if report is None or report.worst is Severity.ERROR:
            continue
        if not {Code.UNQUOTED_VALUE, Code.MIRRORED_IGNORED} & {found.code for found in report.sorted()}:
            assert not list(VALIDATORS[body["kind"]].iter_errors(body)), body
            taken += 1
    assert taken > 100


def test_the_files_are_fresh() -> None:
    """The files of schemas/ are what the code makes; ``make generate`` rewrites them."""
    command = [sys.executable, PROJECT / "tools" / "generate", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_field_is_described() -> None:
    """Whoever points at a field of the spec reads what it means and what happens without it."""
    for kind in KINDS.values():
        fields = schema.crd(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"][
            "properties"
        ]
        for name, field in fields.items():
            assert "Without it" in field["description"], name
            assert field["description"].endswith("."), name


@pytest.mark.parametrize("name", VALIDATORS)
def test_the_json_schemas_are_valid(name: str) -> None:
    """They obey the meta-schema, and every pattern compiles."""
    Draft202012Validator.check_schema(VALIDATORS[name].schema)


def test_the_crds_read_back() -> None:
    """A foreign reader of YAML finds in the files what the code says."""
    for kind in KINDS.values():
        path = PROJECT / "schemas" / "crds" / f"{kind.plural}.maxtac.vtk.io.yaml"
        assert yaml.safe_load(path.read_text()) == schema.crd(kind)


GROUPS = st.lists(st.sampled_from(["", "0", "0000", "1", "ffff", "FFFF", "00000"]), min_size=1, max_size=9)
TAILS = st.sampled_from(["", ":", "::", ":1.2.3.4", ":1.2.3.256", "/0", "/64", "/128", "/129", "/064", "/"])
ADDRESSES = st.builds(lambda groups, tail: ":".join(groups) + tail, GROUPS, TAILS)
BYTES = st.lists(st.sampled_from(["0", "1", "10", "25", "249", "255", "256", "01", ""]), min_size=3, max_size=5)
RANGES = st.builds(lambda parts, tail: ".".join(parts) + tail, BYTES, st.sampled_from(["", "/0", "/8", "/32", "/33"]))


@settings(deadline=None)
@given(ADDRESSES | RANGES | st.text("0123456789abcdef:./-% "))
@example("::ffff:1.2.3.4/128")
@example("0::ffff:0:0/96")
@example("0:0:0:0:0:ffff::/96")
@example("::ffff:0:0:0/96")
@example("1::1.2.3.4")
def test_the_pattern_of_addresses_is_exact(text: str) -> None:
    """It takes the addresses that a check takes, in every spelling."""
    spec = {"serviceSelector": {}, "targetCIDRs": [text]}
    metadata = {"name": "a", "namespace": "a"}
    body = {"apiVersion": "maxtac.vtk.io/v1alpha1", "kind": "ExternalAccess", "metadata": metadata, "spec": spec}
    fits = re.search(schema.CIDR, text) is not None and re.search(schema.MAPPED, text) is None
    assert fits == (check(body).worst < Severity.ERROR)


PARTS = st.lists(st.sampled_from(["1", "0", "23", ".", "h", "m", "s", "ms", "us", "µs", "ns", "d", "+", "-"]))


@settings(deadline=None)
@given(PARTS.map("".join))
@example(".1ns")
def test_the_pattern_of_durations_is_exact(text: str) -> None:
    """It takes what a check takes, and else only what is very long or less than a nanosecond."""
    fits = bool(re.fullmatch(schema.DURATION, text) and re.search("^$|[1-9]", text))
    if parse_duration(text) is not None or text == "":
        assert fits
    elif fits:
        assert len(re.sub("[^0-9]", "", text)) > 5 or re.search(r"\.[0-9]*ns", text)


@settings(deadline=None)
@given(st.text("aZ0-._/ ", max_size=12) | st.builds("".join, st.lists(st.sampled_from(["a" * 60, "b", "/", ".", "-"]))))
def test_the_patterns_of_labels_are_exact(text: str) -> None:
    """They take what the API server takes for labels of Services."""
    key = all(re.search(pattern, text) for pattern in schema.LABEL_KEY)
    assert key == is_label_key(text)
    assert (re.search(schema.LABEL_VALUE, text) is not None and len(text) <= 63) == is_label_value(text)


@settings(deadline=None)
@given(st.text("0123456789-:.TZtz+", max_size=30) | st.datetimes().map(lambda moment: moment.isoformat() + "Z"))
def test_no_deadline_is_refused_that_a_check_reads(text: str) -> None:
    """The pattern is only laxer."""
    assert parse_moment(text) is None or re.search(schema.MOMENT, text)


@settings(deadline=None)
@given(st.lists(st.sampled_from(["443", "0", "/", "TCP", "udp", "Sctp", ",", " ", "-", "8000", "x"])).map("".join))
def test_no_ports_are_refused_that_a_check_reads(text: str) -> None:
    """The pattern is only laxer, in numbers and ranges."""
    items = [part.strip() for part in text.split(",") if part.strip()]
    sound = bool(items) and all(parse_port(item) for item in items)
    assert not sound or re.search(schema.PORT_LIST, text)
