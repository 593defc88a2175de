"""The policies that are there, beside those that are rendered: which count, and what is said where they differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from maxtac_render import compiler
from maxtac_render.engine.moved import report_moved
from maxtac_render.engine.plan import plan, rendered
from maxtac_render.model import ownership
from maxtac_render.model.changes import meaning
from maxtac_render.model.cluster import Applied
from maxtac_render.model.diagnostics import NOWHERE, Code, Report, counted
from maxtac_render.model.objects import ObjectRef, Resource
from maxtac_render.model.options import Options
from maxtac_render.model.policy import Policy
from maxtac_render.wire import metadata


def gives_way(applied: Applied, options: Options) -> bool:
    """Tell whether a policy that was read is one of those that this run renders."""
    labels = dict(applied.policy.labels)
    owned = ownership.is_owned(labels, dict(applied.policy.annotations))
    return owned and ownership.set_of(labels) == options.set


def applied(known: list[Applied], output: compiler.Output, options: Options, report: Report) -> list[Applied]:
    """The policies that count: those that were read, of which those of our set make way for what was rendered.

    A name that somebody else's policy has stays that one's.
    """
    kept = [each for each in known if not (output.intents and gives_way(each, options))]
    for each in kept:
        report_moved(each, dict(each.policy.annotations), (), (), report)
    if not output.intents:
        return kept
    there = {each.policy[:2]: each for each in kept}
    for policy in output.policies:
        if policy[:2] in there:
            _report_other(there[policy[:2]], policy, report)
    fresh = [rendered(policy) for policy in output.policies if policy[:2] not in there]
    before = [each for each in known if gives_way(each, options)]
    if before:
        _compare(before, fresh, report)
    return [*kept, *fresh]


def strangers(resources: Iterable[Resource], options: Options) -> Iterator[Resource]:
    """The NetworkPolicies that are neither of another set of ours nor the MaxTac controller's."""
    for each in resources:
        if metadata.present(each).set in (None, options.set) and not metadata.is_controllers(each.body):
            yield each


def _report_other(present: Applied, policy: Policy, report: Report) -> None:
    """Report a policy of another set, or of the MaxTac controller, that is rendered too."""
    labels, annotations = dict(present.policy.labels), dict(present.policy.annotations)
    if ownership.is_owned(labels, annotations):
        if meaning(present.policy) != meaning(policy):
            name = ownership.set_of(labels)
            facts = {"whose": f"of the set {name}" if name else "of no named set"}
            report.add(Code.OTHER_SET, present, ("metadata", "name"), **facts)
    elif ownership.is_controllers(labels, annotations):
        report.add(Code.CONTROLLER_POLICY, present, ("metadata", "name"))


def _compare(before: list[Applied], fresh: list[Applied], report: Report) -> None:
    """Report rendered policies in the input that are not what their intents ask for now."""
    for change in plan(fresh, before):
        if change.after is None:
            problem = "no intent asks for this policy any more"
            report.add(Code.STALE, change.applied, ("metadata", "name"), problem=problem)
        elif change.before is not None:
            problem = "this policy is not what its intent asks for"
            report.add(Code.STALE, change.before, ("metadata", "name"), problem=problem)
        else:
            cause = change.after.policy.cause
            about = cause.intent if cause is not None else NOWHERE
            problem = f"the input has other rendered policies, but no {change.ref}"
            report.add(Code.STALE, about, (), problem=problem)


def report_missing(
    intents: Iterable[Resource], policies: Iterable[Policy], known: Sequence[Applied], report: Report
) -> None:
    """Report resources of a cluster that ask for policies which are not there, under whatever set.

    That they are of a cluster they tell by their creation, which no file has that somebody wrote.
    """
    created = {each.ref: each for each in intents if metadata.is_created(each.body)}
    there = {each.policy[:2] for each in known}
    missing: dict[ObjectRef, list[str]] = {}
    for policy in policies:
        if policy.cause is not None and policy.cause.intent.ref in created and policy[:2] not in there:
            missing.setdefault(policy.cause.intent.ref, []).append(f"{policy.namespace}/{policy.name}")
    for ref, names in missing.items():
        report.add(Code.NOT_APPLIED, created[ref], ("metadata", "name"), policies=counted(names))
