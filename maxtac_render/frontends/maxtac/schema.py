"""Schemas of the MaxTac kinds, from one description: CRDs for the API server, and JSON Schemas for editors.

Both refuse what is an error in a resource by itself, and take the rest. A rule is a CEL one where its message helps; in
lists, which the original CRDs do not limit, patterns must do: the API server refuses CEL there for its cost. They also
leave out what CEL does not have before Kubernetes 1.25.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from maxtac_render.frontends.maxtac.resources import PORTS
from maxtac_render.model.intent import EXPIRES_AT, GROUP, KINDS, VERSION, WORDS, Kind
from maxtac_render.model.names import LONGEST_LABEL, LONGEST_NAME
from maxtac_render.model.ports import PROTOCOLS
from maxtac_render.model.selectors import OPERATORS

Schema = dict[str, Any]


class Node(NamedTuple):
    """One value of a resource. ``shared`` keywords mean the same in both schemas, the others stand in one of them.

    A mapping has ``fields``, or any keys with ``values``; a list has ``items``. A ``nullable`` field may be null, which
    the API server drops by itself.
    """

    type: str
    description: str = ""
    shared: Mapping[str, Any] = {}
    crd: Mapping[str, Any] = {}
    editor: Mapping[str, Any] = {}
    fields: Mapping[str, Node] = {}
    required: tuple[str, ...] = ()
    values: Node | None = None
    items: Node | None = None
    nullable: bool = False


# Patterns use what regular expressions of Go, ECMAScript and Python have in common. Those that CEL takes have no
# backslash, which it would need twice.
_HEX = "[0-9A-Fa-f]{1,4}"
_BYTE = "(25[0-5]|(2[0-4]|1[0-9]|[1-9]?)[0-9])"
_IPV4 = f"{_BYTE}([.]{_BYTE}){{3}}"


def _around(groups: int) -> str:
    """Groups of an IPv6 address with ``::`` among them."""
    return "|".join(f"({_HEX}:){{1,{groups - after}}}(:{_HEX}){{1,{after}}}" for after in range(1, groups))


_IPV6 = (
    f"({_HEX}:){{7}}{_HEX}|({_HEX}:){{1,7}}:|{_around(7)}|:((:{_HEX}){{1,7}}|:)"
    f"|(({_HEX}:){{6}}|({_HEX}:){{1,5}}:|({_around(5)}|:(:{_HEX}){{0,5}}):){_IPV4}"
)
CIDR = f"^({_IPV4}(/([12]?[0-9]|3[0-2]))?|({_IPV6})(/([1-9]?[0-9]|1[01][0-9]|12[0-8]))?)$"
"""An address range, or one address."""
_ZERO = "0{1,4}:"
_LAST = f"({_HEX}:{_HEX}|[0-9]+[.][0-9.]+)"
MAPPED = f"^((::|({_ZERO})+:?)({_ZERO})*[Ff]{{4}}:{_LAST}|({_ZERO}){{5}}[Ff]{{4}}:(:({_HEX})?|{_HEX}::))(/|$)"
"""How an IPv6 address begins that stands for an IPv4 one; no policy takes it."""

_NAME = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
DNS_LABEL = f"^{_NAME}$"
_SUBDOMAIN = "([a-z0-9]+([.]|-+))*[a-z0-9]+"
_QUALIFIED = "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
LABEL_VALUE = f"^({_QUALIFIED})?$"
LABEL_KEY = (f"^({_SUBDOMAIN}/)?[^/]+$", f"^([^/]{{1,{LONGEST_NAME}}}/)?{_QUALIFIED}$")
"""The key of a label, by what stands before its slash and what behind it: in one pattern, CEL would find it costly."""

_DAYS = "[0-9]{1,6}d"
_GO_DURATION = "[+]?(([0-9]+([.][0-9]*)?|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+"
DURATION = f"^({_DAYS}|{_GO_DURATION})?$"
LONGEST_DAYS = 106751
"""Whole days that a Go duration holds."""
MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$"


def _any_case(word: str) -> str:
    return "".join(f"[{letter.upper()}{letter.lower()}]" for letter in word)


_PROTOCOLS = "|".join(map(_any_case, PROTOCOLS))
_PORT = f"[0-9]{{1,5}}(-[0-9]{{1,5}})?(/({_PROTOCOLS}))?"
PORT_LIST = rf"^[,\s]*{_PORT}(\s*,[,\s]*{_PORT})*[,\s]*$"
DIRECTION = f"^({'|'.join(map(_any_case, WORDS))})?$"

_QUOTE = 'Quote values such as "yes", "on", "true" and "1": the API server takes strings only.'


def _rule(cel: str, message: str) -> Schema:
    return {"rule": cel, "message": message}


def _rules(*rules: Schema) -> Schema:
    return {"x-kubernetes-validations": list(rules)}


def _told(message: str) -> Schema:
    """What an editor says of a value that does not fit, instead of the pattern."""
    return {"errorMessage": message, "patternErrorMessage": message}


def _label_value() -> Node:
    """A label's value, where null is the empty text: dropped, it would leave a selector that selects more."""
    shared = {"maxLength": LONGEST_LABEL, "pattern": LABEL_VALUE}
    told = _told(f"not a label value. {_QUOTE}")
    return Node("string", "", shared, crd={"nullable": True}, editor=told, nullable=True)


