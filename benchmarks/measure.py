"""Run programs in alternating pairs; what they cost is the kernel's own account of the finished process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024

Command = tuple[str | Path, ...]


class FailedError(Exception):
    """A measured program did not end with exit code 0."""


@dataclass(frozen=True)
class Cost:
    """What one run cost: seconds of processor and of waiting, and the most MiB held at once."""

    cpu: float
    wall: float
    peak: float


@dataclass(frozen=True)
class Goal:
    """One ratio that is read off a pair of programs; without a bound it is only shown."""

    measure: str
    field: str
    bound: float | None


@dataclass(frozen=True)
class Pair:
    """A program, the reference it is compared with, and how often both run in turn."""

    subject: Command
    reference: Command
    rounds: int
    goals: tuple[Goal, ...]


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    measure: str
    verdict: str
    ratio: float | None = None
    goal: float | None = None
    subject: float | None = None
    reference: float | None = None
    unit: str = ""


# As an installed program runs: with its bytecode kept.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def rows(pair: Pair) -> list[Row]:
    """Run a pair and judge its goals. A program that fails makes rows that say so."""
    try:
        costs = [(run(pair.subject), run(pair.reference)) for _ in range(pair.rounds)]
    except FailedError as error:
        return [Row(goal.measure, f"failed: {error}", goal=goal.bound) for goal in pair.goals]
    return [_row(goal, costs) for goal in pair.goals]


def _row(goal: Goal, costs: list[tuple[Cost, Cost]]) -> Row:
    value = attrgetter(goal.field)
    ratio = median(value(subject) / value(reference) for subject, reference in costs)
    return Row(
        measure=goal.measure,
        verdict="-" if goal.bound is None else "ok" if ratio <= goal.bound else "over",
        ratio=ratio,
        goal=goal.bound,
        subject=median(value(subject) for subject, _ in costs),
        reference=median(value(reference) for _, reference in costs),
        unit="MiB" if goal.field == "peak" else "s",
    )


def within(measure: str, command: Command, most: float) -> Row:
    """Run a program once, and judge the memory that it takes, in MiB: another machine takes hardly more or less."""
    try:
        peak = run(command).peak
    except FailedError as error:
        return Row(measure, f"failed: {error}", goal=1)
    return Row(measure, "ok" if peak <= most else "over", peak / most, 1, peak, most, "MiB")


def run(command: Command, output: Path = Path(os.devnull)) -> Cost:
    """Run a program to its end.

    Linux counts the memory of the process that starts a program into the program's own peak,
    so whoever calls this keeps itself small: corpora are written and output is read back by other processes.
    """
    with output.open("wb") as stdout, tempfile.TemporaryFile() as stderr:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, cwd=ROOT, env=ENVIRONMENT
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            stderr.seek(0)
            lines = stderr.read().decode(errors="replace").strip().splitlines() or ["no message"]
            raise FailedError(f"exit code {process.returncode}: {lines[-1]}")
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * MAXRSS_UNIT / 2**20)
