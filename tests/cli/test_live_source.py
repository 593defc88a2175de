"""A cluster as a SOURCE of every command: what is read of it, in which order, and what is said where it cannot be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from live.fake import FakeServer, status
from maxtac_render.cli import program

TESTDATA = Path(__file__).parents[2] / "testdata"
NOW = "2027-01-01T00:00:00Z"
WALKTHROUGH = [
    body for path in sorted((TESTDATA / "walkthrough").glob("*.yaml")) for body in yaml.safe_load_all(path.read_text())
]
ACCESS = ["accesses", "clusteraccesses", "externalaccesses", "clusterexternalaccesses"]
CONFIG = {
    "apiVersion": "render.maxtac.vtk.io/v1alpha1",
    "kind": "Render",
    "metadata": {"name": "x"},
    "spec": {"sources": ["live:"]},
}


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """A cluster with the walkthrough in it."""
    with FakeServer() as fake:
        fake.add(*WALKTHROUGH)
        yield fake


@pytest.fixture(autouse=True)
def kubeconfig(server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The kubeconfig of the environment."""
    path = server.kubeconfig(tmp_path)
    monkeypatch.setenv("KUBECONFIG", str(path))
    monkeypatch.chdir(tmp_path)
    return path


def run(*arguments: str, stdin: str = "") -> Result:
    """Run a command."""
    return CliRunner().invoke(program.program, [*arguments, "--now", NOW], input=stdin, prog_name="maxtac")


def asked(server: FakeServer) -> list[str]:
    """The plurals that were asked for, in order."""
    return [request.path.rpartition("/")[2] for request in server.requests]


def test_render_gives_what_the_files_give(server: FakeServer) -> None:
    """And asks for nothing but what is compiled."""
    live, files = run("render", "live:"), run("render", str(TESTDATA / "walkthrough"))
    assert (live.exit_code, live.stdout) == (0, files.stdout)
    assert live.stdout.count("\nkind: NetworkPolicy\n") == 10
    assert asked(server) == [*ACCESS, "services"]


@pytest.mark.parametrize(
    "command", [("list", "live:"), ("check", "live:"), ("explain", "ombi/ombi", "ombi/ombi", "-f", "live:")]
)
def test_policies_are_read_first(server: FakeServer, command: tuple[str, ...]) -> None:
    """A policy that is made while the rest is read is not seen, and so does not look like nobody's."""
    assert run(*command).exit_code == 0
    assert asked(server)[0] == "networkpolicies"
    assert set(asked(server)) == {
        *ACCESS,
        *("networkpolicies", "services", "namespaces", "pods", "replicationcontrollers"),
        *("deployments", "statefulsets", "daemonsets", "replicasets", "jobs", "cronjobs"),
    }


def test_nothing_is_written(server: FakeServer) -> None:
    """To read is to read."""
    for command in ("render", "list", "check"):
        run(command, "live:")
    assert server.writes() == []


def test_tests_judge_a_cluster() -> None:
    """``-f live:`` names what is tested."""
    case = {"name": "in", "from": ["ombi/ombi"], "to": ["ombi/postgres-ombi"], "allow": ["5432/TCP"]}
    document = {"apiVersion": "render.maxtac.vtk.io/v1alpha1", "kind": "ConnectionTest", "metadata": {"name": "x"}}
    Path("tests.yaml").write_text(json.dumps({**document, "spec": {"tests": [case]}}))
    ended = run("test", "tests.yaml", "-f", "live:")
    assert ended.exit_code in (0, 1), ended.output
    assert "in" in ended.stdout


def test_a_context_is_named_in_the_source_or_by_the_flag(kubeconfig: Path) -> None:
    """And what a finding names is the context that it is in."""
    config = json.loads(kubeconfig.read_text())
    config["contexts"].append({"name": "prod:eu/1", "context": {"cluster": "fake", "user": "tester"}})
    kubeconfig.write_text(json.dumps(config))
    assert "--> live:prod:eu/1\n" in run("render", "live:prod:eu/1").stderr
    assert "--> live:prod:eu/1\n" in run("render", "live:", "--context", "prod:eu/1").stderr
    assert "--> live:fake\n" in run("render", "live:fake", "--context", "prod:eu/1").stderr
    missing = run("render", "live:nowhere")
    assert (missing.exit_code, missing.stdout) == (2, "")
    assert "nowhere" in missing.stderr


