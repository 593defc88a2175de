"""Measure speed and memory, each as a ratio of two programs that run in turn.

The exit code is 1 where a measure failed or is over its goal.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import reads, watching, writes
from benchmarks.corpus import Corpus, write_kustomization
from benchmarks.measure import ROOT, Command, FailedError, Goal, Pair, Row, rows, run, within

if TYPE_CHECKING:
    from collections.abc import Iterator

WALKTHROUGH = ROOT / "testdata" / "walkthrough"
MAXTAC = Path(sys.executable).with_name("maxtac")  # not resolved: the script lies beside the link in the environment
BARE: Command = (sys.executable, "-c", "pass")
PARSE = "import sys, yaml; list(yaml.load_all(open(sys.argv[1]), yaml.CSafeLoader))"
COUNT = "import sys, yaml; print(sum(1 for _ in yaml.load_all(open(sys.argv[1]), yaml.CSafeLoader)))"


def main() -> int:
    """Write the corpora, run every measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round of each pair; five for start-up")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows to this file as well")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="write the corpora here, or use those that are here")
    options = parser.parse_args()
    with ExitStack() as stack:
        directory = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="maxtac-bench-")))
        table = []
        print(_line("measure", "ratio", "goal", "", "maxtac", "reference"))
        for row in _measures(directory.resolve(), 1 if options.quick else 5, 5 if options.quick else 15):
            print(_format(row), flush=True)
            table.append(row)
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in table], indent=2) + "\n")
    return int(any(row.verdict.startswith(("over", "failed")) for row in table))


def _measures(directory: Path, rounds: int, starts: int) -> Iterator[Row]:
    small, middle, large = (_corpus(directory, services) for services in (100, 1_000, 10_000))
    for pair in [
        *_against_parser(middle, large, rounds),
        _growth(middle, large, rounds),
        _through(large, rounds),
        _function(middle, directory, rounds),
        *_start_up(starts),
    ]:
        yield from rows(pair)
    yield from _lists(directory, rounds)
    yield from _differences(directory, rounds)
    yield from _explanations(directory, rounds)
    yield from _against_kustomize([small, middle], directory, rounds, starts)
    yield _read_back(middle, directory)
    yield from reads.measured(directory, large, min(rounds, 3))
    yield from writes.measured(directory, min(rounds, 3))
    yield from watching.measured(directory, rounds)


def _corpus(directory: Path, services: int) -> Corpus:
    corpus = Corpus(directory / str(services), services)
    if not corpus.directory.exists():
        run((sys.executable, "-m", "benchmarks.corpus", corpus.directory, str(services)))
    return corpus


def _render(path: Path, *options: str) -> Command:
    return (sys.executable, "-m", "maxtac_render", "render", *options, path)


def _against_parser(middle: Corpus, large: Corpus, rounds: int) -> list[Pair]:
    def pair(path: Path, *goals: Goal) -> Pair:
        return Pair(_render(path), _parse(path), rounds, goals)

    cpu = Goal("render 10k / parse the same file: CPU", "cpu", 0.25)
    peak = Goal("render 10k / parse the same file: memory", "peak", 1.0)
    worst = Goal("render 1k, nothing skippable / parse: CPU", "cpu", 1.1)
    return [pair(large.stream, cpu, peak), pair(middle.worst, worst)]


def _growth(middle: Corpus, large: Corpus, rounds: int) -> Pair:
    goal = Goal("render 10k / render 1k: CPU", "cpu", 11)
    return Pair(_render(large.stream), _render(middle.stream), rounds, (goal,))


def _through(large: Corpus, rounds: int) -> Pair:
    cpu = Goal("render 10k, passed through / render: CPU", "cpu", 1.3)
    peak = Goal("render 10k, passed through / render: memory", "peak", 1.5)
    return Pair(_render(large.stream, "--passthrough"), _render(large.stream), rounds, (cpu, peak))


def _function(corpus: Corpus, directory: Path, rounds: int) -> Pair:
    """The KRM function, which reads a list, gives it back and adds to it."""
    package = directory / "package.yaml"
    items = corpus.stream.read_text().split("---\n")
    texts = ("- " + item.rstrip("\n").replace("\n", "\n  ") + "\n" for item in items if item.strip())
    package.write_text("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n" + "".join(texts))
    function: Command = ("sh", "-c", 'exec "$0" -m maxtac_render krm <"$1"', sys.executable, package)
    goal = Goal("function, 1k / parse the same list: CPU", "cpu", 0.75)
    return Pair(function, (sys.executable, "-c", PARSE, package), rounds, (goal,))


def _lists(directory: Path, rounds: int) -> Iterator[Row]:
    """What listing the connections of a cluster costs. Starting the program counts."""
    middle, large = _cluster(directory, 1_000), _cluster(directory, 5_000)
    goals = {
        middle: [Goal("list 1k / parse the same file: CPU", "cpu", 1.3)],
        large: [
            Goal("list 5k / parse the same file: CPU", "cpu", 1.3),
            Goal("list 5k / parse the same file: memory", "peak", None),
        ],
    }
    for path, each in goals.items():
        yield from rows(Pair(_list(path), _parse(path), rounds, tuple(each)))
    yield from rows(Pair(_list(large), _list(middle), rounds, (Goal("list 5k / list 1k: CPU", "cpu", 7),)))
    yield within("list 5k: memory", _list(large), 400)
    every_row = (*_list(_cluster(directory, 1_000, "open")), "-o", "json")
    yield within("list 1k, no policy, 1M rows: memory", every_row, 300)


