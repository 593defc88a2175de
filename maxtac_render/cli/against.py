"""A change against a cluster: the cluster as it is, and as it is with the policies that are rendered from the change.

What the change does not hold is as it is in the cluster: Services that its intents name, pods, namespaces, the policies
of others. Its own Services and workloads take the place of the cluster's, and what is rendered that of the policies of
its set, which are deleted where nothing asks for them any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from maxtac_render.assembly import DEFAULT_NAMESPACE
from maxtac_render.assembly.behind import report_leftovers
from maxtac_render.cli import clusters, parameters, reaching
from maxtac_render.cli.clusters import Known
from maxtac_render.cli.console import Console
from maxtac_render.cli.intake import Intake, inputs
from maxtac_render.engine import replacing
from maxtac_render.live.faults import Unusable
from maxtac_render.manifests.wanted import CLUSTER, is_ours
from maxtac_render.model.cluster import Applied, Cluster
from maxtac_render.model.diagnostics import NOWHERE, Code, Report, Severity
from maxtac_render.model.errors import SourceFault
from maxtac_render.model.objects import ObjectRef, Resource
from maxtac_render.model.options import Options, severities
from maxtac_render.model.ownership import home_of, is_owned, set_of
from maxtac_render.model.policy import KIND
from maxtac_render.sources import LIVE
from maxtac_render.wire import metadata, workload

if TYPE_CHECKING:
    from maxtac_render.live.access import Choice


class Change(NamedTuple):
    """What is there, and what is asked for: intents, and whatever else is to come or to change with them.

    ``intents`` are the cluster's own.
    """

    present: Sequence[Resource]
    wanted: Sequence[Resource]
    intents: Sequence[Resource] = ()


_SAID = {Code.POLICY_TAKEN: Severity.WARNING, Code.OTHER_SET: Severity.WARNING, Code.NOT_APPLIED: Severity.OFF}
"""What is taken is left alone, so that it is no difference: then it is said. What is missing is a difference."""


def sides(given: Mapping[str, Any], source: str, console: Console) -> tuple[Known, Known]:
    """A cluster as it is, and as it is once a SOURCE is applied to it: files, or the cluster's own resources."""
    options = parameters.options(given)
    before, report = Report(severities(options)), Report({**_SAID, **severities(options)})
    intake = Intake((), options, report, wanted=CLUSTER)
    reach = reaching.reach(given, options, report)

    def read(*sources: str) -> list[Resource]:
        return list(intake.read(inputs(sources, options, report, reach), console))

    try:
        made = change(source, given["both"], read, options.namespace)
    except Unusable as fault:
        words = "to compare without a cluster name OLD and NEW, such as git:HEAD:deploy deploy"
        raise SourceFault(f"{fault}; {words}") from fault
    intake.checked[:] = (each for each in made.wanted if _is_intent(each))
    if options.namespace:
        context = source.removeprefix(LIVE) if source.startswith(LIVE) else ""
        made = _widened(made, _Place(reaching.choice(given, context), options, intake), report)
    old = clusters.judged(made.present, options, before, intake)
    new = clusters.judged(after(made, options), options, report, intake)
    report_leftovers([*made.present, *made.intents], options, report)
    return old, new._replace(cluster=settled(made, new.cluster, options, report))


def change(source: str, beside: Sequence[str], read: Callable[..., list[Resource]], namespace: str) -> Change:
    """Read the cluster first, and of it policies first: what is made meanwhile does not look like nobody's."""
    own = source.startswith(LIVE)
    cluster = read(source if own else LIVE)
    intents = list(filter(_is_intent, cluster))
    asked = intents if own else read(source)
    further = read(*beside)
    present = overlaid(_others(cluster), _others(further), namespace or DEFAULT_NAMESPACE)
    return Change(present, [*asked, *filter(_is_intent, further)], intents)


class _Place(NamedTuple):
    """Where a change of one namespace is looked at, and how."""

    choice: Choice
    options: Options
    intake: Intake


def _widened(made: Change, place: _Place, report: Report) -> Change:
    """A change of one namespace with what it touches elsewhere: Services that it names, and policies beside its own.

    What it holds of other namespaces is taken for what is there. Policies of the set that it does not render are its
    business only in this namespace, and if they were made for a Service of this namespace.
    """
    from maxtac_render.sources.cluster import Cluster as Source  # noqa: PLC0415 - only for who looks at one namespace

    choice, options, intake = place
    cluster = Source(choice, options.namespace, report)
    known = {each.ref for each in made.present}
    held = [each for each in _others(made.wanted) if each.ref.kind != KIND and _is_elsewhere(each, options.namespace)]
    further = {each.ref: each for each in (*cluster.services(made.wanted), *held) if each.ref not in known}
    made = made._replace(present=[*made.present, *further.values()])
    rendered = clusters.judged(after(made, options), options, Report(), intake).cluster.policies
    names = {each.policy[:2] for each in rendered if _is_of_set(each, options)}
    elsewhere = cluster.policies(sorted({namespace for namespace, _ in names} - {options.namespace}))

    def concerns(each: Resource) -> bool:
        homes = {each.ref.namespace, home_of(metadata.annotations_of(each.body)) or each.ref.namespace}
        return not _makes_way(each, options) or tuple(each.ref[2:]) in names or homes == {options.namespace}

    return made._replace(present=list(filter(concerns, (*made.present, *elsewhere))))


