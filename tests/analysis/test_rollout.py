"""Orders of changes, held against every order there is, and each state between against the brute-force evaluator."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from edits import changes, crowds, instances
from evaluator import Body, Connection, Endpoint, Pod, allowed
from maxtac_render.analysis import rollout as search
from maxtac_render.analysis.rollout import Rollout, rollout
from maxtac_render.analysis.universe import USUAL
from maxtac_render.engine.plan import plan
from maxtac_render.model.changes import Change
from maxtac_render.model.cluster import Cluster, Workload
from maxtac_render.model.policy import NAMESPACE_NAME
from maxtac_render.wire import networkpolicy

SLOW = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
MOST = 5
"""Changes of which every order is tried."""

OUTSIDE = ("192.0.2.7", "198.51.100.1")
NUMBERS = (("TCP", 80), ("TCP", 8080), ("TCP", 9), ("TCP", 7), ("UDP", 60), ("UDP", 7), ("SCTP", 7))
"""One port of each sort that the policies of the strategies can tell from others."""


class States:
    """What passes in each state, by the sets of changes that are made, as the evaluator has it."""

    def __init__(self, before: Cluster, after: Cluster, changes: Sequence[Change]) -> None:
        self._changes = changes
        changed = {id(change.after) for change in changes}
        self._kept = [networkpolicy.body(each.policy) for each in after.policies if id(each) not in changed]
        pods = {_pod(each): each for each in (*before.workloads, *after.workloads)}
        ends: list[Endpoint] = [*pods, *OUTSIDE]
        several: dict[Endpoint, bool] = {pod: workload.several for pod, workload in pods.items()}
        self._connections = [
            (source, target, *port)
            for source, target in itertools.product(ends, repeat=2)
            if (source in pods or target in pods) and (source != target or several[source])
            for port in NUMBERS
        ]
        self._known: dict[frozenset[int], set[Connection]] = {}

    def passing(self, made: frozenset[int]) -> set[Connection]:
        """What passes once some of the changes are made."""
        if made not in self._known:
            self._known[made] = allowed([*self._kept, *self._policies(made)], self._connections)
        return self._known[made]

    def _policies(self, made: frozenset[int]) -> Iterator[Body]:
        for number, change in enumerate(self._changes):
            applied = change.after if number in made else change.before
            if applied is not None:
                yield networkpolicy.body(applied.policy)

    def wrong(self, made: frozenset[int]) -> tuple[set[Connection], set[Connection]]:
        """What is open and must not be, and what is cut."""
        start, end = self.passing(frozenset()), self.passing(frozenset(range(len(self._changes))))
        now = self.passing(made)
        return now - (start | end), (start & end) - now

    def safe(self, order: Sequence[int]) -> bool:
        """Whether nothing is wrong in any state of an order."""
        return all(self.wrong(frozenset(order[:length])) == (set(), set()) for length in range(len(order) + 1))


def _pod(workload: Workload) -> Pod:
    labels, ports = workload.labels, workload.ports or {}
    named = tuple((name, protocol, number) for (protocol, name), number in sorted(ports.items()))
    home = ((NAMESPACE_NAME, workload.ref.namespace),)
    return Pod(workload.ref.namespace, tuple(sorted(labels.items())), named, home=home)


class Trial(NamedTuple):
    """A rollout, and what the evaluator knows of it."""

    found: Rollout
    order: list[int]
    states: States


def tried(before: Cluster, after: Cluster) -> Trial:
    """Look for an order."""
    steps = plan(after.policies, before.policies)
    found = rollout(before, after, steps, USUAL)
    order = [steps.index(step.change) for step in found.steps]
    assert sorted(order) == list(range(len(steps))), "each change is made once"
    return Trial(found, order, States(before, after, steps))


@SLOW
@given(changes(known=True) | crowds())
def test_a_safe_order_is_safe_in_every_state(change: tuple[Cluster, Cluster]) -> None:
    """And one that is not does its harm in just the states that it says."""
    found, order, states = tried(*change)
    assert not found.unproved
    assert states.safe(order) == found.safe
    for number in range(1, len(order)):
        opened, cut = states.wrong(frozenset(order[:number]))
        harms = [harm for at, step in enumerate(found.steps, 1) for harm in step.harms if at <= number < harm.until]
        assert any(harm.opens for harm in harms) == bool(opened)
        assert any(not harm.opens for harm in harms) == bool(cut)
        assert all(harm.certain for harm in harms)


@SLOW
@given(changes(known=True) | crowds())
def test_where_no_order_is_said_to_be_safe_none_is(change: tuple[Cluster, Cluster]) -> None:
    """Every order is tried, and the one that is given does the least harm of all."""
    found, order, states = tried(*change)
    assume(len(order) <= MOST)
    orders = list(itertools.permutations(order))
    assert found.hopeless != any(map(states.safe, orders))
    assert found.hopeless != found.safe


@pytest.mark.parametrize(("widest", "patience"), [(0, 1024), (64, 1), (64, 3)])
@SLOW
@given(change=changes(known=True) | crowds())
def test_an_order_that_is_not_the_best_is_told_as_it_is(
    change: tuple[Cluster, Cluster], widest: int, patience: int
) -> None:
    """Of very many changes not every order is looked at: what is said of the one that is given holds all the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "WIDEST", widest)
        patch.setattr(search, "PATIENCE", patience)
        found, order, states = tried(*change)
    assert states.safe(order) == found.safe
    if found.hopeless and len(order) <= MOST:
        assert not any(map(states.safe, itertools.permutations(order)))


@SLOW
@given(st.data())
def test_a_safe_order_is_safe_whatever_is_not_known(data: st.DataObject) -> None:
    """With labels and ports in any of the ways in which they may be."""
    change = data.draw(changes())
    found, order, _ = tried(*change)
    if found.safe and len(order) > 1:
        before, after = data.draw(instances(*change))
        states = States(before, after, plan(after.policies, before.policies))
        assert states.safe(order)
