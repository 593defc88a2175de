"""The pass that only warns: what intents bring about that their authors may not expect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from maxtac_render.model.diagnostics import Code, Report, counted
from maxtac_render.model.intent import CIDRTarget, Intent, ServiceTarget
from maxtac_render.model.objects import ObjectRef, Service
from maxtac_render.model.options import Options
from maxtac_render.model.selectors import Labels
from maxtac_render.model.snapshot import Snapshot


def advise(intents: list[Intent], snapshot: Snapshot, options: Options, report: Report) -> None:
    """Report what is allowed and works, and yet may surprise."""
    _advise_external(intents, options, report)
    _advise_overlap(snapshot, _isolated(intents, snapshot), report)


def _advise_external(intents: Iterable[Intent], options: Options, report: Report) -> None:
    unlimited: dict[ObjectRef, tuple[Intent, list[str]]] = {}
    for intent in intents:
        service = intent.subject
        if not any(isinstance(wanted.target, CIDRTarget) for wanted in intent.targets):
            continue
        if intent.opens.ingress and service.rewrites_client:
            report.add(Code.CLIENT_REWRITTEN, service, ("spec", "type"), service=service.ref)
        if options.compat != "controller" and intent.opens.egress and intent.ports is None:
            unlimited.setdefault(intent.ref, (intent, []))[1].append(str(service.ref))
    for intent, names in unlimited.values():
        report.add(Code.EXTERNAL_EGRESS_EVERY_PORT, intent, ("spec",), service=counted(names))


def _isolated(intents: Iterable[Intent], snapshot: Snapshot) -> dict[ObjectRef, Service]:
    """The Services whose pods somebody's wish closes for ingress."""
    isolated: dict[ObjectRef, Service] = {}
    for intent in intents:
        if intent.direction.ingress:
            isolated[intent.subject.ref] = intent.subject
        if intent.mirrored and intent.direction.egress:
            for wanted in intent.targets:
                if isinstance(wanted.target, ServiceTarget) and (service := snapshot.service(*wanted.target)):
                    isolated[service.ref] = service
    return isolated


Selection = tuple[str, Labels]
"""Pods as a Service selects them: the namespace, and the pairs that they must have."""


def _advise_overlap(snapshot: Snapshot, isolated: dict[ObjectRef, Service], report: Report) -> None:
    """Report isolated Services that share pods with one that nobody's wish closes: its clients are cut."""
    closed: dict[Selection, list[Service]] = {}
    cut: dict[Selection, set[str]] = {}
    for service in snapshot.services if isolated else ():
        if service.selector:
            selection = (service.ref.namespace, service.selector)
            cut.setdefault(selection, set())
            if service.ref in isolated:
                closed.setdefault(selection, []).append(service)
            else:
                cut[selection].add(str(service.ref))
    clients = {selection: frozenset(names) for selection, names in cut.items()}
    for wide, narrow in _nested(cut):
        cut[wide] |= clients[narrow]
        cut[narrow] |= clients[wide]
    for selection, services in closed.items():
        if cut[selection]:
            others = counted(sorted(cut[selection]))
            for service in services:
                report.add(Code.OVERLAPPING_SERVICES, service, ("spec", "selector"), others=others)


def _nested(selections: Iterable[Selection]) -> Iterable[tuple[Selection, Selection]]:
    """Pairs of selections where every pod of the second is one of the first.

    Each selection is filed under its rarest pair, so that a pair which all share does not compare all with all.
    """
    every = list(selections)
    sizes = Counter((namespace, pair) for namespace, pairs in every for pair in pairs)
    filed: dict[tuple[str, tuple[str, str]], list[Selection]] = {}
    for selection in every:
        namespace, pairs = selection
        rarest = min((sizes[namespace, pair], pair) for pair in pairs)[1]
        filed.setdefault((namespace, rarest), []).append(selection)
    for narrow in every:
        namespace, pairs = narrow
        for pair in pairs:
            for wide in filed.get((namespace, pair), ()):
                if wide is not narrow and set(pairs).issuperset(wide[1]):
                    yield wide, narrow
