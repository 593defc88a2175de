"""Every format: its golden file, and what holds for all of them."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import FOUND, HOSTILE, RUN, findings, rendered

from maxtac_render.model.diagnostics import Diagnostic
from maxtac_render.reports import formats, load

GOLDEN = Path(__file__).parent / "golden"
FORMATS = formats()


def test_the_folder_is_the_registry() -> None:
    """Each file of the folder is a format, and no other."""
    assert FORMATS == ["concise", "github", "gitlab", "json", "junit", "markdown", "sarif", "text"]


def test_listing_the_formats_imports_none() -> None:
    """Whoever completes or checks a name does not pay for the formats."""
    probe = "import sys; from maxtac_render import reports; reports.formats(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout.split()
    assert not [name for name in loaded if name.startswith("maxtac_render.reports.")]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("serif", "did you mean sarif?"),
        ("_findings", "known here: concise, github, gitlab, json, junit, .*"),
        ("../x", ""),
    ],
)
def test_an_unknown_format_is_named_with_a_hint(name: str, hint: str) -> None:
    """What is no format is not imported."""
    with pytest.raises(LookupError, match=f"no report format {name}; {hint}"):
        load(name)


@pytest.mark.parametrize("name", FORMATS)
def test_golden(name: str, request: pytest.FixtureRequest) -> None:
    """The fixed list of findings is written as it always was."""
    path, text = GOLDEN / name, rendered(name, FOUND)
    if request.config.getoption("--update"):
        path.write_bytes(text.encode())
    assert text == path.read_bytes().decode()


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_the_findings_changes_nothing(name: str, seed: int) -> None:
    """Equal findings are equal bytes."""
    shuffled = random.Random(seed).sample(FOUND, len(FOUND))  # noqa: S311 - no secret
    checked = random.Random(seed).sample(RUN.checked, len(RUN.checked))  # noqa: S311 - likewise
    assert rendered(name, shuffled, RUN._replace(checked=checked)) == rendered(name, FOUND)


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "text"])
@given(found=st.lists(findings(), max_size=4), seed=st.randoms())
def test_any_findings_in_any_order_are_equal_bytes(name: str, found: list[Diagnostic], seed: random.Random) -> None:
    """Also where findings differ in nothing but one word."""
    assert rendered(name, seed.sample(found, len(found))) == rendered(name, found)


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "text"])
def test_no_source_line_is_shown(name: str) -> None:
    """A line of the input may hold a secret."""
    assert "hidden-value" not in rendered(name, FOUND)


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_steers_a_terminal_or_turns_text_around(name: str) -> None:
    """Control characters and bidirectional overrides stand there as escapes."""
    allowed = {"\n", "\u200b"}
    assert not {char for char in rendered(name, FOUND) if not char.isprintable()} - allowed
    assert "\u202e" in HOSTILE


@pytest.mark.parametrize("name", FORMATS)
def test_time_grows_with_the_number_of_findings(name: str) -> None:
    """Ten times the findings take about ten times as long."""

    def seconds(count: int) -> float:
        found = [one._replace(field=("spec", number)) for number in range(count // len(FOUND)) for one in FOUND]
        begin = time.process_time()
        for _ in load(name)(found, RUN):
            pass
        return time.process_time() - begin

    seconds(100)
    assert seconds(50_000) < 30 * max(seconds(5_000), 0.02)
