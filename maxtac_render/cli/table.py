"""Policies as a table that people read: what each governs, what it isolates, and what it allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from maxtac_render.cli.columns import aligned
from maxtac_render.model import ownership
from maxtac_render.model.intent import ServiceTarget
from maxtac_render.model.policy import NAMESPACE_NAME, CIDRPeer, Peer, PodPeer, Policy, Rule
from maxtac_render.model.ports import AnyPort
from maxtac_render.model.selectors import Requirement, Selector
from maxtac_render.reports.text import visible

HEADER = ("NAMESPACE", "NAME", "PODS", "ISOLATES", "ALLOWS", "SOURCE")
NOBODY = "<none>"
EVERY = "<all>"


def table(policies: Sequence[Policy]) -> Iterator[str]:
    """The lines of the table; none without policies. Nothing is cut."""
    if not policies:
        return
    yield from aligned([HEADER, *map(_row, policies)])


def _row(policy: Policy) -> tuple[str, ...]:
    cells = (
        policy.namespace,
        policy.name,
        chosen(policy.subject),
        policy.isolates.word,
        allows(policy),
        _source(policy),
    )
    return tuple(map(visible, cells))


def chosen(selector: Selector) -> str:
    """A selector as kubectl writes one on the command line."""
    pairs = [f"{key}={value}" for key, value in selector.match_labels]
    return ",".join(pairs + [_requirement(requirement) for requirement in selector.match_expressions]) or EVERY


def _requirement(requirement: Requirement) -> str:
    key, operator, values = requirement
    match operator:
        case "In" | "NotIn":
            return f"{key} {operator.lower()} ({','.join(values)})"
        case "Exists":
            return key
        case _:
            return f"!{key}"


def allows(policy: Policy) -> str:
    return "; ".join(_rule(rule, policy) for rule in policy.rules) or "nothing"


def _rule(rule: Rule, policy: Policy) -> str:
    word = "from" if rule.direction.ingress else "to"
    peers = ",".join(_peer(peer, policy) for peer in rule.peers)
    ports = "any port" if isinstance(rule.ports, AnyPort) else ",".join(map(str, rule.ports))
    return f"{word} {peers} {ports}"


def _peer(peer: Peer, policy: Policy) -> str:
    match peer:
        case CIDRPeer(cidr, except_):
            return f"{cidr} except {','.join(except_)}" if except_ else cidr
        case PodPeer(namespaces, pods):
            return _pods(namespaces, pods, policy)
        case _:
            return "anyone"


def _pods(namespaces: Selector, pods: Selector, policy: Policy) -> str:
    """The Service for whose pods the policy was made, or else what selects them."""
    match namespaces:
        case Selector(((key, namespace),), ()) if key == NAMESPACE_NAME:
            service = _service(policy)
            return f"{namespace}/{service.name if service and service.namespace == namespace else chosen(pods)}"
        case _:
            return f"{{{chosen(namespaces)}}}/{chosen(pods)}"


def _service(policy: Policy) -> ServiceTarget | None:
    """The Service on the other side of a policy that was made for one."""
    cause = policy.cause
    if cause is None:
        return None
    if cause.mirror:
        return ServiceTarget(cause.intent.subject.ref.namespace, cause.intent.subject.ref.name)
    return cause.wanted.target if isinstance(cause.wanted.target, ServiceTarget) else None


def _source(policy: Policy) -> str:
    if policy.cause is not None:
        return ownership.slashed(policy.cause.intent.ref)
    return next((f"baseline/{value}" for key, value in policy.annotations if key == ownership.BASELINE), NOBODY)
