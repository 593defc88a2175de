"""Kubernetes' own end-to-end tests of network policy, as truth tables: what nine pods may do is what they expect."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from clusters import body, pod_body
from evaluator import Body, Connection, Pod, allowed
from maxtac_render.analysis.endpoints import stage
from maxtac_render.analysis.reachability import Verdicts
from maxtac_render.analysis.universe import USUAL
from maxtac_render.assembly import assemble
from maxtac_render.manifests.read import read
from maxtac_render.manifests.wanted import CLUSTER
from maxtac_render.model.diagnostics import Report
from maxtac_render.model.options import Options

TESTS = yaml.safe_load((Path(__file__).parents[1] / "testdata" / "conformance.yaml").read_text())
PLACES = [*itertools.product("xyz", "abc")]
UPSTREAM = 48
"""How many tests there are upstream: 42 of TCP (some of them of other protocols too), 3 more each of UDP and SCTP."""
Table = set[tuple[str, str]]


def pods(labels: dict[str, dict[str, str]]) -> dict[str, Pod]:
    """The nine pods, with the labels that they have now."""
    found = {}
    for (namespace, name), number in zip(PLACES, range(9), strict=True):
        row, column = number // 3 + 1, number % 3 + 1
        ports = [(f"serve-{port}-{word.lower()}", word, port) for port in (80, 81) for word in ("TCP", "UDP", "SCTP")]
        own = {"pod": name, **labels.get(f"{namespace}/{name}", {})}
        addresses = (f"10.0.{row}.{column}", f"fd00::{row}:{column}")
        home = tuple(labels.get(namespace, {}).items())
        found[f"{namespace}/{name}"] = Pod(namespace, tuple(own.items()), tuple(ports), addresses, home)
    return found


def policies(step: dict[str, Any]) -> list[Body]:
    """The policies of a step."""
    bodies = []
    for number, spec in enumerate(step["policies"]):
        rest = {key: value for key, value in spec.items() if key != "in"}
        bodies.append(body("NetworkPolicy", (spec.get("in", "x"), f"p{number}"), spec=rest))
    return bodies


def expected(text: dict[str, list[str]]) -> Table:
    """The pairs that may talk: all but those forbidden, and those allowed in spite of it."""
    names = ["/".join(place) for place in PLACES]
    table = set(itertools.permutations(names, 2))
    for word in ("denied", "allowed"):
        for line in text.get(word, ()):
            source, target = line.split(" -> ")
            pairs = {pair for pair in itertools.permutations(names, 2) if _is(pair[0], source) and _is(pair[1], target)}
            table = table - pairs if word == "denied" else table | pairs
    return table


def _is(name: str, pattern: str) -> bool:
    return pattern in ("any", name) or name.startswith(f"{pattern}/")


def reached(step: dict[str, Any], known: dict[str, Pod], protocol: str, port: int) -> Table:
    """The pairs that may talk on a port, by the engine, over the manifests as text."""
    homes = [body("Namespace", ("", name), metadata={"labels": step.get("labels", {}).get(name, {})}) for name in "xyz"]
    live = [pod_body((pod.namespace, place[2:]), pod) for place, pod in known.items()]
    report = Report()
    text = "\n---\n".join(map(json.dumps, [*homes, *live, *policies(step)]))
    cluster = assemble(read(text.encode(), "x.yaml", report, wanted=CLUSTER), Options(), report).cluster
    assert not report.sorted()
    universe = stage(cluster, (), USUAL).universe
    verdicts = Verdicts(universe, [each.policy for each in cluster.policies])
    assert verdicts.certain is verdicts.possible
    names = [f"{each.ref.namespace}/{each.ref.name}" for each in cluster.workloads]
    return {
        (names[source], names[target])
        for source, target in itertools.permutations(range(9), 2)
        for span in verdicts.certain.ports(source, target).spans
        if span.protocol == protocol and span.first <= port <= span.last
    }


STEPS = [
    pytest.param(step, id=f"{test['test']}-{number}") for test in TESTS for number, step in enumerate(test["steps"])
]


@pytest.mark.parametrize("step", STEPS)
def test_who_may_talk_to_whom_is_what_the_conformance_tests_expect(step: dict[str, Any]) -> None:
    """By the engine and by the brute-force evaluator, on every pair of pods."""
    known = pods(step.get("labels", {}))
    for word in [word for word in step if "/" in word]:
        port, protocol = int(word.split("/")[0]), word.split("/")[1]
        table = expected(step[word])
        assert reached(step, known, protocol, port) == table, word
        tried: list[Connection] = [
            (known[source], known[target], protocol, port) for source, target in itertools.permutations(known, 2)
        ]
        passing = allowed(policies(step), tried)
        assert {
            pair for pair, each in zip(itertools.permutations(known, 2), tried, strict=True) if each in passing
        } == table


def test_no_conformance_test_is_left_out() -> None:
    """Every name is there once for each protocol."""
    names = [(test["test"], protocol) for test in TESTS for protocol in test.get("also", [])]
    names += {(test["test"], "TCP") for test in TESTS}
    assert len(set(names)) == len(names) == UPSTREAM