def test_a_kubeconfig_is_named_by_the_flag(kubeconfig: Path) -> None:
    """The environment's does not count then."""
    moved = kubeconfig.rename(kubeconfig.with_name("other"))
    assert run("render", "live:").exit_code == 2
    assert run("render", "live:", "--kubeconfig", str(moved)).exit_code == 0


@pytest.mark.parametrize(("text", "code"), [("0", 0), ("5", 0), ("1m30s", 0), ("-1", 2), ("soon", 2), ("", 2)])
def test_a_timeout_is_written_as_for_kubectl(text: str, code: int) -> None:
    """Seconds or a duration; 0 is none."""
    assert run("render", "live:", "--request-timeout", text).exit_code == code


def test_two_clusters_are_compared(tmp_path: Path, kubeconfig: Path) -> None:
    """Each SOURCE is its own cluster."""
    with FakeServer() as other:
        other.add(*(body for body in WALKTHROUGH if body["kind"] != "ClusterExternalAccess"))
        config, second = json.loads(kubeconfig.read_text()), tmp_path / "second"
        second.mkdir()
        further = json.loads(other.kubeconfig(second).read_text())
        config["clusters"].append({**further["clusters"][0], "name": "b"})
        config["users"].append({**further["users"][0], "name": "b"})
        config["contexts"].append({"name": "b", "context": {"cluster": "b", "user": "b"}})
        kubeconfig.write_text(json.dumps(config))
        ended = run("diff", "live:b", "live:fake", "--objects", "-o", "json")
    assert ended.exit_code == 1, ended.output
    assert json.loads(ended.stdout)["happened"] == ["any", "opened"]
    assert "allow-external" in ended.stdout


def test_the_configuration_may_name_a_cluster() -> None:
    """``sources: [live:]`` is as if the command line said so."""
    Path("maxtac.yaml").write_text(json.dumps(CONFIG))
    assert run("render").stdout == run("render", "live:").stdout != ""


def test_only_one_namespace_is_read_where_one_is_given(server: FakeServer) -> None:
    """And what is in none."""
    ended = run("render", "live:", "-n", "ombi", "--severity", "missing-target=warning", "-o", "name")
    assert {request.path for request in server.requests} >= {
        "/api/v1/namespaces/ombi/services",
        "/apis/maxtac.vtk.io/v1alpha1/namespaces/ombi/accesses",
        "/apis/maxtac.vtk.io/v1alpha1/clusteraccesses",
    }
    assert {line.split("/")[0] for line in ended.stdout.splitlines()} == {"networkpolicy.networking.k8s.io"}
    assert "-n zitadel" not in ended.stdout


FORBIDDEN = "maxtac: error: cannot read live:fake: no permission to list {resource} ("


@pytest.mark.parametrize("plural", [*ACCESS, "services"])
def test_what_may_not_be_read_is_no_empty_list(server: FakeServer, plural: str) -> None:
    """The command could not run, and says what is missing and how to grant it."""
    server.forbid("list", plural)
    ended = run("render", "live:")
    assert (ended.exit_code, ended.stdout) == (2, "")
    resource = plural if plural == "services" else f"{plural}.maxtac.vtk.io"
    assert ended.stderr.startswith(FORBIDDEN.format(resource=resource))
    assert "maxtac manifests reader" in ended.stderr


@pytest.mark.parametrize("plural", ["networkpolicies", "pods", "cronjobs", "namespaces"])
def test_nothing_is_analysed_of_a_part(server: FakeServer, plural: str) -> None:
    """What cannot be seen could deny or allow."""
    server.forbid("list", plural)
    ended = run("list", "live:")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert plural in ended.stderr


