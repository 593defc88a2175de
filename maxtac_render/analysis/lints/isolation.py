"""Who is closed by whom: pods that only one author closes, and pods that cannot ask for names any more."""

from __future__ import annotations

from collections.abc import Iterator

from maxtac_render.analysis.lints._scene import SIDES, Scene, is_written
from maxtac_render.analysis.provenance import isolation_site
from maxtac_render.analysis.universe import bits
from maxtac_render.model.cluster import Applied
from maxtac_render.model.diagnostics import Code, Report
from maxtac_render.model.intent import Direction, Intent
from maxtac_render.model.objects import ObjectRef
from maxtac_render.model.policy import opens_dns


def lint(scene: Scene, report: Report) -> None:
    """Report both."""
    _report_first(scene, report)
    _report_nameless(scene, report)


def _report_first(scene: Scene, report: Report) -> None:
    """Report rules that close pods which nothing else closes: their author may have meant to open something only."""
    closed: dict[tuple[ObjectRef, Direction], int] = {}
    authors: dict[ObjectRef, Applied | Intent] = {}
    for side in SIDES:
        for pod in bits(scene.declared):
            found = {_author(scene.applied[number]).ref for number in scene.verdicts.possible.isolating(side, pod)}
            if len(found) == 1:
                key = (found.pop(), side)
                closed[key] = closed.get(key, 0) | 1 << pod
    for applied in scene.applied:
        authors.setdefault(_author(applied).ref, _author(applied))
    for (ref, side), pods in closed.items():
        author = authors[ref]
        if author.origin.path and (isinstance(author, Intent) or _opens(author, side)):
            field = ("spec", "direction") if isinstance(author, Intent) else ("spec", side.word)
            report.add(Code.FIRST_ISOLATION, author, field, side=side.word, pods=scene.named(pods))


def _author(applied: Applied) -> Applied | Intent:
    """The intent that a policy was made for, or else the policy itself."""
    cause = applied.policy.cause
    return applied if cause is None else cause.intent


def _opens(applied: Applied, side: Direction) -> bool:
    """Tell whether a policy has rules for a side; one without is there to close it."""
    return any(rule.direction is side for rule in applied.policy.rules)


def _report_nameless(scene: Scene, report: Report) -> None:
    """Report written policies that close egress of pods which then no policy lets ask for names."""
    closed: dict[int, int] = {}
    for pod in bits(scene.universe.pods):
        numbers = scene.verdicts.possible.isolating(Direction.EGRESS, pod)
        if numbers and not any(opens_dns(rule) for applied in _selecting(scene, pod) for rule in applied.policy.rules):
            for number in numbers:
                closed[number] = closed.get(number, 0) | 1 << pod
    for number, pods in closed.items():
        applied = scene.applied[number]
        if applied.policy.cause is None and is_written(applied):
            about, field = isolation_site(applied)
            report.add(Code.EGRESS_WITHOUT_DNS, about, field, subjects=scene.named(pods))


def _selecting(scene: Scene, pod: int) -> Iterator[Applied]:
    """The policies that perhaps let a pod talk to others."""
    for number in scene.verdicts.certain.isolating(Direction.EGRESS, pod):
        yield scene.applied[number]
