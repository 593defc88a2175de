"""Sets of ports: as sets, and as people and programs read them."""

from __future__ import annotations

import copy
import pickle
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxtac_render.model.ports import PROTOCOLS, Port
from maxtac_render.model.portsets import ALL_PORTS, NO_PORTS, PortSet, Span, described, ports_of


def test_ports_are_in_the_fields_of_network_policy() -> None:
    """Numbers, ranges, names and whole protocols; no port is an empty list."""
    ports = PortSet([Span("UDP", 1, 65535), Span("TCP", 80, 80), Span("TCP", 8000, 8100)], [("TCP", "http")])
    assert described(ports) == [
        {"protocol": "TCP", "port": 80},
        {"protocol": "TCP", "port": 8000, "endPort": 8100},
        {"protocol": "TCP", "port": "http"},
        {"protocol": "UDP"},
    ]
    assert described(ALL_PORTS) == [{"protocol": "TCP"}, {"protocol": "UDP"}, {"protocol": "SCTP"}]
    assert described(NO_PORTS) == []


SPANS = st.builds(
    lambda protocol, ends: Span(protocol, *sorted(ends)),
    st.sampled_from(PROTOCOLS),
    st.sampled_from([(1, 65535), (80, 80), (81, 81), (1, 79)]) | st.tuples(*[st.integers(1, 6) | st.just(65535)] * 2),
)
NAMES = [("TCP", "http"), ("TCP", "web"), ("UDP", "dns")]
SETS = st.builds(PortSet, st.lists(SPANS, max_size=5), st.lists(st.sampled_from(NAMES), max_size=2))
PODS = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, st.sampled_from((1, 3, 80, 65535))))
"""The ports of a pod by protocol and name."""
POINTS = [(protocol, number) for protocol in PROTOCOLS for number in (*range(1, 8), 79, 80, 81, 82, 65534, 65535)]


def held(ports: PortSet, pod: dict[tuple[str, str], int]) -> set[tuple[str, int]]:
    """The points in a set, its names being those of a pod's ports."""
    named = {(name[0], pod[name]) for name in ports.names if name in pod}
    return named | {
        (protocol, number)
        for protocol, number in POINTS
        if any(span.protocol == protocol and span.first <= number <= span.last for span in ports.spans)
    }


@given(SETS, SETS, PODS)
def test_sets_of_ports_are_sets_whatever_the_names_turn_out_to_be(one: PortSet, other: PortSet, pod: Any) -> None:
    """A union is exact; a meeting is exact for numbers, and lies between two answers for names."""
    ours, theirs = held(one, pod), held(other, pod)
    assert held(one.union(other), pod) == ours | theirs
    assert held(one.meet(other), pod) <= ours & theirs <= held(one.may_meet(other), pod)
    assert ours - theirs <= held(one.without(other), pod) <= ours
    if not (one.names or other.names):
        assert one.meet(other) is one.may_meet(other)
        assert held(one.meet(other), pod) == ours & theirs
        assert held(one.without(other), pod) == ours - theirs


@given(SETS, SETS)
def test_equal_sets_of_ports_are_one_object(one: PortSet, other: PortSet) -> None:
    """However a set comes about: spans are sorted and do not meet, and no name stands beside its whole protocol."""
    for ports in (one, one.union(other), one.meet(other), one.may_meet(other), one.without(other)):
        assert ports is PortSet(reversed(ports.spans), reversed(ports.names))
        assert pickle.loads(pickle.dumps(ports)) is ports  # noqa: S301 - our own
        assert copy.deepcopy(ports) is ports
        for before, after in pairwise(ports.spans):
            assert before < after
            assert before.protocol != after.protocol or before.last + 1 < after.first
        whole = {span.protocol for span in ports.spans if (span.first, span.last) == (1, 65535)}
        assert not whole & {protocol for protocol, _ in ports.names}
    assert one.union(other) is other.union(one)
    assert one.meet(other) is other.meet(one)
    assert one.may_meet(other) is other.may_meet(one)
    assert one.union(one) is one.meet(one) is one
    assert not one.without(one)
    assert one.union(ALL_PORTS) is ALL_PORTS
    assert one.meet(ALL_PORTS) is one.may_meet(ALL_PORTS) is one
    assert bool(one) is (one is not NO_PORTS)


@pytest.mark.parametrize(
    ("ports", "shown"),
    [
        (ALL_PORTS, "all"),
        (NO_PORTS, "none"),
        (PortSet([Span("TCP", 1, 79), Span("TCP", 80, 65535)]), "TCP *"),
        (PortSet([Span("UDP", 53, 53), Span("TCP", 8000, 8100), Span("TCP", 80, 80)]), "TCP 80,8000-8100 UDP 53"),
        (PortSet([Span("SCTP", 7, 7)], [("TCP", "http")]), "TCP http SCTP 7"),
        (PortSet(Span(protocol, 1, 65535) for protocol in ("TCP", "UDP")), "TCP * UDP *"),
        (ports_of([Port("TCP", 80, 90), Port("UDP", "dns"), Port("TCP", 91)]), "TCP 80-91"),
    ],
)
def test_ports_read_as_people_write_them(ports: PortSet, shown: str) -> None:
    """Numbers by protocol, ranges joined; every port of every protocol is one word."""
    assert str(ports) == shown


def test_ports_read_as_they_are_written_shortest() -> None:
    """One by one, or all but a few."""
    mail, web = PortSet([Span("TCP", 25, 25)]), PortSet([Span("TCP", 80, 80), Span("UDP", 443, 443)])
    assert str(web) == "TCP 80 UDP 443"
    assert str(ALL_PORTS.without(mail)) == "all except TCP 25"
    assert str(ALL_PORTS.without(PortSet([Span("SCTP", 1, 65535)]))) == "TCP * UDP *"
    assert str(PortSet([Span("TCP", 1, 65535)], [("UDP", "dns")])) == "TCP * UDP dns"
    assert (str(ALL_PORTS), str(NO_PORTS)) == ("all", "none")
