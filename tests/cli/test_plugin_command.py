"""``maxtac plugin``: installed where kustomize looks, and what kustomize calls it for."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from maxtac_render.cli import program

PLACE = "render.maxtac.vtk.io/v1alpha1/render/Render"
CONFIG = "apiVersion: render.maxtac.vtk.io/v1alpha1\nkind: Render\nmetadata:\n  name: maxtac\n"
OBJECTS = """\
apiVersion: v1
kind: Service
metadata:
  annotations:
    internal.config.kubernetes.io/previousNames: web
    internal.config.kubernetes.io/previousNamespaces: shop
  labels: {app: web}
  name: x-web # the web
  namespace: shop
spec:
  ports:
  - port: 0x50
  selector: {app: web}
---
apiVersion: maxtac.vtk.io/v1alpha1
kind: Access
metadata:
  annotations:
    config.kubernetes.io/local-config: "true"
  name: web-in
  namespace: shop
spec:
  serviceSelector: {}
  targets:
  - serviceName: web
    namespace: shop
  direction: ingress
"""
NAME = "web-in--shop-x-web---x-web-shop-ing"


def install(environment: dict[str, str | None]) -> Result:
    """Install the plugin."""
    cleared = {"KUSTOMIZE_PLUGIN_HOME": None, "XDG_CONFIG_HOME": None}
    return CliRunner().invoke(program.program, ["plugin", "install"], env={**cleared, **environment})


@pytest.mark.parametrize(
    ("name", "below"),
    [("KUSTOMIZE_PLUGIN_HOME", ""), ("XDG_CONFIG_HOME", "kustomize/plugin/"), ("HOME", ".config/kustomize/plugin/")],
)
def test_it_is_put_where_kustomize_looks(tmp_path: Path, name: str, below: str) -> None:
    result = install({name: str(tmp_path)})
    path = tmp_path / below / PLACE
    assert (result.exit_code, result.stdout) == (0, f"{path}\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o755
    before = path.read_text()
    assert install({name: str(tmp_path)}).exit_code == 0
    assert path.read_text() == before


def test_an_older_one_is_replaced(tmp_path: Path) -> None:
    install({"KUSTOMIZE_PLUGIN_HOME": str(tmp_path)})
    path = tmp_path / PLACE
    current = path.read_text()
    path.write_text(current.replace(sys.executable, "/gone/python"))
    path.chmod(0o600)
    install({"KUSTOMIZE_PLUGIN_HOME": str(tmp_path)})
    assert path.read_text() == current
    assert os.access(path, os.X_OK)


@pytest.mark.parametrize("kind", ["file", "link", "directory"])
def test_what_is_not_ours_stays(tmp_path: Path, kind: str) -> None:
    path = tmp_path / PLACE
    path.parent.mkdir(parents=True)
    if kind == "file":
        path.write_text("#!/bin/sh\n# mine\n")
    elif kind == "link":
        path.symlink_to("/bin/cat")
    else:
        path.mkdir()
    result = install({"KUSTOMIZE_PLUGIN_HOME": str(tmp_path)})
    assert (result.exit_code, result.stdout) == (2, "")
    assert "is not ours; left alone" in result.stderr
    assert path.is_symlink() if kind == "link" else not path.is_symlink()


def test_without_a_home_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    result = install({"HOME": None})
    assert (result.exit_code, result.stdout) == (2, "")
    assert "KUSTOMIZE_PLUGIN_HOME" in result.stderr


def run(tmp_path: Path, objects: str, config: str = CONFIG) -> Result:
    """Do what kustomize does with a plugin."""
    path = tmp_path / "config"
    path.write_text(config)
    return CliRunner().invoke(program.program, ["plugin", "run", str(path)], input=objects)


def test_objects_come_out_again_with_the_policies(tmp_path: Path) -> None:
    """Byte for byte, also those that are for tools only: an overlay wants to see them."""
    result = run(tmp_path, OBJECTS)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"{OBJECTS}---\n")
    (policy,) = list(yaml.safe_load_all(result.stdout))[2:]
    assert policy["metadata"]["name"] == NAME
    assert not any("config.kubernetes.io" in key for key in policy["metadata"]["annotations"])


def test_policies_of_before_are_replaced(tmp_path: Path) -> None:
    once = run(tmp_path, OBJECTS).stdout
    assert run(tmp_path, once).stdout == once
    assert (
        run(tmp_path, once.replace("managed-by: maxtac-render", "managed-by: me").replace("/owner", "/o")).exit_code
        == 1
    )


def test_a_generator_renders_the_sources_that_it_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "intents").mkdir()
    (tmp_path / "intents" / "all.yaml").write_text(OBJECTS.replace("serviceName: web", "serviceName: x-web"))
    result = run(tmp_path, "", f"{CONFIG}spec:\n  sources: [intents]\n")
    assert (result.exit_code, result.stderr) == (0, "")
    assert [policy["metadata"]["name"] for policy in yaml.safe_load_all(result.stdout)] == [NAME]


@pytest.mark.parametrize(
    ("objects", "config", "words"),
    [
        (OBJECTS, f"{CONFIG}spec:\n  names: shrt\n", "spec.names must be plain or short"),
        (OBJECTS, "kind: [", "not readable as YAML"),
        (OBJECTS, f"{CONFIG}argsOneLiner: --set x\n", "unknown field argsOneLiner"),
        (OBJECTS, f"{CONFIG}spec:\n  anchor: git\n", "has no history"),
        (OBJECTS.replace("serviceName: web", "serviceName: wbe"), CONFIG, "target shop/wbe not found"),
        (OBJECTS + "---\na: [\n", CONFIG, "not readable as YAML"),
        ("kind: ConfigMap\n", CONFIG, "no MaxTac resource"),
        ("", CONFIG, "no MaxTac resource"),
    ],
)
def test_with_an_error_nothing_comes_out(tmp_path: Path, objects: str, config: str, words: str) -> None:
    result = run(tmp_path, objects, config)
    assert (result.exit_code, result.stdout) == (1, "")
    assert words in result.stderr


def test_the_installed_file_is_the_plugin(tmp_path: Path) -> None:
    """Called as kustomize calls it, in a directory with modules that must not be imported."""
    install({"KUSTOMIZE_PLUGIN_HOME": str(tmp_path)})
    here = tmp_path / "kustomization"
    here.mkdir()
    for name in ("yaml", "click", "maxtac_render"):
        (here / f"{name}.py").write_text("raise SystemExit('imported from the kustomization')\n")
    config = tmp_path / "config"
    config.write_text(CONFIG)
    environment = {"PATH": os.environ["PATH"], "KUSTOMIZE_PLUGIN_CONFIG_STRING": CONFIG}
    command = [tmp_path / PLACE, config]
    done = subprocess.run(
        command, cwd=here, env=environment, input=OBJECTS, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert NAME in done.stdout
