"""Where a policy comes from, for people: what it does, and the lines in which all of it is written."""

from __future__ import annotations

from collections.abc import Iterator

from maxtac_render.analysis.endpoints import name
from maxtac_render.analysis.portrait import Portrait, sites
from maxtac_render.cli import table
from maxtac_render.model.diagnostics import listed
from maxtac_render.reports.text import Paint, located, visible


def text(portrait: Portrait, paint: Paint) -> Iterator[str]:
    """The policy in a few words, then where they come from."""
    yield f"{paint.strong}{visible(_origin(portrait))}{paint.end}\n\n"
    facts = [(word, fact) for word, fact in _facts(portrait) if fact]
    width = max(len(word) for word, _ in facts)
    for word, fact in facts:
        yield f"{word:{width}}   {visible(fact)}\n"
    for word, site in sites(portrait.applied):
        yield f"\n{word}\n" + "".join(f"{line.rstrip(' ')}\n" for line in located(site, paint, paint.info, {}))


def _origin(portrait: Portrait) -> str:
    ref, made = portrait.applied.ref, portrait.made
    if portrait.applied.policy.cause is not None:
        return f"{ref} is rendered from {made.source}"
    if made.baseline:
        return f"{ref} is added by the baseline {made.baseline}"
    if made.source:
        return f"{ref} was rendered from {made.source} by {made.maker}, as its marks say; that is not in the input"
    return f"{ref} was written by hand or by another program"


def _facts(portrait: Portrait) -> Iterator[tuple[str, str]]:
    policy, made = portrait.applied.policy, portrait.made
    yield (
        "governs",
        f"{table.chosen(policy.subject)} in {policy.namespace}: {listed(map(name, portrait.governed)) or 'nobody'}",
    )
    yield "perhaps", listed(map(name, portrait.perhaps))
    yield "isolates", policy.isolates.word
    yield "allows", table.allows(policy)
    yield "service", made.service
    yield "peer", made.peer
    yield "until", made.expires
