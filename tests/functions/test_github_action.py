"""The composite action does as its inputs say, and takes them for data."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from ci_jobs import HOSTILE, PWNED, files, install, install_recorders, pwned, recorded, workspace
from github_job import ACTION, FOLDER, STEPS, Job, obeyed

PROGRAM = "maxtac-render/bin/maxtac"
PINNED = re.compile(r"[\w-]+/[\w/-]+@[0-9a-f]{40}")


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A job whose Install step has run."""
    made = Job(workspace(tmp_path, "shop", "mistake", "tests"))
    install((made.temporary / PROGRAM).parent)
    return made


@pytest.fixture
def recording(tmp_path: Path) -> Job:
    """A job in which programs only write down what they are called with."""
    made = Job(workspace(tmp_path, "shop"))
    install_recorders((made.temporary / PROGRAM).parent, tmp_path / "record")
    install_recorders(made.tools, tmp_path / "record")
    return made


def rules(job: Job, name: str) -> list[str]:
    """The ids of the findings in a SARIF file."""
    (run,) = json.loads((job.place / name).read_text())["runs"]
    return [result["ruleId"] for result in run["results"]]


def render(job: Job) -> None:
    """Write the policies of shop into the directory policies."""
    command = [str(job.temporary / PROGRAM), "render", "shop", "--output-dir", "policies"]
    subprocess.run(command, cwd=job.place, check=True)


def test_a_finding_fails_the_step_and_stands_in_the_sarif_file(job: Job) -> None:
    """The exit code is that of the program, the reports are written, and the outputs say where."""
    done = job.run("Run", sources="mistake")
    assert done.code == 1
    assert set(rules(job, "maxtac.sarif")) == {"missing-target", "unknown-field"}
    assert done.outputs == {"exit-code": "1", "sarif": "maxtac.sarif"}
    assert "### maxtac: 2 errors" in done.summary


def test_a_finding_is_an_annotation_and_text_in_the_log(job: Job) -> None:
    """People read the text with its excerpt, GitHub the commands."""
    done = job.run("Run", sources="mistake")
    assert "error[missing-target]: target shop/wbe not found" in done.log
    commands = obeyed(done.log)
    assert len(commands) == 2
    assert all(command.startswith("::error file=mistake/access.yaml,line=1") for command in commands)


def test_clean_intents_pass_with_a_sarif_file_without_results(job: Job) -> None:
    """Code scanning closes the alerts of earlier runs when it gets an empty list."""
    done = job.run("Run", sources="shop")
    assert (done.code, rules(job, "maxtac.sarif"), obeyed(done.log)) == (0, [], [])
    assert done.outputs == {"exit-code": "0", "sarif": "maxtac.sarif"}


def test_without_a_sarif_file_none_is_written(job: Job) -> None:
    """The output is empty then, so that a condition can ask for it."""
    done = job.run("Run", sources="shop", sarif="")
    assert done.outputs == {"exit-code": "0"}
    assert not [name for name in files(job.place) if "sarif" in name]


def test_options_are_separated_by_blanks_and_lines(job: Job) -> None:
    """Options that lower findings let the step pass; --fail-on makes it fail again."""
    lowered = "--severity missing-target=warning\n--severity=unknown-field=warning --verbose\n"
    assert job.run("Run", sources="mistake", args=lowered).code == 0
    assert job.run("Run", sources="mistake", args=lowered, fail_on="warning").code == 1
    assert job.run("Run", sources="mistake", fail_on="never").code == 0


def test_sources_are_one_a_line_and_may_have_blanks(job: Job) -> None:
    """Every line is one path as it stands; what one lacks is in the other."""
    (job.place / "our services").mkdir()
    (job.place / "shop/services.yaml").rename(job.place / "our services/services.yaml")
    assert job.run("Run", sources="shop").code == 1
    assert job.run("Run", sources="shop\n\nour services\n").code == 0