def _selector(kind: Kind) -> Node:
    """The one field that every spec must have."""
    where = "of all namespaces" if kind.cluster else "of the resource's own namespace"
    key = {"allOf": [{"pattern": pattern} for pattern in LABEL_KEY]}
    message = "a key is a label key, such as app or example.com/tier"
    keys = [_rule(f"self.all(key, key.matches('{pattern}'))", message) for pattern in LABEL_KEY]
    return Node(
        "object",
        f"Selects Services {where} by their labels; all of it must hold. {{}} selects every Service. Without it "
        "nothing is selected.",
        crd={"x-kubernetes-map-type": "atomic"},
        editor={"examples": [{"matchLabels": {"app": "web"}}, {}]},
        fields={
            "matchLabels": Node(
                "object",
                f"Labels that a Service must have. {_QUOTE}",
                crd=_rules(*keys),
                editor={"propertyNames": key, "examples": [{"app": "web"}]},
                values=_label_value(),
                nullable=True,
            ),
            "matchExpressions": Node("array", "Conditions on labels.", items=_requirement(key), nullable=True),
        },
    )


def _requirement(key: Schema) -> Node:
    takes, alone = OPERATORS[:2], OPERATORS[2:]
    return Node(
        "object",
        crd=_rules(
            _rule(
                f"self.operator in {list(takes)} ? has(self.values) && self.values.size() > 0"
                " : !has(self.values) || self.values.size() == 0",
                f"{' and '.join(takes)} need values, {' and '.join(alone)} take none",
            )
        ),
        editor={
            "allOf": [
                _where_operator(
                    takes, {"properties": {"values": {"type": "array", "minItems": 1}}, "required": ["values"]}
                ),
                _where_operator(alone, {"properties": {"values": {"maxItems": 0}}}),
            ]
        },
        fields={
            "key": Node("string", "The label's key.", key, editor=_told("not a label key")),
            "operator": Node(
                "string",
                "In and NotIn compare the label's value with values; Exists and DoesNotExist ask for its key only. "
                "NotIn also holds where the label is missing.",
                {"enum": list(OPERATORS)},
            ),
            "values": Node("array", f"For In and NotIn. {_QUOTE}", items=_label_value(), nullable=True),
        },
        required=("key", "operator"),
    )


def _where_operator(words: Sequence[str], then: Schema) -> Schema:
    return {"if": {"properties": {"operator": {"enum": list(words)}}, "required": ["operator"]}, "then": then}


def _annotated(key: str) -> str:
    return (
        f"The annotation {key} of a Service overrides it. Without it that decides; a Service without both gets nothing."
    )


