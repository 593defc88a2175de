"""What another program prints is a source, within limits, and whatever becomes of the program."""

from __future__ import annotations

import sys
import time

import pytest

from maxtac_render.model.errors import SourceFault
from maxtac_render.sources.program import COMPLAINT, Limits, output

ENOUGH = Limits(60, 1 << 30)


def run(code: str, limits: Limits = ENOUGH) -> bytes:
    """What a Python program prints."""
    return output([sys.executable, "-c", code], {"PATH": "/usr/bin:/bin"}, limits)


def test_everything_is_printed_whatever_goes_to_standard_error() -> None:
    """More than any pipe holds, on both."""
    code = "import sys; [(print('o' * 999), print('e' * 999, file=sys.stderr)) for _ in range(2000)]"
    assert run(code) == (b"o" * 999 + b"\n") * 2000


def test_it_knows_what_it_is_told_and_has_no_input() -> None:
    """Neither our environment nor our standard input."""
    code = "import os, sys; print(sorted(set(os.environ) - {'LC_CTYPE'}), sys.stdin.read() == '')"
    assert run(code) == b"['PATH'] True\n"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise SystemExit(7)", "failed with exit code 7$"),
        ("raise SystemExit('Error: no chart')", "failed with exit code 1: Error: no chart$"),
        ("import os; os.kill(os.getpid(), 9)", "was ended by signal 9$"),
        ("import sys; sys.stderr.buffer.write(b'\\x1b[31m \\xff\\n'); sys.exit(1)", r": \\x1b\[31m \ufffd$"),
        ("print('x' * 3000000)", "printed more than 1 MiB, and was ended$"),
    ],
)
def test_a_failure_says_what_happened(code: str, words: str) -> None:
    """In one line that any terminal takes."""
    with pytest.raises(SourceFault, match=words):
        run(code, Limits(60, 1 << 20))


def test_a_long_complaint_is_told_from_its_end() -> None:
    """Where programs say what made them fail."""
    with pytest.raises(SourceFault) as caught:
        run("import sys; sys.exit('a' * 1000000 + ' Error: at last')")
    assert str(caught.value).endswith("aaa Error: at last")
    assert len(str(caught.value)) < COMPLAINT + 200


@pytest.mark.parametrize(
    "code",
    [
        "import time; time.sleep(60)",
        "import os, time; os.close(1); os.close(2); time.sleep(60)",
        "import os, time; os.fork() or time.sleep(5)",
        "while True: print('x' * 100, end='', flush=True); import time; time.sleep(0.01)",
    ],
    ids=["silent", "with closed streams", "in a child that holds the streams", "talking"],
)
def test_a_program_that_takes_too_long_is_ended(code: str) -> None:
    """However it spends the time."""
    began = time.monotonic()
    with pytest.raises(SourceFault, match=r"took longer than 0\.5 s, and was ended"):
        run(code, Limits(0.5, 1 << 30))
    assert time.monotonic() - began < 20


def test_a_program_that_is_not_there_is_named() -> None:
    """It is looked for on the PATH that it would have, and not on ours."""
    with pytest.raises(SourceFault, match="kustomize is not on PATH"):
        output(["kustomize"], {"PATH": "/nowhere"}, ENOUGH)


def test_what_cannot_be_run_is_a_fault() -> None:
    """A directory, a word that no program can be given."""
    with pytest.raises(SourceFault, match="/ cannot be run"):
        output(["/"], {}, ENOUGH)
    with pytest.raises(SourceFault, match="cannot be run: embedded null byte"):
        output(["true", "a\0b"], {"PATH": "/usr/bin:/bin"}, ENOUGH)
