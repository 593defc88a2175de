"""``maxtac adopt`` against a fake API server: it takes over what it has shown, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from cli.test_apply_command import POLICY, SERVICES, accesses, apply
from live import fake
from live.fake import FakeServer
from maxtac_render.cli import adopt, program
from validation import validate

OWNER = {
    "apiVersion": "maxtac.vtk.io/v1alpha1",
    "kind": "Access",
    "name": "a",
    "uid": "1",
    "controller": True,
    "blockOwnerDeletion": True,
}
WRITER = "render.maxtac.vtk.io/writer"


@pytest.fixture(name="cluster")
def _cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    with FakeServer() as server:
        server.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        monkeypatch.setenv("KUBECONFIG", str(server.kubeconfig(tmp_path)))
        monkeypatch.chdir(tmp_path)
        yield server


def controllers(name: str, **metadata: Any) -> dict[str, Any]:
    """A policy as the MaxTac controller makes it for an Access; its egress is wrong, as its egress is."""
    labels = {
        "maxtac.vtk.io.access/owner": name,
        "maxtac.vtk.io.access/serviceOwnerName": "web",
        "maxtac.vtk.io.access/serviceOwnerNamespace": "shop",
        "team": "red",
    }
    given = {"name": POLICY.format(name), "namespace": "shop", "labels": labels, "ownerReferences": [OWNER], **metadata}
    spec = {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"], "ingress": [{}]}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": given, "spec": spec}


def run(stdin: str, *arguments: str) -> Result:
    """Adopt what a text asks for."""
    return CliRunner().invoke(
        program.program, ["adopt", "-", "--set", "web", *arguments], input=stdin, prog_name="maxtac"
    )


def found(server: FakeServer, name: str) -> dict[str, Any]:
    """A policy as it is in the cluster."""
    body = server.find("networkpolicies", "shop", POLICY.format(name))
    assert body is not None
    return body


def test_it_shows_what_it_would_do_and_does_nothing(cluster: FakeServer) -> None:
    """Whose the policy is, what changes, what that closes; and that it takes a yes."""
    for app in ("web", "cart"):
        metadata = {"name": app, "namespace": "shop", "labels": {"app": app}}
        cluster.add({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [{"name": app}]}})
    cluster.add(controllers("a"))
    done = run(accesses("a"))
    assert (done.exit_code, done.stdout) == (1, "")
    name = POLICY.format("a")
    assert f"shop/{name}: the MaxTac controller's\n  changes: spec.ingress\n" in done.stderr
    assert "  owners that go: Access shop/a\n" in done.stderr
    assert "closed" in done.stderr
    assert "nothing was changed; --yes does it" in done.stderr
    assert not cluster.writes()


def test_one_write_makes_a_policy_of_the_controller_ours(cluster: FakeServer) -> None:
    """The spec, our labels; without owners; with what others added. Then apply has nothing to do."""
    cluster.add(controllers("a", annotations={"example.com/note": "yes"}))
    done = run(accesses("a"), "--yes")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == f"networkpolicy.networking.k8s.io/{POLICY.format('a')} adopted in shop\n"
    assert [request.method for request in cluster.writes()] == ["PATCH"]
    body = found(cluster, "a")
    assert "ownerReferences" not in body["metadata"]
    assert {"team": "red", WRITER: "apply", "maxtac.vtk.io.access/owner": "a"}.items() <= body["metadata"][
        "labels"
    ].items()
    assert body["metadata"]["annotations"]["example.com/note"] == "yes"
    assert body["spec"]["ingress"] != [{}]
    again = apply(accesses("a"))
    assert (again.exit_code, len(cluster.writes())) == (0, 1)
    assert "unchanged" in again.stdout
    assert run(accesses("a"), "--yes").exit_code == 0
    assert len(cluster.writes()) == 1


@pytest.mark.parametrize("writer", ["apply", "watch"])
def test_it_takes_over_from_another_set_and_another_writer(cluster: FakeServer, writer: str) -> None:
    """And from nobody in particular."""
    CliRunner().invoke(program.program, ["apply", "-", "--set", "other"], input=accesses("a"))
    bare = controllers("b", labels={}, ownerReferences=[])
    cluster.add(bare)
    done = run(accesses("a", "b"), "--yes", "--writer", writer, "-o", "json")
    document = json.loads(done.stdout)
    validate(document, "applyresult")
    assert document["summary"] == {"adopted": 2}
    for name in "ab":
        labels = found(cluster, name)["metadata"]["labels"]
        assert (labels["render.maxtac.vtk.io/set"], labels[WRITER]) == ("web", writer)
    assert "ours, of the set other, written by maxtac apply" in done.stderr
    assert "not ours\n" in done.stderr


def test_under_the_controller_s_names_its_policies_can_be_kept(cluster: FakeServer) -> None:
    """Of a ClusterAccess it names them in another way than we; --compat controller goes by its names."""
    body = controllers("a", labels={"maxtac.vtk.io.clusteraccess/owner": "a"}, ownerReferences=[])
    body["metadata"]["name"] = "cluster-a--shop-web---cart-shop-ing"
    cluster.add(body)
    text = accesses("a").replace("kind: Access", "kind: ClusterAccess")
    assert "nothing to take over" in run(text, "-v").stderr
    assert run(text, "--compat", "controller", "--yes").exit_code == 0
    again = apply(text, "--compat", "controller")
    assert (again.exit_code, again.stdout.split()[1]) == (0, "unchanged")
    assert {name for _, name in cluster.objects("networkpolicies")} == {body["metadata"]["name"]}


def test_only_what_is_asked_for_and_named_is_taken(cluster: FakeServer) -> None:
    """Other policies stay as they are, and a name that means nothing is told."""
    cluster.add(controllers("a"), controllers("b"), controllers("unasked"))
    before = {name: found(cluster, name) for name in ("b", "unasked")}
    names = [f"--policy=shop/{POLICY.format(name)}" for name in ("a", "unasked")]
    done = run(accesses("a", "b"), "--yes", *names)
    assert done.exit_code == 1, done.stderr
    assert f"shop/{POLICY.format('unasked')} is not asked for, not there, or ours already" in done.stderr
    assert found(cluster, "a")["metadata"]["labels"][WRITER] == "apply"
    assert {name: found(cluster, name) for name in before} == before


def test_what_an_invalid_resource_asks_for_is_not_taken(cluster: FakeServer) -> None:
    """Nobody knows what it says."""
    cluster.add(controllers("a"))
    done = run(accesses("a").replace("spec:\n  serviceSelector", "spec:\n  x: y\n  serviceSelector"), "--yes")
    assert done.exit_code == 1
    assert "is not taken over: Access/shop/a is invalid" in done.stderr
    assert not cluster.writes()


def test_a_policy_that_changes_meanwhile_is_taken_as_it_is_then(cluster: FakeServer) -> None:
    """By its new state, and not by force."""
    cluster.add(controllers("a"))
    note = {"annotations": {"example.com/late": "yes"}}
    touch = fake.after(lambda server: server.change("networkpolicies", "shop", POLICY.format("a"), metadata=note))
    cluster.fail(touch, "PATCH", "networkpolicies")
    assert run(accesses("a"), "--yes").exit_code == 0
    assert found(cluster, "a")["metadata"]["annotations"]["example.com/late"] == "yes"
    assert [request.status for request in cluster.writes()] == [409, 200]


@pytest.mark.parametrize(("replicas", "arguments", "warns"), [(1, [], True), (0, [], False), (1, ["watch"], False)])
def test_a_controller_that_still_runs_is_pointed_out(
    cluster: FakeServer,
    replicas: int,
    arguments: list[str],
    warns: bool,
) -> None:
    """By its Deployment, unless that is scaled to nothing or is maxtac watch."""
    labels = {"app.kubernetes.io/name": "maxtac", "control-plane": "controller-manager"}
    template = {"spec": {"containers": [{"name": "manager", "args": arguments}]}}
    cluster.add(
        controllers("a"),
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "maxtac-controller-manager", "namespace": "maxtac-system", "labels": labels},
            "spec": {"replicas": replicas, "template": template},
        },
    )
    said = "Deployment maxtac-system/maxtac-controller-manager seems to be the MaxTac controller, and to run"
    assert (said in run(accesses("a")).stderr) == warns


def test_it_can_be_asked_for_at_the_terminal(cluster: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A y does it, and anything else does not."""
    cluster.add(controllers("a"))
    Path("all.yaml").write_text(accesses("a"))
    monkeypatch.setattr(adopt, "terminal", lambda _: True)
    for answer, writes in (("n\n", 0), ("\n", 0), ("y\n", 1)):
        given = ["adopt", "all.yaml", "--set", "web"]
        done = CliRunner().invoke(program.program, given, input=answer, prog_name="maxtac")
        assert "Take over 1 policy in fake for the set web? [y/N]" in done.stderr
        assert (done.exit_code, len(cluster.writes())) == (1 - writes, writes)


