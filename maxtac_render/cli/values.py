"""The texts that options are given as, and what they mean."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from maxtac_render.frontends.maxtac.lifetime import parse_moment
from maxtac_render.model.diagnostics import CODES, SEVERITIES, Code, Severity, did_you_mean
from maxtac_render.model.names import is_label_name, is_label_value
from maxtac_render.model.options import Option

GIT = "git"
"""The anchor that asks the history of the sources."""


class Unfit(ValueError):
    """A text that an option does not take; the message is for the user."""


def moment(text: str) -> datetime:
    """A moment in RFC 3339."""
    parsed = parse_moment(text)
    if parsed is None:
        raise Unfit(f"{text} is not an RFC 3339 time such as 2027-01-31T12:00:00Z")
    return parsed


def anchor(text: str) -> str:
    """From when durations count: ``git``, or a moment."""
    if text != GIT and parse_moment(text) is None:
        raise Unfit(f"{text} is neither git nor an RFC 3339 time such as 2027-01-31T12:00:00Z")
    return text


def namespace(text: str) -> str:
    """The name of a namespace."""
    if not is_label_name(text):
        raise Unfit(f"{text!r} is not a namespace's name: lower-case letters, digits and hyphens, at most 63")
    return text


def set_name(text: str) -> str:
    """The name of a set, which is written as a label."""
    if not text or not is_label_value(text):
        raise Unfit(f"{text!r} is not a label's value: letters, digits, '-', '_' and '.', at most 63")
    return text


def namespaces(text: str) -> tuple[str, ...]:
    """Names of namespaces between commas; an empty text is none of them."""
    return tuple(map(namespace, _split(text)))


def severity(text: str) -> tuple[Code, Severity]:
    """The severity of one finding, as ID=LEVEL."""
    name, equals, level = text.partition("=")
    if not equals:
        raise Unfit(f"{text} is not ID=LEVEL, such as missing-target=warning")
    if name not in CODES:
        raise Unfit(f"no finding {name}; {did_you_mean(name, list(CODES))}")
    if level not in SEVERITIES:
        raise Unfit(f"no severity {level}; {did_you_mean(level, list(SEVERITIES))}")
    return CODES[name], SEVERITIES[level]


def parser(option: Option) -> Callable[[str], object]:
    """What reads the text of an option, and raises Unfit."""
    if option.name in _PARSERS:
        return _PARSERS[option.name]
    return (lambda text: _chosen(text, option.choices)) if option.choices and option.repeatable else str


_PARSERS: dict[str, Callable[[str], object]] = {
    "namespace": namespace,
    "set": set_name,
    "mirrorNamespaces": namespaces,
    "now": moment,
    "anchor": anchor,
    "severity": severity,
}


def _chosen(text: str, choices: tuple[str, ...]) -> tuple[str, ...]:
    words = _split(text)
    for word in words:
        if word not in choices:
            raise Unfit(f"{word} is none of {', '.join(choices)}")
    return words


def _split(text: str) -> tuple[str, ...]:
    return tuple(word for part in text.split(",") if (word := part.strip()))
