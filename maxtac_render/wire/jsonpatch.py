"""What changes a policy in a cluster: a JSON Patch (RFC 6902) that says which object it means, in which state.

To replace the uid and the resource version by what they were is how a write says what it goes by: an object that is
another one by now, or was changed, is refused
(https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from maxtac_render.model.policy import Policy
from maxtac_render.model.selectors import Labels
from maxtac_render.wire.networkpolicy import body

CONTENT_TYPE = "application/json-patch+json"

Operation = Mapping[str, Any]


def patch(before: Policy, after: Policy, uid: str, resource_version: str, *, owners: bool = False) -> list[Operation]:
    """The operations that make one state of a policy the other: its whole spec, and labels and annotations one by one.

    With ``owners`` the owner references are removed, too.
    """
    operations: list[Operation] = [
        _operation("replace", ("metadata", "uid"), uid),
        _operation("replace", ("metadata", "resourceVersion"), resource_version),
        _operation("replace", ("spec",), body(after)["spec"]),
        *_pairs("labels", before.labels, after.labels),
        *_pairs("annotations", before.annotations, after.annotations),
    ]
    if owners:
        operations.append(_operation("remove", ("metadata", "ownerReferences")))
    return operations


def _pairs(field: str, before: Labels, after: Labels) -> Iterator[Operation]:
    old, new = dict(before), dict(after)
    if new and not old:
        yield _operation("add", ("metadata", field), {})
    for key in sorted(old.keys() - new.keys()):
        yield _operation("remove", ("metadata", field, key))
    for key, value in sorted(new.items()):
        if old.get(key) != value:
            yield _operation("add", ("metadata", field, key), value)


def _operation(name: str, path: tuple[str, ...], *value: object) -> Operation:
    pointer = "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in path)
    return {"op": name, "path": pointer, **({"value": value[0]} if value else {})}
