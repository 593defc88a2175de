"""A comparison for programs, described by ``schemas/comparison.json``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from json import dumps
from typing import Any

from maxtac_render.analysis import endpoints, provenance
from maxtac_render.analysis.compare import Shift, Turn
from maxtac_render.analysis.matrix import Answer
from maxtac_render.analysis.reasons import Reason
from maxtac_render.cli.comparing import Account, words
from maxtac_render.model import portsets
from maxtac_render.model.changes import Change
from maxtac_render.model.cluster import Applied
from maxtac_render.model.configuration import API_VERSION
from maxtac_render.model.diagnostics import Site

KIND = "Comparison"


def render(account: Account, *, colour: bool = False) -> Iterator[str]:  # noqa: ARG001 - the signature of every form
    """The whole document; a layer that is not told is missing."""
    yield dumps(_document(account), indent=2) + "\n"


def _document(account: Account) -> dict[str, Any]:
    aligned = account.comparison.aligned
    document: dict[str, Any] = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "happened": sorted(account.happened),
        "summary": _summary(account),
        "workloads": {
            "added": _endpoints(account, aligned.fresh),
            "removed": _endpoints(account, aligned.gone),
            "changed": _endpoints(account, aligned.altered),
        },
    }
    layers = {
        "connections": [_connection(account, shift, reasons) for shift, reasons in account.shifts],
        "isolation": [_isolation(account, turn, reasons) for turn, reasons in account.turns],
        "objects": [_object(change) for change in account.changes],
    }
    return {**document, **{layer: layers[layer] for layer in account.layers}}


def _summary(account: Account) -> dict[str, Any]:
    """How many connections, workloads and policies differ; ``depends`` are those of which it is not known."""
    connections, turns = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for shift, _ in account.shifts:
        pairing = shift.pairing
        known = pairing.opened.certain or pairing.closed.certain
        connections[pairing.word, "yes" if known else "depends"] += shift.pairs
    for turn, _ in account.turns:
        for word, so in (("isolated", turn.isolates), ("unisolated", turn.frees)):
            turns[word, "yes" if turn.certain else "depends"] += turn.pods.bit_count() * so
    objects = Counter(words.ACTIONS[change.action] for change in account.changes)
    found = {
        "connections": {word: _numbers(connections, word) for word in ("opened", "closed", "changed")},
        "isolation": {word: _numbers(turns, word) for word in ("isolated", "unisolated")},
        "objects": {word: objects[word] for word in words.ACTIONS.values()},
    }
    return {layer: found[layer] for layer in account.layers}


def _numbers(counts: Counter[tuple[str, str]], word: str) -> dict[str, int]:
    return {verdict: counts[word, verdict] for verdict in ("yes", "depends")}


def _endpoints(account: Account, mask: int) -> list[dict[str, Any]]:
    return [endpoints.described(endpoint) for endpoint in account.comparison.aligned.endpoints(mask)]


def _connection(account: Account, shift: Shift, reasons: Iterable[Reason]) -> dict[str, Any]:
    pairing = shift.pairing
    return {
        "change": pairing.word,
        "sources": _endpoints(account, shift.sources),
        "targets": _endpoints(account, shift.targets),
        "pairs": shift.pairs,
        "before": _passing(pairing.before),
        "after": _passing(pairing.after),
        "opened": _passing(pairing.opened),
        "closed": _passing(pairing.closed),
        "reasons": [_reason(reason) for reason in reasons],
    }


def _passing(answer: Answer) -> dict[str, Any]:
    """Ports that pass, and those that do so perhaps."""
    return {"yes": portsets.described(answer.certain), "depends": portsets.described(answer.depends)}


def _isolation(account: Account, turn: Turn, reasons: Iterable[Reason]) -> dict[str, Any]:
    return {
        "direction": turn.direction.word,
        "workloads": _endpoints(account, turn.pods),
        "before": str(turn.before),
        "after": str(turn.after),
        "reasons": [_reason(reason) for reason in reasons],
    }


def _reason(reason: Reason) -> dict[str, Any]:
    return {
        "what": str(reason.what),
        "policy": policy(reason.applied) if reason.applied is not None else None,
        "direction": reason.direction.word if reason.applied is not None else None,
        "rule": reason.rule,
        "site": provenance.described(reason.site),
    }


def policy(applied: Applied) -> dict[str, Any]:
    """A policy, with what it was rendered from."""
    made = provenance.provenance(applied)
    where = {"namespace": applied.policy.namespace, "name": applied.policy.name}
    return {**where, "source": made.source or None, "service": made.service or None}


def _object(change: Change) -> dict[str, Any]:
    return {
        "change": words.ACTIONS[change.action],
        "policy": policy(change.applied),
        "fields": list(change.fields),
        "old": _site(change.before),
        "new": _site(change.after),
        "diff": "".join(words.unified(change)),
    }


def _site(applied: Applied | None) -> dict[str, Any] | None:
    return provenance.described(Site(applied)) if applied is not None else None
