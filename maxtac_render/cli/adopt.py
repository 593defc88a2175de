"""Take over policies of others that have the names of ours: the MaxTac controller's, another set's, somebody's.

maxtac apply leaves alone what it has not written itself. Of the policies that SOURCE asks for, this shows those that
somebody else has in the cluster: whose they are, which of their fields would change, and which connections that opens
and closes. With --yes, or a y on the terminal, it makes them ours, each by one write: the spec is the one that SOURCE
asks for, our labels say that the policy is of the set, and the controller's labels and the owner references go, by
which the garbage collector would take it away. What others added stays. No other policy is touched.

Take over from the MaxTac controller when it does not run any more: scale its Deployment to 0 first. The policies that
it left behind, which no resource and no Service asks for, are named; they stay open until somebody deletes them.

Exit codes: 0 taken over, or nothing to take over; 1 nothing done for want of a yes, findings at or above --fail-on, or
policies that could not be written; 2 could not run, or may not write; 130 and 143 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import click

from maxtac_render.assembly.behind import report_leftovers
from maxtac_render.cli import (
    comparing,
    deeds,
    exits,
    pages,
    parameters,
    publishing,
    reaching,
    shadow,
    writing,
)
from maxtac_render.cli.compilation import Compilation, count
from maxtac_render.cli.console import Console, terminal
from maxtac_render.cli.writing import WRITTEN, Cluster
from maxtac_render.engine.settling import Foreign, Scope, settle
from maxtac_render.engine.soundness import doubts
from maxtac_render.engine.taking import take, taken
from maxtac_render.live.outcomes import Outcome
from maxtac_render.live.writes import Manner
from maxtac_render.model.changes import Change, meaning
from maxtac_render.model.errors import EnvironmentFault
from maxtac_render.model.objects import Resource
from maxtac_render.model.ownership import APPLY, WATCH
from maxtac_render.reports.text import visible

SECTION = "Cluster"

ADOPTED = {"create": "created", "patch": "adopted"}
"""What a policy is called that was taken over, and one that was gone when it was to be."""


@click.command(
    cls=pages.Command,
    help=__doc__,
    epilog=pages.examples(
        "maxtac adopt deploy/ --set shop                    what could be taken over, and what would that change?",
        "maxtac adopt deploy/ --set shop --yes              take it over",
        "maxtac adopt deploy/ --set shop --policy shop/web-in--shop-web---cart-shop-ing    only this one",
        "maxtac adopt live: --set maxtac --writer watch     for maxtac watch, in place of the MaxTac controller",
    ),
)
@click.argument("sources", nargs=-1, metavar="[SOURCE]...", type=click.Path())
@click.option(
    "--policy",
    "policies",
    multiple=True,
    metavar="NAMESPACE/NAME",
    cls=pages.Option,
    section=WRITTEN,
    help="Take over this policy; otherwise all that can be. Repeatable.",
)
@click.option("-y", "--yes", is_flag=True, cls=pages.Option, section=WRITTEN, help="Do it, and do not ask.")
@click.option(
    "--writer",
    type=click.Choice((APPLY, WATCH)),
    default=APPLY,
    show_default=True,
    cls=pages.Option,
    section=WRITTEN,
    help="Who is to write the policies from then on: maxtac apply, or maxtac watch.",
)
@writing.concurrency
@writing.output
@parameters.compiling
@parameters.assuming
@reaching.reaching
@parameters.talking
@publishing.reporting
def command(**given: Any) -> int:
    """Adopt, and return the exit code."""
    console = Console(parameters.manner(given))
    voice = publishing.voice(given, sys.stderr)
    task = _task(given, console)
    there = _there(task, given, console)
    publishing.publish(task.run, console, voice)
    _explain(task, there, console)
    if not task.changes:
        console.summary("nothing to take over", task.run.report)
        return exits.FOUND if task.left else console.code(task.run.report)
    if not (given["yes"] or _asked(task)):
        console.complain("nothing was changed; --yes does it")
        return exits.FOUND
    return _taken(task, given, console)


class Task(NamedTuple):
    """What may be taken over in a cluster, and the changes that do it."""

    cluster: Cluster
    scope: Scope
    run: Compilation
    foreign: Sequence[Foreign]
    changes: Sequence[Change]
    left: Sequence[str]
    """What is not taken over though it was named, or might have been, and why."""


def _task(given: Mapping[str, Any], console: Console) -> Task:
    cluster, run = writing.compared(given, console)
    options = run.options
    scope, found = Scope(options.set, given["writer"], options.namespace), run.report.sorted()
    settlement = settle(run.output.policies, found, cluster.policies.values(), scope)
    chosen, left = _chosen(settlement.foreign, given["policies"])
    doubted = doubts(found, options.namespace)
    judged = [(each, doubted.freezes(dict(each.wanted.policy.annotations))) for each in chosen]
    left += [f"{_name(each)} is not taken over: {why}" for each, why in judged if why]
    sound = [each for each, why in judged if not why]
    return Task(cluster, scope, run, sound, [taken(each.wanted, each.stored) for each in sound], left)


def _chosen(foreign: Sequence[Foreign], names: Sequence[str]) -> tuple[list[Foreign], list[str]]:
    """Those that were named, or all; and which of the names mean nothing that can be taken over."""
    if not names:
        return list(foreign), []
    known = {_name(each): each for each in foreign}
    lost = [f"{name} is not asked for, not there, or ours already" for name in names if name not in known]
    return [known[name] for name in dict.fromkeys(names) if name in known], lost


def _name(foreign: Foreign) -> str:
    return f"{foreign.wanted.ref.namespace}/{foreign.wanted.ref.name}"


def _there(task: Task, given: Mapping[str, Any], console: Console) -> list[Resource]:
    """All that is in the cluster; nothing where we may not read it. What the controller left behind is reported."""
    try:
        there = shadow.read(given, console)
    except EnvironmentFault as fault:
        console.complain(f"what that opens and closes, and what the MaxTac controller left, is not known: {fault}")
        return []
    taken_over = {each.ref for each in task.changes}
    left = [each for each in there if each.ref not in taken_over]
    report_leftovers([*left, *task.run.intake.checked], task.run.options, task.run.report)
    return there


def _explain(task: Task, there: Sequence[Resource], console: Console) -> None:
    """Say what would be taken over, what that changes and opens, and who may still be writing."""
    for line in task.left:
        console.complain(line)
    for foreign, change in zip(task.foreign, task.changes, strict=True):
        for line in _plan(foreign, change, task.scope):
            console.remark(line)
    if there and any(not _means_the_same(each) for each in task.changes):
        for line in _effect(task, there):
            console.remark(line)
    for name in task.cluster.controllers() if task.changes else ():
        console.complain(f"{name} seems to be the MaxTac controller, and to run: it may write these policies back")


def _means_the_same(change: Change) -> bool:
    before, after = change.before, change.after
    return before is not None and after is not None and meaning(before.policy) == meaning(after.policy)


def _plan(foreign: Foreign, change: Change, scope: Scope) -> Iterator[str]:
    """One policy: whose it is, and what is to change."""
    before, after = change.before, change.after
    yield f"{_name(foreign)}: {foreign.whose(scope)}"
    if before is None or after is None:
        return
    fields = [each for each in change.fields if not each.startswith("metadata.")]
    yield "  the spec means the same" if _means_the_same(change) else f"  changes: {', '.join(fields)}"
    gone = sorted(dict(before.policy.labels).keys() - dict(after.policy.labels).keys())
    owners = [str(owner) for owner in foreign.stored.owners]
    for what, names in (("labels", gone), ("owners", owners)):
        if names:
            yield f"  {what} that go: {', '.join(names)}"


def _effect(task: Task, there: Sequence[Resource]) -> Iterator[str]:
    """Which connections open and close, and which pods become isolated or open."""
    account = shadow.foreseen(there, task.changes, task.run.options, ("connections", "isolation"))
    told = "".join(comparing.load("text")(account, colour=False)).splitlines()
    yield from told or ("no connection opens or closes by that, and no pod becomes isolated or open",)


def _asked(task: Task) -> bool:
    """Ask whoever sits at the terminal."""
    if not (terminal(sys.stdin) and terminal(sys.stderr)):
        return False
    policies = count(len(task.changes), "policy", "policies")
    words = f"Take over {policies} in {task.cluster.name} for the set {task.scope.set}?"
    return click.confirm(visible(words), err=True)


def _taken(task: Task, given: Mapping[str, Any], console: Console) -> int:
    """Do it, say what was done, and return the exit code."""
    manner = Manner(given["concurrency"], patience=writing.PATIENCE, disown=True)
    with writing.stopping() as stop:
        outcome = task.cluster.write(task.changes, partial(take, scope=task.scope), manner, stop)
    again = _lost(task, outcome)
    told = [deeds.deed(each, ADOPTED) for each in outcome.results]
    console.put(
        deeds.FORMATS[given["output"]](told, deeds.Manner(task.scope.set, interrupted=bool(stop.signal))), sys.stdout
    )
    for line in (*writing.remarks(outcome), *again):
        console.complain(line)
    console.summary(deeds.summary(told), task.run.report)
    if stop.signal:
        return 128 + stop.signal
    return writing.missed(outcome) or (exits.FOUND if task.left or again else console.code(task.run.report))


def _lost(task: Task, outcome: Outcome) -> list[str]:
    """What was taken over, and is not ours any more a moment later."""
    task.cluster.look(sorted({each.change.ref.namespace for each in outcome.done}))
    refs = [each.change.ref for each in outcome.done if not task.cluster.is_ours(each.change.ref, task.scope)]
    words = "changed back a moment later: does the MaxTac controller still run?"
    return [f"{writing.named(refs)} {words}"] if refs else []
