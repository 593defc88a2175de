"""The pass that gives subjects what they need to work at all: names, for whoever our policies close for egress."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from maxtac_render.model import ownership
from maxtac_render.model.diagnostics import Code, Report, counted
from maxtac_render.model.intent import Direction, Intent
from maxtac_render.model.names import subject_name
from maxtac_render.model.objects import ObjectRef
from maxtac_render.model.options import Options
from maxtac_render.model.policy import NAMESPACE_NAME, PodPeer, Policy, Rule, opens_dns
from maxtac_render.model.ports import Port
from maxtac_render.model.selectors import Selector

DNS_RULE = Rule(
    Direction.EGRESS,
    (PodPeer(Selector(((NAMESPACE_NAME, "kube-system"),)), Selector((("k8s-app", "kube-dns"),))),),
    (Port("TCP", 53), Port("UDP", 53)),
)


Subject = tuple[str, Selector]
"""Pods: their namespace, and what selects them there."""


class Closed(NamedTuple):
    """Subjects that our policies isolate for egress: by whose wish, and which of them a rule lets ask for names."""

    intents: dict[Subject, dict[ObjectRef, Intent]]
    asking: set[Subject]


def add_baseline(
    policies: list[Policy], options: Options, report: Report, beside: Sequence[Policy] = ()
) -> list[Policy]:
    """The policies, and for ``baseline: dns`` one more for every subject whose egress they close.

    Policies ``beside`` them are others' that may open what these close.
    """
    closed = _closed(policies)
    if "dns" not in options.baseline:
        closed.asking.update(_asking(closed.intents, beside))
        _report_nameless(closed, report)
        return policies
    return policies + [_dns(subject, options) for subject in closed.intents]


def _closed(policies: Iterable[Policy]) -> Closed:
    closed = Closed({}, set())
    answers: dict[int, bool] = {}  # by the identity of rules, which policies share
    for namespace, _, pods, isolates, rules, _, _, cause in policies:
        if not isolates.egress:
            continue
        subject = (namespace, pods)
        intents = closed.intents.get(subject)
        if intents is None:
            intents = closed.intents[subject] = {}
        if cause is not None:
            intents[cause.intent.ref] = cause.intent
        for rule in rules:
            if id(rule) not in answers:
                answers[id(rule)] = opens_dns(rule)
            if answers[id(rule)]:
                closed.asking.add(subject)
    return closed


def _asking(subjects: Iterable[Subject], policies: Sequence[Policy]) -> Iterator[Subject]:
    """The subjects of which others' policies let every pod ask for names."""
    opening: dict[str, list[Selector]] = {}
    for policy in policies:
        if any(map(opens_dns, policy.rules)):
            opening.setdefault(policy.namespace, []).append(policy.subject)
    for namespace, pods in subjects if opening else ():
        if any(selector.includes(pods) for selector in opening.get(namespace, ())):
            yield namespace, pods


def _dns(subject: Subject, options: Options) -> Policy:
    """A policy that opens DNS for a subject. Its subject is closed for egress already, so it isolates nobody new."""
    namespace, pods = subject
    return Policy(
        namespace,
        f"allow-dns-{subject_name(namespace, pods)}",
        pods,
        Direction.EGRESS,
        (DNS_RULE,),
        (*ownership.MANAGER_LABELS, *ownership.set_labels(options.set)),
        ((ownership.BASELINE, "dns"),),
        None,
    )


def _report_nameless(closed: Closed, report: Report) -> None:
    """Report, once for each resource, the subjects that cannot ask for names."""
    nameless: dict[ObjectRef, tuple[Intent, list[str]]] = {}
    for subject, intents in closed.intents.items():
        if subject not in closed.asking:
            pods = ",".join(f"{key}={value}" for key, value in subject[1].match_labels)
            for ref, intent in intents.items():
                nameless.setdefault(ref, (intent, []))[1].append(f"{pods} in {subject[0]}")
    for intent, names in nameless.values():
        report.add(Code.EGRESS_WITHOUT_DNS, intent, ("spec", "direction"), subjects=counted(sorted(names)))
