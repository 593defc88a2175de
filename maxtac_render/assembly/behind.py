"""What the MaxTac controller left behind among what was read."""

from __future__ import annotations

from collections.abc import Sequence

from maxtac_render import compiler
from maxtac_render.engine.leftovers import Leftover, Maker, leftovers, makers
from maxtac_render.model.cluster import Applied
from maxtac_render.model.diagnostics import Code, Report
from maxtac_render.model.objects import Resource
from maxtac_render.model.options import Options
from maxtac_render.model.ownership import OWNER
from maxtac_render.model.policy import KIND
from maxtac_render.wire import metadata, networkpolicy_reader, service, workload


def left_behind(resources: Sequence[Resource], options: Options) -> list[Leftover]:
    """The policies among resources that the MaxTac controller made and would not make now, sorted.

    That is nothing without any Service: then it is not known what there is.
    """
    present = [(applied, made) for applied, made in map(_made, resources) if applied is not None and made]
    asked = [each for each in resources if each.ref.kind not in {KIND, workload.NAMESPACE, *workload.SHAPES}]
    if not present or not any(each.ref.kind == service.KIND for each in asked):
        return []
    likewise = Options(compat="controller", now=options.now, namespace=options.namespace)
    output = compiler.compile_intents(asked, likewise, Report())
    return sorted(leftovers(present, output.policies, {each.ref for each in asked}), key=lambda each: each.applied.ref)


def _made(resource: Resource) -> tuple[Applied | None, list[Maker]]:
    """A policy of the input, and what the MaxTac controller made it for."""
    owners = list(metadata.owners(resource.body))
    named = any(key.endswith(f"/{OWNER}") for key in metadata.labels_of(resource.body))
    if resource.ref.kind != KIND or not (owners or named):
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
