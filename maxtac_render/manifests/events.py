"""The events of a YAML text, from libyaml where PyYAML was built with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import yaml
from yaml.events import ScalarEvent

from maxtac_render.manifests import scalars
from maxtac_render.manifests.faults import Broken, NoJSON

try:
    from yaml.cyaml import CParser as Parser  # type: ignore[attr-defined] # it is there, only not named as public
except ImportError:
    from yaml import Loader as Parser  # type: ignore[assignment]

Event = Any
"""One of yaml.events. Typed as anything, because all marks and values are optional there."""

Take = Callable[[], Event]
"""What gives the next event."""

_NON_SPECIFIC = re.compile(rb"![ \t\r\n,]")
_BANG = re.compile(r"(?:&\S+\s+)?!(?:\s|\Z)")
_QUOTATIONS = re.compile(r"'[^']*'|\"[^\"]*\"|\(.*\)")


def of(text: bytes) -> Take:
    """What gives the events of a text one by one.

    Raises:
        YAMLError: at once or from what is returned; ``broken`` says what it means.
    """
    take: Take = Parser(text).get_event
    return _marking_bangs(take, text) if _NON_SPECIFIC.search(text) else take


def _marking_bangs(take: Take, text: bytes) -> Take:
    """Give scalars with the tag ``!`` that tag; libyaml forgets it, and to Go's decoder they are text."""
    source = text.decode("utf-8", "replace")

    def marked() -> Event:
        event = take()
        kind = type(event)
        if kind is ScalarEvent and event.tag in (None, "!"):
            start, end = event.start_mark.index, event.end_mark.index
            if _BANG.match(source, start, end):  # an empty scalar ends where it begins, perhaps at another's tag
                event.tag = "!"
                if not event.value and source[end - 1 : end + 1] == "!,":
                    raise at(event, "a tag without a blank after it")
        return event

    return marked


def broken(error: yaml.YAMLError, text: bytes) -> Broken:
    """What a parser found, without a word of the document; only PyYAML's own parser quotes it."""
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", "unreadable"))
    if not yaml.__with_libyaml__:
        problem = " ".join(_QUOTATIONS.sub("", problem).split())
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is not None:
        return Broken(problem, mark.line, mark.column)
    before = text[: getattr(error, "position", 0)]
    line = before.decode("utf-8", "replace").rpartition("\n")[2]
    return Broken(problem, before.count(b"\n"), len(line))


def at(event: Event, problem: str) -> Broken:
    """A problem at the beginning of an event."""
    return Broken(problem, event.start_mark.line, event.start_mark.column)


def refused(error: NoJSON, event: Event) -> Broken:
    """A scalar that Kubernetes does not take."""
    return at(event, f"{error}, which Kubernetes refuses")


def is_merge(event: Event) -> bool:
    """Tell whether a key merges another mapping."""
    if not isinstance(event, ScalarEvent) or event.value != scalars.MERGE:
        return False
    return bool(event.implicit[0]) if event.tag in (None, "!") else event.tag == scalars.TAGS + "merge"


def value_of(event: Event) -> scalars.Scalar:
    """The value of a scalar.

    Raises:
        Broken: Kubernetes takes no such value.
    """
    try:
        if event.tag is not None:
            return scalars.tagged(event.tag, event.value)
        return scalars.plain(event.value) if event.implicit[0] else str(event.value)
    except NoJSON as error:
        raise refused(error, event) from error


def key_of(event: Event, place: Event) -> str:
    """The key that a scalar makes, which stands at ``place`` itself or by an alias.

    Raises:
        Broken: Kubernetes takes no such key.
    """
    if not isinstance(event, ScalarEvent):
        raise at(place, "a mapping or a list as a key")
    try:
        if event.tag is not None:
            return scalars.key_of(scalars.resolve_tagged(event.tag, event.value))
        return scalars.key(event.value) if event.implicit[0] else str(event.value)
    except NoJSON as error:
        raise refused(error, place) from error
