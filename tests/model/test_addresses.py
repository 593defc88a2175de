"""Addresses as people and programs read them."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxtac_render.model.addresses import EVERYWHERE, Range, covers, joined, parse_address


def ranges(*texts: str) -> tuple[Range, ...]:
    """The addresses of some CIDRs."""
    return tuple(joined(filter(None, map(parse_address, texts))))


def less(whole: Range, *texts: str) -> tuple[Range, ...]:
    """The addresses of a range without some CIDRs."""
    found, first = [], whole.first
    for gap in ranges(*texts):
        found.append(Range(whole.version, first, gap.first - 1))
        first = gap.last + 1
    return (*(each for each in found if each.first <= each.last), Range(whole.version, first, whole.last))


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (less(EVERYWHERE[0], "10.0.0.0/8"), ["0.0.0.0/0 except 10.0.0.0/8"]),
        (less(EVERYWHERE[0], "10.0.0.0/8", "192.168.0.0/16"), ["0.0.0.0/0 except 10.0.0.0/8,192.168.0.0/16"]),
        (less(EVERYWHERE[1], "2001:db8::1"), ["::/0 except 2001:db8::1"]),
        (ranges("10.0.0.0/8", "2001:db8::/32"), ["10.0.0.0/8", "2001:db8::/32"]),
        (ranges("10.0.0.0/9", "10.128.0.0/10"), ["10.0.0.0/9", "10.128.0.0/10"]),
        (ranges("10.0.0.0/32", "10.0.0.1/32"), ["10.0.0.0/31"]),
        (EVERYWHERE, ["0.0.0.0/0", "::/0"]),
        ((), []),
    ],
)
def test_addresses_read_as_they_are_written_shortest(given: tuple[Range, ...], shown: list[str]) -> None:
    """A range is few CIDRs, or one with exceptions where that is shorter."""
    assert list(map(str, covers(given))) == shown


@given(st.sets(st.integers(0, 255), max_size=40))
def test_covers_are_exact(addresses: set[int]) -> None:
    """What is shown holds each address once, and no other."""
    given_ranges = tuple(joined(Range(4, number, number) for number in addresses))
    held: list[int] = []
    for whole, excepted in covers(given_ranges):
        gone = {number for each in excepted for number in range(each.first, each.last + 1)}
        assert all(each.within(whole) for each in excepted)
        held += [number for number in range(whole.first, whole.last + 1) if number not in gone]
    assert sorted(held) == sorted(addresses)


@given(st.sampled_from(["0.0.0.0/0", "::/0", "192.0.2.7/32", "2001:db8::/33", "10.1.2.0/23"]))
def test_a_range_that_is_one_cidr_says_so(text: str) -> None:
    """The CIDR of a range is the one that it was read from."""
    address = parse_address(text)
    assert address is not None
    assert address.cidr == text
    assert ip_network(address.cidr).num_addresses == address.last - address.first + 1
