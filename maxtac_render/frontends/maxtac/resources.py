"""The four MaxTac kinds: what one resource says before the annotations of its Services are heard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from maxtac_render.frontends.maxtac.lifetime import read_lifetime
from maxtac_render.frontends.maxtac.selection import read_selector
from maxtac_render.frontends.maxtac.targets import POLICY_LEFT_OUT, RULE_LEFT_OUT, spec_targets
from maxtac_render.model.diagnostics import Code, Located, Report, Site, did_you_mean, nearest
from maxtac_render.model.fields import Fields, shown
from maxtac_render.model.intent import EXPIRES_AT, GROUP, KINDS, VERSION, WORDS, Direction, Kind, Lifetime, Wanted
from maxtac_render.model.objects import METADATA, FieldPath, Key, ObjectRef, Origin, Resource
from maxtac_render.model.ownership import DOMAIN
from maxtac_render.model.ports import Port, parse_port
from maxtac_render.model.selectors import Selector

PORTS = f"{DOMAIN}/ports"
"""The annotation, of a resource or a Service, that limits external egress."""
ANNOTATIONS = (EXPIRES_AT, PORTS)
"""The annotations of a MaxTac resource that mean something."""
CLOSED = "both directions isolated, rules left out"
NOTHING_MADE = "nothing rendered"
"""What becomes of a direction that is none: the second is what the MaxTac controller does."""
_PORTS = "a port such as 443/TCP or 8000-8100/UDP"


class Aim(NamedTuple):
    """A direction as it was stated: what it isolates, what of it may open, and where it is written."""

    isolates: Direction
    opens: Direction
    site: Site | None = None


class Wish(NamedTuple):
    """One MaxTac resource. None stands for what it does not say; ``selector`` None selects nothing."""

    ref: ObjectRef
    origin: Origin
    kind: Kind
    selector: Selector | None
    targets: tuple[Wanted, ...] | None
    aim: Aim | None
    mirrored: bool
    ports: tuple[Port, ...] | None
    lifetime: Lifetime


def read_wish(resource: Resource, report: Report, *, controller: bool = False) -> Wish | None:
    """Read a MaxTac resource; None when it is left out, which is reported.

    ``controller`` says that what is unusable is left out with its isolation, as the MaxTac controller does.
    """
    kind = _kind(resource, report)
    fields = Fields(resource, report)
    if kind is None or not _placed(fields, kind):
        return None
    fields.known((), ("apiVersion", "kind", "metadata", "spec", "status"))
    fields.mapping(("spec",))
    _check_spec(fields, kind)
    fields.known(("metadata",), METADATA)
    fields.readable(("metadata", "labels"))
    annotations = fields.readable(("metadata", "annotations"), "rules left out")
    known = ANNOTATIONS if kind.external else (EXPIRES_AT,)
    report_unknown(resource, annotations, known, report)
    mirrored, sound = _mirrored(fields, kind)
    path = ("spec", "direction")
    aim = read_direction(resource, path, fields.at(path), report, NOTHING_MADE if controller else CLOSED)
    if aim is not None and not sound:
        aim = aim._replace(opens=Direction.NONE)
    return Wish(
        resource.ref,
        resource.origin,
        kind,
        read_selector(fields),
        spec_targets(fields, kind, POLICY_LEFT_OUT if controller else RULE_LEFT_OUT),
        aim,
        mirrored,
        read_ports(resource, annotations, report, controller=controller) if kind.external else None,
        read_lifetime(fields),
    )


def _check_spec(fields: Fields, kind: Kind) -> None:
    """Report what nobody reads in a spec; targets of the other sort belong to another kind."""
    other = kind.sibling
    guesses = {other.targets_field: f"{kind.name} takes {kind.targets_field}; {other.name} takes {other.targets_field}"}
    fields.known(("spec",), ("serviceSelector", kind.targets_field, "direction", "mirrored", "duration"), guesses)


def _kind(resource: Resource, report: Report) -> Kind | None:
    ref = resource.ref
    kind = KINDS.get(ref.kind) if ref.api_version == f"{GROUP}/{VERSION}" else None
    if kind is None:
        known = ref.kind in KINDS
        guess = f"write {GROUP}/{VERSION}" if known else did_you_mean(ref.kind, list(KINDS))
        what = f"{ref.kind} of {ref.api_version}"
        report.add(Code.UNKNOWN_KIND, resource, ("apiVersion" if known else "kind",), what=what, guess=guess)
    return kind


def _placed(fields: Fields, kind: Kind) -> bool:
    """Tell whether the resource stands where its kind must, or can be taken as if it did."""
    resource, report = fields.resource, fields.report
    stated = fields.at(("metadata", "namespace"))
    if kind.cluster:
        if stated:
            facts = {"kind": kind.name, "namespace": stated}
            report.add(Code.NAMESPACE_IGNORED, resource, ("metadata", "namespace"), **facts)
        return True
    if not stated and kind.name == "Access" and fields.at(("spec", "mirrored")) is not None:
        report.add(Code.MEANT_CLUSTER_ACCESS, resource, ("kind",))
        return False
    if not resource.ref.namespace:
        report.add(Code.MISSING_NAMESPACE, resource, ("metadata", "name"))
        return False
    return True


def _mirrored(fields: Fields, kind: Kind) -> tuple[bool, bool]:
    """Whether mirrors are wanted, and whether that can be relied on; what is unclear isolates and opens nothing."""
    path = ("spec", "mirrored")
    value = fields.at(path)
    if value is None:
        return False, True
    if not kind.cluster or kind.external:
        fields.report.add(Code.MIRRORED_IGNORED, fields.resource, path, kind=kind.name)
        return False, True
    if not isinstance(value, bool):
        fields.wrong(path, value, "true or false", "rules left out")
        return True, False
    return value, True


def read_direction(about: Located, path: FieldPath, value: object, report: Report, done: str) -> Aim | None:
    """A direction, in any case; None where it is missing. What is no direction isolates both and opens none."""
    if value is None or value == "":
        return None
    direction = WORDS.get(value.lower()) if isinstance(value, str) else None
    if direction is None:
        place = about.origin.places(path)
        report.add(Code.BAD_DIRECTION, about, path, value=(place and place.text) or shown(value), done=done)
        return Aim(Direction.ALL, Direction.NONE, Site(about, path))
    if value != direction.word:
        report.add(Code.DIRECTION_CASE, about, path, value=value, word=direction.word)
    return Aim(direction, direction, Site(about, path))


def read_ports(
    about: Located, annotations: Mapping[str, str], report: Report, *, controller: bool
) -> tuple[Port, ...] | None:
    """The ports to which an annotation limits external egress; None where it does not."""
    text = annotations.get(PORTS)
    if text is None:
        return None
    if controller:
        return report.add(Code.COMPAT_IGNORES, about, ("metadata", "annotations", Key(PORTS)), what=PORTS)
    ports: dict[Port, None] = {}
    empty = not text.strip(", ")
    path = ("metadata", "annotations", PORTS)
    for item in filter(None, (part.strip() for part in text.split(","))):
        port = parse_port(item)
        if port is None:
            report.add(Code.BAD_PORT, about, path, value=item, expected=_PORTS)
        else:
            ports[port] = None
    if empty:
        report.add(Code.BAD_PORT, about, path, value="an empty list", expected=_PORTS)
    return tuple(ports)


def report_unknown(about: Located, annotations: Mapping[str, str], known: tuple[str, ...], report: Report) -> None:
    """Report annotations under our prefixes that nothing reads."""
    for key in annotations:
        if GROUP in key and key not in known and is_ours(key):
            path = ("metadata", "annotations", Key(key))
            guess = "it belongs on the MaxTac resource" if key == EXPIRES_AT else ""
            near = "" if guess else nearest(key, known)
            report.add(
                Code.UNKNOWN_ANNOTATION, about, path, key=key, guess=guess or did_you_mean(key, known), near=near
            )


def is_ours(key: str) -> bool:
    """Tell whether an annotation's prefix is MaxTac's or this compiler's."""
    prefix = key.partition("/")[0]
    return prefix == GROUP or prefix.startswith(f"{GROUP}.") or prefix.endswith(f".{GROUP}")
