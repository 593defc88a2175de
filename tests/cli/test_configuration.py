"""``maxtac.yaml``: where it is found, what it says, what is wrong with it, and what it counts beside flags."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from maxtac_render.cli import config, configuration, parameters, program, values
from maxtac_render.cli.render import command
from maxtac_render.model.configuration import API_VERSION, KIND, schema
from maxtac_render.model.diagnostics import CODES, SEVERITIES, Code, Report, Severity
from maxtac_render.model.errors import SourceFault
from maxtac_render.model.options import LABEL, NAMESPACE, SETTINGS, Option, Options
from maxtac_render.reports import text

if TYPE_CHECKING:
    from click.testing import Result

HEAD = f"apiVersion: {API_VERSION}\nkind: {KIND}\n"
SCHEMA = Path(__file__).parents[2] / "schemas" / "configuration.json"


def spec(body: str) -> str:
    """A configuration with these lines in its spec, the first of them on line 4."""
    return f"{HEAD}spec:\n" + "".join(f"  {line}\n" for line in body.splitlines())


def said(content: str, path: str = "maxtac.yaml") -> dict[str, Any]:
    """The values of a configuration that is in order."""
    report = Report()
    found = configuration.read(content.encode(), path, report)
    assert [diagnostic.message for diagnostic in report.sorted()] == []
    assert found is not None
    return dict(found.values)


def findings(content: str | bytes) -> list[str]:
    """What is found in a configuration: place, id and message."""
    report = Report()
    configuration.read(content if isinstance(content, bytes) else content.encode(), "maxtac.yaml", report)
    places = [(diagnostic, diagnostic.place) for diagnostic in report.sorted()]
    return [f"{place.line}:{place.column} {found.code.id} {found.message}" for found, place in places]


def shown(content: str) -> str:
    """What is printed about a configuration."""
    report = Report()
    configuration.read(content.encode(), "maxtac.yaml", report)
    return "".join(text.render(report.sorted()))


def maxtac(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(program.program, arguments, input=stdin, prog_name="maxtac")


def options(*arguments: str) -> Options:
    """The options that ``maxtac render`` has with these arguments, in the working directory."""
    context = command.make_context("render", list(arguments))
    with context:
        completed = configuration.complete(context.params, configuration.load(context.params))
        return parameters.options(completed)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a directory, which is the working directory."""
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    (tmp_path / "repository" / "deploy").mkdir()
    monkeypatch.chdir(tmp_path / "repository" / "deploy")
    return tmp_path / "repository"


# Where it is found


@pytest.mark.parametrize(
    ("places", "found"),
    [
        ((), None),
        (("repository/deploy",), "maxtac.yaml"),
        (("repository",), "../maxtac.yaml"),
        (("repository", "repository/deploy"), "maxtac.yaml"),
        (("",), None),
    ],
)
def test_the_nearest_one_in_the_repository_is_found(repository: Path, places: tuple[str, ...], found: str) -> None:
    """The search goes up to the root of the repository, and what lies above that is not used."""
    for place in places:
        (repository.parent / place / "maxtac.yaml").write_text(HEAD)
    assert configuration.find() == found


def test_a_repository_within_a_repository_is_one_of_its_own(repository: Path) -> None:
    """A submodule or a worktree, whose .git is a file, does not take the options of what is around it."""
    (repository / "maxtac.yaml").write_text(HEAD)
    (repository / "deploy" / ".git").write_text("gitdir: elsewhere\n")
    assert configuration.find() is None


def test_outside_of_a_repository_only_the_working_directory_counts(repository: Path) -> None:
    """Nobody else's file in a shared directory above sets our options."""
    (repository / ".git").rmdir()
    (repository / "maxtac.yaml").write_text(HEAD)
    assert configuration.find() is None
    (repository / "deploy" / "maxtac.yaml").write_text(HEAD)
    assert configuration.find() == "maxtac.yaml"


def test_a_directory_of_that_name_is_passed_over(repository: Path) -> None:
    """Only a file can be a configuration."""
    (repository / "deploy" / "maxtac.yaml").mkdir()
    (repository / "maxtac.yaml").write_text(HEAD)
    assert configuration.find() == "../maxtac.yaml"


