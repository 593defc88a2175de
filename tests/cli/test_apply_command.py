"""``maxtac apply`` against a fake API server: what it does, says and returns, and what it leaves alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from live import fake
from live.fake import FakeServer
from maxtac_render.cli import program
from validation import validate

WITHIN = 60.0
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: NAME, namespace: shop, labels: {app: NAME}}
spec: {selector: {app: NAME}, ports: [{port: 80}]}
---
"""
ACCESS = """
apiVersion: maxtac.vtk.io/v1alpha1
kind: Access
metadata: {name: NAME, namespace: shop}
spec:
  serviceSelector: {matchLabels: {app: web}}
  direction: ingress
  targets: [{serviceName: cart, namespace: shop}]
---
"""
MIRRORED = """
apiVersion: maxtac.vtk.io/v1alpha1
kind: ClusterAccess
metadata: {name: a}
spec:
  serviceSelector: {matchLabels: {app: web}}
  direction: ingress
  mirrored: true
  targets: [{serviceName: cart, namespace: bank}]
"""
SERVICES = SERVICE.replace("NAME", "web") + SERVICE.replace("NAME", "cart")
POLICY = "{}--shop-web---cart-shop-ing"


@pytest.fixture(name="cluster")
def _cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    with FakeServer() as server:
        server.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        monkeypatch.setenv("KUBECONFIG", str(server.kubeconfig(tmp_path)))
        monkeypatch.chdir(tmp_path)
        yield server


def accesses(*names: str) -> str:
    """Services, and resources that ask for one policy each."""
    return SERVICES + "".join(ACCESS.replace("NAME", name) for name in names)


def run(*arguments: str, stdin: str | None = None) -> Result:
    """Run the command."""
    given = ["apply", *(["-"] if stdin is not None else []), *arguments]
    return CliRunner().invoke(program.program, given, input=stdin, prog_name="maxtac")


def apply(stdin: str, *arguments: str) -> Result:
    """Apply a text for the set ``web``."""
    return run("--set", "web", *arguments, stdin=stdin)


def policies(server: FakeServer) -> set[str]:
    """The names of the policies that there are."""
    return {name for _, name in server.objects("networkpolicies")}


def results(done: Result) -> dict[str, str]:
    """What became of each policy, from JSON that is what the schema says."""
    found = json.loads(done.stdout)
    validate(found, "applyresult")
    told = {each["name"]: each["result"] for each in found["policies"]}
    assert sum(found["summary"].values()) == len(found["policies"])
    return told


def test_it_says_what_it_did_as_kubectl_does(cluster: FakeServer) -> None:
    """And the second time it did nothing."""
    done = apply(accesses("a", "b"))
    assert done.exit_code == 0, done.stderr
    prefix = "networkpolicy.networking.k8s.io"
    assert done.stdout == "".join(f"{prefix}/{POLICY.format(name)} created in shop\n" for name in "ab")
    count = len(cluster.writes())
    assert apply(accesses("a", "b")).stdout == done.stdout.replace("created", "unchanged")
    assert len(cluster.writes()) == count
    changed = accesses("a", "c").replace("port: 80", "port: 81")
    assert [line.split()[1] for line in apply(changed).stdout.splitlines()] == ["configured", "pruned", "created"]
    assert apply(changed, "-o", "name").stdout == "".join(f"{prefix}/{POLICY.format(name)}\n" for name in "ac")
    assert policies(cluster) == {POLICY.format(name) for name in "ac"}


def test_what_it_writes_carries_all_that_makes_it_ours(cluster: FakeServer) -> None:
    """Also as the controller would make them; and nothing that the garbage collector goes by."""
    for options in ((), ("--compat", "controller")):
        assert apply(accesses("a"), *options).exit_code == 0
        body = cluster.find("networkpolicies", "shop", POLICY.format("a"))
        assert body is not None
        assert {
            "app.kubernetes.io/managed-by": "maxtac-render",
            "render.maxtac.vtk.io/set": "web",
            "render.maxtac.vtk.io/writer": "apply",
        }.items() <= body["metadata"]["labels"].items()
        assert "ownerReferences" not in body["metadata"]


