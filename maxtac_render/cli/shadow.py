"""What changes of policies would do in a cluster, without any of them: connections, and pods that open or close."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from maxtac_render.analysis import unseen
from maxtac_render.analysis.alignment import align
from maxtac_render.analysis.compare import compare
from maxtac_render.analysis.universe import assumptions
from maxtac_render.assembly import assemble
from maxtac_render.cli import comparing, parameters, reaching
from maxtac_render.cli.console import Console
from maxtac_render.cli.intake import Intake, inputs
from maxtac_render.engine.plan import plan
from maxtac_render.manifests.wanted import CLUSTER, is_ours
from maxtac_render.model.changes import Change
from maxtac_render.model.cluster import Cluster
from maxtac_render.model.diagnostics import Report
from maxtac_render.model.objects import Resource
from maxtac_render.model.options import Options
from maxtac_render.sources import LIVE


def read(given: Mapping[str, Any], console: Console) -> list[Resource]:
    """All that is in the cluster that policies are about.

    Raises SourceFault and ClusterFault where it cannot be read.
    """
    options, report = parameters.options(given), Report()
    files = inputs([LIVE], options, report, reaching.reach(given, options, report))
    return list(Intake(files, options, report, wanted=CLUSTER).resources(console))


def foreseen(
    resources: Iterable[Resource], changes: Collection[Change], options: Options, layers: tuple[str, ...]
) -> comparing.Account:
    """What changes would open, close and isolate among the pods of a cluster, as far as layers tell of it."""
    there = [each for each in resources if not is_ours(each.ref.api_version)]  # what its own resources ask for is apart
    old = assemble(there, options, Report()).cluster
    new = changed(old, changes)
    made, assumed = plan(new.policies, old.policies), assumptions(options)
    aligned = align(old, new, made, assumed, unseen.strangers((old, new), made, assumed))
    return comparing.account(made, compare(aligned), layers)


def changed(cluster: Cluster, changes: Collection[Change]) -> Cluster:
    """The cluster as it would be after the changes."""
    gone = {each.ref for each in changes}
    kept = [each for each in cluster.policies if each.ref not in gone]
    fresh = [each.after for each in changes if each.after is not None]
    return cluster._replace(policies=tuple(sorted((*kept, *fresh), key=lambda each: (each.ref, each.origin[:3]))))
