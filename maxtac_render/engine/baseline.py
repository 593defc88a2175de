"""The pass that gives subjects what they need to work at all: names, for whoever our policies close for egress."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from maxtac_render.model import ownership
from maxtac_render.model.diagnostics import Code, Report, counted
from maxtac_render.model.intent import Direction, Intent
from maxtac_render.model.names import subject_name
from maxtac_render.model.objects import ObjectRef
from maxtac_render.model.options import Options
from maxtac_render.model.policy import NAMESPACE_NAME, PodPeer, Policy, Rule
from maxtac_render.model.ports import AnyPort, Port
from maxtac_render.model.selectors import Selector

DNS_RULE = Rule(
    Direction.EGRESS,
    (PodPeer(Selector(((NAMESPACE_NAME, "kube-system"),)), Selector((("k8s-app", "kube-dns"),))),),
    (Port("TCP", 53), Port("UDP", 53)),
)


class Closed(NamedTuple):
    """A subject that our policies isolate for egress: by whose wish, and whether a rule lets it ask for names."""

    intents: dict[ObjectRef, Intent]
    asks: bool


def add_baseline(policies: list[Policy], options: Options, report: Report) -> list[Policy]:
    """The policies, and for ``baseline: dns`` one more for every subject whose egress they close."""
    subjects = _closed(policies)
    if "dns" not in options.baseline:
        _report_nameless(subjects, report)
        return policies
    return policies + [_dns(namespace, subject, options) for namespace, subject in subjects]


def _closed(policies: Iterable[Policy]) -> dict[tuple[str, Selector], Closed]:
    subjects: dict[tuple[str, Selector], Closed] = {}
    answers: dict[int, bool] = {}
    for policy in policies:
        if not policy.isolates.egress:
            continue
        key = (policy.namespace, policy.subject)
        closed = subjects.get(key) or Closed({}, asks=False)
        asks = closed.asks or any(rule.direction.egress and _reaches_dns(rule, answers) for rule in policy.rules)
        if policy.cause is not None:
            closed.intents[policy.cause.intent.ref] = policy.cause.intent
        subjects[key] = closed._replace(asks=asks)
    return subjects


def _reaches_dns(rule: Rule, answers: dict[int, bool]) -> bool:
    """Tell whether a rule opens the port of name servers; an address range on every port does not count as one."""
    key = id(rule.ports)
    if key not in answers:
        ports = rule.ports
        answers[key] = not isinstance(ports, AnyPort) and any(
            protocol == "UDP" and (port == 53 or str(port).startswith("dns")) for protocol, port, _ in ports
        )
    return answers[key]


def _dns(namespace: str, subject: Selector, options: Options) -> Policy:
    """A policy that opens DNS for a subject. Its subject is closed for egress already, so it isolates nobody new."""
    return Policy(
        namespace,
        f"allow-dns-{subject_name(namespace, subject)}",
        subject,
        Direction.EGRESS,
        (DNS_RULE,),
        (*ownership.MANAGER_LABELS, *ownership.set_labels(options.set)),
        ((ownership.BASELINE, "dns"),),
        None,
    )


def _report_nameless(subjects: dict[tuple[str, Selector], Closed], report: Report) -> None:
    """Report, once for each resource, the subjects that cannot ask for names."""
    nameless: dict[ObjectRef, tuple[Intent, list[str]]] = {}
    for (namespace, subject), (intents, asks) in subjects.items():
        for ref, intent in () if asks else intents.items():
            pods = ",".join(f"{key}={value}" for key, value in subject.match_labels)
            nameless.setdefault(ref, (intent, []))[1].append(f"{pods} in {namespace}")
    for intent, names in nameless.values():
        report.add(Code.EGRESS_WITHOUT_DNS, intent, ("spec",), subjects=counted(sorted(names), "selections of pods"))
