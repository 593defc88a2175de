"""What a list of connections shows: the rows, and how each is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import reduce
from json import dumps
from operator import or_
from typing import Any, NamedTuple

from maxtac_render.analysis import endpoints, listing
from maxtac_render.analysis.connections import Connection, Verdict, sides
from maxtac_render.analysis.endpoints import Group
from maxtac_render.analysis.matrix import Matrix, Scope
from maxtac_render.analysis.parties import Parties, alike
from maxtac_render.analysis.reachability import Verdicts
from maxtac_render.analysis.universe import Assumptions, Endpoint, bits
from maxtac_render.cli.asking import Asked, staged
from maxtac_render.cli.sheets import Sheet, Texts
from maxtac_render.model import portsets
from maxtac_render.model.cluster import Cluster
from maxtac_render.model.intent import Direction
from maxtac_render.model.options import ASSUMPTIONS, Option
from maxtac_render.model.portsets import NO_PORTS, PortSet

LIST = "ConnectionList"
DIFFERENCES = "PluginDifferences"


def matrix(cluster: Cluster, asked: Asked, assumptions: Assumptions) -> Matrix:
    """The answers to what is asked. Where no endpoints are named it is all that are known."""
    stage = staged(cluster, (*asked.sources, *asked.targets), assumptions)
    verdicts = Verdicts(stage.universe, [each.policy for each in cluster.policies])
    strangers = (1 << len(stage.universe.workloads)) - (1 << len(cluster.workloads))
    known = stage.universe.everyone & ~strangers
    middle = len(asked.sources)
    sources, targets = _union(stage.asked[:middle]), _union(stage.asked[middle:])
    return Matrix(verdicts, Scope(sources or known, targets or known, asked.ports))


def _union(masks: Iterable[int]) -> int:
    return reduce(or_, masks, 0)


def passing(cluster: Cluster, asked: Asked, assumptions: Assumptions, *, grouped: bool) -> Sheet[Connection]:
    """The connections that are open, or may be."""
    found = matrix(cluster, asked, assumptions)
    words = Words()

    def cells(row: Connection) -> tuple[str, ...]:
        source, target, ports, verdict, unprotected = row
        return words.name(source), words.name(target), words.ports(ports), verdict, words.sides(unprotected)

    def facts(row: Connection) -> str:
        source, target, ports, verdict, unprotected = row
        ends = f'"source": {words.endpoint(source)}, "target": {words.endpoint(target)}'
        return f'{{{ends}, {words.passing(ports, verdict)}, "unprotected": {words.side_list(unprotected)}}}'

    return Sheet(
        kind=LIST,
        head={"assumptions": _chosen(assumptions), "endpoints": list(_endpoints(found))},
        field="connections",
        header=("source", "target", "ports", "verdict", "unprotected"),
        rows=listing.connections(found, _parties(found, grouped=grouped)),
        cells=cells,
        facts=facts,
    )


def _chosen(assumptions: Assumptions) -> dict[str, str]:
    return {option.name: getattr(assumptions, option.field) for option in ASSUMPTIONS}


def _endpoints(found: Matrix) -> Iterator[dict[str, Any]]:
    """The pods that are asked about, and whether policies isolate them."""
    for number in bits((found.scope.sources | found.scope.targets) & found.universe.pods):
        isolated = {side.word: found.isolated(side, number) for side in (Direction.EGRESS, Direction.INGRESS)}
        yield {**endpoints.described(found.universe.pod(number)), "isolated": isolated}


class Varying(NamedTuple):
    """What passes from one endpoint to another (NO: nothing) under one value of an assumption."""

    source: Endpoint | Group
    target: Endpoint | Group
    option: Option
    value: str
    ports: PortSet
    verdict: Verdict


def differing(cluster: Cluster, asked: Asked, assumptions: Assumptions, *, grouped: bool) -> Sheet[Varying]:
    """What depends on an assumption, with what passes under each of its values."""
    words = Words()

    def cells(row: Varying) -> tuple[str, ...]:
        source, target, option, value, ports, verdict = row
        return words.name(source), words.name(target), f"{option.flag} {value}", words.ports(ports), verdict

    def facts(row: Varying) -> str:
        source, target, option, value, ports, verdict = row
        ends = f'"source": {words.endpoint(source)}, "target": {words.endpoint(target)}'
        return f'{{{ends}, "assumption": "{option.name}", "value": "{value}", {words.passing(ports, verdict)}}}'

    return Sheet(
        kind=DIFFERENCES,
        head={"assumptions": _chosen(assumptions)},
        field="differences",
        header=("source", "target", "assumption", "ports", "verdict"),
        rows=_varying(cluster, asked, assumptions, grouped=grouped),
        cells=cells,
        facts=facts,
    )


def _varying(cluster: Cluster, asked: Asked, assumptions: Assumptions, *, grouped: bool) -> Iterator[Varying]:
    for option in ASSUMPTIONS:
        variants = {value: assumptions._replace(**{option.field: value}) for value in option.choices}  # type: ignore[arg-type] # the values of that very option
        matrices = {value: matrix(cluster, asked, variant) for value, variant in variants.items()}
        for source, target, answers in listing.differences(matrices, _parties(*matrices.values(), grouped=grouped)):
            for value, answer in answers:
                for ports, verdict in list(answer.verdicts()) or [(NO_PORTS, Verdict.NO)]:
                    yield Varying(source, target, option, value, ports, verdict)


def _parties(*matrices: Matrix, grouped: bool) -> Parties:
    return Parties(matrices[0].universe, alike(*matrices) if grouped else ())


class Words:
    """The texts of what stands in many rows, each made once."""

    def __init__(self) -> None:
        self.name = Texts(endpoints.name)
        self.ports = Texts(str)
        self.sides = Texts[Direction](lambda directions: ",".join(sides(directions)))
        self.endpoint = Texts[Endpoint | Group](lambda endpoint: dumps(endpoints.described(endpoint)))
        self.port_list = Texts[PortSet](lambda ports: dumps(portsets.described(ports)))
        self.side_list = Texts[Direction](lambda directions: dumps(sides(directions)))

    def passing(self, ports: PortSet, verdict: Verdict) -> str:
        """The fields of a JSON object that say what passes."""
        return f'"ports": {self.port_list(ports)}, "verdict": "{verdict}"'
