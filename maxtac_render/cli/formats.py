"""Policies in the formats of ``-o``: one function for each, from policies to texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from maxtac_render import compiler
from maxtac_render.model.policy import Policy

RESOURCE = "networkpolicy.networking.k8s.io"
"""NetworkPolicies as ``kubectl -o name`` calls them."""

Format = Callable[[Sequence[Policy]], Iterator[str]]


def yaml(policies: Sequence[Policy]) -> Iterator[str]:
    """A stream of documents with a line ``---`` between them."""
    separator = ""
    for document in compiler.yaml_documents(policies):
        yield separator + document
        separator = "---\n"


def json(policies: Sequence[Policy]) -> Iterator[str]:
    """A List, as kubectl prints one; also of one policy or none."""
    from json import dumps  # noqa: PLC0415 - whoever wants YAML does not pay

    yield '{\n  "apiVersion": "v1",\n  "kind": "List",\n  "items": ['
    separator = "\n    "
    for body in compiler.bodies(policies):
        yield separator + dumps(body, indent=2).replace("\n", "\n    ")
        separator = ",\n    "
    yield "\n  ]\n}\n" if policies else "]\n}\n"


def jsonl(policies: Sequence[Policy]) -> Iterator[str]:
    """One object a line."""
    from json import JSONEncoder  # noqa: PLC0415 - whoever wants YAML does not pay

    encode = JSONEncoder(separators=(",", ":")).encode
    for body in compiler.bodies(policies):
        yield f"{encode(body)}\n"


def name(policies: Sequence[Policy]) -> Iterator[str]:
    """One name a line, as kubectl prints them."""
    for policy in policies:
        yield f"{RESOURCE}/{policy.name}\n"


def wide(policies: Sequence[Policy]) -> Iterator[str]:
    """A table for people."""
    from maxtac_render.cli.table import table  # noqa: PLC0415 - only for people

    return table(policies)


FORMATS: dict[str, Format] = {"yaml": yaml, "json": json, "jsonl": jsonl, "name": name, "wide": wide}
