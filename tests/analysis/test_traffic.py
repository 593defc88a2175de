"""Observed flows: counted by what policies tell apart, and judged as each would be by itself."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_assertions import policy

from edits import clusters
from maxtac_render.analysis.assertions import drops, traffic
from maxtac_render.analysis.assertions.drops import Drop, observe, report_drops
from maxtac_render.analysis.assertions.traffic import Traffic
from maxtac_render.analysis.connections import Verdict
from maxtac_render.analysis.endpoints import stage
from maxtac_render.analysis.reachability import Verdicts
from maxtac_render.analysis.universe import USUAL, Outside
from maxtac_render.model.addresses import parse_address
from maxtac_render.model.cluster import Cluster, Workload
from maxtac_render.model.diagnostics import Code, Report
from maxtac_render.model.flows import WORLD, Aside, Flow, Party
from maxtac_render.model.intent import Direction
from maxtac_render.model.objects import ObjectRef, Origin
from maxtac_render.model.policy import NAMESPACE_NAME, CIDRPeer, Rule
from maxtac_render.model.ports import ANY_PORT
from maxtac_render.model.portsets import PortSet, Span
from maxtac_render.model.selectors import Selector

OUTSIDE = Party(reserved=WORLD)
ADDRESSES = ("192.0.2.7", "10.0.0.1", "198.51.100.1", "2001:db8::1")
PORTS = (("TCP", 80), ("TCP", 8080), ("UDP", 60), ("TCP", 9))


def party(workload: Workload) -> Party:
    """A workload as flows tell of it."""
    home = ((NAMESPACE_NAME, workload.ref.namespace),)
    return Party(workload.ref.namespace, workload.ref.name, tuple(workload.labels.items()), home)


def unknown(home: str, labels: dict[str, str]) -> Party:
    """A pod that no manifest has."""
    return Party(home, "somebody", tuple(sorted(labels.items())), ((NAMESPACE_NAME, home),))


@st.composite
def observed(draw: st.DrawFn) -> tuple[Cluster, list[tuple[Party, str]], list[Flow]]:
    """A cluster, those who talk, and what they say."""
    cluster = draw(clusters())
    ends = [(party(each), "10.1.1.1") for each in cluster.workloads]
    ends += [(OUTSIDE, address) for address in ADDRESSES]
    ends.append((unknown("shop", {"app": "web"}), "10.1.1.2"))
    ends.append((unknown("dev", {"app": "db", "tier": "front"}), "10.1.1.3"))
    one = st.sampled_from(ends)
    flows = draw(st.lists(st.tuples(one, one, st.sampled_from(PORTS)), max_size=12))
    return cluster, ends, [Flow(s[0], t[0], s[1], t[1], *port) for s, t, port in flows if s[0] is not t[0]]


def alone(cluster: Cluster, flow: Flow) -> Verdict:
    """What becomes of one flow, judged by itself with the addresses as endpoints of their own."""
    parties = [each for each in (flow.source, flow.target) if each.pod == "somebody"]
    asked = [Outside((address,)) for each in ADDRESSES if (address := parse_address(each))]
    staged = stage(cluster, asked, USUAL, besides=[traffic.stranger(each) for each in parties])
    reach = Verdicts(staged.universe, [each.policy for each in cluster.policies])

    def number(end: Party, address: str) -> int:
        if end.reserved:
            return staged.asked[ADDRESSES.index(address)].bit_length() - 1
        if end in parties:
            return len(cluster.workloads) + parties.index(end)
        return [party(each) for each in cluster.workloads].index(end)

    ends = number(flow.source, flow.source_address), number(flow.target, flow.target_address)
    if flow.source.reserved and flow.target.reserved:
        return Verdict.YES
    ports = PortSet((Span(flow.protocol, flow.port, flow.port),))
    if ports.meet(reach.certain.ports(*ends)):
        return Verdict.YES
    return Verdict.DEPENDS if ports.may_meet(reach.possible.ports(*ends)) else Verdict.NO


@given(observed())
def test_flows_together_are_judged_as_each_by_itself(
    found: tuple[Cluster, list[tuple[Party, str]], list[Flow]],
) -> None:
    """Whatever stands together in a count has the same verdict, and none is lost."""
    cluster, _, flows = found
    if len({each.ref.name for each in cluster.workloads}) < len(cluster.workloads):
        return
    counted = Traffic(cluster)
    for line, flow in enumerate(flows, 1):
        counted.add(flow, line)
    seen = observe(counted, cluster, USUAL)
    assert counted.judged == len(flows)
    expected = Counter(alone(cluster, flow) for flow in flows)
    for verdict in (Verdict.NO, Verdict.DEPENDS):
        assert sum(drop.flows for drop in seen.drops if drop.breach.verdict is verdict) == expected[verdict]


def workload(kind: str, name: str, **labels: str) -> Workload:
    """A workload of the shop."""
    return Workload(ObjectRef("apps/v1", kind, "shop", name), labels, frozenset(), {}, Origin(""))


WEB, API = workload("Deployment", "web", app="web"), workload("Deployment", "web-api", app="api")
LONELY = workload("Pod", "web-1", app="web")
MAIL = Workload(ObjectRef("v1", "Service", "shop", "mail"), {"app": "mail"}, None, None, Origin(""))
SHOP = Cluster({}, (WEB, API, LONELY, MAIL), (), ())


@pytest.mark.parametrize(
    ("seen", "place"),
    [
        (Party("shop", "web-9b64-x", workloads=(("Deployment", "web"),)), 0),
        (Party("shop", "web-9b64-x"), 0),
        (Party("shop", "web-api-77-x"), 1),
        (Party("shop", "web-api-77-x", (("app", "web"),)), 0),
        (Party("shop", "web-1"), 2),
        (Party("shop", "web-1", workloads=(("ReplicaSet", "web"),)), 2),
        (Party("shop", "webmail-1"), Aside.UNKNOWN),
        (Party("bank", "web-9b64-x"), Aside.UNKNOWN),
        (Party("shop", "mail-1", (("app", "mail"),)), Party("shop", "", (("app", "mail"),))),
        (Party(reserved="host"), Aside.NODE),
        (Party(), Aside.UNKNOWN),
    ],
)
def test_a_pod_is_found_by_its_controller_its_name_or_its_labels(seen: Party, place: object) -> None:
    """As far as what flows tell does not contradict."""
    assert Traffic(SHOP)._place(seen, "10.0.0.1") == place


def test_addresses_stand_in_the_class_that_policies_give_them() -> None:
    """Also at its borders, and not where the text is none."""

    applied = policy("shop", Selector(), Direction.EGRESS, [])
    rule = Rule(Direction.EGRESS, (CIDRPeer("10.0.0.0/8", ("10.1.0.0/16",)),), ANY_PORT)
    cluster = Cluster({}, (), (), (applied._replace(policy=applied.policy._replace(rules=(rule,))),))
    counted = Traffic(cluster)

    def place(address: str) -> object:
        return counted._place(OUTSIDE, address)

    assert place("10.0.0.0") == place("10.0.255.255") == place("10.2.0.0") == place("10.255.255.255")
    assert place("10.1.0.0") == place("10.1.255.255")
    assert place("9.255.255.255") == place("11.0.0.0") == place("0.0.0.1") == place("::1") == place("255.255.255.255")
    assert len({place(each) for each in ("10.0.0.0", "10.1.0.0", "11.0.0.0")}) == 3
    assert {place(each) for each in ("", "10.0.0.0/8", "x", "10.0.0.256")} == {Aside.UNKNOWN}


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many connections a file makes up: those over the limit are counted, and said."""
    monkeypatch.setattr(traffic, "MOST", 10)
    counted = Traffic(SHOP)
    for number in range(100):
        pod = Party("shop", f"p{number}", (("app", str(number)),))
        counted.add(Flow(pod, party(WEB), "", "", "TCP", 80), number)
    assert (len(counted.seen), counted.judged, counted.aside[Aside.EXCESS]) == (10, 10, 90)
    assert len(counted._places) <= 10
    report = Report()
    report_drops("f", observe(counted, SHOP, USUAL), report)
    assert [(each.code, each.message.split()[0]) for each in report.sorted()] == [(Code.FLOWS_UNJUDGED, "90")]


def test_findings_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last one counts the rest."""

    monkeypatch.setattr(drops, "FINDINGS", 2)
    cluster = SHOP._replace(policies=(policy("shop", Selector(), Direction.INGRESS, []),))
    counted = Traffic(cluster)
    for number in range(5):
        counted.add(Flow(Party("bank", "x", (("app", str(number)),)), party(WEB), "", "", "TCP", 80), number + 1)
    report = Report()
    found = observe(counted, cluster, USUAL)
    assert all(isinstance(each, Drop) for each in found.drops)
    report_drops("f", found, report)
    first, last = report.sorted()
    assert "besides" not in first.message
    assert last.message.endswith("; 3 flows besides")
