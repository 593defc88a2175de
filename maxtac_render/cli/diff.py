"""Compare who may talk to whom before and after a change.

OLD and NEW are SOURCEs: a file, a directory (all *.yaml, *.yml and *.json below it), git:REV[:PATH], live:[CONTEXT] for
a cluster, or - for standard input. NetworkPolicies, Namespaces, Pods, workloads and Services are read, and MaxTac
resources are rendered first.

With NEW alone it is compared with the cluster, of the current context or --context: what would change if NEW were
applied, or (NEW is live:) if the cluster's own resources were rendered and applied? Services that NEW only names, pods,
namespaces and the policies of others are the cluster's; Services, workloads and policies that are in NEW too are NEW's.
Policies of the set (--set) that NEW does not render are deletions. What others write on our policies is no difference,
and a name that others have stays theirs, with a warning. Policies that the MaxTac controller made, and that nothing
asks for any more, are named. -n reads one namespace, and what that names elsewhere; it deletes nothing there.

Three layers are compared: connections that opened or closed, with the policy, file and line responsible; pods that
become isolated or open; and the policies themselves, as they are meant. What is not known for certain may have
happened, and counts. So do pods that nobody has declared, where no known ones show the same: */* is any such pods, and
bank/{app=ledger} those of a policy that selects no known ones.

--plan prints, in their place, the changes of policies as steps: in an order in which no state between opens or cuts
what neither side does, which is proved for the pods that are known, or else with the steps that do so, for whom, and
until when.

With findings of severity error on either side, or of the one that --fail-on names on the new one, nothing is compared.
Findings go to standard error, or in other forms where --report says; there each difference is a finding too, of the ids
connection-opened, connection-closed, pod-isolated, pod-unisolated and unsafe-step. These do not change the exit code.

Exit codes: 0 nothing that --gate names happened; 1 something did; 2 could not run, or error findings on either side.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from maxtac_render.analysis import unseen
from maxtac_render.analysis.alignment import align
from maxtac_render.analysis.compare import compare
from maxtac_render.analysis.universe import assumptions
from maxtac_render.assembly.behind import report_leftovers
from maxtac_render.cli import against, clusters, comparing, exits, pages, paging, parameters, publishing, reaching
from maxtac_render.cli.clusters import Known
from maxtac_render.cli.comparing import Account
from maxtac_render.cli.compilation import count
from maxtac_render.cli.console import Console
from maxtac_render.engine.plan import plan
from maxtac_render.manifests.read import Memory
from maxtac_render.model.catalogue import Severity
from maxtac_render.model.diagnostics import Report
from maxtac_render.model.objects import Resource

if TYPE_CHECKING:
    from maxtac_render.analysis.rollout import Rollout

SECTION = "Analyse"

COMPARED = "What is compared, and what counts as different"
GATES = ("opened", "closed", "isolated", "unisolated", "unsafe", "any")


class Gates(click.ParamType):  # type: ignore[type-arg] # generic in newer versions of click only
    """Words of GATES, with commas between them."""

    name = "WORDS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> frozenset[str]:
        """What the text names."""
        words = frozenset(filter(None, map(str.strip, str(value).split(","))))
        for word in words - set(GATES) or (() if words else ("",)):
            self.fail(f"'{word}' is none of {', '.join(GATES)}", param, ctx)
        return words


@click.command(
    cls=pages.Command,
    help=__doc__,
    epilog=pages.examples(
        "maxtac diff git:HEAD:deploy deploy                     what do my changes open and close?",
        "maxtac diff deploy                                     what would they, in the cluster?",
        "maxtac diff live: --set shop                           is all there as the cluster's resources ask for it?",
        "maxtac diff live:staging live:prod                     how do two clusters differ?",
        "maxtac diff git:main:deploy deploy --gate opened       in CI: fail when something opens",
        "maxtac diff old.yaml new.yaml -f cluster/              with pods that are the same on both sides",
        "maxtac diff git:HEAD:deploy deploy -o markdown         for the comment on a pull request",
        "maxtac diff git:HEAD:deploy deploy --plan              in which order is it safe to apply?",
        "maxtac diff git:HEAD:deploy deploy --report github     beside the lines of a pull request",
    ),
)
@click.argument("sides", nargs=-1, metavar="[OLD] NEW", type=click.Path())
@click.option(
    "-f",
    "--source",
    "both",
    multiple=True,
    type=click.Path(),
    metavar="SOURCE",
    cls=pages.Option,
    section=COMPARED,
    help="Read on both sides, besides OLD and NEW. Repeatable.",
)
@click.option("--connections", is_flag=True, cls=pages.Option, section=COMPARED, help="Tell of connections.")
@click.option("--isolation", is_flag=True, cls=pages.Option, section=COMPARED, help="Tell of isolated and open pods.")
@click.option("--objects", is_flag=True, cls=pages.Option, section=COMPARED, help="Tell of the policies themselves.")
@click.option(
    "--plan",
    is_flag=True,
    cls=pages.Option,
    section=COMPARED,
    help="Print the changes of policies in an order in which none of them opens or cuts anything for a while, or as"
    " little as can be.",
)
@click.option(
    "--gate",
    type=Gates(),
    default="any",
    show_default=True,
    cls=pages.Option,
    section=COMPARED,
    help="What makes the exit code 1: opened, closed, isolated, unisolated, unsafe (a step of --plan), with commas"
    " between, or any: whatever is told.",
)
@click.option("--exit-zero", is_flag=True, cls=pages.Option, section=COMPARED, help="Exit 0 also where it would be 1.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(comparing.FORMATS),
    default="text",
    show_default=True,
    cls=pages.Option,
    section=COMPARED,
    help="Format on standard output.",
)
@parameters.compiling
@parameters.assuming
@paging.paging
@reaching.reaching
@parameters.talking
@publishing.reporting
def command(**given: Any) -> int:
    """Compare, and return the exit code."""
    _require_sense(given)
    sides = _sides(given)
    given["now"] = parameters.options(given).now
    console = Console(parameters.manner(given))
    voice = publishing.voice({**given, "sources": sides[1][:1]}, sys.stderr)
    memory: Memory = {}
    if len(given["sides"]) == 1:
        old, new = against.sides(given, given["sides"][0], console)
    else:
        kept: list[Resource] = []
        old = clusters.known(given, sides[0], console, memory=memory)
        new = clusters.known(given, sides[1], console, kept, memory)
        report_leftovers(kept, new.options, new.report)
    report = new.report.copy()
    report.take(found for found in old.report.sorted() if found.severity is Severity.ERROR)
    told = new._replace(report=report)
    if console.withheld(report):
        publishing.publish(told, console, voice, "nothing compared")
        return exits.FAILED
    result = _compared(old, new, given)
    if given["report"]:
        result.add(report)
    publishing.publish(told, console, voice)
    paging.put(result.texts(given["output"], console), console, pager=given["pager"])
    console.summary(_read(old, new), new.report)
    return exits.FOUND if result.happened & given["gate"] and not given["exit_zero"] else exits.CLEAN


def _require_sense(given: Mapping[str, Any]) -> None:
    """Options that need each other, or exclude each other, are wrong usage."""
    context = click.get_current_context()
    if given["plan"] and any(given[layer] for layer in comparing.LAYERS):
        raise click.UsageError("--plan prints steps: it excludes --connections, --isolation and --objects", context)
    if "unsafe" in given["gate"] and not given["plan"]:
        raise click.UsageError("--gate unsafe is about the steps of --plan: give that too", context)


def _sides(given: Mapping[str, Any]) -> tuple[Sequence[str], Sequence[str]]:
    """The sources of the old and of the new side."""
    sides, both, context = given["sides"], given["both"], click.get_current_context()
    if not sides:
        raise click.UsageError("nothing to compare; name NEW, or OLD and NEW, such as git:HEAD:deploy deploy", context)
    if len(sides) > 2:
        raise click.UsageError("OLD and NEW are one SOURCE each; name what belongs to both sides with -f", context)
    if (*sides, *both).count("-") > (0 if "-" in both else 1):
        raise click.UsageError("standard input (-) can be read only once", context)
    return (sides[0], *both), (sides[-1], *both)


class _Told(NamedTuple):
    """What was found: in layers, or (``rollout``) as steps."""

    account: Account
    rollout: Rollout | None

    @property
    def happened(self) -> frozenset[str]:
        """What happened, in the words of --gate."""
        unsafe = self.rollout is not None and not self.rollout.safe
        return self.account.happened | (frozenset({"unsafe"}) if unsafe else frozenset())

    def add(self, report: Report) -> None:
        """Report what was found as findings."""
        if self.rollout is not None:
            from maxtac_render.cli.comparing import steps  # noqa: PLC0415 - each form pays for itself

            steps.add(self.rollout, report)
        else:
            from maxtac_render.cli.comparing import findings  # noqa: PLC0415 - as above

            findings.add(self.account, report)

    def texts(self, form: str, console: Console) -> Iterable[str]:
        """What was found, in the form that was asked for."""
        colour = console.coloured(sys.stdout)
        if self.rollout is not None:
            from maxtac_render.cli.comparing import steps  # noqa: PLC0415 - each form pays for itself

            return steps.FORMATS[form](self.rollout, colour=colour)
        return comparing.load(form)(self.account, colour=colour)


def _compared(old: Known, new: Known, given: Mapping[str, Any]) -> _Told:
    changes, assumed = plan(new.cluster.policies, old.cluster.policies), assumptions(new.options)
    layers = tuple(layer for layer in comparing.LAYERS if given[layer]) or comparing.LAYERS
    both = (old.cluster, new.cluster)
    aligned = align(*both, changes, assumed, unseen.strangers(both, changes, assumed))
    account = comparing.account(changes, compare(aligned), layers)
    if not given["plan"]:
        return _Told(account, None)
    from maxtac_render.analysis.rollout import rollout  # noqa: PLC0415 - only for whoever asks

    return _Told(account, rollout(old.cluster, new.cluster, changes, assumed))


def _read(old: Known, new: Known) -> str:
    """What was read: ``3 and 4 policies compared``."""
    numbers = [len(side.cluster.policies) for side in (old, new)]
    return f"{numbers[0]:,} and {count(numbers[1], 'policy', 'policies')} compared"
