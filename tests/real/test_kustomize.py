"""The kustomize of the tests is the pinned one."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_kustomize_has_the_pinned_version(part: Callable[[str], Path], versions: dict[str, str]) -> None:
    answer = subprocess.run([part("kustomize"), "version"], capture_output=True, text=True, check=True, timeout=60)
    assert answer.stdout.strip() == versions["KUSTOMIZE_VERSION"]
