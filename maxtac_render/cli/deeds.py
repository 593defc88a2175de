"""What became of policies that were to be written, in the formats of ``-o``: from deeds to texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from json import JSONEncoder
from typing import NamedTuple

from maxtac_render.cli.formats import RESOURCE
from maxtac_render.live.outcomes import Result
from maxtac_render.model.changes import Change
from maxtac_render.model.configuration import API_VERSION
from maxtac_render.model.objects import ObjectRef

KIND = "ApplyResult"

DONE = {"create": "created", "patch": "configured", "delete": "pruned"}
"""What a change is called once it is made, as kubectl calls it."""

PRESENT = ("created", "configured", "unchanged", "adopted", "pruned")
"""The results that are told on standard output as text; the others are told where it says what went wrong."""

_encode = JSONEncoder(separators=(",", ":")).encode
"""JSON on one line, in ASCII: nothing in it can steer a terminal."""


class Deed(NamedTuple):
    """One policy, and what became of it: ``result`` is one of PRESENT, or failed, skipped, blocked, foreign or held.

    ``reason`` is a word for programs and ``message`` a sentence for people, where it is not as it was to be.
    """

    ref: ObjectRef
    result: str
    reason: str = ""
    message: str = ""
    fields: tuple[str, ...] = ()


class Manner(NamedTuple):
    """How it was written: for which set, with which ``--dry-run``, and whether that was interrupted."""

    set: str
    dry_run: str = "none"
    interrupted: bool = False


def deed(result: Result, words: Mapping[str, str] = DONE) -> Deed:
    """What became of a change that was to be made."""
    change, state, why, message, *_ = result
    if state == "done":
        return done(change, words)
    return Deed(change.ref, "foreign" if why.word == "foreign" else state, why.word, message, change.fields)


def done(change: Change, words: Mapping[str, str] = DONE) -> Deed:
    """A change that is made, or would be."""
    return Deed(change.ref, words[change.action], fields=change.fields)


def text(deeds: Sequence[Deed], manner: Manner) -> Iterator[str]:
    """A line for each policy, as kubectl writes it, and the namespace."""
    end = {"client": " (dry run)", "server": " (server dry run)"}.get(manner.dry_run, "")
    for ref, result, *_ in deeds:
        if result in PRESENT:
            yield f"{RESOURCE}/{ref.name} {result} in {ref.namespace}{end}\n"


def name(deeds: Sequence[Deed], _manner: Manner) -> Iterator[str]:
    """One name a line, as kubectl prints them."""
    for each in deeds:
        if each.result in PRESENT:
            yield f"{RESOURCE}/{each.ref.name}\n"


def json(deeds: Sequence[Deed], manner: Manner) -> Iterator[str]:
    """One object for programs, described by ``schemas/applyresult.json``; one policy a line."""
    head = {"apiVersion": API_VERSION, "kind": KIND, "set": manner.set, "dryRun": manner.dry_run}
    told = {**head, "interrupted": manner.interrupted, "summary": dict(sorted(_counted(deeds).items()))}
    yield f'{_encode(told)[:-1]},"policies":['
    separator = "\n"
    for each in deeds:
        yield separator + _encode(_body(each))
        separator = ",\n"
    yield "\n]}\n" if deeds else "]}\n"


def _body(each: Deed) -> dict[str, object]:
    place = {"namespace": each.ref.namespace, "name": each.ref.name, "result": each.result}
    return {**place, "reason": each.reason or None, "message": each.message or None, "fields": list(each.fields)}


FORMATS: dict[str, Callable[[Sequence[Deed], Manner], Iterator[str]]] = {"text": text, "json": json, "name": name}


def _counted(deeds: Iterable[Deed]) -> Counter[str]:
    return Counter(each.result for each in deeds)


def summary(deeds: Iterable[Deed]) -> str:
    """What it comes to: ``3 created, 1 configured, 2 unchanged``."""
    counts = _counted(deeds)
    known = (*PRESENT, "failed", "skipped", "foreign", "held", "blocked")
    return ", ".join(f"{counts[word]:,} {word}" for word in known if counts[word]) or "no policies"
