"""Sets of ports as programs read them."""

from __future__ import annotations

from maxtac_render.model.portsets import ALL_PORTS, NO_PORTS, PortSet, Span, described


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