def test_a_link_may_stay_in_the_repository_and_not_leave_it(repository: Path) -> None:
    """A link to a file elsewhere is refused and not passed over: somebody meant it to count."""
    (repository / "options.yaml").write_text(HEAD)
    (repository / "maxtac.yaml").symlink_to("options.yaml")
    assert configuration.find() == "../maxtac.yaml"
    (repository.parent / "secret.yaml").write_text("password: hunter2\n")
    (repository / "deploy" / "maxtac.yaml").symlink_to("../../secret.yaml")
    with pytest.raises(SourceFault, match="leads out of"):
        configuration.find()
    ended = maxtac("render")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "hunter2" not in ended.stderr


def test_a_working_directory_that_is_gone_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources may be named absolutely where there is nothing to stand on."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert configuration.find() is None


# What it says


@pytest.mark.parametrize(
    ("body", "field", "value"),
    [
        ("namespace: shop", "namespace", "shop"),
        ("set: prod.eu_1", "set", "prod.eu_1"),
        ("compat: controller", "compat", "controller"),
        ("names: short", "names", "short"),
        ("annotations: narrow", "annotations", "narrow"),
        ("expired: remove", "expired", "remove"),
        ("mirrorNamespaces: [b, a, b]", "mirror_namespaces", ("b", "a")),
        ("mirrorNamespaces: []", "mirror_namespaces", ()),
        ("baseline: [dns]", "baseline", ("dns",)),
        ("now: 2027-01-31T12:00:00+02:00", "now", datetime(2027, 1, 31, 10, tzinfo=UTC)),
        ("anchor: git", "anchor", "git"),
        ("exclude: [a/**, /b]", "exclude", ("a/**", "/b")),
        ("layout: single", "layout", "single"),
        ("sources: [deploy, 'git:HEAD:x', '-']", "sources", ("deploy", "git:HEAD:x", "-")),
        ("severity: {expired: error}", "severity", {Code.EXPIRED: Severity.ERROR}),
        ("severity: {expired: off, expiring: 'off'}", "severity", dict.fromkeys((Code.EXPIRED, Code.EXPIRING), 0)),
        ("severity: {expired: null}", "severity", {}),
    ],
)
def test_every_option_can_be_set(body: str, field: str, value: object) -> None:
    """Each option is read under its own name, with the meaning that its flag has."""
    assert said(spec(body)) == {field: value}


@pytest.mark.parametrize("option", SETTINGS, ids=lambda option: option.name)
def test_null_sets_nothing(option: Option) -> None:
    """As everywhere in Kubernetes, null is as good as not there."""
    assert said(spec(f"{option.name}: null")) == {}


@pytest.mark.parametrize(
    "content",
    [
        HEAD,
        f"{HEAD}spec:\n",
        f"{HEAD}spec: {{}}\n",
        f"---\n# nothing\n---\n{HEAD}---\n",
        f"{HEAD}metadata: {{name: a, namespace: b, labels: {{c: d}}, annotations: {{e: f}}}}\n",
        json.dumps({"apiVersion": API_VERSION, "kind": KIND, "spec": {}}),
    ],
)
def test_a_configuration_may_say_nothing(content: str) -> None:
    """A spec is not needed, metadata is for others, empty documents around it are none, and JSON is YAML."""
    assert said(content) == {}


def test_it_may_begin_with_a_byte_order_mark() -> None:
    """What an editor of another system writes is read."""
    assert configuration.read(f"\ufeff{HEAD}".encode("utf-16-le"), "maxtac.yaml", Report()) is not None


@pytest.mark.parametrize(
    ("file", "source", "named"),
    [
        ("maxtac.yaml", "deploy", "deploy"),
        ("maxtac.yaml", ".", "."),
        ("../maxtac.yaml", "deploy", "../deploy"),
        ("../maxtac.yaml", ".", "../"),
        ("ci/options.yaml", "../deploy", "ci/../deploy"),
        ("/etc/maxtac.yaml", "deploy", "/etc/deploy"),
        ("../maxtac.yaml", "/deploy", "/deploy"),
        ("../maxtac.yaml", "-", "-"),
        ("../maxtac.yaml", "git:HEAD:deploy", "git:HEAD:deploy"),
        ("../maxtac.yaml", "live:", "live:"),
        ("../maxtac.yaml", "live:prod", "live:prod"),
        ("../maxtac.yaml", "./git:HEAD", ".././git:HEAD"),
    ],
)
def test_paths_are_relative_to_the_file(file: str, source: str, named: str) -> None:
    """A path means the same from whatever directory the command is run; other sources are as they are."""
    assert said(spec(f"sources: [{json.dumps(source)}]"), file) == {"sources": (named,)}


