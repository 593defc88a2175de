"""What of the input cannot be relied on, told from what was found in it: what was made of that before has to stay.

A resource that cannot be read is no resource that says nothing. Where a target, a port, an address or a deadline is
unusable, the rest of the resource can be relied on: its policies are written without that rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from maxtac_render.model.catalogue import Code, Severity
from maxtac_render.model.diagnostics import Diagnostic
from maxtac_render.model.intent import KINDS
from maxtac_render.model.objects import FieldPath, ObjectRef
from maxtac_render.model.ownership import PEER, SERVICE, SOURCE, slashed

UNREAD = frozenset(
    {
        Code.BROKEN_YAML,
        Code.UNREADABLE_DOCUMENT,
        Code.OVER_LIMIT,
        Code.SKIPPED_LINK,
        Code.UNKNOWN_KIND,
        Code.INVALID_NAME,
        Code.MISSING_NAMESPACE,
        Code.MEANT_CLUSTER_ACCESS,
    }
)
"""Something was left out of which nobody knows what policies it would have kept; so at every severity but off."""

INVALID = frozenset(
    {
        Code.UNKNOWN_FIELD,
        Code.SCHEMA,
        Code.WRONG_TYPE,
        Code.MISSING_SELECTOR,
        Code.INVALID_SELECTOR,
        Code.BAD_DIRECTION,
        Code.DUPLICATE_OBJECT,
        Code.DUPLICATE_KEY,
    }
)
"""The API server would refuse the resource, or nobody knows what it says; where these are errors."""

UNSELECTED = frozenset({Code.MISSING_SELECTOR, Code.INVALID_SELECTOR})
"""Nobody knows which pods are meant: the policies stay however little that matters to whoever runs this."""

INCOMPLETE = frozenset({Code.MISSING_DIRECTION, Code.MISSING_TARGETS})
"""The resource says too little for some Service; where these are errors."""

RULES = frozenset(
    {
        Code.MALFORMED_TARGET,
        Code.WRONG_ANNOTATION,
        Code.MISSING_TARGET,
        Code.NO_PORTS,
        Code.BAD_PORT,
        Code.BAD_CIDR,
        Code.BAD_DURATION,
        Code.BAD_DEADLINE,
        Code.UNANCHORED_DURATION,
    }
)
"""Something is unusable that costs the policy its rules: it is written without them."""

UNCLEAR_SERVICE = frozenset(
    {
        Code.UNKNOWN_FIELD,
        Code.WRONG_TYPE,
        Code.INVALID_SELECTOR,
        Code.SELECTORLESS_SERVICE,
        Code.DUPLICATE_OBJECT,
        Code.DUPLICATE_KEY,
    }
)
"""Nobody knows which pods a Service stands for, or what selects it; where these are errors."""


class Doubts(NamedTuple):
    """What cannot be relied on: resources and Services by their names in annotations, and what was not read at all."""

    invalid: frozenset[str]
    incomplete: frozenset[str]
    services: frozenset[str]
    unread: tuple[Diagnostic, ...]

    def freezes(self, annotations: Mapping[str, str]) -> str:
        """Why a policy with such annotations is neither made nor changed; empty where it may be."""
        source = annotations.get(SOURCE, "")
        return f"{source} is invalid" if source in self.invalid else ""

    def keeps(self, annotations: Mapping[str, str]) -> str:
        """Why a policy with such annotations is not deleted; empty where it may be."""
        if annotations.get(SOURCE, "") in self.incomplete:
            return f"{annotations[SOURCE]} is incomplete"
        for key in (SERVICE, PEER):
            if annotations.get(key, "") in self.services:
                return f"Service {annotations[key]} is invalid"
        return self.freezes(annotations)


def doubts(found: Iterable[Diagnostic], namespace: str = "") -> Doubts:
    """What findings say that cannot be relied on; ``namespace`` is that of objects that name none."""
    invalid, incomplete, services, unread = set(), set(), set(), []
    for diagnostic in found:
        code, ref = diagnostic.code, diagnostic.ref
        if code in UNREAD or (code is Code.DUPLICATE_KEY and ref is None):
            unread.append(diagnostic)
        elif ref is None or (diagnostic.severity is not Severity.ERROR and code not in UNSELECTED):
            continue
        elif ref.kind == "Service" and code in UNCLEAR_SERVICE:
            services.add(f"{ref.namespace or namespace}/{ref.name}")
        elif ref.kind in KINDS and code in INCOMPLETE:
            incomplete.add(slashed(_placed(ref, namespace)))
        elif ref.kind in KINDS and code in INVALID and not _costs_rules_only(diagnostic.field):
            invalid.add(slashed(_placed(ref, namespace)))
    return Doubts(frozenset(invalid), frozenset(incomplete), frozenset(services), tuple(unread))


def _placed(ref: ObjectRef, namespace: str) -> ObjectRef:
    return ref._replace(namespace="" if KINDS[ref.kind].cluster else ref.namespace or namespace)


def _costs_rules_only(field: FieldPath) -> bool:
    """Tell whether what is wrong at a field closes what the resource opens, and leaves the rest of it sound."""
    match field:
        case ("metadata", "labels" | "annotations", *_) | ("spec", "duration", *_):
            return True
        case ("spec", "targets" | "targetCIDRs", _, *_):
            return True
        case _:
            return False