def _explanations(directory: Path, rounds: int) -> Iterator[Row]:
    """What a question about one pair costs, where most of it is the reading."""
    path = _cluster(directory, 5_000)
    ask: Command = (sys.executable, "-m", "maxtac_render", "explain", "namespace-003/app-00061")
    ask = (*ask, "namespace-004/app-00081", "8001", "-f", path)
    goal = Goal("explain a pair of 5k / parse the same file: CPU", "cpu", 0.9)
    yield from rows(Pair(ask, _parse(path), rounds, (goal,)))
    goal = Goal("explain --suggest, 5k / parse the same file: CPU", "cpu", None)
    yield from rows(Pair((*ask, "--suggest"), _parse(path), rounds, (goal,)))


def _differences(directory: Path, rounds: int) -> Iterator[Row]:
    """What it costs to say what a change opens and closes where one in a hundred policies has changed."""
    for size, workloads, goal in (("1k", 1_000, 2.4), ("5k", 5_000, None)):
        before = _cluster(directory, workloads)
        command: Command = (sys.executable, "-m", "maxtac_render", "diff", "--exit-zero", before, _changed(before))
        measure = Goal(f"diff {size} / parse one of the files: CPU", "cpu", goal)
        yield from rows(Pair(command, _parse(before), rounds, (measure,)))


def _changed(path: Path) -> Path:
    """The same cluster, of which one in a hundred policies opens ports of another protocol."""
    documents = path.read_text().split("---\n")
    policies = [number for number, text in enumerate(documents) if "kind: NetworkPolicy" in text]
    for number in policies[::100]:
        documents[number] = documents[number].replace("protocol: TCP", "protocol: SCTP")
    changed = path.with_stem(f"{path.stem}-changed")
    changed.write_text("---\n".join(documents))
    return changed


def _cluster(directory: Path, workloads: int, sort: str = "closed") -> Path:
    path = directory / f"cluster-{workloads}-{sort}.yaml"
    if not path.exists():
        run((sys.executable, "-m", "benchmarks.clusters", path, str(workloads), sort))
    return path


def _list(path: Path) -> Command:
    return (sys.executable, "-m", "maxtac_render", "list", path)


def _parse(path: Path) -> Command:
    return (sys.executable, "-c", PARSE, path)


def _start_up(rounds: int) -> list[Pair]:
    version = Goal("maxtac --version / python -c pass: wall", "wall", 4.5)
    walkthrough = Goal("render walkthrough / python -c pass: wall", "wall", 7)
    return [
        Pair((MAXTAC, "--version"), BARE, rounds, (version,)),
        Pair((MAXTAC, "render", WALKTHROUGH), BARE, rounds, (walkthrough,)),
    ]


def _against_kustomize(corpora: list[Corpus], directory: Path, rounds: int, starts: int) -> Iterator[Row]:
    program = subprocess.run(
        [ROOT / "tools" / "install", "--print", "kustomize"], capture_output=True, text=True, check=False
    ).stdout.strip()
    goals = [
        Goal("render 100 / kustomize build: CPU", "cpu", None),
        Goal("render 1k / kustomize build: CPU", "cpu", 0.02),
        Goal("render walkthrough / kustomize build: wall", "wall", 1.0),
    ]
    if not program:
        yield from (Row(goal.measure, "skipped: kustomize is not installed: run `make tools`") for goal in goals)
        return
    for corpus, goal in zip(corpora, goals, strict=False):
        yield from rows(Pair(_render(corpus.files), (program, "build", corpus.files), rounds, (goal,)))
    built: Command = (program, "build", _kustomized_walkthrough(directory))
    yield from rows(Pair((MAXTAC, "render", WALKTHROUGH), built, starts, (goals[-1],)))


def _kustomized_walkthrough(directory: Path) -> Path:
    target = directory / "walkthrough"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    names = []
    for number, path in enumerate(sorted(WALKTHROUGH.rglob("*.yaml"))):
        names.append(f"{number}-{path.name}")
        shutil.copyfile(path, target / names[-1])
    write_kustomization(target, names)
    return target


def _read_back(corpus: Corpus, directory: Path) -> Row:
    measure = "render 1k, read back by CSafeLoader: documents"
    output, count = directory / "policies.yaml", directory / "count"
    try:
        run(_render(corpus.stream), output)
        run((sys.executable, "-c", COUNT, output), count)
    except FailedError as error:
        return Row(measure, f"failed: {error}")
    found = int(count.read_text())
    verdict = "ok" if found == corpus.policies else f"failed: {found} documents instead of {corpus.policies}"
    return Row(measure, verdict, subject=found, reference=corpus.policies)


def _format(row: Row) -> str:
    ratio, goal = ("" if value is None else f"{value:.3g}" for value in (row.ratio, row.goal))
    subject, reference = (_quantity(value, row.unit) for value in (row.subject, row.reference))
    return _line(row.measure, ratio, goal, row.verdict, subject, reference)


def _quantity(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    return f"{value:.3f} s" if unit == "s" else f"{value:.0f} {unit}".strip()


def _line(*cells: str) -> str:
    measure, ratio, goal, verdict, subject, reference = cells
    return f"{measure:46} {ratio:>7} {goal:>6}  {verdict:5} {subject:>10} {reference:>10}".rstrip()


if __name__ == "__main__":
    sys.exit(main())
