"""``maxtac krm`` from the outside: what comes back, what is said, and with which exit code."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from maxtac_render.cli import program

HEAD = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n"
SERVICES = """\
- apiVersion: v1
  kind: Service
  metadata:
    name: web
    namespace: shop
    labels: {app: web}
  spec:
    selector: {app: web}
    ports:
    - port: 80
- apiVersion: v1
  kind: Service
  metadata:
    name: cart
    namespace: shop
  spec:
    selector: {app: cart}
    ports:
    - port: 80
"""
ACCESS = """\
- # lets the cart in
  apiVersion: maxtac.vtk.io/v1alpha1
  kind: Access
  metadata:
    name: web-in
    namespace: shop
    annotations:
      internal.config.kubernetes.io/path: access.yaml
      internal.config.kubernetes.io/index: '1'
  spec:
    serviceSelector:
      matchLabels: {app: web}
    targets:
    - serviceName: cart
      namespace: shop
    direction: ingress
"""
PACKAGE = HEAD + SERVICES + ACCESS
NAME = "web-in--shop-web---cart-shop-ing"
RENDER = "functionConfig:\n  apiVersion: render.maxtac.vtk.io/v1alpha1\n  kind: Render\n"


def krm(text: str | bytes, *options: str) -> Result:
    """Run the function."""
    return CliRunner().invoke(program.program, ["krm", *options], input=text)


def policies(result: Result) -> list[Any]:
    """The policies that come back."""
    return [item for item in yaml.safe_load(result.stdout)["items"] if item["kind"] == "NetworkPolicy"]


def test_policies_come_behind_the_items() -> None:
    result = krm(PACKAGE)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(PACKAGE)
    (policy,) = policies(result)
    assert policy["metadata"]["name"] == NAME
    assert policy["metadata"]["annotations"]["internal.config.kubernetes.io/path"] == f"shop/{NAME}.yaml"
    assert policy["metadata"]["annotations"]["internal.config.kubernetes.io/index"] == "0"


def test_generated_yaml_has_no_anchors_and_no_flow_collections() -> None:
    generated = krm(PACKAGE).stdout.removeprefix(PACKAGE)
    assert not {"{", "[", "&", "*", "<<"} & set(generated)


def test_an_error_gives_the_items_back_with_results() -> None:
    text = PACKAGE.replace("serviceName: cart", "serviceName: crat")
    result = krm(text)
    assert result.exit_code == 1
    assert result.stdout.startswith(text)
    (found,) = yaml.safe_load(result.stdout)["results"]
    assert found == {
        "message": "target shop/crat not found; rule left out",
        "severity": "error",
        "resourceRef": {
            "apiVersion": "maxtac.vtk.io/v1alpha1",
            "kind": "Access",
            "namespace": "shop",
            "name": "web-in",
        },
        "field": {"path": "spec.targets[0]"},
        "file": {"path": "access.yaml", "index": 1},
        "tags": {"rule": "missing-target", "help": found["tags"]["help"]},
    }
    assert found["tags"]["help"].startswith("did you mean shop/cart?")
    assert result.stderr.startswith(
        "error[missing-target]: target shop/crat not found; rule left out\n"
        "--> access.yaml, document 2\n"
        " |\n"
        " |   - serviceName: crat\n"
    )
    assert result.stderr.endswith("1 error; nothing rendered\n")


def test_a_warning_comes_with_the_policies() -> None:
    result = krm(PACKAGE.replace("serviceName: cart", "serviceName: crat"), "--severity", "missing-target=warning")
    assert result.exit_code == 0
    assert len(policies(result)) == 1
    assert [found["severity"] for found in yaml.safe_load(result.stdout)["results"]] == ["warning"]
    assert "warning[missing-target]" in result.stderr


def test_an_error_is_one_whatever_fails_the_command() -> None:
    text = PACKAGE.replace("serviceName: cart", "serviceName: crat")
    assert krm(text, "--fail-on", "never").exit_code == 1


def test_results_are_sorted_as_the_reference_sorts_them() -> None:
    text = PACKAGE.replace("serviceName: cart", "serviceName: crat").replace("direction: ingress", "direction: Ingress")
    found = yaml.safe_load(krm(text.replace("'1'", "'0'")).stdout)["results"]
    assert [(each["file"]["path"], each["severity"]) for each in found] == [
        ("access.yaml", "error"),
        ("access.yaml", "warning"),
    ]


@pytest.mark.parametrize("text", ["", "\n", "{", "kind: List\n", "- a\n", HEAD + "- a: 'b\n", b"\xff\xfe\xff"])
def test_what_is_no_list_gives_nothing_back(text: str | bytes) -> None:
    result = krm(text)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("maxtac: error: standard input is no ResourceList: ")
    assert result.stderr.count("\n") == 1


def test_a_broken_item_is_a_result() -> None:
    """The list can be read, and gives the item back, but nobody can say what it means."""
    text = PACKAGE + "- apiVersion: v1\n  kind: Service\n  metadata: {name: x, namespace: y}\n  spec: {a: .inf}\n"
    result = krm(text)
    assert result.exit_code == 1
    assert result.stdout.startswith(text)
    assert [found["tags"]["rule"] for found in yaml.safe_load(result.stdout)["results"]] == ["broken-yaml"]


def test_another_object_is_told_by_its_file() -> None:
    """Nobody sees the lines of what an orchestrator writes to standard input."""
    other = ACCESS.replace("path: access.yaml", "path: other.yaml").replace("ingress", "all")
    found = yaml.safe_load(krm(PACKAGE + other).stdout)["results"]
    messages = [result["message"] for result in found if result["tags"]["rule"] == "duplicate-object"]
    assert messages == ["another Access shop/web-in stands at access.yaml; this one left out"]


def test_a_second_run_gives_the_same_bytes() -> None:
    once = krm(PACKAGE).stdout
    assert krm(once).stdout == once


def test_a_policy_keeps_what_the_orchestrator_noted_on_it() -> None:
    noted = krm(PACKAGE).stdout.replace(
        f'index: "0"\n      internal.config.kubernetes.io/path: shop/{NAME}.yaml',
        "index: '7'\n      internal.config.kubernetes.io/path: old.yaml\n      config.k8s.io/id: '9'\n      mine: x",
    )
    (policy,) = policies(krm(noted))
    annotations = policy["metadata"]["annotations"]
    assert annotations["internal.config.kubernetes.io/path"] == "old.yaml"
    assert annotations["internal.config.kubernetes.io/index"] == "7"
    assert annotations["config.k8s.io/id"] == "9"
    assert "mine" not in annotations


def test_a_policy_that_says_what_it_should_keeps_its_text() -> None:
    noted = krm(PACKAGE).stdout.replace("  spec:\n    podSelector:", "  # checked\n  spec:\n    podSelector:")
    assert krm(noted).stdout == noted


def test_a_changed_policy_is_put_right_in_its_place() -> None:
    once = krm(PACKAGE).stdout
    result = krm(once.replace(f"{ACCESS}", "").replace("            app: cart\n", "            app: evil\n") + ACCESS)
    assert once.removeprefix(PACKAGE) in result.stdout
    assert result.stdout.endswith(ACCESS)


def test_policies_go_with_what_they_were_made_for() -> None:
    self_access = ACCESS.replace("web-in", "self").replace("serviceName: cart", "serviceName: web")
    both = krm(PACKAGE + self_access).stdout
    assert len(policies(krm(both))) == 2
    left = krm(both.replace(ACCESS, ""))
    assert [policy["metadata"]["name"] for policy in policies(left)] == ["self--shop-web---web-shop-ing"]


def test_foreign_policies_are_not_touched() -> None:
    foreign = krm(PACKAGE).stdout.removeprefix(PACKAGE).replace("managed-by: maxtac-render", "managed-by: me")
    for key in ("owner", "serviceOwnerName", "serviceOwnerNamespace"):
        foreign = foreign.replace(f"maxtac.vtk.io.access/{key}", f"x/{key}")
    other = foreign.replace(NAME, "mine")
    assert krm(PACKAGE + other).stdout.startswith(PACKAGE + other)
    result = krm(PACKAGE + foreign)
    assert result.exit_code == 1
    assert result.stdout.startswith(PACKAGE + foreign)
    assert [found["tags"]["rule"] for found in yaml.safe_load(result.stdout)["results"]] == ["policy-taken"]


def test_sets_live_beside_each_other() -> None:
    one = krm(PACKAGE, "--set", "one").stdout
    renamed = one.replace(ACCESS, ACCESS.replace("web-in", "other"))
    both = krm(renamed, "--set", "two").stdout
    assert [
        policy["metadata"]["labels"]["render.maxtac.vtk.io/set"] for policy in policies(krm(renamed, "--set", "two"))
    ] == [
        "one",
        "two",
    ]
    assert krm(both, "--set", "two").stdout == both


def test_a_filtered_package_keeps_its_policies() -> None:
    filtered = HEAD + krm(PACKAGE).stdout.removeprefix(PACKAGE)
    result = krm(filtered)
    assert result.exit_code == 1
    assert result.stdout.startswith(filtered)
    found = [found["tags"]["rule"] for found in yaml.safe_load(result.stdout)["results"]]
    assert found == ["no-intents", "policies-without-intents"]
    lowered = [f"--severity={code}=warning" for code in found]
    assert krm(filtered, *lowered[:1]).exit_code == 1
    emptied = krm(filtered, *lowered)
    assert (emptied.exit_code, yaml.safe_load(emptied.stdout)["items"]) == (0, [])


@pytest.mark.parametrize(
    ("layout", "places"),
    [
        ("policy", [(f"shop/{NAME}.yaml", "0"), ("shop/web-in--shop-web---web-shop-ing.yaml", "0")]),
        ("namespace", [("shop.yaml", "0"), ("shop.yaml", "1")]),
        ("single", [("networkpolicies.yaml", "0"), ("networkpolicies.yaml", "1")]),
    ],
)
def test_new_policies_have_files(layout: str, places: list[tuple[str, str]]) -> None:
    text = PACKAGE.replace("    direction:", "    - serviceName: web\n      namespace: shop\n    direction:")
    for options in (["--layout", layout], []):
        config = "" if options else f"{RENDER}  spec:\n    layout: {layout}\n"
        noted = [policy["metadata"]["annotations"] for policy in policies(krm(text + config, *options))]
        keys = ("internal.config.kubernetes.io/path", "internal.config.kubernetes.io/index")
        assert [tuple(annotations[key] for key in keys) for annotations in noted] == places


def test_a_file_that_is_there_is_continued() -> None:
    text = PACKAGE.replace("path: access.yaml", "path: shop.yaml").replace("'1'", "'4'")
    (policy,) = policies(krm(text, "--layout", "namespace"))
    assert policy["metadata"]["annotations"]["internal.config.kubernetes.io/index"] == "5"


def test_excluded_files_are_not_read() -> None:
    result = krm(PACKAGE, "--exclude", "access.yaml", "--severity", "no-intents=warning")
    assert (result.exit_code, policies(result)) == (0, [])


def test_policies_in_excluded_files_are_neither_doubled_nor_removed() -> None:
    """They are in what comes back, so a rendered policy cannot have the name of one."""
    once = krm(PACKAGE, "--exclude", "shop/*")
    assert krm(once.stdout, "--exclude", "shop/*").stdout == once.stdout
    foreign = once.stdout.replace("app.kubernetes.io/managed-by: maxtac-render", "app.kubernetes.io/managed-by: me")
    foreign = foreign.replace("maxtac.vtk.io.access/", "example.com/")
    assert "this one is not ours" in krm(foreign, "--exclude", "shop/*").stderr
    other = krm(once.stdout.replace("name: web-in\n", "name: other\n"), "--exclude", "shop/*")
    assert len(policies(other)) == 2


def test_comments_can_ignore_findings() -> None:
    text = PACKAGE.replace("serviceName: cart", "serviceName: crat # maxtac: ignore[missing-target] it is elsewhere")
    result = krm(text)
    assert (result.exit_code, result.stderr) == (0, "")


def test_targets_under_their_old_names_are_found() -> None:
    """What kustomize renamed is known by what it was called."""
    history = (
        "    annotations:\n"
        "      internal.config.kubernetes.io/previousNames: cart,cart\n"
        "      internal.config.kubernetes.io/previousNamespaces: default,shop\n"
    )
    text = PACKAGE.replace(
        "    name: cart\n    namespace: shop\n", f"    name: b-cart\n    namespace: outer\n{history}"
    )
    result = krm(text)
    assert (result.exit_code, result.stderr) == (0, "")
    (policy,) = policies(result)
    assert policy["metadata"]["name"] == "web-in--shop-web---b-cart-outer-ing"
    assert policy["metadata"]["annotations"]["render.maxtac.vtk.io/peer"] == "outer/b-cart"


@pytest.mark.parametrize("anchor", ["2026-01-01T00:00:00Z", "git"])
def test_durations_count_from_a_moment_and_not_from_history(anchor: str) -> None:
    text = PACKAGE.replace("    direction: ingress", "    direction: ingress\n    duration: 1h")
    result = krm(f'{text}{RENDER}  spec:\n    anchor: "{anchor}"\n', "--now", "2026-01-02T00:00:00Z")
    if anchor == "git":
        assert result.exit_code == 1
        assert "not git, as what is handed over has no history" in result.stderr
        assert policies(result) == []
    else:
        assert result.exit_code == 0
        (policy,) = policies(result)
        assert policy["metadata"]["annotations"]["render.maxtac.vtk.io/expires-at"] == "2026-01-01T01:00:00Z"


def test_nothing_around_it_matters(tmp_path: Path) -> None:
    """No environment, no home, a directory with a configuration that cannot be written to."""
    (tmp_path / "maxtac.yaml").write_text("nonsense: [")
    tmp_path.chmod(0o555)
    program = Path(sys.executable).parent / "maxtac-render-krm"
    expected = krm(PACKAGE).stdout
    done = subprocess.run(
        [program], cwd=tmp_path, env={}, input=PACKAGE, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, expected, "")
    assert [path.name for path in tmp_path.iterdir()] == ["maxtac.yaml"]


TWICE = """
import os, sys
from maxtac_render.krm import main
first, second = (open(sys.argv.pop()) for _ in range(2))
sys.stdin = first
main()  # now everything is imported, also from where only root may look
os.setgid(54321)
os.setuid(54321)
sys.stdin = second
sys.exit(main())
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody whom nobody knows")
def test_nobody_needs_to_be_known(tmp_path: Path) -> None:
    """A user without a name and a home."""
    package = tmp_path / "package.yaml"
    package.write_text(PACKAGE)
    environment = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", TWICE, package, package]
    done = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, krm(PACKAGE).stdout * 2, "")


