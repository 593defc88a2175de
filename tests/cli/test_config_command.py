"""``maxtac config``: the options that count, why, and as a document that says the same again."""

from __future__ import annotations

import contextlib
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from maxtac_render.cli import program
from maxtac_render.cli.render import command as render
from maxtac_render.model.configuration import API_VERSION, KIND, schema
from maxtac_render.model.diagnostics import CODES, SEVERITIES
from maxtac_render.model.options import SETTINGS, Options

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = f"apiVersion: {API_VERSION}\nkind: {KIND}\n"


def config(*arguments: str) -> str:
    """What the command prints."""
    ended = CliRunner().invoke(program.program, ["config", *arguments], prog_name="maxtac")
    assert (ended.exit_code, ended.stderr) == (0, "")
    return ended.stdout


def spec(*arguments: str) -> dict[str, Any]:
    """The options that it prints."""
    found: dict[str, Any] = json.loads(config(*arguments, "-o", "json"))["spec"]
    return found


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository, which is the working directory."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("repository")
def test_defaults() -> None:
    """Without flags and without a file every option has the model's default, and says so."""
    document = yaml.safe_load(config())
    assert (document["apiVersion"], document["kind"]) == (API_VERSION, KIND)
    assert list(document["spec"]) == [option.name for option in SETTINGS]
    for option in SETTINGS:
        default = Options._field_defaults[option.field]
        printed = document["spec"][option.name]
        assert printed == (list(default) if isinstance(default, tuple) else default) or (
            printed is None and not default
        )
    assert all(line.endswith("  # default") for line in config().splitlines()[3:] if not line.startswith("  - "))


def test_each_line_says_where_it_comes_from(repository: Path) -> None:
    """Behind an option stands the line of the file or the flag that set it, or that it is the default."""
    (repository / "maxtac.yaml").write_text(
        f"{HEAD}spec:\n  compat: controller\n  sources: [deploy]\n  baseline:\n  - dns\n"
        "  severity:\n    expired: error\n    missing-target: off\n"
    )
    page = config("--severity", "expired=info", "--severity", "no-ports=off", "--names", "short", "-n", "shop")
    assert page == (
        f"{HEAD}spec:\n"
        "  sources:  # maxtac.yaml:5\n"
        "  - deploy\n"
        "  namespace: shop  # --namespace\n"
        "  set: null  # default\n"
        "  compat: controller  # maxtac.yaml:4\n"
        "  names: short  # --names\n"
        "  annotations: override  # default\n"
        "  mirrorNamespaces: null  # default\n"
        "  baseline:  # maxtac.yaml:6\n"
        "  - dns\n"
        "  now: null  # default\n"
        "  anchor: null  # default\n"
        "  expired: isolate  # default\n"
        "  severity:\n"
        "    expired: info  # --severity\n"
        '    missing-target: "off"  # maxtac.yaml:10\n'
        '    no-ports: "off"  # --severity\n'
        "  exclude: []  # default\n"
        "  layout: policy  # default\n"
        "  intents: keep  # default\n"
        "  ipBlocks: pods  # default\n"
        "  hostNetwork: pod  # default\n"
        "  longNames: enforced  # default\n"
    )


