"""Assertions agree with verdicts: what is so holds, and what is not so fails, over random clusters."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from edits import clusters
from maxtac_render.analysis.assertions import CASE, Case, Claim, Ends, Expectation, Part
from maxtac_render.analysis.assertions.exposure import covers, strangers
from maxtac_render.analysis.assertions.findings import run
from maxtac_render.analysis.assertions.judging import Outcome, Status
from maxtac_render.analysis.connections import Verdict
from maxtac_render.analysis.endpoints import Anyone, Named, Query, Stranger, stage
from maxtac_render.analysis.reachability import Verdicts
from maxtac_render.analysis.universe import USUAL, Outside, bits
from maxtac_render.model.addresses import EVERYWHERE
from maxtac_render.model.cluster import Applied, Cluster, Namespace, Workload
from maxtac_render.model.configuration import API_VERSION
from maxtac_render.model.diagnostics import Code, Report
from maxtac_render.model.intent import Direction
from maxtac_render.model.objects import ObjectRef, Origin
from maxtac_render.model.policy import NAMESPACE_NAME, PodPeer, Policy, Rule
from maxtac_render.model.ports import ANY_PORT, Port, Ports
from maxtac_render.model.portsets import ALL_PORTS, PortSet
from maxtac_render.model.selectors import Labels, Requirement, Selector

ALLOW, DENY, EXACTLY = Expectation


def case(source: Ends, target: Ends, ports: Ports, expectation: Expectation) -> Case:
    """A test."""
    claim = Claim(source, target, ports, expectation)
    return Case(ObjectRef(API_VERSION, CASE, "", "test"), Origin("tests.yaml"), (), claim)


def ends(*queries: Query, but: bool = False) -> Ends:
    """One side of a test."""
    return Ends(tuple(Part(query, ()) for query in queries), but)


def outcome(cluster: Cluster, *cases: Case) -> list[Outcome]:
    """What becomes of tests."""
    return run(cases, cluster, USUAL, Report())[1]


def wanted(ports: PortSet) -> Ports:
    """Ports as a test names them."""
    if ports is ALL_PORTS:
        return ANY_PORT
    spans = (Port(protocol, first, last) for protocol, first, last in ports.spans)
    return (*spans, *(Port(*name) for name in ports.names))


def named(workload: Workload) -> Named:
    """A workload by its name."""
    return Named(workload.ref.kind, workload.ref.namespace, workload.ref.name)


@given(clusters())
def test_an_assertion_of_what_is_so_holds_and_its_negation_fails(cluster: Cluster) -> None:
    """For every pair of pods: allow, deny and exactly, on the ports that pass and on those that do not."""
    if len({each.ref for each in cluster.workloads}) < len(cluster.workloads):
        return
    universe = stage(cluster, (), USUAL).universe
    verdicts = Verdicts(universe, [each.policy for each in cluster.policies])
    for source, target in product(range(len(cluster.workloads)), repeat=2):
        if source == target and not cluster.workloads[source].several:
            continue
        certain, possible = (each.ports(source, target) for each in (verdicts.certain, verdicts.possible))
        pair = [ends(named(cluster.workloads[number])) for number in (source, target)]
        known = cluster.workloads[target].ports is not None
        if certain:
            one, none = outcome(cluster, case(*pair, wanted(certain), ALLOW), case(*pair, wanted(certain), DENY))
            assert (one.status, none.status) == (Status.PASSED, Status.FAILED)
            (exact,) = outcome(cluster, case(*pair, wanted(certain), EXACTLY))
            assert (exact.status is Status.PASSED) == (certain is possible)
        closed = ALL_PORTS.without(possible)
        if closed and not possible.names and known:
            none, one = outcome(cluster, case(*pair, wanted(closed), DENY), case(*pair, wanted(closed), ALLOW))
            assert (none.status, one.status) == (Status.PASSED, Status.FAILED)
            assert {breach.verdict for breach in one.breaches} == {Verdict.NO}
        if maybe := possible.without(certain):
            both = outcome(cluster, case(*pair, wanted(maybe), ALLOW), case(*pair, wanted(maybe), DENY))
            assert [each.status for each in both] == [Status.FAILED] * 2


@given(clusters(known=True), st.sampled_from(list(Expectation)), st.sampled_from((ANY_PORT, (Port("TCP", 80),))))
def test_a_test_of_many_is_the_tests_of_each(cluster: Cluster, expectation: Expectation, ports: Ports) -> None:
    """Lists and wildcards stand for every pair of their members, from whichever side they are looked at."""
    refs = [named(each) for each in cluster.workloads]
    if len(set(refs)) < len(refs):
        return
    for some, others in ((refs[:1], refs), (refs, refs[:1]), (refs, refs)):
        (together,) = outcome(cluster, case(ends(*some), ends(*others), ports, expectation))
        pairs = [(one, other) for one in some for other in others]
        each = outcome(cluster, *(case(ends(one), ends(other), ports, expectation) for one, other in pairs))
        assert together.pairs == sum(one.pairs for one in each)
        assert (together.status is Status.FAILED) == any(one.status is Status.FAILED for one in each)


# Exposure, against every pod that there could be

BANK, SHOP = ({NAMESPACE_NAME: name, "team": name} for name in ("bank", "shop"))
HOMES = {"bank": BANK, "shop": SHOP}
ELSEWHERE = ({}, {"team": "shop"}, {"team": "bank"}, {"team": "other"})
TARGET = Workload(
    ObjectRef("v1", "Pod", "bank", "ledger"), {"app": "ledger"}, frozenset(), {}, Origin(""), several=False
)

PODS = st.builds(
    Selector,
    st.sampled_from(((), (("app", "web"),), (("tier", "front"),), (("app", "db"), ("tier", "back")))),
    st.sampled_from(
        (
            (),
            (Requirement("tier", "NotIn", ("back",)),),
            (Requirement("app", "Exists"),),
            (Requirement("tier", "DoesNotExist"),),
            (Requirement("app", "In", ("db", "web")),),
        )
    ),
)
NAMESPACES = st.sampled_from(
    (Selector(), *(Selector(((NAMESPACE_NAME, name),)) for name in HOMES), Selector((("team", "shop"),)))
)
PEER = st.builds(PodPeer, NAMESPACES, PODS)


def policy(home: str, subject: Selector, side: Direction, peers: list[PodPeer]) -> Applied:
    """A policy that opens one side for some peers."""
    rules = (Rule(side, tuple(peers), ANY_PORT),) if peers else ()
    made = Policy(home, "p", subject, side, rules, (), (), None)
    return Applied(made, ObjectRef("networking.k8s.io/v1", "NetworkPolicy", home, "p"), Origin(""))


IN_SHOP = st.builds(PodPeer, st.just(Selector(((NAMESPACE_NAME, "shop"),))), PODS)
TO_BANK = PodPeer(Selector(((NAMESPACE_NAME, "bank"),)), Selector())


@st.composite
def exposed(draw: st.DrawFn, side: Direction) -> Cluster:
    """One pod that is closed on a side but for some peers, and policies for the other side of pods in the shop."""
    ours = policy("bank", Selector((("app", "ledger"),)), side, draw(st.lists(PEER | IN_SHOP, min_size=1, max_size=2)))
    others = draw(st.lists(st.tuples(PODS, st.lists(st.just(TO_BANK), max_size=1)), max_size=3))
    theirs = [policy("shop", pods, side.flipped, peers) for pods, peers in others]
    namespaces = {name: Namespace(name, labels, open=False, origin=Origin("")) for name, labels in HOMES.items()}
    return Cluster(namespaces, (TARGET,), (), (ours, *theirs))


EXCEPTION = st.sampled_from(
    (
        Anyone("bank", (), ()),
        Anyone("shop", (), (("app", "web"),)),
        Anyone("", (("team", "shop"),), ()),
        Anyone("", (), (("app", "db"),)),
        Anyone("", (), (("tier", "front"),)),
    )
)


def everybody() -> list[Stranger]:
    """Every pod that nobody has declared, as far as any selector of these tests tells two apart."""
    values = {"app": (None, "web", "db", "x"), "tier": (None, "front", "back", "x")}
    homes = [("", Namespace("", {NAMESPACE_NAME: "*", **labels}, False, Origin(""))) for labels in ELSEWHERE]
    found = []
    for chosen in product(*values.values()):
        labels = {key: value for key, value in zip(values, chosen, strict=True) if value is not None}
        pods = Workload(ObjectRef("", "Pods", "", ""), labels, frozenset(), {}, Origin(""))
        for name, home in (*((name, None) for name in HOMES), *homes):
            found += [Stranger(pods._replace(ref=pods.ref._replace(namespace=name)), home)]
    return found


def is_excepted(stranger: Stranger, exceptions: list[Anyone]) -> bool:
    """Tell whether one of the exceptions means a pod."""
    home = HOMES[stranger.pods.ref.namespace] if stranger.home is None else stranger.home.labels

    def means(namespace: str, namespace_labels: Labels, labels: Labels) -> bool:
        near = home.get(NAMESPACE_NAME) == namespace if namespace else dict(namespace_labels).items() <= home.items()
        return near and dict(labels).items() <= stranger.pods.labels.items()

    return any(means(*each) for each in exceptions)


@settings(max_examples=300)
@given(st.data(), st.sampled_from((Direction.INGRESS, Direction.EGRESS)), st.lists(EXCEPTION, max_size=2))
def test_an_exposure_fails_if_and_only_if_some_pod_that_is_not_excepted_can_pass(
    data: st.DataObject, side: Direction, exceptions: list[Anyone]
) -> None:
    """The few strangers that are looked at find whatever any of all pods could do."""
    cluster = data.draw(exposed(side))
    everyone = everybody()
    universe = stage(cluster, (), USUAL, besides=everyone).universe
    certain = Verdicts(universe, [each.policy for each in cluster.policies]).certain
    numbers = range(1, 1 + len(everyone))
    passing = [
        stranger
        for number, stranger in zip(numbers, everyone, strict=True)
        if not is_excepted(stranger, exceptions)
        and certain.ports(*((number, 0) if side is Direction.INGRESS else (0, number)))
    ]
    one, rest = ends(named(TARGET)), ends(*exceptions, Outside(EVERYWHERE), but=True)
    sides = (rest, one) if side is Direction.INGRESS else (one, rest)
    (found,) = outcome(cluster, case(*sides, ANY_PORT, DENY))
    if passing:
        assert found.status is Status.FAILED
    elif found.status is Status.FAILED:
        assert {breach.verdict for breach in found.breaches} == {Verdict.DEPENDS}
        assert any(each.operator in ("NotIn", "DoesNotExist") for each in _requirements(cluster))


def _requirements(cluster: Cluster) -> list[Requirement]:
    return [each for applied in cluster.policies for each in applied.policy.subject.match_expressions]


def test_an_exception_by_name_is_one_for_whoever_is_let_in_by_its_labels() -> None:
    """Policies know pods by labels: what is let in as the web is the web, and what is let in as anybody is not."""
    web = Workload(
        ObjectRef("apps/v1", "Deployment", "shop", "web"), {"app": "web", "tier": "front"}, frozenset(), {}, Origin("")
    )
    named_peer = PodPeer(Selector(((NAMESPACE_NAME, "shop"),)), Selector((("app", "web"),)))
    any_peer = PodPeer(Selector(((NAMESPACE_NAME, "shop"),)), Selector())
    for peer, status in ((named_peer, Status.PASSED), (any_peer, Status.FAILED)):
        ours = policy("bank", Selector(), Direction.INGRESS, [peer])
        cluster = Cluster({}, (TARGET, web), (), (ours,))
        rest = ends(Anyone("bank", (), ()), named(web), but=True)
        (found,) = outcome(cluster, case(rest, ends(named(TARGET)), ANY_PORT, DENY))
        assert found.status is status


def test_too_many_values_are_left_open() -> None:
    """A selector of a thousand combinations costs no thousand pods."""
    many = tuple(str(number) for number in range(100))
    pods = Selector((), tuple(Requirement(key, "In", many) for key in ("a", "b", "c")))
    ours = policy("bank", Selector(), Direction.INGRESS, [PodPeer(Selector(), pods)])
    cluster = Cluster({}, (TARGET,), (), (ours,))
    assert len(strangers(cluster, Direction.INGRESS)) < 10
    rest = ends(Outside(EVERYWHERE), but=True)
    (found,) = outcome(cluster, case(rest, ends(named(TARGET)), ANY_PORT, DENY))
    assert found.status is Status.FAILED


def test_a_stranger_is_covered_by_no_address() -> None:
    """An exception for addresses is none for pods."""
    staged = stage(Cluster({}, (), (), ()), (), USUAL, besides=everybody())
    assert not any(covers(Outside(EVERYWHERE), 0, staged.universe, number) for number in bits(staged.universe.pods))


def test_a_test_about_one_pod_and_itself_proves_nothing() -> None:
    """A pod cannot be kept from itself."""
    report = Report()
    cluster = Cluster({}, (TARGET,), (), ())
    tests = [case(ends(named(TARGET)), ends(named(TARGET)), ANY_PORT, expectation) for expectation in Expectation]
    _, found = run(tests, cluster, USUAL, report)
    assert {each.status for each in found} == {Status.ERROR}
    assert {each.code for each in report.sorted()} == {Code.EMPTY_TEST}
