"""What is to be done to a cluster's policies: which are ours to change, which are others', and which stay as they are.

Ours are those with all three facts: our manager, our set, our writer. Of them the whole spec is ours, and those labels
and annotations that say whose it is and what for; what others add to the rest is no difference, and stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from maxtac_render.engine.plan import change, order, rendered
from maxtac_render.engine.soundness import Doubts, doubts
from maxtac_render.model.catalogue import Code
from maxtac_render.model.changes import Change
from maxtac_render.model.cluster import Applied
from maxtac_render.model.diagnostics import Diagnostic, Report
from maxtac_render.model.ownership import (
    BASELINE,
    MANAGED_BY,
    MANAGER,
    is_controllers,
    is_kept_by_us,
    is_owned,
    set_of,
    writer_of,
    writing_labels,
)
from maxtac_render.model.policy import Policy
from maxtac_render.model.selectors import Labels
from maxtac_render.model.stored import Stored

Name = tuple[str, str]
"""A policy by its namespace and name."""


class Scope(NamedTuple):
    """Whose policies are written: those of a set, by one writer (``apply`` or ``watch``).

    ``namespace`` is that of objects of the input that name none.
    """

    set: str
    writer: str
    namespace: str = ""


class Foreign(NamedTuple):
    """A policy that has the name of one that is wanted, and is not ours to write."""

    wanted: Applied
    stored: Stored

    def whose(self, scope: Scope) -> str:
        """Whose it is, as messages say it."""
        return whose(self.stored.applied.policy, scope)


class Held(NamedTuple):
    """A policy that stays as it is, or is not made, because what it was made for cannot be relied on."""

    applied: Applied
    why: str


class Settlement(NamedTuple):
    """What is to be done, and what is left alone, all sorted. No gate has been asked yet about the deletes.

    ``owned`` is how many policies are ours in the cluster, ``wanted`` how many there are to be; ``unread`` are findings
    of which nobody knows which policies they would have kept.
    """

    changes: tuple[Change, ...]
    unchanged: tuple[Applied, ...]
    foreign: tuple[Foreign, ...]
    held: tuple[Held, ...]
    unread: tuple[Diagnostic, ...]
    owned: int
    wanted: int

    @property
    def deletes(self) -> tuple[Change, ...]:
        """The changes that take a policy away."""
        return tuple(each for each in self.changes if each.action == "delete")


def settle(
    policies: Iterable[Policy], found: Iterable[Diagnostic], stored: Iterable[Stored], scope: Scope
) -> Settlement:
    """What makes the policies of a cluster those that were compiled, as far as they are ours.

    ``found`` is what was found in the input, and tells of which resources nothing is known for certain.
    """
    doubted = doubts(found, scope.namespace)
    there = {_name(each.applied): each for each in stored}
    ours = {name: each for name, each in there.items() if _is_ours(each.applied.policy, scope)}
    wanted = [rendered(stamped(policy, scope)) for policy in policies]
    settled = _Settled([], [], [], [])
    for after in wanted:
        _settle(after, there.get(_name(after)), doubted, scope, settled)
    gone = [ours[name].applied for name in ours.keys() - {_name(after) for after in wanted}]
    _release(gone, doubted, settled)
    return Settlement(
        tuple(sorted(settled.changes, key=order)),
        tuple(sorted(settled.unchanged, key=_name)),
        tuple(sorted(settled.foreign, key=lambda each: _name(each.wanted))),
        tuple(sorted(settled.held, key=lambda each: _name(each.applied))),
        doubted.unread,
        len(ours),
        len(wanted),
    )


class _Settled(NamedTuple):
    changes: list[Change]
    unchanged: list[Applied]
    foreign: list[Foreign]
    held: list[Held]


def _settle(after: Applied, present: Stored | None, doubted: Doubts, scope: Scope, settled: _Settled) -> None:
    """Decide about one policy that is wanted. Most are as they are to be: then it is ours, too."""
    if present is not None and present.applied.policy[:7] == after.policy[:7]:
        settled.unchanged.append(after)
        return
    why = doubted.freezes(dict(after.policy.annotations))
    match step(after, present, scope):
        case Foreign() as foreign:
            settled.foreign.append(foreign)
        case None:
            settled.unchanged.append(after)
        case Change() as made if why:
            settled.held.append(Held(made.before or after, why))
        case Change() as made:
            settled.changes.append(made)


def step(wanted: Applied | None, present: Stored | None, scope: Scope) -> Change | Foreign | None:
    """What makes of one policy the wanted one (None: none): a change, nothing, or nothing that is ours to do."""
    ours = present is not None and _is_ours(present.applied.policy, scope)
    if wanted is None:
        return Change(present.applied, None) if present is not None and ours else None
    if present is None:
        return Change(None, wanted)
    return change(present.applied, over(wanted, present)) if ours else Foreign(wanted, present)


def over(wanted: Applied, present: Stored) -> Applied:
    """The wanted policy with those labels and annotations of the present one that are not ours to remove."""
    policy, before = wanted.policy, present.applied.policy
    labels, annotations = _over(policy.labels, before.labels), _over(policy.annotations, before.annotations)
    return wanted._replace(policy=policy._replace(labels=labels, annotations=annotations))


def _over(ours: Labels, before: Labels) -> Labels:
    return tuple(sorted({**{key: value for key, value in before if not is_kept_by_us(key)}, **dict(ours)}.items()))


def _release(gone: Sequence[Applied], doubted: Doubts, settled: _Settled) -> None:
    """Decide about policies of ours that nobody wants.

    One of the baseline stays with those for whose sake it is there: without it their pods could not ask for names.
    """
    kept = set()
    baseline = []
    for applied in gone:
        annotations = dict(applied.policy.annotations)
        if BASELINE in annotations:
            baseline.append(applied)
        elif why := doubted.keeps(annotations):
            settled.held.append(Held(applied, why))
            kept.add((applied.policy.namespace, applied.policy.subject))
        else:
            settled.changes.append(Change(applied, None))
    for applied in baseline:
        if (applied.policy.namespace, applied.policy.subject) in kept:
            settled.held.append(Held(applied, "policies for the same pods stay"))
        else:
            settled.changes.append(Change(applied, None))


def stamped(policy: Policy, scope: Scope) -> Policy:
    """A policy with the three facts that make it ours to write."""
    return policy._replace(labels=_stamped(policy.labels, scope))


@lru_cache(maxsize=1 << 16)
def _stamped(labels: Labels, scope: Scope) -> Labels:
    return tuple(sorted({**dict(labels), **dict(writing_labels(scope.set, scope.writer))}.items()))


def report_foreign(foreign: Iterable[Foreign], scope: Scope, report: Report) -> None:
    """Report policies that have the name of one that is wanted, and are not ours to write."""
    for each in foreign:
        policy = each.stored.applied.policy
        place = f"{policy.namespace}/{policy.name}"
        guess = f"maxtac adopt --set {scope.set} shows what taking it over would change, and does it"
        facts = {"policy": place, "whose": each.whose(scope), "guess": guess}
        report.add(Code.POLICY_TAKEN, each.stored.applied, ("metadata", "name"), **facts)


def whose(policy: Policy, scope: Scope) -> str:
    """Whose a policy is that is not ours to write, as messages say it: ``ours, of the set web``."""
    labels, annotations = dict(policy.labels), dict(policy.annotations)
    if is_controllers(labels, annotations):
        return "the MaxTac controller's"
    by = applier(labels, annotations)
    if labels.get(MANAGED_BY) != MANAGER and not is_owned(labels, annotations):
        return f"not ours, but applied by {by}" if by else "not ours"
    name, writer = set_of(labels), writer_of(labels)
    sort = "of this set" if name == scope.set else f"of the set {name}" if name else "of no named set"
    hand = f"maxtac {writer}" if writer else by or "something else"
    return f"ours, {sort}, but written by {hand}" if name == scope.set else f"ours, {sort}, written by {hand}"


_APPLIERS = (
    ("argocd.argoproj.io/tracking-id", "Argo CD"),
    ("kustomize.toolkit.fluxcd.io/name", "Flux"),
    ("helm.toolkit.fluxcd.io/name", "Flux"),
    ("meta.helm.sh/release-name", "Helm"),
    ("applyset.kubernetes.io/part-of", "kubectl"),
    ("kubectl.kubernetes.io/last-applied-configuration", "kubectl"),
)


def applier(labels: Mapping[str, str], annotations: Mapping[str, str]) -> str:
    """The tool whose mark a policy carries; empty for none."""
    return next((name for key, name in _APPLIERS if key in labels or key in annotations), "")


def _is_ours(policy: Policy, scope: Scope) -> bool:
    return set(policy.labels).issuperset(writing_labels(scope.set, scope.writer))


def _name(applied: Applied) -> Name:
    return applied.policy.namespace, applied.policy.name
