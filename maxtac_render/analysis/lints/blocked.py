"""What one side of a connection opens and the other side closes."""

from __future__ import annotations

from maxtac_render.analysis.lints._scene import Opening, Scene, openings
from maxtac_render.analysis.universe import bits
from maxtac_render.model.diagnostics import Code, Report, counted
from maxtac_render.model.intent import Direction


def lint(scene: Scene, report: Report) -> None:
    """Report rules between pods of which not one connection passes, because the other side lets none through."""
    for opening in openings(scene):
        blocked = _blocked(scene, opening)
        if blocked is None:
            continue
        subject, peer = blocked
        there = opening.rule.direction.flipped
        numbers = scene.verdicts.possible.isolating(there, peer)
        closing = counted([str(scene.applied[number].ref) for number in numbers])
        facts = {
            "subject": scene.named(1 << subject),
            "peer": scene.named(1 << peer),
            "side": opening.rule.direction.word,
            "there": there.word,
            "policies": f"{closing} closes" if len(numbers) == 1 else f"{closing} close",
        }
        code = Code.ONE_SIDED if opening.applied.policy.cause is None else Code.INTENT_DEFEATED
        report.add(code, opening.site.about, opening.site.field, **facts)


def _blocked(scene: Scene, opening: Opening) -> tuple[int, int] | None:
    """A subject and a peer of a rule none of whose connections passes; None if one does, or if it opens nothing."""
    possible, rule, first = scene.verdicts.possible, opening.rule, None
    if not all(map(scene.knows, rule.peers)):
        return None
    for subject in bits(scene.universe.subject(opening.applied.policy).may):
        for mask, ports in possible.opened(rule, subject):
            for peer in bits(mask & ~(1 << subject)):
                ends = (peer, subject) if rule.direction is Direction.INGRESS else (subject, peer)
                if possible.ports(*ends).may_meet(ports):
                    return None
                first = first or (subject, peer)
    return first