def test_without_the_crds_there_is_nothing_to_render(server: FakeServer) -> None:
    """Which is said with how to install them."""
    server.missing.update(ACCESS)
    ended = run("render", "live:")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "maxtac manifests crds | kubectl apply --server-side -f -" in ended.stderr


def test_without_the_crds_policies_can_be_analysed(server: FakeServer) -> None:
    """A cluster without MaxTac has pods and policies too."""
    server.missing.update(ACCESS)
    ended = run("list", "live:")
    assert ended.exit_code == 0
    assert "info[not-installed]: the cluster does not know accesses.maxtac.vtk.io," in ended.stderr


def test_a_server_that_is_not_there_is_said_in_one_line(server: FakeServer) -> None:
    """It could not run."""
    server.stop()
    ended = run("render", "live:")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr.startswith("maxtac: error: cannot reach http://127.0.0.1:")
    assert ended.stderr.count("\n") == 1


def test_what_a_server_says_cannot_steer_a_terminal(server: FakeServer) -> None:
    """Whatever its message holds."""
    server.fail(status(403, message="no \x1b[31m\nrm -rf"), path="services", times=9)
    ended = run("render", "live:")
    assert ended.exit_code == 2
    assert "\x1b" not in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_credentials_that_are_not_accepted_are_said_so(server: FakeServer) -> None:
    """Not taken for an empty cluster."""
    server.tokens.clear()
    ended = run("render", "live:")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "credentials" in ended.stderr


GENERATOR = {
    "apiVersion": "config.kubernetes.io/v1",
    "kind": "ResourceList",
    "items": [CONFIG],
    "functionConfig": CONFIG,
}


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [(("render", "--passthrough", "live:"), ""), (("test", "live:"), ""), (("krm",), json.dumps(GENERATOR))],
)
def test_a_cluster_is_no_source_of_what_must_be_files(
    server: FakeServer, arguments: tuple[str, ...], stdin: str
) -> None:
    """A function of its input reaches no cluster, and there are no documents to pass through."""
    ended = run(*arguments, stdin=stdin)
    assert (ended.exit_code, ended.stdout) == (2, ""), ended.output
    assert "cannot read live:" in ended.stderr
    assert server.requests == []


def test_the_argo_cd_plugin_reaches_no_cluster(server: FakeServer) -> None:
    """Whoever may write to the repository could see more of the cluster than that."""
    Path("maxtac.yaml").write_text(json.dumps(CONFIG))
    ended = run("argocd", "generate")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert server.requests == []


def lasting(duration: str, **metadata: Any) -> dict[str, Any]:
    """An access of one hour."""
    spec = {"serviceSelector": {}, "targets": [{"serviceName": "ombi", "namespace": "ombi"}], "direction": "ingress"}
    return {
        "apiVersion": "maxtac.vtk.io/v1alpha1",
        "kind": "Access",
        "metadata": {"name": "short", "namespace": "ombi", **metadata},
        "spec": {**spec, "duration": duration},
    }


@pytest.mark.parametrize("anchor", [(), ("--anchor", "git")])
def test_a_duration_counts_from_the_creation_in_the_cluster(server: FakeServer, anchor: tuple[str, ...]) -> None:
    """Git has no history of what is in a cluster, and takes nothing away from that."""
    server.add(lasting("1h"))
    (body,) = (body for body in server.objects("accesses").values())
    created = body["metadata"]["creationTimestamp"]
    ended = CliRunner().invoke(program.program, ["render", "live:", "-o", "json", "--now", created, *anchor])
    assert ended.exit_code == 0, ended.output
    expiries = {
        item["metadata"]["annotations"].get("render.maxtac.vtk.io/expires-at")
        for item in json.loads(ended.stdout)["items"]
        if item["metadata"]["name"].startswith("short--")
    }
    assert len(expiries - {None}) == len(expiries) == 1


