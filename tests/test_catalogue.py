"""The catalogue is explained: every entry has its text and an example that shows just that finding, and a page."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner

from maxtac_render.cli import program, rule
from maxtac_render.model.catalogue import CODES, Code
from maxtac_render.model.explanations import EXPLANATIONS

PAGE = Path(__file__).parents[1] / "docs" / "rules.md"

METADATA = "metadata:\n  name: {name}\n  namespace: {namespace}\n"
SELECTOR = "spec:\n  serviceSelector:\n    matchLabels:\n      app: web\n  direction: ingress\n"
TARGETS = "  targets:\n    - serviceName: cart\n      namespace: shop\n"
CIDRS = "  targetCIDRs:\n    - 10.0.0.0/8\n"
GROUP = "apiVersion: maxtac.vtk.io/v1alpha1\n"
WHOLE = {  # what stands in an object where an example does not say otherwise
    "Access": GROUP + METADATA.format(name="web-in", namespace="shop") + SELECTOR + TARGETS,
    "ClusterAccess": GROUP + "metadata:\n  name: web-in\n" + SELECTOR + TARGETS,
    "ClusterAcess": GROUP + "metadata:\n  name: web-in\n" + SELECTOR + TARGETS,
    "ExternalAccess": GROUP + METADATA.format(name="web-out", namespace="shop") + SELECTOR + CIDRS,
}


def service(name: str, namespace: str) -> str:
    """A Service as others are taken to stand beside an example."""
    metadata = METADATA.format(name=name, namespace=namespace)
    spec = f"spec:\n  selector:\n    app: {name}\n  ports:\n    - port: 80\n      targetPort: 8080\n"
    return f"apiVersion: v1\nkind: Service\n{metadata}  labels:\n    app: {name}\n{spec}"


OTHERS = {name: service(name, space) for name, space in (("web", "shop"), ("cart", "shop"), ("ledger", "bank"))}
OUTSIDE = {
    Code.OVER_LIMIT,
    Code.SKIPPED_LINK,
    Code.STUCK_OBJECT,
    Code.NOT_INSTALLED,
    Code.UNREADABLE_DOCUMENT,
    Code.NO_INTENTS,
    Code.POLICY_TAKEN,
    Code.POLICIES_WITHOUT_INTENTS,
    Code.STALE,
    Code.CONNECTION_OPENED,
    Code.CONNECTION_CLOSED,
    Code.POD_ISOLATED,
    Code.POD_UNISOLATED,
    Code.UNSAFE_STEP,
    Code.FLOW_DROPPED,
    Code.FLOW_UNCERTAIN,
    Code.FLOWS_UNJUDGED,
    Code.BAD_FLOW,
}
"""What no few lines can show to check: it takes files, a size, two sides, a cluster, or an input given back."""


def blocks(text: str, indent: int) -> dict[str, str]:
    """The lines of a mapping by its keys, which stand at an indentation."""
    found: dict[str, str] = {}
    key = ""
    for line in text.splitlines(keepends=True):
        match = re.match(rf"{' ' * indent}([A-Za-z]+):", line)
        key = match[1] if match else key
        found[key] = found.get(key, "") + line
    return found


def completed(document: str) -> str:
    """A document with what its kind needs besides; one with an apiVersion is whole."""
    shown = blocks(document, 0)
    kind = shown["kind"].split()[1]
    if "apiVersion" in shown:
        return document
    name = re.search(r"^  name: (\S+)", document, re.MULTILINE)
    rest = OTHERS.get(name[1] if name else "web", OTHERS["web"]) if kind == "Service" else WHOLE[kind]
    merged = {**blocks(rest, 0), **shown}
    for key in ("metadata", "spec"):
        head, inner = f"{key}:\n", {}
        for text in (blocks(rest, 0)[key], shown.get(key, head)):
            inner.update(blocks(text.removeprefix(head), 2))
        merged[key] = head + "".join(inner.values())
    return "".join(merged.values())


def asserted(example: str) -> set[str]:
    """The ids of what a test finds in an example, beside the Services that others are taken to be."""
    test, _, others = example.partition("---\n")
    with TemporaryDirectory() as directory:
        file = Path(directory, "test.yaml")
        file.write_text(test)
        given = ["test", str(file), "-f", "-"]
        result = CliRunner().invoke(program.program, given, input="---\n".join([*OTHERS.values(), others]))
    assert result.exit_code in (0, 1), result.output
    return ids(result.output)


def ids(output: str) -> set[str]:
    """The ids of findings."""
    return set(re.findall(r"^(?:error|warning|info)\[([a-z-]+)\]", output, re.MULTILINE))


def found(example: str, *arguments: str) -> set[str]:
    """The ids of what a check finds in an example, completed; of tests what they find."""
    if "kind: ConnectionTest" in example or "k8sResource:" in example:
        return asserted(example)
    head, _, body = example.rpartition("# maxtac check ")
    if not head and example.startswith("# maxtac check "):
        line, _, body = body.partition("\n")
        arguments = (*arguments, *line.split())
    documents = [completed(document) for document in body.split("---\n")]
    if not any("maxtac.vtk.io/v1alpha1" in document or "Acc" in document for document in documents):
        documents.append("kind: Access\n" + WHOLE["Access"])
    names = re.findall(
        r"^kind: Service\nmetadata:\n(?:  (?!name).*\n)*  name: (\S+)", "---\n".join(documents), re.MULTILINE
    )
    taken = set(re.findall(r"^  name: (\S+)$", "".join(d for d in documents if "kind: Service" in d), re.MULTILINE))
    documents += [text for name, text in OTHERS.items() if name not in taken | set(names)]
    if "kube-system" in body:
        documents.append(service("kube-dns", "kube-system"))
    given = ["check", "-", "--now", "2027-01-01T00:00:00Z", *arguments]
    result = CliRunner().invoke(program.program, given, input="---\n".join(documents))
    assert result.exit_code in (0, 1), result.output
    return ids(result.output)


def test_every_finding_is_explained() -> None:
    """The texts are complete, and there are none for what cannot be found."""
    assert set(EXPLANATIONS) == set(Code)
    assert all(all(explanation) for explanation in EXPLANATIONS.values())


@pytest.mark.parametrize("code", [code for code in Code if code not in OUTSIDE], ids=lambda code: code.id)
def test_examples_show_their_finding_and_mends_do_not(code: Code) -> None:
    """What an explanation shows as wrong provokes the finding, and what it shows as mended does not."""
    _, wrong, right = EXPLANATIONS[code]
    assert code.id in found(wrong)
    if right.startswith("$ maxtac check "):
        assert code.id not in found(wrong, *right.split()[3:])
    else:
        assert code.id not in found(right)


@pytest.mark.parametrize("code", Code, ids=lambda code: code.id)
def test_mended_examples_have_no_other_error(code: Code) -> None:
    """Nobody is led from one error into the next."""
    right = EXPLANATIONS[code].right
    if code not in OUTSIDE and not right.startswith("$"):
        errors = {identity for identity in found(right) if CODES[identity].value.severity.word == "error"}
        assert not errors


def test_ids_are_words_that_stay_apart() -> None:
    """Ids are lower-case words with hyphens, and no two entries share one."""
    assert len(CODES) == len(Code)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", identity) for identity in CODES)


def test_messages_are_lower_case_without_a_full_stop() -> None:
    """Messages read as the other messages do."""
    for code in Code:
        assert not code.value.message.endswith("."), code
        assert code.value.message[0] == code.value.message[0].lower(), code


def test_the_page_is_fresh(request: pytest.FixtureRequest) -> None:
    """The page of the documentation is what the catalogue makes; ``pytest --update`` rewrites it."""
    if request.config.getoption("--update"):
        PAGE.write_text(rule.page())
    assert PAGE.read_text() == rule.page()
