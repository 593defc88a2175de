"""Sets of ports: for each protocol ranges of numbers, and names whose numbers are not known.

A set is made once: equal sets are one object, so that they are compared, looked up and joined at the speed of an
address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

from maxtac_render.model.ports import PROTOCOLS, Port

FIRST, LAST = 1, 65535


class Span(NamedTuple):
    """Ports of one protocol, from the first to the last."""

    protocol: str
    first: int
    last: int

    def __str__(self) -> str:
        if (self.first, self.last) == (FIRST, LAST):
            return f"{self.protocol} *"
        return f"{self.protocol} {self.first}" + (f"-{self.last}" if self.last > self.first else "")


class PortSet:
    """A set of ports: sorted spans that do not meet, and sorted (protocol, name) pairs besides.

    A name is a port of a pod whose declared ports are not known. It may be any number, so that it never meets a part
    of the numbers for certain.
    """

    __slots__ = ("names", "spans")
    spans: tuple[Span, ...]
    names: tuple[tuple[str, str], ...]
    _pool: ClassVar[dict[tuple[object, object], PortSet]] = {}

    def __new__(cls, spans: Iterable[Span] = (), names: Iterable[tuple[str, str]] = ()) -> PortSet:
        merged = tuple(_merged(spans))
        whole = {span.protocol for span in merged if (span.first, span.last) == (FIRST, LAST)}
        key = (merged, tuple(sorted({name for name in names if name[0] not in whole})))
        known = cls._pool.get(key)
        if known is None:
            known = cls._pool[key] = object.__new__(cls)
            known.spans, known.names = key
        return known

    def __bool__(self) -> bool:
        return bool(self.spans or self.names)

    def __lt__(self, other: PortSet) -> bool:
        return (self.spans, self.names) < (other.spans, other.names)

    def __reduce__(self) -> tuple[type[PortSet], tuple[object, ...]]:
        return PortSet, (self.spans, self.names)

    def __str__(self) -> str:
        """As people write it: ``TCP 80,443,8000-8100 UDP 53``, ``all``, ``all except TCP 25``, ``none``."""
        if self is ALL_PORTS:
            return "all"
        text, rest = _listed(self), _listed(ALL_PORTS.without(self))
        return text if self.names else min(text, f"all except {rest}", key=len)

    def __repr__(self) -> str:
        return f"<ports {self}>"

    @lru_cache(maxsize=1 << 18)  # noqa: B019 - sets live as long as the program
    def union(self, other: PortSet) -> PortSet:
        """The ports of either."""
        return PortSet(self.spans + other.spans, self.names + other.names)

    @lru_cache(maxsize=1 << 18)  # noqa: B019 - as above
    def meet(self, other: PortSet) -> PortSet:
        """The ports of both, for certain."""
        return PortSet(_common(self.spans, other.spans), self._shared(other, _whole))

    @lru_cache(maxsize=1 << 18)  # noqa: B019 - as above
    def may_meet(self, other: PortSet) -> PortSet:
        """The ports of both, where a name may be any number."""
        return PortSet(_common(self.spans, other.spans), self._shared(other, _some))

    @lru_cache(maxsize=1 << 16)  # noqa: B019 - as above
    def without(self, other: PortSet) -> PortSet:
        """The ports that are not among others."""
        whole = _whole(other)
        names = (name for name in self.names if name not in other.names and name[0] not in whole)
        return PortSet(_left(self.spans, other.spans), names)

    def _shared(self, other: PortSet, protocols: Callable[[PortSet], set[str]]) -> set[tuple[str, str]]:
        """The names of both, and those of one whose protocol the other has."""
        mine, theirs = protocols(self), protocols(other)
        return {
            *(name for name in self.names if name in other.names or name[0] in theirs),
            *(name for name in other.names if name[0] in mine),
        }


def _listed(ports: PortSet) -> str:
    words: dict[str, list[str]] = {}
    for span in ports.spans:
        words.setdefault(span.protocol, []).append(str(span).partition(" ")[2])
    for protocol, name in ports.names:
        words.setdefault(protocol, []).append(name)
    return " ".join(f"{protocol} {','.join(words[protocol])}" for protocol in PROTOCOLS if protocol in words) or "none"


def _whole(ports: PortSet) -> set[str]:
    return {span.protocol for span in ports.spans if (span.first, span.last) == (FIRST, LAST)}


def _some(ports: PortSet) -> set[str]:
    return {span.protocol for span in ports.spans} | {protocol for protocol, _ in ports.names}


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    current: Span | None = None
    for span in sorted(spans):
        if current is None:
            current = span
        elif span.protocol == current.protocol and span.first <= current.last + 1:
            if span.last > current.last:
                current = Span(current.protocol, current.first, span.last)
        else:
            yield current
            current = span
    if current is not None:
        yield current


def _common(some: tuple[Span, ...], others: tuple[Span, ...]) -> Iterator[Span]:
    for protocol, first, last in some:
        for other, begin, end in others:
            if other == protocol and max(first, begin) <= min(last, end):
                yield Span(protocol, max(first, begin), min(last, end))


def _left(some: tuple[Span, ...], others: tuple[Span, ...]) -> Iterator[Span]:
    for protocol, start, last in some:
        first = start
        for other, begin, end in others:
            if other == protocol and first <= end and begin <= last:
                if begin > first:
                    yield Span(protocol, first, begin - 1)
                first = end + 1
        if first <= last:
            yield Span(protocol, first, last)


def ports_of(ports: Iterable[Port]) -> PortSet:
    """The set of ports that are numbers; names are left out."""
    return PortSet(
        Span(protocol, port, port if end is None else end) for protocol, port, end in ports if isinstance(port, int)
    )


def described(ports: PortSet) -> list[dict[str, Any]]:
    """Ports for programs, in the fields of NetworkPolicy: without ``port`` it is every port of a protocol.

    Other than there, an empty list is no port.
    """
    found: dict[str, list[dict[str, Any]]] = {protocol: [] for protocol in PROTOCOLS}
    for protocol, first, last in ports.spans:
        entry: dict[str, Any] = {"protocol": protocol}
        if (first, last) != (FIRST, LAST):
            entry["port"] = first
            if last > first:
                entry["endPort"] = last
        found[protocol].append(entry)
    for protocol, name in ports.names:
        found[protocol].append({"protocol": protocol, "port": name})
    return [entry for entries in found.values() for entry in entries]


NO_PORTS = PortSet()
ALL_PORTS = PortSet(Span(protocol, FIRST, LAST) for protocol in PROTOCOLS)
"""Every port of every protocol that NetworkPolicy knows."""


def union(sets: Iterable[PortSet]) -> PortSet:
    """The ports of any of some sets."""
    found = NO_PORTS
    for ports in sets:
        found = found.union(ports)
    return found