def test_who_may_not_read_the_pods_sees_the_rest_of_the_plan(cluster: FakeServer) -> None:
    """And it can be done all the same."""
    cluster.add(controllers("a"))
    cluster.forbid("list", "pods")
    done = run(accesses("a"), "--yes")
    assert done.exit_code == 0
    assert "what that opens and closes, and what the MaxTac controller left, is not known" in done.stderr


def test_what_the_controller_left_behind_is_named(cluster: FakeServer) -> None:
    """What neither the source nor the cluster asks for; it is not touched."""
    cluster.add(*(each for each in yaml.safe_load_all(accesses("b")) if each))
    cluster.add(controllers("a"), controllers("b"), controllers("gone"))
    before = found(cluster, "gone")
    done = run(accesses("a"), "--yes")
    assert (done.exit_code, found(cluster, "gone")) == (0, before)
    assert done.stderr.count("[stale-allow]") == 1
    assert f"NetworkPolicy shop/{POLICY.format('gone')}" in done.stderr


def test_a_policy_that_is_changed_back_at_once_is_pointed_out(cluster: FakeServer) -> None:
    """Somebody still writes it."""
    cluster.add(controllers("a"))

    def back(server: FakeServer) -> None:
        if server.writes():
            labels = {"labels": {WRITER: None}}
            server.change("networkpolicies", "shop", POLICY.format("a"), metadata=labels)

    cluster.fail(fake.after(back), "GET", "networkpolicies", times=-1)
    done = run(accesses("a"), "--yes")
    assert done.exit_code == 1
    assert "changed back a moment later: does the MaxTac controller still run?" in done.stderr


def test_nothing_to_take_over_is_nothing_done(cluster: FakeServer) -> None:
    """Also where nothing is asked for that is there."""
    cluster.add(controllers("unasked"))
    assert run(accesses("a"), "--yes").exit_code == 0
    assert run(SERVICES, "--yes").exit_code == 1
    assert not cluster.writes()
