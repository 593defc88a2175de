"""The jobs of the GitLab template do as their variables say, and take them for data."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pytest
import yaml
from ci_jobs import CI, HOSTILE, PROJECT, files, install, install_recorders, pwned, recorded, workspace

TEMPLATE = CI / "gitlab" / "maxtac.gitlab-ci.yml"
JOBS: dict[str, Any] = yaml.safe_load(TEMPLATE.read_text())
EXAMPLE: dict[str, Any] = yaml.safe_load((CI / "gitlab" / "example.gitlab-ci.yml").read_text())
SHELLS = {"bash": ("bash", "-eo", "pipefail"), "sh": ("sh", "-e")}
CODE_QUALITY, JUNIT = "gl-code-quality-report.json", "maxtac-junit.xml"


class Done(NamedTuple):
    """What a job left: its exit code and its log."""

    code: int
    log: str


class Runner:
    """A GitLab runner with a workspace and one of the shells that images have; an image may have maxtac."""

    def __init__(self, place: Path, shell: str) -> None:
        self.place, self._shell = place, SHELLS[shell]
        self.image = place.parent / "image"

    def run(self, job: str, **variables: str) -> Done:
        """Run before_script and script of a job in one shell."""
        definition = JOBS[".maxtac"] | JOBS[job]
        script = "\n".join((*definition["before_script"], *definition["script"]))
        environment = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        environment |= {"PATH": f"{self.image}:{os.environ['PATH']}", "HOME": os.environ.get("HOME", "/"), **variables}
        done = subprocess.run(
            [*self._shell, "-c", script],
            cwd=self.place,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=300,
        )
        return Done(done.returncode, done.stdout)


@pytest.fixture(params=SHELLS)
def runner(tmp_path: Path, request: pytest.FixtureRequest) -> Runner:
    """A runner whose image has maxtac."""
    made = Runner(workspace(tmp_path, "shop", "mistake", "tests"), request.param)
    install(made.image)
    return made


@pytest.fixture(params=SHELLS)
def recording(tmp_path: Path, request: pytest.FixtureRequest) -> Runner:
    """A runner with programs that only write down what they are called with."""
    made = Runner(workspace(tmp_path, "shop"), request.param)
    install_recorders(made.image, tmp_path / "record")
    return made


def test_a_finding_fails_the_job_and_stands_in_its_reports(runner: Runner) -> None:
    """The text stands in the log, the findings in both reports."""
    done = runner.run(".maxtac-check", MAXTAC_SOURCES="mistake")
    assert done.code == 1
    assert "error[missing-target]: target shop/wbe not found" in done.log
    issues = json.loads((runner.place / CODE_QUALITY).read_text())
    assert {issue["check_name"] for issue in issues} == {"missing-target", "unknown-field"}
    assert ElementTree.parse(runner.place / JUNIT).getroot().get("failures") == "1"  # noqa: S314 - of this program


def test_clean_intents_pass_with_empty_reports(runner: Runner) -> None:
    """An empty list is what GitLab takes for clean."""
    assert runner.run(".maxtac-check", MAXTAC_SOURCES="shop").code == 0
    assert json.loads((runner.place / CODE_QUALITY).read_text()) == []


def test_the_reports_that_are_written_are_those_that_gitlab_gets() -> None:
    """Also of a job that failed."""
    artifacts = JOBS[".maxtac-check"]["artifacts"]
    assert artifacts["when"] == "always"
    assert artifacts["reports"] == {"codequality": CODE_QUALITY, "junit": JUNIT}


def test_options_are_separated_by_blanks(runner: Runner) -> None:
    """An option is as short as on the command line."""
    lowered = "--severity missing-target=warning  --severity=unknown-field=warning"
    assert runner.run(".maxtac-check", MAXTAC_SOURCES="mistake", MAXTAC_ARGS=lowered).code == 0


def test_sources_are_one_a_line_and_may_have_blanks(runner: Runner) -> None:
    """Every line is one path as it stands; what one lacks is in the other."""
    (runner.place / "our services").mkdir()
    (runner.place / "shop/services.yaml").rename(runner.place / "our services/services.yaml")
    assert runner.run(".maxtac-check", MAXTAC_SOURCES="shop").code == 1
    assert runner.run(".maxtac-check", MAXTAC_SOURCES="shop\n\nour services\n").code == 0


def test_without_variables_everything_is_read(runner: Runner) -> None:
    """The whole project is checked."""
    assert runner.run(".maxtac-check").code == 1


def test_stale_policies_fail_and_fresh_ones_pass(runner: Runner) -> None:
    """The differences stand in the log, and nothing is written."""
    variables = {"MAXTAC_SOURCES": "shop", "MAXTAC_OUTPUT_DIR": "our policies"}
    stale = runner.run(".maxtac-render-check", **variables)
    assert stale.code == 1
    assert "+kind: NetworkPolicy" in stale.log
    assert not (runner.place / "our policies").exists()
    render = [str(runner.image / "maxtac"), "render", "shop", "--output-dir", "our policies"]
    subprocess.run(render, cwd=runner.place, check=True)
    assert runner.run(".maxtac-render-check", **variables).code == 0


def test_a_merge_request_is_told_and_fails_on_what_is_asked_for(runner: Runner) -> None:
    """The note is written in any case; nothing is asked for by default."""
    for words in ("init -q", "add .", "-c user.name=a -c user.email=a@b commit -qm all"):
        subprocess.run(["git", *words.split()], cwd=runner.place, check=True)
    access = runner.place / "shop/access.yaml"
    access.write_text(access.read_text().replace("direction: ingress", "direction: all"))
    variables = {"MAXTAC_SOURCES": "shop", "CI_MERGE_REQUEST_DIFF_BASE_SHA": "HEAD"}
    assert runner.run(".maxtac-diff", **variables).code == 0
    assert "1 connection closed" in (runner.place / "maxtac-diff.md").read_text()
    issues = json.loads((runner.place / CODE_QUALITY).read_text())
    assert "connection-closed" in {issue["check_name"] for issue in issues}
    assert runner.run(".maxtac-diff", **variables, MAXTAC_GATE="opened").code == 0
    assert runner.run(".maxtac-diff", **variables, MAXTAC_GATE="closed").code == 1
    assert runner.run(".maxtac-diff", **variables, MAXTAC_AGAINST="no-such-commit").code == 2
    assert runner.run(".maxtac-diff", CI_MERGE_REQUEST_DIFF_BASE_SHA="HEAD", MAXTAC_ARGS="--exclude mistake").code == 0


def test_what_cannot_run_fails(runner: Runner) -> None:
    """A missing directory, a missing variable and a missing program are never a pass."""
    assert runner.run(".maxtac-check", MAXTAC_SOURCES="nowhere").code == 2
    assert runner.run(".maxtac-render-check", MAXTAC_SOURCES="shop").code == 2
    (runner.image / "maxtac").unlink()
    assert runner.run(".maxtac-check", MAXTAC_SOURCES="shop", PATH="/usr/bin:/bin").code == 127


def test_a_test_that_fails_fails_the_job_and_all_stand_in_the_report(runner: Runner) -> None:
    """Those that pass too; the tests lie where nobody has to say, or in several places."""
    done = runner.run(".maxtac-test", MAXTAC_SOURCES="shop")
    assert (done.code, "FAIL  the ledger calls nobody outside" in done.log) == (1, True)
    suite = ElementTree.parse(runner.place / JUNIT).getroot()  # noqa: S314 - of this program
    assert (suite.get("tests"), suite.get("failures")) == ("3", "1")
    (runner.place / "our tests").mkdir()
    text = (runner.place / "tests/shop.yaml").read_text()
    (runner.place / "our tests/shop.yaml").write_text(text.partition("    - name: the ledger")[0])
    assert runner.run(".maxtac-test", MAXTAC_SOURCES="shop", MAXTAC_TESTS="our tests\n").code == 0
    assert runner.run(".maxtac-test", MAXTAC_SOURCES="shop", MAXTAC_TESTS="our tests\ntests").code == 1
    assert runner.run(".maxtac-test", MAXTAC_SOURCES="shop", MAXTAC_TESTS="nowhere").code == 2
    assert JOBS[".maxtac-test"]["artifacts"]["reports"] == {"junit": JUNIT}


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("name", ["MAXTAC_SOURCES", "MAXTAC_ARGS", "MAXTAC_TESTS"])
def test_no_variable_of_a_test_is_more_than_data(recording: Runner, name: str, value: str) -> None:
    """As for the other jobs; what is tested comes as an option."""
    assert recording.run(".maxtac-test", **{"MAXTAC_SOURCES": "shop", name: value}).code == 0
    assert not pwned(files(recording.place.parent))
    lines = list(filter(None, value.split("\n")))
    ways = {
        "MAXTAC_SOURCES": [*(f"--source={line}" for line in lines), "--", "tests/"],
        "MAXTAC_ARGS": [f"junit={JUNIT}", *value.split(), "--source=shop", "--", "tests/"],
        "MAXTAC_TESTS": ["--source=shop", "--", *lines],
    }
    call = recorded(recording.place.parent / "record")
    assert call[-len(ways[name]) :] == ways[name]


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize(
    "name", ["MAXTAC_SOURCES", "MAXTAC_ARGS", "MAXTAC_OUTPUT_DIR", "MAXTAC_AGAINST", "MAXTAC_GATE"]
)
def test_no_variable_is_more_than_data(recording: Runner, name: str, value: str) -> None:
    """Every variable comes to the program to the letter, and is not run or expanded."""
    others = {
        "MAXTAC_OUTPUT_DIR": ".maxtac-render-check",
        "MAXTAC_AGAINST": ".maxtac-diff",
        "MAXTAC_GATE": ".maxtac-diff",
    }
    job = others.get(name, ".maxtac-check")
    assert recording.run(job, **{"MAXTAC_SOURCES": "shop", name: value}).code == 0
    assert not pwned(files(recording.place.parent))
    ways = {
        "MAXTAC_SOURCES": ["--", *filter(None, value.split("\n"))],
        "MAXTAC_ARGS": [f"junit={JUNIT}", *value.split(), "--", "shop"],
        "MAXTAC_OUTPUT_DIR": ["--output-dir", value, "--", "shop"],
        "MAXTAC_AGAINST": [f"git:{value}:./shop", "--", "shop"],
        "MAXTAC_GATE": ["git::./shop", "--", "shop"],
    }
    call = recorded(recording.place.parent / "record")
    assert call[-len(ways[name]) :] == ways[name]
    assert name != "MAXTAC_GATE" or call[:3] == ["diff", "--gate", value]


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_what_to_install_is_one_word_and_no_option(recording: Runner, value: str) -> None:
    """The package installer gets it to the letter, behind the end of its options."""
    (recording.image / "maxtac").write_text("#!/bin/sh\n")
    assert recording.run(".maxtac-check", MAXTAC_INSTALL=value).code == 0
    assert recorded(recording.place.parent / "record")[-2:] == ["--", value]
    assert not pwned(files(recording.place.parent))


@pytest.mark.real
def test_what_cannot_be_installed_ends_the_job(tmp_path: Path) -> None:
    """An option is no package, and the image's own maxtac does not run in its stead."""
    runner = Runner(workspace(tmp_path, "shop"), "sh")
    install(runner.image)
    assert runner.run(".maxtac-check", MAXTAC_INSTALL="--help").code == 1
    assert files(runner.place) == {"shop/access.yaml", "shop/services.yaml"}


