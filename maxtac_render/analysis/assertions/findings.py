"""What tests find: the connections that are not as a test states, with the reason."""

from __future__ import annotations

from collections.abc import Sequence

from maxtac_render.analysis.assertions import Case
from maxtac_render.analysis.assertions.judging import Outcome, Status, judge
from maxtac_render.analysis.assertions.questions import Questions
from maxtac_render.analysis.assertions.reasons import asked, command, reason
from maxtac_render.analysis.assertions.scene import Scene
from maxtac_render.analysis.assertions.world import World
from maxtac_render.analysis.connections import Verdict
from maxtac_render.analysis.universe import Assumptions, bits
from maxtac_render.model.cluster import Cluster
from maxtac_render.model.diagnostics import Code, Report, listed
from maxtac_render.model.portsets import ALL_PORTS, NO_PORTS

MOST = 10
"""Findings of one test; those over that are counted."""

_PORTS = {ALL_PORTS: "every port", NO_PORTS: "a port of that name"}

_VERBS = {
    (Verdict.NO, True): "cannot reach",
    (Verdict.DEPENDS, True): "may or may not reach",
    (Verdict.DEPENDS, False): "may reach",
    (Verdict.YES, False): "can reach",
}
"""What to say of a breach, by its verdict and whether the connection was to pass."""


def run(
    cases: Sequence[Case], cluster: Cluster, assumptions: Assumptions, report: Report
) -> tuple[World, list[Outcome]]:
    """Judge tests, in their order, and report all that fails; also the endpoints by which outcomes speak."""
    questions = Questions(cluster, report)
    sound = [case if questions.names_somebody(case) else case._replace(claim=None) for case in cases]
    scene = Scene(cluster, sound, assumptions)
    return scene.world, [_judged(case, scene, questions, report) for case in sound]


def _judged(case: Case, scene: Scene, questions: Questions, report: Report) -> Outcome:
    claim = case.claim
    if claim is None or not questions.has_ports(case, claim, scene):
        return Outcome(case, Status.SKIPPED if case.skipped else Status.ERROR)
    outcome = judge(case, claim, scene)
    if outcome.status is Status.ERROR:
        questions.report_nobody(case, claim, scene)
    _report(outcome, scene.world, report)
    return outcome


def _report(outcome: Outcome, world: World, report: Report) -> None:
    """Report the breaches of a test, what is certain first."""
    case = outcome.case
    breaches = sorted(outcome.breaches, key=lambda breach: (breach.verdict is Verdict.DEPENDS, breach.pair))
    rest = sum(breach.pairs for breach in breaches[MOST:])
    others = f"; {rest:,} other connections are not as stated either" if rest else ""
    for breach in breaches[:MOST]:
        facts = {
            "source": listed(map(world.name, bits(breach.sources))),
            "verb": _VERBS[breach.verdict, breach.missing],
            "target": listed(map(world.name, bits(breach.targets))),
            "ports": _PORTS.get(breach.ports) or str(breach.ports),
            "reason": reason(breach, world),
            "others": others if breach is breaches[:MOST][-1] else "",
            "command": command((asked(number, world) for number in breach.pair), breach.ports),
        }
        report.add(Code.ASSERTION_FAILED, case, case.field, **facts)
