"""What kubectl reads, asked for many texts at once: ``kubectl label --local`` decodes files without a cluster."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

needs_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")

_MARK = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: mark-{:06}\n"


def objects(texts: list[bytes], directory: Path) -> list[list[dict[str, Any]]]:
    """For each text the objects that kubectl reads from it, none where it refuses the text."""
    for number, text in enumerate(texts):
        (directory / f"{number:06}-a.yaml").write_bytes(text)
        (directory / f"{number:06}-z.yaml").write_text(_MARK.format(number))
    command = ["kubectl", "label", "--local", "-f", str(directory), "x=y", "--overwrite", "-o", "json"]
    output = subprocess.run(command, capture_output=True, check=False).stdout.decode()
    read: list[list[dict[str, Any]]] = [[]]
    decoder = json.JSONDecoder(parse_int=_integer)
    start = output.find("{")
    while start >= 0:
        body, end = decoder.raw_decode(output, start)
        start = output.find("{", end)
        if _is_mark(body):
            read.append([])
        else:
            read[-1].append({key: value for key, value in body.items() if key != "metadata"})
    assert len(read) == len(texts) + 1
    return read[:-1]


def _integer(digits: str) -> int | float:
    """kubectl prints the floats beyond 64 bits without a point."""
    number = int(digits)
    return number if -(2**63) <= number < 2**63 else float(number)


def _is_mark(body: dict[str, Any]) -> bool:
    metadata = body.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else ""
    return body["kind"] == "ConfigMap" and isinstance(name, str) and name.startswith("mark-")
