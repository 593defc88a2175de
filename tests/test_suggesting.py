"""Suggestions do what they say, judged by the brute-force evaluator: what was asked for opens, and nothing unsaid."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from evaluator import Connection, Pod, allowed
from evaluator import Endpoint as End
from maxtac_render.analysis import answers, endpoints
from maxtac_render.analysis.answers import Question
from maxtac_render.analysis.connections import Verdict
from maxtac_render.analysis.universe import USUAL, Endpoint, Outside
from maxtac_render.assembly import assemble
from maxtac_render.compiler import bodies
from maxtac_render.model.cluster import Cluster
from maxtac_render.model.diagnostics import Code, Report, Severity
from maxtac_render.model.options import Options
from maxtac_render.model.ports import Port
from maxtac_render.suggesting import Hopeless, Moved, Situation, suggest
from worlds import CONNECTIONS, Body, resources, worlds

TOLERANT = dict.fromkeys(Code, Severity.WARNING)
PODS = sorted({end for connection in CONNECTIONS for end in connection[:2] if isinstance(end, Pod)})
DENIALS = [
    {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "deny", "namespace": namespace},
        "spec": {"podSelector": {}, "policyTypes": types},
    }
    for namespace, types in (("shop", ["Ingress", "Egress"]), ("bank", ["Ingress"]))
]


def name(pod: Pod) -> str:
    """What a pod is called."""
    labels = dict(pod.labels)
    return f"{labels['app']}-{labels['tier']}"


def body(pod: Pod) -> Body:
    """A pod as it is written."""
    ports = [{"name": word, "protocol": protocol, "containerPort": number} for word, protocol, number in pod.ports]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name(pod), "namespace": pod.namespace, "labels": dict(pod.labels)},
        "spec": {"containers": [{"name": "main", "ports": ports}]},
    }


def query(end: End) -> endpoints.Query:
    """An end of a question."""
    return endpoints.parse(end if isinstance(end, str) else f"Pod/{end.namespace}/{name(end)}")


def cluster(world: Iterable[Body], options: Options) -> Cluster:
    """What a world makes, everything tolerated."""
    return assemble(resources([*world]), options, Report(TOLERANT)).cluster


def passing(found: Cluster) -> set[Connection]:
    """What the policies of a cluster let pass."""
    return allowed(bodies(each.policy for each in found.policies), CONNECTIONS)


def merged(world: list[Body], documents: Iterable[dict[str, Any]]) -> list[Body]:
    """A world with a suggestion in it, as people would put it there."""
    changed = [*world]
    for document in documents:
        if document["kind"] != "Service":
            changed.append(document)
            continue
        ((number, old),) = [(number, each) for number, each in enumerate(changed) if is_same(each, document)]
        metadata = {**old["metadata"]}
        for field in ("labels", "annotations"):
            metadata[field] = {**(metadata.get(field) or {}), **document["metadata"].get(field, {})}
        changed[number] = {**old, "metadata": metadata}
    return changed


def is_same(one: Body, other: Body) -> bool:
    """Tell whether two bodies are of one object."""
    return all(one["metadata"].get(key) == other["metadata"].get(key) for key in ("name", "namespace")) and (
        one["kind"] == other["kind"]
    )


def told(moves: Iterable[Moved]) -> set[Connection]:
    """The connections that are said to open or close, one by one."""
    return {
        (source, target, protocol, number)
        for moved in moves
        for source, target, protocol, number in CONNECTIONS
        if holds(moved.sources, source)
        and holds(moved.targets, target)
        and any(span.protocol == protocol and span.first <= number <= span.last for span in moved.ports.spans)
    }


def holds(ends: Iterable[Endpoint], end: End) -> bool:
    """Tell whether an end is among some endpoints."""
    for each in ends:
        if isinstance(each, Outside):
            if isinstance(end, str):
                address = ip_address(end)
                if any(r.version == address.version and r.first <= int(address) <= r.last for r in each.ranges):
                    return True
        elif isinstance(end, Pod) and (each.ref.namespace, each.ref.name) == (end.namespace, name(end)):
            return True
    return False


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    worlds(),
    st.sampled_from(([], DENIALS[:1], DENIALS)),
    st.sampled_from(CONNECTIONS),
    st.sampled_from(("override", "narrow")),
)
def test_a_suggestion_opens_what_was_asked_for_and_else_what_it_says(
    world: list[Body], denials: list[Body], asked: Connection, annotations: Any
) -> None:
    """With it, the connection passes; all that opens or closes besides was told, and nothing more."""
    world = [*world, *denials, *map(body, PODS)]
    options = Options(now=datetime(2027, 1, 1, tzinfo=UTC), annotations=annotations, severity=TOLERANT)
    source, target, protocol, number = asked
    question = Question(query(source), query(target), Port(protocol, number))
    known = cluster(world, options)
    found = answers.answer(known, question, USUAL)
    before = passing(known)
    assert (asked in before) == (found.answers[0].verdict is Verdict.YES)
    try:
        suggestion = suggest(Situation(resources(world), options, None, known, question, found))
    except Hopeless as why:
        event(str(why).split(" ")[0])
        return
    assert (suggestion is None) == (asked in before)
    if suggestion is None:
        return
    event(", ".join(document["kind"] for document in suggestion.documents))
    after = passing(cluster(merged(world, suggestion.documents), options))
    assert asked in after
    assert told(suggestion.asked) == {asked}
    assert after - before == told((*suggestion.asked, *suggestion.besides))
    assert before - after == told(suggestion.closed)
    assert bool(suggestion.isolated) or not suggestion.closed
