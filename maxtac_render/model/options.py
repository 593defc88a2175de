"""Every option of the compiler, once: name, values, default and help; flags and configuration derive from this."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, NamedTuple

from maxtac_render.model.catalogue import Code, Severity


class Options(NamedTuple):
    """The values of the options in one run. The option ``mirrorNamespaces`` is ``mirror_namespaces`` here.

    ``now`` is aware of its time zone; None never expires anything. ``mirror_namespaces`` None allows every namespace.
    """

    compat: Literal["readme", "controller"] = "readme"
    names: Literal["plain", "short"] = "plain"
    set: str = ""
    now: datetime | None = None
    anchor: str = ""
    expired: Literal["isolate", "remove"] = "isolate"
    annotations: Literal["override", "narrow", "ignore"] = "override"
    mirror_namespaces: tuple[str, ...] | None = None
    baseline: tuple[str, ...] = ()
    namespace: str = ""
    severity: Mapping[Code, Severity] = {}
    exclude: tuple[str, ...] = ()


class Option(NamedTuple):
    """How one option presents itself: its help, what its value is called, the values it may have."""

    name: str
    help: str
    metavar: str = ""
    choices: tuple[str, ...] = ()
    repeatable: bool = False

    @property
    def field(self) -> str:
        """The field of Options that holds the value."""
        return "".join(f"_{char.lower()}" if char.isupper() else char for char in self.name)

    @property
    def flag(self) -> str:
        """The command line's spelling."""
        return "--" + self.field.replace("_", "-")


OPTIONS = (
    Option("namespace", "Namespace of objects that name none.", "NAME"),
    Option("set", "Name of the set: the policies that are rendered together; written as a label.", "NAME"),
    Option(
        "compat",
        "Names, labels and ports as MaxTac's README promises them, or just as its controller makes them.",
        choices=("readme", "controller"),
    ),
    Option("names", "Plain names, or names of at most 63 characters.", choices=("plain", "short")),
    Option("annotations", "What annotations of Services may do to the spec.", choices=("override", "narrow", "ignore")),
    Option("mirrorNamespaces", "Namespaces in which mirrors may be made.", "NAME", repeatable=True),
    Option("baseline", "Policies added for every subject.", choices=("dns",), repeatable=True),
    Option("now", "The moment at which deadlines are judged (RFC 3339); the clock otherwise.", "TIME"),
    Option("anchor", "From when durations count: git (the newest commit of the resource's lines), or a time.", "WHEN"),
    Option(
        "expired", "What becomes of expired access: isolation without rules, or nothing.", choices=("isolate", "remove")
    ),
    Option("severity", "Severity of one finding: off, info, warning or error.", "ID=LEVEL", repeatable=True),
    Option("exclude", "Files to leave out, as a glob below the source.", "GLOB", repeatable=True),
)

CONTROLLER_LOGS = frozenset(
    {
        Code.MISSING_TARGETS,
        Code.MISSING_DIRECTION,
        Code.BAD_DIRECTION,
        Code.MALFORMED_TARGET,
        Code.WRONG_ANNOTATION,
        Code.MISSING_TARGET,
        Code.SELECTORLESS_SERVICE,
        Code.NO_PORTS,
        Code.BAD_CIDR,
    }
)
"""What the MaxTac controller leaves out with no more than a line in its log."""


def severities(options: Options) -> Mapping[Code, Severity]:
    """The severities that differ from the catalogue: the chosen ones, and what the controller takes lightly."""
    lowered = CONTROLLER_LOGS if options.compat == "controller" else ()
    return {**dict.fromkeys(lowered, Severity.WARNING), **options.severity}
