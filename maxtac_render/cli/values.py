"""The texts that options are given as, and what they mean."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from maxtac_render.frontends.maxtac.lifetime import parse_duration, parse_moment
from maxtac_render.model.catalogue import CODES, SEVERITIES, Code, Severity
from maxtac_render.model.diagnostics import did_you_mean
from maxtac_render.model.errors import SourceFault
from maxtac_render.model.names import is_label_name, is_label_value
from maxtac_render.model.options import LABEL, MOMENT, NAMESPACE, Option
from maxtac_render.sources.selection import Selection

GIT = "git"
"""The anchor that asks the history of the sources."""

LISTS = ("mirrorNamespaces", "baseline")
"""The options whose flags take several values between commas."""


class Unfit(ValueError):
    """A text that an option does not take; the message is for the user."""


def moment(text: str) -> datetime:
    """A moment in RFC 3339."""
    parsed = parse_moment(text)
    if parsed is None:
        raise Unfit(f"{text} is not {MOMENT}")
    return parsed


def span(text: str) -> timedelta:
    """A length of time, as Go and MaxTac write it."""
    seconds = parse_duration(text)
    if seconds is None:
        raise Unfit(f"{text} is not a length of time such as 7d, 36h or 1h30m")
    return timedelta(seconds=seconds)


def anchor(text: str) -> str:
    """From when durations count: ``git``, or a moment."""
    if text != GIT and parse_moment(text) is None:
        raise Unfit(f"{text} is neither git nor {MOMENT}")
    return text


def namespace(text: str) -> str:
    """The name of a namespace."""
    if not is_label_name(text):
        raise Unfit(f"{text!r} is not {NAMESPACE}")
    return text


def set_name(text: str) -> str:
    """The name of a set, which is written as a label."""
    if not text or not is_label_value(text):
        raise Unfit(f"{text!r} is not {LABEL}")
    return text


def glob(text: str) -> str:
    """A glob that leaves out files."""
    try:
        Selection((text,))
    except SourceFault as fault:
        raise Unfit(str(fault)) from fault
    return text


def source(text: str) -> str:
    """A SOURCE."""
    if not text.strip():
        raise Unfit("a SOURCE has a name")
    return text


def argument(text: str) -> str:
    """A word on the command line of another program."""
    if not text or "\0" in text:
        raise Unfit("an argument is a word without null characters")
    return text


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


def single(option: Option) -> Callable[[str], object]:
    """What reads one value of an option, and raises Unfit."""
    if option.choices:
        return lambda text: _chosen(text, option.choices)
    return _SINGLE[option.name]


def parser(option: Option) -> Callable[[str], object]:
    """What reads the text of a flag, and raises Unfit; one that takes several values takes them between commas."""
    read = single(option)
    return (lambda text: tuple(map(read, _split(text)))) if option.name in LISTS else read


_SINGLE: dict[str, Callable[[str], object]] = {
    "arguments": argument,
    "sources": source,
    "namespace": namespace,
    "set": set_name,
    "mirrorNamespaces": namespace,
    "now": moment,
    "anchor": anchor,
    "severity": severity,
    "exclude": glob,
}


def _chosen(text: str, choices: tuple[str, ...]) -> str:
    if text not in choices:
        raise Unfit(f"{text} is none of {', '.join(choices)}")
    return text


def _split(text: str) -> tuple[str, ...]:
    return tuple(word for part in text.split(",") if (word := part.strip()))
