"""``maxtac manifests``: what is printed for the cluster, wherever it is run."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from maxtac_render import bundle
from maxtac_render.argocd import plugin
from maxtac_render.bundle.choice import Choice
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


def controller(*arguments: str) -> list[dict[str, Any]]:
    """The objects of the bundle."""
    result = CliRunner().invoke(program.program, ["manifests", "controller", *arguments], prog_name="maxtac")
    assert (result.exit_code, result.stderr) == (0, "")
    return list(yaml.safe_load_all(result.stdout))


def kinds(objects: list[dict[str, Any]]) -> list[str]:
    """The kinds of objects, each once, in order."""
    return list(dict.fromkeys(body["kind"] for body in objects))


def test_the_bundle_of_the_controller_is_whole(tmp_path: Path) -> None:
    """In an order in which it can be applied; what is optional comes when it is asked for."""
    command = [sys.executable, "-m", "maxtac_render", "manifests", "controller"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, timeout=60)
    objects = list(yaml.safe_load_all(done.stdout))
    assert objects == bundle.objects(Choice())
    assert done.stderr == b""
    plain = kinds(objects)
    assert plain[:3] == ["Namespace", "CustomResourceDefinition", "ServiceAccount"]
    assert plain[-4:] == ["Service", "Deployment", "PodDisruptionBudget", "NetworkPolicy"]
    more = controller("--service-monitor", "--admission-policy")
    optional = ["ServiceMonitor", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"]
    assert kinds(more) == [*plain, *optional]


def test_the_pods_start_a_program_that_the_image_has() -> None:
    """The image itself starts as a KRM function."""
    (deployment,) = (body for body in controller() if body["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    scripts = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]["scripts"]
    assert container["command"] == ["maxtac"]
    assert scripts["maxtac"] == "maxtac_render.cli:main"


def test_what_is_chosen_stands_where_it_must() -> None:
    """Everywhere, so that two bundles in one cluster do not get into each other's way."""
    objects = controller(
        "-n", "team-net", "--set", "prod", "--replicas=3", "--image=r.example/m@sha256:ab", "--", "--shadow"
    )
    by_kind = {body["kind"]: body for body in objects}
    spec = by_kind["Deployment"]["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    assert (spec["replicas"], container["image"]) == (3, "r.example/m@sha256:ab")
    assert container["args"][:2] == ["watch", "--set=prod"]
    assert container["args"][-1] == "--shadow"
    places = {body["metadata"].get("namespace", "team-net") for body in objects}
    assert places == {"team-net"} == {by_kind["Namespace"]["metadata"]["name"]}
    for kind in ("RoleBinding", "ClusterRoleBinding"):
        assert [subject["namespace"] for subject in by_kind[kind]["subjects"]] == ["team-net"]
    assert by_kind["ClusterRoleBinding"]["roleRef"]["name"] == by_kind["ClusterRole"]["metadata"]["name"]
    here, there = (
        {(body["kind"], body["metadata"]["name"]) for body in made if body["kind"] != "CustomResourceDefinition"}
        for made in (controller("--admission-policy"), controller("-n", "b", "--admission-policy"))
    )
    (role,) = (body for body in objects if body["kind"] == "Role")
    assert role["rules"][0]["resourceNames"] == ["maxtac-render-prod"]
    cluster_wide = {"Namespace", "ClusterRole", "ClusterRoleBinding", "ValidatingAdmissionPolicy"}
    assert not {each for each in here & there if each[0] in cluster_wide}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--set", "a b"],
        ["--set", ""],
        ["--namespace", "A"],
        ["--namespace", "default"],
        ["--namespace", "kube-system"],
        ["--replicas", "0"],
        ["--image", ""],
        ["--image", "a b"],
        ["--image", "a\nb"],
        ["more"],
        ["--", "--bogus"],
        ["--", "--set=other"],
        ["--", "--no-leader-election"],
        ["--", "--metrics-address=0"],
        ["--", "--expired=never"],
    ],
)
def test_what_cannot_be_is_wrong_usage(arguments: list[str]) -> None:
    """Nothing is printed that the API server would refuse, or that would not start."""
    result = CliRunner().invoke(program.program, ["manifests", "controller", *arguments], prog_name="maxtac")
    assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.parametrize("arguments", [[], ["crd"], ["crds", "more"]])
def test_anything_else_is_wrong_usage(arguments: list[str]) -> None:
    """What cannot be printed is named, and the exit code says that nothing was."""
    result = CliRunner().invoke(program.program, ["manifests", *arguments], prog_name="maxtac")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "manifests" in result.stderr
