"""What holds for the plugin under any Argo CD, real or re-enacted; each who has one imports these tests.

The fixture ``argocd`` makes an Argo CD whose plugin.yaml has further flags, and whose sidecar has further programs.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from argocd_sidecar import FUNCTION, PROJECT, ArgoCD, Body, Failed, Request

Maker = Callable[..., ArgoCD]

CONFIGURATION = "apiVersion: render.maxtac.vtk.io/v1alpha1\nkind: Render\n"
SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: web, labels: {app: web}}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""
ACCESS = """\
apiVersion: maxtac.vtk.io/v1alpha1
kind: Access
metadata: {name: web-in}
spec:
  serviceSelector: {matchLabels: {app: web}}
  targets: [{serviceName: web, namespace: team}]
  direction: ingress
"""
POLICY = "web-in--team-web---web-team-ing"


def repository(home: Path, files: dict[str, str]) -> Path:
    """A repository with files, by their paths."""
    place = home / "repository"
    for name, text in {"maxtac.yaml": CONFIGURATION, "web.yaml": SERVICE, "access.yaml": ACCESS, **files}.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return place


def program(home: Path, name: str, script: str) -> Path:
    """A directory with a program of that name."""
    directory = home / "programs"
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return directory


def identities(bodies: list[Body]) -> list[str]:
    """Kind and name of objects, in their order."""
    return [f"{body['kind']}/{body['metadata']['name']}" for body in bodies]


def policies(bodies: list[Body]) -> list[Body]:
    """The NetworkPolicies."""
    return [body for body in bodies if body["kind"] == "NetworkPolicy"]


def failure(argocd: ArgoCD, request: Request) -> str:
    """What the Application's condition says."""
    with pytest.raises(Failed) as caught:
        argocd.manifests(request)
    return str(caught.value)


def test_the_example_gets_its_workloads_and_their_policies(argocd: Maker, tmp_path: Path) -> None:
    """And no resource of MaxTac's, because its configuration says so."""
    source = yaml.safe_load((FUNCTION / "example" / "application.yaml").read_text())["spec"]["source"]
    forms = ("string", "array", "map")
    given = {
        entry["name"]: next(entry[form] for form in forms if form in entry) for entry in source["plugin"]["parameters"]
    }
    shutil.copytree(FUNCTION / "example", tmp_path / "all" / "functions" / "argocd" / "example")
    found = argocd().manifests(Request(tmp_path / "all", source["path"], parameters=given, namespace="shop"))
    assert identities(found) == [
        "Service/db",
        "Service/web",
        "Deployment/web",
        "NetworkPolicy/web-reads--shop-db---web-shop-ing",
    ]


def test_manifests_are_handed_on_and_policies_added(argocd: Maker, tmp_path: Path) -> None:
    """All that lies in the directory is the Application's, but what is for tools only and what is no object."""
    files = {
        "deploy/app.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n---\n# nothing\n",
        "deploy/tool.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: tool\n"
        "  annotations: {config.kubernetes.io/local-config: 'true'}\n",
        "values.yaml": "replicas: 3\n",
        "more.json": '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "more"}}',
    }
    found = argocd().manifests(Request(repository(tmp_path, files)))
    assert identities(found) == [
        "Access/web-in",
        "Deployment/web",
        "ConfigMap/more",
        "Service/web",
        f"NetworkPolicy/{POLICY}",
    ]


@pytest.mark.parametrize(
    ("parameters", "kinds"),
    [
        ({"manifests": "drop"}, ["NetworkPolicy"]),
        ({"intents": "drop"}, ["Service", "NetworkPolicy"]),
        ({}, ["Access", "Service", "NetworkPolicy"]),
        (None, ["Access", "Service", "NetworkPolicy"]),
    ],
)
def test_an_application_chooses_what_is_handed_on(
    argocd: Maker, tmp_path: Path, parameters: dict[str, Any] | None, kinds: list[str]
) -> None:
    """Without a word it is everything: what is not handed on is pruned."""
    found = argocd().manifests(Request(repository(tmp_path, {}), parameters=parameters))
    assert [body["kind"] for body in found] == kinds


