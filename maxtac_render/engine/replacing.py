"""The pass that settles who stays: policies of ours in the input make way for the new ones, others are let alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from maxtac_render.model.diagnostics import NOWHERE, Code, Report
from maxtac_render.model.options import Options
from maxtac_render.model.ownership import Present
from maxtac_render.model.policy import Policy


def replaced(present: Iterable[Present], policies: Iterable[Policy], options: Options, report: Report) -> list[Present]:
    """Those NetworkPolicies of the input that the rendered ones take the place of: the ones of this run's set.

    A rendered policy that has the name of any other one is reported, because only one of them can be.
    """
    every = list(present)
    rendered = {(policy.namespace, policy.name): policy for policy in policies}
    ours = [policy for policy in every if policy.set == options.set]
    for policy in every:
        place = (policy.ref.namespace or options.namespace, policy.ref.name)
        if policy.set != options.set and place in rendered:
            facts = {"policy": f"{place[0]}/{place[1]}", "whose": _whose(policy), "guess": _guess(policy)}
            report.add(Code.POLICY_TAKEN, policy, ("metadata", "name"), **facts)
    return ours


def require_intents(replaced: Sequence[Present], report: Report) -> None:
    """Report policies that would go without a MaxTac resource in sight: somebody may have filtered the input."""
    if replaced:
        policies = "a policy" if len(replaced) == 1 else f"{len(replaced):,} policies"
        report.add(Code.POLICIES_WITHOUT_INTENTS, NOWHERE, policies=policies)


def _whose(policy: Present) -> str:
    match policy.set:
        case None:
            return "not ours"
        case "":
            return "ours, of no named set"
        case name:
            return f"ours, of the set {name}"


def _guess(policy: Present) -> str:
    if policy.set is None:
        return "rename it, or remove it if the rendered one takes its place"
    return "remove it, or render with its set" if policy.set else "remove it, or render without a set"