@pytest.mark.real
def test_what_is_installed_is_what_runs(tmp_path: Path) -> None:
    """An image with Python and nothing else is enough."""
    runner = Runner(workspace(tmp_path, "shop"), "sh")
    done = runner.run(".maxtac-check", MAXTAC_INSTALL=str(PROJECT))
    assert done.code == 0, done.log


def test_the_template_starts_no_job_by_itself() -> None:
    """Whoever includes it extends what is wanted."""
    assert all(name.startswith(".") for name in JOBS)


def test_the_variables_that_are_listed_are_those_that_are_read() -> None:
    """The list at the top is complete."""
    text = TEMPLATE.read_text()
    listed = set(re.findall(r"^#   (MAXTAC_\w+)", text, re.MULTILINE))
    assert listed == set(re.findall(r"\$\{?(MAXTAC_\w+)", text))


def test_the_example_extends_and_sets_what_there_is() -> None:
    """Every job extends one of the template, and every variable is one of it."""
    text = TEMPLATE.read_text()
    jobs = [job for name, job in EXAMPLE.items() if name not in ("include", "variables")]
    assert {job["extends"] for job in jobs} == JOBS.keys() - {".maxtac"}
    variables = {name for part in (EXAMPLE, *jobs) for name in part.get("variables", {})}
    assert all(f"#   {name} " in text for name in variables)