def _targets(kind: Kind) -> Node:
    missing = _annotated(kind.targets_annotation)
    if kind.external:
        told = "not an address range, such as 10.0.0.0/8 or 2001:db8::/32"
        cidr = Node("string", "", {"pattern": CIDR, "not": {"pattern": MAPPED}}, editor=_told(told))
        return Node(
            "array",
            "Address ranges outside the cluster that the selected Services may talk to, IPv4 or IPv6. A bare address "
            f"is that address alone; bits behind the prefix are cleared. {missing}",
            editor={"examples": [["192.0.2.0/24", "2001:db8::/32"]]},
            items=cidr,
            nullable=True,
        )
    return Node(
        "array",
        f"Services that the selected ones may talk to, each by its name. {missing}",
        editor={"examples": [[{"serviceName": "cart", "namespace": "shop"}]]},
        items=Node(
            "object",
            fields={
                "serviceName": _name("Name of the Service."),
                "namespace": _name("Namespace of the Service, also where it is the resource's own."),
            },
            required=("serviceName", "namespace"),
        ),
        nullable=True,
    )


def _name(description: str) -> Node:
    told = "not a name: lower-case letters, digits and hyphens, at most 63"
    return Node("string", description, {"maxLength": LONGEST_LABEL, "pattern": DNS_LABEL}, editor=_told(told))


def _direction(kind: Kind) -> Node:
    words = ", ".join(map(repr, WORDS))
    message = f"direction is one of {', '.join(WORDS)}, without blanks around it"
    return Node(
        "string",
        "Who may begin a connection, seen from the selected Services: ingress (the targets), egress (the Services) or "
        f"all. What is not opened in this direction is closed. {_annotated(kind.direction_annotation)}",
        crd=_rules(_rule(f"self == '' || self.lowerAscii() in [{words}]", message)),
        editor={"anyOf": [{"enum": list(WORDS)}, {"pattern": DIRECTION}, {"type": "null"}], **_told(message)},
        nullable=True,
    )


def _duration() -> Node:
    days = "int(self.substring(0, self.size() - 1))"
    message = "duration is a Go duration such as 1h30m, or whole days such as 7d, and at most 292 years"
    return Node(
        "string",
        "How long the access lasts: a Go duration such as 1h30m, or whole days such as 7d. In the cluster it counts "
        f"from the creation of the resource; files need --anchor, or the annotation {EXPIRES_AT} instead. Without it "
        "the access has no end.",
        crd=_rules(
            _rule(
                f"self == '' || (self.matches('^{_DAYS}$') ? {days} > 0 && {days} <= {LONGEST_DAYS}"
                f" : self.matches('^{_GO_DURATION}$') && duration(self) > duration('0s'))",
                message,
            )
        ),
        editor={
            "allOf": [{"pattern": DURATION}, {"pattern": "^$|[1-9]"}],
            "examples": ["7d", "1h30m"],
            **_told(message),
        },
        nullable=True,
    )


def spec(kind: Kind) -> Node:
    """What a resource of a kind says."""
    fields = {"serviceSelector": _selector(kind), kind.targets_field: _targets(kind), "direction": _direction(kind)}
    if kind.cluster and not kind.external:
        fields["mirrored"] = Node(
            "boolean",
            "Also write the matching policy on the side of each target. It isolates the target's pods. Without it only "
            "the pods of the selected Services are isolated.",
            editor={"default": False},
            nullable=True,
        )
    fields["duration"] = _duration()
    return Node("object", "What access is wanted.", fields=fields, required=("serviceSelector",))


def _objects(description: str) -> Node:
    entry = Node("object", fields={"name": Node("string"), "namespace": Node("string")}, required=("name", "namespace"))
    return Node("array", description, items=entry)