def test_every_policy_is_pruned_last_and_only_argo_cd_tracks_it(argocd: Maker, tmp_path: Path) -> None:
    """Neither the keys by which Argo CD knows its own, nor anything that a resource carries, gets onto a policy."""
    mine = "argocd.argoproj.io/tracking-id: other, argocd.argoproj.io/sync-options: Prune=false, note: x"
    hostile = ACCESS.replace(
        "{name: web-in}",
        f"{{name: web-in, labels: {{app.kubernetes.io/instance: other, team: x}}, annotations: {{{mine}}}}}",
    )
    files = {"access.yaml": hostile, "maxtac.yaml": CONFIGURATION + "spec: {baseline: [dns]}\n"}
    found = policies(argocd().manifests(Request(repository(tmp_path, files))))
    for policy in found:
        metadata = policy["metadata"]
        identity = f"shop:networking.k8s.io/NetworkPolicy:{metadata['namespace']}/{metadata['name']}"
        assert metadata["annotations"].pop("argocd.argoproj.io/tracking-id") == identity
        assert metadata["annotations"].pop("argocd.argoproj.io/sync-options") == "PruneLast=true"
        assert all(key.startswith("render.maxtac.vtk.io/") for key in metadata["annotations"])
        assert all(key.startswith(("app.kubernetes.io/managed-by", "maxtac.vtk.io")) for key in metadata["labels"])
        assert metadata["labels"]["app.kubernetes.io/managed-by"] == "maxtac-render"


def test_the_namespace_is_that_of_the_destination(argocd: Maker, tmp_path: Path) -> None:
    """Also where maxtac.yaml, which other tools read too, has another one; a parameter is meant for here."""
    place = repository(tmp_path, {"maxtac.yaml": CONFIGURATION + "spec: {namespace: other, set: x}\n"})
    destinations = {}
    for parameters in ({}, {"namespace": "chosen"}):
        quiet = {**parameters, "severity": {"missing-target": "warning"}}
        (policy,) = policies(argocd().manifests(Request(place, namespace="prod", parameters=quiet)))
        destinations[policy["metadata"]["namespace"]] = policy["metadata"]["labels"]["render.maxtac.vtk.io/set"]
    assert destinations == {"prod": "x", "chosen": "x"}


def test_defaults_are_those_that_are_announced(argocd: Maker, tmp_path: Path) -> None:
    """Announced defaults are not sent: an Application that says them all gets the same as one that says nothing."""
    request = Request(repository(tmp_path, {"maxtac.yaml": CONFIGURATION + "spec: {names: short, baseline: [dns]}\n"}))
    announced = argocd().parameters(request)
    values = {one["name"]: one[one["collectionType"]] for one in announced if one["collectionType"] in one}
    assert values["names"] == "short"
    assert values["baseline"] == ["dns"]
    said = argocd().manifests(request._replace(parameters=values))
    assert said == argocd().manifests(request._replace(parameters={}))


def test_parameters_win_over_the_configuration(argocd: Maker, tmp_path: Path) -> None:
    """One that was cleared in the user interface is an empty string, and none."""
    place = repository(tmp_path, {"maxtac.yaml": CONFIGURATION + "spec: {set: one, severity: {no-intents: off}}\n"})
    parameters = {"set": "two", "compat": "", "severity": {"missing-target": "warning"}, "exclude": ["none/"]}
    (policy,) = policies(argocd().manifests(Request(place, parameters=parameters)))
    assert policy["metadata"]["labels"]["render.maxtac.vtk.io/set"] == "two"


def test_flags_in_plugin_yaml_win_over_parameters(argocd: Maker, tmp_path: Path) -> None:
    """What an administrator says cannot be lifted by whoever may edit an Application."""
    (policy,) = policies(argocd("--set=admin").manifests(Request(repository(tmp_path, {}), parameters={"set": "mine"})))
    assert policy["metadata"]["labels"]["render.maxtac.vtk.io/set"] == "admin"


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"basline": ["dns"]}, "unknown field basline; ignored (did you mean baseline?)"),
        ({"baseline": ["dsn"]}, 'spec.baseline[0] must be dns, not "dsn"'),
        ({"baseline": "dns"}, "spec.baseline must be a list"),
        ({"names": ["short"]}, "spec.names must be a string"),
        ({"input": "jsonnet"}, 'spec.input must be plain, kustomize or helm, not "jsonnet"'),
        ({"severity": {"missing-target": "loud"}}, 'not "loud"'),
        ({"sources": ["/"]}, "unknown field sources"),
    ],
)
def test_a_wrong_parameter_renders_nothing(
    argocd: Maker, tmp_path: Path, parameters: dict[str, Any], words: str
) -> None:
    """The Application's condition says which, and what it may be."""
    assert words in failure(argocd(), Request(repository(tmp_path, {}), parameters=parameters))


