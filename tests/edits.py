"""Small random clusters before and after a change: pods of which not everything is known, and policies."""

from __future__ import annotations

from hypothesis import strategies as st

from maxtac_render.model.cluster import Applied, Cluster, Workload
from maxtac_render.model.intent import Direction
from maxtac_render.model.objects import ObjectRef, Origin
from maxtac_render.model.policy import ANY_PEER, NAMESPACE_NAME, CIDRPeer, PodPeer, Policy, Rule
from maxtac_render.model.ports import ANY_PORT, Port
from maxtac_render.model.selectors import Requirement, Selector

HOMES, WORDS = ("shop", "bank"), ("web", "db")
SELECTOR = st.builds(
    Selector,
    st.sampled_from(((), (("app", "web"),), (("tier", "front"),))),
    st.sampled_from(((), (Requirement("tier", "NotIn", ("back",)),), (Requirement("app", "Exists"),))),
)
PEER = st.one_of(
    st.just(ANY_PEER),
    st.sampled_from((CIDRPeer("192.0.2.0/24"), CIDRPeer("0.0.0.0/0", ("192.0.2.0/24",)))),
    st.builds(
        PodPeer, st.sampled_from([Selector(), *(Selector(((NAMESPACE_NAME, home),)) for home in HOMES)]), SELECTOR
    ),
)
PORTS = st.one_of(
    st.just(ANY_PORT),
    st.lists(
        st.sampled_from((Port("TCP", 80), Port("TCP", "http"), Port("UDP", 50, 90), Port("TCP", 1, 65535))), min_size=1
    ).map(tuple),
)
DIRECTION = st.sampled_from((Direction.INGRESS, Direction.EGRESS))
ISOLATES = st.sampled_from((Direction.INGRESS, Direction.EGRESS, Direction.ALL))
RULE = st.builds(Rule, DIRECTION, st.lists(PEER, min_size=1, max_size=2).map(tuple), PORTS)


@st.composite
def workloads(draw: st.DrawFn, known: bool) -> Workload:
    """Pods: of which everything is known, or perhaps nothing but some labels."""
    ref = ObjectRef("v1", "Pod", draw(st.sampled_from(HOMES)), f"p{draw(st.integers(0, 10**6))}")
    labels = {"app": draw(st.sampled_from(WORDS))} | draw(st.sampled_from(({}, {"tier": "front"})))
    ports = draw(st.sampled_from(({}, {("TCP", "http"): 80}, {("TCP", "http"): 8080})))
    if not known and draw(st.booleans()):
        return Workload(ref, labels, None, None, Origin(""))
    return Workload(ref, labels, frozenset(), ports, Origin(""))


@st.composite
def policies(draw: st.DrawFn, names: st.SearchStrategy[str]) -> Applied:
    """A policy with some rules of the directions that it isolates."""
    home, types = draw(st.sampled_from(HOMES)), draw(ISOLATES)
    rules = tuple(rule for rule in draw(st.lists(RULE, max_size=3)) if (rule.direction & types) is rule.direction)
    policy = Policy(home, draw(names), draw(SELECTOR), types, rules, (), (), None)
    return Applied(policy, ObjectRef("networking.k8s.io/v1", "NetworkPolicy", home, policy.name), Origin(""))


@st.composite
def clusters(draw: st.DrawFn, known: bool = False) -> Cluster:
    """A few pods, a few policies."""
    numbers = iter(range(9))
    some = draw(st.lists(policies(st.builds(lambda: f"n{next(numbers)}")), max_size=4))
    pods = draw(st.lists(workloads(known), min_size=2, max_size=4, unique_by=lambda pod: pod.ref))
    return Cluster({}, tuple(pods), (), tuple(some))


@st.composite
def changes(draw: st.DrawFn, known: bool = False) -> tuple[Cluster, Cluster]:
    """A cluster before and after: policies and pods that came, went, and became others."""
    before = draw(clusters(known))
    after = [draw(st.sampled_from((each, each, None))) for each in before.policies]
    kept = [each for each in after if each is not None]
    fresh = draw(st.lists(policies(st.sampled_from(("n0", "n1", "new"))), max_size=3))
    named = {each.policy[:2]: each for each in (*kept, *fresh)}
    pods = [draw(st.sampled_from((each, each, each, None))) for each in before.workloads]
    pods = [draw(st.sampled_from((each, each, _relabelled(each)))) for each in pods if each is not None]
    pods += draw(st.lists(workloads(known), max_size=1))
    placed = {pod.ref: pod for pod in pods}
    return before, Cluster({}, tuple(placed.values()), (), tuple(named.values()))


_APP = st.sampled_from([Selector((("app", word),)) for word in WORDS])
_OWN = st.builds(lambda pods: PodPeer(Selector(((NAMESPACE_NAME, "shop"),)), pods), _APP)
_RULES = st.lists(
    st.builds(
        lambda direction, peer, ports: Rule(direction, (peer,), ports),
        DIRECTION,
        _OWN | st.just(CIDRPeer("192.0.2.0/24")),
        st.sampled_from((ANY_PORT, (Port("TCP", 80),), (Port("TCP", 8080),))),
    ),
    max_size=2,
)


@st.composite
def _crowded(draw: st.DrawFn, name: str) -> Applied | None:
    types = draw(ISOLATES)
    rules = tuple(rule for rule in draw(_RULES) if (rule.direction & types) is rule.direction)
    policy = Policy("shop", name, draw(_APP | st.just(Selector())), types, rules, (), (), None)
    applied = Applied(policy, ObjectRef("networking.k8s.io/v1", "NetworkPolicy", "shop", name), Origin(""))
    return draw(st.sampled_from((applied, applied, None)))


@st.composite
def crowds(draw: st.DrawFn) -> tuple[Cluster, Cluster]:
    """Two pods, and up to five policies about them that come, go and become others at once."""
    ports = {("TCP", "http"): 80}
    pods = tuple(
        Workload(ObjectRef("v1", "Pod", "shop", word), {"app": word}, frozenset(), ports, Origin(""), several=False)
        for word in WORDS
    )
    names = [f"n{number}" for number in range(draw(st.integers(2, 5)))]
    before, after = ([applied for name in names if (applied := draw(_crowded(name)))] for _ in range(2))
    return Cluster({}, pods, (), tuple(before)), Cluster({}, pods, (), tuple(after))


def _relabelled(workload: Workload) -> Workload:
    return workload._replace(labels={"app": "db"})


@st.composite
def instances(draw: st.DrawFn, before: Cluster, after: Cluster) -> tuple[Cluster, Cluster]:
    """Two clusters with everything known that was not: one of the ways in which it may be."""
    chosen: dict[ObjectRef, tuple[dict[str, str], dict[tuple[str, str], int]]] = {}
    for workload in (*before.workloads, *after.workloads):
        if workload.ref not in chosen and workload.open is None:
            labels = draw(st.sampled_from(({}, {"tier": "front"}, {"tier": "back"})))
            chosen[workload.ref] = labels, draw(st.sampled_from(({}, {("TCP", "http"): 80}, {("TCP", "http"): 9})))
    return _instance(before, chosen), _instance(after, chosen)


def _instance(cluster: Cluster, chosen: dict[ObjectRef, tuple[dict[str, str], dict[tuple[str, str], int]]]) -> Cluster:
    workloads = []
    for workload in cluster.workloads:
        if workload.ref in chosen:
            labels, ports = chosen[workload.ref]
            known = {**labels, **workload.labels}
            workloads.append(workload._replace(labels=known, ports=ports, open=frozenset()))
        else:
            workloads.append(workload)
    return cluster._replace(workloads=tuple(workloads))
