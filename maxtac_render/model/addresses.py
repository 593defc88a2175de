"""IP addresses as ranges of numbers: CIDRs as NetworkPolicy knows them, and sets of addresses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network, summarize_address_range
from typing import NamedTuple

BITS = {4: 32, 6: 128}
_ADDRESS: Mapping[int, type[IPv4Address | IPv6Address]] = {4: IPv4Address, 6: IPv6Address}


class Range(NamedTuple):
    """Addresses of one IP version (4 or 6), as numbers, from the first to the last."""

    version: int
    first: int
    last: int

    def within(self, other: Range) -> bool:
        """Tell whether these are a part of other addresses, and not all of them."""
        return self.version == other.version and other.first <= self.first <= self.last <= other.last and self != other

    @property
    def cidr(self) -> str:
        """The addresses as the one CIDR that they are."""
        return f"{_ADDRESS[self.version](self.first)}/{BITS[self.version] - (self.last - self.first).bit_length()}"

    def __str__(self) -> str:
        """The addresses as CIDRs where few are enough, else from the first to the last."""
        address = _ADDRESS[self.version]
        first, last = address(self.first), address(self.last)
        networks = list(summarize_address_range(first, last))
        if len(networks) == 1:
            return str(first) if self.first == self.last else str(networks[0])
        return f"{first}-{last}"


EVERYWHERE = (Range(4, 0, 2**32 - 1), Range(6, 0, 2**128 - 1))
"""All addresses there are."""


class Block(NamedTuple):
    """A CIDR: its addresses, its canonical text, and whether it was written with host bits."""

    range: Range
    text: str
    host_bits: bool = False


@lru_cache(maxsize=65536)
def parse_block(text: str) -> Block | None:
    """Read a CIDR as stored policies may have it: host bits are masked; None for what is none.

    A bare address is none, and neither is an IPv4 address in the notation of IPv6, because the API server takes none.
    """
    address, slash, length = text.partition("/")
    if not slash or "%" in address or not (length.isascii() and length.isdigit()):
        return None
    try:
        network: IPv4Network | IPv6Network = ip_network(text, strict=False)
    except ValueError:
        return None
    if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped is not None:
        return None
    first = int(network.network_address)
    span = Range(network.version, first, first | int(network.hostmask))
    return Block(span, str(network), ip_network(f"{address}/{BITS[network.version]}").network_address != network[0])


def parse_address(text: str) -> Range | None:
    """Read one address, or a CIDR, as a range; None for what is neither."""
    if "/" not in text:
        text += "/128" if ":" in text else "/32"
    block = parse_block(text)
    return block.range if block is not None else None


def joined(ranges: Iterable[Range]) -> Iterator[Range]:
    """The same addresses in as few ranges as there can be, sorted."""
    current: Range | None = None
    for each in sorted(ranges):
        if current is not None and current.version == each.version and each.first <= current.last + 1:
            current = current._replace(last=max(current.last, each.last))
            continue
        if current is not None:
            yield current
        current = each
    if current is not None:
        yield current


class Cover(NamedTuple):
    """A CIDR, but for some that lie within it: addresses as an ipBlock has them."""

    whole: Range
    excepted: tuple[Range, ...] = ()

    def __str__(self) -> str:
        return f"{self.whole} except {','.join(map(str, self.excepted))}" if self.excepted else str(self.whole)


@lru_cache(maxsize=65536)
def covers(ranges: tuple[Range, ...]) -> tuple[Cover, ...]:
    """The same addresses in few CIDRs, with exceptions where that is shorter; sorted."""
    return tuple(cover for whole in EVERYWHERE for cover in _covered(whole, ranges)[0])


def _covered(whole: Range, ranges: Sequence[Range]) -> tuple[list[Cover], list[Range]]:
    """The part of a CIDR that lies within ranges, and the CIDRs of the rest."""
    version, first, last = whole
    near = [each for each in ranges if each.version == version and each.first <= last and first <= each.last]
    if not near:
        return [], [whole]
    if near[0].first <= first and last <= near[0].last:
        return [Cover(whole)], []
    middle = (first + last) // 2
    left, rest = _covered(Range(version, first, middle), near)
    right, others = _covered(Range(version, middle + 1, last), near)
    found, gaps = left + right, rest + others
    if 1 + len(gaps) < sum(1 + len(cover.excepted) for cover in found):
        found = [Cover(whole, tuple(gaps))]
    return found, gaps