@pytest.mark.parametrize(
    "parameters",
    [
        {"x" * 50_000: "1"},
        {"set": "x" * 50_000},
        {"exclude": ["[z-a]" + "x" * 50_000]},
        {"input": "helm", "arguments": ["--x" * 20_000]},
        {"input": "helm", "arguments": ["--values=" + "x/" * 20_000]},
        {"severity": {"x" * 50_000: "error"}},
    ],
    ids=["name", "value", "glob", "argument", "path", "finding"],
)
def test_a_long_parameter_is_not_told_at_length(argocd: Maker, tmp_path: Path, parameters: dict[str, Any]) -> None:
    """What an Application says comes back to those who look at it."""
    assert len(failure(argocd(), Request(repository(tmp_path, {}), parameters=parameters))) < 6_000


def test_nothing_to_render_is_a_failure(argocd: Maker, tmp_path: Path) -> None:
    """What is printed with success is all there is to be: an empty answer would have everything pruned."""
    place = repository(tmp_path, {"access.yaml": ""})
    for parameters in ({}, {"manifests": "drop"}, {"exclude": ["*"]}):
        assert "no MaxTac resource in the input" in failure(argocd(), Request(place, parameters=parameters))
    allowed = {"severity": {"no-intents": "warning"}}
    assert identities(argocd().manifests(Request(place, parameters=allowed))) == ["Service/web"]


def test_findings_are_told_in_few_lines_and_show_no_source(argocd: Maker, tmp_path: Path) -> None:
    """Argo CD keeps the message, and shows it to whoever may see the Application."""
    access = ACCESS.replace("direction: ingress", "direction: ingress # hunter2\n  token: hunter2 " + "x" * 9000)
    many = "---\n".join(access.replace("name: web-in", f"name: web-in-{number}") for number in range(500))
    told = failure(argocd(), Request(repository(tmp_path, {"access.yaml": many})))
    assert "access.yaml:8:3: error[unknown-field]: unknown field token; ignored" in told
    assert "480 more; 500 errors; nothing rendered" in told
    assert "hunter2" not in told
    assert len(told) < 10_000


def test_what_cannot_be_read_is_a_failure(argocd: Maker, tmp_path: Path) -> None:
    """Elsewhere a broken file without a word of MaxTac's is passed over; here its Services' policies would go."""
    place = repository(tmp_path, {"other.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: [\n"})
    assert "other.yaml:" in failure(argocd(), Request(place))


@pytest.mark.parametrize("source", ["../../../elsewhere", "/etc", "../../.."])
def test_sources_lie_in_the_repository(argocd: Maker, tmp_path: Path, source: str) -> None:
    """In a sidecar the repositories of others lie beside it."""
    files = {
        f"apps/shop/{name}": text
        for name, text in {"maxtac.yaml": f"{CONFIGURATION}spec: {{sources: ['{source}']}}\n", "a.yaml": ACCESS}.items()
    }
    told = failure(argocd(), Request(repository(tmp_path, files), "apps/shop"))
    assert "leads out of the repository" in told


def test_sources_beside_the_application_are_read(argocd: Maker, tmp_path: Path) -> None:
    """What several Applications share may lie above them."""
    said = "spec: {sources: [., ../../shared], manifests: drop}\n".replace(", manifests: drop", "")
    files = {"apps/shop/maxtac.yaml": CONFIGURATION + said, "apps/shop/access.yaml": ACCESS, "shared/web.yaml": SERVICE}
    found = argocd().manifests(Request(repository(tmp_path, files), "apps/shop", parameters={"manifests": "drop"}))
    assert identities(found) == [f"NetworkPolicy/{POLICY}"]


def test_a_link_that_leads_out_gets_nowhere(argocd: Maker, tmp_path: Path) -> None:
    """Argo CD does not take it, or bends it to what is not there; if it let one pass, the plugin would refuse it."""
    place = repository(tmp_path, {})
    (place / "absolute.yaml").symlink_to("/etc/passwd")
    told = failure(argocd(), Request(place))
    assert "error[skipped-link]: symbolic link leads nowhere" in told, told
    (place / "absolute.yaml").unlink()
    (place / "relative.yaml").symlink_to("../outside.yaml")
    assert "illegal filepath in symlink" in failure(argocd(), Request(place))


