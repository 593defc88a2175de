"""What deploy/README.md says of the controller is so."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from maxtac_render import __version__, bundle
from maxtac_render.bundle import rights
from maxtac_render.bundle.choice import CONTROLLER, NAMESPACE, SET, Choice
from maxtac_render.bundle.workload import METRICS, PROBES, SCRAPING
from maxtac_render.engine import notices, status
from maxtac_render.live import metrics

PROJECT = Path(__file__).parents[2]
DEPLOY = PROJECT / bundle.DEPLOY
README = (DEPLOY / "README.md").read_text()
COMMANDS = {  # and the test that runs them
    "maxtac manifests controller": "tests/cli/test_manifests.py",
    "maxtac adopt": "tests/real/test_replacing.py",
    "kubectl apply --server-side": "tests/real/test_bundle.py",
    "kubectl scale": "tests/real/test_replacing.py",
    "kubectl delete deployment": "tests/real/test_replacing.py",
    "kubectl delete networkpolicies": "tests/real/test_replacing.py",
    "kubectl label namespace": "tests/real/test_bundle.py",
    "kubectl get": "tests/real/test_bundle.py",
}


def table(heading: str) -> list[list[str]]:
    """The rows of the table whose head begins with a word."""
    (block,) = re.findall(rf"^\| {heading} \|.*\n\|[-|]+\n((?:\|.*\n)+)", README, re.MULTILINE)
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in block.splitlines()]


def words(text: str) -> list[str]:
    """What stands in code spans."""
    return re.findall(r"`([^`]+)`", text)


def test_the_rights_are_those_of_the_roles() -> None:
    """Each rule is a row."""
    shown = []
    for where, resources, verbs in table("where"):
        plain, _, rest = resources.partition(" of ")
        group, _, names = rest.partition(" named ")
        rule = {"apiGroups": ["".join(words(group))], "resources": words(plain), "verbs": verbs.split(", ")}
        rule |= {"resourceNames": words(names)} if names else {}
        shown.append((where, rule))
    everywhere, here = rights.cluster_rules(), rights.lease_rules(Choice().lease)
    assert shown == [*(("everywhere", rule) for rule in everywhere), *(("its own namespace", rule) for rule in here)]


def test_the_conditions_are_those_that_are_written() -> None:
    """Types, and all reasons that the module knows."""
    rows = table("condition")
    assert {words(row[0])[0] for row in rows} == status.TYPES - {
        "NetpolsListNotReady",
        "ServicesListNotReady",
        "NetpolsGCNotReady",
    }
    source = Path(status.__file__).read_text()
    reasons = set(re.findall(r'"(\w+(?:Success|Fail|Successful|successful|AllConditions\w+))"', source))
    reasons |= {"AllConditionsReady", "AllConditionsNotReady"}
    assert {word for row in rows for cell in row[1:] for word in words(cell)} == reasons - {"ExpireReady"}


def test_the_reasons_of_events_are_those_that_are_told() -> None:
    """Each a constant of the module."""
    reasons = [value for name, value in vars(notices).items() if name.isupper() and isinstance(value, str)]
    known = [each for each in reasons if each not in (notices.NORMAL, notices.WARNING, notices.TAKEN)]
    assert [words(row[0])[0] for row in table("reason")] == known


def test_the_metrics_that_are_worth_an_alert_are_there() -> None:
    """And the ports at which they are answered."""
    page = metrics.page()
    used = re.findall(rf"{metrics.PREFIX}\w+", README)
    assert used
    assert all(f"`{name}" in page for name in used)
    for port in (METRICS, PROBES):
        assert re.search(rf"\b{port}\b", README)


def test_names_versions_and_limits_are_those_of_the_bundle() -> None:
    """Who copies a line gets what it says."""
    assert set(re.findall(r"(?:ref=v|maxtac-render:|newTag: )(\d[\w.]*\d)", README)) == {__version__}
    assert f"-n {NAMESPACE} deployment/{CONTROLLER}" in README
    assert f"maxtac adopt live: --set {SET} --writer watch" in README
    assert f"at most {status.LISTED:,} each" in README
    (label,) = (f"{key}={value}" for key, value in SCRAPING.items())
    assert f"kubectl label namespace monitoring {label}" in README
    (block,) = (yaml.safe_load(each) for each in re.findall(r"^```yaml\n(.*?)^```$", README, re.DOTALL | re.MULTILINE))
    components = [path.name for path in sorted((DEPLOY / "components").iterdir())]
    assert sorted(re.findall(r"components/([\w-]+)", str(block["components"]))) == components
    assert block["images"][0]["name"] == "maxtac-render"


def test_links_and_commands_lead_somewhere() -> None:
    """To files, and to tests."""
    for link in re.findall(r"\]\(((?!https:)[^)]+)\)", README):
        assert (DEPLOY / link).exists(), link
    blocks = re.findall(r"^```sh\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    for command in (line for block in blocks for line in block.splitlines()):
        (place,) = [place for known, place in COMMANDS.items() if command.startswith(known)]
        assert (PROJECT / place).exists(), place