def test_nothing_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dollar sign is a dollar sign."""
    monkeypatch.setenv("SECRET", "hunter2")
    assert said(spec("exclude: [$SECRET, '${SECRET}', ~]".replace("~", "'~'"))) == {
        "exclude": ("$SECRET", "${SECRET}", "~")
    }


# What is wrong with it


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("compta: readme", "4:3 unknown-field unknown field compta; ignored"),
        ("compat: controler", '4:11 wrong-type spec.compat must be readme or controller, not "controler"'),
        ("compat: yes", "4:11 wrong-type spec.compat must be a string, not a boolean"),
        ("names: [short]", "4:3 wrong-type spec.names must be a string, not a list"),
        ("set: 1", "4:8 wrong-type spec.set must be a string, not a number"),
        ("set: ''", "4:8 wrong-type spec.set must be a label's value "),
        ("namespace: a_b", "4:14 wrong-type spec.namespace must be a namespace's name "),
        ("now: 2027-01-31", "4:8 wrong-type spec.now must be an RFC 3339 time such as 2027-01-31T12:00:00Z, not "),
        (
            "anchor: svn",
            "4:11 wrong-type spec.anchor must be git or an RFC 3339 time such as 2027-01-31T12:00:00Z, not",
        ),
        ("baseline: dns", "4:13 wrong-type spec.baseline must be a list, not a string"),
        ("baseline:\n- dns\n- ntp", '6:5 wrong-type spec.baseline[1] must be dns, not "ntp"'),
        ("baseline:\n- dns\n- null", "6:5 wrong-type spec.baseline[1] must be a string, not null"),
        ("mirrorNamespaces: ['a,b']", "4:22 wrong-type spec.mirrorNamespaces[0] must be a namespace's name "),
        ("exclude: ['[z-a]']", '4:13 wrong-type spec.exclude[0] must be a glob, not "[z-a]"'),
        ("sources: ['']", '4:13 wrong-type spec.sources[0] must be a SOURCE, not ""'),
        ("severity: [missing-target]", "4:3 wrong-type spec.severity must be a mapping, not a list"),
        ("severity:\n  missing-targt: off", "5:5 unknown-field unknown field missing-targt; ignored"),
        (
            "severity:\n  expired: warn",
            "5:14 wrong-type spec.severity.expired must be off, info, warning or error, not",
        ),
        ("severity:\n  expired: true", "5:14 wrong-type spec.severity.expired must be a string, not a boolean"),
        ("set: a\nset: b", "5:3 duplicate-key key set stands twice in one mapping"),
    ],
)
def test_a_wrong_option_is_shown_where_it_stands(body: str, found: str) -> None:
    """Each wrong option is a finding with its line and its column."""
    (finding,) = findings(spec(body))
    assert finding.startswith(found)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("", "1:1 wrong-type maxtac.yaml must be one document, not none; configuration not used"),
        (f"{HEAD}---\n{HEAD}", "4:1 wrong-type maxtac.yaml must be one document, not 2; configuration not used"),
        ("- a\n", "1:1 wrong-type maxtac.yaml must be a mapping, not a list; configuration not used"),
        ("a\n", "1:1 wrong-type maxtac.yaml must be a mapping, not a single value; configuration not used"),
        ("kind: Render\n", f"1:1 wrong-type apiVersion must be {API_VERSION}, not left out; configuration not used"),
        (f"apiVersion: {API_VERSION}\n", "1:1 wrong-type kind must be Render, not left out; configuration not used"),
        (f"apiVersion: {API_VERSION}1\nkind: Render\n", f"1:13 wrong-type apiVersion must be {API_VERSION}, not "),
        (f"apiVersion: {API_VERSION}\nkind: Rendr\n", '2:7 wrong-type kind must be Render, not "Rendr"'),
        (f"apiVersion: {API_VERSION}\nkind: [Render]\n", "2:1 wrong-type kind must be Render, not something else"),
        (f"{HEAD}metadta: {{}}\n", "3:1 unknown-field unknown field metadta; ignored"),
        (f"{HEAD}metadata: {{uid: x}}\n", "3:12 unknown-field unknown field uid; ignored"),
        (f"{HEAD}metadata: {{name: 1}}\n", "3:18 wrong-type metadata.name must be a string, not a number"),
        (f"{HEAD}metadata: x\n", "3:11 wrong-type metadata must be a mapping, not a string"),
        (f"{HEAD}spec: [a]\n", "3:1 wrong-type spec must be a mapping, not a list"),
        (f"{HEAD}spec: {{\n", "4:1 broken-yaml not readable as YAML"),
        (f"{HEAD}spec: *nowhere\n", "3:7 broken-yaml not readable as YAML"),
        ("a: \ud800".encode("utf-16-be", "surrogatepass"), "1:1 broken-yaml not readable as YAML: invalid UTF-16"),
        ("[" * 1000, "1:101 over-limit the nesting is over the limit of 100"),
        (f"#{'x' * (1 << 20)}\n{HEAD}", "1:1 over-limit the size of the file is over the limit of 1048576"),
    ],
)
def test_a_wrong_file_is_shown_where_it_is_wrong(content: str | bytes, found: str) -> None:
    """So is what is wrong with the document as a whole."""
    (finding,) = findings(content)
    assert finding.startswith(found)


def test_everything_wrong_is_found_at_once() -> None:
    """Nobody mends options one by one."""
    assert len(findings(spec("compta: x\ncompat: x\nnames: x"))) == 3


@pytest.mark.parametrize(
    ("body", "hint"),
    [("compta: x", "did you mean compat?"), ("severity:\n  mising-target: off", "did you mean missing-target?")],
)
def test_a_slip_gets_a_hint(body: str, hint: str) -> None:
    """An unknown option, or an unknown finding, comes with the one that was meant."""
    assert f"= help: {hint}\n" in shown(spec(body))


@pytest.mark.parametrize(
    "content",
    [
        f"{HEAD}password: hunter2\n",
        f"{HEAD}password: hunter2\npassword: hunter2\n",
        spec("password: hunter2"),
        spec("{password: hunter2, compat: x}"),
        spec("{compat: x, password: hunter2}"),
        spec("severity: {password: hunter2, expired: x}"),
        "apiVersion: v1\nkind: Secret\nstringData:\n  password: hunter2\n",
        "{apiVersion: v1, kind: Secret, stringData: {password: hunter2}}\n",
        "password: hunter2\n",
        "hunter2\n",
        "- hunter2\n",
        "password: hunter2: hunter2\n",
        f"password: hunter2\n---\n{HEAD}",
    ],
)
def test_secrets_are_not_shown(content: str) -> None:
    """What stands behind a key that is none of ours is not printed, whatever file was taken for a configuration."""
    page = shown(content)
    assert "error[" in page
    assert "hunter2" not in page


# What it counts beside flags


@pytest.mark.parametrize(
    ("body", "arguments", "field", "value"),
    [
        ("", (), "compat", "readme"),
        ("compat: controller", (), "compat", "controller"),
        ("compat: controller", ("--compat", "readme"), "compat", "readme"),
        ("compat: controller", ("--no-config",), "compat", "readme"),
        ("", (), "baseline", ()),
        ("baseline: [dns]", (), "baseline", ("dns",)),
        ("baseline: [dns]", ("--baseline", ""), "baseline", ()),
        ("", (), "mirror_namespaces", None),
        ("mirrorNamespaces: []", (), "mirror_namespaces", ()),
        ("mirrorNamespaces: [a, b]", (), "mirror_namespaces", ("a", "b")),
        ("mirrorNamespaces: [a, b]", ("--mirror-namespaces", "c"), "mirror_namespaces", ("c",)),
        ("exclude: [a]", (), "exclude", ("a",)),
        ("exclude: [a]", ("--exclude", "b", "--exclude", "c"), "exclude", ("b", "c")),
        ("namespace: a", ("-n", "b"), "namespace", "b"),
        ("anchor: git", (), "anchor", "git"),
        ("now: 2027-01-01T00:00:00Z", (), "now", datetime(2027, 1, 1, tzinfo=UTC)),
        ("now: 2027-01-01T00:00:00Z", ("--now", "2028-01-01T00:00:00Z"), "now", datetime(2028, 1, 1, tzinfo=UTC)),
        ("sources: [a]", (), "sources", ("../a",)),
        ("sources: [a]", ("b",), "sources", ("b",)),
        ("layout: single", ("--output-dir", "x"), "layout", "single"),
        ("layout: single", ("--output-dir", "x", "--layout", "policy"), "layout", "policy"),
        ("layout: single", (), "layout", "policy"),
        ("severity: {expired: error}", (), "severity", {Code.EXPIRED: Severity.ERROR}),
        ("severity: {expired: error}", ("--severity", "expired=off"), "severity", {Code.EXPIRED: Severity.OFF}),
        (
            "severity: {expired: error}",
            ("--severity", "expiring=off"),
            "severity",
            {Code.EXPIRED: Severity.ERROR, Code.EXPIRING: Severity.OFF},
        ),
    ],
)
def test_precedence(repository: Path, body: str, arguments: tuple[str, ...], field: str, value: object) -> None:
    """Flags win over the file, which wins over defaults; lists replace each other, severities are put together."""
    (repository / "maxtac.yaml").write_text(spec(body))
    assert getattr(options(*arguments), field) == value


def test_a_file_can_be_named(repository: Path) -> None:
    """The file that is named counts instead of the one that lies there, wherever and whatever its name."""
    (repository / "maxtac.yaml").write_text(spec("compat: controller\nnames: short"))
    (repository.parent / "ci.conf").write_text(spec("compat: readme"))
    found = options("--config", str(repository.parent / "ci.conf"))
    assert (found.compat, found.names) == ("readme", "plain")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--config", "x", "--no-config"), "--config and --no-config exclude each other"),
        (("--config", "nowhere.yaml"), "cannot read nowhere.yaml: no such file or directory"),
        (("--config", "."), "cannot read .: is a directory"),
        (("--config", ""), "cannot read a path without a name: no such file or directory"),
    ],
)
def test_a_file_that_cannot_be_read_ends_the_command(
    repository: Path, arguments: tuple[str, ...], message: str
) -> None:
    """A configuration that is named is needed."""
    (repository / "maxtac.yaml").write_text(HEAD)
    ended = maxtac("render", *arguments)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert message in ended.stderr


def test_errors_stop_the_run_before_anything_is_read(repository: Path) -> None:
    """A wrong configuration is wrong usage: its findings on standard error, exit code 2, nothing else."""
    (repository / "maxtac.yaml").write_text(spec("compat: controler"))
    ended = maxtac("render", "no-such-source", "--severity", "wrong-type=off", "--fail-on", "never", "-q")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr == (
        'error[wrong-type]: spec.compat must be readme or controller, not "controler"; configuration not used\n'
        " --> ../maxtac.yaml:4:11\n"
        "  |\n"
        "4 |   compat: controler\n"
        "  |           ^^^^^^^^^\n"
        "  = object: Render maxtac.yaml, spec.compat\n"
        "  = help: write readme or controller\n"
        "\n"
        "1 error; nothing done\n"
    )


def test_help_and_completion_heed_no_file(repository: Path) -> None:
    """Whoever asks for help because of a wrong configuration gets it."""
    (repository / "deploy" / "maxtac.yaml").write_text("{")
    assert maxtac("render", "--help").exit_code == 0


def test_the_curious_are_told_the_file(repository: Path) -> None:
    """With -v it is said which file counts."""
    (repository / "maxtac.yaml").write_text(HEAD)
    assert "configured by ../maxtac.yaml\n" in maxtac("render", "-", "-v").stderr


def test_it_is_no_finding_among_the_manifests(walkthrough: str, repository: Path) -> None:
    """The file may lie among the manifests that it is for, and be named as one of them."""
    for source in Path(walkthrough).glob("*.yaml"):
        (repository / "deploy" / source.name).write_bytes(source.read_bytes())
    plain = maxtac("render", ".")
    (repository / "deploy" / "maxtac.yaml").write_text(spec("set: prod"))
    for ended in (maxtac("render"), maxtac("render", ".", "maxtac.yaml")):
        assert (ended.exit_code, ended.stderr) == (plain.exit_code, plain.stderr)
        assert "render.maxtac.vtk.io/set: prod\n" in ended.stdout


def test_check_heeds_it_too(repository: Path) -> None:
    """Every command that compiles has the same options."""
    (repository / "maxtac.yaml").write_text(spec("severity: {no-intents: off}"))
    assert maxtac("check", "-").exit_code == 0
    assert maxtac("check", "-", "--no-config").exit_code == 1


def test_valid_input_pays_for_no_schema(repository: Path) -> None:
    """A run with a configuration imports nothing that a run without one does not, but the modules that read it."""
    (repository / "maxtac.yaml").write_text(spec("severity: {no-intents: off}"))
    code = "import sys\nfrom maxtac_render.cli import main\nmain(sys.argv[1:])\nprint(*sorted(sys.modules))"

    def imported(*arguments: str) -> set[str]:
        run = (sys.executable, "-c", code, "render", "-", *arguments)
        env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        ended = subprocess.run(run, input="", capture_output=True, text=True, check=True, timeout=60, env=env)
        return set(ended.stdout.split())

    more = imported() - imported("--no-config", "--severity", "no-intents=off")
    assert more <= {"maxtac_render.model.configuration", "maxtac_render.cli.configuration"}
    assert "jsonschema" not in imported()


# The schema


def test_the_schema_is_fresh(request: pytest.FixtureRequest) -> None:
    """``schemas/configuration.json`` is what the options make it."""
    fresh = json.dumps(schema(), indent=2) + "\n"
    if request.config.getoption("--update"):
        SCHEMA.write_text(fresh)
    assert SCHEMA.read_text() == fresh


def test_the_schema_is_one() -> None:
    """It is valid itself, and knows every option and every finding."""
    validators = pytest.importorskip("jsonschema")
    validators.Draft202012Validator.check_schema(schema())
    described = schema()["properties"]["spec"]["properties"]
    assert list(described) == [option.name for option in SETTINGS]
    assert list(described["severity"]["properties"]) == list(CODES)
    assert all(option["description"] for option in described.values())


@pytest.mark.parametrize(
    ("option", "takes"), [(option, option.takes) for option in SETTINGS if option.takes in (NAMESPACE, LABEL)]
)
@given(data=st.data())
def test_patterns_say_what_is_taken(option: Option, takes: str, data: st.DataObject) -> None:
    """The patterns of the schema take the names that the flags take, and no others."""
    letters = st.text("aZ09-_.é\n", max_size=65)
    word = data.draw(st.from_regex(option.pattern, fullmatch=True) | letters, label=takes)
    try:
        values.single(option)(word)
    except values.Unfit:
        assert re.fullmatch(option.pattern, word) is None
    else:
        assert re.fullmatch(option.pattern, word) is not None


WORDS = st.sampled_from(
    [
        "readme",
        "short",
        "dns",
        "git",
        "off",
        "error",
        "a",
        "",
        "-",
        "[",
        "deploy",
        "2027-01-31T12:00:00Z",
        "single",
        ".",
    ]
)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS | st.text()
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*CODES, *SEVERITIES, "name", "x"]) | st.text(), inner, max_size=3)
    ),
    max_leaves=8,
)
SPECS = st.dictionaries(st.sampled_from([option.name for option in SETTINGS]), ANYTHING, max_size=4)
DOCUMENTS = st.fixed_dictionaries(
    {"apiVersion": st.just(API_VERSION), "kind": st.just(KIND)},
    optional={"metadata": ANYTHING, "spec": SPECS | ANYTHING},
)


@settings(max_examples=300, deadline=None)
@given(DOCUMENTS | ANYTHING)
def test_no_value_breaks_the_reader(document: Any) -> None:
    """Any value in any option is read or found wrong, with a text; and what is read makes options."""
    report = Report()
    found = configuration.read(json.dumps(document).encode(), "maxtac.yaml", report)
    "".join(text.render(report.sorted()))
    if report.worst > Severity.OFF:
        return
    assert found is not None
    given: dict[str, Any] = {option.field: None for option in SETTINGS} | {"severity": (), "config": None}
    assert isinstance(parameters.options(configuration.complete(given, found)), Options)


@settings(max_examples=300, deadline=None)
@given(DOCUMENTS)
def test_the_schema_takes_what_is_read(document: Any) -> None:
    """What is read without a finding is valid; and what is found wrong is not valid but for times, globs and blanks."""
    validators = pytest.importorskip("jsonschema")
    report = Report()
    content = json.dumps(document).encode()
    found = configuration.read(content, "maxtac.yaml", report)
    valid = validators.Draft202012Validator(schema()).is_valid(document)
    if report.worst is Severity.OFF:
        assert found is not None
        assert valid, document
    elif valid:
        named = {diagnostic.field[1] for diagnostic in report.sorted()}
        assert named <= {"now", "anchor", "exclude", "sources", "set", "namespace", "mirrorNamespaces"}


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda tail: f"{HEAD}spec: {tail}".encode()))
def test_no_text_breaks_the_reader(content: bytes) -> None:
    """Any bytes are a configuration, or something is found wrong with them."""
    report = Report()
    found = configuration.read(content, "maxtac.yaml", report)
    "".join(text.render(report.sorted()))
    assert found is not None or report.worst is Severity.ERROR


def test_click_is_not_asked_for_what_is_not_there() -> None:
    """Every option is a parameter that is None or empty where it is not given."""
    context = config.command.make_context("config", [])
    assert isinstance(context, click.Context)
    assert not any(parameters.said(context.params[option.field]) for option in SETTINGS)
