"""What Argo CD tells about an Application is read as it says it, and nothing is guessed."""

from __future__ import annotations

import json

import pytest

from maxtac_render.argocd.application import VARIABLE, Application, application, root
from maxtac_render.model.errors import EnvironmentFault


def test_all_that_is_told() -> None:
    """Name, destination, place, versions and parameters."""
    parameters = [
        {"name": "set", "string": "a"},
        {"name": "baseline", "array": ["dns"]},
        {"name": "m", "map": {"k": "v"}},
    ]
    environment = {
        "ARGOCD_APP_NAME": "shop",
        "ARGOCD_APP_NAMESPACE": "prod",
        "ARGOCD_APP_SOURCE_PATH": "apps/shop",
        "KUBE_VERSION": "1.37.1",
        "KUBE_API_VERSIONS": "v1,apps/v1",
        VARIABLE: json.dumps(parameters),
        "PARAM_SET": "not looked at",
    }
    told = {"set": "a", "baseline": ["dns"], "m": {"k": "v"}}
    assert application(environment) == Application("shop", "prod", "apps/shop", "1.37.1", ("v1", "apps/v1"), told)


@pytest.mark.parametrize("text", [None, "", "null", "[]"])
def test_nothing_is_told(text: str | None) -> None:
    """By a block without parameters, by none, and outside of Argo CD."""
    assert application({} if text is None else {VARIABLE: text}) == Application()


def test_the_namespace_of_an_application_is_no_part_of_its_name() -> None:
    """As Argo CD names those outside of its own namespace."""
    assert application({"ARGOCD_APP_NAME": "team_shop"}).name == "shop"


def test_what_was_cleared_or_has_no_value_is_not_there() -> None:
    """An empty list is a value, an empty string is a field of a form that nobody filled in."""
    entries = [{"name": "a", "string": ""}, {"name": "b"}, {"name": "c", "array": []}, {"name": "d", "string": None}]
    assert application({VARIABLE: json.dumps(entries)}).parameters == {"c": []}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is no list of parameters in JSON"),
        ("{}x", "is no list"),
        ('{"name": "a"}', "is no list"),
        ('["a"]', "is no list"),
        ("[" * 100_000, "is no list"),
        ('[{"string": "a"}]', "a parameter without a name"),
        ('[{"name": 1, "string": "a"}]', "a parameter without a name"),
        ('[{"name": "a", "string": "1"}, {"name": "a", "string": "2"}]', "parameter a is set twice"),
    ],
)
def test_anything_else_is_a_fault(text: str, words: str) -> None:
    """Argo CD does not send it; to go on would be to guess."""
    with pytest.raises(EnvironmentFault, match=words):
        application({VARIABLE: text})


@pytest.mark.parametrize(
    ("directory", "path", "top"),
    [
        ("/repos/x/apps/shop", "apps/shop", "/repos/x"),
        ("/repos/x/apps/shop", "./apps//shop/", "/repos/x"),
        ("/repos/x", ".", "/repos/x"),
        ("/repos/x", "", "/repos/x"),
        ("/repos/x/shop", "apps/shop", "/repos/x"),  # what was copied begins below the root
        ("/repos/x", "apps/shop", "/repos/x"),
        ("/shop", "shop", "/"),
        ("/", "", "/"),
        ("/repos/x/a/a", "a/a", "/repos/x"),
        ("/repos/x/a/a", "a", "/repos/x/a"),
        ("/repos/x/b/a", "a/b", "/repos/x/b/a"),
        ("/repos/x/apps/shop", "../../repos/x/apps/shop", "/repos/x/apps/shop"),
    ],
)
def test_the_root_is_above_what_the_path_says(directory: str, path: str, top: str) -> None:
    """As far as the directory ends as the path does."""
    assert root(directory, path) == top
