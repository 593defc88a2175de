"""Targets as MaxTac writes them: in the spec of a resource, and in the annotations of Services."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from maxtac_render.model.diagnostics import Code, Located, Report
from maxtac_render.model.fields import Fields, shown
from maxtac_render.model.intent import KINDS, CIDRTarget, Kind, ServiceTarget, Target, UnusableTarget, Wanted
from maxtac_render.model.names import is_label_name
from maxtac_render.model.objects import FieldPath, Resource, Service
from maxtac_render.model.snapshot import Snapshot

_PREFIX_LENGTH = re.compile(r"0|[1-9][0-9]{0,2}")
_ADDRESS = re.compile(r"[0-9a-fA-F:.]*[:.][0-9a-fA-F:.]*([-/][0-9]*)?")


RULE_LEFT_OUT = "rule left out"
POLICY_LEFT_OUT = "its policy left out"
"""What becomes of an unusable target: the second is what the MaxTac controller does."""


class Site(NamedTuple):
    """Where a target is written, who hears what is wrong with it, and what becomes of it then."""

    about: Located
    path: FieldPath
    kind: Kind
    report: Report
    done: str

    def unusable(self, code: Code, value: object, **facts: object) -> UnusableTarget:
        """Report a target that opens nothing."""
        self.report.add(code, self.about, self.path, value=value, done=self.done, **facts)
        return UnusableTarget(str(value))


def spec_targets(fields: Fields, kind: Kind, done: str) -> tuple[Wanted, ...] | None:
    """The targets of a resource's spec; None where it has none. Something that is no list is one unusable target."""
    path = ("spec", kind.targets_field)
    entries = fields.at(path)
    if entries is None or entries == []:
        return None
    if not isinstance(entries, list):
        fields.wrong(path, entries, "a list", "rules left out")
        return (Wanted(UnusableTarget(path[1]), fields.resource, path),)
    read = _spec_cidr if kind.external else _spec_service
    sites = (Site(fields.resource, (*path, number), kind, fields.report, done) for number in range(len(entries)))
    return _unique((site, read(fields, site)) for site in sites)


def annotated_targets(service: Service, kind: Kind, report: Report, snapshot: Snapshot | None) -> tuple[Wanted, ...]:
    """The targets in a Service's annotation. With a snapshot, a pair written the other way round is understood."""
    path = ("metadata", "annotations", kind.targets_annotation)
    site = Site(service, path, kind, report, RULE_LEFT_OUT if snapshot is not None else POLICY_LEFT_OUT)
    parts = service.annotations[kind.targets_annotation].split("," if kind.external else ";")
    texts = filter(None, (part.strip() for part in parts))
    if kind.external:
        return _unique((site, _annotated_cidr(site, text)) for text in texts)
    return _unique((site, _pair(site, text, snapshot)) for text in texts)


def mentioned(resource: Resource) -> Iterator[ServiceTarget]:
    """The Services that a resource's spec, or a Service's annotations, may mean; a pair is read both ways."""
    kind = KINDS.get(resource.ref.kind)
    if kind is not None:
        spec = resource.body.get("spec")
        entries = spec.get("targets") if isinstance(spec, dict) else None
        pairs = [
            (entry.get("namespace"), entry.get("serviceName"))
            for entry in (entries if isinstance(entries, list) else ())
            if isinstance(entry, dict)
        ]
    else:
        pairs = [pair for text in _annotated(resource) for part in text.split(";") for pair in _both_ways(part)]
    for namespace, name in pairs:
        if all(isinstance(half, str) and is_label_name(half) for half in (namespace, name)):
            yield ServiceTarget(str(namespace), str(name))


def _annotated(service: Resource) -> Iterator[str]:
    metadata = service.body.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    for kind in KINDS.values():
        text = annotations.get(kind.targets_annotation) if isinstance(annotations, dict) else None
        if isinstance(text, str) and not kind.external:
            yield text


def _both_ways(part: str) -> list[tuple[str, str]]:
    halves = [half.strip() for half in part.split(",")]
    return [(halves[0], halves[1]), (halves[1], halves[0])] if len(halves) == 2 else []


def _unique(targets: Iterable[tuple[Site, Target]]) -> tuple[Wanted, ...]:
    found: dict[str, Wanted] = {}
    for site, target in targets:
        if str(target) in found:
            site.report.add(Code.DUPLICATE_TARGET, site.about, site.path, target=target)
        else:
            found[str(target)] = Wanted(target, site.about, site.path)
    return tuple(found.values())


