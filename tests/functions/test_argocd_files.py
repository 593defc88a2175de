"""What functions/argocd holds fits together, and its README says no more than there is."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from argocd_sidecar import FUNCTION, PROJECT, path_with_maxtac
from maxtac_render import __version__
from maxtac_render.argocd import plugin, stages
from maxtac_render.argocd.settings import PARAMETERS

README = (FUNCTION / "README.md").read_text()
BLOCKS = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)]
CLUSTER_COMMANDS = {
    "kubectl patch": "tests/real/test_argocd_install.py",
    "maxtac manifests argocd": "tests/real/test_argocd_install.py",
}


def test_the_configmap_holds_the_published_plugin_yaml() -> None:
    """It is the same whether it is copied, printed, or made by the component."""
    body = yaml.safe_load(plugin.configmap())
    assert body["kind"] == "ConfigMap"
    assert body["data"] == {"plugin.yaml": (FUNCTION / "plugin.yaml").read_text()}
    component = yaml.safe_load((FUNCTION / "kustomization.yaml").read_text())
    assert component["configMapGenerator"] == [{"name": body["metadata"]["name"], "files": ["plugin.yaml"]}]
    assert component["patches"] == [{"path": "sidecar.yaml"}]


def sidecar() -> tuple[dict[str, Any], dict[str, Any]]:
    """The container that the patch adds, and the volumes by their names."""
    spec = yaml.safe_load((FUNCTION / "sidecar.yaml").read_text())["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    return container, {volume["name"]: volume for volume in spec["volumes"]}


def test_the_sidecar_finds_its_configuration_and_its_socket() -> None:
    """At the paths that argocd-cmp-server has by default; the repo-server has two of the volumes already."""
    container, volumes = sidecar()
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    assert container["command"] == ["/var/run/argocd/argocd-cmp-server"]
    assert mounts["/var/run/argocd"] == "var-files"
    assert mounts["/home/argocd/cmp-server/plugins"] == "plugins"
    assert volumes[mounts["/home/argocd/cmp-server/config"]]["configMap"] == {"name": plugin.CONFIGMAP}
    assert volumes[mounts["/tmp"]]["emptyDir"] == {}  # noqa: S108 - where the server of the sidecar works
    assert set(mounts.values()) == {*volumes, "var-files", "plugins"}


def test_the_sidecar_has_no_rights_that_it_does_not_need() -> None:
    """It runs as the repo-server does, and cannot write but where it must."""
    security = sidecar()[0]["securityContext"]
    assert (security["runAsNonRoot"], security["runAsUser"]) == (True, 999)
    assert security["readOnlyRootFilesystem"]
    assert not security["allowPrivilegeEscalation"]
    assert security["capabilities"] == {"drop": ["ALL"]}


def test_the_files_name_this_version() -> None:
    """Who copies them gets the version that they were written for."""
    texts = [README, *(path.read_text() for path in FUNCTION.glob("*.yaml"))]
    shown = re.findall(r"(?:ref=v|maxtac-render:)(\d[\w.]*)\b", "".join(texts))
    assert shown
    assert set(shown) == {__version__}


def test_every_parameter_has_its_place_in_the_readme() -> None:
    """And no other one, and each with the form that is announced."""
    rows = re.findall(r"^\| (`[^|]+) \| (string|array|map) \|", README, re.MULTILINE)
    shown = {name: form for names, form in rows for name in re.findall(r"`(\w+)`", names)}
    announced = {one["name"]: one["collectionType"] for one in plugin.announced({})}
    assert shown == announced
    assert set(announced) == {option.name for option in PARAMETERS}


def test_the_arguments_of_helm_are_those_in_the_readme() -> None:
    """An Application may say these."""
    (row,) = re.findall(r"^\| `arguments` \| array \|(.*)\|$", README, re.MULTILINE)
    assert set(re.findall(r"`(--[\w-]+)`", row)) == {*stages.SWITCHES, *stages.VALUES, stages.FILE}


def test_parameters_that_are_shown_are_announced() -> None:
    """In the examples of the README, and in the example's Application."""
    application = yaml.safe_load((FUNCTION / "example" / "application.yaml").read_text())
    shown = [block["source"]["plugin"] for block in BLOCKS if "source" in block]
    forms = {one["name"]: one["collectionType"] for one in plugin.announced({})}
    for block in [*shown, application["spec"]["source"]["plugin"]]:
        assert block["name"] == plugin.NAME
        assert all(entry.keys() == {"name", forms[entry["name"]]} for entry in block["parameters"])


def test_commands_for_plugin_yaml_are_words(tmp_path: Path) -> None:
    """Flags that the README shows to administrators are there."""
    (flags,) = [
        block["generate"]["args"][2:] for block in BLOCKS if block.get("generate", {}).get("command") == ["maxtac"]
    ]
    done = subprocess.run(
        ["maxtac", "argocd", "generate", *flags],
        cwd=tmp_path,
        env={"PATH": path_with_maxtac(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "kustomize is not on PATH" in done.stderr


def test_the_output_is_what_the_readme_shows(tmp_path: Path) -> None:
    """Run in a copy of the example, in a repository of its own."""
    (block,) = re.findall(r"^```console\n\$ (.*)\n((?:.*\n)*?)```$", README, re.MULTILINE)
    shutil.copytree(FUNCTION / "example", tmp_path / "example")
    done = subprocess.run(
        ["bash", "-c", block[0]],
        cwd=tmp_path / "example" / "shop",
        env={"PATH": path_with_maxtac()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == block[1], done.stderr


def test_links_and_commands_of_the_readme_lead_somewhere() -> None:
    """To a file beside it, and to a test that runs the command."""
    for link in re.findall(r"\]\(((?!https:)[^)]+)\)", README):
        assert (FUNCTION / link).exists(), link
    (block,) = re.findall(r"^```sh\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    for command in block.splitlines():
        (place,) = [place for known, place in CLUSTER_COMMANDS.items() if command.startswith(known)]
        assert (PROJECT / place).exists(), place
