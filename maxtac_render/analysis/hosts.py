"""Pods on their node's network, which most network plugins do not take for pods."""

from __future__ import annotations

from maxtac_render.model.cluster import Cluster, Namespace, Workload, undeclared
from maxtac_render.model.diagnostics import Code, Report, counted
from maxtac_render.model.policy import PodPeer, Policy


def warn(cluster: Cluster, report: Report) -> None:
    """Report pods on their node's network that policies govern or name."""
    for workload in cluster.workloads:
        if workload.host_network:
            name = workload.ref.namespace
            home = cluster.namespaces.get(name) or undeclared(name)
            found = [str(each.ref) for each in cluster.policies if _means(each.policy, workload, home)]
            if found:
                field = (*workload.template, "spec", "hostNetwork")
                report.add(Code.HOST_NETWORK, workload, field, policies=counted(found))


def _means(policy: Policy, workload: Workload, home: Namespace) -> bool:
    """Tell whether a policy governs pods, or has them among the peers of a rule."""
    return (policy.namespace == home.name and policy.subject.matches(workload.labels)) or any(
        isinstance(peer, PodPeer) and peer.namespaces.matches(home.labels) and peer.pods.matches(workload.labels)
        for rule in policy.rules
        for peer in rule.peers
    )
