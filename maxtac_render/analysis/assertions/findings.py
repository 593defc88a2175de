"""What tests find: the connections that are not as a test states, with the reason; and tests that ask nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from maxtac_render.analysis.assertions import Case, Claim, Part
from maxtac_render.analysis.assertions.judging import Outcome, Status, judge
from maxtac_render.analysis.assertions.reasons import asked, command, reason
from maxtac_render.analysis.assertions.scene import Scene
from maxtac_render.analysis.connections import Verdict
from maxtac_render.analysis.endpoints import Named, Unfit, bearing, written
from maxtac_render.analysis.universe import Assumptions, bits
from maxtac_render.model.cluster import Cluster
from maxtac_render.model.diagnostics import Code, Report, listed
from maxtac_render.model.intent import Direction
from maxtac_render.model.portsets import ALL_PORTS, NO_PORTS

MOST = 10
"""Findings of one test; those over that are counted."""

_PORTS = {ALL_PORTS: "every port", NO_PORTS: "a port of that name, which it does not have"}

_VERBS = {
    (Verdict.NO, True): "cannot reach",
    (Verdict.DEPENDS, True): "may or may not reach",
    (Verdict.DEPENDS, False): "may reach",
    (Verdict.YES, False): "can reach",
}
"""What to say of a breach, by its verdict and whether the connection was to pass."""


def run(
    cases: Sequence[Case], cluster: Cluster, assumptions: Assumptions, report: Report
) -> tuple[Scene, list[Outcome]]:
    """Judge tests, in their order, and report all that fails; also the endpoints by which outcomes speak."""
    sound = [case if _named(case, cluster, report) else case._replace(claim=None) for case in cases]
    scene = Scene(cluster, sound, assumptions)
    return scene, [_judged(case, scene, report) for case in sound]


def _judged(case: Case, scene: Scene, report: Report) -> Outcome:
    claim = case.claim
    if claim is None or not _asks(case, claim, scene, report):
        return Outcome(case, Status.SKIPPED if case.skipped else Status.ERROR)
    outcome = judge(case, claim, scene)
    if outcome.status is Status.ERROR:
        report.add(Code.EMPTY_TEST, case, case.field, problem=_no_pair(claim, scene), guess="name others")
    _report(outcome, scene, report)
    return outcome


def _parts(claim: Claim) -> Iterator[Part]:
    yield from (*claim.source.parts, *claim.target.parts)


def _named(case: Case, cluster: Cluster, report: Report) -> bool:
    """Tell whether every name of a test is that of something; a test that is about nobody proves nothing."""
    if case.claim is None:
        return False
    sound = True
    for query, field in _parts(case.claim):
        try:
            if isinstance(query, Named):
                bearing(query, cluster)
        except Unfit as unfit:
            problem, _, guess = str(unfit).partition("; ")
            report.add(Code.EMPTY_TEST, case, field, problem=problem, guess=guess or "name what is in the sources")
            sound = False
    return sound


def _asks(case: Case, claim: Claim, scene: Scene, report: Report) -> bool:
    """Tell whether both sides of a test and its ports are there."""
    for part in (part for ends in (claim.source, claim.target) if not ends.but for part in ends.parts):
        if scene.unknown(part):
            report.add(Code.UNDECLARED_PODS, case, part.field, endpoint=written(part.query))
    targets = scene.mask(claim.target, Direction.EGRESS)
    name = scene.lacking(claim.ports, targets)
    if targets and name:
        problem = f"no pod of to has a container port {name[1]}/{name[0]}"
        report.add(Code.EMPTY_TEST, case, (*case.field, "ports"), problem=problem, guess="name a port that one has")
    return not (targets and name)


def _no_pair(claim: Claim, scene: Scene) -> str:
    for side, ends, direction in (("from", claim.source, Direction.INGRESS), ("to", claim.target, Direction.EGRESS)):
        if not scene.mask(ends, direction):
            return f"nobody is left in {side}"
    return "no connection between from and to is one that a policy could be about"


def _report(outcome: Outcome, scene: Scene, report: Report) -> None:
    """Report the breaches of a test, what is certain first."""
    case = outcome.case
    breaches = sorted(outcome.breaches, key=lambda breach: (breach.verdict is Verdict.DEPENDS, breach.pair))
    rest = sum(breach.pairs for breach in breaches[MOST:])
    others = f"; {rest:,} other connections are not as stated either" if rest else ""
    for breach in breaches[:MOST]:
        facts = {
            "source": listed(map(scene.world.name, bits(breach.sources))),
            "verb": _VERBS[breach.verdict, breach.missing],
            "target": listed(map(scene.world.name, bits(breach.targets))),
            "ports": _PORTS.get(breach.ports) or str(breach.ports),
            "reason": reason(breach, scene.world),
            "others": others if breach is breaches[:MOST][-1] else "",
            "command": command((asked(number, scene.world) for number in breach.pair), breach.ports),
        }
        report.add(Code.ASSERTION_FAILED, case, case.field, **facts)
