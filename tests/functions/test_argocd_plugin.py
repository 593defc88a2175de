"""The plugin under the re-enactment of Argo CD's contract, which runs everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from argocd_scenarios import *  # noqa: F403 - the tests, which hold for any Argo CD
from argocd_sidecar import Sidecar, path_with_maxtac, plugin_with


@pytest.fixture
def argocd(tmp_path: Path) -> Any:
    """The re-enacted Argo CD."""
    work = tmp_path / "sidecar"
    work.mkdir()

    def make(*flags: str, programs: Path | None = None, generate: Mapping[str, list[str]] | None = None) -> Sidecar:
        path = path_with_maxtac(*([programs] if programs else []))
        return Sidecar(work, plugin_with(flags, generate), {"PATH": path})

    return make
