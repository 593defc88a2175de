"""What comparisons say to people: how many, who, which ports, why, and where that is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from maxtac_render import compiler
from maxtac_render.analysis.alignment import Aligned
from maxtac_render.analysis.compare import Pairing, Turn
from maxtac_render.analysis.connections import Verdict
from maxtac_render.analysis.endpoints import name
from maxtac_render.analysis.matrix import Answer
from maxtac_render.analysis.provenance import provenance
from maxtac_render.analysis.reasons import Reason, What
from maxtac_render.analysis.universe import Endpoint, bits
from maxtac_render.cli.comparing import Account, Comer
from maxtac_render.cli.compilation import count
from maxtac_render.engine.plan import shown
from maxtac_render.model.changes import Change
from maxtac_render.model.cluster import Applied, Workload
from maxtac_render.model.diagnostics import Site
from maxtac_render.reports.text import visible

MOST = 4
"""How many of the endpoints of a group are named, and of the reasons for what happened to it."""

CROWD = 3
"""From how many workloads on a namespace is named in their place, where it has no others."""

ACTIONS = {"create": "added", "patch": "changed", "delete": "removed"}
"""What becomes of a policy, by what makes it so."""


def headline(account: Account) -> Iterator[str]:
    """How much of what differs, a sentence for each layer."""
    if "connections" in account.layers:
        found = Counter[str]()
        for shift, _ in account.lasting:
            found[_deed(shift.pairing)] += shift.pairs
        comers = (_comers(account, fresh=fresh) for fresh in (True, False))
        said = [_tally(found, _DEEDS, ("connection", "connections")), *comers]
        yield "; ".join(filter(None, said)) or "no connection changes"
    if "isolation" in account.layers:
        found = Counter[str]()
        for turn, _ in account.turns:
            found[became(turn)] += turn.pods.bit_count()
        yield _tally(found, sorted(found), ("workload", "workloads")) or "no workload becomes isolated or open"
    if "objects" in account.layers:
        found = Counter(ACTIONS[change.action] for change in account.changes)
        yield _tally(found, ACTIONS.values(), ("policy", "policies")) or "no policy differs"


def _tally(found: Counter[str], words: Iterable[str], nouns: tuple[str, str]) -> str:
    """How often each word was found: ``2 policies added, 1 removed``."""
    first, *rest = [(found[word], word) for word in words if found[word]] or [(0, "")]
    more = [f"{number:,} {word}" for number, word in rest]
    return ", ".join([f"{count(first[0], *nouns)} {first[1]}", *more]) if first[0] else ""


def _comers(account: Account, *, fresh: bool) -> str:
    """How many workloads came or went, and their connections: ``1 new workload with 8 connections``."""
    comers = [comer for comer in account.comers if comer.fresh is fresh]
    shifts = {shift for comer in comers for shift in (*comer.outgoing, *comer.incoming)}
    pods = sum(comer.pods.bit_count() for comer in comers)
    word = "new" if fresh else "former"
    connections = count(sum(shift.pairs for shift in shifts), "connection")
    return f"{count(pods, f'{word} workload')} with {connections}" if pods else ""


_DEEDS = ("opened", "perhaps opened", "closed", "perhaps closed", "with other ports", "perhaps with other ports")


def _deed(pairing: Pairing) -> str:
    """What became of a connection, one of _DEEDS."""
    word = "with other ports" if pairing.word == "changed" else pairing.word
    return word if pairing.opened.certain or pairing.closed.certain else f"perhaps {word}"


def became(turn: Turn) -> str:
    """What became of pods: ``isolated for ingress``, ``perhaps open for egress``."""
    words = " or ".join(word for word, so in (("isolated", turn.isolates), ("open", turn.frees)) if so)
    return f"{'' if turn.certain else 'perhaps '}{words} for {turn.direction.word}"


class Cast(NamedTuple):
    """Who can be named: pods and outside addresses as masks, and what is said of some of the pods besides.

    ``strangers`` are those of the pods that nobody has declared: without them it is still everyone.
    """

    pods: int
    outside: int
    workload: Callable[[int], Workload]
    endpoints: Callable[[int], list[Endpoint]]
    marks: tuple[tuple[int, str], ...]
    strangers: int = 0


def cast(aligned: Aligned) -> Cast:
    """The endpoints of two sides."""
    new = aligned.new.universe
    marks = ((aligned.fresh, " (new)"), (aligned.gone, " (gone)"))
    return Cast(
        aligned.old.universe.pods | new.pods, new.outside, aligned.workload, new.endpoints, marks, aligned.strangers
    )


class Names:
    """The endpoints of groups, by name."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self._known: dict[int, str] = {}
        self._homes: dict[str, int] = {}
        for number in bits(cast.pods):
            home = cast.workload(number).ref.namespace
            self._homes[home] = self._homes.get(home, 0) | 1 << number

    def of(self, mask: int) -> str:
        """Some endpoints: the first of them by name, and how many others there are."""
        pods, outside = mask & self._cast.pods, mask & self._cast.outside
        parts = [(text, some.bit_count()) for text, some in self._parts(pods)]
        rest = self._cast.pods & ~self._cast.strangers & ~pods
        if len(parts) > CROWD and rest.bit_count() < CROWD:
            whole = "everyone" if outside == self._cast.outside else "every pod"
            but = _joined([self._name(number) for number in bits(rest)])
            parts = [(f"{whole} but {but}" if but else whole, 0)]
            outside = 0 if whole == "everyone" else outside
        parts += [(name(endpoint), 1) for endpoint in self._cast.endpoints(outside)]
        if len(parts) <= MOST:
            return _joined([text for text, _ in parts])
        others = sum(number for _, number in parts[MOST - 1 :])
        return _joined([*(text for text, _ in parts[: MOST - 1]), f"{others:,} others"])

    def _parts(self, pods: int) -> Iterator[tuple[str, int]]:
        """Namespaces of which all are meant, and the others one by one, with who they are."""
        for home, mask in self._homes.items():
            if mask & pods == mask and mask.bit_count() >= CROWD:
                yield f"{home}/*", mask
            else:
                yield from ((self._name(number), 1 << number) for number in bits(mask & pods))

    def _name(self, number: int) -> str:
        known = self._known.get(number)
        if known is None:
            mark = next((word for mask, word in self._cast.marks if mask >> number & 1), "")
            known = self._known[number] = name(self._cast.workload(number)) + mark
        return known


