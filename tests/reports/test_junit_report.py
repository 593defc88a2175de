"""The JUnit report: valid for Jenkins, read alike by foreign parsers, one case for each resource."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from report_samples import ACCESS, FOUND, RUN, SERVICE, at, finding, findings, foreign, rendered

from maxtac_render.model.catalogue import Code, Severity
from maxtac_render.model.diagnostics import Diagnostic, Spot
from maxtac_render.model.objects import Origin
from maxtac_render.reports import Run
from maxtac_render.reports.text import visible

XSD = Path(__file__).parent / "schemas" / "junit-10.xsd"


def tree(found: list[Diagnostic], run: Run = RUN) -> Any:
    """The document as libxml2 reads it, after Jenkins' schema has taken it and its counts have been checked."""
    etree = foreign("lxml.etree")
    root = etree.parse(BytesIO(rendered("junit", found, run).encode())).getroot()
    etree.XMLSchema(file=str(XSD)).assertValid(root)
    for element in (root, *root.findall("testsuite")):
        assert int(element.get("tests")) == len(root.findall(".//testcase"))
        assert int(element.get("failures")) == len(root.findall(".//failure"))
        assert element.get("errors") == "0"
    return root


def cases(found: list[Diagnostic], run: Run = RUN) -> dict[str, str]:
    """The outcome of each case by its name: failed, or passed with a remark or without one."""
    elements = tree(found, run).findall(".//testcase")
    outcomes = {
        one.get("name"): "failure" if len(one.findall("failure")) else one.findtext("system-out") for one in elements
    }
    assert len(outcomes) == len(elements), "names are unique"
    return {name: "failure" if text == "failure" else "remark" if text else "" for name, text in outcomes.items()}


def test_the_golden_report_is_valid() -> None:
    """Jenkins' schema takes it, and each case has its outcome."""
    outcomes = cases(list(FOUND))
    assert outcomes["Access shop/web-in"] == "failure"
    assert outcomes["Access shop/fine"] == ""
    assert outcomes["ClusterExternalAccess world"] == "remark"
    assert outcomes["Service shop/web"] == "remark"
    assert outcomes["deploy/broken.yaml"] == "failure"
    assert outcomes["input"] == "failure"


def test_without_anything_there_is_an_empty_suite() -> None:
    """An empty report is a report."""
    assert cases([], Run()) == {}


def test_resources_without_findings_pass() -> None:
    """Each resource is a case, also two of one name."""
    assert list(cases([]).values()) == [""] * len(RUN.checked)


def test_a_finding_belongs_to_the_resource_at_its_place() -> None:
    """Of two resources with one name only the one with the finding fails."""
    outcomes = cases([finding(document=1, line=20)])
    assert (outcomes["Access shop/web-in"], outcomes["Access shop/web-in (2)"]) == ("", "failure")


def test_a_finding_from_before_the_default_namespace_belongs_to_the_resource() -> None:
    """What was found while the object had no namespace yet fails the object."""
    early = finding(Code.MISSING_NAMESPACE, ACCESS._replace(namespace=""), path="../elsewhere/x.yaml", line=3)
    assert cases([early])["Access default/web-in"] == "failure"


def test_what_fails_the_command_fails_the_case() -> None:
    """With --fail-on warning, warnings are failures."""
    found = [finding(Code.DIRECTION_CASE)]
    assert cases(found)["Access shop/web-in"] == "remark"
    assert cases(found, RUN._replace(failing=Severity.WARNING))["Access shop/web-in"] == "failure"


def test_findings_of_one_service_are_one_case() -> None:
    """Other objects have cases where they have findings."""
    found = [finding(Code.UNKNOWN_ANNOTATION, SERVICE, field=(name,), path="s.yaml") for name in "ab"]
    assert cases(found, Run()) == {"Service shop/web": "remark"}


def test_the_failure_says_where_and_how_to_mend_it() -> None:
    """A reader of the failure needs nothing else."""
    (failure,) = tree([finding(place=at(14, 20, 28))]).findall(".//failure")
    assert failure.get("type") == "missing-target"
    assert failure.get("message") == "target shop/payments not found; rule left out"
    assert failure.text == (
        "deploy/access.yaml:14:20: error[missing-target]: target shop/payments not found; rule left out\n"
        "  object: Access shop/web-in, spec.targets[0].serviceName\n"
        "  help: add the Service to the sources"
    )


def test_a_foreign_parser_counts_the_same() -> None:
    """junitparser reads the cases and their results."""
    suites = foreign("junitparser").JUnitXml.fromstring(rendered("junit", FOUND).encode())
    read = [case for suite in suites for case in suite]
    assert {case.name: "" if case.is_passed else "failure" for case in read} == {
        name: "failure" if outcome == "failure" else "" for name, outcome in cases(list(FOUND)).items()
    }
    assert suites.failures == sum(not case.is_passed for case in read)


@given(st.lists(findings(), max_size=5), st.lists(findings(), max_size=3))
def test_any_text_is_valid_and_counted(found: list[Diagnostic], clean: list[Diagnostic]) -> None:
    """Whatever findings say, the XML is valid, and each message stands in it."""
    checked = tuple(Spot(Origin(one.origin.path), one.ref or ACCESS) for one in clean)
    root = tree(found, Run(checked=checked))
    names = [(one.get("classname"), one.get("name")) for one in root.findall(".//testcase")]
    assert len(names) == len(set(names))
    said = "\n".join(filter(None, root.itertext()))
    for one in found:
        assert f"{one.severity.word}[{one.code.id}]: {visible(one.message)}" in said
    assert said.count("]: ") >= len(found)