def test_a_dry_run_of_the_client_needs_no_permission_to_write(cluster: FakeServer) -> None:
    """And sends nothing that would write."""
    apply(accesses("a", "b"))
    for verb in ("create", "patch", "delete"):
        cluster.forbid(verb, "networkpolicies")
    count = len(cluster.writes())
    done = apply(accesses("b", "c"), "--dry-run=client")
    assert done.exit_code == 0
    assert [line.split()[1:] for line in done.stdout.splitlines()] == [
        ["pruned", "in", "shop", "(dry", "run)"],
        ["unchanged", "in", "shop", "(dry", "run)"],
        ["created", "in", "shop", "(dry", "run)"],
    ]
    assert len(cluster.writes()) == count


def test_a_dry_run_of_the_server_is_judged_there(cluster: FakeServer) -> None:
    """And changes nothing."""
    apply(accesses("a"))
    before = cluster.objects("networkpolicies")
    done = apply(accesses("b"), "--dry-run=server", "-o", "json")
    assert results(done) == {POLICY.format("a"): "pruned", POLICY.format("b"): "created"}
    assert cluster.objects("networkpolicies") == before
    assert [each.method for each in cluster.requests if each.method != "GET"] == ["POST", "POST", "DELETE"]
    cluster.forbid("create", "networkpolicies")
    assert apply(accesses("b"), "--dry-run=server").exit_code == 2


def test_two_sets_and_everybody_else_stay_out_of_each_others_way(cluster: FakeServer) -> None:
    """Whoever asks for a name that another set has is told so, and the rest is done."""
    body = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "spec": {"podSelector": {}}}
    cluster.add({**body, "metadata": {"name": "hand", "namespace": "shop"}})
    apply(accesses("a"))
    before = cluster.objects("networkpolicies")
    done = run("--set", "other", "-o", "json", stdin=accesses("a", "b"))
    assert done.exit_code == 1
    assert results(done) == {POLICY.format("a"): "foreign", POLICY.format("b"): "created"}
    assert "error[policy-taken]" in done.stderr
    assert "ours, of the set web, written by maxtac apply" in done.stderr
    run("--set", "other", "--allow-empty", stdin="")
    assert cluster.objects("networkpolicies") == before


def test_a_policy_that_something_else_applied_from_the_same_set_is_left_alone(cluster: FakeServer) -> None:
    """What Argo CD and kubectl apply is theirs, though it is rendered by us; watch's is watch's."""
    apply(accesses("a", "b"))
    for name, labels in (("a", {"render.maxtac.vtk.io/writer": None}), ("b", {"render.maxtac.vtk.io/writer": "watch"})):
        cluster.change("networkpolicies", "shop", POLICY.format(name), metadata={"labels": labels})
    before = cluster.objects("networkpolicies")
    done = apply(accesses("a").replace("port: 80", "port: 81"))
    assert done.exit_code == 1
    assert "ours, of this set, but written by something else" in done.stderr
    assert cluster.objects("networkpolicies") == before


def test_nothing_is_deleted_for_want_of_input(cluster: FakeServer) -> None:
    """An empty input, or one that cannot be read; --allow-empty is for who means it."""
    apply(accesses("a"))
    empty = apply("")
    assert empty.exit_code == 1
    assert "--allow-empty lets them go" in empty.stderr
    broken = apply(accesses("b") + "a: [maxtac.vtk.io")
    assert (broken.exit_code, policies(cluster)) == (1, {POLICY.format("a"), POLICY.format("b")})
    assert "a part of the input cannot be read (<stdin>:23)" in broken.stderr
    Path("templates").mkdir()
    Path("templates/web.yaml").write_text("a: {{ nothing of ours }")
    Path("all.yaml").write_text(accesses("b"))
    quiet = run("--set", "web", ".")
    assert (quiet.exit_code, policies(cluster)) == (1, {POLICY.format("a"), POLICY.format("b")})
    assert run("--set", "web", ".", "--exclude", "templates/").exit_code == 0
    assert policies(cluster) == {POLICY.format("b")}
    meant = apply("", "--allow-empty")
    assert (meant.exit_code, policies(cluster)) == (0, set())
    assert "pods app=web in shop: no policy is left that closes ingress" in meant.stderr


