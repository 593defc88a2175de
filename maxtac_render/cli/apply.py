"""Make a cluster's policies those that manifests ask for.

SOURCE is a file, a directory (all *.yaml, *.yml and *.json below it), git:REV[:PATH], - for standard input, or live:
for the cluster's own MaxTac resources and Services; without one it is the working directory. What it asks for is
created, changed where it differs, and what the set has too much is deleted, last, so that a policy under a new name is
there before the old one goes. Nothing is written that is as it is to be.

A set is what one repository, or one part of it, renders: --set names it. Only policies that maxtac apply has written
for this set are ever changed or deleted. A policy of somebody else that has the name of one of ours is reported, and
left alone; maxtac adopt takes it over.

Findings do not keep the rest from being applied. The policies of a resource that is invalid or says too little stay as
they are. A target, a port, an address or a deadline that is unusable costs the policy that rule, and what has expired
is closed. Nothing is deleted if a part of the input cannot be read, if nothing at all would be left (--allow-empty), or
if that is more than --prune-limit: a policy that goes may leave its pods open to everybody.

With -n NS, policies of other namespaces are made and changed, but none is deleted there. Of live: only NS is read then,
what is in no namespace, and the Services elsewhere that something in there names as targets.

--dry-run=client only says what would be done, and needs no permission to write. --dry-run=server asks the API server to
judge every write, and changes nothing. --shadow writes nothing either, and prints what the writes would do: which
connections open and close, and which pods become isolated or open, as maxtac diff prints it.

Interrupted by Ctrl-C or SIGTERM it lets what is under way end, says what was done, and can be run again to go on.

Exit codes: 0 the cluster is as it is to be; 1 findings at or above --fail-on, policies that could not be written or
that a gate keeps; 2 could not run, or may not write; 130 and 143 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import click

from maxtac_render.cli import deeds, exits, pages, parameters, publishing, reaching, writing
from maxtac_render.cli.compilation import Compilation, count
from maxtac_render.cli.console import Console
from maxtac_render.cli.deeds import Deed
from maxtac_render.cli.table import chosen
from maxtac_render.cli.writing import WRITTEN, Cluster, named
from maxtac_render.engine.pruning import Gate, Gates, Group, Verdict, group, judge, limit, opened
from maxtac_render.engine.revocations import ended
from maxtac_render.engine.settling import Foreign, Scope, Settlement, report_foreign, settle, step
from maxtac_render.live.outcomes import Outcome, Why
from maxtac_render.live.writes import Manner
from maxtac_render.model.catalogue import Code, Severity
from maxtac_render.model.changes import Change
from maxtac_render.model.diagnostics import listed
from maxtac_render.model.intent import Direction
from maxtac_render.model.objects import ObjectRef
from maxtac_render.model.ownership import APPLY

SECTION = "Cluster"

FOREIGN = Why.FOREIGN.word

CHOSEN = frozenset({Gate.OFF, Gate.NAMESPACE})
"""Gates that somebody shut by will: what they keep is no failure."""


@click.command(
    cls=pages.Command,
    help=__doc__,
    epilog=pages.examples(
        "maxtac apply deploy/ --set shop                       make the cluster's policies those of deploy/",
        "maxtac apply deploy/ --set shop --dry-run=client      what would be done?",
        "maxtac apply deploy/ --set shop --shadow              what would that open and close?",
        "maxtac apply live: --set cluster                      once, what maxtac watch does for ever",
        "maxtac apply deploy/ --set shop -n shop --no-prune    delete nothing",
        "kustomize build overlays/prod | maxtac apply - --set shop --context prod",
    ),
)
@click.argument("sources", nargs=-1, metavar="[SOURCE]...", type=click.Path())
@click.option(
    "--prune/--no-prune",
    default=True,
    show_default=True,
    cls=pages.Option,
    section=WRITTEN,
    help="Delete policies of the set that nothing asks for any more.",
)
@click.option(
    "--prune-limit",
    type=click.IntRange(0),
    metavar="N",
    cls=pages.Option,
    section=WRITTEN,
    help="Delete nothing if it were more than N policies.  [default: a fifth of the set's, but at least 10]",
)
@click.option(
    "--allow-empty",
    is_flag=True,
    cls=pages.Option,
    section=WRITTEN,
    help="Delete policies even if nothing at all is asked for.",
)
@click.option(
    "--dry-run",
    type=click.Choice(("none", "client", "server")),
    default="none",
    show_default=True,
    cls=pages.Option,
    section=WRITTEN,
    help="Write nothing: only say what would be done, or let the API server judge it.",
)
@click.option(
    "--shadow",
    is_flag=True,
    cls=pages.Option,
    section=WRITTEN,
    help="Write nothing, and print which connections and pods it would open, close and isolate.",
)
@writing.concurrency
@writing.output
@parameters.compiling
@parameters.assuming
@reaching.reaching
@parameters.talking
@publishing.reporting
def command(**given: Any) -> int:
    """Apply, and return the exit code."""
    if given["shadow"] and (given["dry_run"] != "none" or given["output"] == "name"):
        words = "--shadow prints what would open and close: it excludes --dry-run and -o name"
        raise click.UsageError(words, click.get_current_context())
    console = Console(parameters.manner(given))
    voice = publishing.voice(given, sys.stderr)
    task = _task(given, console)
    told, outcome, signal = _carried_out(task, given)
    _report(task, outcome)
    texts = _texts(task, told, bool(signal), given, console)
    console.put(texts, sys.stdout)
    publishing.publish(task.run, console, voice)
    for line in _remarks(task, told, outcome):
        console.complain(line)
    if signal:
        numbers = f"{len(outcome.done):,} of {count(len(outcome.results), 'change')}"
        console.complain(f"interrupted: {numbers} made; run it again to make the others")
    console.summary(deeds.summary(told), task.run.report)
    return 128 + signal if signal else _code(task, outcome, console)


def _texts(
    task: Task, told: Sequence[Deed], interrupted: bool, given: Mapping[str, Any], console: Console
) -> Iterable[str]:
    """What goes to standard output: what was done, or with --shadow what it would open and close."""
    if not given["shadow"]:
        manner = deeds.Manner(task.scope.set, given["dry_run"], interrupted)
        return deeds.FORMATS[given["output"]](told, manner)
    from maxtac_render.cli import comparing, shadow  # noqa: PLC0415 - only for whoever asks

    account = shadow.foreseen(shadow.read(given, console), task.changes, task.run.options, comparing.LAYERS)
    return comparing.load(given["output"])(account, colour=console.coloured(sys.stdout))


class Task(NamedTuple):
    """What there is to do: a cluster, what is asked of it, and which deletes may be made."""

    cluster: Cluster
    scope: Scope
    run: Compilation
    settlement: Settlement
    verdict: Verdict
    gates: Gates
    dry: bool
    """Whether nothing is to be written."""

    @property
    def changes(self) -> list[Change]:
        """The changes that may be made."""
        return [*(each for each in self.settlement.changes if each.action != "delete"), *self.verdict.deletes]


def _task(given: dict[str, Any], console: Console) -> Task:
    """Look at the cluster, compile, and decide."""
    if given["allow_empty"]:
        lenient = ((code, Severity.INFO) for code in (Code.NO_INTENTS, Code.NO_POLICIES))
        given["severity"] = (*lenient, *given["severity"])
    cluster, run = writing.compared(given, console)
    options, found = run.options, run.report.sorted()
    scope = Scope(options.set, APPLY, options.namespace)
    settlement = settle(run.output.policies, found, cluster.policies.values(), scope)
    gates = Gates(
        given["prune"],
        given["prune_limit"],
        given["allow_empty"],
        {options.namespace} if options.namespace else None,
        frozenset({Gate.MISSING} if any(each.code is Code.NOT_INSTALLED for each in found) else ()),
    )
    if options.expired == "remove":
        gates = gates._replace(seen=ended((each.applied.policy for each in settlement.deletes), found))
    dry = given["shadow"] or given["dry_run"] != "none"
    return Task(cluster, scope, run, settlement, judge(settlement, gates), gates, dry)


def _carried_out(task: Task, given: Mapping[str, Any]) -> tuple[list[Deed], Outcome, int]:
    """Do it, as far as that is asked for: what became of every policy, and the signal that ended it."""
    changes, outcome, signal = task.changes, Outcome(()), 0
    if given["shadow"] or given["dry_run"] == "client":
        told = [deeds.done(each) for each in changes]
    else:
        manner = Manner(given["concurrency"], given["dry_run"] == "server", writing.PATIENCE)
        with writing.stopping() as stop:
            outcome = task.cluster.write(changes, partial(step, scope=task.scope), manner, stop)
        told = [deeds.deed(each) for each in outcome.results]
        signal = stop.signal
    told += _left_alone(task)
    return sorted(told, key=lambda each: each.ref), outcome, signal


def _left_alone(task: Task) -> Iterator[Deed]:
    """What is not to be changed, and why."""
    settlement = task.settlement
    yield from (Deed(each.ref, "unchanged") for each in settlement.unchanged)
    yield from (Deed(each.wanted.ref, "foreign", FOREIGN, each.whose(task.scope)) for each in settlement.foreign)
    yield from (Deed(each.applied.ref, "held", "held", each.why) for each in settlement.held)
    for gate, changes in task.verdict.blocked.items():
        yield from (Deed(each.ref, "blocked", gate.word, gate.message) for each in changes)


def _report(task: Task, outcome: Outcome) -> None:
    """Report whose policies were in the way, also those that were seen only when it was tried."""
    late = (Foreign(each.change.applied, each.found) for each in outcome.skipped if each.found and each.change.after)
    report_foreign((*task.settlement.foreign, *late), task.scope, task.run.report)


def _remarks(task: Task, told: Sequence[Deed], outcome: Outcome) -> Iterator[str]:
    """What is to be said besides: what failed, what stays and why, and whose pods are open now."""
    yield from writing.remarks(outcome)
    held: dict[str, list[ObjectRef]] = {}
    for each in task.settlement.held:
        held.setdefault(each.why, []).append(each.applied.ref)
    for why, refs in held.items():
        yield f"{named(refs)} left as it is: {why}"
    for gate, changes in task.verdict.blocked.items():
        yield f"{named([each.ref for each in changes])} not asked for any more, and kept: {_why(gate, task)}"
    yield from _open(task, {each.ref for each in told if each.result in deeds.DONE.values()})


def _open(task: Task, made: set[ObjectRef]) -> Iterator[str]:
    """The pods that no policy closes any more after the changes that were made, a line for those of each selector."""
    changes = [each for each in task.changes if each.ref in made]
    remaining = [each.applied.policy for each in task.cluster.policies.values() if each.ref not in made]
    remaining += [each.after.policy for each in changes if each.after is not None]
    sides: dict[Group, Direction] = {}
    for change, side in opened(changes, remaining):
        pods = group(change._replace(after=None))
        sides[pods] = sides.get(pods, Direction.NONE) | side
    verb = "would be" if task.dry else "is"
    for (namespace, subject), side in sides.items():
        words = "ingress and egress" if side is Direction.ALL else side.word
        yield f"pods {chosen(subject)} in {namespace}: no policy {verb} left that closes {words}"


def _why(gate: Gate, task: Task) -> str:
    """Why deletes are not made, and what helps."""
    match gate:
        case Gate.LIMIT:
            number = len(task.verdict.blocked[gate])
            return f"{gate.message} ({limit(task.settlement.owned, task.gates)}); --prune-limit {number} lets them go"
        case Gate.EMPTY:
            return f"{gate.message}; --allow-empty lets them go"
        case Gate.UNREAD:
            places = listed(dict.fromkeys(str(each.origin) for each in task.settlement.unread))
            return f"{gate.message} ({places}); mend it, or leave it out with --exclude"
        case _:
            return gate.message


def _code(task: Task, outcome: Outcome, console: Console) -> int:
    """The exit code: what could not be done asks for one, and so do gates that nobody shut by will, and findings."""
    kept = any(gate not in CHOSEN for gate in task.verdict.blocked)
    return writing.missed(outcome) or (exits.FOUND if kept else console.code(task.run.report))
