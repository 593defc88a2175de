"""``maxtac render --passthrough`` from the outside: a filter that adds policies, and else nothing."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from corpus import Sample, samples
from maxtac_render.cli import program
from maxtac_render.manifests.encoding import to_utf8
from maxtac_render.model.configuration import NAME
from maxtac_render.model.diagnostics import Report
from maxtac_render.sources import load

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""
ACCESS = """\
apiVersion: maxtac.vtk.io/v1alpha1
kind: ExternalAccess
metadata: {name: offices, namespace: shop}
spec: {serviceSelector: {matchLabels: {app: web}}, targetCIDRs: [192.0.2.0/24], direction: ingress}
"""
UNREADABLE = "broken-yaml-without-a-word-of-maxtac-is-passed-over"
"""What is no stream of YAML cannot be made one."""
SAMPLES = [sample for sample in samples() if sample.name != UNREADABLE]


def maxtac(*args: str, stdin: str | bytes = "") -> Result:
    """Run ``maxtac render``."""
    return CliRunner().invoke(program.program, ["render", *args], input=stdin, prog_name="maxtac")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    return tmp_path


@pytest.mark.parametrize("sample", SAMPLES, ids=[sample.name for sample in SAMPLES])
def test_the_policies_are_those_of_render(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every input; the documents but the configuration come before them, and a second pass changes nothing."""
    monkeypatch.chdir(sample.directory)
    plain, first = maxtac(".", *sample.options), maxtac("--passthrough", ".", *sample.options)
    assert (first.exit_code, plain.exit_code) == (0, 0), first.output
    assert (plain.stdout, first.stderr) == (sample.policies, plain.stderr)
    assert first.stdout.endswith(plain.stdout)
    documents = first.stdout_bytes.removesuffix(plain.stdout_bytes)
    assert documents.endswith(b"---\n") or not plain.stdout
    for file in load(".", (), Report(), BytesIO()) if "--exclude" not in sample.options else ():
        assert file.path == NAME or _unmarked(to_utf8(file.data)) in _unmarked(documents), file.path
    second = maxtac("--passthrough", "-", *sample.options, stdin=first.stdout_bytes)
    assert (second.exit_code, second.stdout) == (0, first.stdout), second.output


def _unmarked(text: bytes) -> bytes:
    """A stream without its markers; between documents of JSON there were none."""
    return text.replace(b"---\n", b"")


def test_there_are_many_samples() -> None:
    """Else they would show nothing."""
    assert sum(bool(sample.policies) for sample in SAMPLES) > 100


def test_standard_input_comes_out_as_it_went_in(here: Path) -> None:
    """The working directory is no source then, nor are those of the configuration."""
    (here / "broken.yaml").write_text("a: [maxtac.vtk.io")
    (here / "maxtac.yaml").write_text(
        "apiVersion: render.maxtac.vtk.io/v1alpha1\nkind: Render\nspec: {sources: [broken.yaml], set: prod}\n"
    )
    given = f"# all\n{SERVICE}\n--- # more\n{ACCESS}".rstrip()
    done = maxtac("--passthrough", "-", stdin=given)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith(f"{given}\n---\napiVersion: networking.k8s.io/v1\n")
    assert "render.maxtac.vtk.io/set: prod" in done.stdout


def test_sources_come_out_in_the_order_in_which_they_are_named(here: Path) -> None:
    """Those that are no passengers do not come out."""
    for name, text in (("a.yaml", ACCESS), ("b.yaml", SERVICE), ("c.yaml", "kind: A\napiVersion: b\n")):
        (here / name).write_text(text)
    done = maxtac("--passthrough", "c.yaml", "b.yaml", "--passthrough", "a.yaml")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith(f"kind: A\napiVersion: b\n---\n{ACCESS}---\napiVersion: networking.k8s.io/v1\n")
    assert SERVICE not in done.stdout


@pytest.mark.parametrize(
    "given",
    [SERVICE, f"{ACCESS}---\n{SERVICE}---\na: [", f"{SERVICE.replace('namespace: shop, ', '')}---\n{ACCESS}", ""],
    ids=["no intent", "broken", "no namespace", "nothing"],
)
def test_a_finding_leaves_nothing_on_standard_output(given: str) -> None:
    """Half a release would be worse than none."""
    options = () if "namespace: shop" in given or not given else ("--severity", "no-service=error")
    done = maxtac("--no-config", "--passthrough", "-", *options, stdin=given)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "nothing rendered" in done.stderr


def test_a_filter_that_writes_nothing_fails() -> None:
    """Whoever takes an empty output for the release would delete it."""
    done = maxtac("--passthrough", "-", "--fail-on", "never", stdin=SERVICE)
    assert (done.exit_code, done.stdout) == (1, "")


def test_without_policies_the_input_is_all(here: Path) -> None:
    """For whoever says that this is meant."""
    done = maxtac("--passthrough", "-", "--severity", "no-intents=off", stdin=SERVICE.rstrip())
    assert (done.exit_code, done.stdout) == (0, SERVICE.rstrip()), here


def test_the_configuration_may_drop_intents(here: Path) -> None:
    """It says nothing about a run that passes nothing through."""
    (here / "maxtac.yaml").write_text(
        "apiVersion: render.maxtac.vtk.io/v1alpha1\nkind: Render\nspec: {intents: drop}\n"
    )
    given = f"{SERVICE}---\n{ACCESS}"
    assert maxtac("-", stdin=given).exit_code == 0
    assert maxtac("--passthrough", "-", stdin=given).stdout.startswith(f"{SERVICE}---\napiVersion: networking")
    assert maxtac("--passthrough", "-", "--intents", "keep", stdin=given).stdout.startswith(given)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--passthrough", "-", "-o", "json"), "one stream of YAML"),
        (("--passthrough", "-", "--output-dir", "x"), "one stream of YAML"),
        (("--passthrough", "-", "-"), "only once"),
        (("--passthrough", "-", "--passthrough", "-"), "only once"),
        (("--intents", "drop"), "name it with --passthrough"),
    ],
)
def test_options_that_exclude_each_other_are_wrong_usage(options: tuple[str, ...], words: str) -> None:
    """As everywhere."""
    done = maxtac(*options)
    assert (done.exit_code, done.stdout) == (2, "")
    assert words in done.stderr


def test_a_source_that_is_missing_is_no_empty_input(here: Path) -> None:
    """Nothing is passed over."""
    done = maxtac("--passthrough", "gone.yaml", SERVICE)
    assert (done.exit_code, done.stdout) == (2, ""), here