def test_what_a_link_leads_to_may_be_missing(cluster: FakeServer, tmp_path: Path) -> None:
    """A link out of the source is not followed, and so nothing is deleted."""
    apply(accesses("a"))
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "all.yaml").write_text(accesses("b"))
    (tmp_path / "deploy" / "more").symlink_to("/etc")
    done = run("deploy", "--set", "web")
    assert (done.exit_code, len(policies(cluster))) == (1, 2)
    assert "a part of the input cannot be read (deploy/more" in done.stderr


def test_a_policy_in_the_way_that_nobody_understands_is_told(cluster: FakeServer) -> None:
    """An old server may have let it in."""
    body = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "spec": {"podSelector": {}}}
    metadata = {"name": POLICY.format("a"), "namespace": "shop", "annotations": {"no key at all": "x"}}
    cluster.add({**body, "metadata": metadata})
    done = apply(accesses("a", "b"))
    assert done.exit_code == 1
    assert "not written: a policy of that name is there, and not understood" in done.stderr
    assert POLICY.format("b") in policies(cluster)


def test_pods_that_lose_their_last_policy_by_a_change_are_told(cluster: FakeServer) -> None:
    """The Service selects others now, and the policy goes with it."""
    apply(accesses("a"))
    text = accesses("a").replace("selector: {app: web}", "selector: {app: new}")
    for options, words in ((("--dry-run=client",), "would be"), ((), "is")):
        done = apply(text, *options)
        assert done.exit_code == 0
        assert f"pods app=web in shop: no policy {words} left that closes ingress" in done.stderr
    assert "app=web" not in apply(text).stderr
    assert len(policies(cluster)) == 1


def test_no_more_is_deleted_than_is_allowed(cluster: FakeServer) -> None:
    """The usual limit is ten, or a fifth; who is told the number may give it."""
    names = [f"a{number:02}" for number in range(12)]
    apply(accesses(*names))
    done = apply(accesses("a00"), "-o", "json")
    assert done.exit_code == 1
    assert set(results(done).values()) == {"blocked", "unchanged"}
    assert "more than may be deleted at once (10); --prune-limit 11 lets them go" in done.stderr
    assert apply(accesses("a00"), "--no-prune").exit_code == 0
    assert len(policies(cluster)) == 12
    assert apply(accesses("a00"), "--prune-limit", "11").exit_code == 0
    assert policies(cluster) == {POLICY.format("a00")}


def test_policies_of_an_invalid_resource_stay_and_the_rest_is_done(cluster: FakeServer) -> None:
    """The findings say why, and so does the exit code."""
    assert not policies(cluster)
    apply(accesses("a", "b"))
    broken = accesses("a", "b").replace("port: 80", "port: 81").replace("ingress", "inward", 1)
    done = apply(broken, "-o", "json")
    assert done.exit_code == 1
    told = results(done)
    assert (told[POLICY.format("a")], told[POLICY.format("b")]) == ("held", "configured")
    assert "Access/shop/a is invalid" in done.stderr


def test_a_target_that_is_gone_costs_its_rule_and_not_the_isolation(cluster: FakeServer) -> None:
    """The policy is written without the rule."""
    apply(accesses("a"))
    done = apply(SERVICE.replace("NAME", "web") + ACCESS.replace("NAME", "a"))
    assert done.exit_code == 1
    assert "error[missing-target]" in done.stderr
    body = cluster.find("networkpolicies", "shop", POLICY.format("a"))
    assert body is not None
    assert "ingress" not in body["spec"]
    assert body["spec"]["policyTypes"] == ["Ingress"]


def test_one_namespace_is_enough_and_nothing_is_deleted_elsewhere(cluster: FakeServer) -> None:
    """Policies for other namespaces are made there, and compared with those that are there."""
    mirrored = SERVICE.replace("NAME", "web") + SERVICE.replace("NAME", "cart").replace("shop", "bank") + MIRRORED
    cluster.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bank"}})
    cluster.forbid("list", "networkpolicies", "")
    assert run("--set", "web", stdin=mirrored).exit_code == 2
    done = run("--set", "web", "-n", "shop", stdin=mirrored)
    assert done.exit_code == 0, done.stderr
    assert {namespace for namespace, _ in cluster.objects("networkpolicies")} == {"shop", "bank"}
    again = run("--set", "web", "-n", "shop", stdin=mirrored)
    assert [line.split()[1] for line in again.stdout.splitlines()] == ["unchanged"] * 2
    run("--set", "web", "-n", "shop", "--allow-empty", stdin="")
    assert {namespace for namespace, _ in cluster.objects("networkpolicies")} == {"bank"}