def test_the_file_is_named_as_it_is_seen_from_here(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below the file's directory its path and its sources lead up."""
    (repository / "maxtac.yaml").write_text(f"{HEAD}spec:\n  sources: [deploy]\n")
    (repository / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(repository / "a" / "b")
    assert '  sources:  # ../../maxtac.yaml:4\n  - "../../deploy"\n' in config()


@pytest.mark.usefixtures("repository")
def test_sources_of_the_command_line() -> None:
    """SOURCEs are an option like others."""
    assert '  sources:  # command line\n  - "git:HEAD"\n  - "-"\n' in config("git:HEAD", "-")


@pytest.mark.usefixtures("repository")
def test_times_are_utc() -> None:
    """A moment is printed in one form; one that nobody gave is not printed, because it is another one each time."""
    assert spec("--now", "2027-01-31T12:00:00.5+02:00")["now"] == "2027-01-31T10:00:00.500000Z"
    assert spec()["now"] is None


@pytest.mark.usefixtures("repository")
def test_an_empty_list_is_not_null() -> None:
    """Mirrors in no namespace are something else than mirrors in every one."""
    assert spec("--mirror-namespaces", "")["mirrorNamespaces"] == []
    assert "  mirrorNamespaces: []  # --mirror-namespaces\n" in config("--mirror-namespaces", "")


def test_no_config(repository: Path) -> None:
    """Without the file it is as if there were none."""
    (repository / "maxtac.yaml").write_text(f"{HEAD}spec: {{set: a}}\n")
    assert (spec()["set"], spec("--no-config")["set"]) == ("a", None)


def test_a_wrong_file_is_wrong_here_too(repository: Path) -> None:
    """What cannot be used is not printed."""
    (repository / "maxtac.yaml").write_text(f"{HEAD}spec: {{sett: a}}\n")
    ended = CliRunner().invoke(program.program, ["config"])
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "error[unknown-field]" in ended.stderr


def test_it_takes_the_flags_of_render() -> None:
    """Every flag that sets an option for render sets it here."""
    command = program.program.get_command(program.program.make_context("maxtac", [], resilient_parsing=True), "config")
    assert command is not None
    known = {name for parameter in command.params for name in parameter.opts}
    asked = {name for parameter in render.params for name in parameter.opts}
    reached = {"--context", "--kubeconfig", "--request-timeout"}
    assert asked - known <= {"--output-dir", "--check", "--passthrough", "--report"} | reached


NAMES = st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?|no|on|y|null|1|0x1|1e3", fullmatch=True)
TIMES = st.sampled_from(["2027-01-31T12:00:00Z", "2027-01-31T12:00:00.25+02:00"])
PATHS = st.text("aé./- :#'\"\\\n\t*[]{}&!%@`,", min_size=1, max_size=8).filter(lambda text: bool(text.strip()))
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "sources": st.lists(PATHS, max_size=3),
    "namespace": NAMES,
    "set": NAMES,
    "mirrorNamespaces": st.lists(NAMES, max_size=3),
    "baseline": st.lists(st.just("dns"), max_size=2),
    "now": TIMES,
    "anchor": TIMES | st.just("git"),
    "severity": st.dictionaries(st.sampled_from(list(CODES)), st.sampled_from(list(SEVERITIES)), max_size=3),
    "exclude": st.lists(PATHS.filter(lambda text: "[" not in text), max_size=3),
    **{option.name: st.sampled_from(option.choices) for option in SETTINGS if option.choices and not option.repeatable},
}


@contextlib.contextmanager
def working_directory() -> Iterator[Path]:
    """An empty directory, to work in."""
    with tempfile.TemporaryDirectory() as directory, contextlib.chdir(directory):
        yield Path(directory)


@settings(max_examples=60, deadline=None)
@given(st.fixed_dictionaries({}, optional=VALUES))
def test_the_output_is_input(wanted: dict[str, Any]) -> None:
    """What is printed is a valid configuration, says all that was said, and is printed from itself unchanged."""
    with working_directory() as directory:
        file = directory / "maxtac.yaml"
        file.write_text(json.dumps({"apiVersion": API_VERSION, "kind": KIND, "spec": wanted}), encoding="utf-8")
        options, page = spec(), config()
        for name, value in wanted.items():
            if name not in ("now", "baseline", "mirrorNamespaces", "sources", "exclude"):
                assert options[name] == value
        file.write_text(page, encoding="utf-8")
        assert spec() == options
        again = config()
        file.write_text(again, encoding="utf-8")
        assert config() == again
        assert yaml.safe_load(again)["spec"] == options


@pytest.mark.usefixtures("repository")
def test_the_output_fits_the_schema() -> None:
    """An editor that knows the schema has nothing to say about it."""
    validators = pytest.importorskip("jsonschema")
    validators.validate(yaml.safe_load(config()), schema())
    validators.validate(json.loads(config("-o", "json")), schema())
