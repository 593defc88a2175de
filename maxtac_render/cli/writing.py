"""What the commands that write into a cluster have in common: what is there, the way to write, and how it is ended."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from typing import Any

import click

from maxtac_render.cli import compilation, deeds, exits, parameters, reaching
from maxtac_render.cli.compilation import Compilation
from maxtac_render.cli.console import Console
from maxtac_render.cli.pages import Option
from maxtac_render.engine.settling import Scope
from maxtac_render.live import access
from maxtac_render.live.access import Access
from maxtac_render.live.client import Client
from maxtac_render.live.faults import ClusterFault, Refused
from maxtac_render.live.kinds import DEPLOYMENTS, NETWORK_POLICIES
from maxtac_render.live.objects import stored
from maxtac_render.live.outcomes import Outcome, Why
from maxtac_render.live.writes import ANSWERED_WITHIN, CONCURRENCY, MOST_CONCURRENCY, Decide, Guard, Manner, Writer
from maxtac_render.model.changes import Change
from maxtac_render.model.diagnostics import Report, listed
from maxtac_render.model.errors import SourceFault
from maxtac_render.model.objects import ObjectRef, Origin
from maxtac_render.model.ownership import is_written
from maxtac_render.model.stored import Stored

WRITTEN = "What is written"

CONTROLLER = "app.kubernetes.io/name=maxtac,control-plane=controller-manager"
"""What its manifests label the MaxTac controller with."""

UNREACHED = frozenset({Why.FORBIDDEN, Why.THROTTLED, Why.UNANSWERED})
"""Why a write failed of which the API server never heard, or which we may not make."""

PATIENCE = 60.0
"""Seconds for which a write is tried that the API server has no time for, or does not answer."""


def require_set(given: Mapping[str, Any]) -> None:
    """Without the name of a set it is not known whose policies are written: that is wrong usage."""
    if not given["set"]:
        words = "whose policies are these? name their set, such as --set shop; no others are changed or deleted"
        raise click.UsageError(words, click.get_current_context())


def concurrency(function: Any) -> Any:
    """Give a command the option of how many writes are under way at once."""
    option = click.option(
        "--concurrency",
        type=click.IntRange(1, MOST_CONCURRENCY),
        metavar="N",
        default=CONCURRENCY,
        show_default=True,
        cls=Option,
        section=WRITTEN,
        help=f"How many writes are under way at once, at most {MOST_CONCURRENCY}.",
    )
    return option(function)


def output(function: Any) -> Any:
    """Give a command the option of how it says what it did."""
    option = click.option(
        "-o",
        "--output",
        type=click.Choice(tuple(deeds.FORMATS)),
        default="text",
        show_default=True,
        cls=Option,
        section=WRITTEN,
        help="Format on standard output.",
    )
    return option(function)


def compared(given: Mapping[str, Any], console: Console) -> tuple[Cluster, Compilation]:
    """The cluster with its policies as they are, and what they are to be.

    The cluster comes first: a policy that is made meanwhile is missing then, and does not look as if nobody wanted it.
    With a namespace, policies are looked at there, and where some are asked for.
    """
    require_set(given)
    namespace, cluster = parameters.options(given).namespace, Cluster(given)
    cluster.look([namespace])
    run = compilation.run(given, console)
    if namespace:
        cluster.look(sorted({policy.namespace for policy in run.output.policies} - {namespace}))
    return cluster, run


class Cluster:
    """The cluster that a command writes to, and the policies that were seen in it."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given
        self._way: Access = access.load(reaching.choice(given))
        self.policies: dict[tuple[str, str], Stored] = {}
        """All that are understood, by namespace and name."""

    @property
    def name(self) -> str:
        """The cluster, as messages name it."""
        return self._way.context or self._way.server

    def look(self, namespaces: Iterable[str]) -> None:
        """See the policies of these namespaces; an empty name is all of them.

        Raises ClusterFault where the cluster cannot be reached, and SourceFault where we may not look.
        """
        take = partial(stored, origin=Origin(f"live:{self.name}", 0, 0), report=Report())
        with closing(Client(self._way, reaching.choice(self._given).timeout)) as client:
            for namespace in namespaces:
                for found in _listed(client, take, namespace):
                    policy = found.applied.policy
                    self.policies[policy.namespace, policy.name] = found

    def is_ours(self, ref: ObjectRef, scope: Scope) -> bool:
        """Tell whether a policy was there when somebody looked, and was ours to write."""
        found = self.policies.get((ref.namespace, ref.name))
        return found is not None and is_written(dict(found.applied.policy.labels), scope.set, scope.writer)

    def controllers(self) -> list[str]:
        """The Deployments that look like the MaxTac controller, and run; none where we may not look."""
        with closing(Client(self._way, reaching.choice(self._given).timeout)) as client:
            try:
                found = client.list(DEPLOYMENTS, _running, selector=CONTROLLER).items
            except ClusterFault:
                return []
        return [name for name in found if name]

    def write(self, changes: Sequence[Change], decide: Decide, manner: Manner, stop: threading.Event) -> Outcome:
        """Make changes, as long as nobody stops it."""
        limit = self._given["request_timeout"]
        seconds = ANSWERED_WITHIN if limit is None else limit or None
        with closing(Client(self._way, seconds)) as client, closing(Writer(client, decide, manner, Guard(stop))) as to:
            try:
                return to.execute(changes, {each.ref: each for each in self.policies.values()})
            except KeyboardInterrupt:
                client.close()  # what is under way is not waited for
                raise


