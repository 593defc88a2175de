"""Ports as NetworkPolicy knows them: (protocol, number or name or range), and "every port" as a value of its own."""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

PROTOCOLS = ("TCP", "UDP", "SCTP")


class AnyPort(Enum):
    """Every port of every protocol. In NetworkPolicy that is an absent list; here an absence never means everything."""

    ANY = "any"


ANY_PORT = AnyPort.ANY


class Port(NamedTuple):
    """A port of the pods that receive the connection: its number, or its name there, or a range up to ``end_port``."""

    protocol: str
    port: int | str
    end_port: int | None = None

    def __str__(self) -> str:
        end = f"-{self.end_port}" if self.end_port is not None else ""
        return f"{self.port}{end}/{self.protocol}"


Ports = tuple[Port, ...] | AnyPort

_NAME = re.compile(r"(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*")
_RANGE = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/([A-Za-z]+))?")


def is_port_number(value: object) -> bool:
    """Tell whether a value is a port number, 1 to 65535."""
    return type(value) is int and 1 <= value <= 65535


def is_port_name(value: object) -> bool:
    """Tell whether a value may name a container's port (IANA_SVC_NAME: at most 15, a letter in it)."""
    return isinstance(value, str) and len(value) <= 15 and _NAME.fullmatch(value) is not None


def parse_port(text: str) -> Port | None:
    """Read ``443/TCP``, ``53/udp``, ``443`` (TCP) or ``8000-8100/TCP``; None when it is none of these."""
    match = _RANGE.fullmatch(text)
    if match is None:
        return None
    first, protocol = int(match[1]), (match[3] or "TCP").upper()
    last = int(match[2]) if match[2] else first
    if protocol not in PROTOCOLS or not is_port_number(first) or not first <= last <= 65535:
        return None
    return Port(protocol, first, last if last > first else None)


def parse_asked(text: str) -> Port | None:
    """Read a port that somebody asks for: as above, ``http`` or ``http/UDP`` by name, or ``*/UDP``, every one."""
    name, slash, protocol = text.partition("/")
    protocol = protocol.upper() if slash else "TCP"
    if protocol in PROTOCOLS and is_port_name(name):
        return Port(protocol, name)
    if protocol in PROTOCOLS and slash and name == "*":
        return Port(protocol, 1, 65535)
    return parse_port(text)
