"""Findings in the forms that people and machines read; the folder is the registry, one file a format.

A format's module has one function, ``render(found, run) -> Iterator[str]``, and names itself by its file. A module
whose name begins with ``_`` is none: it holds what several formats need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import NamedTuple

from maxtac_render.model.catalogue import Severity
from maxtac_render.model.diagnostics import Diagnostic, Located, did_you_mean


class Run(NamedTuple):
    """What a report says besides the findings: who looked at what, from where, and what came of it.

    ``outcome`` is a clause such as ``nothing rendered``. ``checked`` are the things that were looked at, also those
    without findings, and ``noun`` is what they are: MaxTac resources, or tests. ``failing`` is the least severity that
    makes the command fail. ``root`` and ``directory`` are absolute paths, of the repository (empty: there is none) and
    of the working directory; what a forge shows names files as they are seen from the root. ``whole`` is the path, as
    it was given, that stands for the whole input where a format wants a file for every finding.
    """

    version: str = ""
    outcome: str = ""
    checked: Sequence[Located] = ()
    failing: Severity = Severity.ERROR
    root: str = ""
    directory: str = ""
    whole: str = "."
    noun: str = "MaxTac resource"


Format = Callable[[Sequence[Diagnostic], Run], Iterator[str]]


def formats() -> list[str]:
    """The names of all formats; none of them is imported."""
    from pkgutil import iter_modules  # noqa: PLC0415 - only for those who choose a format

    return sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_"))


def load(name: str) -> Format:
    """What renders findings in a format. Raises LookupError, with a hint, for a name that is none."""
    known = formats()
    if name not in known:
        raise LookupError(f"no report format {name}; {did_you_mean(name, known)}")
    if name == "text":
        return _text
    render: Format = import_module(f"{__name__}.{name}").render
    return render


def _text(found: Sequence[Diagnostic], run: Run) -> Iterator[str]:
    """The report for people, without colour, as a file wants it."""
    from maxtac_render.reports import _findings, text  # noqa: PLC0415 - each format pays for itself

    return text.render(_findings.in_input_order(found), outcome=run.outcome)
