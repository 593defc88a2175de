"""What MaxTac resources and the annotations of Services say, read from MaxTac's contract alone, in plain words.

A statement closes one side of the pods behind a Service, and lets a peer in or out on some ports, or nobody. It knows
nothing of network policies, nor of the compiler.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple

from evaluator import Body, Connection, Endpoint, Pod, selects

Group = tuple[str, dict[str, str]]
"""Pods: their namespace, and the labels that they have in common."""
Ports = list[tuple[str, int | str]] | None
"""Ports by protocol, as numbers or names; None means every one."""
SIDES = {"ingress": ("ingress",), "egress": ("egress",), "all": ("ingress", "egress")}
FLIPPED = {"ingress": "egress", "egress": "ingress"}
NAME_SERVER: Group = ("kube-system", {"k8s-app": "kube-dns"})


class Statement(NamedTuple):
    """One side of some pods is closed, but for a peer (pods, or addresses), if there is one, on some ports."""

    side: str
    here: Group
    peer: Group | str | None = None
    ports: Ports = None


def statements(world: list[Body], now: str, *, controller: bool = False, dns: bool = False) -> Iterator[Statement]:
    """Everything that is said; ``now`` is compared as text. ``controller``: as MaxTac's own controller reads it."""
    services = {_place(body): body for body in world if body["kind"] == "Service"}
    for resource in world:
        for (namespace, _), service in services.items() if resource["kind"] != "Service" else ():
            home = resource["metadata"].get("namespace", namespace)
            chosen = selects(resource["spec"]["serviceSelector"], tuple(service["metadata"]["labels"].items()))
            if home == namespace and chosen and service["spec"].get("selector"):
                for said in _about(resource, service, services, controller=controller):
                    open_now = resource["metadata"].get("annotations", {}).get(EXPIRES_AT, "9") > now
                    yield said if open_now else said._replace(peer=None)
                    if dns and said.side == "egress":
                        yield Statement("egress", said.here, NAME_SERVER, [("TCP", 53), ("UDP", 53)])


EXPIRES_AT = "maxtac.vtk.io/expires-at"


def _place(body: Body) -> tuple[str, str]:
    return body["metadata"]["namespace"], body["metadata"]["name"]


def _about(resource: Body, service: Body, services: dict[Any, Body], *, controller: bool) -> Iterator[Statement]:
    """What one resource says of one Service, whose annotations override it."""
    kind, spec = resource["kind"].lower(), resource["spec"]
    notes = service["metadata"].get("annotations", {})
    external = kind.endswith("externalaccess")
    written = notes.get(f"maxtac.vtk.io.{kind}/targets")
    direction = notes.get(f"maxtac.vtk.io.{kind}/direction", spec.get("direction", "")).lower()
    if external:
        targets = spec.get("targetCIDRs") or [] if written is None else [_cidr(text) for text in _split(written, ",")]
    elif written is None:
        targets = [(target["namespace"], target["serviceName"]) for target in spec.get("targets") or []]
    else:
        targets = [_pair(text, {} if controller else services) for text in _split(written, ";")]
    ours: Ports = _ports(service)
    for target in targets if ours or not controller else ():
        other = services.get(target)
        known = other is not None and bool(other["spec"].get("selector"))
        if controller and not external and not (known and _ports(other or {})):
            continue
        peer = target if external else _pods(other) if other is not None and known else None
        limit = notes.get(PORTS, resource["metadata"].get("annotations", {}).get(PORTS))
        theirs = _limit(limit) if external else _ports(other) if other is not None else []
        for side in SIDES.get(direction, ()):
            ports = ours if side == "ingress" or controller else theirs
            yield Statement(side, _pods(service), peer, ports)
            if kind == "clusteraccess" and spec.get("mirrored") and isinstance(peer, tuple):
                yield Statement(FLIPPED[side], peer, _pods(service), ports)


PORTS = "render.maxtac.vtk.io/ports"


def _split(text: str, separator: str) -> list[str]:
    return [part.strip() for part in text.split(separator) if part.strip()]


def _cidr(text: str) -> str:
    return text if "/" in text else "/".join(text.rsplit("-", 1))


def _pair(text: str, services: dict[Any, Body]) -> tuple[str, str]:
    """The Service first, then its namespace; the other way round where only that is there."""
    first, second = (half.strip() for half in text.split(","))
    return (first, second) if (second, first) not in services and (first, second) in services else (second, first)


def _pods(service: Body) -> Group:
    return service["metadata"]["namespace"], service["spec"]["selector"]


def _ports(service: Body) -> list[tuple[str, int | str]]:
    entries = service["spec"].get("ports") or []
    return [(entry.get("protocol") or "TCP", entry.get("targetPort") or entry["port"]) for entry in entries]


def _limit(text: str | None) -> Ports:
    """The ports of an annotation such as ``443/TCP,53/UDP``; a range stands for each of its numbers."""
    if text is None:
        return None
    found: list[tuple[str, int | str]] = []
    for part in _split(text, ","):
        numbers, _, protocol = part.partition("/")
        first, _, last = numbers.partition("-")
        found += [((protocol or "TCP").upper(), number) for number in range(int(first), int(last or first) + 1)]
    return found


def passes(said: Iterable[Statement], connection: Connection) -> bool:
    """Whether both ends let a connection pass: where something is said of an end, something said must open it."""
    source, target, protocol, number = connection
    named = {} if isinstance(target, str) else {(word, name): at for name, word, at in target.ports}

    def reaches(ports: Ports) -> bool:
        return ports is None or any(
            word == protocol and (named.get((word, port)) if isinstance(port, str) else port) == number
            for word, port in ports
        )

    for side, here, there in (("egress", source, target), ("ingress", target, source)):
        mine = [each for each in said if each.side == side and _is(each.here, here)]
        if mine and not any(each.peer and _is(each.peer, there) and reaches(each.ports) for each in mine):
            return False
    return True


def _is(group: Group | str, end: Endpoint) -> bool:
    if isinstance(group, str) or isinstance(end, str):
        return isinstance(group, str) and isinstance(end, str) and ip_address(end) in ip_network(group)
    return group[0] == end.namespace and group[1].items() <= dict(end.labels).items()


def closed(said: Iterable[Statement], side: str, pod: Pod) -> bool:
    """Whether something is said of one side of a pod."""
    return any(each.side == side and _is(each.here, pod) for each in said)
