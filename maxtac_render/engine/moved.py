"""The pass over policies that stay as they are: what moved them to another namespace did not move their peers."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from maxtac_render.model.diagnostics import Code, Located, Report
from maxtac_render.model.ownership import made_for


def report_moved(
    policy: Located, annotations: Mapping[str, object], named: Collection[str], before: Collection[str], report: Report
) -> None:
    """Report a policy that stands in another namespace than the one it was made for.

    One of ours says itself what it was made for. Any other one is reported where its peers name a namespace in which it
    was before; ``named`` are those that they name.
    """
    if policy.ref is None:
        return
    namespace, homes = policy.ref.namespace, made_for(annotations)
    former = [home for home in before if home != namespace and home in named]
    if homes and namespace not in homes:
        former = [homes[0]]
    if former and namespace:
        report.add(Code.MOVED_POLICY, policy, ("metadata", "namespace"), namespace=namespace, former=former[0])
