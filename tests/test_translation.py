"""What is rendered allows what the intents say, and nothing else: every connection, by two judges."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from clusters import pod_body
from evaluator import Body, Connection, Pod, allowed
from judge import assembled, passing, positions, verdicts
from maxtac_render.compiler import Output, bodies, compile_intents
from maxtac_render.model.diagnostics import Code, Report, Severity
from maxtac_render.model.intent import Direction
from maxtac_render.model.options import Options
from maxtac_render.wire import networkpolicy_reader
from reading import NAME_SERVER, Statement, closed, passes, statements
from test_properties import NOW
from worlds import CONNECTIONS, OUTSIDE, annotated_worlds, resources

SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TOLERANT = dict.fromkeys(Code, Severity.WARNING)
DNS = Pod(NAME_SERVER[0], tuple(NAME_SERVER[1].items()), (("dns", "UDP", 53),))
PODS = [*dict.fromkeys(end for each in CONNECTIONS for end in each[:2] if isinstance(end, Pod)), DNS]
TRIED: list[Connection] = [
    *CONNECTIONS,
    *((pod, DNS, protocol, port) for pod in PODS[:-1] for protocol in ("TCP", "UDP") for port in (53, 80)),
]
READINGS: list[dict[str, Any]] = [{}, {"compat": "controller"}, {"baseline": ("dns",)}]


def compiled(world: list[Body], **options: Any) -> Output:
    """What a world is compiled to, everything tolerated."""
    return compile_intents(resources(world), Options(now=NOW, **options), Report(TOLERANT))


def said(world: list[Body], **options: Any) -> list[Statement]:
    """What a world says."""
    controller, dns = options.get("compat") == "controller", "dns" in options.get("baseline", ())
    return [*statements(world, NOW.isoformat(), controller=controller, dns=dns)]


@pytest.mark.parametrize("options", READINGS, ids=str)
@SLOW
@given(world=annotated_worlds())
def test_rendered_policies_allow_what_the_intents_say(options: dict[str, Any], world: list[Body]) -> None:
    """Judged by the evaluator, over the bodies: who, with whom, on which ports, and who is closed."""
    told = said(world, **options)
    policies = list(bodies(compiled(world, **options).policies))
    assert allowed(policies, TRIED) == {connection for connection in TRIED if passes(told, connection)}


PLACES = {pod: (pod.namespace, f"pod{number}") for number, pod in enumerate(PODS)}


@pytest.mark.parametrize("options", READINGS, ids=str)
@SLOW
@given(world=annotated_worlds())
def test_the_engine_reads_intents_as_they_are_meant(options: dict[str, Any], world: list[Body]) -> None:
    """Judged by the engine, over the resources themselves, beside the pods."""
    told = said(world, **options)
    manifests = [*world, *(pod_body(place, pod) for pod, place in PLACES.items())]
    found = verdicts(assembled(manifests, Options(now=NOW, **options), Report(TOLERANT)))
    ends = positions(found.universe, PLACES, OUTSIDE)
    expected = {connection for connection in TRIED if passes(told, connection)}
    for reach in (found.certain, found.possible):
        assert passing(reach, ends, TRIED) == expected
        for side in (Direction.INGRESS, Direction.EGRESS):
            isolated = {pod for pod in PODS if reach.isolated(side) >> ends[pod] & 1}
            assert isolated == {pod for pod in PODS if closed(told, side.word, pod)}


@pytest.mark.parametrize("options", READINGS, ids=str)
@SLOW
@given(world=annotated_worlds())
def test_what_is_rendered_is_not_stale_beside_its_intents(options: dict[str, Any], world: list[Body]) -> None:
    """The writer and the reader of policies agree; it is read as it was, and the intents' render takes its place."""
    fresh = compiled(world, **options).policies
    written, report = list(bodies(fresh)), Report(TOLERANT)
    cluster = assembled([*world, *written], Options(now=NOW, **options), report)
    assert Code.STALE not in {finding.code for finding in report.sorted()}
    assert [each.policy for each in cluster.policies] == sorted(fresh, key=lambda policy: policy[:2])
    noticed = Report()
    assert None not in [networkpolicy_reader.decode(resource, noticed) for resource in resources(written)]
    assert not noticed.sorted()
