"""The plugin under the re-enactment of Argo CD's contract, which runs everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from argocd_scenarios import *  # noqa: F403 - the tests, which hold for any Argo CD
from argocd_scenarios import ACCESS, CONFIGURATION, repository
from argocd_sidecar import Sidecar, path_with_maxtac, plugin_with
from maxtac_render.cli import program as cli


@pytest.fixture
def argocd(tmp_path: Path) -> Any:
    """The re-enacted Argo CD."""
    work = tmp_path / "sidecar"
    work.mkdir()

    def make(*flags: str, programs: Path | None = None, generate: Mapping[str, list[str]] | None = None) -> Sidecar:
        path = path_with_maxtac(*([programs] if programs else []))
        return Sidecar(work, plugin_with(flags, generate), {"PATH": path})

    return make


@pytest.mark.parametrize("program", [None, "kustomize", "helm"])
def test_a_link_that_leads_out_is_refused_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str | None
) -> None:
    """Argo CD does not take such repositories, unless its administrator lets it; then we do not."""
    place = repository(tmp_path, {"apps/shop/maxtac.yaml": CONFIGURATION, "apps/shop/a.yaml": ACCESS})
    (place / "far").mkdir()
    (place / "far" / "link").symlink_to("../../outside")
    monkeypatch.chdir(place / "apps" / "shop")
    flags = [f"--input={program}"] if program else []
    environment = {"ARGOCD_APP_SOURCE_PATH": "apps/shop", "PATH": ""}
    done = CliRunner().invoke(cli.program, ["argocd", "generate", *flags], env=environment)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "symbolic link far/link leads out of the repository; nothing is read" in done.stderr
