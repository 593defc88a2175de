"""The other sentence: resources in, a cluster out, its intents rendered, every finding in the report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from maxtac_render import compiler
from maxtac_render.analysis import hosts
from maxtac_render.analysis.population import population
from maxtac_render.assembly import present
from maxtac_render.engine.lifetime import Anchor
from maxtac_render.model.cluster import Applied, Cluster
from maxtac_render.model.diagnostics import Report
from maxtac_render.model.objects import Resource
from maxtac_render.model.options import Options
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
    beside = [each.policy for each in known if not present.gives_way(each, options)]
    output = _compile(found.intents, (options, report), anchor, beside)
    if output.intents:
        compiler.replaced(present.strangers(placed.policies, options), output, options, report)
        present.report_missing(found.intents, output.policies, known, report)
    applied = present.applied(known, output, options, report)
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
