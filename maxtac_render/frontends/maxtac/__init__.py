"""MaxTac's resources and annotations: a snapshot in, intents out, one for each resource and Service it selects."""

from __future__ import annotations

from typing import NamedTuple

from maxtac_render.frontends.maxtac.resources import PORTS, Wish, is_ours, read_wish, report_unknown
from maxtac_render.frontends.maxtac.subjects import Subjects
from maxtac_render.frontends.maxtac.targets import annotated_targets, is_misplaced
from maxtac_render.model.diagnostics import Code, Report
from maxtac_render.model.intent import GROUP, KINDS, Intent, Reading, ServiceTarget
from maxtac_render.model.objects import Key, ObjectRef, Service
from maxtac_render.model.options import Options
from maxtac_render.model.selectors import LabelIndex
from maxtac_render.model.snapshot import Snapshot

SERVICE_ANNOTATIONS = (
    *(kind.targets_annotation for kind in KINDS.values()),
    *(kind.direction_annotation for kind in KINDS.values()),
    PORTS,
)
"""The annotations of a Service that mean something."""


class Parsed(NamedTuple):
    """The intents of a snapshot, and the resources that they are of, as they were read."""

    intents: list[Intent]
    readings: list[Reading]


def parse(snapshot: Snapshot, options: Options, report: Report) -> Parsed:
    """Read every intent of a snapshot; whatever is wrong is reported, with what became of it."""
    controller = options.compat == "controller"
    read = (read_wish(resource, report, controller=controller) for resource in snapshot.intents)
    wishes = [wish for wish in read if wish is not None]
    annotated = {service.ref: service for service in snapshot.services if _is_annotated(service)}
    subjects = Subjects(snapshot, options, report)
    parsed = Parsed([], [])
    heard: set[tuple[str, ObjectRef]] = set()
    for wish in wishes:
        services = [] if wish.selector is None else snapshot.select(wish.selector, wish.ref.namespace)
        if not services and wish.selector is not None:
            report.add(Code.NO_SERVICE, wish, ("spec", "serviceSelector"))
        parsed.intents.extend(subjects.intents(wish, services))
        parsed.readings.append(Reading(wish.ref, services, wish.lifetime))
        if annotated:
            heard.update((wish.kind.name, service.ref) for service in services if service.ref in annotated)
    for service in annotated.values():
        _report_unheard(service, heard, report)
    _report_unplaced(snapshot, wishes, report)
    return parsed


def _is_annotated(service: Service) -> bool:
    return any(GROUP in key and is_ours(key) for key in service.annotations)


def _report_unheard(service: Service, heard: set[tuple[str, ObjectRef]], report: Report) -> None:
    """Report annotations that nothing reads, or that belong to a kind of which no resource selects the Service."""
    annotations = service.annotations
    report_unknown(service, annotations, SERVICE_ANNOTATIONS, report)
    unheard = [kind for kind in KINDS.values() if (kind.name, service.ref) not in heard]
    wants: dict[str, str] = {}
    for kind in unheard:
        if kind.targets_annotation in annotations and is_misplaced(kind, annotations[kind.targets_annotation]):
            annotated_targets(service, kind, report, None)
        else:
            wants |= dict.fromkeys((kind.targets_annotation, kind.direction_annotation), kind.name)
    external = [kind for kind in KINDS.values() if kind.external]
    if all(kind in unheard for kind in external):
        wants[PORTS] = " or ".join(kind.name for kind in external)
    for key in wants.keys() & annotations.keys():
        path = ("metadata", "annotations", Key(key))
        report.add(Code.UNMATCHED_ANNOTATION, service, path, key=key, kind=wants[key])


def _report_unplaced(snapshot: Snapshot, wishes: list[Wish], report: Report) -> None:
    """Report Services without a namespace that take part: by an annotation, a label or a target's name."""
    if not snapshot.unplaced:
        return
    index = LabelIndex((service.labels, service) for service in snapshot.unplaced)
    part = {id(service) for service in snapshot.unplaced if _is_annotated(service)}
    texts = (text for service in snapshot.services for text in service.annotations.values() if "," in text)
    named = {half.strip() for text in texts for half in text.replace(";", ",").split(",")}
    for wish in wishes:
        part.update(id(service) for service in (index.select(wish.selector) if wish.selector is not None else ()))
        targets = (wanted.target for wanted in wish.targets or ())
        named.update(target.name for target in targets if isinstance(target, ServiceTarget))
    for service in snapshot.unplaced:
        if id(service) in part or service.ref.name in named:
            report.add(Code.MISSING_NAMESPACE, service, ("metadata", "name"))
