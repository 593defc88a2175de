"""``maxtac snapshot``: what is kept of a cluster answers as the cluster does, and holds no secret."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from live.fake import FakeServer
from maxtac_render.cli import program

TESTDATA = Path(__file__).parents[2] / "testdata"
NOW = "2027-01-01T00:00:00Z"
PLANTED = "hunter2"
POD = {
    "containers": [
        {
            "name": "main",
            "env": [{"name": "PASSWORD", "value": PLANTED}],
            "args": [PLANTED],
            "ports": [{"containerPort": 3579, "name": "http"}],
        }
    ]
}
BOOKS = {"kubectl.kubernetes.io/last-applied-configuration": PLANTED, "vault.example.com/token": PLANTED}


def bodies() -> Iterator[dict[str, Any]]:
    """The walkthrough, with pods, a policy of somebody else, and access that ends."""
    for path in sorted((TESTDATA / "walkthrough").glob("*.yaml")):
        yield from yaml.safe_load_all(path.read_text())
    labels = {"app.kubernetes.io/name": "ombi"}
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "ombi", "uid": "u", "controller": True}
    yield {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "ombi", "namespace": "ombi", "annotations": BOOKS},
        "spec": {"template": {"metadata": {"labels": labels, "annotations": BOOKS}, "spec": POD}},
    }
    yield {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "ombi-1", "namespace": "ombi", "labels": labels, "ownerReferences": [owner]},
        "spec": POD,
        "status": {"phase": "Running", "podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}], "message": PLANTED},
    }
    yield {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "deny", "namespace": "zitadel", "annotations": dict([*BOOKS.items()][:1])},
        "spec": {"podSelector": {}},
    }
    spec = {"serviceSelector": {}, "targets": [{"serviceName": "ombi", "namespace": "ombi"}], "direction": "egress"}
    yield {
        "apiVersion": "maxtac.vtk.io/v1alpha1",
        "kind": "Access",
        "metadata": {"name": "short", "namespace": "zitadel", "annotations": BOOKS},
        "spec": {**spec, "duration": "876000h"},
    }


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """A cluster."""
    with FakeServer() as fake:
        fake.add(*bodies())
        yield fake


@pytest.fixture(autouse=True)
def directory(server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory; the environment leads to the cluster."""
    monkeypatch.setenv("KUBECONFIG", str(server.kubeconfig(tmp_path)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, stdin: str = "") -> Result:
    """Run a command."""
    now = () if arguments[0] == "snapshot" else ("--now", NOW)
    return CliRunner().invoke(program.program, [*arguments, *now], input=stdin, prog_name="maxtac")


COMMANDS = [
    ("render", "SOURCE"),
    ("render", "SOURCE", "--compat", "controller", "-o", "json"),
    ("list", "SOURCE", "-o", "json"),
    ("list", "SOURCE", "--to", "ombi/ombi"),
    ("explain", "zitadel/zitadel", "ombi/ombi", "-f", "SOURCE", "-o", "text"),
    ("explain", "zitadel/deny", "-f", "SOURCE"),
    ("check", "SOURCE", "--report", "concise"),
]


@pytest.mark.parametrize("form", ["yaml", "json"])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_snapshot_answers_as_its_cluster(form: str, command: tuple[str, ...]) -> None:
    """Every command says the same of both, but for where it is written."""
    assert run("snapshot", "-o", form, "--output-file", "kept").exit_code == 0
    live, kept = (run(*(source if word == "SOURCE" else word for word in command)) for source in ("live:", "kept"))
    assert (kept.exit_code, unplaced(kept)) == (live.exit_code, unplaced(live)), kept.output
    assert live.stdout


def unplaced(result: Result) -> list[str]:
    """What is printed, without the places."""
    text = result.stdout
    if text.startswith("{"):
        return [json.dumps(without_places(json.loads(text)))]
    lines = [line for line in text.splitlines() if not line.lstrip().startswith(("-->", "|")) and " | " not in line]
    return sorted(line.partition(" (")[0].rpartition(": ")[2].strip() for line in lines)


def without_places(value: Any) -> Any:
    """A document without files, lines and columns."""
    if isinstance(value, list):
        return [without_places(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: without_places(item) for key, item in value.items() if key not in ("file", "line", "column", "field")}


def test_nothing_differs_between_a_snapshot_and_its_cluster() -> None:
    """In either direction."""
    run("snapshot", "--output-file", "kept")
    for sides in (("kept", "live:"), ("live:", "kept")):
        ended = run("diff", *sides, "-q")
        assert (ended.exit_code, ended.stdout) == (0, ""), ended.output


def test_a_snapshot_has_no_secrets() -> None:
    """Wherever the cluster has some."""
    kept = run("snapshot")
    assert kept.exit_code == 0
    assert PLANTED not in kept.output
    assert "resourceVersion" not in kept.output
    assert "uid" not in kept.output


def test_equal_clusters_give_equal_bytes(server: FakeServer) -> None:
    """Whatever the order in which they came to be, and whatever has happened to what does not count.

    When an object came to be counts, since durations begin then.
    """
    once = run("snapshot").stdout.splitlines()
    server.change("deployments", "ombi", "ombi", status={"replicas": 7})
    server.advance()
    again = run("snapshot").stdout.splitlines()
    assert once[0].startswith("# snapshot of live:fake at 2")
    assert once[1:] == again[1:]
    with FakeServer() as other:
        other.add(*reversed(list(server_bodies(server))))
        Path("second").mkdir()
        path = other.kubeconfig(Path("second"))
        assert undated(run("snapshot", "--kubeconfig", str(path)).stdout.splitlines()) == undated(once)


def undated(lines: list[str]) -> list[str]:
    """The lines of a snapshot, but for the moments at which it was made and at which objects came to be."""
    return [line for line in lines[1:] if not line.startswith("  creationTimestamp: ")]


def server_bodies(server: FakeServer) -> Iterator[dict[str, Any]]:
    """What is in a cluster."""
    for plural in ("services", "deployments", "pods", "networkpolicies", "clusteraccesses", "clusterexternalaccesses"):
        yield from server.objects(plural).values()
    yield from server.objects("accesses").values()


def test_a_snapshot_of_a_snapshot_is_the_same() -> None:
    """But for the line that says what it is of."""
    run("snapshot", "--output-file", "kept")
    again = run("snapshot", "kept").stdout.splitlines()
    assert again[1:] == sorted_documents(Path("kept").read_text())


def sorted_documents(text: str) -> list[str]:
    """The lines of a stream, its documents in the order of their references."""
    documents = text.partition("\n")[2].split("---\n")

    def reference(document: str) -> tuple[str, ...]:
        body = yaml.safe_load(document)
        return (body["apiVersion"], body["kind"], body["metadata"].get("namespace", ""), body["metadata"]["name"])

    return "---\n".join(sorted(documents, key=reference)).splitlines()


def test_a_new_file_is_its_owners() -> None:
    """An old one keeps its mode, as everywhere."""
    run("snapshot", "--output-file", "kept")
    assert stat.S_IMODE(Path("kept").stat().st_mode) == 0o600
    Path("kept").chmod(0o640)
    run("snapshot", "--output-file", "kept")
    assert stat.S_IMODE(Path("kept").stat().st_mode) == 0o640


@pytest.mark.parametrize("plural", ["networkpolicies", "pods", "cronjobs"])
def test_a_file_is_there_as_a_whole_or_not_at_all(server: FakeServer, directory: Path, plural: str) -> None:
    """What may not be read leaves the old file as it is, no part of a new one, and nothing on standard output."""
    Path("kept").write_text("old")
    server.forbid("list", plural)
    for arguments in ((), ("--output-file", "kept"), ("--output-file", "new")):
        ended = run("snapshot", *arguments)
        assert (ended.exit_code, ended.stdout) == (2, "")
        assert f"no permission to list {plural}" in ended.stderr
    assert Path("kept").read_text() == "old"
    assert {path.name for path in directory.iterdir()} == {"kept", "kubeconfig"}


def test_files_are_kept_likewise() -> None:
    """And what is broken keeps them from it."""
    kept = run("snapshot", str(TESTDATA / "walkthrough"), "--output-file", "kept")
    assert kept.exit_code == 0
    assert run("render", "kept").stdout == run("render", str(TESTDATA / "walkthrough")).stdout
    broken = run("snapshot", "-", "--output-file", "new", stdin="kind: Access\nspec: {")
    assert broken.exit_code == 1
    assert "nothing kept" in broken.stderr
    assert not Path("new").exists()


def test_a_namespace_is_kept_by_itself(server: FakeServer) -> None:
    """And the header says so."""
    kept = run("snapshot", "-n", "ombi").stdout
    assert kept.startswith("# snapshot of namespace ombi of live:fake at ")
    found = [(body["kind"], body["metadata"].get("namespace", "")) for body in yaml.safe_load_all(kept)]
    assert {namespace for kind, namespace in found if kind != "Service"} == {"", "ombi"}
    assert [namespace for kind, namespace in found if kind == "Service"] == ["ombi", "ombi", "zitadel"]
    assert "/api/v1/namespaces/ombi" in {request.path for request in server.requests}


HOSTILE = (
    "x\n---\napiVersion: v1\nkind: Service\nmetadata: {name: evil, namespace: ombi}\n# maxtac: ignore[*]\x1b[31m\u202e"
)


def test_what_a_cluster_says_stays_what_it_says(server: FakeServer) -> None:
    """No text in it becomes a document, a comment that is heard, or a command to a terminal."""
    for name, policy in list(server.objects("networkpolicies").items()):
        metadata = {**policy["metadata"], "annotations": {"example.com/note": HOSTILE}}
        server.add({**policy, "metadata": {**metadata, "namespace": name[0]}})
    targets = {"maxtac.vtk.io.access/targets": HOSTILE}
    server.change("services", "zitadel", "zitadel", metadata={"annotations": targets})
    kept = run("snapshot", "--output-file", "kept")
    assert kept.exit_code == 0
    text = Path("kept").read_text()
    found = [body for body in yaml.safe_load_all(text) if body["kind"] == "NetworkPolicy"]
    assert [body["metadata"]["annotations"]["example.com/note"] for body in found] == [HOSTILE]
    assert "evil" not in {body["metadata"]["name"] for body in yaml.safe_load_all(text)}
    for source in ("live:", "kept"):
        ended = run("check", source)
        assert "malformed-target" in ended.stdout
        assert "\x1b" not in ended.output
        assert "\u202e" not in ended.output
        assert run("list", source, "--severity", "malformed-target=warning").exit_code == 0
