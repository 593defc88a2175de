"""The post-renderer for Helm, called as Helm calls it; tests/real/test_helm.py has Helm itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from ci_jobs import HOSTILE, PROJECT, install, install_recorders, pwned, recorded

from maxtac_render import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

HELM = PROJECT / "functions" / "helm"
PLUGIN = HELM / "maxtac"
SCRIPT = PLUGIN / "post-render"
METADATA: dict[str, Any] = yaml.safe_load((PLUGIN / "plugin.yaml").read_text())
COMMANDS = METADATA["runtimeConfig"]["platformCommand"]
RELEASE = b"""\
# Source: shop/templates/web.yaml
apiVersion: v1
kind: Service
metadata: {name: web, labels: {app: web}}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: maxtac.vtk.io/v1alpha1
kind: ExternalAccess
metadata: {name: offices, annotations: {config.kubernetes.io/local-config: "true"}}
spec: {serviceSelector: {matchLabels: {app: web}}, targetCIDRs: [192.0.2.0/24], direction: ingress}
"""


DEAF = """
import subprocess, sys
sys.exit(subprocess.run(sys.argv[1:2], stderr=subprocess.DEVNULL).returncode)
"""
"""Calls a program as Helm 4 does, which throws its stderr away."""
INTO_A_FILE = """
import os, subprocess, sys
os.dup2(os.open(sys.argv[2], os.O_CREAT | os.O_WRONLY), 2)
sys.exit(subprocess.run(sys.argv[1:2], stderr=subprocess.STDOUT).returncode)
"""
"""Calls a program with a file as its own stderr, and hears the other's."""


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A search path with the program under test."""
    install(tmp_path / "bin")
    return f"{tmp_path / 'bin'}:{os.environ['PATH']}"


def render(command: Sequence[str | Path], path: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a post-renderer as Helm does: the release on standard input, everything else captured."""
    env = {"PATH": path, "HELM_PLUGIN_DIR": str(PLUGIN), "HELM_PLUGIN_NAME": METADATA["name"], **environment}
    return subprocess.run(command, input=RELEASE, env=env, capture_output=True, check=False, timeout=60)


def test_the_metadata_is_that_of_this_version() -> None:
    """In the form that Helm 4 asks for."""
    assert {key: METADATA[key] for key in ("apiVersion", "type", "name", "version", "runtime")} == {
        "apiVersion": "v1",
        "type": "postrenderer/v1",
        "name": PLUGIN.name,
        "version": __version__,
        "runtime": "subprocess",
    }


def test_the_command_is_there() -> None:
    """Wherever the plugin's directory is; where there is no shell, the program is called as the script calls it."""
    (anywhere,) = [command for command in COMMANDS if "os" not in command]
    (windows,) = [command for command in COMMANDS if "os" in command]
    assert anywhere["command"].replace("${HELM_PLUGIN_DIR}", str(PLUGIN)) == str(SCRIPT)
    assert os.access(SCRIPT, os.X_OK)
    assert SCRIPT.read_text().endswith(f'\nexec {windows["command"]} {" ".join(windows["args"])} "$@"\n')


def test_the_release_comes_back_with_its_policies(path: str) -> None:
    """Without what is for tools only."""
    done = render([SCRIPT, "--namespace=shop"], path)
    assert done.returncode == 0, done.stderr
    service = RELEASE.partition(b"---\n")[0]
    assert done.stdout.startswith(service + b"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n")
    assert b"namespace: shop\n" in done.stdout


def test_a_release_without_a_namespace_fails(path: str) -> None:
    """It would be wrong to guess one, also that of the environment, which may be another one than the release's."""
    done = render([SCRIPT], path, HELM_NAMESPACE="shop")
    assert (done.returncode, done.stdout) == (1, b"")


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="no /proc: findings go to the terminal there")
def test_findings_go_where_the_messages_of_helm_go(path: str) -> None:
    """Though Helm 4 throws away what a post-renderer says itself."""
    done = render([sys.executable, "-c", DEAF, SCRIPT], path)
    assert done.returncode == 1
    assert b"error[missing-namespace]" in done.stderr
    assert b"1 error; nothing rendered" in done.stderr


def test_a_file_of_helm_gets_nothing_in_between(path: str, tmp_path: Path) -> None:
    """Two that write into one file, each from its own place, destroy each other's lines; Helm 3 says it itself."""
    log = tmp_path / "log"
    done = render([sys.executable, "-c", INTO_A_FILE, SCRIPT, log], path, HELM_PLUGIN_NAME="")
    assert done.returncode == 1
    assert log.read_bytes() == b""
    assert b"error[missing-namespace]" in done.stdout


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_arguments_are_data(value: str, tmp_path: Path) -> None:
    """No shell expands what they say."""
    install_recorders(tmp_path / "bin", tmp_path / "record")
    done = subprocess.run(
        [SCRIPT, value],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0
    assert recorded(tmp_path / "record") == ["render", "--passthrough", "-", value]
    assert not pwned(str(path) for path in tmp_path.rglob("*"))


def test_links_lead_somewhere() -> None:
    """Every relative link of the page is a file or a directory beside it."""
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", (HELM / "README.md").read_text()):
        assert (HELM / target).exists(), target


def test_the_example_is_a_chart_whose_intents_stay_out_of_the_cluster() -> None:
    """What one copies works in a cluster without CRDs."""
    chart = yaml.safe_load((HELM / "example" / "Chart.yaml").read_text())
    assert (chart["apiVersion"], chart["name"]) == ("v2", "shop")
    intents = (HELM / "example" / "templates" / "intents.yaml").read_text()
    assert 'config.kubernetes.io/local-config: "true"' in intents
