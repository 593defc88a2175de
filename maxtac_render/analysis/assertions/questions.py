"""What a test asks: that it is about somebody, and about ports that somebody has. One that is not proves nothing."""

from __future__ import annotations

from collections.abc import Iterator

from maxtac_render.analysis.assertions import Case, Claim, Part
from maxtac_render.analysis.assertions.scene import Scene
from maxtac_render.analysis.endpoints import Named, Unfit, bearing, written
from maxtac_render.analysis.fronts import Fronted, fronted
from maxtac_render.analysis.universe import bits
from maxtac_render.model.cluster import Cluster
from maxtac_render.model.diagnostics import Code, Report, listed
from maxtac_render.model.intent import Direction
from maxtac_render.model.objects import FieldPath
from maxtac_render.model.ports import AnyPort, Port


class Questions:
    """Looks at the questions of tests before they are judged."""

    def __init__(self, cluster: Cluster, report: Report) -> None:
        self._cluster = cluster
        self._report = report
        self._near: dict[str, Cluster] = {}
        self._borne = {(workload.ref.namespace, workload.ref.name) for workload in cluster.workloads}

    def names_somebody(self, case: Case) -> bool:
        """Tell whether every name of a test is that of something."""
        sound = case.claim is not None
        for part in (*case.claim.source.parts, *case.claim.target.parts) if case.claim is not None else ():
            try:
                self._check(part)
            except Unfit as unfit:
                problem, _, guess = str(unfit).partition("; ")
                self._report_empty(case, part.field, problem, guess or "name what is in the sources")
                sound = False
        return sound

    def _check(self, part: Part) -> None:
        query = part.query
        if isinstance(query, Named) and (query.kind or query[1:] not in self._borne):
            bearing(query, self._cluster)

    def has_ports(self, case: Case, claim: Claim, scene: Scene) -> bool:
        """Tell whether some target has each port of a test; also report what it is most likely not about."""
        for part in (part for ends in (claim.source, claim.target) if not ends.but for part in ends.parts):
            if scene.unknown(part):
                self._report.add(Code.UNDECLARED_PODS, case, part.field, endpoint=written(part.query))
        field = (*case.field, "ports")
        for port, found in self._fronted(claim):
            behind = listed(sorted({str(each.behind) for each in found}))
            facts = {"port": port, "service": found[0].service.ref, "behind": behind}
            self._report.add(Code.SERVICE_PORT, case, field, **facts)
        targets = scene.mask(claim.target, Direction.EGRESS)
        name = scene.lacking(claim.ports, targets) if targets else None
        if name is not None:
            problem = f"no pod of to has a container port {name[1]}/{name[0]}"
            self._report_empty(case, field, problem, "name a port that one has")
        return name is None

    def _fronted(self, claim: Claim) -> Iterator[tuple[Port, list[Fronted]]]:
        """The ports of a test that Services have, and their pods have not."""
        if isinstance(claim.ports, AnyPort) or claim.target.but:
            return
        for query, _ in claim.target.parts:
            if isinstance(query, Named):
                near = self._in(query.namespace)
                reached = [near.workloads[number] for number in bits(bearing(query, near))]
                for port in claim.ports:
                    if found := fronted(near, query, reached, port):
                        yield port, found

    def _in(self, namespace: str) -> Cluster:
        """What of the cluster is in a namespace."""
        if namespace not in self._near:
            workloads = tuple(each for each in self._cluster.workloads if each.ref.namespace == namespace)
            services = tuple(each for each in self._cluster.services if each.ref.namespace == namespace)
            self._near[namespace] = self._cluster._replace(workloads=workloads, services=services)
        return self._near[namespace]

    def report_nobody(self, case: Case, claim: Claim, scene: Scene) -> None:
        """Report that a test is about no connection."""
        sides = (("from", claim.source, Direction.INGRESS), ("to", claim.target, Direction.EGRESS))
        empty = [side for side, ends, direction in sides if not scene.mask(ends, direction)]
        problem = "no connection between from and to is one that a policy could be about"
        self._report_empty(case, case.field, f"nobody is left in {empty[0]}" if empty else problem, "name others")

    def _report_empty(self, case: Case, field: FieldPath, problem: str, guess: str) -> None:
        self._report.add(Code.EMPTY_TEST, case, field, problem=problem, guess=guess)
