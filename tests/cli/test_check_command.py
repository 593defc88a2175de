"""``maxtac check`` from the outside: findings are its output, and everything is looked at."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from maxtac_render.cli import program
from maxtac_render.reports import formats

ACCESS = """\
apiVersion: maxtac.vtk.io/v1alpha1
kind: Access
metadata:
  name: web-in
  namespace: shop
spec:
  serviceSelector:
    matchLabels:
      app: web
  targets:
  - serviceName: {target}
    namespace: shop
  direction: ingress
"""
SERVICES = "".join(
    f"""---
apiVersion: v1
kind: Service
metadata:
  name: {name}
  namespace: shop
  labels:
    app: {name}
spec:
  selector:
    app: {name}
  ports:
  - port: 80
"""
    for name in ("web", "cart")
)
CLEAN = ACCESS.format(target="cart") + SERVICES
FAULTY = ACCESS.format(target="payments") + SERVICES
NOW = ("--now", "2027-01-01T00:00:00Z")


def run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(program.program, ["check", *arguments], input=stdin, prog_name="maxtac")


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_clean_input_says_nothing() -> None:
    """Without findings there is no output, and the exit code is 0."""
    result = run("-", stdin=CLEAN)
    assert (result.exit_code, result.output) == (0, "")


def test_findings_are_the_output() -> None:
    """Findings stand on standard output, and nothing speaks of rendering."""
    result = run("-", stdin=FAULTY)
    assert (result.exit_code, result.stderr) == (1, "")
    assert result.stdout.startswith("error[missing-target]: target shop/payments not found; rule left out\n")
    assert result.stdout.endswith("\n1 error\n")


def test_findings_are_those_of_render() -> None:
    """The same input and options give the same findings as render, word by word."""
    for options in ((), ("--baseline", "dns"), ("--severity", "missing-target=warning"), ("--fail-on", "never")):
        rendered = CliRunner().invoke(program.program, ["render", "-", *options], input=FAULTY, prog_name="maxtac")
        checked = run("-", *options, stdin=FAULTY)
        assert checked.exit_code == rendered.exit_code
        assert checked.stdout == rendered.stderr.replace("; nothing rendered\n", "\n")


def test_everything_is_parsed() -> None:
    """A broken document of a kind that cannot matter is found here, and passed over by render."""
    broken = CLEAN + "---\napiVersion: v1\nkind: ConfigMap\ndata: {a: }}\n"
    assert CliRunner().invoke(program.program, ["render", "-"], input=broken).exit_code == 0
    assert "error[broken-yaml]" in run("-", stdin=broken).stdout


def test_the_working_directory_is_the_default(directory: Path) -> None:
    """Without a source it is everything below the working directory."""
    (directory / "shop.yaml").write_text(FAULTY)
    assert "--> shop.yaml:11:" in run().stdout


def expiring(deadline: str, *arguments: str) -> list[str]:
    """What is said of an end."""
    annotation = f"  namespace: shop\n  annotations: {{maxtac.vtk.io/expires-at: {deadline}}}\n"
    text = CLEAN.replace("  namespace: shop\n", annotation, 1)
    lines = run("-", *NOW, *arguments, stdin=text).stdout.splitlines()
    return [line for line in lines if line.startswith(("warning[expir", "info[expir"))]


@pytest.mark.parametrize(
    ("deadline", "within", "left"),
    [
        ('"2027-01-08T00:00:00Z"', "7d", "7 days"),
        ('"2027-01-02T23:00:00Z"', "7d", "1 day"),
        ('"2027-01-01T05:30:00Z"', "6h", "5 hours"),
        ('"2027-01-01T00:00:30Z"', "1m", "less than a minute"),
    ],
)
def test_what_ends_soon(deadline: str, within: str, left: str) -> None:
    """Access that ends within the time is a warning that says when."""
    (line,) = expiring(deadline, "--expiring-within", within)
    assert line.startswith("warning[expiring]: expires at 2027-01-0")
    assert line.endswith(f"Z, in {left}")


def test_what_does_not_end_soon() -> None:
    """Access that ends later, or has ended, or nobody asked about, is not reported as ending soon."""
    assert expiring('"2027-01-08T00:00:01Z"', "--expiring-within", "7d") == []
    assert expiring('"2027-01-02T00:00:00Z"') == []
    (line,) = expiring('"2026-12-31T00:00:00Z"', "--expiring-within", "7d")
    assert line.startswith("info[expired]")


@pytest.mark.parametrize("span", ["7", "soon", "-7d", ""])
def test_a_wrong_time_is_wrong_usage(span: str) -> None:
    """What is no length of time is exit code 2."""
    result = run("-", f"--expiring-within={span}")
    assert result.exit_code == 2
    assert "is not a length of time such as 7d" in result.stderr


def test_a_report_takes_the_place_of_the_text() -> None:
    """A format without a file is the output, and nothing else is."""
    for report in ("json", "json=-"):
        result = run("-", "--report", report, stdin=FAULTY)
        assert (result.exit_code, result.stderr) == (1, "")
        assert [finding["id"] for finding in json.loads(result.stdout)["findings"]] == ["missing-target"]


def test_reports_into_files_leave_the_text(directory: Path) -> None:
    """Formats with a file are written beside the text, as many as are asked for, in directories made for them."""
    result = run("-", "--report", "json=out/found.json", "--report", "text=found.txt", stdin=FAULTY)
    assert result.stdout.startswith("error[missing-target]")
    assert len(json.loads((directory / "out" / "found.json").read_text())["findings"]) == 1
    assert (directory / "found.txt").read_text() == result.stdout


def test_quiet_and_colour_are_not_for_reports() -> None:
    """A report holds every finding, without colour, however the command talks."""
    tolerant = ("--severity", "missing-target=warning", "-q", "--color", "always")
    assert run("-", *tolerant, stdin=FAULTY).output == ""
    assert len(json.loads(run("-", *tolerant, "--report", "json", stdin=FAULTY).stdout)["findings"]) == 1


def test_render_keeps_its_output_for_policies() -> None:
    """Where the result has standard output, a report without a file is on standard error."""
    tolerant = ["render", "-", "--severity", "missing-target=warning", "--report"]
    result = CliRunner().invoke(program.program, [*tolerant, "json"], input=FAULTY)
    assert result.stdout.startswith("apiVersion: networking.k8s.io/v1\n")
    assert len(json.loads(result.stderr)["findings"]) == 1
    refused = CliRunner().invoke(program.program, [*tolerant, "json=-"], input=FAULTY)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "standard output has the result" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--report", "jsn"), "no report format jsn; did you mean json?"),
        (("--report", "json="), "json= names no file"),
        (("--report", "json", "--report", "github"), "only one --report can go without a file"),
        (("-", "-"), "standard input (-) can be a source only once"),
        (("no-such-file",), "cannot read no-such-file: no such file or directory"),
        (("--report", "json=/proc/no/such"), "cannot write /proc/no/such"),
    ],
)
def test_could_not_run(arguments: tuple[str, ...], message: str) -> None:
    """What cannot be done is one line on standard error and exit code 2."""
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr.splitlines()[-1]


def test_an_ignored_error_does_not_make_nothing_sound() -> None:
    """When the only reason why nothing comes out is ignored, it is said that nothing comes out."""
    text = FAULTY.replace("app: web\n  targets", "app: wbe\n  targets").replace(
        "direction: ingress", "direktion: all # maxtac: ignore[unknown-field] why not"
    )
    result = run("-", stdin=text)
    assert result.exit_code == 1
    assert "error[no-policies]" in result.stdout


def test_help_names_every_format() -> None:
    """The help page lists the formats that there are."""
    page = " ".join(run("--help").stdout.split())
    *others, last = sorted(formats())
    assert f"Findings for machines: {', '.join(others)} or {last}, into a file" in page


def test_ignored_findings_are_counted() -> None:
    """Verbose says how many findings a comment has ignored."""
    text = CLEAN.replace("direction: ingress", "direction: Ingress # maxtac: ignore[direction-case] why not")
    assert run("-", "-v", stdin=text).stderr.endswith(" checked, 1 finding ignored\n")


def test_the_summary_is_for_whoever_watches() -> None:
    """Verbose says what was looked at, on standard error."""
    assert run("-", "-v", stdin=CLEAN).stderr.endswith("1 file and 1 MaxTac resource checked\n")


def test_a_closed_output_is_one_line() -> None:
    """Findings that nobody can take are exit code 2."""
    command = f"'{sys.executable}' -m maxtac_render check - >&-"
    ended = subprocess.run(
        ("sh", "-c", command), input=FAULTY, stderr=subprocess.PIPE, text=True, check=False, timeout=60
    )
    assert (ended.returncode, ended.stderr) == (2, "maxtac: error: standard output is closed\n")