def test_without_sources_the_workspace_is_read(job: Job) -> None:
    """A workflow without inputs checks everything."""
    assert job.run("Run").code == 1


def test_stale_policies_fail_and_nothing_is_written(job: Job) -> None:
    """The differences stand in the log, and one annotation says where to look."""
    done = job.run("Run", command="render", sources="shop", output_dir="policies")
    assert done.code == 1
    assert "+kind: NetworkPolicy" in done.log
    assert obeyed(done.log) == ["::error title=maxtac::exit code 1; the log says why"]
    assert not (job.place / "policies").exists()


def test_policies_that_are_up_to_date_pass(job: Job) -> None:
    """What the program writes is what the step wants."""
    render(job)
    done = job.run("Run", command="render", sources="shop", output_dir="policies")
    assert (done.code, obeyed(done.log)) == (0, [])


@pytest.fixture
def changed(job: Job) -> Job:
    """A job in whose workspace, a commit ago, an access had another target."""
    for words in ("init -q", "add .", "-c user.name=a -c user.email=a@b commit -qm all"):
        subprocess.run(["git", *words.split()], cwd=job.place, check=True)
    access = job.place / "shop/access.yaml"
    access.write_text(access.read_text().replace("direction: ingress", "direction: all"))
    return job


def test_a_change_is_told_in_a_comment_and_in_the_summary(changed: Job) -> None:
    """The file of the output holds the Markdown, the log shows it, and the differences are annotations."""
    done = changed.run("Run", command="diff", sources="shop", against="HEAD", sarif="")
    assert done.code == 0
    comment = Path(done.outputs["comment"]).read_text()
    assert comment.startswith("<!-- maxtac-render diff -->\n### maxtac diff: 1 connection closed, 1 with other ports")
    assert comment in done.log
    assert comment in done.summary
    assert any("title=maxtac%3A connection-closed::" in command for command in obeyed(done.log))


@pytest.mark.parametrize(("gate", "code"), [("opened", 0), ("opened,closed", 1), ("any", 1), ("nothing", 2)])
def test_the_gate_decides_whether_a_change_fails(changed: Job, gate: str, code: int) -> None:
    """The comment is there all the same, but for what could not run."""
    done = changed.run("Run", command="diff", sources="shop", against="HEAD", gate=gate)
    assert (done.code, "comment" in done.outputs) == (code, code < 2)


def test_without_a_source_the_whole_workspace_is_compared(changed: Job) -> None:
    """Errors in it are told."""
    assert changed.run("Run", command="diff", against="HEAD", args="--exclude mistake").code == 0
    assert changed.run("Run", command="diff", against="HEAD").code == 2
    assert changed.run("Run", command="diff", against="HEAD", sources="shop\nmistake").code == 2


@pytest.mark.parametrize(
    "inputs",
    [
        {"sources": "nowhere"},
        {"command": "diff"},
        {"command": "diff", "against": "no-such-commit"},
        {"fail_on": "sometimes"},
        {"args": "--no-such-option"},
        {"command": "render"},
        {"command": "apply"},
        {"command": "check; true"},
    ],
    ids=str,
)
def test_what_cannot_run_is_code_2_and_an_annotation(job: Job, inputs: dict[str, str]) -> None:
    """A pipeline never passes because a word is wrong, and no SARIF file is promised.

    The runner reads standard error beside standard output: what stood there could slip past the stop of commands.
    """
    done = job.run("Run", **inputs)
    assert (done.code, done.errors) == (2, "")
    assert "sarif" not in done.outputs
    assert [command.split("::")[1] for command in obeyed(done.log)] == ["error title=maxtac"]


