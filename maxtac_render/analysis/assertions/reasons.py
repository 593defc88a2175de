"""Why a connection passes or not, in a few words: which policies close a side, and which rules let it pass."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote

from maxtac_render.analysis import endpoints
from maxtac_render.analysis.assertions.judging import Breach
from maxtac_render.analysis.assertions.scene import Scene
from maxtac_render.analysis.causes import Allowing, Isolating, Side, causes
from maxtac_render.analysis.connections import Verdict
from maxtac_render.analysis.doubts import doubts, told
from maxtac_render.analysis.provenance import isolation_site, rule_site
from maxtac_render.analysis.universe import Endpoint, Outside
from maxtac_render.model.cluster import Applied
from maxtac_render.model.diagnostics import Site, listed
from maxtac_render.model.portsets import FIRST, LAST, PortSet


def reason(breach: Breach, scene: Scene) -> str:
    """Why the first connection of a breach is as it is."""
    found = causes(scene.verdicts, scene.applied, *breach.pair)
    sides = zip(breach.pair, (found.egress, found.ingress), strict=True)
    pods = [side for number, side in sides if number < len(scene.universe.workloads)]
    if breach.verdict is Verdict.DEPENDS:
        names = dict(zip(("source", "target"), map(scene.name, breach.pair), strict=True))
        unknown = doubts(scene.universe, found, breach.pair)
        return f"that depends on {listed(told(each, names[each.end]) for each in unknown) or 'what is not known'}"
    return _closed(breach.ports, pods) if breach.missing else _open(breach.ports, pods)


def command(breach: Breach, scene: Scene) -> str:
    """What to type to be told more about the first connection of a breach."""
    ends = (quote(_asked(scene.universe.endpoint(number))) for number in breach.pair)
    numbers = [f"{first}/{protocol}" for protocol, first, last in breach.ports.spans if (first, last) != (FIRST, LAST)]
    names = [f"{name}/{protocol}" for protocol, name in breach.ports.names]
    return " ".join(("maxtac explain", *ends, *(numbers + names)[:1]))


def _asked(endpoint: Endpoint) -> str:
    """An endpoint as it can be asked for; of addresses that have no such name the first."""
    name = endpoints.name(endpoint)
    if isinstance(endpoint, Outside) and " " in name:
        first = endpoint.ranges[0]
        return str(first._replace(last=first.first))
    return name


def _open(ports: PortSet, pods: Sequence[Side]) -> str:
    """What lets a connection pass on the sides that are pods."""
    return ", and ".join(f"{side.direction.word} is {_let(side, ports)}" for side in pods)


def _let(side: Side, ports: PortSet) -> str:
    if not side.isolating:
        return "not isolated"
    return f"allowed by {listed(dict.fromkeys(_rule(rule) for rule in side.allowing if rule.ports.may_meet(ports)))}"


def _closed(ports: PortSet, pods: Sequence[Side]) -> str:
    """Which sides keep a connection from passing."""
    closing = [side for side in pods if ports.without(side.possible) or not ports]
    return ", and ".join(f"{side.direction.word} is {_kept(side)}" for side in closing)


def _kept(side: Side) -> str:
    if not side.isolating:
        return "not isolated"
    allowed = f"{side.possible} only" if side.possible else "nothing"
    return f"isolated by {listed(dict.fromkeys(map(_policy, side.isolating)))}, which here allows {allowed}"


def _rule(rule: Allowing) -> str:
    return _at(rule.applied, rule_site(rule.applied, rule.direction, rule.number))


def _policy(isolating: Isolating) -> str:
    return _at(isolating.applied, isolation_site(isolating.applied))


def _at(applied: Applied, site: Site) -> str:
    """A policy, or what it was made for, with the line that is meant."""
    cause = applied.policy.cause
    path = site.about.origin.path
    return f"{cause.intent.ref if cause else applied.ref}" + (f" ({path}:{site.place.line})" if path else "")
