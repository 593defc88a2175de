"""Everyone who can talk: classes of addresses that no range tells apart, labels by masks, blocks and pods."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusters import KEYS, selectors
from evaluator import Body, selects
from maxtac_render.analysis.universe import USUAL, Addresses, Assumptions, Mask, Table, Universe, bits
from maxtac_render.model.addresses import EVERYWHERE, Range, parse_address
from maxtac_render.model.cluster import Workload
from maxtac_render.model.objects import ObjectRef, Origin
from maxtac_render.model.policy import CIDRPeer
from maxtac_render.model.selectors import Requirement, Selector

ENDS = {4: (0, 1, 2, 3, 255, 2**31, 2**32 - 2, 2**32 - 1), 6: (0, 1, 2**32 - 1, 2**32, 2**127, 2**128 - 1)}
RANGES = st.sampled_from((4, 6)).flatmap(
    lambda version: st.builds(
        lambda ends: Range(version, *sorted(ends)), st.tuples(*[st.sampled_from(ENDS[version])] * 2)
    )
)


@given(st.lists(RANGES, max_size=8))
def test_classes_of_addresses_part_all_there_are(ranges: list[Range]) -> None:
    """Every address is in one class, every range is some classes, and no two classes could be one."""
    addresses = Addresses(ranges)
    pieces = sorted(piece for each in addresses.classes for piece in each.ranges)
    for whole in EVERYWHERE:
        near = [piece for piece in pieces if piece.version == whole.version]
        assert (near[0].first, near[-1].last) == (whole.first, whole.last)
        assert all(before.last + 1 == after.first for before, after in itertools.pairwise(near))
    inside = {
        number: {cut for cut in ranges if each.ranges[0] == cut or each.ranges[0].within(cut)}
        for number, each in enumerate(addresses.classes)
    }
    for cut in ranges:
        held = [piece for number in bits(addresses.within(cut)) for piece in addresses.classes[number].ranges]
        assert sum(piece.last - piece.first + 1 for piece in held) == cut.last - cut.first + 1
        assert all(piece == cut or piece.within(cut) for piece in held)
    assert len({frozenset(cuts) for cuts in inside.values()}) == len(addresses.classes)


def selector_of(body: Body) -> Selector:
    """A selector as it is read, without the reader."""
    pairs = {key: value or "" for key, value in (body.get("matchLabels") or {}).items()}
    wanted = [
        Requirement(entry["key"], entry["operator"], tuple(sorted(set(entry.get("values") or ()))))
        for entry in body.get("matchExpressions") or []
    ]
    return Selector(tuple(sorted(pairs.items())), tuple(wanted))


LABELS = st.fixed_dictionaries({}, optional={key: st.sampled_from((*values, "x")) for key, values in KEYS.items()})
OPEN = st.none() | st.frozensets(st.sampled_from(sorted(KEYS)))


def completions(labels: dict[str, str], unknown: frozenset[str] | None) -> list[dict[str, str]]:
    """Labels with everything that those which are not known may turn out to be."""
    free = [key for key in KEYS if key not in labels and (unknown is None or key in unknown)]
    rest = itertools.product(*[(None, "new", *KEYS[key]) for key in free])
    return [
        {**labels, **{key: value for key, value in zip(free, values, strict=True) if value is not None}}
        for values in rest
    ]


@settings(max_examples=200)
@given(st.lists(st.tuples(LABELS, OPEN), min_size=1, max_size=4), st.lists(selectors(KEYS), min_size=1, max_size=3))
def test_labels_by_masks_select_what_labels_one_by_one_do(things: list[Any], bodies: list[Body]) -> None:
    """Certain is what every completion of labels gives; possible what any gives, if no key is named twice."""
    table = Table(things)
    for body in bodies:
        mask = table.select(selector_of(body))
        keys = [*(body.get("matchLabels") or ()), *(entry["key"] for entry in body.get("matchExpressions") or ())]
        for number, (labels, unknown) in enumerate(things):
            answers = {selects(body, tuple(whole.items())) for whole in completions(labels, unknown)}
            must, may = (bool(each >> number & 1) for each in mask)
            assert must is (answers == {True})
            if len(set(keys)) == len(keys):
                assert may is (True in answers)
            assert may or True not in answers


def workload(*pods: tuple[str, ...], several: bool = True, host: bool = False) -> Workload:
    """Pods by their addresses."""
    addresses = tuple(tuple(filter(None, map(parse_address, each))) for each in pods)
    ref = ObjectRef("v1", "Pod", "shop", "web")
    return Workload(ref, {}, frozenset(), {}, Origin(""), addresses, host_network=host, several=several)


@pytest.mark.parametrize(
    ("pods", "usual", "anyone"),
    [
        ((), "no", "depends"),
        (((),), "no", "depends"),
        ((("10.0.0.1",),), "yes", "yes"),
        ((("10.0.0.9",),), "no", "no"),
        ((("10.0.1.1",),), "no", "no"),
        ((("10.0.1.1", "2001:db8::1"),), "no", "no"),
        ((("2001:db8::1", "10.0.0.1"),), "yes", "yes"),
        ((("10.0.0.1",), ("10.0.0.2",)), "yes", "yes"),
        ((("10.0.0.1",), ("10.0.0.9",)), "depends", "depends"),
        ((("10.0.0.1",), ()), "depends", "depends"),
    ],
)
def test_a_block_means_pods_by_the_addresses_of_each(pods: Any, usual: str, anyone: str) -> None:
    """For certain only where it holds every pod that the endpoint stands for, by one of its addresses."""
    peer = CIDRPeer("10.0.0.0/24", ("10.0.0.8/29",))
    addresses = Addresses(filter(None, map(parse_address, (peer.cidr, *peer.except_))))
    words = {Mask(1, 1): "yes", Mask(0, 1): "depends", Mask(0, 0): "no"}
    found = {}
    for assumptions in (USUAL, Assumptions("any"), Assumptions("outside")):
        universe = Universe([workload(*pods)], {}, addresses, assumptions)
        mask = universe.peer(peer)
        found[assumptions.ip_blocks] = words[Mask(mask.must & 1, mask.may & 1)]
        outside = [str(universe.endpoint(number)) for number in bits(mask.may) if number]
        assert outside == ["10.0.0.0/24 except 10.0.0.8/29"]
    assert found == {"pods": usual, "any": anyone, "outside": "no"}
