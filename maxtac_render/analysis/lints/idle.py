"""Policies and rules that change nothing: they select nobody, or open what is open already."""

from __future__ import annotations

from maxtac_render.analysis.lints._scene import SIDES, Opening, Scene, is_written, openings
from maxtac_render.analysis.reachability import Parts, parted
from maxtac_render.analysis.universe import bits
from maxtac_render.model.diagnostics import Code, Report
from maxtac_render.model.portsets import PortSet


def lint(scene: Scene, report: Report) -> None:
    """Report both. Of rules that say the same, all but the first change nothing."""
    _report_unselecting(scene, report)
    idle: set[tuple[int, object]] = set()
    found = []
    for opening in reversed(list(openings(scene))):
        if _is_idle(scene, opening, idle):
            idle.add(_key(opening))
            found.append(opening)
    needless = {opening.number for opening in found if _is_needless(scene, opening.number, idle)}
    for opening in reversed(found):
        if opening.number not in needless:
            facts = {"side": opening.rule.direction.word, "policy": opening.applied.ref}
            report.add(Code.REDUNDANT_RULE, opening.site.about, opening.site.field, **facts)
        elif opening.applied.policy.cause is None:
            report.add(Code.REDUNDANT_POLICY, opening.applied, ("metadata", "name"))


def _report_unselecting(scene: Scene, report: Report) -> None:
    """Report policies that select no pod, in namespaces of which pods are known."""
    for applied in scene.applied:
        policy = applied.policy
        written = policy.cause is None and is_written(applied)
        if written and policy.namespace in scene.inhabited and not scene.universe.subject(policy).may:
            report.add(Code.SELECTS_NOTHING, applied, ("spec", "podSelector"))


def _key(opening: Opening) -> tuple[int, object]:
    return opening.number, (opening.rule.direction, opening.place)


def _is_idle(scene: Scene, opening: Opening, idle: set[tuple[int, object]]) -> bool:
    """Tell whether a rule opens something, and nothing that rules which are not idle do not open for certain."""
    opens = False
    for pod in bits(scene.universe.subject(opening.applied.policy).may):
        others = _others(scene, opening, pod, idle)
        for mask, ports in scene.verdicts.possible.opened(opening.rule, pod):
            opens = opens or bool(mask)
            if not _covers(others, mask, ports):
                return False
    return opens


def _others(scene: Scene, opening: Opening, pod: int, idle: set[tuple[int, object]]) -> Parts:
    """What the other rules open for a pod in the same direction."""
    side, certain = opening.rule.direction, scene.verdicts.certain
    found: dict[PortSet, int] = {}
    for number in scene.verdicts.possible.isolating(side, pod):
        rules = (rule for rule in scene.applied[number].policy.rules if rule.direction is side)
        for index, rule in enumerate(rules):
            key = (number, (side, index))
            if key not in idle and key != _key(opening):
                for mask, ports in certain.opened(rule, pod):
                    found[ports] = found.get(ports, 0) | mask
    return parted(found)


def _covers(parts: Parts, mask: int, ports: PortSet) -> bool:
    """Tell whether all of a mask has all of some ports in parts."""
    for part, theirs in parts:
        if part & mask and not ports.without(theirs):
            mask &= ~part
    return not mask


def _is_needless(scene: Scene, number: int, idle: set[tuple[int, object]]) -> bool:
    """Tell whether all rules of a policy are idle, and other policies isolate its pods as it does."""
    applied = scene.applied[number]
    for side in SIDES:
        rules = [rule for rule in applied.policy.rules if rule.direction is side]
        if any((number, (side, index)) not in idle for index in range(len(rules))):
            return False
        for pod in bits(scene.universe.subject(applied.policy).may) if (applied.policy.isolates & side) is side else ():
            if set(scene.verdicts.possible.isolating(side, pod)) <= {number}:
                return False
    return True
