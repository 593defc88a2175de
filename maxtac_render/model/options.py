"""Every option of the compiler, once: name, values, default and help; flags and configuration derive from this."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, NamedTuple

from maxtac_render.model.catalogue import Code, Severity


class Options(NamedTuple):
    """The values of the options in one run. The option ``mirrorNamespaces`` is ``mirror_namespaces`` here.

    ``now`` is aware of its time zone; None never expires anything. ``mirror_namespaces`` None allows every namespace.
    ``sources``, ``layout`` and ``intents`` are the commands' own, and what follows them is for the analysis; the
    compiler does not look at them.
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
    sources: tuple[str, ...] = (".",)
    layout: Literal["policy", "namespace", "single"] = "policy"
    intents: Literal["keep", "drop"] = "keep"
    ip_blocks: Literal["pods", "outside", "any"] = "pods"
    host_network: Literal["pod", "node"] = "pod"
    long_names: Literal["enforced", "ignored"] = "enforced"


class Option(NamedTuple):
    """How one option presents itself: its help, what its value is called, and which values it may have.

    ``takes`` says in messages what a single value must be, and ``pattern`` nearly as much as a regular expression of
    JSON Schema. In a configuration the option is written in its ``form``.
    """

    name: str
    help: str
    metavar: str = ""
    choices: tuple[str, ...] = ()
    form: Literal["text", "list", "mapping"] = "text"
    takes: str = ""
    pattern: str = ""

    @property
    def expected(self) -> str:
        """What a single value must be."""
        return self.takes or " or ".join(filter(None, (", ".join(self.choices[:-1]), *self.choices[-1:])))

    @property
    def repeatable(self) -> bool:
        """Whether the command line may give it more than once."""
        return self.form != "text"

    @property
    def field(self) -> str:
        """The field of Options that holds the value."""
        return "".join(f"_{char.lower()}" if char.isupper() else char for char in self.name)

    @property
    def flag(self) -> str:
        """The command line's spelling."""
        return "--" + self.field.replace("_", "-")


MOMENT = "an RFC 3339 time such as 2027-01-31T12:00:00Z"
NAMESPACE = "a namespace's name (lower-case letters, digits and hyphens, at most 63)"
LABEL = "a label's value (letters, digits, '-', '_' and '.', at most 63)"

_MOMENT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
_NAMESPACE = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
_LABEL = "^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$"

OPTIONS = (
    Option(
        "namespace",
        "Namespace of objects that name none; of a cluster, the only one that is read.",
        "NAME",
        takes=NAMESPACE,
        pattern=_NAMESPACE,
    ),
    Option(
        "set",
        "Name of the set: the policies that are rendered together; written as a label.",
        "NAME",
        takes=LABEL,
        pattern=_LABEL,
    ),
    Option(
        "compat",
        "Names, labels and ports as MaxTac's README promises them, or just as its controller makes them.",
        choices=("readme", "controller"),
    ),
    Option("names", "Plain names, or names of at most 63 characters.", choices=("plain", "short")),
    Option("annotations", "What annotations of Services may do to the spec.", choices=("override", "narrow", "ignore")),
    Option(
        "mirrorNamespaces",
        "Namespaces in which mirrors may be made.",
        "NAME",
        form="list",
        takes=NAMESPACE,
        pattern=_NAMESPACE,
    ),
    Option("baseline", "Policies added for every subject.", choices=("dns",), form="list"),
    Option(
        "now",
        "The moment at which deadlines are judged (RFC 3339); the clock otherwise.",
        "TIME",
        takes=MOMENT,
        pattern=f"^{_MOMENT}$",
    ),
    Option(
        "anchor",
        "From when durations count: git (the newest commit of the resource's lines), or a time.",
        "WHEN",
        takes=f"git or {MOMENT}",
        pattern=f"^(git|{_MOMENT})$",
    ),
    Option(
        "expired", "What becomes of expired access: isolation without rules, or nothing.", choices=("isolate", "remove")
    ),
    Option(
        "severity",
        "Severity of one finding: off, info, warning or error.",
        "ID=LEVEL",
        form="mapping",
        takes="off, info, warning or error",
    ),
    Option("exclude", "Files to leave out, as a glob below the source.", "GLOB", form="list", takes="a glob"),
)
"""The options of everything that compiles."""

SOURCES = Option(
    "sources",
    "What is read when the command line names no SOURCE; paths are relative to the file.",
    "SOURCE",
    form="list",
    takes="a SOURCE",
    pattern=r"\S",
)
LAYOUT = Option(
    "layout",
    "One file for each policy, for each namespace, or for all.",
    choices=("policy", "namespace", "single"),
)

INTENTS = Option(
    "intents",
    "What becomes of MaxTac's resources in what is passed through: a cluster without its CRDs cannot take them.",
    choices=("keep", "drop"),
)

ASSUMPTIONS = (
    Option(
        "ipBlocks",
        "Whom address blocks mean besides what is outside of the cluster: pods with known addresses, nobody, or any pod"
        " whose address is not known, too. Network plugins differ.",
        choices=("pods", "outside", "any"),
    ),
    Option(
        "hostNetwork",
        "Whether policies know pods on their node's network as pods, or by the node's address only, as most network"
        " plugins do.",
        choices=("pod", "node"),
    ),
    Option(
        "longNames",
        "Whether policies with names over 63 characters are enforced; some network plugins ignore them.",
        choices=("enforced", "ignored"),
    ),
)
"""What network plugins decide differently; for whatever asks what policies mean."""

SETTINGS = (SOURCES, *OPTIONS, LAYOUT, INTENTS, *ASSUMPTIONS)
"""All that a configuration may say."""

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
