"""Ports in rules that the pods which receive the connection do not have."""

from __future__ import annotations

from collections.abc import Sequence

from maxtac_render.analysis.lints._scene import Opening, Scene, openings
from maxtac_render.analysis.universe import bits
from maxtac_render.model.cluster import Workload
from maxtac_render.model.diagnostics import Code, Report
from maxtac_render.model.intent import Direction
from maxtac_render.model.ports import AnyPort, Port


def lint(scene: Scene, report: Report) -> None:
    """Report ports that no container of the receiving pods declares, where these declare any."""
    for opening in openings(scene):
        if isinstance(opening.rule.ports, AnyPort):
            continue
        mask = _receiving(scene, opening)
        workloads = [scene.cluster.workloads[number] for number in bits(mask)]
        for port in opening.rule.ports if workloads else ():
            code = _missing(port, workloads)
            if code is not None:
                report.add(code, opening.site.about, opening.site.field, port=port, pods=scene.named(mask))


def _receiving(scene: Scene, opening: Opening) -> int:
    """The known pods that a rule opens ports of."""
    subject = scene.universe.subject(opening.applied.policy).must
    if opening.rule.direction is Direction.INGRESS:
        return subject & scene.declared
    if not subject or not all(map(scene.knows, opening.rule.peers)):
        return 0
    peers = 0
    for peer in opening.rule.peers:
        peers |= scene.universe.peer(peer).may
    return 0 if peers & ~scene.declared else peers


def _missing(port: Port, workloads: Sequence[Workload]) -> Code | None:
    """What is wrong with a port if none of the pods has it."""
    protocol, number, end = port
    if isinstance(number, str):
        named = any((protocol, number) in (workload.ports or {}) for workload in workloads)
        return None if named else Code.UNKNOWN_PORT_NAME
    if end is not None or not all(workload.declared for workload in workloads):
        return None
    return None if any((protocol, number) in workload.declared for workload in workloads) else Code.UNDECLARED_PORT