def test_the_cluster_s_own_resources_are_a_source(cluster: FakeServer) -> None:
    """And where the cluster does not know one of the kinds, nothing is deleted."""
    cluster.add(*(each for each in yaml.safe_load_all(accesses("a", "b")) if each))
    done = run("--set", "web", "live:")
    assert done.exit_code == 0, done.stderr
    assert policies(cluster) == {POLICY.format(name) for name in "ab"}
    cluster.missing.add("clusteraccesses")
    cluster.remove("accesses", "shop", "a")
    kept = run("--set", "web", "live:")
    assert (kept.exit_code, len(policies(cluster))) == (1, 2)
    assert "does not know one of the kinds" in kept.stderr
    cluster.missing.clear()
    assert run("--set", "web", "live:").exit_code == 0
    assert policies(cluster) == {POLICY.format("b")}


def test_a_shadow_shows_what_would_open_and_close(cluster: FakeServer) -> None:
    """Among the pods that there are, with the gates heard, and without a write."""
    for app in ("web", "cart"):
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": app, "namespace": "shop", "labels": {"app": app}},
        }
        cluster.add({**pod, "spec": {"containers": [{"name": app}]}})
    shadow = apply(accesses("a"), "--shadow")
    assert shadow.exit_code == 0, shadow.stderr
    assert "shop/web" in shadow.stdout
    assert "isolated" in shadow.stdout
    assert not cluster.writes()
    document = json.loads(apply(accesses("a"), "--shadow", "-o", "json").stdout)
    validate(document, "comparison")
    apply(accesses("a"))
    count = len(cluster.writes())
    assert "shop/web" not in apply("", "--shadow").stdout
    opened = apply("", "--shadow", "--allow-empty")
    assert "shop/web" in opened.stdout
    assert "no policy would be left that closes ingress" in opened.stderr
    assert len(cluster.writes()) == count
    assert "excludes --dry-run" in apply(accesses("a"), "--shadow", "--dry-run=server").stderr


def test_a_target_that_is_only_not_read_costs_no_rule(cluster: FakeServer) -> None:
    """With -n the Services of other namespaces are read where they are named, and nothing else of these."""
    cluster.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bank"}})
    text = accesses("a").replace("serviceName: cart, namespace: shop", "serviceName: cart, namespace: bank")
    text += SERVICE.replace("NAME", "cart").replace("shop", "bank")
    cluster.add(*(each for each in yaml.safe_load_all(text) if each))
    assert run("--set", "web", "live:").exit_code == 0
    before = cluster.objects("networkpolicies")
    done = run("--set", "web", "live:", "-n", "shop")
    assert done.exit_code == 0, done.stderr
    assert cluster.objects("networkpolicies") == before
    cluster.forbid("get", "services", "bank")
    refused = run("--set", "web", "live:", "-n", "shop")
    assert refused.exit_code == 2
    assert "no permission to get services in bank (" in refused.stderr
    assert cluster.objects("networkpolicies") == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "name their set"),
        (("--set", "web", "--prune-limit", "-1"), "prune-limit"),
        (("--set", "web", "--concurrency", "33"), "concurrency"),
        (("--set", "web", "--context", "nowhere"), "no context nowhere"),
    ],
)
def test_wrong_usage_writes_nothing(cluster: FakeServer, arguments: tuple[str, ...], words: str) -> None:
    """And says what is wrong."""
    done = run(*arguments, stdin=accesses("a"))
    assert (done.exit_code, done.stdout) == (2, "")
    assert words in done.stderr
    assert not cluster.writes()