def test_a_directory_without_maxtac_yaml_is_not_the_plugins(argocd: Maker, tmp_path: Path) -> None:
    """Other Applications of the same Argo CD stay as they are."""
    place = repository(tmp_path, {"apps/other/web.yaml": SERVICE})
    assert "could not find" in failure(argocd(), Request(place, "apps/other"))


@pytest.mark.parametrize(
    ("name", "program"), [("kustomization.yaml", "kustomize"), ("Kustomization", "kustomize"), ("Chart.yaml", "helm")]
)
def test_what_is_for_another_program_is_not_taken_as_it_is(
    argocd: Maker, tmp_path: Path, name: str, program: str
) -> None:
    """Unless somebody says so: what is applied would not be what is meant."""
    request = Request(repository(tmp_path, {name: "resources: [web.yaml]\n"}))
    assert f"{name} lies in the directory of the Application; say input: {program}" in failure(argocd(), request)
    found = argocd().manifests(request._replace(parameters={"input": "plain"}))
    assert f"NetworkPolicy/{POLICY}" in identities(found)


def test_kustomize_builds_the_directory(argocd: Maker, tmp_path: Path) -> None:
    """The directory and not the application's words is what it is told, and it knows nothing of the environment."""
    seen = tmp_path / "seen"
    script = f'printf "%s\\n" "$@" > {seen}; env >> {seen}; cat web.yaml; echo ---; cat access.yaml'
    programs = program(tmp_path, "kustomize", script)
    place = repository(tmp_path, {})
    found = argocd(programs=programs).manifests(Request(place, parameters={"input": "kustomize"}))
    assert identities(found) == ["Service/web", "Access/web-in", f"NetworkPolicy/{POLICY}"]
    arguments, known = seen.read_text().splitlines()[:2], seen.read_text().splitlines()[2:]
    assert arguments == ["build", "."]
    assert not [line for line in known if line.startswith(("ARGOCD_APP", "PARAM_", "KUBE"))]


def test_helm_gets_what_argo_cd_would_tell_it(argocd: Maker, tmp_path: Path) -> None:
    """Release, namespace, versions and CRDs, and the arguments that the Application says, each as one word."""
    seen = tmp_path / "seen"
    programs = program(
        tmp_path, "helm", f'printf "%s\\n" "$@" > {seen}; cat web.yaml access.yaml | sed "s/^apiV/---\\n&/"'
    )
    place = repository(tmp_path, {"prod/values.yaml": "a: 1\n"})
    said = ["--set=a.b=$(touch pwned); `touch pwned`", "--values=prod/values.yaml", "--skip-tests"]
    parameters = {"input": "helm", "arguments": said}
    argocd(programs=programs).manifests(Request(place, parameters=parameters, app="team_shop"))
    head, *words, values, tests, end, release, chart = seen.read_text().splitlines()
    assert [head, *words[:2]] == ["template", "--include-crds", "--namespace=team"]
    assert "--kube-version=1.37.1" in words
    assert said[0] in words
    assert Path(values.removeprefix("--values=")).parts[-3:] == (place.name, "prod", "values.yaml") or values.endswith(
        "prod/values.yaml"
    )
    assert [tests, end, release, chart] == ["--skip-tests", "--", "shop", "."]


HELM_REFUSED = [
    "--post-renderer=./x",
    "--post-renderer",
    "--kubeconfig=/etc/passwd",
    "--set-file=a=/etc/passwd",
    "--repo=https://evil.example",
    "--values=/etc/passwd",
    "--values=../../../../../../../etc/passwd",
    "--values=https://evil.example/values.yaml",
    "--values=a.yaml,/etc/passwd",
    "--values",
    "-f",
    "--",
    "other-chart",
    "",
]


@pytest.mark.parametrize("argument", HELM_REFUSED)
def test_an_application_cannot_reach_beyond_its_repository_by_an_argument(
    argocd: Maker, tmp_path: Path, argument: str
) -> None:
    """Nor run a program of its own."""
    ran = tmp_path / "ran"
    programs = program(tmp_path, "helm", f"touch {ran}")
    parameters = {"input": "helm", "arguments": [argument]}
    failure(argocd(programs=programs), Request(repository(tmp_path, {}), parameters=parameters))
    assert not ran.exists()


