"""Services that nobody can reach."""

from __future__ import annotations

from maxtac_render.analysis.lints._scene import Scene
from maxtac_render.analysis.universe import bits
from maxtac_render.model.diagnostics import Code, Report
from maxtac_render.model.objects import Service
from maxtac_render.model.ports import Port
from maxtac_render.model.portsets import PortSet, Span
from maxtac_render.model.selectors import Selector


def lint(scene: Scene, report: Report) -> None:
    """Report Service ports whose pods let nobody in."""
    homes: dict[str, list[int]] = {}
    for number in bits(scene.declared):
        homes.setdefault(scene.cluster.workloads[number].ref.namespace, []).append(number)
    for service in scene.cluster.services:
        behind = _behind(scene, service, homes.get(service.ref.namespace, []))
        for port in service.ports if behind else ():
            if not any(_reached(scene, pod, port) for pod in behind):
                facts = {"service": service.ref, "port": port}
                report.add(Code.UNREACHABLE_PORT, service, ("spec", "ports"), **facts)


def _behind(scene: Scene, service: Service, near: list[int]) -> list[int]:
    """The known pods of a Service."""
    if service.selector is None:
        return []
    selector, workloads = Selector(service.selector), scene.cluster.workloads
    return [number for number in near if selector.matches(workloads[number].labels)]


def _reached(scene: Scene, pod: int, port: Port) -> bool:
    """Tell whether anybody but the pod itself may reach a port of it; a name that no container has is no port."""
    number = port.port
    if isinstance(number, str):
        number = (scene.cluster.workloads[pod].ports or {}).get((port.protocol, number), 0)
        if not number:
            return True
    wanted, possible = PortSet((Span(port.protocol, number, number),)), scene.verdicts.possible
    for mask, ports in possible.ingress(pod):
        if ports.may_meet(wanted):
            sources = bits(mask & ~(1 << pod))
            if any(possible.ports(source, pod).may_meet(wanted) for source in sources):
                return True
    return False