def test_who_may_not_write_is_told_what_it_takes(cluster: FakeServer) -> None:
    """And the exit code says that it could not be done."""
    cluster.forbid("create", "networkpolicies")
    done = apply(accesses("a", "b"))
    assert (done.exit_code, done.stdout) == (2, "")
    assert "create, patch and delete on networkpolicies.networking.k8s.io" in done.stderr
    cluster.forbid("list", "networkpolicies")
    assert "no permission to list networkpolicies" in apply(accesses("a")).stderr


def test_a_server_that_cannot_be_reached_is_told(cluster: FakeServer) -> None:
    """Before anything is done."""
    cluster.stop()
    done = apply(accesses("a"))
    assert (done.exit_code, done.stdout) == (2, "")
    assert "cannot reach" in done.stderr
    cluster.start()


def process(cluster: FakeServer, directory: Path, *arguments: str) -> subprocess.Popen[str]:
    """The command as a process of its own, which makes sixty policies four at a time."""
    (directory / "all.yaml").write_text(accesses(*(f"a{number:02}" for number in range(60))))
    command = [sys.executable, "-m", "maxtac_render", "apply", "all.yaml", "--set", "web", "--concurrency", "4"]
    environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig(directory))}
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*command, *arguments], cwd=directory, env=environment, **pipes)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_work_in_order(cluster: FakeServer, tmp_path: Path, number: signal.Signals) -> None:
    """What was done is told, and is all that was done; the next run does the rest."""
    apply(accesses("old"))
    cluster.fail(fake.slow(0.2), "POST", "networkpolicies", times=-1)
    running = process(cluster, tmp_path, "-o", "json")
    cluster.wait_for(lambda: len(policies(cluster)) > 10, "policies are made")
    running.send_signal(number)
    out, err = running.communicate(timeout=WITHIN)
    assert running.returncode == 128 + number, err
    found = json.loads(out)
    validate(found, "applyresult")
    assert found["interrupted"]
    made = {each["name"] for each in found["policies"] if each["result"] == "created"}
    assert policies(cluster) == {*made, POLICY.format("old")}
    assert 10 <= len(made) < 60
    assert f"interrupted: {len(made)} of 61 changes made" in err
    cluster.mend()
    assert run("all.yaml", "--set", "web").exit_code == 0
    assert len(policies(cluster)) == 60


def test_a_signal_ends_waiting_too(cluster: FakeServer, tmp_path: Path) -> None:
    """Whatever the server wants to be left alone for."""
    fault = cluster.fail(fake.status(429, retry_after=25), "POST", "networkpolicies", times=-1)
    running = process(cluster, tmp_path)
    cluster.wait_for(lambda: fault.hits, "a write is refused")
    began = time.monotonic()
    running.send_signal(signal.SIGTERM)
    _, err = running.communicate(timeout=WITHIN)
    assert time.monotonic() - began < 20
    assert (running.returncode, policies(cluster)) == (143, set())
    assert "interrupted: 0 of 60 changes made" in err


def test_whoever_is_killed_leaves_what_the_next_run_ends(cluster: FakeServer, tmp_path: Path) -> None:
    """Whatever was under way."""
    apply(accesses("old"))
    cluster.fail(fake.slow(0.2), "POST", "networkpolicies", times=-1)
    running = process(cluster, tmp_path)
    cluster.wait_for(lambda: len(policies(cluster)) > 10, "policies are made")
    running.kill()
    running.communicate(timeout=WITHIN)
    assert POLICY.format("old") in policies(cluster)
    cluster.mend()
    assert run("all.yaml", "--set", "web").exit_code == 0
    assert policies(cluster) == {POLICY.format(f"a{number:02}") for number in range(60)}
    count = len(cluster.writes())
    assert run("all.yaml", "--set", "web").exit_code == 0
    assert len(cluster.writes()) == count


def test_a_server_that_is_started_again_meanwhile_loses_nothing(cluster: FakeServer, tmp_path: Path) -> None:
    """The writes wait for it."""
    cluster.fail(fake.slow(0.02), "POST", "networkpolicies", times=-1)
    running = process(cluster, tmp_path)
    cluster.wait_for(lambda: len(policies(cluster)) > 10, "policies are made")
    cluster.stop()
    cluster.start()
    out, err = running.communicate(timeout=WITHIN)
    assert running.returncode == 0, err
    assert out.count(" created ") == len(policies(cluster)) == 60