def _is_elsewhere(resource: Resource, namespace: str) -> bool:
    """Tell whether an object is of another namespace; one that names none is of this one."""
    ref = resource.ref
    return (ref.name if ref.kind == workload.NAMESPACE else ref.namespace) not in ("", namespace)


def _is_intent(resource: Resource) -> bool:
    return is_ours(resource.ref.api_version)


def _others(resources: Iterable[Resource]) -> list[Resource]:
    return [each for each in resources if not _is_intent(each)]


def after(made: Change, options: Options) -> list[Resource]:
    """What there is to be. The policies of the set that are there have made way."""
    kept = [each for each in made.present if not _makes_way(each, options)]
    return overlaid(kept, made.wanted, options.namespace or DEFAULT_NAMESPACE)


def _makes_way(resource: Resource, options: Options) -> bool:
    return resource.ref.kind == KIND and metadata.present(resource).set == options.set


def settled(made: Change, cluster: Cluster, options: Options, report: Report) -> Cluster:
    """The cluster as it is to be, without policies whose names others have. That is reported, and so is asking nothing.

    Whoever asks for nothing where there are policies of the set has most likely named the wrong SOURCE.
    """
    policies = [each for each in made.present if each.ref.kind == KIND]
    marked = [metadata.present(each) for each in policies if not metadata.is_controllers(each.body)]
    asked = [each.policy for each in cluster.policies if _is_of_set(each, options)]
    gone = replacing.replaced(marked, asked, options, report)
    if not any(_is_intent(each) or each.ref.kind == KIND for each in made.wanted):
        replacing.require_intents(gone, report)
        report.add(Code.NO_INTENTS, NOWHERE)
    taken = {(each.ref.namespace, each.ref.name) for each in policies if not _makes_way(each, options)}
    left = (each for each in cluster.policies if not (_is_of_set(each, options) and each.policy[:2] in taken))
    return cluster._replace(policies=tuple(left))


def _is_of_set(applied: Applied, options: Options) -> bool:
    labels = dict(applied.policy.labels)
    return is_owned(labels, dict(applied.policy.annotations)) and set_of(labels) == options.set


def overlaid(
    present: Iterable[Resource], wanted: Iterable[Resource], namespace: str = DEFAULT_NAMESPACE
) -> list[Resource]:
    """What is there, with what is wanted in its place or beside it; ``namespace`` is that of what names none.

    A workload that means the same stays with its pods, and goes with them where it means something else. The labels of
    a namespace are joined, as kubectl does it. A policy of others stays beside one of ours with its name.
    """
    asked = list(wanted)
    changed = {_place(each, namespace): number for number, each in enumerate(asked)}
    kept: list[Resource] = []
    same: set[int] = set()
    gone: set[ObjectRef] = set()
    for each in present:
        number = changed.get(_place(each, namespace), -1)
        other = asked[number] if number >= 0 else None
        if other is None or (each.ref.kind == KIND and metadata.present(other).set is not None):
            kept.append(each)
        elif each.ref.kind == workload.NAMESPACE:
            asked[number] = _joined(each, other)
        elif each.ref.kind in workload.SHAPES:
            if _means(each) == _means(other):
                kept.append(each)
                same.add(number)
            else:
                gone.add(each.ref._replace(api_version=""))
    fresh = (each for number, each in enumerate(asked) if number not in same)
    return [*(_orphaned(kept, gone) if gone else kept), *fresh]


def _place(resource: Resource, namespace: str) -> ObjectRef:
    ref = resource.ref
    unplaced = not ref.namespace and ref.kind != workload.NAMESPACE and not _is_intent(resource)
    return ref._replace(namespace=namespace) if unplaced else ref


def _joined(present: Resource, wanted: Resource) -> Resource:
    """A namespace with the labels of both."""
    labels = {}
    for each in (present, wanted):
        metadata_ = each.body.get("metadata")
        found = metadata_.get("labels") if isinstance(metadata_, dict) else None
        labels.update(found if isinstance(found, dict) else {})
    return wanted._replace(body={**wanted.body, "metadata": {**dict(wanted.body["metadata"]), "labels": labels}})


def _means(resource: Resource) -> tuple[object, ...] | None:
    """What counts of a workload; None for a pod that has ended."""
    found = workload.decode(resource, Report())
    return None if found is None else (found.labels, found.open, found.ports, found.declared, found.host_network)


def _orphaned(resources: Sequence[Resource], gone: set[ObjectRef]) -> Iterator[Resource]:
    """The resources without what was made by those that are gone, and by what these made."""
    makers = {each.ref: workload.maker(each) for each in resources if each.ref.kind in workload.SHAPES}
    while True:
        made = {ref._replace(api_version="") for ref, maker in makers.items() if maker in gone} - gone
        if not made:
            break
        gone = gone | made
    return (each for each in resources if each.ref._replace(api_version="") not in gone)