def test_the_script_with_arguments_is_the_program() -> None:
    program = Path(sys.executable).parent / "maxtac-render-krm"
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout[:7]) == (0, "maxtac ")


@pytest.mark.parametrize("arguments", [["maxtac-render-krm"], ["maxtac", "krm"]])
def test_a_terminal_is_no_package(arguments: list[str]) -> None:
    """Whoever calls it by hand is told what it wants, and does not wait for ever."""
    leader, follower = pty.openpty()
    command = [Path(sys.executable).parent / arguments[0], *arguments[1:]]
    done = subprocess.run(command, stdin=follower, capture_output=True, text=True, check=False, timeout=60)
    os.close(leader)
    os.close(follower)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage: maxtac" in done.stderr or "a ResourceList is read from standard input" in done.stderr


CONFIG = """\
apiVersion: render.maxtac.vtk.io/v1alpha1
kind: Render
metadata:
  name: maxtac
spec:
  sources: [intents]
"""


def generator(config: str = CONFIG) -> str:
    """What kustomize hands to a generator: its configuration, also as the only item."""
    inner = "".join(f"  {line}\n" for line in config.splitlines())
    return f"{HEAD}-\n{inner}functionConfig:\n{inner}"


def test_a_generator_renders_the_sources_that_it_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "intents").mkdir()
    objects = yaml.safe_load(PACKAGE)["items"]
    (tmp_path / "intents" / "all.yaml").write_text(yaml.dump_all(objects))
    result = krm(generator())
    assert (result.exit_code, result.stderr) == (0, "")
    assert [policy["metadata"]["name"] for policy in policies(result)] == [NAME]
    objects[-1]["spec"]["targets"][0]["serviceName"] = "crat"
    (tmp_path / "intents" / "all.yaml").write_text(yaml.dump_all(objects))
    result = krm(generator())
    assert result.exit_code == 1
    assert "--> intents/all.yaml:" in result.stderr
    (found,) = yaml.safe_load(result.stdout)["results"]
    assert found["file"] == {"path": "intents/all.yaml", "index": 2}


def test_sources_that_are_not_there_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = krm(generator())
    assert (result.exit_code, result.stdout) == (2, "")
    assert "cannot read intents" in result.stderr


def test_where_there_are_objects_sources_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    inner = "".join(f"  {line}\n" for line in CONFIG.splitlines())
    result = krm(f"{PACKAGE}functionConfig:\n{inner}")
    assert (result.exit_code, result.stderr) == (0, "")
    assert krm(generator(CONFIG.replace("spec:\n  sources: [intents]\n", ""))).exit_code == 1


def test_a_policy_in_a_list_within_the_package_is_not_taken_apart() -> None:
    once = krm(PACKAGE).stdout.removeprefix(PACKAGE)
    nested = "".join(f"  {line}\n" for line in once.splitlines())
    text = f"{PACKAGE}- apiVersion: v1\n  kind: List\n  items:\n{nested}"
    result = krm(text)
    assert result.exit_code == 1
    assert result.stdout.startswith(text)
    assert [found["tags"]["rule"] for found in yaml.safe_load(result.stdout)["results"]] == ["stuck-object"]
