"""``maxtac diff`` from the outside: what it reads, how it ends, and that nothing which was read is a command."""

from __future__ import annotations

import json
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clusters import Cluster, clusters
from maxtac_render.cli import program
from maxtac_render.reports import formats
from validation import validate

PROJECT = Path(__file__).parents[2]
CASES = sorted((PROJECT / "testdata" / "cases").glob("diff-*"))
PODS = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api}}
---
"""
DENY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec: {podSelector: {matchLabels: {app: api}}}
"""
ALLOW = DENY.replace("{app: api}}}", "{app: api}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}")


def run(*arguments: str, stdin: str = "") -> Result:
    """Run the command."""
    return CliRunner().invoke(program.program, ["diff", *arguments], input=stdin, prog_name="maxtac")


def compared(*arguments: str) -> Any:
    """The comparison, or the plan, as programs get it, held against its schema."""
    result = run(*arguments, "-o", "json")
    assert result.exit_code in (0, 1), result.output
    document = json.loads(result.stdout)
    validate(document, document["kind"].lower())
    return document


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory of its own, with two sides."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deny.yaml").write_text(PODS + DENY)
    (tmp_path / "allow.yaml").write_text(PODS + ALLOW)
    (tmp_path / "open.yaml").write_text(PODS)
    return tmp_path


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_json_is_as_its_schema_says(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every case whose sides can be compared, both ways; with a cluster there is one side only."""
    options: dict[str, Any] = yaml.safe_load((case / "case.yaml").read_text())
    if options.get("exit") == 2 or "cluster" in options:
        return
    monkeypatch.chdir(case / "input")
    rest = [arg for arg in options["args"][3:] if arg in ("-f", "both")]
    old, new = options["args"][1:3]
    forth, back = compared(old, new, *rest), compared(new, old, *rest)
    opened, shut = (
        [sum(each["pairs"] for each in document["connections"] if each["change"] == word) for word in words]
        for document, words in ((forth, ("opened", "closed")), (back, ("closed", "opened")))
    )
    assert opened == shut
    steps = [len(compared(*sides, *rest, "--plan")["steps"]) for sides in ((old, new), (new, old))]
    assert steps == [len(document["objects"]) for document in (forth, back)]


@pytest.mark.parametrize(
    ("sides", "gate", "code"),
    [
        ("deny.yaml allow.yaml", "opened", 1),
        ("deny.yaml allow.yaml", "closed,isolated,unisolated", 0),
        ("deny.yaml allow.yaml", "closed, opened", 1),
        ("allow.yaml deny.yaml", "opened", 0),
        ("allow.yaml deny.yaml", "closed", 1),
        ("open.yaml deny.yaml", "isolated", 1),
        ("open.yaml deny.yaml", "unisolated,opened", 0),
        ("deny.yaml open.yaml", "unisolated", 1),
        ("deny.yaml open.yaml", "any", 1),
        ("deny.yaml deny.yaml", "any,opened", 0),
    ],
)
def test_the_gate_decides_the_exit_code(sides: str, gate: str, code: int) -> None:
    """1 if something that it names happened, 0 otherwise."""
    assert run(*sides.split(), "--gate", gate).exit_code == code
    assert run(*sides.split(), "--gate", gate, "--exit-zero").exit_code == 0


def test_a_step_that_is_not_safe_is_a_gate_too(directory: Path) -> None:
    """--gate unsafe asks of --plan whether some step opens or cuts something for a while."""
    cart = PODS.split("---\n", maxsplit=1)[0].replace("web", "cart") + "---\n"
    other = ALLOW.replace("name: api", "name: cart", 1).replace("app: web", "app: cart")
    (directory / "open.yaml").write_text(PODS + cart)
    (directory / "two.yaml").write_text(PODS + cart + ALLOW + "---\n" + ALLOW.replace("name: api", "name: web", 1))
    (directory / "three.yaml").write_text(PODS + cart + ALLOW + "---\n" + other)
    assert run("open.yaml", "two.yaml", "--plan", "--gate", "unsafe").exit_code == 0
    assert run("open.yaml", "three.yaml", "--plan", "--gate", "unsafe").exit_code == 1
    assert compared("open.yaml", "three.yaml", "--plan")["everyOrderHarms"]
    assert run("deny.yaml", "deny.yaml", "--plan").output == ""


def test_a_layer_that_is_not_told_is_no_difference() -> None:
    """What is told is what counts as any."""
    assert run("deny.yaml", "allow.yaml", "--isolation").exit_code == 0
    assert run("deny.yaml", "allow.yaml", "--isolation", "--gate", "opened").exit_code == 1
    assert set(compared("deny.yaml", "allow.yaml", "--objects")) & {"connections", "isolation", "objects"} == {
        "objects"
    }


def test_a_commit_is_compared_with_the_files(directory: Path) -> None:
    """git:REV:PATH is a side as any other, and the old place is in the commit."""
    for args in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "all"]):
        subprocess.run(["git", *args], cwd=directory, check=True)
    (directory / "allow.yaml").write_text(PODS + DENY)
    result = run("git:HEAD:allow.yaml", "allow.yaml")
    assert result.exit_code == 1
    assert "no longer allowed by shop/api, ingress rule 1 (git:HEAD:allow.yaml:12)" in result.stdout


@pytest.mark.parametrize(("old", "new"), [("-", "allow.yaml"), ("allow.yaml", "-")])
def test_standard_input_is_a_side(old: str, new: str) -> None:
    """On either side."""
    assert run(old, new, stdin=PODS + ALLOW).exit_code == 0
    assert run(old, new, stdin=PODS + DENY).exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "name NEW, or OLD and NEW"),
        (("new.yaml", "--kubeconfig", "nowhere"), "without a cluster name OLD and NEW, such as git:HEAD:deploy deploy"),
        (("a", "b", "c"), "with -f"),
        (("-", "-"), "only once"),
        (("-", "open.yaml", "-f", "-"), "only once"),
        (("open.yaml", "deny.yaml", "-f", "-"), ""),
        (("open.yaml", "deny.yaml", "--gate", "opend"), "opend"),
        (("open.yaml", "deny.yaml", "--gate", ""), "none of"),
        (("open.yaml", "deny.yaml", "--gate", "unsafe"), "give that too"),
        (("open.yaml", "deny.yaml", "--plan", "--objects"), "excludes"),
        (("open.yaml", "nowhere.yaml"), "nowhere.yaml"),
        (("git:HEAD:open.yaml", "open.yaml"), "git:HEAD:open.yaml"),
        (("s3:", "open.yaml"), "kinds of sources"),
    ],
)
def test_what_cannot_be_compared_ends_with_2(arguments: tuple[str, ...], words: str) -> None:
    """Wrong usage, and sources that cannot be read, say what would do; nothing is printed as if it were a result."""
    result = run(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("side", [0, 1])
def test_an_error_on_either_side_is_no_comparison(side: int, directory: Path) -> None:
    """Whatever the options say: what was left out could be what differs."""
    (directory / "wrong.yaml").write_text(PODS + DENY.replace("podSelector", "podSelectr: {}, ingress: 1, podSelector"))
    sides = ["allow.yaml", "allow.yaml"]
    sides[side] = "wrong.yaml"
    for more in ((), ("--exit-zero",), ("--fail-on", "never"), ("--gate", "isolated")):
        result = run(*sides, *more)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "nothing compared" in result.stderr


def test_where_nothing_differs_there_is_nothing_to_read() -> None:
    """Text is empty, as kubectl's; a comment says it, so that an older one is replaced."""
    assert run("deny.yaml", "deny.yaml").output == ""
    assert "no connection changes" in run("deny.yaml", "deny.yaml", "-o", "markdown").stdout
    assert compared("deny.yaml", "deny.yaml")["happened"] == []


@pytest.mark.parametrize("form", formats())
def test_reports_have_the_differences_as_findings(form: str) -> None:
    """In every format, on standard error or in a file; the severity is the user's."""
    result = run("deny.yaml", "allow.yaml", "--report", form, "--report", f"{form}=found")
    assert result.exit_code == 1
    assert "connection-opened" in Path("found").read_text()
    assert "connection-opened" in result.stderr
    quiet = run("deny.yaml", "allow.yaml", "--report", form, "--severity", "connection-opened=off")
    assert "connection-opened" not in quiet.stderr
    assert quiet.exit_code == 1


HOSTILE = "``` ![x](y) </details><script> @admin | #1 \n::error::x %0A \u202e\x1b[31m"


@pytest.fixture
def hostile(directory: Path) -> Path:
    """A policy and a file that try to be more than data."""
    body = yaml.safe_load(ALLOW)
    body["metadata"]["annotations"] = {"note": HOSTILE}
    place = directory / "a`|<b>@c"
    place.mkdir()
    (place / "::error::x.yaml").write_text(PODS + json.dumps(body))
    return place


class Page(HTMLParser):
    """What a browser would see: which tags there are."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember a tag."""
        assert not attrs or tag == "code", attrs
        self.tags.add(tag)


def test_nothing_that_was_read_is_markdown(hostile: Path) -> None:
    """A comment has our own tags only, and its blocks end where we end them."""
    markdown_it = pytest.importorskip("markdown_it")
    text = run("deny.yaml", hostile.name, "-o", "markdown").stdout
    parser = markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table")
    page = Page(parser.render(text))
    assert page.tags <= {
        "h3",
        "p",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "code",
        "br",
        "details",
        "summary",
        "pre",
    }
    outside = text.split("````diff")[0]
    assert "@c" not in outside
    assert "<b>" not in outside
    assert "\u202e" not in text
    assert "\x1b" not in text


def test_nothing_that_was_read_is_a_command(hostile: Path) -> None:
    """Neither to a terminal nor to GitHub's runner."""
    result = run("deny.yaml", hostile.name, "--report", "github", "--color", "always")
    assert all(line.startswith(("::warning ", "::notice ")) for line in result.stderr.splitlines())
    assert "\x1b[31m " not in result.stdout.replace("\x1b[31m-", "")
    assert "\u202e" not in result.stdout
    assert not [line for line in run("deny.yaml", hostile.name).stdout.splitlines() if line.startswith("::")]


def test_a_comment_fits_and_says_what_was_cut(directory: Path) -> None:
    """Of a change with thousands of policies the first ones are shown, and the others counted."""
    some = [DENY.replace("name: api", f"name: deny-{number}") for number in range(700)]
    pods = [PODS.split("---\n", maxsplit=1)[0].replace("web", f"web-{number}") for number in range(700)]
    (directory / "many.yaml").write_text("---\n".join([PODS + DENY, *some, *pods]))
    text = run("allow.yaml", "many.yaml", "-o", "markdown").stdout
    assert 30_000 < len(text.encode("utf-16-le")) // 2 <= 65_536
    assert "Left out, because a comment is not that long" in text
    assert text.count("<details>") == text.count("</details>") == 1
    assert text.count("```") % 2 == 0


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(before=clusters(), after=clusters(), random=st.randoms(use_true_random=False))
def test_files_and_their_order_change_nothing(before: Cluster, after: Cluster, random: Any, tmp_path: Path) -> None:
    """One stream or a file for each object, in any order: the same connections and pods, whatever the places."""
    outputs = []
    for layout in ("one", "many"):
        for side, cluster in (("old", before), ("new", after)):
            place = tmp_path / layout / side
            place.mkdir(parents=True, exist_ok=True)
            for path in place.iterdir():
                path.unlink()
            bodies = random.sample(cluster.bodies, len(cluster.bodies))
            texts = [json.dumps(body) for body in (cluster.bodies if layout == "one" else bodies)]
            files = ["\n---\n".join(texts)] if layout == "one" else texts
            for number, text in enumerate(files):
                (place / f"{number}.yaml").write_text(text)
        document = compared(str(tmp_path / layout / "old"), str(tmp_path / layout / "new"))
        outputs.append(without_places(document))
    assert outputs[0] == outputs[1]


def without_places(value: Any) -> Any:
    """A document without files and lines, and without the diffs that name them."""
    if isinstance(value, list):
        return [without_places(item) for item in value]
    if isinstance(value, dict):
        return {key: without_places(item) for key, item in value.items() if key not in ("file", "line", "diff")}
    return value
