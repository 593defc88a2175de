"""Lists say what the verdicts say, pair by pair, whatever stands together in them; and only what is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations, product
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clusters import body, clusters, open_clusters
from maxtac_render.analysis.connections import Connection, Verdict
from maxtac_render.analysis.endpoints import Group, name, parse, stage
from maxtac_render.analysis.listing import connections, differences
from maxtac_render.analysis.matrix import Matrix, Scope
from maxtac_render.analysis.parties import Parties, alike
from maxtac_render.analysis.reachability import Verdicts
from maxtac_render.analysis.universe import USUAL, Assumptions, Endpoint, Outside, Universe, bits
from maxtac_render.assembly import assemble
from maxtac_render.model.cluster import Cluster, Workload
from maxtac_render.model.diagnostics import Report
from maxtac_render.model.intent import Direction
from maxtac_render.model.options import Options
from maxtac_render.model.ports import ANY_PORT, Port, Ports
from maxtac_render.model.portsets import ALL_PORTS, NO_PORTS, PortSet, Span
from worlds import Body, resources

SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PORTS = st.sampled_from((ANY_PORT, (Port("TCP", 80),), (Port("TCP", "http"), Port("UDP", 60, 70))))
Said = dict[tuple[int, int, Verdict], PortSet]


class World(NamedTuple):
    """A cluster, and what is asked for besides what it has."""

    cluster: Cluster
    queries: list[str]


def assembled(bodies: list[Body]) -> Cluster:
    """What is known of a cluster."""
    return assemble(resources(bodies), Options(), Report()).cluster


WORLDS = st.one_of(
    clusters().map(lambda closed: World(assembled(closed.bodies), [])),
    open_clusters().map(lambda opened: World(assembled(opened.bodies), opened.queries)),
)


def verdicts_of(world: World, assumptions: Assumptions = USUAL) -> Verdicts:
    """The verdicts on a cluster, and on what is asked for."""
    staged = stage(world.cluster, [parse(query) for query in world.queries], assumptions)
    return Verdicts(staged.universe, [each.policy for each in world.cluster.policies])


def numbers(universe: Universe, endpoint: Endpoint | Group) -> Iterable[int]:
    """The endpoints of a universe that an end of a row stands for."""
    match endpoint:
        case Group(members):
            return [number for member in members for number in numbers(universe, member)]
        case Workload():
            return [number for number, each in enumerate(universe.workloads) if each is endpoint]
        case Outside(ranges):
            return [
                number + len(universe.workloads)
                for number, each in enumerate(universe.addresses.classes)
                if all(any(part == whole or part.within(whole) for whole in ranges) for part in each.ranges)
            ]


def said(universe: Universe, rows: Iterable[Connection]) -> Said:
    """What rows say of each pair; no pair stands in two rows of one verdict.

    Of two rows about the same ends, the one that is certain comes first.
    """
    found: Said = {}
    doubted: list[tuple[object, object]] = []
    for source, target, ports, verdict, _ in rows:
        assert (source, target) not in doubted
        doubted += [(source, target)] if verdict is Verdict.DEPENDS else []
        for pair in product(numbers(universe, source), numbers(universe, target)):
            assert (*pair, verdict) not in found
            if counts(universe, *pair):
                found[*pair, verdict] = ports
    return found


def counts(universe: Universe, source: int, target: int) -> bool:
    """Tell whether there is anything to say: a pod that is only one cannot be kept from itself."""
    return source != target or bool(universe.several >> source & 1)


def true(verdicts: Verdicts, scope: Scope) -> Said:
    """What the verdicts say of each pair that is asked for."""
    universe, found = verdicts.universe, Said()
    for source, target in product(range(universe.size), repeat=2):
        if scope.sources >> source & scope.targets >> target & 1 and counts(universe, source, target):
            asked = wanted(universe, target, scope.ports)
            certain = verdicts.certain.ports(source, target).meet(asked)
            more = verdicts.possible.ports(source, target).may_meet(asked).without(certain)
            found[source, target, Verdict.YES] = certain
            found[source, target, Verdict.DEPENDS] = more
    return {key: ports for key, ports in found.items() if ports}


def wanted(universe: Universe, target: int, ports: Ports) -> PortSet:
    """The ports that are asked for at one target."""
    if ports is ANY_PORT:
        return ALL_PORTS
    endpoint, found = universe.endpoint(target), NO_PORTS
    for protocol, port, end in ports:
        if isinstance(port, int):
            found = found.union(PortSet([Span(protocol, port, end or port)]))
        elif isinstance(endpoint, Workload) and endpoint.ports is None:
            found = found.union(PortSet((), [(protocol, port)]))
        elif isinstance(endpoint, Workload) and (number := endpoint.ports.get((protocol, port))):
            found = found.union(PortSet([Span(protocol, number, number)]))
    return found


@SLOW
@given(WORLDS, PORTS, st.data())
def test_a_list_says_what_the_verdicts_say(world: World, ports: Ports, data: st.DataObject) -> None:
    """Every pair that is asked for is there, on the ports that are asked for, one by one and in groups."""
    verdicts = verdicts_of(world)
    masks = st.integers(0, (1 << verdicts.universe.size) - 1)
    scope = Scope(data.draw(masks), data.draw(masks), ports)
    matrix = Matrix(verdicts, scope)
    expected = true(verdicts, scope)
    assert said(verdicts.universe, connections(matrix, Parties(verdicts.universe))) == expected
    assert said(verdicts.universe, connections(matrix, Parties(verdicts.universe, alike(matrix)))) == expected


@SLOW
@given(WORLDS)
def test_groups_are_as_wide_as_can_be(world: World) -> None:
    """Two pods stand apart only where a row tells them apart: with the two exchanged, the list is another."""
    verdicts = verdicts_of(world)
    universe = verdicts.universe
    everyone = Scope(universe.everyone, universe.everyone)
    matrix = Matrix(verdicts, everyone)
    groups = alike(matrix)
    listed = true(verdicts, everyone)
    open_sides = {
        pod: [bool(matrix.unprotected(side) >> pod & 1) for side in (Direction.EGRESS, Direction.INGRESS)]
        for pod in bits(universe.pods)
    }
    for one, other in combinations(range(len(world.cluster.workloads)), 2):
        mutual = {verdict: listed[one, other, verdict] for verdict in Verdict if (one, other, verdict) in listed}
        alone = [pod for pod in (one, other) if not counts(universe, pod, pod)]
        rows = {**listed, **{(pod, pod, verdict): ports for pod in alone for verdict, ports in mutual.items()}}
        swap = {one: other, other: one}
        same = rows == {(swap.get(s, s), swap.get(t, t), verdict): ports for (s, t, verdict), ports in rows.items()}
        together = any(mask >> one & mask >> other & 1 for mask in groups)
        assert together == (same and open_sides[one] == open_sides[other])


def listed(*bodies: Body) -> tuple[Matrix, list[str]]:
    """All that is said of a cluster, and the rows of its list without groups."""
    verdicts = verdicts_of(World(assembled(list(bodies)), []))
    matrix = Matrix(verdicts, Scope(verdicts.universe.everyone, verdicts.universe.everyone))
    rows = connections(matrix, Parties(verdicts.universe))
    return matrix, [f"{name(row.source)} {name(row.target)} {row.ports} {row.verdict}" for row in rows]


def deployment(app: str) -> Body:
    """Pods with a label."""
    template = {"metadata": {"labels": {"app": app}}, "spec": {"containers": [{}]}}
    return body("Deployment", ("shop", app), spec={"template": template})


def policy(app: str, *rules: Body) -> Body:
    """A policy that lets in whom its rules say."""
    return body(
        "NetworkPolicy", ("shop", app), spec={"podSelector": {"matchLabels": {"app": app}}, "ingress": list(rules)}
    )


def test_pods_that_may_not_talk_to_their_like_stand_apart() -> None:
    """Two that let in each other and not themselves are no group, of which all would talk to all."""
    peers = {app: {"from": [{"podSelector": {"matchLabels": {"app": app}}}]} for app in ("a", "b")}
    matrix, rows = listed(deployment("a"), deployment("b"), policy("a", peers["b"]), policy("b", peers["a"]))
    assert [row for row in rows if "outside" not in row] == [
        "Deployment/shop/a Deployment/shop/b all yes",
        "Deployment/shop/b Deployment/shop/a all yes",
    ]
    assert alike(matrix) == []


def test_what_is_certain_of_a_pair_comes_first() -> None:
    """Whatever is said of the pairs before it."""
    back = {"from": [{"podSelector": {"matchLabels": {"tier": "back"}}}], "ports": [{"port": 443}]}
    service = body("Service", ("shop", "s"), spec={"selector": {"app": "s"}, "ports": [{"port": 80}]})
    web = {"from": [{"podSelector": {"matchLabels": {"app": "s"}}}], "ports": [{"port": 80}]}
    for first, second in (("a", "b"), ("b", "a")):
        pods = (deployment("a"), deployment("b"), service)
        _, rows = listed(*pods, policy(first, back), policy(second, back, web))
        assert [row for row in rows if row.startswith(f"Service/shop/s Deployment/shop/{second}")] == [
            f"Service/shop/s Deployment/shop/{second} TCP 80 yes",
            f"Service/shop/s Deployment/shop/{second} TCP 443 depends",
        ]


@SLOW
@given(WORLDS)
def test_unprotected_is_what_no_policy_isolates(world: World) -> None:
    """A side is unprotected where no policy governs its pods, not even perhaps; addresses have none."""
    verdicts = verdicts_of(world)
    universe = verdicts.universe
    for source, target, _, _, unprotected in connections(
        Matrix(verdicts, Scope(universe.everyone, universe.everyone)), Parties(universe)
    ):
        for end, side in ((source, Direction.EGRESS), (target, Direction.INGRESS)):
            (first, *_) = numbers(universe, end)
            free = isinstance(end, Workload) and not verdicts.certain.isolating(side, first)
            assert ((unprotected & side) is side) == free


@SLOW
@given(WORLDS, st.booleans())
def test_differences_are_where_the_lists_differ(world: World, grouped: bool) -> None:
    """What depends on an assumption is just what is not the same under all its values, in groups too."""
    values = {value: USUAL._replace(ip_blocks=value) for value in ("pods", "outside", "any")}
    verdicts = {value: verdicts_of(world, assumed) for value, assumed in values.items()}
    universe = verdicts["pods"].universe
    scope = Scope(universe.everyone, universe.everyone)
    lists = {value: true(each, scope) for value, each in verdicts.items()}
    found = {value: Said() for value in values}
    matrices = {value: Matrix(each, scope) for value, each in verdicts.items()}
    parties = Parties(universe, alike(*matrices.values()) if grouped else ())
    for source, target, answers in differences(matrices, parties):
        for pair in product(numbers(universe, source), numbers(universe, target)):
            for value, answer in answers if counts(universe, *pair) else ():
                found[value] |= {(*pair, verdict): ports for ports, verdict in answer.verdicts()}
    common = {key for key in lists["pods"] if all(each.get(key) is lists["pods"][key] for each in lists.values())}
    varying = {key[:2] for each in lists.values() for key in each if key not in common}
    for value, each in lists.items():
        assert found[value] == {key: ports for key, ports in each.items() if key[:2] in varying}


def test_a_range_in_a_filter_splits_addresses() -> None:
    """What is asked for stands apart, and nothing of it is missing."""
    query = parse("10.1.0.0/16")
    staged = stage(Cluster({}, (), (), ()), [query, parse("outside")], USUAL)
    inside, everywhere = staged.asked
    assert inside & everywhere == inside
    assert everywhere == staged.universe.outside
    (number,) = bits(inside)
    assert str(staged.universe.endpoint(number)) == "10.1.0.0/16"