_CONDITION = Node(
    "object",
    fields={
        "type": Node("string", "What the condition is about.", crd={"maxLength": 316}),
        "status": Node("string", "Whether it holds.", {"enum": ["True", "False", "Unknown"]}),
        "reason": Node("string", "Why, in one word.", crd={"minLength": 1, "maxLength": 1024}),
        "message": Node("string", "Why, for people.", crd={"maxLength": 32768}),
        "lastTransitionTime": Node("string", "When status changed.", {"format": "date-time"}),
        "observedGeneration": Node(
            "integer", "The generation of the resource that was looked at.", crd={"format": "int64", "minimum": 0}
        ),
    },
    required=("type", "status", "reason", "message", "lastTransitionTime"),
)
STATUS = Node(
    "object",
    "What a controller has made of the resource; nothing reads it.",
    fields={
        "conditions": Node(
            "array",
            "What holds now.",
            crd={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
            items=_CONDITION,
        ),
        "netpols": _objects("NetworkPolicies that exist for the resource."),
        "services": _objects("Services that are selected."),
        "expirationTimestamp": Node("string", "When the access ends.", {"format": "date-time"}),
    },
)

_ABOUT = {
    "Access": "Access between the Services of a namespace and other Services.",
    "ClusterAccess": "Access between Services of all namespaces and other Services.",
    "ExternalAccess": "Access between the Services of a namespace and addresses outside the cluster.",
    "ClusterExternalAccess": "Access between Services of all namespaces and addresses outside the cluster.",
}
SHORT_NAMES = {"Access": "acc", "ClusterAccess": "cacc", "ExternalAccess": "eacc", "ClusterExternalAccess": "ceacc"}
CATEGORY = "maxtac"


def crd(kind: Kind) -> Schema:
    """The CustomResourceDefinition of a kind."""
    singular = kind.name.lower()
    names = {
        "kind": kind.name,
        "listKind": f"{kind.name}List",
        "plural": kind.plural,
        "singular": singular,
        "shortNames": [SHORT_NAMES[kind.name]],
        "categories": [CATEGORY],
    }
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "additionalPrinterColumns": _columns(kind),
        "schema": {"openAPIV3Schema": _openapi(_stored(kind))},
        "subresources": {"status": {}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": names,
            "scope": "Cluster" if kind.cluster else "Namespaced",
            "versions": [version],
        },
    }


def _stored(kind: Kind) -> Node:
    """A resource in the cluster.

    Its spec is not required, as it is not in the original CRDs: a stored resource without one could no longer be
    changed at all, because the API server excuses an old fault only in a value that stays as it is, and the whole
    resource never does.
    """
    fields = {
        "apiVersion": Node("string", f"{GROUP}/{VERSION}"),
        "kind": Node("string", kind.name),
        "metadata": Node("object"),
        "spec": spec(kind),
        "status": STATUS,
    }
    return Node("object", _ABOUT[kind.name], fields=fields)


def _columns(kind: Kind) -> list[Schema]:
    """What ``kubectl get`` shows."""
    columns = [("Direction", ".spec.direction", "string")]
    if kind.cluster and not kind.external:
        columns.append(("Mirrored", ".spec.mirrored", "boolean"))
    columns += [
        ("Duration", ".spec.duration", "string"),
        ("Expires", ".status.expirationTimestamp", "string"),
        ("Ready", '.status.conditions[?(@.type=="Ready")].status', "string"),
        ("Age", ".metadata.creationTimestamp", "date"),
    ]
    shown: list[Schema] = [{"name": name, "jsonPath": path, "type": type_} for name, path, type_ in columns]
    with_wide_only = {"name": "Targets", "jsonPath": f".spec.{kind.targets_field}", "type": "string", "priority": 1}
    return [*shown, with_wide_only]


def _openapi(node: Node) -> Schema:
    """A node as a structural schema has it."""
    schema: Schema = {"type": node.type}
    if node.description:
        schema["description"] = node.description
    if node.items is not None:
        schema["x-kubernetes-list-type"] = "atomic"
    schema |= {**node.shared, **node.crd}
    if node.fields:
        schema["properties"] = {name: _openapi(field) for name, field in node.fields.items()}
    if node.required:
        schema["required"] = list(node.required)
    if node.values is not None:
        schema["additionalProperties"] = _openapi(node.values)
    if node.items is not None:
        schema["items"] = _openapi(node.items)
    return schema


