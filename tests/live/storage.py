"""What the fake API server stores: objects, every version of them, and a log of changes that can be compacted."""

from __future__ import annotations

import copy
import ipaddress
import re
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

Body = dict[str, Any]
Key = tuple[str, str]
"""Namespace and name."""
NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")

POLICY_FIELDS = {"podSelector", "policyTypes", "ingress", "egress"}
MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


class Kind(NamedTuple):
    """A row of the API: what a path leads to."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool = True

    @property
    def group(self) -> str:
        """The API group; empty for the core."""
        return self.api_version.rpartition("/")[0]

    @property
    def custom(self) -> bool:
        """Whether a CustomResourceDefinition makes it: it has a status of its own, and lists name the kind of items."""
        return self.group == "maxtac.vtk.io"

    @property
    def qualified(self) -> str:
        """As messages of the server name it: ``networkpolicies.networking.k8s.io``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


KINDS = (
    *(Kind("v1", kind, f"{kind.lower()}s") for kind in ("Service", "Pod", "Event", "ReplicationController", "Secret")),
    Kind("v1", "Namespace", "namespaces", namespaced=False),
    Kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"),
    Kind("coordination.k8s.io/v1", "Lease", "leases"),
    Kind("events.k8s.io/v1", "Event", "events"),
    *(Kind("apps/v1", kind, f"{kind.lower()}s") for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")),
    *(Kind("batch/v1", kind, f"{kind.lower()}s") for kind in ("Job", "CronJob")),
    *(Kind("maxtac.vtk.io/v1alpha1", kind, f"{kind.lower()}es") for kind in ("Access", "ExternalAccess")),
    *(
        Kind("maxtac.vtk.io/v1alpha1", kind, f"{kind.lower()}es", namespaced=False)
        for kind in ("ClusterAccess", "ClusterExternalAccess")
    ),
)


def kind_of(body: Body) -> Kind:
    """The row of a body's kind."""
    return next(kind for kind in KINDS if kind[:2] == (body["apiVersion"], body["kind"]))


def kind_named(plural: str) -> Kind:
    """The row of a plural."""
    return next(kind for kind in KINDS if kind.plural == plural)


class Refusal(Exception):
    """An answer that is no success."""

    def __init__(self, code: int, reason: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code, self.reason, self.message, self.details = code, reason, message, details
        self.meta: Body = {}

    def status(self) -> Body:
        """The Status object."""
        answer = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.meta,
            "status": "Failure",
            "message": self.message,
        }
        more = {"reason": self.reason, "details": self.details, "code": self.code}
        return answer | {key: value for key, value in more.items() if value}


class Change(NamedTuple):
    """An entry of the log; ``previous`` is the object before; of a deleted one ``object`` is the last state."""

    revision: int
    type: str
    object: Body
    previous: Body | None


class Write(NamedTuple):
    """What a write is about, besides its body."""

    kind: Kind
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    manager: str = "unknown"
    dry_run: bool = False
    strict: bool = False

    @property
    def key(self) -> Key:
        """What it writes."""
        return self.namespace, self.name


class Storage:
    """Objects by plural and key. Stored bodies are never changed, only replaced; ``changed`` guards everything."""

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.revision = 100
        self.compacted = 0
        self.log: defaultdict[str, list[Change]] = defaultdict(list)
        self._versions: defaultdict[str, dict[Key, list[tuple[int, Body | None]]]] = defaultdict(dict)

    def find(self, plural: str, key: Key) -> Body | None:
        """The object, if there is one."""
        versions = self._versions[plural].get(key)
        return versions[-1][1] if versions else None

    def get(self, kind: Kind, key: Key) -> Body:
        """The object; NotFound without."""
        found = self.find(kind.plural, key)
        if found is None:
            raise not_found(kind, key[1])
        return found

    def at(self, plural: str, revision: int) -> Iterator[tuple[Key, Body]]:
        """The objects as they were at a revision, in the order of their keys."""
        for key, versions in sorted(self._versions[plural].items()):
            body = next((body for at, body in reversed(versions) if at <= revision), None)
            if body is not None:
                yield key, body

    def create(self, write: Write, body: Body) -> tuple[Body, list[str]]:
        """Store a new object: what is stored, and the server's warnings."""
        kind, meta = write.kind, body.get("metadata", {})
        name = meta.get("name", "")
        if (body.get("apiVersion", kind.api_version), body.get("kind", kind.kind)) != kind[:2]:
            raise bad_request(f'no kind "{body.get("kind")}" is registered for this path')
        if meta.get("namespace", write.namespace) != write.namespace:
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
        self._open(kind, write.namespace, name)
        write = write._replace(name=name)
        warnings = admitted(write, body := copy.deepcopy(body))
        if self.find(kind.plural, (write.namespace, name)) is not None:
            raise Refusal(409, "AlreadyExists", f'{kind.qualified} "{name}" already exists', **_details(kind, name))
        if kind.custom:
            body.pop("status", None)
        meta = body["metadata"]
        meta |= {"uid": str(uuid.uuid4()), "creationTimestamp": now(), "generation": 1}
        meta.pop("resourceVersion", None)
        if kind.namespaced:
            meta["namespace"] = write.namespace
        meta["managedFields"] = [_managed(write, "Update")]
        body |= {"apiVersion": kind.api_version, "kind": kind.kind}
        if kind.kind == "Namespace":
            body.setdefault("status", {"phase": "Active"})
            meta["labels"] = {**meta.get("labels", {}), "kubernetes.io/metadata.name": name}
        return self._commit(write, "ADDED", body, None), warnings

    def update(self, write: Write, change: Callable[[Body], Body]) -> tuple[Body, list[str]]:
        """Store what ``change`` makes of an object, unless it asks for another uid or resourceVersion."""
        kind, old = write.kind, self.get(write.kind, write.key)
        new = change(copy.deepcopy(old))
        meta, before = new["metadata"], old["metadata"]
        if meta.get("resourceVersion", before["resourceVersion"]) != before["resourceVersion"]:
            raise stale(kind, write.name, MODIFIED)
        if meta.get("uid", before["uid"]) != before["uid"]:
            raise invalid(kind, write.name, "metadata.uid", f'Invalid value: "{meta["uid"]}": field is immutable')
        meta |= {key: before[key] for key in ("uid", "name", "creationTimestamp", "generation")}
        if write.subresource == "status":
            meta = {**before, "managedFields": meta["managedFields"]}
            new = {**old, "status": new.get("status", {}), "metadata": meta}
        else:
            meta["managedFields"] = before["managedFields"]
            new = {key: value for key, value in new.items() if key != "status" or not kind.custom}
            new |= {"status": old["status"]} if kind.custom and "status" in old else {}
        warnings = admitted(write, new)
        if new == old:
            return old, warnings
        fields = new["metadata"]["managedFields"]
        if write.manager not in {entry["manager"] for entry in fields}:
            fields = [*fields, _managed(write, "Update")]
        generation = before["generation"] + (new.get("spec") != old.get("spec"))
        new["metadata"] = {**new["metadata"], "generation": generation, "managedFields": fields}
        if before.get("deletionTimestamp") and not new["metadata"].get("finalizers"):
            return self._commit(write, "DELETED", new, old), warnings
        return self._commit(write, "MODIFIED", new, old), warnings

    def delete(self, write: Write, options: Body) -> Body:
        """Delete an object, or with finalizers mark it. What is no longer as the preconditions say stays."""
        kind, old = write.kind, self.get(write.kind, write.key)
        for field, label in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
            wanted, present = options.get("preconditions", {}).get(field), old["metadata"][field]
            if wanted not in (None, present):
                why = f"the {label} in the precondition ({wanted}) does not match the {label} in record ({present})"
                raise stale(kind, write.name, why)
        if kind.kind == "Namespace":
            status = {"status": {"phase": "Terminating"}}
            return self._commit(write, "MODIFIED", _marked(old) | status, old)
        if old["metadata"].get("finalizers"):
            return self._commit(write, "MODIFIED", _marked(old), old)
        return self._commit(write, "DELETED", copy.deepcopy(old), old)

    def _open(self, kind: Kind, namespace: str, name: str) -> None:
        if not kind.namespaced:
            return
        found = self.find("namespaces", ("", namespace))
        if found is None:
            raise Refusal(404, "NotFound", f'namespaces "{namespace}" not found', name=namespace, kind="namespaces")
        if "deletionTimestamp" in found["metadata"]:
            message = f"unable to create new content in namespace {namespace} because it is being terminated"
            cause = {"reason": "NamespaceTerminating", "field": "metadata.namespace"}
            cause["message"] = f"namespace {namespace} is being terminated"
            forbidden = f'{kind.qualified} "{name}" is forbidden: {message}'
            raise Refusal(403, "Forbidden", forbidden, **_details(kind, name), causes=[cause])

    def _commit(self, write: Write, event: str, body: Body, previous: Body | None) -> Body:
        if write.dry_run:
            return body
        self.revision += 1
        body["metadata"] = {**body["metadata"], "resourceVersion": str(self.revision)}
        stored = None if event == "DELETED" else body
        self._versions[write.kind.plural].setdefault(write.key, []).append((self.revision, stored))
        self.log[write.kind.plural].append(Change(self.revision, event, body, previous))
        self.changed.notify_all()
        return body


def now() -> str:
    """The moment, as metadata has it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def not_found(kind: Kind, name: str) -> Refusal:
    """No such object."""
    return Refusal(404, "NotFound", f'{kind.qualified} "{name}" not found', **_details(kind, name))


def stale(kind: Kind, name: str, why: str) -> Refusal:
    """Somebody else was faster."""
    message = f'Operation cannot be fulfilled on {kind.qualified} "{name}": {why}'
    return Refusal(409, "Conflict", message, **_details(kind, name))


def invalid(kind: Kind, name: str, field: str, why: str) -> Refusal:
    """A value that the server's validation refuses."""
    causes = [{"reason": "FieldValueInvalid", "message": why, "field": field}]
    message = f'{kind.kind}.{kind.group} "{name}" is invalid: {field}: {why}'
    return Refusal(422, "Invalid", message, name=name, group=kind.group, kind=kind.kind, causes=causes)


def bad_request(message: str) -> Refusal:
    """A request that does not fit its path."""
    return Refusal(400, "BadRequest", message)


def admitted(write: Write, body: Body) -> list[str]:
    """Default and validate a body in place; the server's warnings."""
    kind, name = write.kind, write.name
    if not NAME.fullmatch(name):
        raise invalid(kind, name, "metadata.name", f'Invalid value: "{name}": a lowercase RFC 1123 subdomain must ...')
    for field in ("labels", "annotations", "finalizers", "ownerReferences"):
        if not body["metadata"].get(field, True):
            del body["metadata"][field]
    for value in body["metadata"].get("labels", {}).values():
        if not LABEL_VALUE.fullmatch(value):
            raise invalid(kind, name, "metadata.labels", f'Invalid value: "{value}": must be no more than 63 bytes')
    return _admitted_policy(write, body.setdefault("spec", {})) if kind.kind == "NetworkPolicy" else []


def _admitted_policy(write: Write, spec: Body) -> list[str]:
    for field in sorted(set(spec) - POLICY_FIELDS):
        if write.strict:
            raise bad_request(f'NetworkPolicy cannot be handled: strict decoding error: unknown field "spec.{field}"')
        del spec[field]
    rules = [*(spec.get("ingress") or ()), *(spec.get("egress") or ())]
    for port in (port for rule in rules for port in rule.get("ports", ())):
        port.setdefault("protocol", "TCP")
    spec.setdefault("podSelector", {})
    spec.setdefault("policyTypes", ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])
    blocks = (peer.get("ipBlock") for rule in rules for side in ("from", "to") for peer in rule.get(side, ()))
    return [warning for block in blocks if block for warning in _admitted_cidr(write, block["cidr"])]


def _admitted_cidr(write: Write, cidr: str) -> list[str]:
    try:
        network = ipaddress.ip_network(cidr if "/" in cidr else "")
    except ValueError:
        raise invalid(write.kind, write.name, "spec", f'Invalid value: "{cidr}": must be a valid CIDR value') from None
    canonical = str(network) == cidr
    return [] if canonical else [f'spec: IPv6 CIDR value "{cidr}" should be in RFC 5952 canonical format ("{network}")']


def _details(kind: Kind, name: str) -> Body:
    return {"name": name, "kind": kind.plural} | ({"group": kind.group} if kind.group else {})


def _managed(write: Write, operation: str) -> Body:
    return {"manager": write.manager, "operation": operation, "apiVersion": write.kind.api_version, "time": now()}


def _marked(old: Body) -> Body:
    return {**old, "metadata": {"deletionTimestamp": now(), "deletionGracePeriodSeconds": 0, **old["metadata"]}}
