"""What a resource wants of each Service it selects, the Service's own annotations heard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from maxtac_render.frontends.maxtac.resources import PORTS, Aim, Wish, read_direction, read_ports
from maxtac_render.frontends.maxtac.targets import annotated_targets
from maxtac_render.model.diagnostics import Code, Report, counted
from maxtac_render.model.intent import Direction, Intent, ServiceTarget, Target, UnusableTarget, Wanted
from maxtac_render.model.objects import Key, Service
from maxtac_render.model.options import Options
from maxtac_render.model.ports import Port
from maxtac_render.model.snapshot import Snapshot


class Stated(NamedTuple):
    """What holds for one Service: None for what neither the resource nor its annotations say."""

    targets: tuple[Wanted, ...] | None
    aim: Aim | None
    ports: tuple[Port, ...] | None
    closed: frozenset[Target] = frozenset()


class Subjects:
    """Makes intents of one snapshot's resources."""

    def __init__(self, snapshot: Snapshot, options: Options, report: Report) -> None:
        self._snapshot = snapshot
        self._report = report
        self._mode = options.annotations
        self._controller = options.compat == "controller"

    def intents(self, wish: Wish, services: list[Service]) -> Iterator[Intent]:
        """One intent for each of the Services for which the resource says enough; the others are reported."""
        silent: dict[Code, list[str]] = {}
        for service in services:
            if service.selector is None:
                facts = {"service": service.ref, "done": "nothing rendered for it"}
                self._report.add(Code.SELECTORLESS_SERVICE, wish, (), **facts)
                continue
            stated = self._stated(wish, service)
            code = _missing(stated)
            if code is not None:
                if self._mode != "override" or not _overridden_by_nothing(wish, service, code):
                    silent.setdefault(code, []).append(str(service.ref))
            elif (intent := self._intent(wish, service, stated)) is not None:
                yield intent
        for code, names in silent.items():
            self._report_silent(wish, code, names)

    def _intent(self, wish: Wish, service: Service, stated: Stated) -> Intent | None:
        targets, aim, ports, closed = stated
        assert targets is not None and aim is not None  # noqa: S101, PT018 - asked by _missing
        if self._controller:
            targets = tuple(wanted for wanted in targets if not isinstance(wanted.target, UnusableTarget))
            if not targets or aim.opens is Direction.NONE:
                return None
        return Intent(
            wish.ref,
            service,
            targets,
            aim.isolates,
            aim.opens,
            wish.origin,
            wish.mirrored,
            closed,
            ports,
            wish.lifetime,
        )

    def _stated(self, wish: Wish, service: Service) -> Stated:
        spec = Stated(wish.targets, wish.aim, wish.ports)
        annotations, kind = service.annotations, wish.kind
        keys = [kind.targets_annotation, kind.direction_annotation, *((PORTS,) if kind.external else ())]
        present = [key for key in keys if key in annotations]
        if not present:
            return spec
        if self._mode == "ignore":
            for key in present:
                self._ignored(wish, service, key, annotations[key])
            return spec
        annotated = self._annotated(wish, service)
        return (
            self._narrowed(wish, service, annotated) if self._mode == "narrow" else self._over(wish, service, annotated)
        )

    def _annotated(self, wish: Wish, service: Service) -> Stated:
        """What the annotations say by themselves; an empty one says nothing at all, and is reported."""
        annotations, kind, report = service.annotations, wish.kind, self._report
        targets, aim = None, None
        if kind.targets_annotation in annotations:
            targets = annotated_targets(service, kind, report, None if self._controller else self._snapshot)
            if not targets:
                self._empty(wish, service, kind.targets_annotation, "targets")
        if kind.direction_annotation in annotations:
            path = ("metadata", "annotations", kind.direction_annotation)
            aim = read_direction(service, path, annotations[kind.direction_annotation], report)
            if aim is None:
                self._empty(wish, service, kind.direction_annotation, "direction")
        return Stated(targets, aim, read_ports(service, annotations, report) if kind.external else None)

    def _over(self, wish: Wish, service: Service, annotated: Stated) -> Stated:
        """Annotations override the spec, each on its own."""
        annotations, kind = service.annotations, wish.kind
        targets = annotated.targets if kind.targets_annotation in annotations else wish.targets
        aim = annotated.aim if kind.direction_annotation in annotations else wish.aim
        if wish.mirrored and targets is annotated.targets:
            self._report_mirrors(wish, service, targets or ())
        return Stated(targets, aim, wish.ports if annotated.ports is None else annotated.ports)

    def _narrowed(self, wish: Wish, service: Service, annotated: Stated) -> Stated:
        """Annotations only take away: rules, never the isolation that the spec brings."""
        targets, aim, ports, _ = spec = Stated(wish.targets, wish.aim, wish.ports)
        kind, closed = wish.kind, frozenset[Target]()
        if annotated.targets is not None:
            allowed, named = _peers(targets), _peers(annotated.targets)
            closed = allowed - named
            for target in sorted(map(str, named - allowed)):
                self._ignored(wish, service, kind.targets_annotation, target)
        if aim is not None and annotated.aim is not None:
            if annotated.aim.isolates & aim.isolates is not annotated.aim.isolates:
                self._ignored(wish, service, kind.direction_annotation, annotated.aim.isolates.word)
            aim = aim._replace(opens=aim.opens & annotated.aim.opens)
        if annotated.ports is not None:
            ports = annotated.ports if ports is None else tuple(port for port in ports if port in annotated.ports)
        return spec._replace(aim=aim, ports=ports, closed=closed)

    def _report_mirrors(self, wish: Wish, service: Service, targets: tuple[Wanted, ...]) -> None:
        path = ("metadata", "annotations", wish.kind.targets_annotation)
        for target in _peers(targets) - _peers(wish.targets):
            if isinstance(target, ServiceTarget) and target.namespace != service.ref.namespace:
                self._report.add(Code.MIRROR_BY_ANNOTATION, service, path, service=service.ref, target=target)

    def _report_silent(self, wish: Wish, code: Code, names: list[str]) -> None:
        kind = wish.kind
        facts = {"service": counted(names, "Services")}
        if code is Code.MISSING_DIRECTION:
            facts["annotation"] = kind.direction_annotation
        else:
            facts["field_name"] = "targetCIDRs" if kind.external else "targets"
            facts["annotation"] = kind.targets_annotation
        self._report.add(code, wish, ("spec",), **facts)

    def _empty(self, wish: Wish, service: Service, key: str, what: str) -> None:
        path = ("metadata", "annotations", Key(key))
        self._report.add(Code.EMPTY_ANNOTATION, service, path, key=key, what=what, cr=wish.ref)

    def _ignored(self, wish: Wish, service: Service, key: str, value: object) -> None:
        path = ("metadata", "annotations", key)
        facts = {"key": key, "value": value, "cr": wish.ref, "mode": self._mode}
        self._report.add(Code.IGNORED_ANNOTATION, service, path, **facts)


def _missing(stated: Stated) -> Code | None:
    if not stated.targets:
        return Code.MISSING_TARGETS
    return Code.MISSING_DIRECTION if stated.aim is None else None


def _overridden_by_nothing(wish: Wish, service: Service, code: Code) -> bool:
    """Tell whether an empty annotation is the reason, which is reported where it stands."""
    kind = wish.kind
    key = kind.targets_annotation if code is Code.MISSING_TARGETS else kind.direction_annotation
    return key in service.annotations


def _peers(targets: tuple[Wanted, ...] | None) -> frozenset[Target]:
    return frozenset(wanted.target for wanted in targets or ())
