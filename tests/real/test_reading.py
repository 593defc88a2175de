"""A real cluster as a SOURCE: what is read of it, with which rights, and that what was applied is no difference."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from maxtac_render.cli import program
from maxtac_render.live.kinds import INTENTS, NETWORK_POLICIES, READ, SERVICES, Kind
from maxtac_render.sources import rights

from .control_plane import ControlPlane
from .control_plane import control_plane as start

TESTDATA = Path(__file__).parents[2] / "testdata"
WITHIN = 30.0
NAMESPACES = ("ombi", "zitadel")
Kubectl = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def plane(part: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """An API server of its own, with the walkthrough: these tests list all that there is."""
    with start(part, tmp_path_factory.mktemp("reading")) as found:
        found.install_crds()
        for name in NAMESPACES:
            assert found.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}}).status == 201
        for path in sorted((TESTDATA / "walkthrough").glob("*.yaml")):
            for body in yaml.safe_load_all(path.read_text()):
                kind = next(each for each in (*INTENTS, SERVICES) if each.kind == body["kind"])
                answer = found.request("POST", kind.path(body["metadata"].get("namespace", "")), body)
                assert answer.status == 201, answer.text
        yield found


@pytest.fixture
def kubectl(plane: ControlPlane, part: Callable[[str], Path], tmp_path: Path) -> Kubectl:
    """Run kubectl as the administrator."""

    def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = [str(part("kubectl")), f"--kubeconfig={plane.kubeconfig}", f"--cache-dir={tmp_path}", *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        return done

    return run


def run(plane: ControlPlane, *arguments: str) -> Result:
    """Run a command as the user of a control plane."""
    given = [*arguments, "--kubeconfig", str(plane.kubeconfig)]
    return CliRunner().invoke(program.program, given, prog_name="maxtac")


def permitted(plane: ControlPlane, *arguments: str) -> Result:
    """Run a command as soon as the API server knows the rights of its user."""
    deadline = time.monotonic() + WITHIN
    while (ended := run(plane, *arguments)).exit_code == 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    return ended


COMMANDS = [
    ("render", "live:"),
    ("list", "live:"),
    ("check", "live:", "--report", "concise"),
    ("explain", "ombi/ombi", "zitadel/postgres-zitadel", "-f", "live:"),
    ("diff", "live:", "-q"),
    ("diff", str(TESTDATA / "walkthrough"), "-q"),
    ("snapshot",),
]


def told(result: Result) -> list[str]:
    """What is printed, without the moment of a snapshot."""
    return [line for line in result.stdout.splitlines() if not line.startswith("# snapshot of ")]


def test_the_cluster_gives_what_the_files_give(plane: ControlPlane) -> None:
    """The API server's defaults change nothing."""
    files = CliRunner().invoke(program.program, ["render", str(TESTDATA / "walkthrough")])
    live = run(plane, "render", "live:")
    assert (live.exit_code, live.stdout) == (0, files.stdout)
    assert live.stdout.count("\nkind: NetworkPolicy\n") == 10


RBAC = "/apis/rbac.authorization.k8s.io/v1"


def granted(plane: ControlPlane, user: ControlPlane, home: str, *roles: dict[str, Any]) -> None:
    """Create roles, and bind them to a user, who is a service account of a namespace."""
    subject = {"kind": "ServiceAccount", "name": user.kubeconfig.stem, "namespace": home}
    for role in roles:
        metadata, kind = role["metadata"], role["kind"]
        place = f"{RBAC}/namespaces/{metadata['namespace']}/role" if kind == "Role" else f"{RBAC}/clusterrole"
        ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": metadata["name"]}
        binding = {
            "metadata": {**metadata, "name": f"{user.kubeconfig.stem}-reads"},
            "roleRef": ref,
            "subjects": [subject],
        }
        for path, body in ((f"{place}s", role), (f"{place}bindings", binding)):
            answer = plane.request("POST", path, body)
            assert answer.status == 201 or (body is role and answer.status == 409), answer.text


def printed(*arguments: str) -> list[dict[str, Any]]:
    """The roles that are printed for whoever reads."""
    return list(yaml.safe_load_all(CliRunner().invoke(program.program, ["manifests", "reader", *arguments]).stdout))


@pytest.fixture(scope="module")
def reader(plane: ControlPlane) -> ControlPlane:
    """A user with the rights that are printed, and no other."""
    user = plane.user("default")
    granted(plane, user, "default", *printed())
    return user


def test_the_rights_are_given_as_readme_says(plane: ControlPlane, kubectl: Kubectl) -> None:
    """By kubectl."""
    user = plane.user("default")
    name = f"system:serviceaccount:default:{user.kubeconfig.stem}"
    kubectl("apply", "-f", "-", stdin=CliRunner().invoke(program.program, ["manifests", "reader"]).stdout)
    kubectl("create", "clusterrolebinding", "jane", "--clusterrole=maxtac-render-reader", f"--user={name}")
    assert permitted(user, "list", "live:").exit_code == 0


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_reader_can_do_all_that_reads(plane: ControlPlane, reader: ControlPlane, command: tuple[str, ...]) -> None:
    """Just as the administrator."""
    limited, whole = permitted(reader, *command), run(plane, *command)
    assert (limited.exit_code, told(limited)) == (whole.exit_code, told(whole)), limited.output
    assert whole.exit_code in (0, 1)


