"""Command lines of the programs before us: a list of words, of which an Application chooses few."""

from __future__ import annotations

import pytest

from maxtac_render.argocd.application import Application
from maxtac_render.argocd.stages import COMMANDS, allowed, environment
from maxtac_render.model.errors import EnvironmentFault

SHOP = Application("shop", "prod", "apps/shop", "1.37.1", ("v1", "apps/v1"))


def test_helm_is_told_what_argo_cd_tells_it() -> None:
    """What an Application says comes after that, so that it counts, and the chart where no option can be."""
    assert COMMANDS["helm"](SHOP, ["--include-crds=false"]) == [
        *("helm", "template", "--include-crds", "--namespace=prod", "--kube-version=1.37.1"),
        *("--api-versions=v1", "--api-versions=apps/v1", "--include-crds=false", "--", "shop", "."),
    ]


def test_what_is_not_known_is_not_said() -> None:
    """Then the program has its own defaults."""
    assert COMMANDS["helm"](Application(), []) == ["helm", "template", "--include-crds", "--", "release-name", "."]
    assert COMMANDS["kustomize"](Application(), []) == ["kustomize", "build", "."]


def test_a_file_is_named_by_its_real_path() -> None:
    """Which cannot be taken for an address."""
    assert list(allowed("helm", ["--values=a.yaml", "--set=a=b,c=d"], lambda path: f"/repo/{path}")) == [
        *("--values=/repo/a.yaml", "--set=a=b,c=d")
    ]


@pytest.mark.parametrize("path", ["a,b", 'a"b', "a\nb"])
def test_a_path_that_helm_would_take_for_several_is_refused(path: str) -> None:
    """It reads the value as a line of comma-separated ones."""
    with pytest.raises(EnvironmentFault, match="no comma"):
        list(allowed("helm", [f"--values={path}"], lambda path: path))


@pytest.mark.parametrize("program", ["helm", "kustomize", "plain"])
@pytest.mark.parametrize(
    "argument", ["--post-renderer=x", "--enable-exec", "-", "--", "x", "--Set=a=b", "--set-file=a=b", "--set"]
)
def test_anything_else_is_an_administrators(program: str, argument: str) -> None:
    """It may run a program, or read what is not the Application's."""
    with pytest.raises(EnvironmentFault, match="an administrator may"):
        list(allowed(program, [argument], lambda path: path))


@pytest.mark.parametrize(("program", "hinted"), [("helm", True), ("plain", False)])
def test_helm_alone_is_told_how_a_value_is_written(program: str, hinted: bool) -> None:
    with pytest.raises(EnvironmentFault) as fault:
        list(allowed(program, ["--set"], lambda path: path))
    assert ("write --name=value" in str(fault.value)) == hinted


def test_the_environment_is_chosen() -> None:
    """Homes, proxies and the credentials that Argo CD gives out; no relative directory of programs."""
    ours = {
        "PATH": "/usr/bin::.:bin:/bin",
        "HOME": "/home/x",
        "GIT_ASKPASS": "argocd",
        "ARGOCD_GIT_ASKPASS_NONCE": "1",
        "ARGOCD_APP_NAME": "shop",
        "ARGOCD_ENV_X": "1",
        "PARAM_SET": "a",
        "KUBECONFIG": "/x",
        "LD_PRELOAD": "/x",
    }
    assert environment(ours) == {
        "PATH": "/usr/bin:/bin",
        "HOME": "/home/x",
        "GIT_ASKPASS": "argocd",
        "ARGOCD_GIT_ASKPASS_NONCE": "1",
    }
