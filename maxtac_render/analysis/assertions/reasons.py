"""Why a connection passes or not, in a few words: which policies close a side, and which rules let it pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from shlex import quote

from maxtac_render.analysis import endpoints
from maxtac_render.analysis.assertions.exposure import SOME
from maxtac_render.analysis.assertions.judging import Breach
from maxtac_render.analysis.assertions.world import World
from maxtac_render.analysis.causes import Allowing, Isolating, Side, causes
from maxtac_render.analysis.connections import Verdict
from maxtac_render.analysis.doubts import doubts, told
from maxtac_render.analysis.endpoints import Anyone
from maxtac_render.analysis.provenance import isolation_site, rule_site
from maxtac_render.analysis.universe import Outside
from maxtac_render.model.cluster import Applied
from maxtac_render.model.diagnostics import Site, listed
from maxtac_render.model.policy import NAMESPACE_NAME
from maxtac_render.model.portsets import FIRST, LAST, PortSet
from maxtac_render.model.selectors import Labels


def reason(breach: Breach, world: World) -> str:
    """Why the first connection of a breach is as it is."""
    if not breach.ports:
        return "its pods have none"
    found = causes(world.verdicts, world.applied, *breach.pair)
    sides = zip(breach.pair, (found.egress, found.ingress), strict=True)
    pods = [side for number, side in sides if number < len(world.universe.workloads)]
    if breach.verdict is Verdict.DEPENDS:
        names = dict(zip(("source", "target"), map(world.name, breach.pair), strict=True))
        unknown = doubts(world.universe, found, breach.pair)
        return f"that depends on {listed(told(each, names[each.end]) for each in unknown) or 'what is not known'}"
    return _closed(breach.ports, pods) if breach.missing else _open(breach.ports, pods)


def command(ends: Iterable[str], ports: PortSet) -> str:
    """What to type to be told more about a connection, on the first of some ports."""
    numbers = [f"{first}/{protocol}" for protocol, first, last in ports.spans if (first, last) != (FIRST, LAST)]
    names = [f"{name}/{protocol}" for protocol, name in ports.names]
    return " ".join(("maxtac explain", *map(quote, ends), *(numbers + names)[:1]))


def asked(number: int, world: World) -> str:
    """An endpoint as it can be asked for: undeclared pods by labels, and of addresses perhaps only the first."""
    endpoint = world.universe.endpoint(number)
    name = endpoints.name(endpoint)
    if isinstance(endpoint, Outside):
        first = endpoint.ranges[0]
        return str(first._replace(last=first.first)) if " " in name else name
    if number < world.known:
        return name
    home = world.universe.home(number)
    namespace_labels = () if home.name else _pairs(home.labels)
    return endpoints.written(Anyone(home.name, namespace_labels, _pairs(endpoint.labels)))


def _pairs(labels: Mapping[str, str]) -> Labels:
    """Labels that can be asked for."""
    return tuple(sorted((key, value) for key, value in labels.items() if key != NAMESPACE_NAME and value != SOME))


def _open(ports: PortSet, pods: Sequence[Side]) -> str:
    """What lets a connection pass on the sides that are pods."""
    return ", and ".join(f"{side.direction.word} is {_let(side, ports)}" for side in pods)


def _let(side: Side, ports: PortSet) -> str:
    if not side.isolating:
        return "not isolated"
    return f"allowed by {listed(dict.fromkeys(_rule(rule) for rule in side.allowing if rule.ports.may_meet(ports)))}"


def _closed(ports: PortSet, pods: Sequence[Side]) -> str:
    """Which sides keep a connection from passing."""
    closing = [side for side in pods if ports.without(side.possible)]
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
    return f"{cause.intent.ref if cause else applied.ref}" + (f" ({site.where})" if site.where else "")
