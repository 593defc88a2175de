"""What must hold for every package that goes through the KRM function."""

from __future__ import annotations

import json
from typing import Any

import yaml
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maxtac_render.cli import program
from maxtac_render.model.diagnostics import CODES
from maxtac_render.model.orchestration import is_bookkeeping
from resourcelists import Written, lists, packages
from worlds import Body

SLOW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
TOLERANT = ["--now", "2027-01-01T00:00:00Z", *(f"--severity={code}=off" for code in CODES)]


def function(text: str, *options: str) -> Result:
    """Run the function on a list."""
    return CliRunner().invoke(program.program, ["krm", *TOLERANT, *options], input=text.encode())


def foreign(text: str) -> Any:
    """What a parser that is not ours makes of a text; every scalar is a text."""
    return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - it builds nothing but texts


def rendered(bodies: list[Body]) -> list[Any]:
    """What the command line makes of the same objects."""
    text = "".join(f"---\n{json.dumps(body)}\n" for body in bodies)
    result = CliRunner().invoke(program.program, ["render", "-", *TOLERANT], input=text)
    assert result.exit_code == 0, result.output
    return [document for document in yaml.load_all(result.stdout, Loader=yaml.BaseLoader) if document]


def plain(body: Any) -> Any:
    """An object without what orchestrators note on it."""
    annotations = body["metadata"].get("annotations") or {}
    kept = {key: value for key, value in annotations.items() if not is_bookkeeping(key)}
    return {**body, "metadata": {**body["metadata"], "annotations": kept}}


@st.composite
def written(draw: st.DrawFn) -> tuple[list[Body], Written]:
    """A package, as objects and as text."""
    bodies = draw(packages())
    return bodies, draw(lists(bodies))


@SLOW
@given(written())
def test_items_stay_and_policies_are_added(package: tuple[list[Body], Written]) -> None:
    """Every item keeps its bytes and its place, and behind them come the policies that the command line renders."""
    bodies, (text, items) = package
    result = function(text)
    assert result.exit_code == 0, result.output
    position = 0
    for item in items:
        position = result.stdout.index(item, position) + len(item)
    before, after = foreign(text), foreign(result.stdout)
    assert after["items"][: len(items)] == before["items"]
    assert list(map(plain, after["items"][len(items) :])) == list(map(plain, rendered(bodies)))
    assert (after["apiVersion"], set(after)) == ("config.kubernetes.io/v1", {"apiVersion", "kind", "items"})


@SLOW
@given(written())
def test_twice_is_once(package: tuple[list[Body], Written]) -> None:
    """What the function gave back it gives back again, byte for byte."""
    once = function(package[1].text).stdout
    assert function(once).stdout == once


@SLOW
@given(written(), st.data())
def test_policies_of_before_make_way(package: tuple[list[Body], Written], data: st.DataObject) -> None:
    """When objects go, the policies are those of what is left, and everything else stays."""
    bodies, (text, _) = package
    first = [item for item in yaml.safe_load(function(text).stdout)["items"] if item["kind"] == "NetworkPolicy"]
    gone = data.draw(st.sampled_from(bodies))
    left = [body for body in bodies if body is not gone]
    mixed = data.draw(st.permutations(left + first))
    if not mixed:
        return
    again = data.draw(lists(list(mixed)))
    result = function(again.text)
    assert result.exit_code == 0, result.output
    after = foreign(result.stdout)["items"]
    policies = sorted((plain(item) for item in after if item["kind"] == "NetworkPolicy"), key=_place)
    assert policies == sorted(map(plain, rendered(left)), key=_place)
    others = [body["metadata"]["name"] for body in mixed if body["kind"] != "NetworkPolicy"]
    assert [item["metadata"]["name"] for item in after if item["kind"] != "NetworkPolicy"] == others
    for body, item in zip(mixed, again.items, strict=True):
        assert body["kind"] == "NetworkPolicy" or item in result.stdout


def _place(body: Any) -> tuple[str, str]:
    return body["metadata"]["namespace"], body["metadata"]["name"]


@SLOW
@given(written(), st.sampled_from(("json", "flow")))
def test_what_is_no_block_yaml_means_the_same(package: tuple[list[Body], Written], form: str) -> None:
    """JSON and flow lists go in too, and come out as block YAML."""
    bodies, _ = package
    body = {"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": bodies}
    text = json.dumps(body) if form == "json" else yaml.dump(body, default_flow_style=True, default_style='"', width=60)
    result = function(text)
    assert result.exit_code == 0, result.output
    after = yaml.safe_load(result.stdout)["items"]
    assert after[: len(bodies)] == bodies
    assert [item["metadata"]["name"] for item in after[len(bodies) :]] == [
        policy["metadata"]["name"] for policy in rendered(bodies)
    ]