def test_a_test_that_fails_is_an_annotation_beside_it(job: Job) -> None:
    """Tests lie where nobody has to say, or in several places; the summary counts them."""
    done = job.run("Run", command="test", sources="shop", sarif="")
    assert done.code == 1
    (command,) = obeyed(done.log)
    assert command.startswith("::error file=tests/shop.yaml,line=15")
    assert "3 tests checked." in done.summary
    (job.place / "our tests").mkdir()
    text = (job.place / "tests/shop.yaml").read_text()
    (job.place / "our tests/shop.yaml").write_text(text.partition("    - name: the ledger")[0])
    assert job.run("Run", command="test", sources="shop", tests="our tests").code == 0
    assert job.run("Run", command="test", sources="shop", tests="our tests\ntests\n").code == 1


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("name", ["sources", "tests", "args"])
def test_no_input_of_a_test_is_more_than_data(recording: Job, name: str, value: str) -> None:
    """As for the other commands; what is tested comes as an option."""
    done = recording.run("Run", **{"command": "test", "sources": "shop", name: value})
    assert (done.code, pwned(files(recording.place.parent))) == (0, False)
    lines = list(filter(None, value.split("\n")))
    ways = {
        "sources": [*(f"--source={line}" for line in lines), "--", "tests/"],
        "tests": ["--source=shop", "--", *lines],
        "args": [*value.split(), "--source=shop", "--", "tests/"],
    }
    assert is_part(ways[name], recorded(recording.place.parent / "record"))


def test_files_give_the_runner_no_commands(job: Job) -> None:
    """The log shows the lines of files, and what looks like a command in them is none."""
    render(job)
    (policy,) = (job.place / "policies").rglob("*.yaml")
    policy.write_text(policy.read_text() + "##[add-mask]shop\n::add-mask::shop\n")
    done = job.run("Run", command="render", sources="shop", output_dir="policies")
    assert "##[add-mask]shop" in done.log
    assert obeyed(done.log) == ["::error title=maxtac::exit code 1; the log says why"]


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("name", ["command", "sources", "output_dir", "against", "gate", "args", "fail_on", "sarif"])
def test_no_input_is_more_than_data(recording: Job, name: str, value: str) -> None:
    """Every input comes to the program to the letter, and is not run, expanded, obeyed or taken for an output."""
    command = {"output_dir": "render", "against": "diff", "gate": "diff"}.get(name, "check")
    inputs = {"command": command}
    done = recording.run("Run", **{"sources": "shop", **inputs, name: value})
    assert not pwned(files(recording.place.parent))
    assert all(command.startswith("::error title=maxtac::") for command in obeyed(done.log))
    if name == "command":
        assert (done.code, done.outputs) == (2, {})
        return
    sarif = value if name == "sarif" else "maxtac.sarif"
    comment = {key: text for key, text in done.outputs.items() if command == "diff" and key == "comment"}
    assert (done.code, done.outputs) == (0, {"exit-code": "0", "sarif": sarif, **comment})
    call = recorded(recording.place.parent / "record")
    ways = {
        "sources": ["--", *filter(None, value.split("\n"))],
        "output_dir": ["--check", "--output-dir", value, "--report"],
        "against": ["--", f"git:{value}:./shop", "shop"],
        "gate": ["--gate", value, "--report"],
        "args": [f"sarif={sarif}", *value.split(), "--", "shop"],
        "fail_on": ["--fail-on", value, "--", "shop"],
        "sarif": ["--report", f"sarif={value}", "--", "shop"],
    }
    assert is_part(ways[name], call)


def is_part(part: list[str], whole: list[str]) -> bool:
    """Whether words stand together in others."""
    return any(whole[start : start + len(part)] == part for start in range(len(whole)))


@pytest.mark.parametrize("value", [HOSTILE["substitution"], HOSTILE["single-quote"], HOSTILE["command"]])
def test_the_program_takes_hostile_inputs_for_data_too(job: Job, value: str) -> None:
    """What the program says about an input it does not know is obeyed by nobody."""
    done = job.run("Run", sources=value, args=value, sarif=value)
    assert done.code == 2
    assert not pwned(files(job.place.parent))
    assert obeyed(done.log) == ["::error title=maxtac::exit code 2; the log says why"]