def json_schema(kind: Kind) -> Schema:
    """The JSON Schema of a kind, for editors. Only here are names in metadata known and annotations read."""
    fields = {
        "apiVersion": Node("string", f"{GROUP}/{VERSION}", editor={"const": f"{GROUP}/{VERSION}"}),
        "kind": Node("string", _ABOUT[kind.name], editor={"const": kind.name}),
        "metadata": _metadata(kind),
        "spec": spec(kind),
        "status": Node("object", STATUS.description),
    }
    root = Node("object", _ABOUT[kind.name], fields=fields, required=("apiVersion", "kind", "metadata", "spec"))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": kind.name} | _draft(root)


def _metadata(kind: Kind) -> Node:
    """What people write in metadata; the rest of Kubernetes' own fields is known by name only."""
    place = "No meaning in this kind, which is cluster-wide." if kind.cluster else "Where the selected Services are."
    known = {
        "name": _object_name("Name of the resource; names of policies begin with it."),
        "namespace": _name(place),
        "labels": Node("object", _QUOTE, values=_label_value()._replace(nullable=False), nullable=True),
        "annotations": _annotations(kind),
    }
    rest = {name: Node(type_) for name, type_ in _OBJECT_META.items()}
    return Node("object", fields=known | rest, required=("name",))


_OBJECT_META = {
    "creationTimestamp": "",
    "deletionGracePeriodSeconds": "integer",
    "deletionTimestamp": "",
    "finalizers": "array",
    "generateName": "string",
    "generation": "integer",
    "managedFields": "array",
    "ownerReferences": "array",
    "resourceVersion": "string",
    "selfLink": "string",
    "uid": "string",
}
"""The other fields of metadata, with the types that matter to nobody left open."""


def _object_name(description: str) -> Node:
    shared = {"maxLength": LONGEST_NAME, "pattern": f"^{_SUBDOMAIN}$"}
    return Node("string", description, shared, editor=_told("not a name: lower-case letters, digits, hyphens and dots"))


def _annotations(kind: Kind) -> Node:
    fields = {
        EXPIRES_AT: Node(
            "string",
            "When the access ends, an RFC 3339 time. The earliest of this and the end of the duration counts.",
            {"pattern": MOMENT, "format": "date-time"},
            editor={"examples": ["2027-01-31T12:00:00Z"], **_told("not an RFC 3339 time such as 2027-01-31T12:00:00Z")},
        )
    }
    if kind.external:
        fields[PORTS] = Node(
            "string",
            "Ports to which egress to the targets is limited. Without it every port is open. The same annotation on a "
            "Service overrides it.",
            {"pattern": PORT_LIST},
            editor={"examples": ["443/TCP,53/UDP"], **_told("not a list of ports such as 443/TCP,8000-8100/UDP")},
        )
    return Node("object", _QUOTE, fields=fields, values=Node("string", editor=_told(_QUOTE)), nullable=True)


def _draft(node: Node) -> Schema:
    """A node as JSON Schema has it; mappings with known fields take no others."""
    schema: Schema = {}
    if node.type:
        schema["type"] = [node.type, "null"] if node.nullable else node.type
    if node.description:
        schema["description"] = node.description
    schema |= {**node.shared, **node.editor}
    if node.fields:
        schema["properties"] = {name: _draft(field) for name, field in node.fields.items()}
        schema["additionalProperties"] = False
    if node.required:
        schema["required"] = list(node.required)
    if node.values is not None:
        schema["additionalProperties"] = _draft(node.values)
    if node.items is not None:
        schema["items"] = _draft(node.items)
    return schema


def crds() -> list[Schema]:
    """The CustomResourceDefinitions of all kinds."""
    return [crd(kind) for kind in KINDS.values()]
