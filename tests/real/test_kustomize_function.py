"""The function under kustomize itself: what it sees, what becomes of what it makes, and when it does not run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FUNCTIONS = Path(__file__).parents[2] / "functions"
BIN = Path(sys.executable).parent
EXEC = (FUNCTIONS / "krm" / "exec.yaml").read_text()
CONTAINER = (FUNCTIONS / "krm" / "container.yaml").read_text()
FLAGS = ("--enable-alpha-plugins", "--enable-exec")
BASE = """\
apiVersion: v1
kind: Service
metadata: {name: web, namespace: inner, labels: {app: web}}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: inner}
spec: {selector: {app: db}, ports: [{port: 5432}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: inner}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: web
        envFrom: [{configMapRef: {name: cfg}}]
"""
ACCESS = """\
apiVersion: maxtac.vtk.io/v1alpha1
kind: Access
metadata:
  name: web-in
  namespace: inner
  annotations: {config.kubernetes.io/local-config: "true"}
spec:
  serviceSelector: {matchLabels: {app: web}}
  targets: [{serviceName: db, namespace: inner}]
  direction: ingress
"""

Build = subprocess.CompletedProcess[str]


@pytest.fixture
def build(part: Callable[[str], Path], tmp_path: Path) -> Callable[..., Build]:
    """Write kustomizations, and build the last one."""
    kustomize = part("kustomize")

    def run(files: Mapping[str, str], *flags: str, path: str = "") -> Build:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        directory = [name for name in files if name.endswith("/kustomization.yaml")][-1].rpartition("/")[0]
        environment = {**os.environ, "PATH": f"{path}:{BIN}:{os.environ['PATH']}"}
        command = [kustomize, "build", *(flags or FLAGS), tmp_path / directory]
        return subprocess.run(
            command, cwd="/", env=environment, capture_output=True, text=True, check=False, timeout=120
        )

    return run


def base(**more: Any) -> dict[str, str]:
    """A base with an intent and a ConfigMap whose name kustomize makes."""
    generator = [{"name": "cfg", "namespace": "inner", "literals": ["a=b"]}]
    files = {"base/all.yaml": BASE, "base/access.yaml": ACCESS}
    return files | kustomization("base", resources=["all.yaml", "access.yaml"], configMapGenerator=generator, **more)


def kustomization(directory: str, **fields: Any) -> dict[str, str]:
    """A kustomization, with the function's configuration beside it."""
    config = fields.pop("config", EXEC)
    kind = {"kind": fields.pop("kind", "Kustomization")}
    version = "v1alpha1" if kind["kind"] == "Component" else "v1beta1"
    text = yaml.dump({"apiVersion": f"kustomize.config.k8s.io/{version}", **kind, **fields})
    return {f"{directory}/render.yaml": config, f"{directory}/kustomization.yaml": text}


RENDERS = {"transformers": ["render.yaml"]}


def objects(done: Build) -> list[Any]:
    """What a build printed."""
    assert done.returncode == 0, done.stderr
    return [body for body in yaml.safe_load_all(done.stdout) if body]


def policies(done: Build) -> list[Any]:
    """The policies in it."""
    return [body for body in objects(done) if body["kind"] == "NetworkPolicy"]


def peers(policy: Any) -> list[tuple[str, str]]:
    """The namespaces and pods that a policy names."""
    return [
        (
            peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"],
            peer["podSelector"]["matchLabels"]["app"],
        )
        for rule in policy["spec"]["ingress"]
        for peer in rule["from"]
    ]


def test_policies_are_made_of_what_the_intents_say(build: Callable[..., Build]) -> None:
    done = build(base(**RENDERS))
    (policy,) = policies(done)
    assert policy["metadata"]["name"] == "web-in--inner-web---db-inner-ing"
    assert peers(policy) == [("inner", "db")]
    assert not any("config" in key for key in policy["metadata"]["annotations"])
    assert {body["kind"] for body in objects(done)} == {"ConfigMap", "Deployment", "NetworkPolicy", "Service"}


@pytest.mark.parametrize("in_base", [False, True])
def test_the_outermost_kustomization_renders_final_names(build: Callable[..., Build], in_base: bool) -> None:
    """Targets are found under names of before; what the base rendered is replaced."""
    inner = base(namePrefix="b-", **(RENDERS if in_base else {}))
    outer = kustomization("over", resources=["../base"], namespace="outer", namePrefix="o-", **RENDERS)
    (policy,) = policies(build({**inner, **outer}))
    assert policy["metadata"]["namespace"] == "outer"
    assert policy["metadata"]["name"] == "o-b-web-in--outer-o-b-web---o-b-db-outer-ing"
    assert peers(policy) == [("outer", "db")]


def test_names_that_kustomize_makes_stay_right(build: Callable[..., Build]) -> None:
    """The function gives back what kustomize noted, so that references to others still follow their names."""
    inner = base(**RENDERS)
    outer = kustomization("over", resources=["../base"], namePrefix="o-", **RENDERS)
    found = {body["kind"]: body for body in objects(build({**inner, **outer}))}
    name = found["ConfigMap"]["metadata"]["name"]
    assert name.startswith("o-cfg-")
    (container,) = found["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert container["envFrom"] == [{"configMapRef": {"name": name}}]


def test_a_base_that_is_used_twice_keeps_to_itself(build: Callable[..., Build]) -> None:
    files = base()
    for name in ("one", "two"):
        files |= kustomization(name, resources=["../base"], namePrefix=f"{name}-")
    files |= kustomization("all", resources=["../one", "../two"], **RENDERS)
    notes = [policy["metadata"]["annotations"] for policy in policies(build(files))]
    assert {(each["render.maxtac.vtk.io/source"], each["render.maxtac.vtk.io/peer"]) for each in notes} == {
        ("Access/inner/one-web-in", "inner/one-db"),
        ("Access/inner/two-web-in", "inner/two-db"),
    }


def test_what_an_outer_kustomization_does_is_reported(build: Callable[..., Build]) -> None:
    """The namespace moves, the peers do not; whoever looks at it hears of it."""
    outer = kustomization("over", resources=["../base"], namespace="outer")
    done = build({**base(**RENDERS), **outer})
    (policy,) = policies(done)
    assert (policy["metadata"]["namespace"], peers(policy)) == ("outer", [("inner", "db")])
    assert "warning[moved-policy]" in check(done.stdout)


def pods(policy: Any) -> list[dict[str, str]]:
    """The labels by which a policy selects its pods, and those of its peers."""
    rules = policy["spec"]["ingress"]
    peer_labels = [peer["podSelector"]["matchLabels"] for rule in rules for peer in rule["from"]]
    return [policy["spec"]["podSelector"]["matchLabels"], *peer_labels]


def test_labels_in_selectors_are_those_of_the_same_kustomization(build: Callable[..., Build]) -> None:
    """What it puts into the selectors of Services is in the policies; what an outer one does, it does to policies."""
    labels = {"labels": [{"pairs": {"team": "a"}, "includeSelectors": True}]}
    (policy,) = policies(build(base(**labels, **RENDERS)))
    assert pods(policy) == [{"app": "web", "team": "a"}, {"app": "db", "team": "a"}]
    outer = kustomization("over", resources=["../base"], **labels)
    (policy,) = policies(build({**base(**RENDERS), **outer}))
    assert pods(policy) == [{"app": "web", "team": "a"}, {"app": "db", "team": "a"}]


def test_it_is_no_validator(build: Callable[..., Build]) -> None:
    """kustomize refuses whatever a validator gives back, even what it got."""
    assert "validator shouldn't modify" in build(base(validators=["render.yaml"])).stderr


def test_arguments_are_options(build: Callable[..., Build]) -> None:
    config = EXEC.replace("path: maxtac-render-krm", "path: maxtac\n        args: [krm, --set, shop]")
    (policy,) = policies(build(base(**RENDERS, config=config)))
    assert policy["metadata"]["labels"]["render.maxtac.vtk.io/set"] == "shop"


def test_policies_may_share_a_file_and_keep_what_kustomize_notes(build: Callable[..., Build]) -> None:
    """It refuses two objects in one place, and says on objects where they come from if it is told to."""
    config = f"{EXEC}spec:\n  layout: single\n  baseline: [dns]\n"
    noted = {"buildMetadata": ["originAnnotations"], "config": config, **RENDERS}
    files = base(**noted) | kustomization("over", resources=["../base"], namePrefix="o-", **noted)
    done = build({**files, "base/access.yaml": ACCESS.replace("direction: ingress", "direction: egress")})
    assert len(policies(done)) == 2
    assert all("config.kubernetes.io/origin" in policy["metadata"]["annotations"] for policy in policies(done))


def test_a_component_is_no_place_to_render(build: Callable[..., Build]) -> None:
    component = kustomization("part", kind="Component", **RENDERS)
    outer = kustomization("over", resources=["../base"], components=["../part"], namespace="outer")
    done = build({**base(), **component, **outer})
    assert peers(policies(done)[0]) == [("inner", "db")]
    assert "warning[moved-policy]" in check(done.stdout)


def check(manifests: str) -> str:
    """What ``maxtac check`` says about manifests."""
    done = subprocess.run(
        [BIN / "maxtac", "check", "-"], input=manifests, capture_output=True, text=True, check=False, timeout=60
    )
    return done.stdout


@pytest.mark.parametrize("flags", [("--enable-alpha-plugins",), FLAGS])
def test_it_runs_only_with_both_flags(build: Callable[..., Build], flags: tuple[str, ...]) -> None:
    """The trap: with one of them kustomize passes over it, and ends with 0."""
    assert len(policies(build(base(**RENDERS), *flags))) == (len(flags) - 1)


def test_the_guard_fails_where_it_does_not_run(
    build: Callable[..., Build], part: Callable[[str], Path], tmp_path: Path
) -> None:
    build(base(**RENDERS))
    script = FUNCTIONS / "kustomize" / "build"
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "kustomize").symlink_to(part("kustomize"))
    environment = {**os.environ, "PATH": f"{programs}:{BIN}:{os.environ['PATH']}"}
    for text, code in ((script.read_text(), 0), (script.read_text().replace("--enable-exec", ""), 1)):
        (tmp_path / "build").write_text(text)
        done = subprocess.run(
            ["sh", tmp_path / "build", "base"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert (done.returncode, "NetworkPolicy" in done.stdout) == (code, code == 0), done.stderr


def test_an_error_fails_the_build(build: Callable[..., Build]) -> None:
    done = build({**base(**RENDERS), "base/access.yaml": ACCESS.replace("serviceName: db", "serviceName: dbb")})
    assert (done.returncode, done.stdout) == (1, "")
    assert "error[missing-target]: target inner/dbb not found; rule left out" in done.stderr


def test_a_warning_is_told_and_fails_nothing(build: Callable[..., Build]) -> None:
    config = f"{EXEC}spec:\n  severity:\n    missing-target: warning\n"
    files = {
        **base(**RENDERS, config=config),
        "base/access.yaml": ACCESS.replace("serviceName: db", "serviceName: dbb"),
    }
    done = build(files)
    assert len(policies(done)) == 1
    assert "warning[missing-target]" in done.stderr


def test_a_mistake_in_the_options_fails_the_build(build: Callable[..., Build]) -> None:
    done = build(base(**RENDERS, config=f"{EXEC}spec:\n  names: shrt\n"))
    assert done.returncode == 1
    assert 'spec.names must be plain or short, not "shrt"' in done.stderr


def test_two_angles_are_a_text(build: Callable[..., Build]) -> None:
    """kustomize hands that one over with the tag of a merge."""
    done = build(base(**RENDERS, config=f'{EXEC}spec:\n  exclude: ["<<"]\n'))
    assert len(policies(done)) == 1


def test_a_generator_renders_the_sources_that_it_names(build: Callable[..., Build]) -> None:
    config = f"{EXEC}spec:\n  sources: [../base]\n"
    done = build({**base(), **kustomization("over", generators=["render.yaml"], config=config)})
    assert [peers(policy) for policy in objects(done)] == [[("inner", "db")]]


def test_a_container_is_started_without_arguments(build: Callable[..., Build], tmp_path: Path) -> None:
    """As docker would run it: the image's entry point alone, without network, as nobody."""
    docker(tmp_path)
    done = build(base(**RENDERS, config=CONTAINER), "--enable-alpha-plugins", path=str(tmp_path / "docker"))
    assert len(policies(done)) == 1
    (words,) = (line.split() for line in (tmp_path / "docker.log").read_text().splitlines())
    assert words[:2] == ["run", "--rm"]
    assert words[-1] == "<registry>/maxtac-render:0.1.0"
    assert words[words.index("--network") + 1 : words.index("--network") + 2] == ["none"]
    assert words[words.index("--user") + 1] == "nobody"


def docker(directory: Path) -> None:
    """A docker that runs every image as the image of this project starts."""
    (directory / "docker").mkdir()
    script = directory / "docker" / "docker"
    script.write_text(
        f'#!/bin/sh\ncase $1 in version) echo 27.0.0; exit ;; esac\necho "$@" >> {directory}/docker.log\n'
        f"exec env -i {BIN}/maxtac-render-krm\n"
    )
    script.chmod(0o755)
