"""The other sentence: resources in, a cluster out, its intents rendered, every finding in the report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from maxtac_render import compiler
from maxtac_render.analysis import hosts
from maxtac_render.analysis.population import population
from maxtac_render.engine.leftovers import Leftover, Maker, leftovers, makers
from maxtac_render.engine.lifetime import Anchor
from maxtac_render.engine.moved import report_moved
from maxtac_render.engine.plan import plan, rendered
from maxtac_render.model.cluster import Applied, Cluster
from maxtac_render.model.diagnostics import NOWHERE, Code, Report
from maxtac_render.model.objects import Resource
from maxtac_render.model.options import Options
from maxtac_render.model.ownership import OWNER, is_owned, set_of
from maxtac_render.model.policy import KIND, Policy
from maxtac_render.wire import metadata, networkpolicy_reader, service, workload

DEFAULT_NAMESPACE = "default"
"""Where kubectl puts what names no namespace."""


class Assembly(NamedTuple):
    """A cluster, and what the intents in it were compiled to."""

    cluster: Cluster
    output: compiler.Output


class _Sorted(NamedTuple):
    """Resources by what they are read for."""

    intents: list[Resource]
    policies: list[Resource]
    namespaces: list[Resource]
    workloads: list[Resource]


def assemble(resources: Iterable[Resource], options: Options, report: Report, anchor: Anchor | None = None) -> Assembly:
    """Make a cluster of what was read. Intents are rendered, and that takes the place of the policies of their set.

    A policy or a pod without a namespace is in the one of the options, or else in ``default``.
    """
    found = _sort(resources)
    namespace = options.namespace or DEFAULT_NAMESPACE
    placed = _sort(metadata.admit([*found.policies, *found.namespaces, *found.workloads], namespace, report))
    decoded = ((each, networkpolicy_reader.decode(each, report)) for each in placed.policies)
    known = [Applied(policy, each.ref, each.origin) for each, policy in decoded if policy is not None]
    beside = [each.policy for each in known if not _gives_way(each, options)]
    output = _compile(found.intents, (options, report), anchor, beside)
    if output.intents:
        compiler.replaced(_not_controllers(placed.policies, output.policies, report), output, options, report)
    applied = _applied(known, output, options, report)
    namespaces = {each.ref.name: workload.namespace(each, report) for each in placed.namespaces}
    pods = [workload.decode(each, report) for each in placed.workloads]
    cluster = Cluster(
        dict(sorted(namespaces.items())),
        population(filter(None, pods), output.services),
        tuple(output.services),
        tuple(sorted(applied, key=lambda each: (each.ref, each.origin[:3]))),
    )
    if options.host_network == "pod":
        hosts.warn(cluster, report)
    return Assembly(cluster, output)


def left_behind(resources: Sequence[Resource], options: Options) -> list[Leftover]:
    """The policies among resources that the MaxTac controller made and would not make now, sorted.

    That is nothing without any Service: then it is not known what there is.
    """
    found = _sort(resources)
    present = [(applied, made) for applied, made in map(_made, found.policies) if applied is not None and made]
    services = [each for each in found.intents if each.ref.kind == service.KIND]
    if not present or not services:
        return []
    likewise = Options(compat="controller", now=options.now, namespace=options.namespace)
    output = compiler.compile_intents(found.intents, likewise, Report())
    there = {each.ref for each in found.intents}
    return sorted(leftovers(present, output.policies, there), key=lambda each: each.applied.ref)


def _made(resource: Resource) -> tuple[Applied | None, list[Maker]]:
    """A policy of the input, and what the MaxTac controller made it for."""
    owners = list(metadata.owners(resource.body))
    if not owners and not any(key.endswith(f"/{OWNER}") for key in metadata.labels_of(resource.body)):
        return None, []
    policy = networkpolicy_reader.decode(resource, Report())
    if policy is None:
        return None, []
    applied = Applied(policy, resource.ref, resource.origin)
    return applied, makers(applied, owners)


def report_leftovers(resources: Sequence[Resource], options: Options, report: Report) -> None:
    """Report what the MaxTac controller left behind."""
    for applied, why in left_behind(resources, options):
        facts = {"why": why, "opens": "what it allows stays open" if applied.policy.rules else "it opens nothing"}
        report.add(Code.STALE_ALLOW, applied, ("metadata", "name"), **facts)


def _sort(resources: Iterable[Resource]) -> _Sorted:
    found = _Sorted([], [], [], [])
    for resource in resources:
        kind = resource.ref.kind
        if kind == KIND:
            found.policies.append(resource)
        elif kind == workload.NAMESPACE:
            found.namespaces.append(resource)
        elif kind in workload.SHAPES:
            found.workloads.append(resource)
        else:
            found.intents.append(resource)
    return found


def _compile(
    resources: list[Resource], given: tuple[Options, Report], anchor: Anchor | None, beside: Sequence[Policy]
) -> compiler.Output:
    """What the intents among resources are rendered to, with the Services; also where there is no intent."""
    options, report = given
    if any(resource.ref.kind != service.KIND for resource in resources):
        return compiler.compile_intents(resources, options, report, anchor, beside)
    placed = options._replace(namespace=options.namespace or DEFAULT_NAMESPACE)
    return compiler.Output([], 0, compiler.decode(resources, placed, report).services)


def _gives_way(applied: Applied, options: Options) -> bool:
    """Tell whether a policy that was read is one of those that this run renders."""
    labels = dict(applied.policy.labels)
    return is_owned(labels, dict(applied.policy.annotations)) and set_of(labels) == options.set


def _not_controllers(present: Iterable[Resource], rendered: Iterable[Policy], report: Report) -> Iterator[Resource]:
    """The policies that the MaxTac controller has not made; those that it has are reported where they are rendered too.

    They are as good as ours where both ask the same, and count as they are until somebody takes them over.
    """
    names = {(policy.namespace, policy.name) for policy in rendered}
    for each in present:
        if not metadata.is_controllers(each.body):
            yield each
        elif (each.ref.namespace, each.ref.name) in names:
            report.add(Code.CONTROLLER_POLICY, each, ("metadata", "name"))


def _applied(known: list[Applied], output: compiler.Output, options: Options, report: Report) -> list[Applied]:
    """The policies that were read, of which those of our set make way for what was rendered.

    A name that somebody else's policy has stays that one's.
    """
    kept = [each for each in known if not (output.intents and _gives_way(each, options))]
    for each in kept:
        report_moved(each, dict(each.policy.annotations), (), (), report)
    if not output.intents:
        return kept
    taken = {each.policy[:2] for each in kept}
    fresh = [rendered(policy) for policy in output.policies if policy[:2] not in taken]
    before = [each for each in known if _gives_way(each, options)]
    if before:
        _compare(before, fresh, report)
    return [*kept, *fresh]


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