def test_a_sarif_file_may_have_any_name(job: Job) -> None:
    """The output is the name, to the letter."""
    name = f"our $(touch {PWNED})\n'report'.sarif"
    done = job.run("Run", sources="shop", sarif=name)
    assert (done.code, done.outputs["sarif"], rules(job, name)) == (0, name, [])


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_what_to_install_is_one_word_and_no_option(recording: Job, value: str) -> None:
    """The package installer gets it to the letter, behind the end of its options."""
    assert recording.run("Install", install=value).code == 0
    assert recorded(recording.place.parent / "record")[-2:] == ["--", value]
    assert not pwned(files(recording.place.parent))


@pytest.mark.real
def test_the_project_of_the_action_is_installed(tmp_path: Path) -> None:
    """Both steps after one another, with nothing but their defaults."""
    job = Job(workspace(tmp_path, "shop"))
    installed = job.run("Install")
    assert installed.code == 0, installed.errors
    done = job.run("Run")
    assert done.code == 0, done.log
    assert rules(job, "maxtac.sarif") == []


def test_no_expression_stands_in_a_script() -> None:
    """GitHub puts the value of an expression into the text, where a shell would read it."""
    for step in STEPS.values():
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"


def test_every_input_and_output_says_what_it_is() -> None:
    """Descriptions are sentences for the marketplace and for editors; an input without a default is a surprise."""
    assert all("default" in value for value in ACTION["inputs"].values())
    for value in (*ACTION["inputs"].values(), *ACTION["outputs"].values()):
        assert value["description"].endswith(".")


def test_every_input_is_used() -> None:
    """An input that no step takes would be ignored silently."""
    used = re.findall(r"inputs\.([\w-]+)", json.dumps(ACTION["runs"]))
    assert set(used) == ACTION["inputs"].keys()


def uses() -> list[str]:
    """The actions that the action and the example use."""
    example = yaml.safe_load((FOLDER / "example.yml").read_text())
    steps: list[dict[str, Any]] = [
        *ACTION["runs"]["steps"],
        *(s for job in example["jobs"].values() for s in job["steps"]),
    ]
    return [step["uses"] for step in steps if "uses" in step]


def test_foreign_actions_are_pinned_to_a_commit() -> None:
    """A tag can be moved to other code."""
    assert all(PINNED.fullmatch(name) for name in uses() if not name.startswith("<owner>/maxtac-render/"))


def test_the_example_gives_its_jobs_no_more_than_they_need() -> None:
    """The one that sends SARIF may write that, and the one that comments its comment; no token stays in a checkout."""
    example = yaml.safe_load((FOLDER / "example.yml").read_text())
    assert example["permissions"] == {}
    jobs = example["jobs"]
    assert jobs["policies"]["permissions"] == {"contents": "read"}
    assert jobs["check"]["permissions"] == {"contents": "read", "actions": "read", "security-events": "write"}
    assert jobs["changes"]["permissions"] == {"contents": "read", "pull-requests": "write"}
    assert all(job["steps"][0]["with"]["persist-credentials"] is False for job in jobs.values())


def test_the_example_fails_and_passes_as_it_says(job: Job) -> None:
    """The jobs of the example that need no pull request, with the inputs that stand there."""
    jobs = yaml.safe_load((FOLDER / "example.yml").read_text())["jobs"]
    (job.place / "shop").rename(job.place / "deploy")
    given = {name: step["with"] for name, value in jobs.items() for step in value["steps"] if "<owner>" in str(step)}
    inputs = {name: {key.replace("-", "_"): text for key, text in value.items()} for name, value in given.items()}
    assert job.run("Run", **inputs["check"]).code == 0
    stale = job.run("Run", **inputs["policies"])
    assert (stale.code, stale.outputs) == (1, {"exit-code": "1"})