def _joined(texts: Sequence[str]) -> str:
    *others, last = texts or [""]
    return f"{', '.join(others)} and {last}" if others else last


def ports(pairing: Pairing) -> str:
    """On which ports connections pass now, and did before where they still do; for closed ones, did."""
    before, after = passing(pairing.before), passing(pairing.after)
    if pairing.word == "closed":
        return before
    if pairing.word == "opened":
        return after
    if before != after:
        return f"{after} (before: {before})"
    opened, closed = pairing.opened.possible, pairing.closed.possible
    return f"{after} (for {'others' if opened and closed else 'more' if opened else 'fewer'} than before)"


def passing(answer: Answer) -> str:
    """Ports that pass, and those that do so perhaps."""
    words = {Verdict.YES: "", Verdict.DEPENDS: "perhaps "}
    return "; ".join(f"{words[verdict]}{ports}" for ports, verdict in answer.verdicts())


class Why(NamedTuple):
    """What is responsible, and the place; of many reasons the last says how many more there are."""

    text: str
    place: str


def why(reasons: Sequence[Reason]) -> Iterator[Why]:
    """What is responsible, as far as that is told."""
    told = reasons if len(reasons) <= MOST else reasons[: MOST - 1]
    yield from (Why(because(reason), reason.site.where) for reason in told)
    if len(told) < len(reasons):
        yield Why(f"and {len(reasons) - len(told):,} more", "")


def because(reason: Reason) -> str:
    """What is responsible: ``allowed by shop/web-in, ingress rule 1``."""
    if reason.applied is None:
        word = reason.what if reason.what is What.ALTERS else f"is {reason.what}"
        return f"{reason.site.about.ref} {word}"
    part = f"{reason.direction.word} rule {reason.rule + 1}" if reason.rule is not None else reason.direction.word
    return f"{reason.what} {policy(reason.applied)}, {part}"


def policy(applied: Applied) -> str:
    """A policy, with what it was rendered from."""
    made = provenance(applied)
    parts = (made.source and f" of {made.source}", made.service and f" for Service {made.service}")
    return f"{applied.policy.namespace}/{applied.policy.name}{''.join(parts)}"


def connected(comer: Comer, names: Names) -> Iterator[str]:
    """The connections of pods that come or go: ``to shop/db: TCP 5432``."""
    for word, shifts in (("to", comer.outgoing), ("from", comer.incoming)):
        for shift in shifts:
            yield f"{word} {names.of(shift.targets if word == 'to' else shift.sources)}: {ports(shift.pairing)}"


def line(text: str) -> str:
    """A line in which nothing can steer a terminal; the tabs of a diff's headings stay."""
    return "\t".join(map(visible, text.rstrip("\n").split("\t"))) + "\n"


def unified(change: Change) -> Iterator[str]:
    """How a policy differs, as a unified diff of both in the order and the spelling of this program."""
    from difflib import unified_diff  # noqa: PLC0415 - only where policies differ, and are told of

    before, after = (_document(applied) for applied in (change.before, change.after))
    heads, places = [], []
    for side, applied in (("old", change.before), ("new", change.after)):
        heads.append(f"{side}/{change.ref.namespace}/{change.ref.name}" if applied else "/dev/null")
        places.append(Site(applied).where if applied else "")
    yield from unified_diff(before, after, heads[0], heads[1], places[0], places[1])


def _document(applied: Applied | None) -> list[str]:
    if applied is None:
        return []
    return "".join(compiler.yaml_documents([shown(applied.policy)])).splitlines(keepends=True)