def without(kind: Kind) -> list[dict[str, Any]]:
    """The rights of a reader, without those to one kind."""
    return [
        {**rule, "resources": [name for name in rule["resources"] if name != kind.plural] or ["none"]}
        for rule in rights.roles()[0]["rules"]
    ]


@pytest.mark.parametrize("kind", READ, ids=lambda kind: kind.plural)
def test_what_may_not_be_read_is_named_and_nothing_is_printed(plane: ControlPlane, kind: Kind, tmp_path: Path) -> None:
    """Every kind counts, and none is taken for an empty list."""
    user = plane.user("default", *without(kind))
    other = next(each for each in READ if each is not kind and each not in INTENTS)
    deadline = time.monotonic() + WITHIN
    while user.request("GET", other.path()).status == 403 and time.monotonic() < deadline:
        time.sleep(0.1)
    kept = tmp_path / "kept.yaml"
    for command in (("list", "live:"), ("diff", "live:"), ("snapshot", "--output-file", str(kept)), ("snapshot",)):
        ended = run(user, *command)
        assert (ended.exit_code, ended.stdout) == (2, "")
        assert f"no permission to list {kind.resource} (" in ended.stderr, ended.stderr
        assert "maxtac manifests reader prints the role that is needed" in ended.stderr
        assert ended.stderr.count("\n") == 1
    assert not kept.exists()
    rendered = run(user, "render", "live:")
    needed = kind in (*INTENTS, SERVICES)
    assert (rendered.exit_code, rendered.stdout == "") == ((2, True) if needed else (0, False)), rendered.stderr


def test_a_user_of_one_namespace_reads_that(plane: ControlPlane) -> None:
    """With -n, by the roles that are printed for it: and nothing of any other namespace."""
    user = plane.user("ombi", everywhere=False)
    granted(plane, user, "ombi", *printed("-n", "ombi"))
    deadline = time.monotonic() + WITHIN
    lacking = "no permission to get services in zitadel ("
    while lacking not in (ended := run(user, "list", "live:", "-n", "ombi")).stderr and time.monotonic() < deadline:
        time.sleep(0.1)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert f"{lacking}" in ended.stderr
    rule = {"apiGroups": [""], "resources": ["services"], "verbs": ["get"]}
    granted(plane, user, "ombi", {"kind": "Role", "metadata": {"name": "x", "namespace": "zitadel"}, "rules": [rule]})
    ended = permitted(user, "list", "live:", "-n", "ombi")
    assert ended.exit_code == 0, ended.output
    kept = list(yaml.safe_load_all(run(user, "snapshot", "-n", "ombi").stdout))
    outside = [body["metadata"]["name"] for body in kept if body["metadata"].get("namespace", "") not in ("", "ombi")]
    assert outside == ["zitadel"]
    every = run(user, "list", "live:")
    assert (every.exit_code, every.stdout) == (2, "")
    assert "no permission to list networkpolicies.networking.k8s.io (" in every.stderr


MERGE = "application/merge-patch+json"
WAYS = {"post": None, "apply": (), "server-side": ("--server-side", "--force-conflicts")}
"""How the policies get into the cluster: by requests, or by kubectl."""


@pytest.mark.parametrize("way", WAYS)
def test_what_was_applied_is_no_difference(plane: ControlPlane, way: str, request: pytest.FixtureRequest) -> None:
    """Whatever the API server fills in, and others write on it; and what changes in the spec is one."""
    rendered = run(plane, "render", "live:", "--set", "walk").stdout
    kubectl = request.getfixturevalue("kubectl") if WAYS[way] is not None else None
    for body in yaml.safe_load_all(rendered) if kubectl is None else ():
        assert plane.request("POST", NETWORK_POLICIES.path(body["metadata"]["namespace"]), body).status == 201
    if kubectl is not None:
        kubectl("apply", *WAYS[way], "-f", "-", stdin=rendered)
    path = NETWORK_POLICIES.path("ombi", "access-sample--ombi-ombi---ombi-postgres-ombi-all-mirror")
    labels = {"helm.sh/chart": "x", "render.maxtac.vtk.io/writer": "apply"}
    annotations = {"argocd.argoproj.io/tracking-id": "x:y", "example.com/note": "z"}
    noise = {"metadata": {"labels": labels, "annotations": annotations}}
    assert plane.request("PATCH", path, noise, MERGE).status == 200
    try:
        for source in ("live:", str(TESTDATA / "walkthrough")):
            ended = run(plane, "diff", source, "--set", "walk", "-q")
            assert (ended.exit_code, ended.stdout) == (0, ""), ended.output
        assert plane.request("PATCH", path, {"spec": {"ingress": [{}]}}, MERGE).status == 200
        ended = run(plane, "diff", "live:", "--set", "walk", "-q", "-o", "json")
        assert ended.exit_code == 1, ended.output
        (change,) = json.loads(ended.stdout)["objects"]
        assert change["fields"] == ["spec.ingress"]
        assert plane.request("DELETE", path).status == 200
        ended = run(plane, "diff", "live:", "--set", "walk", "-q", "-o", "json")
        assert [each["change"] for each in json.loads(ended.stdout)["objects"]] == ["added"]
    finally:
        for namespace in NAMESPACES:
            plane.request("DELETE", NETWORK_POLICIES.path(namespace))
