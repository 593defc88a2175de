"""``maxtac manifests``: what is printed for the cluster, wherever it is run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from maxtac_render.argocd import plugin
from maxtac_render.cli import program
from maxtac_render.frontends.maxtac import schema


def test_crds_are_those_of_all_kinds(tmp_path: Path) -> None:
    """A stream of the four definitions, made by the code alone."""
    command = [sys.executable, "-m", "maxtac_render", "manifests", "crds"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, timeout=60)
    assert list(yaml.safe_load_all(done.stdout)) == schema.crds()
    assert done.stderr == b""


def test_argocd_is_the_configmap_of_the_plugin(tmp_path: Path) -> None:
    """One document, and a file in it that reads as a file."""
    command = [sys.executable, "-m", "maxtac_render", "manifests", "argocd"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, timeout=60)
    (configmap,) = yaml.safe_load_all(done.stdout)
    assert yaml.safe_load(configmap["data"]["plugin.yaml"]) == plugin.body()
    assert b"\n  plugin.yaml: |\n    apiVersion: argoproj.io/v1alpha1\n" in done.stdout
    assert done.stderr == b""


@pytest.mark.parametrize("arguments", [[], ["crd"], ["crds", "more"]])
def test_anything_else_is_wrong_usage(arguments: list[str]) -> None:
    """What cannot be printed is named, and the exit code says that nothing was."""
    result = CliRunner().invoke(program.program, ["manifests", *arguments], prog_name="maxtac")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "manifests" in result.stderr