def _running(deployment: Mapping[str, Any]) -> str:
    """The name of a Deployment that runs, and is none of ours; else nothing."""
    metadata, spec = deployment.get("metadata") or {}, deployment.get("spec") or {}
    containers = ((spec.get("template") or {}).get("spec") or {}).get("containers") or ()
    ours = any("watch" in (each.get("args") or ()) for each in containers)
    return "" if ours or spec.get("replicas") == 0 else f"Deployment {metadata.get('namespace')}/{metadata.get('name')}"


def _listed(client: Client, take: Callable[[dict[str, Any]], Stored | None], namespace: str) -> Iterable[Stored]:
    try:
        return filter(None, client.list(NETWORK_POLICIES, take, namespace).items)
    except Refused as refused:
        if refused.status.code != 403:
            raise
        where = f" in {namespace}" if namespace else ""
        words = f"no permission to list {NETWORK_POLICIES.resource}{where} ({refused.status.message})"
        advice = "give it to this user" if namespace else "give it to this user, or name one namespace with -n"
        raise SourceFault(f"{words}; {advice}") from refused


def remarks(outcome: Outcome) -> Iterator[str]:
    """What the API server warned of, and what could not be written, and why.

    That the run was ended is told once, and that a name is taken is a finding.
    """
    for each in outcome.done:
        yield from (f"{named([each.change.ref])}: the API server warns: {text}" for text in each.warnings)
    groups: dict[str, list[ObjectRef]] = {}
    for each in (*outcome.failed, *outcome.skipped):
        if each.why is not Why.STOPPED and not (each.found and each.change.after):
            groups.setdefault(each.message, []).append(each.change.ref)
    for message, refs in groups.items():
        yield f"{named(refs)} not written: {message}"
    if any(each.why is Why.FORBIDDEN for each in outcome.failed):
        yield f"this takes the verbs get, list, create, patch and delete on {NETWORK_POLICIES.resource}"


def named(refs: Sequence[ObjectRef]) -> str:
    """Policies as messages name them; of many only some."""
    names = [f"{each.namespace}/{each.name}" for each in refs]
    return f"networkpolicy {names[0]}" if len(names) == 1 else f"{len(names):,} policies ({listed(names)})"


def missed(outcome: Outcome) -> int:
    """The exit code that is due to what could not be written; 0 where all could."""
    every = (*outcome.failed, *outcome.skipped)
    if any(each.why in UNREACHED for each in every):
        return exits.FAILED
    return exits.FOUND if every else exits.CLEAN


class Stop(threading.Event):
    """Whether the work is to end, and by which signal (0: none)."""

    signal = 0


@contextmanager
def stopping() -> Iterator[Stop]:
    """Let Ctrl-C and SIGTERM end the work in an orderly way; whoever is impatient and sends a second one ends it."""
    stop = Stop()

    def heard(number: int, _frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.signal = number
        stop.set()

    before = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