def _spec_service(fields: Fields, site: Site) -> Target:
    entry = fields.at(site.path)
    if not isinstance(entry, dict):
        return _wrong(fields, site, entry, "a mapping")
    fields.known(site.path, ("serviceName", "namespace"))
    name, namespace = entry.get("serviceName"), entry.get("namespace")
    for value in (name, namespace):
        if not isinstance(value, str) or not is_label_name(value):
            halves = [key if entry.get(key) is not None else "" for key in ("namespace", "serviceName")]
            written = "/".join(fields.written((*site.path, key)) if key else "(none)" for key in halves)
            return site.unusable(Code.MALFORMED_TARGET, written, expected="serviceName and namespace, both DNS labels")
    return ServiceTarget(str(namespace), str(name))


def _spec_cidr(fields: Fields, site: Site) -> Target:
    entry = fields.at(site.path)
    return _cidr(site, entry, "/") if isinstance(entry, str) else _wrong(fields, site, entry, "a string")


def _wrong(fields: Fields, site: Site, entry: Any, expected: str) -> Target:
    fields.wrong(site.path, entry, expected, "rule left out")
    return UnusableTarget(shown(entry))


def _pair(site: Site, text: str, snapshot: Snapshot | None) -> Target:
    """A pair ``<service>,<namespace>``, or the other way round where only that names a Service."""
    halves = [half.strip() for half in text.split(",")]
    if is_misplaced(site.kind, text):
        return _misplaced(site, text, "an address range", "pairs <service>,<namespace>")
    if len(halves) != 2 or not all(map(is_label_name, halves)):
        return site.unusable(Code.MALFORMED_TARGET, text, expected="<service>,<namespace>; pairs separated by ;")
    written, swapped = ServiceTarget(halves[1], halves[0]), ServiceTarget(*halves)
    if snapshot is None or written == swapped or snapshot.service(*swapped) is None:
        return written
    add = site.report.add
    if snapshot.service(*written) is None:
        facts = {"name": written.name, "namespace": written.namespace, "name_first": f"{swapped.name},{halves[0]}"}
        add(Code.SWAPPED_PAIR, site.about, site.path, value=text, **facts)
        return swapped
    facts = {"read": str(written), "other": str(swapped), "swapped": f"{halves[1]},{halves[0]}"}
    add(Code.AMBIGUOUS_PAIR, site.about, site.path, value=text, **facts)
    return written


def is_misplaced(kind: Kind, text: str) -> bool:
    """Tell whether an annotation of one sort of targets holds the other: addresses for Services, or the reverse."""
    for part in text.replace(";", ",").split(","):
        name = part.strip()
        if kind.external and is_label_name(name) and not name.replace("-", "").isdigit():
            return True
        if not kind.external and _ADDRESS.fullmatch(name):
            return True
    return False


def _annotated_cidr(site: Site, text: str) -> Target:
    if is_misplaced(site.kind, text):
        return _misplaced(site, text, "the name of a Service", "address ranges")
    return _cidr(site, text, "/" if "/" in text else "-")


def _misplaced(site: Site, text: str, found: str, expected: str) -> Target:
    kind = site.kind
    facts = {"key": kind.targets_annotation, "expected": expected, "meant": kind.sibling.targets_annotation}
    return site.unusable(Code.WRONG_ANNOTATION, text, found=found, **facts)


def _cidr(site: Site, text: str, separator: str) -> Target:
    """An address range; host bits are masked, and a bare address gets the longest prefix."""
    from ipaddress import ip_address, ip_network  # noqa: PLC0415 - not every input has addresses

    written, separated, length = text.rpartition(separator)
    if not separated:
        written, length = text, ""
    try:
        address = ip_address(written)
    except ValueError:
        return _no_cidr(site, text, "")
    if "%" in written or getattr(address, "ipv4_mapped", None) is not None:
        return _no_cidr(site, text, " that the API server takes")
    if separated and not (_PREFIX_LENGTH.fullmatch(length) and int(length) <= address.max_prefixlen):
        return _no_cidr(site, text, f": prefix length {length or 'missing'}")
    network = ip_network(f"{address}/{length or address.max_prefixlen}", strict=False)
    if not separated:
        site.report.add(Code.BARE_IP, site.about, site.path, value=text, cidr=network)
    elif network.network_address != address:
        site.report.add(Code.HOST_BITS, site.about, site.path, value=text, cidr=network)
    elif written == written.lower():
        return CIDRTarget(str(network), f"{written}/{length}")
    return CIDRTarget(str(network), str(network))


def _no_cidr(site: Site, text: str, problem: str) -> Target:
    address, hyphen, length = text.rpartition("-")
    guess = "write an IPv4 or IPv6 range, such as 10.0.0.0/8 or 2001:db8::/32"
    if hyphen and site.path[0] == "spec" and _ADDRESS.fullmatch(text):
        guess = f"write {address}/{length}: only annotations take a hyphen"
    return site.unusable(Code.BAD_CIDR, text, problem=problem, guess=guess)
