"""What would allow a connection: what MaxTac can say, added to the input, compiled, and judged by what that opens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

from maxtac_render import compiler
from maxtac_render.analysis.alignment import Aligned, align
from maxtac_render.analysis.answers import Answer, Answers, Question, answer, asked_of, judge
from maxtac_render.analysis.causes import Side
from maxtac_render.analysis.compare import Comparison, compare
from maxtac_render.analysis.connections import Verdict
from maxtac_render.analysis.endpoints import Query, name
from maxtac_render.analysis.fronts import is_behind
from maxtac_render.analysis.universe import Endpoint, Outside, assumptions, bits
from maxtac_render.assembly import DEFAULT_NAMESPACE, assemble
from maxtac_render.engine.lifetime import Anchor
from maxtac_render.engine.plan import plan
from maxtac_render.frontends.maxtac.proposals import Gap, Known, Proposal, merge, proposals
from maxtac_render.frontends.maxtac.resources import Wish, read_wish
from maxtac_render.manifests import write
from maxtac_render.model.cluster import Cluster, Workload
from maxtac_render.model.diagnostics import Report, Severity, counted
from maxtac_render.model.intent import KINDS, CIDRTarget, Direction, ServiceTarget, Target
from maxtac_render.model.objects import ObjectRef, Origin, Resource, Service
from maxtac_render.model.options import Options, severities
from maxtac_render.model.portsets import ALL_PORTS, NO_PORTS, PortSet, union

SUGGESTED = Origin("(suggestion)")


class Situation(NamedTuple):
    """Everything that was read, the cluster that it makes, what was asked of that and what was answered."""

    resources: Sequence[Resource]
    options: Options
    anchor: Anchor | None
    cluster: Cluster
    question: Question
    found: Answers


class Moved(NamedTuple):
    """Connections that a suggestion opens or closes, at least perhaps: from each of some endpoints to all of others."""

    sources: tuple[Endpoint, ...]
    targets: tuple[Endpoint, ...]
    ports: PortSet


class Suggestion(NamedTuple):
    """Objects to add, and parts of Services to merge into them; with that, every answer is yes.

    ``asked`` is what it opens of what was asked for, and ``besides`` all else; ``isolated`` are pods that it isolates,
    and ``closed`` what that closes.
    """

    documents: Proposal
    asked: tuple[Moved, ...]
    besides: tuple[Moved, ...]
    isolated: tuple[tuple[Direction, tuple[Endpoint, ...]], ...]
    closed: tuple[Moved, ...]


class Hopeless(ValueError):
    """Nothing that MaxTac can say would allow it; the message says why."""


def suggest(situation: Situation) -> Suggestion | None:
    """Find what opens least, and of that what is shortest; None where nothing is missing. Raises Hopeless."""
    denied = [each for each in situation.found.answers if each.verdict is not Verdict.YES]
    if not denied:
        return None
    known = Known(situation.cluster.services, list(_wishes(situation)))
    offers = {"".join(write.stream(each)): each for gaps in _gaps(situation, denied) for each in proposals(gaps, known)}
    best: tuple[tuple[int, int], Suggestion] | None = None
    for words in sorted(offers, key=lambda words: (len(offers[words]), len(words), words)):
        comparison = _proved(situation, offers[words])
        if comparison is not None and (best is None or _cost(comparison) < best[0]):
            best = _cost(comparison), _told(situation, offers[words], comparison)
            if situation.question.port is not None and not (best[1].besides or best[1].isolated):
                break
    if best is None:
        raise Hopeless(_reason(situation, denied))
    return best[1]


def _wishes(situation: Situation) -> Iterator[Wish]:
    """The MaxTac resources of the input, as far as they say anything."""
    resources, options = situation.resources, situation.options
    intents = [resource for resource in resources if resource.ref.kind in KINDS]
    for resource in compiler.decode(intents, options, Report()).intents:
        wish = read_wish(resource, Report(), controller=options.compat == "controller")
        if wish is not None:
            yield wish


def _closed(side: Side, one: Answer) -> bool:
    return judge(side.certain, side.possible, one.asked) is not Verdict.YES


class _End(NamedTuple):
    """One end of a connection as MaxTac knows it: a Service, or addresses outside."""

    service: Service | None
    targets: tuple[Target, ...]


def _gaps(situation: Situation, denied: Sequence[Answer]) -> Iterator[list[Gap]]:
    """What has to be opened: the sides that are closed, once for all Services by which the ends can be named."""
    source, target, port = situation.found.question
    nameless = [end for each in denied if each.asked is NO_PORTS for end in each.targets]
    if nameless:
        raise Hopeless(f"{counted(list(map(name, nameless)))} has no port {port}")
    senders = _ends(situation.cluster, source, [end for each in denied for end in each.sources])
    receivers = _ends(situation.cluster, target, [end for each in denied for end in each.targets])
    egress = any(_closed(each.causes.egress, each) for each in denied)
    ingress = any(_closed(each.causes.ingress, each) for each in denied)
    for sender, receiver in product(senders, receivers):
        gaps = []
        if ingress and receiver.service is not None:
            gaps.append(Gap(receiver.service, Direction.INGRESS, sender.targets))
        if egress and sender.service is not None:
            gaps.append(Gap(sender.service, Direction.EGRESS, receiver.targets, port))
        yield gaps


def _ends(cluster: Cluster, query: Query, ends: Sequence[Endpoint]) -> list[_End]:
    """The Services that stand for all of some pods, or the addresses that were asked for. Raises Hopeless."""
    if isinstance(query, Outside):
        return [_End(None, tuple(CIDRTarget(each.cidr, each.cidr) for each in query.ranges))]
    pods = [end for end in ends if isinstance(end, Workload)]
    services = [each for each in cluster.services if all(is_behind(each, pod) for pod in pods)]
    if not services:
        bare = [pod for pod in pods if not any(is_behind(each, pod) for each in cluster.services)]
        which = "no Service selects" if bare else "no Service selects all of"
        names = counted([*dict.fromkeys(map(name, bare or pods))])
        raise Hopeless(f"{which} {names}, and MaxTac knows pods by Services only")
    return [_End(each, (ServiceTarget(each.ref.namespace, each.ref.name),)) for each in services]


def _proved(situation: Situation, documents: Proposal) -> Comparison | None:
    """What a proposal changes; None unless it compiles and makes every answer yes, and closes nothing by itself.

    What it isolates, it may close: that is said, and what does not isolate is preferred.
    """
    options, report = situation.options, Report(severities(situation.options))
    cluster = assemble(_with(situation, documents), options, report, situation.anchor).cluster
    if report.worst >= Severity.ERROR and not _faults(report) <= _known_faults(situation):
        return None
    found = answer(cluster, situation.question, assumptions(options)).answers
    if any(each.verdict is not Verdict.YES for each in found):
        return None
    before = situation.cluster
    changes = plan(cluster.policies, before.policies)
    comparison = compare(align(before, cluster, changes, assumptions(options)))
    harmless = "closed" not in comparison.happened or "isolated" in comparison.happened
    return comparison if harmless else None


def _faults(report: Report) -> set[object]:
    """The errors that were found."""
    return {
        (each.code, each.ref, each.field, each.message) for each in report.sorted() if each.severity is Severity.ERROR
    }


def _known_faults(situation: Situation) -> set[object]:
    """The errors of the input as it is: those that comments ignore."""
    report = Report(severities(situation.options))
    assemble(situation.resources, situation.options, report, situation.anchor)
    return _faults(report)


def _with(situation: Situation, documents: Proposal) -> Iterator[Resource]:
    """The input with a proposal in it."""
    home = situation.options.namespace or DEFAULT_NAMESPACE
    added = {
        (each["kind"], each["metadata"].get("namespace", ""), each["metadata"]["name"]): each for each in documents
    }
    for resource in situation.resources:
        ref = resource.ref
        patch = added.pop((ref.kind, ref.namespace or home, ref.name), None) if ref.kind == "Service" else None
        yield resource if patch is None else resource._replace(body=merge(resource.body, patch))
    for (kind, namespace, named), document in added.items():
        yield Resource(ObjectRef(document["apiVersion"], kind, namespace, named), document, SUGGESTED)


def _cost(comparison: Comparison) -> tuple[int, int]:
    """How many pods become isolated, and how many ports are opened between how many pairs."""
    isolated = sum(turn.pods.bit_count() for turn in comparison.turns if turn.isolates)
    return isolated, sum(shift.pairs * _size(shift.pairing.opened.possible) for shift in comparison.shifts)


def _size(ports: PortSet) -> int:
    return sum(span.last - span.first + 1 for span in ports.spans) + len(ports.names)


def _told(situation: Situation, documents: Proposal, comparison: Comparison) -> Suggestion:
    """A proposal with all that it changes."""
    aligned, found = comparison.aligned, situation.found
    wanted = union(each.asked or NO_PORTS for each in found.answers) if found.question.port is not None else ALL_PORTS
    sources = _mask(aligned, found.question.source, [end for each in found.answers for end in each.sources])
    targets = _mask(aligned, found.question.target, [end for each in found.answers for end in each.targets])
    wished, besides, closed = [], [], []
    for shift in comparison.shifts:
        ports = shift.pairing.opened.possible
        inside, outside = shift.sources & sources, shift.sources & ~sources
        wished += _moved(aligned, inside, shift.targets & targets, ports.may_meet(wanted))
        besides += _moved(aligned, inside, shift.targets & targets, ports.without(wanted))
        besides += _moved(aligned, inside, shift.targets & ~targets, ports)
        besides += _moved(aligned, outside, shift.targets, ports)
        closed += _moved(aligned, shift.sources, shift.targets, shift.pairing.closed.possible)
    isolated = [(turn.direction, tuple(aligned.endpoints(turn.pods))) for turn in comparison.turns if turn.isolates]
    return Suggestion(documents, tuple(wished), tuple(besides), tuple(isolated), tuple(closed))


def _mask(aligned: Aligned, query: Query, ends: Sequence[Endpoint]) -> int:
    """The endpoints of one end of a question."""
    if isinstance(query, Outside):
        first, classes = len(aligned.new.universe.workloads), aligned.new.universe.addresses.classes
        return sum(1 << first + number for number, each in enumerate(classes) if _within(each, query))
    refs = {end.ref for end in ends if isinstance(end, Workload)}
    pods = aligned.old.universe.pods | aligned.new.universe.pods
    return sum(1 << number for number in bits(pods) if aligned.workload(number).ref in refs)


def _within(part: Outside, whole: Outside) -> bool:
    return all(any(one == other or one.within(other) for other in whole.ranges) for one in part.ranges)


def _moved(aligned: Aligned, sources: int, targets: int, ports: PortSet) -> list[Moved]:
    if not (sources and targets and ports):
        return []
    return [Moved(tuple(aligned.endpoints(sources)), tuple(aligned.endpoints(targets)), ports)]


def _reason(situation: Situation, denied: Sequence[Answer]) -> str:
    """Why nothing was found."""
    port, target = situation.found.question.port, situation.found.question.target
    if port is not None and not isinstance(target, Outside):
        pods = [end for each in denied for end in each.targets]
        services = [end.service for end in _ends(situation.cluster, target, pods) if end.service is not None]
        wanted = union(each.asked or NO_PORTS for each in denied)
        if not any(
            asked_of(pod, each).may_meet(wanted) for pod in pods for service in services for each in service.ports
        ):
            names = counted([str(service.ref) for service in services])
            return f"{names} has no port with {port} behind it, and MaxTac opens the ports of Services"
    return "no annotation and no resource allows it under these options"