@pytest.mark.parametrize("name", ["kustomize", "plain"])
def test_only_helm_takes_arguments_of_an_application(argocd: Maker, tmp_path: Path, name: str) -> None:
    """kustomize has none that would be harmless, and the files themselves need none."""
    parameters = {"input": name, "arguments": ["--enable-exec"]}
    told = failure(argocd(programs=tmp_path), Request(repository(tmp_path, {}), parameters=parameters))
    assert "--enable-exec" in told


def test_an_administrator_may_say_every_argument(argocd: Maker, tmp_path: Path) -> None:
    """It stands in plugin.yaml, and takes the place of what an Application says."""
    seen = tmp_path / "seen"
    programs = program(tmp_path, "kustomize", f'printf "%s\\n" "$@" > {seen}; cat web.yaml; echo ---; cat access.yaml')
    maker = argocd("--input=kustomize", "--arguments=--enable-helm", programs=programs)
    maker.manifests(Request(repository(tmp_path, {}), parameters={"input": "plain", "arguments": ["--enable-exec"]}))
    assert seen.read_text().splitlines() == ["build", ".", "--enable-helm"]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'Error: no such chart' >&2; exit 3", "kustomize failed with exit code 3: Error: no such chart"),
        ("kill -9 $$", "kustomize was ended by signal 9"),
        ("sleep 60", "kustomize took longer than 1 s, and was ended"),
        ("sleep 60 & echo '{}'", "kustomize took longer than 1 s, and was ended"),
        ("head -c 20000000 /dev/zero | tr '\\0' x >&2; exit 1", "kustomize failed with exit code 1: ...xxx"),
        ("printf '\\033[2J\\n' >&2; exit 1", "\\x1b[2J"),
        ("cat access.yaml; echo half >&2; exit 1", "half"),
        (":", "no MaxTac resource in the input"),
    ],
)
def test_a_program_that_fails_renders_nothing(argocd: Maker, tmp_path: Path, script: str, words: str) -> None:
    """What it printed before is not taken, and what it complained of is cut."""
    maker = argocd("--timeout=1s", programs=program(tmp_path, "kustomize", script))
    began = time.monotonic()
    told = failure(maker, Request(repository(tmp_path, {}), parameters={"input": "kustomize"}))
    assert words in told
    assert len(told) < 2_000
    assert time.monotonic() - began < 60


def test_a_program_that_is_missing_is_named(argocd: Maker, tmp_path: Path) -> None:
    """The image of the sidecar has to have it."""
    told = failure(argocd(), Request(repository(tmp_path, {}), parameters={"input": "helm"}))
    assert "helm" in told


def test_at_the_deadline_nothing_is_left(argocd: Maker, tmp_path: Path) -> None:
    """Argo CD kills the plugin without a word, and then the programs that it started.

    Which of them its message tells, the signals or the deadline, is a race within Argo CD.
    """
    mark = f"sleep 61.{time.time_ns() % 10**9}"
    maker = argocd(programs=program(tmp_path, "kustomize", f"{mark} & exec {mark}"))
    request = Request(repository(tmp_path, {}), parameters={"input": "kustomize"}, seconds=4.0)
    told = failure(maker, request)
    assert any(word in told for word in ("terminated", "killed", "DeadlineExceeded")), told
    for _ in range(100):
        if mark not in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout:
            return
        time.sleep(0.2)
    pytest.fail("a program outlived its Application's request")


def test_an_administrators_own_command_is_read_from_standard_input(argocd: Maker, tmp_path: Path) -> None:
    """No shell of ours: who wants one writes it into plugin.yaml."""
    pipe = "set -o pipefail; { cat web.yaml; echo ---; cat access.yaml; } | maxtac argocd generate -"
    maker = argocd(generate={"command": ["bash", "-c"], "args": [pipe]})
    place = repository(tmp_path, {})
    found = maker.manifests(Request(place))
    assert identities(found) == ["Service/web", "Access/web-in", f"NetworkPolicy/{POLICY}"]
    told = failure(maker, Request(place, parameters={"input": "helm"}))
    assert "the plugin reads standard input" in told


def test_two_runs_are_equal_bytes(argocd: Maker, tmp_path: Path) -> None:
    """Argo CD compares what it gets with what is there."""
    shutil.copytree(PROJECT / "testdata" / "walkthrough", tmp_path / "repository")
    (tmp_path / "repository" / "maxtac.yaml").write_text(CONFIGURATION)
    request = Request(tmp_path / "repository")
    assert argocd().manifests(request) == argocd().manifests(request)
