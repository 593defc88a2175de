"""What a resource wants of each Service it selects, the Service's own annotations heard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from maxtac_render.frontends.maxtac.resources import CLOSED, NOTHING_MADE, PORTS, Aim, Wish, read_direction, read_ports
from maxtac_render.frontends.maxtac.targets import annotated_targets
from maxtac_render.model.diagnostics import Code, Report, counted
from maxtac_render.model.intent import Direction, Intent, Target, UnusableTarget, Wanted
from maxtac_render.model.objects import Key, Service
from maxtac_render.model.options import Options
from maxtac_render.model.ports import Port
from maxtac_render.model.snapshot import Snapshot

NOTHING = Aim(Direction.NONE, Direction.NONE)
"""The direction that an empty annotation states."""


class Stated(NamedTuple):
    """What holds for one Service. None stands for what nobody says; what an empty annotation says is nothing."""

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
                facts = {"service": service.ref, "done": f"nothing rendered for it and {wish.ref}"}
                self._report.add(Code.SELECTORLESS_SERVICE, service, ("spec", "selector"), **facts)
                continue
            stated = self._stated(wish, service)
            for code, said in ((Code.MISSING_TARGETS, stated.targets), (Code.MISSING_DIRECTION, stated.aim)):
                if said is None:
                    silent.setdefault(code, []).append(str(service.ref))
            if stated.targets and stated.aim is not None and stated.aim is not NOTHING:
                intent = self._intent(wish, service, stated.targets, stated.aim)
                if intent is not None:
                    yield intent._replace(ports=stated.ports, closed=stated.closed)
        for code, names in silent.items():
            self._report_silent(wish, code, names)

    def _intent(self, wish: Wish, service: Service, targets: tuple[Wanted, ...], aim: Aim) -> Intent | None:
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
            mirrored=wish.mirrored,
            lifetime=wish.lifetime,
            aimed=aim.site,
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
                self._ignored(wish, service, key, "not heard (annotations: ignore)")
            return spec
        annotated = self._annotated(wish, service)
        if self._mode == "narrow":
            return self._narrowed(wish, service, annotated)
        return Stated(
            spec.targets if annotated.targets is None else _known(annotated.targets, spec.targets),
            spec.aim if annotated.aim is None else annotated.aim,
            spec.ports if annotated.ports is None else annotated.ports,
        )

    def _annotated(self, wish: Wish, service: Service) -> Stated:
        """What the annotations say by themselves, each on its own."""
        annotations, kind, report = service.annotations, wish.kind, self._report
        targets, aim = None, None
        if kind.targets_annotation in annotations:
            targets = annotated_targets(service, kind, report, None if self._controller else self._snapshot)
            if not targets:
                self._empty(wish, service, kind.targets_annotation, "targets")
        if kind.direction_annotation in annotations:
            path = ("metadata", "annotations", kind.direction_annotation)
            done = NOTHING_MADE if self._controller else CLOSED
            aim = read_direction(service, path, annotations[kind.direction_annotation], report, done)
            if aim is None:
                aim = NOTHING
                self._empty(wish, service, kind.direction_annotation, "direction")
        ports = read_ports(service, annotations, report, controller=self._controller) if kind.external else None
        return Stated(targets, aim, ports)

    def _narrowed(self, wish: Wish, service: Service, annotated: Stated) -> Stated:
        """Annotations only take away: rules, never the isolation that the spec brings."""
        targets, aim, ports, _ = spec = Stated(wish.targets, wish.aim, wish.ports)
        kind, closed = wish.kind, frozenset[Target]()
        if annotated.targets is not None:
            allowed, named = _peers(targets), _peers(annotated.targets)
            closed = allowed - named
            for target in sorted(map(str, named - allowed)):
                what = f"{target} is not in the spec of {wish.ref}; left out"
                self._ignored(wish, service, kind.targets_annotation, what)
        if aim is not None and annotated.aim is not None:
            opens = aim.opens & annotated.aim.opens
            if annotated.aim.isolates & aim.isolates is not annotated.aim.isolates:
                kept = "rules left out" if opens is Direction.NONE else f"rules for {opens.word} kept"
                what = f"the direction of {wish.ref} is {aim.isolates.word}; {kept}"
                self._ignored(wish, service, kind.direction_annotation, what)
            aim = aim._replace(opens=opens)
        if annotated.ports is not None:
            ports = annotated.ports if ports is None else tuple(port for port in ports if port in annotated.ports)
        return spec._replace(aim=aim, ports=ports, closed=closed)

    def _report_silent(self, wish: Wish, code: Code, names: list[str]) -> None:
        kind = wish.kind
        facts = {"service": counted(names)}
        if code is Code.MISSING_DIRECTION:
            field = "direction"
            facts["annotation"] = kind.direction_annotation
        else:
            field = kind.targets_field
            facts |= {"annotation": kind.targets_annotation, "field_name": field}
        self._report.add(code, wish, ("spec", field), **facts)

    def _empty(self, wish: Wish, service: Service, key: str, what: str) -> None:
        path = ("metadata", "annotations", Key(key))
        done = "rules left out" if self._mode == "narrow" else f"nothing rendered for {service.ref}"
        self._report.add(Code.EMPTY_ANNOTATION, service, path, key=key, what=what, cr=wish.ref, done=done)

    def _ignored(self, wish: Wish, service: Service, key: str, what: str) -> None:
        path = ("metadata", "annotations", key)
        self._report.add(Code.IGNORED_ANNOTATION, service, path, key=key, what=what, cr=wish.ref)


def _known(annotated: tuple[Wanted, ...], spec: tuple[Wanted, ...] | None) -> tuple[Wanted, ...]:
    """The targets of an annotation; those that the spec names too are the spec's."""
    written = {wanted.target: wanted for wanted in spec or ()}
    return tuple(written.get(wanted.target, wanted) for wanted in annotated)


def _peers(targets: tuple[Wanted, ...] | None) -> frozenset[Target]:
    return frozenset(wanted.target for wanted in targets or ())