def test_findings_in_a_cluster_are_not_mended(server: FakeServer) -> None:
    """They are said, and the cluster stays as it is."""
    server.add({**lasting("soon"), "spec": {**lasting("soon")["spec"], "direction": "Ingress"}})
    ended = run("check", "live:", "--fix")
    assert ended.exit_code == 1
    assert "bad-duration" in ended.stdout
    assert server.writes() == []


def applied(server: FakeServer, *arguments: str) -> None:
    """Put what is rendered into the cluster, as kubectl does."""
    server.add(*yaml.safe_load_all(run("render", "live:", *arguments).stdout))


def differing(*arguments: str) -> tuple[int, list[tuple[str, str]]]:
    """The exit code of a diff, and the policies that differ, with how they do."""
    ended = run("diff", *arguments, "-o", "json", "-q")
    assert ended.stdout, ended.output
    objects = json.loads(ended.stdout)["objects"]
    return ended.exit_code, [(each["change"], each["policy"]["namespace"]) for each in objects]


@pytest.mark.parametrize("source", ["live:", str(TESTDATA / "walkthrough")])
def test_one_namespace_is_compared_with_what_it_touches_elsewhere(server: FakeServer, source: str) -> None:
    """Services that it names elsewhere are known, and so are the policies that it has there."""
    applied(server)
    assert differing(source) == (0, [])
    code, found = differing(source, "-n", "ombi")
    assert (code, found) == (0, [])
    for namespace, name in list(server.objects("networkpolicies")):
        server.remove("networkpolicies", namespace, name)
    applied(server, "-n", "ombi")
    assert any(namespace == "zitadel" for namespace, _ in server.objects("networkpolicies"))
    assert differing("live:", "-n", "ombi") == (0, [])
    more = {"added"} if source != "live:" else set()  # files hold Services of both namespaces
    assert {change for change, _ in differing(source, "-n", "ombi")[1]} == more


@pytest.mark.parametrize("given", [(), ("--set", "bank")])
def test_what_another_set_has_otherwise_is_said(server: FakeServer, tmp_path: Path, given: tuple[str, ...]) -> None:
    """It stays as it is, which is no difference; who forgot --set must not believe that there is none to be made."""
    applied(server, "--set", "shop")
    wanted = tmp_path / "wanted.yaml"
    wanted.write_text(yaml.safe_dump_all(WALKTHROUGH).replace("5432", "5433"))
    ended = run("diff", str(wanted), *given)
    assert (ended.exit_code, ended.stdout) == (0, "")
    assert "warning[other-set]" in ended.stderr
    assert "of the set shop" in ended.stderr
    assert run("diff", str(wanted), "--set", "shop").exit_code == 1


def test_only_what_is_in_the_namespace_is_deleted(server: FakeServer) -> None:
    """What is elsewhere may be asked for by what is elsewhere."""
    applied(server)
    for namespace, name in list(server.objects("clusteraccesses")):
        server.remove("clusteraccesses", namespace, name)
    code, found = differing("live:", "-n", "zitadel")
    assert code == 1
    assert {namespace for _, namespace in found} == {"zitadel"}
    assert {change for change, _ in found} == {"removed"}


def test_what_names_no_namespace_is_of_the_one_that_is_compared(server: FakeServer) -> None:
    """A Service of the change takes the place of the cluster's, also where -n says where it is."""
    applied(server)
    text = (TESTDATA / "walkthrough" / "ombi.yaml").read_text()
    bodies = [body for body in yaml.safe_load_all(text) if body["metadata"]["name"] == "ombi"]
    for body in bodies:
        del body["metadata"]["namespace"]
        body["spec"]["ports"][0]["targetPort"] = 4711
    access = (TESTDATA / "walkthrough" / "access.yaml").read_text()
    Path("new.yaml").write_text("---\n".join([access, *map(yaml.safe_dump, bodies)]))
    ended = run("diff", "new.yaml", "-n", "ombi", "-q")
    assert ended.exit_code == 1
    assert "4711" in ended.stdout
    assert "duplicate" not in ended.stderr
