"""The pass that makes policies: each target of each intent becomes one policy, and a mirror where one is wanted.

Ports are always those of the pods that receive the connection: the subject's for ingress, the peer's for egress.
Under ``compat: controller`` they are the intent's own Service's everywhere, as the MaxTac controller has them, and
what the controller skips is left out instead of isolated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from maxtac_render.model import names, ownership
from maxtac_render.model.diagnostics import Code, Report
from maxtac_render.model.intent import CIDRTarget, Direction, Intent, ServiceTarget, Wanted
from maxtac_render.model.objects import Service
from maxtac_render.model.options import Options
from maxtac_render.model.policy import NAMESPACE_NAME, Cause, CIDRPeer, Peer, PodPeer, Policy, Rule
from maxtac_render.model.ports import ANY_PORT, Port, Ports
from maxtac_render.model.selectors import Labels, Selector
from maxtac_render.model.snapshot import Snapshot


class Side(NamedTuple):
    """The pods behind one Service: how they are selected at home, how they are named as a peer, and their ports."""

    service: Service
    pods: Selector
    peers: tuple[Peer, ...]
    ports: tuple[Port, ...]


class Opening(NamedTuple):
    """One target made ready for all intents that share it. Without ``peers`` nothing can be opened to it.

    ``egress`` is the rule to the target's own ports, which is the same for every subject; empty without ports.
    """

    wanted: Wanted
    side: Side | None
    peers: tuple[Peer, ...]
    suffix: str
    note: tuple[str, str]
    egress: tuple[Rule, ...]


class Frame(NamedTuple):
    """What the policies of one intent have in common."""

    intent: Intent
    subject: Side
    openings: list[Opening]
    end: Labels
    notes: Labels


def resolve(intents: Iterable[Intent], snapshot: Snapshot, options: Options, report: Report) -> list[Policy]:
    """The policies of the intents, under their plain names, in the order of the intents."""
    resolver = Resolver(snapshot, options, report)
    return [policy for intent in intents for policy in resolver.policies(intent)]


class Resolver:
    """Makes the policies of one intent after the other, and remembers what they share."""

    def __init__(self, snapshot: Snapshot, options: Options, report: Report) -> None:
        self._snapshot = snapshot
        self._options = options
        self._report = report
        self._controller = options.compat == "controller"
        self._left_out = "its policy left out" if self._controller else "rule left out"
        self._sides: dict[tuple[str, str], Side] = {}
        self._openings: dict[tuple[int, int, str, str], list[Opening]] = {}

    def policies(self, intent: Intent) -> list[Policy]:
        """The source policies of an intent, then its mirrors."""
        subject = self._side(intent.subject)
        if self._controller and not subject.ports:
            self._report.add(
                Code.NO_PORTS, intent.subject, ("spec", "ports"), service=intent.subject.ref, done="nothing rendered"
            )
            return []
        end = ((ownership.EXPIRES, ownership.rfc3339(intent.expires)),) if intent.expires else ()
        notes = (
            (ownership.SERVICE, f"{intent.subject.ref.namespace}/{intent.subject.ref.name}"),
            (ownership.SOURCE, ownership.slashed(intent.ref)),
        )
        frame = Frame(intent, subject, self._ready(intent, subject), end, notes)
        sources = self._sources(frame)
        return [*sources, *self._mirrors(frame)] if intent.mirrored else sources

    def _sources(self, frame: Frame) -> list[Policy]:
        intent, subject, openings, end, notes = frame
        labels = self._labels(intent, mirror=False)
        namespace, pods, isolates = subject.service.ref.namespace, subject.pods, intent.direction
        prefix = names.prefix(intent, controller=self._controller)
        policies = []
        for opening in openings:
            wanted, _, _, suffix, note, _ = opening
            rules = self._source_rules(intent, subject, opening)
            cause = Cause(intent, wanted, mirror=False)
            name, annotations = prefix + suffix, (*end, note, *notes)
            policies.append(Policy(namespace, name, pods, isolates, rules, labels, annotations, cause))
        return policies

    def _source_rules(self, intent: Intent, subject: Side, opening: Opening) -> tuple[Rule, ...]:
        wanted, _, peers, _, _, egress = opening
        if not peers or (intent.closed and wanted.target in intent.closed):
            return ()
        if self._controller:
            return _rules(intent.opens, subject.ports, peers, subject.ports)
        opens = intent.opens
        if not (opens.ingress and subject.ports):
            return egress if opens.egress else ()
        ingress = Rule(Direction.INGRESS, peers, subject.ports)
        return (ingress, *egress) if opens.egress else (ingress,)

    def _mirrors(self, frame: Frame) -> Iterator[Policy]:
        intent, subject, openings, end, notes = frame
        labels, isolates = self._labels(intent, mirror=True), intent.direction.flipped
        for wanted, side, _, _, note, _ in openings:
            target = wanted.target
            if side is None or not isinstance(target, ServiceTarget) or not self._may_mirror(intent, wanted, target):
                continue
            name = names.mirror(intent, target, controller=self._controller)
            opens = Direction.NONE if target in intent.closed else intent.opens.flipped
            ports = subject.ports if self._controller else side.ports
            rules = _rules(opens, ports, subject.peers, subject.ports)
            cause = Cause(intent, wanted, mirror=True)
            yield Policy(target.namespace, name, side.pods, isolates, rules, labels, (*end, note, *notes), cause)

    def _may_mirror(self, intent: Intent, wanted: Wanted, target: ServiceTarget) -> bool:
        """Whether a mirror may be made; one that may surprise the owners of its namespace is reported."""
        allowed = self._options.mirror_namespaces
        facts = {"target": target, "namespace": target.namespace, "service": intent.subject.ref}
        if allowed is not None:
            if target.namespace not in allowed:
                self._report.add(Code.MIRROR_LEFT_OUT, wanted.about, wanted.field, **facts)
            return target.namespace in allowed
        if target.namespace == "kube-system":
            self._report.add(Code.MIRROR_KUBE_SYSTEM, wanted.about, wanted.field, **facts)
        if wanted.about is intent.subject and target.namespace != intent.subject.ref.namespace:
            self._report.add(Code.MIRROR_BY_ANNOTATION, wanted.about, wanted.field, **facts)
        return True

    def _ready(self, intent: Intent, subject: Side) -> list[Opening]:
        """The openings of an intent's targets, which most intents of one resource share."""
        if intent.opens.ingress and not subject.ports:
            self._report.add(
                Code.NO_PORTS, intent.subject, ("spec", "ports"), service=intent.subject.ref, done="rule left out"
            )
        key = (id(intent.targets), id(intent.ports), intent.direction.word, intent.opens.word)
        openings = self._openings.get(key)
        if openings is None:
            ready = (self._opening(intent, wanted) for wanted in intent.targets)
            openings = self._openings[key] = [opening for opening in ready if opening is not None]
        return openings

    def _opening(self, intent: Intent, wanted: Wanted) -> Opening | None:
        target = wanted.target
        side: Side | None = None
        peers: tuple[Peer, ...] = ()
        ports: Ports = ()
        match target:
            case ServiceTarget():
                side = self._target(wanted, target)
                if side is None and self._controller:
                    return None
                if side is not None:
                    peers, ports = side.peers, self._receiving(intent, wanted, side)
            case CIDRTarget(cidr, spelling):
                peers = (CIDRPeer(spelling if self._controller else cidr),)
                ports = ANY_PORT if intent.ports is None else intent.ports
        suffix = names.suffix(target, intent.direction, controller=self._controller)
        note = (ownership.PEER, names.note(target))
        egress = (Rule(Direction.EGRESS, peers, ports),) if peers and ports else ()
        return Opening(wanted, side, peers, suffix, note, egress)

    def _receiving(self, intent: Intent, wanted: Wanted, side: Side) -> tuple[Port, ...]:
        """The ports of a target's pods; that there are none is reported where they are to receive."""
        if intent.opens.egress and not side.ports:
            self._report.add(Code.NO_PORTS, wanted.about, wanted.field, service=side.service.ref, done=self._left_out)
        return side.ports

    def _target(self, wanted: Wanted, target: ServiceTarget) -> Side | None:
        """The pods of a target; None when they cannot be named, which is reported where the target is written."""
        service = self._snapshot.service(*target)
        add = self._report.add
        if service is None:
            near = self._snapshot.nearest(*target)
            guess = f"did you mean {near}? otherwise " if near else ""
            add(Code.MISSING_TARGET, wanted.about, wanted.field, target=target, guess=guess, done=self._left_out)
        elif service.selector is None:
            facts = {"service": service.ref, "done": self._left_out}
            add(Code.SELECTORLESS_SERVICE, wanted.about, wanted.field, **facts)
        elif self._controller and not service.ports:
            add(Code.NO_PORTS, wanted.about, wanted.field, service=service.ref, done=self._left_out)
        else:
            return self._side(service)
        return None

    def _side(self, service: Service) -> Side:
        ref = service.ref
        side = self._sides.get((ref.namespace, ref.name))
        if side is None:
            pods = Selector(service.selector or ())
            peer = PodPeer(Selector(((NAMESPACE_NAME, ref.namespace),)), pods)
            ports = service.ports if self._controller else tuple(sorted(set(service.ports), key=_port_order))
            side = self._sides[ref.namespace, ref.name] = Side(service, pods, (peer,), ports)
        return side

    def _labels(self, intent: Intent, *, mirror: bool) -> Labels:
        owner = ownership.owner_labels(intent, mirror=mirror)
        for key, value in owner:
            if key.endswith(ownership.OWNER) and value != intent.ref.name:
                self._report.add(Code.LABEL_CUT, intent, ("metadata", "name"), key=key, value=value)
        manager = () if self._controller else ownership.MANAGER_LABELS
        return tuple(sorted((*manager, *ownership.set_labels(self._options.set), *owner)))


def _rules(opens: Direction, own: Ports, peers: tuple[Peer, ...], theirs: Ports) -> tuple[Rule, ...]:
    """A rule for each open direction: to our own ports from the peers, to the peers' ports from us."""
    ingress = (Rule(Direction.INGRESS, peers, own),) if opens.ingress and own else ()
    egress = (Rule(Direction.EGRESS, peers, theirs),) if opens.egress and theirs else ()
    return ingress + egress


def _port_order(port: Port) -> tuple[str, int, str]:
    number = port.port if isinstance(port.port, int) else 0
    return (port.protocol, number, str(port.port))
