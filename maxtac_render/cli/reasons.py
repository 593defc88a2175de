"""Explanations for people: the verdict, then each side of the connection with the lines that are responsible for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from maxtac_render.analysis.answers import Answer, Answers, judge
from maxtac_render.analysis.causes import Allowing, Isolating, Side
from maxtac_render.analysis.connections import Verdict
from maxtac_render.analysis.doubts import told
from maxtac_render.analysis.endpoints import name
from maxtac_render.analysis.fronts import Fronted
from maxtac_render.analysis.provenance import isolation_site, provenance, rule_site
from maxtac_render.analysis.universe import Endpoint, Outside
from maxtac_render.model.cluster import Applied, Workload
from maxtac_render.model.diagnostics import Site, listed
from maxtac_render.model.intent import Direction
from maxtac_render.model.objects import FieldPath, ObjectRef
from maxtac_render.model.portsets import ALL_PORTS, NO_PORTS, PortSet, union
from maxtac_render.reports.text import PLAIN, Paint, located, visible

HELP = "help: --suggest prints an annotation or a resource that would allow it"


def text(found: Answers, paint: Paint = PLAIN) -> Iterator[str]:
    """Every answer, an empty line between two, and what concerns all of them."""
    for answer in found.answers:
        yield "".join(f"{line.rstrip(' ')}\n" for line in _Telling(answer, found, paint).lines()) + "\n"
    yield from (f"{visible(_fronted(each))}\n" for each in found.fronted)
    if any(each.verdict is not Verdict.YES and each.asked is not NO_PORTS for each in found.answers):
        yield f"{HELP}\n"


def _fronted(found: Fronted) -> str:
    """What a port of a Service is for policies."""
    service, front, behind, taken = found
    port = f"{front.number}/{behind.protocol}" + (f" ({front.name})" if front.name else "")
    if taken:
        return f"note: port {port} of {service.ref} is {behind} of its pods, the port that policies know"
    return f"note: {port} is a port of {service.ref}; its pods receive at {behind}, the port that policies know"


class _Telling:
    """Tells one answer."""

    def __init__(self, answer: Answer, found: Answers, paint: Paint) -> None:
        self._answer = answer
        self._asked = answer.asked
        self._port = found.question.port
        self._paint = paint
        self._source = listed(map(name, answer.sources))
        self._target = listed(map(name, answer.targets))

    def lines(self) -> Iterator[str]:
        """The verdict, both sides, and what is missing."""
        answer, paint = self._answer, self._paint
        egress, ingress = answer.causes.egress, answer.causes.ingress
        colour = {Verdict.YES: paint.info, Verdict.NO: paint.error, Verdict.DEPENDS: paint.warning}[answer.verdict]
        yield f"{colour}{answer.verdict}{paint.end}{paint.strong}: {visible(self._sentence())}{paint.end}"
        if answer.verdict is Verdict.YES and answer.doubts:
            rest = on(answer.causes.possible.without(answer.causes.certain))
            yield f"{paint.warning}{Verdict.DEPENDS}{paint.end}: {visible(f'{rest} it depends on {self._doubts()}')}"
        if not answer.itself and answer.asked is not NO_PORTS:
            yield from self._side(egress)
            yield from self._side(ingress)
            missing = [self._lacking(side) for side in (egress, ingress) if self._judged(side) is not Verdict.YES]
            yield from ("", *map(visible, missing)) if missing else ()

    def _sentence(self) -> str:
        answer, source, target = self._answer, self._source, self._target
        if answer.itself:
            return f"{source} may talk to itself: a pod cannot be kept from itself"
        if answer.asked is NO_PORTS and self._port is not None:
            return f"{target} has no {self._port.protocol} port named {self._port.port}"
        match answer.verdict:
            case Verdict.YES:
                return f"{source} may talk to {target}{self._if_asked() or f' {on(answer.causes.certain)}'}"
            case Verdict.NO:
                return f"{source} may not talk to {target}{self._if_asked()}"
            case Verdict.DEPENDS:
                ports = self._if_asked() or f" {on(answer.causes.possible)}"
                return f"whether {source} may talk to {target}{ports} depends on {self._doubts()}"

    def _if_asked(self) -> str:
        """The port that was asked for, with its name if that is what was."""
        if self._asked is None or self._port is None:
            return ""
        named = isinstance(self._port.port, str) and self._asked.spans
        return f" {on(self._asked)}{f' ({self._port.port})' if named else ''}"

    def _doubts(self) -> str:
        ends = {"source": self._source, "target": self._target}
        return listed(told(each, ends[each.end]) for each in self._answer.doubts)

    def _judged(self, side: Side) -> Verdict:
        return judge(side.certain, side.possible, self._asked)

    def _side(self, side: Side) -> Iterator[str]:
        """One side: its state, the rules that let it pass, and the policies that have none."""
        yield ""
        yield f"{self._paint.strong}{visible(self._state(side))}{self._paint.end}"
        others = []
        for isolating in side.isolating:
            rules = [rule for rule in isolating.allowing if self._asked is None or self._asked.may_meet(rule.ports)]
            for rule in rules:
                yield from self._rule(isolating, rule)
            if not rules:
                others.append(isolating)
        yield from self._isolating(others, brief=self._judged(side) is Verdict.YES)

    def _state(self, side: Side) -> str:
        outwards = side.direction is Direction.EGRESS
        here, there = (self._source, f"to {self._target}") if outwards else (self._target, f"from {self._source}")
        what = f"{side.direction.word} of {here}"
        if isinstance((self._answer.sources if outwards else self._answer.targets)[0], Outside):
            return f"{what}: outside of the cluster, where no policy governs"
        if not side.isolating:
            return f"{what}: open; no policy isolates it"
        isolated = f"{'' if any(each.certain for each in side.isolating) else 'perhaps '}isolated"
        match self._judged(side):
            case Verdict.YES:
                return f"{what}: {isolated}; open {there} {on(self._asked or side.certain)}"
            case Verdict.DEPENDS:
                return f"{what}: {isolated}; perhaps open {there} {on(self._asked or side.possible)}"
            case Verdict.NO:
                others = f", but open {on(side.possible)}" if side.possible else ""
                return f"{what}: {isolated}; closed {there}{self._if_asked()}{others}"

    def _rule(self, isolating: Isolating, rule: Allowing) -> Iterator[str]:
        perhaps = "" if rule.certain and isolating.certain else "perhaps "
        yield visible(f"{perhaps}allowed by {rule.applied.ref} {on(rule.ports)}")
        site = rule_site(rule.applied, rule.direction, rule.number)
        yield from located(site, self._paint, self._paint.info, _notes(rule.applied))

    def _isolating(self, policies: Sequence[Isolating], *, brief: bool) -> Iterator[str]:
        """Policies that isolate, those together that do so for one reason."""
        groups: dict[tuple[bool, PortSet, ObjectRef | None, FieldPath], list[Applied]] = {}
        for each in policies:
            site = isolation_site(each.applied)
            ports = union(rule.ports for rule in each.allowing)
            groups.setdefault((each.certain, ports, site.about.ref, site.field), []).append(each.applied)
        for (certain, ports, *_), group in groups.items():
            names = listed(str(applied.ref) for applied in group)
            yield visible(f"{'' if certain else 'perhaps '}isolated by {names}{f', open {on(ports)}' if ports else ''}")
            if not brief:
                yield from located(isolation_site(group[0]), self._paint, self._paint.error, _notes(*group))

    def _lacking(self, side: Side) -> str:
        """What would open a side."""
        outwards = side.direction is Direction.EGRESS
        home = _homes(self._answer.sources if outwards else self._answer.targets)
        way = f"{self._source} {'out' if outwards else 'in'} to {self._target}"
        return f"missing: a policy in {home} that lets {way}{self._if_asked()}"


def _homes(ends: Iterable[Endpoint]) -> str:
    """The namespaces of some pods."""
    return listed(sorted({each.ref.namespace or "its namespace" for each in ends if isinstance(each, Workload)}))


def _notes(*policies: Applied) -> dict[str, str]:
    """What else is known of where some policies come from, and until when they open anything."""
    notes: dict[str, dict[str, None]] = {}
    for applied in policies:
        for word, note in _origin(applied):
            notes.setdefault(word, {})[note] = None
    return {word: listed(filter(None, texts)) for word, texts in notes.items()}


def _origin(applied: Applied) -> Iterator[tuple[str, str]]:
    made, cause = provenance(applied), applied.policy.cause
    if cause is not None:
        subject = cause.intent.subject
        where = Site(subject, ("metadata", "name")).where
        yield "Service", f"{made.service} ({where})" if where else made.service
    elif made.baseline:
        yield "added by", f"baseline {made.baseline}"
    else:
        yield "rendered from", " for Service ".join(filter(None, (made.source, made.service)))
    yield "until", made.expires


def on(ports: PortSet) -> str:
    """Ports at the end of a sentence."""
    return "on every port" if ports is ALL_PORTS else f"on {ports}"
