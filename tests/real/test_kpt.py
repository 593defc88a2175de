"""The function under kpt itself: packages in place, in pipelines and in pipes, and what it says about them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from .test_kustomize_function import docker

if TYPE_CHECKING:
    from collections.abc import Callable

FUNCTIONS = Path(__file__).parents[2] / "functions"
BIN = Path(sys.executable).parent
ODD = """\
# A licence
apiVersion: v1
kind: ConfigMap
metadata: # behind
  name: odd # a name
  namespace: shop
  # between
data: {a: "1e3", b: yes, c: 0o17, "d": 'it''s', e: "0o17"}
---
# The second one
apiVersion: v1
kind: ConfigMap
metadata:
  name: text
  namespace: shop
data:
  t: |
    # no comment
      - no item
  u: |2-
      two
  date: 2024-01-01
  hex: 0x50
"""
POLICY = "shop/db-from-web--shop-db---web-shop-ing.yaml"

Run = subprocess.CompletedProcess[str]


@pytest.fixture
def kpt(part: Callable[[str], Path], tmp_path: Path) -> Callable[..., Run]:
    """Run kpt beside a copy of the example."""
    program = part("kpt")
    shutil.copytree(FUNCTIONS / "kpt" / "example", tmp_path / "shop")
    environment = {**os.environ, "PATH": f"{tmp_path / 'docker'}:{BIN}:{os.environ['PATH']}", "HOME": str(tmp_path)}

    def run(*arguments: str, stdin: str = "") -> Run:
        command = [str(program), "fn", *arguments]
        return subprocess.run(
            command,
            cwd=tmp_path,
            env=environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run


def files(directory: Path) -> dict[str, str]:
    """The files of a package."""
    return {
        str(path.relative_to(directory)): path.read_text() for path in sorted(directory.rglob("*")) if path.is_file()
    }


EVAL = ("eval", "shop", "--exec", "maxtac-render-krm")


def test_twice_is_once(kpt: Callable[..., Run], tmp_path: Path) -> None:
    before = files(tmp_path / "shop")
    assert kpt(*EVAL).returncode == 0
    once = files(tmp_path / "shop")
    assert {name: text for name, text in once.items() if name in before} == before
    assert set(once) - set(before) == {POLICY}
    assert "config.kubernetes.io" not in once[POLICY]
    assert kpt(*EVAL).returncode == 0
    assert files(tmp_path / "shop") == once


def test_odd_files_are_left_as_kpt_itself_leaves_them(kpt: Callable[..., Run], tmp_path: Path) -> None:
    """What kpt writes after our function is what it writes after one that does nothing."""
    (tmp_path / "shop" / "odd.yaml").write_text(ODD)
    shutil.copytree(tmp_path / "shop", tmp_path / "plain")
    assert kpt(*EVAL).returncode == 0
    assert kpt("eval", "plain", "--exec", "cat").returncode == 0
    ours = files(tmp_path / "shop")
    del ours[POLICY]
    assert ours == files(tmp_path / "plain")
    for line in (
        "# A licence",
        "# behind",
        "# a name",
        "# between",
        "# The second one",
        '"1e3"',
        "0o17",
        "0x50",
        "b: yes",
    ):
        assert line in ours["odd.yaml"]


def test_a_policy_goes_with_its_service(kpt: Callable[..., Run], tmp_path: Path) -> None:
    kpt(*EVAL)
    access = (tmp_path / "shop" / "access.yaml").read_text()
    (tmp_path / "shop" / "web.yaml").write_text(
        access.replace("db-from-web", "web-from-db").replace("app: db", "app: web")
    )
    kpt(*EVAL)
    assert len(list((tmp_path / "shop" / "shop").iterdir())) == 2
    services = (tmp_path / "shop" / "services.yaml").read_text().split("---\n")
    (tmp_path / "shop" / "services.yaml").write_text(services[0])
    assert kpt(*EVAL, "--", "severity=no-service=off").returncode == 0
    assert not (tmp_path / "shop" / POLICY).exists()
    assert [path.name for path in (tmp_path / "shop" / "shop").iterdir()] == [
        "web-from-db--shop-web---web-shop-ing.yaml"
    ]


def test_a_policy_of_somebody_else_is_an_error(kpt: Callable[..., Run], tmp_path: Path) -> None:
    kpt(*EVAL)
    mine = (tmp_path / "shop" / POLICY).read_text()
    lines = [line for line in mine.splitlines(keepends=True) if "maxtac" not in line]
    (tmp_path / "shop" / "mine.yaml").write_text(
        "".join(lines).replace("  labels:\n", "").replace("  annotations:\n", "")
    )
    (tmp_path / "shop" / POLICY).unlink()
    before = files(tmp_path / "shop")
    done = kpt(*EVAL)
    assert done.returncode == 1
    assert "is rendered too, and this one is not ours; left as it is" in done.stderr
    assert files(tmp_path / "shop") == before


def test_an_error_writes_results_and_no_package(kpt: Callable[..., Run], tmp_path: Path) -> None:
    access = tmp_path / "shop" / "access.yaml"
    access.write_text(access.read_text().replace("serviceName: web", "serviceName: wbe"))
    before = files(tmp_path / "shop")
    done = kpt(*EVAL, "--results-dir", "results")
    assert done.returncode == 1
    assert files(tmp_path / "shop") == before
    results = yaml.safe_load((tmp_path / "results" / "results.yaml").read_text())
    assert results["exitCode"] == 1
    (function,) = results["items"]
    (found,) = function["results"]
    assert found["severity"] == "error"
    assert found["resourceRef"]["name"] == "db-from-web"
    assert found["field"]["path"] == "spec.targets[0]"
    assert found["file"] == {"path": "access.yaml"}
    assert found["tags"]["rule"] == "missing-target"
    assert "error[missing-target]" in function["stderr"]


@pytest.mark.parametrize("stdin", ["", "kind: List\n", "{"])
def test_what_is_no_list_is_refused_without_output(stdin: str) -> None:
    done = subprocess.run(
        [BIN / "maxtac-render-krm"], input=stdin, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.parametrize("config", ["render.yaml", "config-map", "inline"])
def test_a_pipeline_renders(kpt: Callable[..., Run], tmp_path: Path, config: str) -> None:
    kptfile = tmp_path / "shop" / "Kptfile"
    body: dict[str, Any] = yaml.safe_load(kptfile.read_text())
    mutator = body["pipeline"]["mutators"][0]
    if config == "config-map":
        shutil.copyfile(FUNCTIONS / "krm" / "configmap.yaml", tmp_path / "shop" / "config.yaml")
        mutator["configPath"] = "config.yaml"
    elif config == "inline":
        del mutator["configPath"]
        mutator["configMap"] = {"names": "short", "set": "shop"}
    kptfile.write_text(yaml.dump(body))
    done = kpt("render", "shop", "--allow-exec", "--results-dir", "results")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "shop" / POLICY).exists()
    assert ("render.maxtac.vtk.io/set: shop" in (tmp_path / "shop" / POLICY).read_text()) == (config == "inline")


def test_a_package_goes_through_a_pipe(kpt: Callable[..., Run], tmp_path: Path) -> None:
    """Without ids kpt restores no comments: those that are there are those that we gave back."""
    (tmp_path / "shop" / "odd.yaml").write_text(ODD)
    source = kpt("source", "shop").stdout
    done = subprocess.run(
        [BIN / "maxtac-render-krm"], input=source, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.startswith(source)
    assert kpt("sink", "plain", stdin=source).returncode == 0
    assert kpt("sink", "new", stdin=done.stdout).returncode == 0
    ours = files(tmp_path / "new")
    del ours[POLICY]
    assert ours == files(tmp_path / "plain")


@pytest.mark.parametrize(("layout", "paths"), [("namespace", ["shop.yaml"]), ("single", ["networkpolicies.yaml"])])
def test_policies_share_a_file(kpt: Callable[..., Run], tmp_path: Path, layout: str, paths: list[str]) -> None:
    """One that comes later goes behind the others, and one that goes leaves them."""
    access = (tmp_path / "shop" / "access.yaml").read_text()
    other = access.replace("db-from-web", "a").replace("app: db", "app: web")
    before = set(files(tmp_path / "shop"))
    (tmp_path / "shop" / "b.yaml").write_text(access.replace("db-from-web", "b"))
    command = ("eval", "shop", "--exec", f"maxtac krm --layout {layout}")
    assert kpt(*command).returncode == 0
    once = files(tmp_path / "shop")
    assert sorted(set(once) - before - {"b.yaml"}) == paths
    assert once[paths[0]].count("kind: NetworkPolicy") == 2
    (tmp_path / "shop" / "a.yaml").write_text(other)
    assert kpt(*command).returncode == 0
    assert files(tmp_path / "shop")[paths[0]].startswith(once[paths[0]])
    (tmp_path / "shop" / "a.yaml").unlink()
    assert kpt(*command).returncode == 0
    assert files(tmp_path / "shop")[paths[0]] == once[paths[0]]


@pytest.mark.parametrize(
    ("selection", "rules"),
    [
        (("--match-kind", "NetworkPolicy"), ["no-intents", "policies-without-intents"]),
        (("--match-kind", "Service"), ["no-intents"]),
        (("--match-kind", "Access"), ["missing-target", "no-policies", "no-service"]),
    ],
)
def test_a_filtered_package_removes_nothing(
    kpt: Callable[..., Run], tmp_path: Path, selection: tuple[str, str], rules: list[str]
) -> None:
    kpt(*EVAL)
    before = files(tmp_path / "shop")
    assert kpt(*EVAL, *selection, "--results-dir", "results").returncode == 1
    assert files(tmp_path / "shop") == before
    found = yaml.safe_load((tmp_path / "results" / "results.yaml").read_text())["items"][0]["results"]
    assert {result["tags"]["rule"] for result in found} <= set(rules)


def test_a_long_name_has_a_file(kpt: Callable[..., Run], tmp_path: Path) -> None:
    """kpt would call the file after the policy, and no file system takes such a name."""
    access = tmp_path / "shop" / "access.yaml"
    access.write_text(access.read_text().replace("db-from-web", "x" * 253))
    assert kpt(*EVAL).returncode == 0
    (path,) = (tmp_path / "shop" / "shop").iterdir()
    assert len(path.name) <= 255


def test_a_container_is_started_without_arguments(kpt: Callable[..., Run], tmp_path: Path) -> None:
    docker(tmp_path)
    done = kpt("eval", "shop", "--image", "example.com/maxtac-render:0.1.0")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "shop" / POLICY).exists()
    (words,) = (line.split() for line in (tmp_path / "docker.log").read_text().splitlines())
    assert (words[0], words[-1]) == ("run", "example.com/maxtac-render:0.1.0")
