"""The sentence: resources in, policies out, every finding in the report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from maxtac_render.engine import replacing
from maxtac_render.engine.advice import advise
from maxtac_render.engine.baseline import add_baseline
from maxtac_render.engine.lifetime import Anchor, limit
from maxtac_render.engine.moved import report_moved
from maxtac_render.engine.naming import settle
from maxtac_render.engine.renaming import rename
from maxtac_render.engine.resolve import resolve
from maxtac_render.frontends import maxtac
from maxtac_render.manifests import write
from maxtac_render.model.diagnostics import NOWHERE, Code, Report, Severity
from maxtac_render.model.intent import Reading
from maxtac_render.model.objects import Resource, Service
from maxtac_render.model.options import Options
from maxtac_render.model.ownership import Present
from maxtac_render.model.policy import Policy
from maxtac_render.model.snapshot import Snapshot
from maxtac_render.wire import metadata, networkpolicy, service


class Output(NamedTuple):
    """What one run makes: its policies, sorted by namespace and name, and how many MaxTac resources it read.

    ``services`` are those that were read and have a place, ``readings`` the resources that were understood.
    """

    policies: list[Policy]
    intents: int
    services: Sequence[Service] = ()
    readings: Sequence[Reading] = ()


def compile_intents(
    resources: Iterable[Resource],
    options: Options,
    report: Report,
    anchor: Anchor | None = None,
    beside: Sequence[Policy] = (),
) -> Output:
    """Compile resources into policies.

    ``anchor`` tells from when the durations of the resource at an origin count, besides what the resource says.
    ``beside`` are others' policies for the same pods, as far as they are known.
    """
    return compile_snapshot(decode(resources, options, report), options, report, anchor, beside)


def compile_snapshot(
    snapshot: Snapshot,
    options: Options,
    report: Report,
    anchor: Anchor | None = None,
    beside: Sequence[Policy] = (),
) -> Output:
    """The same for whoever has a snapshot already."""
    if not snapshot.intents and report.worst < Severity.ERROR:
        report.add(Code.NO_INTENTS, NOWHERE)
    parsed = maxtac.parse(snapshot, options, report)
    stated = rename(parsed.intents, snapshot)
    intents = list(limit(stated, options, report, anchor))
    policies = add_baseline(resolve(intents, snapshot, options, report), options, report, beside)
    advise(intents, snapshot, options, report)
    if snapshot.intents and not policies and report.worst < Severity.ERROR:
        report.add(Code.NO_POLICIES, NOWHERE)
    return Output(settle(policies, options, report), len(snapshot.intents), snapshot.services, parsed.readings)


def replaced(present: Iterable[Resource], output: Output, options: Options, report: Report) -> list[Present]:
    """Those NetworkPolicies of the input that the output takes the place of; the others stay as they are.

    To remove policies of ours where no MaxTac resource is in sight is an error, and so is a name that is taken.
    """
    marked = list(map(metadata.present, present))
    gone = replacing.replaced(marked, output.policies, options, report)
    if not output.intents:
        replacing.require_intents(gone, report)
    for kept in (each for each in marked if each.set != options.set):
        body, before = kept.resource.body, [namespace for namespace, _ in kept.resource.history.places]
        named = networkpolicy.named_namespaces(body.get("spec"))
        report_moved(kept, metadata.annotations_of(body), named, before, report)
    return gone


def decode(resources: Iterable[Resource], options: Options, report: Report) -> Snapshot:
    """The snapshot that resources make up."""
    admitted = metadata.admit(resources, options.namespace, report)
    services = [service.decode(resource, report) for resource in admitted if resource.ref.kind == service.KIND]
    return Snapshot(services, (resource for resource in admitted if resource.ref.kind != service.KIND))


def yaml_documents(policies: Iterable[Policy]) -> Iterator[str]:
    """Each policy as the text of a YAML document."""
    return networkpolicy.texts(policies, write.scalar)


def bodies(policies: Iterable[Policy]) -> Iterator[dict[str, Any]]:
    """Each policy as the API server takes it."""
    return map(networkpolicy.body, policies)
