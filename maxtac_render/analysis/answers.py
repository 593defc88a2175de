"""Answers to who may talk to whom, and why: each stands for all endpoints of which it holds for the same reasons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from maxtac_render.analysis import causes, doubts, endpoints, fronts, provenance
from maxtac_render.analysis.causes import Allowing, Causes, Isolating, Side
from maxtac_render.analysis.connections import Verdict
from maxtac_render.analysis.doubts import Doubt
from maxtac_render.analysis.endpoints import Named, Query, Unfit, stage
from maxtac_render.analysis.fronts import Fronted
from maxtac_render.analysis.reachability import Verdicts
from maxtac_render.analysis.universe import Assumptions, Endpoint, Outside, Universe, bits
from maxtac_render.model import portsets
from maxtac_render.model.cluster import Applied, Cluster
from maxtac_render.model.ports import Port
from maxtac_render.model.portsets import NO_PORTS, PortSet, Span

MOST = 10_000
"""Pairs of endpoints in one question; more is what a list is for."""


class Question(NamedTuple):
    """May these talk to those, on a port (a number, or the name of a container port) or, with None, on any?"""

    source: Query
    target: Query
    port: Port | None = None


class Answer(NamedTuple):
    """From every one of the sources to every one of the targets it is so.

    ``asked`` is the port of the question; NO_PORTS where it is a name that no container port has. ``itself`` tells that
    it is about one pod and itself: a pod cannot be kept from itself.
    """

    verdict: Verdict
    sources: tuple[Endpoint, ...]
    targets: tuple[Endpoint, ...]
    asked: PortSet | None
    causes: Causes
    doubts: tuple[Doubt, ...]
    itself: bool = False


class Answers(NamedTuple):
    """All answers to a question, those that say no first.

    ``question`` is the one that was answered: about ports of pods. ``fronted`` tells of Services that have the port
    that was asked for.
    """

    question: Question
    answers: list[Answer]
    fronted: list[Fronted]


def answer(cluster: Cluster, question: Question, assumptions: Assumptions) -> Answers:
    """Answer a question. Raises Unfit for endpoints that are none, or too many."""
    universe, asked = stage(cluster, (question.source, question.target), assumptions)
    services = _fronted(cluster, question, asked[1])
    taken = next((each.behind for each in services if each.taken), question.port)
    applied = _near(cluster, universe, asked[0] | asked[1])
    verdicts = Verdicts(universe, [each.policy for each in applied])
    found: dict[object, tuple[Answer, dict[int, list[int]]]] = {}
    for source, target in _pairs(universe, *asked):
        one = _answer(verdicts, applied, (source, target), taken)
        _, targets = found.setdefault(_likeness(one), (one, {}))
        targets.setdefault(source, []).append(target)
    spread = (each for one, targets in found.values() for each in _spread(universe, one, targets))
    return Answers(question._replace(port=taken), sorted(spread, key=_order), services)


def _fronted(cluster: Cluster, question: Question, targets: int) -> list[Fronted]:
    if question.port is None or not isinstance(question.target, Named):
        return []
    reached = [cluster.workloads[number] for number in bits(targets)]
    return fronts.fronted(cluster, question.target, reached, question.port)


def _pairs(universe: Universe, sources: int, targets: int) -> Iterator[tuple[int, int]]:
    """The pairs that a question is about. A pod and itself are only where nothing else is."""
    if sources.bit_count() * targets.bit_count() > MOST:
        count = sources.bit_count() * targets.bit_count()
        raise Unfit(f"{count:,} pairs are too many to explain; name fewer, or list them with maxtac list")
    if not universe.pods & (sources | targets):
        raise Unfit("both are outside of the cluster, where no policy governs")
    itself = sources == targets and sources.bit_count() == 1
    for source in bits(sources):
        others = targets if source < len(universe.workloads) else targets & universe.pods
        if not itself and not universe.several >> source & 1:
            others &= ~(1 << source)
        yield from ((source, target) for target in bits(others))


def _near(cluster: Cluster, universe: Universe, ends: int) -> Sequence[Applied]:
    """The policies that can govern some endpoints: those of their namespaces."""
    homes = {universe.home(pod).name for pod in bits(ends & universe.pods)}
    return [each for each in cluster.policies if "" in homes or each.policy.namespace in homes]


def _answer(verdicts: Verdicts, applied: Sequence[Applied], ends: tuple[int, int], port: Port | None) -> Answer:
    universe, (source, target) = verdicts.universe, ends
    found = causes.causes(verdicts, applied, source, target)
    asked = None if port is None else asked_of(universe.endpoint(target), port)
    itself = source == target and not universe.several >> source & 1
    verdict = Verdict.YES if itself else judge(found.certain, found.possible, asked)
    open_question = verdict is Verdict.DEPENDS or (asked is None and found.certain is not found.possible)
    doubt = doubts.doubts(universe, found, ends) if open_question and not itself else ()
    alone = (universe.endpoint(source),), (universe.endpoint(target),)
    return Answer(verdict, *alone, asked, found, doubt, itself)


def judge(certain: PortSet, possible: PortSet, asked: PortSet | None) -> Verdict:
    """Whether what was asked for passes, some ports or (None) any, where some pass for certain and some perhaps."""
    if asked is not None:
        certain, possible = asked.meet(certain), asked.may_meet(possible)
    return Verdict.YES if certain else Verdict.DEPENDS if possible else Verdict.NO


def asked_of(target: Endpoint, port: Port) -> PortSet:
    """The port of a question at one target: a name is the number that it has there, or itself where none is known."""
    protocol, number, _ = port
    if isinstance(number, str):
        if isinstance(target, Outside):
            return NO_PORTS
        if target.ports is None:
            return PortSet((), ((protocol, number),))
        if (protocol, number) not in target.ports:
            return NO_PORTS
        number = target.ports[protocol, number]
    return PortSet((Span(protocol, number, number),))


def _likeness(answer: Answer) -> object:
    """What answers have in common that hold for the same reasons."""
    kinds = tuple(isinstance(each, Outside) for each in (*answer.sources, *answer.targets))
    sides = (_shape(answer.causes.egress), _shape(answer.causes.ingress))
    return kinds, answer.verdict, answer.asked, answer.doubts, answer.itself, sides


def _shape(side: Side) -> object:
    policies = (
        (policy.applied.ref, policy.certain, tuple((rule.number, rule.ports, rule.certain) for rule in policy.allowing))
        for policy in side.isolating
    )
    return side.certain, side.possible, tuple(policies)


def _spread(universe: Universe, answer: Answer, targets: dict[int, list[int]]) -> Iterator[Answer]:
    """An answer for all pairs of which it holds, as often as it takes to name each of them."""
    rows: dict[tuple[int, ...], list[int]] = {}
    for source, row in targets.items():
        rows.setdefault(tuple(row), []).append(source)
    for same, sources in rows.items():
        yield answer._replace(sources=_ends(universe, sources), targets=_ends(universe, same))


def _ends(universe: Universe, numbers: Iterable[int]) -> tuple[Endpoint, ...]:
    return tuple(universe.endpoints(sum(1 << number for number in numbers)))


def _order(answer: Answer) -> tuple[object, ...]:
    names = ([endpoints.name(each) for each in ends] for ends in (answer.sources, answer.targets))
    return (list(Verdict)[::-1].index(answer.verdict), *names)


def described(found: Answers) -> dict[str, Any]:
    """A question and its answers for programs."""
    source, target, port = found.question
    asked = None if port is None else {"protocol": port.protocol, "port": port.port}
    return {
        "question": {"source": endpoints.written(source), "target": endpoints.written(target), "port": asked},
        "services": [fronts.described(each) for each in found.fronted],
        "answers": [_described(each) for each in found.answers],
    }


def _described(answer: Answer) -> dict[str, Any]:
    _, sources, targets, asked, causes, doubt, itself = answer
    certain, possible = causes.certain, causes.possible
    if asked is not None:
        certain, possible = asked.meet(certain), asked.may_meet(possible)
    return {
        "verdict": str(answer.verdict),
        "sources": [endpoints.described(each) for each in sources],
        "targets": [endpoints.described(each) for each in targets],
        "itself": itself,
        "ports": portsets.described(certain),
        "depends": portsets.described(possible.without(certain)),
        "dependsOn": [each._asdict() for each in doubt],
        "egress": _side(causes.egress, asked),
        "ingress": _side(causes.ingress, asked),
    }


def _side(side: Side, asked: PortSet | None) -> dict[str, Any]:
    isolated = Verdict.YES if any(each.certain for each in side.isolating) else Verdict.DEPENDS
    return {
        "isolated": str(isolated if side.isolating else Verdict.NO),
        "verdict": str(judge(side.certain, side.possible, asked)),
        "ports": portsets.described(side.certain),
        "depends": portsets.described(side.possible.without(side.certain)),
        "policies": [_policy(each) for each in side.isolating],
    }


def _policy(isolating: Isolating) -> dict[str, Any]:
    ref, made = isolating.applied.ref, provenance.provenance(isolating.applied)
    return {
        "namespace": ref.namespace,
        "name": ref.name,
        "source": made.source or None,
        "service": made.service or None,
        "expires": made.expires or None,
        "certain": isolating.certain,
        "site": provenance.described(provenance.isolation_site(isolating.applied)),
        "rules": [_rule(each) for each in isolating.allowing],
    }


def _rule(allowing: Allowing) -> dict[str, Any]:
    site = provenance.rule_site(allowing.applied, allowing.direction, allowing.number)
    return {
        "number": allowing.number,
        "ports": portsets.described(allowing.ports),
        "certain": allowing.certain,
        "site": provenance.described(site),
    }
