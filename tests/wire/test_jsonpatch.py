"""What a JSON Patch makes of a policy in a cluster: the wanted one, with what others put on it."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from maxtac_render.model.policy import Policy
from maxtac_render.wire import networkpolicy
from maxtac_render.wire.jsonpatch import patch
from policies import policy

KEYS = ("a", "a~1b", "render.maxtac.vtk.io/set", "x/~", "~0/y")
PAIRS = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(("1", "2"))).map(
    lambda found: tuple(sorted(found.items()))
)
CIDRS = st.sampled_from(("", "10.0.0.0/8"))


def patched(body: dict[str, Any], operations: list[Any]) -> dict[str, Any]:
    """A body after a patch, as RFC 6902 has it; what has no place is an error."""
    body = copy.deepcopy(body)
    for operation in operations:
        *parents, last = [step.replace("~1", "/").replace("~0", "~") for step in operation["path"].split("/")[1:]]
        place = body
        for parent in parents:
            place = place[parent]
        if operation["op"] != "add":
            assert last in place, f"nothing to {operation['op']} at {operation['path']}"
        if operation["op"] == "remove":
            del place[last]
        else:
            place[last] = operation["value"]
    return body


def as_stored(made: Policy) -> dict[str, Any]:
    """A policy as the API server keeps it."""
    body = networkpolicy.body(made)
    body["metadata"] |= {"uid": "u", "resourceVersion": "7", "ownerReferences": [{"kind": "Access"}]}
    return body


@given(before=st.tuples(CIDRS, PAIRS, PAIRS), after=st.tuples(CIDRS, PAIRS, PAIRS), owners=st.booleans())
def test_a_patch_makes_one_state_the_other(
    before: tuple[str, Any, Any], after: tuple[str, Any, Any], owners: bool
) -> None:
    """Whatever the labels and annotations are; and it goes by the uid and the version that were seen."""
    old, new = (
        policy("web", cidr=cidr)._replace(labels=labels, annotations=notes) for cidr, labels, notes in (before, after)
    )
    operations = patch(old, new, "u", "7", owners=owners)
    assert operations[:2] == [
        {"op": "replace", "path": "/metadata/uid", "value": "u"},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": "7"},
    ]
    result = patched(as_stored(old), operations)
    assert ("ownerReferences" in result["metadata"]) != owners
    expected = as_stored(new)
    for body in (result, expected):
        body["metadata"].pop("ownerReferences", None)
        for field in ("labels", "annotations"):
            body["metadata"].setdefault(field, {})
    assert result == expected
