"""A rollout, for people and programs: the changes of policies in order, and what each opens or cuts for a while."""

from __future__ import annotations

from collections.abc import Iterator
from json import dumps
from typing import Any

from maxtac_render.analysis import endpoints, provenance
from maxtac_render.analysis.rollout import Harm, Rollout, Step
from maxtac_render.analysis.universe import Universe
from maxtac_render.cli.comparing import words
from maxtac_render.cli.comparing.json import policy
from maxtac_render.cli.compilation import count
from maxtac_render.model import portsets
from maxtac_render.model.catalogue import Code
from maxtac_render.model.configuration import API_VERSION
from maxtac_render.model.diagnostics import Report, Site
from maxtac_render.reports.text import COLOURS, PLAIN, visible

KIND = "RolloutPlan"


def text(rollout: Rollout, *, colour: bool = False) -> Iterator[str]:
    """The steps for people; nothing without any."""
    if not rollout.steps:
        return
    paint = COLOURS if colour else PLAIN
    yield f"{paint.strong}{headline(rollout)}{paint.end}\n"
    for number, title, place, harms in told(rollout):
        yield visible(f"{number:>{len(str(len(rollout.steps)))}}. {title}{f' ({place})' if place else ''}") + "\n"
        for harm in harms:
            yield f"{'':{len(str(len(rollout.steps)))}}  {paint.warning}{visible(harm)}{paint.end}\n"
    yield from (f"{visible(note)}\n" for note in notes(rollout))


def headline(rollout: Rollout) -> str:
    """How many steps there are, and whether they are safe."""
    steps = count(len(rollout.steps), "step")
    if any(step.harms for step in rollout.steps):
        if rollout.hopeless:
            return f"{steps}; whatever the order, something is open or cut for a while"
        return f"{steps}; no order was found in which nothing is open or cut for a while"
    if rollout.unproved:
        return f"{steps}; not proved for all endpoints that nothing is open or cut for a while"
    return f"{steps}; at no time is anything open or cut that is not so before or after" if rollout.steps else steps


def told(rollout: Rollout) -> Iterator[tuple[int, str, str, list[str]]]:
    """Each step by its number, what it does, where that is written, and what it opens and cuts."""
    names = _names(rollout)
    for number, step in enumerate(rollout.steps, 1):
        change = step.change
        title = f"{change.action} {words.policy(change.applied)}"
        yield number, title, Site(change.applied).where, [_harm(harm, names) for harm in step.harms]


def _harm(harm: Harm, names: words.Names) -> str:
    deed = f"{'' if harm.certain else 'perhaps '}{'opens' if harm.opens else 'cuts'}"
    ends = f"{names.of(harm.sources)} -> {names.of(harm.targets)}"
    return f"{deed} {ends}: {harm.ports}, until step {harm.until}"


def notes(rollout: Rollout) -> Iterator[str]:
    """What else there is to know."""
    names = _names(rollout)
    for sources, targets in rollout.unproved:
        yield f"not proved: {names.of(sources)} -> {names.of(targets)}; too much is not known of their labels"
    former = rollout.scene.former.bit_count()
    if former:
        yield f"pods that differ or are gone ({count(former, 'workload')}) are looked at as they were and as they are"


def _names(rollout: Rollout) -> words.Names:
    universe = rollout.scene.universe
    marks = ((rollout.scene.former, " (before)"),)
    return words.Names(words.Cast(universe.pods, universe.outside, universe.pod, universe.endpoints, marks))


def markdown(rollout: Rollout, *, colour: bool = False) -> Iterator[str]:  # noqa: ARG001 - the signature of every form
    """The steps as a list for the comment on a pull request."""
    from maxtac_render.reports.markdown import LONGEST, SPARE, code, length, plain  # noqa: PLC0415 - only who asks pays

    yield f"<!-- maxtac-render plan -->\n### maxtac diff: {plain(headline(rollout))}\n\n"
    room = LONGEST - SPARE
    for number, title, place, harms in told(rollout):
        lines = [f"{number}. {plain(visible(title))} {code(visible(place))}".rstrip()]
        entry = "<br>".join([*lines, *(f"**{plain(visible(harm))}**" for harm in harms)]) + "\n"
        room -= length([entry])
        if room < 0:
            left = len(rollout.steps) - number + 1
            yield f"\nLeft out, because a comment is not that long: {count(left, 'step')}.\n"
            return
        yield entry
    yield from (f"\n{plain(visible(note))}\n" for note in notes(rollout))


def json(rollout: Rollout, *, colour: bool = False) -> Iterator[str]:  # noqa: ARG001 - the signature of every form
    """The steps for programs, described by ``schemas/rolloutplan.json``."""
    universe = rollout.scene.universe
    unproved = [
        {"sources": _endpoints(universe, sources), "targets": _endpoints(universe, targets)}
        for sources, targets in rollout.unproved
    ]
    document = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "safe": rollout.safe,
        "everyOrderHarms": rollout.hopeless,
        "steps": [_step(number, step, universe) for number, step in enumerate(rollout.steps, 1)],
        "unproved": unproved,
    }
    yield dumps(document, indent=2) + "\n"


def _step(number: int, step: Step, universe: Universe) -> dict[str, Any]:
    return {
        "step": number,
        "action": step.change.action,
        "policy": policy(step.change.applied),
        "fields": list(step.change.fields),
        "site": provenance.described(Site(step.change.applied)),
        "harms": [_described(harm, universe) for harm in step.harms],
    }


def _described(harm: Harm, universe: Universe) -> dict[str, Any]:
    return {
        "does": "opens" if harm.opens else "cuts",
        "certain": harm.certain,
        "sources": _endpoints(universe, harm.sources),
        "targets": _endpoints(universe, harm.targets),
        "ports": portsets.described(harm.ports),
        "untilStep": harm.until,
    }


def _endpoints(universe: Universe, mask: int) -> list[dict[str, Any]]:
    return [endpoints.described(endpoint) for endpoint in universe.endpoints(mask)]


def add(rollout: Rollout, report: Report) -> None:
    """Report the steps that open or cut something, each at the policy that it changes."""
    for (number, title, _, harms), step in zip(told(rollout), rollout.steps, strict=True):
        if harms:
            facts = {"number": number, "count": len(rollout.steps), "what": title, "harms": "; ".join(harms)}
            report.add(Code.UNSAFE_STEP, step.change.applied, (), **facts)


FORMATS = {"text": text, "json": json, "markdown": markdown}
