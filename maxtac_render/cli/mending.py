"""Findings mended in the texts that were read, round after round until nothing changes. Nothing is written here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from maxtac_render.cli import compilation, intake, parameters, reaching
from maxtac_render.cli.compilation import Compilation, Look
from maxtac_render.cli.console import Console
from maxtac_render.frontends.maxtac.mends import Mend, mends
from maxtac_render.manifests.edit import apply_each, edit_at
from maxtac_render.model.diagnostics import Diagnostic, Report
from maxtac_render.model.errors import SinkFault
from maxtac_render.model.options import severities
from maxtac_render.sources import STDIN, Input

ROUNDS = 10
"""One mend can make room for another; no text needs more rounds than this."""


class File(NamedTuple):
    """A file that would change: its path as it is shown, and as it is opened (empty for standard input); its texts."""

    path: str
    place: str
    before: bytes
    after: bytes


class Unmended(NamedTuple):
    """A finding that has a mend which cannot be made, and why not."""

    diagnostic: Diagnostic
    reason: str


class Mended(NamedTuple):
    """How things stand with the mends made: how many were, which could not be, and how many more --unsafe-fixes has.

    ``files`` are those that change, and standard input whether it does or not.
    """

    run: Compilation
    files: Sequence[File]
    fixed: int
    unmended: Sequence[Unmended]
    unsafe: int


class Attempt(NamedTuple):
    """The mends that were tried in one round, the texts with them, and those that were refused."""

    mends: Sequence[Mend]
    texts: Mapping[str, bytes]
    unmended: Sequence[Unmended]


def mend(given: Mapping[str, Any], console: Console, look: Look) -> Mended:
    """Mend what the sources of a command hold; with ``unsafe_fixes`` also by changing what they mean."""
    options = parameters.options(given)
    about_sources = Report(severities(options))
    reach = reaching.reach(given, options, about_sources)
    files = list(intake.inputs(compilation.sources(given), options, about_sources, reach))
    now, fixed = list(files), 0
    run = compilation.compiled(now, options, about_sources.copy(), console, look)
    for _ in range(ROUNDS):
        attempt = _attempt(run, now, unsafe=given["unsafe_fixes"])
        if not attempt.texts:
            unsafe = 0 if given["unsafe_fixes"] else sum(not mend.safe for mend in _possible(run))
            return Mended(run, list(_changed(files, now)), fixed, attempt.unmended, unsafe)
        now = [file._replace(data=attempt.texts.get(file.path, file.data)) for file in now]
        run = compilation.compiled(now, options, about_sources.copy(), console, look)
        left = set(map(_identity, run.report.sorted()))
        fixed += sum(_identity(mend.diagnostic) not in left for mend in attempt.mends)
    raise AssertionError(f"mends do not come to an end in {ROUNDS} rounds")


def _possible(run: Compilation) -> list[Mend]:
    """The mends of what was found in texts that may be changed."""
    assert run.options.now is not None  # noqa: S101 - parameters.options sees to it
    return list(mends(filter(run.intake.may_change, run.report.sorted()), run.options.now))


def _attempt(run: Compilation, files: Sequence[Input], *, unsafe: bool) -> Attempt:
    """Make every mend that can be made now."""
    chosen: dict[str, list[Mend]] = {}
    for mend in _possible(run):
        if mend.safe or unsafe:
            chosen.setdefault(mend.diagnostic.origin.path, []).append(mend)
    texts: dict[str, bytes] = {}
    tried: list[Mend] = []
    unmended: list[Unmended] = []
    for file in files:
        group = chosen.pop(file.path, [])
        origins = [(mend.diagnostic.origin, mend.changes) for mend in group]
        applied = apply_each(
            file.data, [[edit_at(origin, *change) for change in changes] for origin, changes in origins]
        )
        unmended += [Unmended(group[number].diagnostic, reason) for number, reason in applied.refused.items()]
        if applied.data != file.data:
            texts[file.path] = applied.data
            tried += [mend for number, mend in enumerate(group) if number not in applied.refused]
    return Attempt(tried, texts, unmended)


def _place(file: Input) -> str | None:
    """Where a file can be written: its path, empty for standard input; None for what is not ours to change."""
    if file.path == STDIN:
        return ""
    return file.location.path if file.location is not None and not file.location.revision else None


def _changed(before: Sequence[Input], after: Sequence[Input]) -> Iterator[File]:
    """The files that differ, each once, and standard input."""
    seen: set[str] = set()
    for old, new in zip(before, after, strict=True):
        place = _place(old)
        if place is not None and old.path not in seen and (old.data != new.data or not place):
            yield File(old.path, place, old.data, new.data)
        seen.add(old.path)


def _identity(diagnostic: Diagnostic) -> tuple[object, ...]:
    """What a finding is, wherever its lines have moved."""
    code, _, message, _, ref, field, origin, _ = diagnostic
    return code, message, ref, field, origin.path, origin.document


def write(files: Iterable[File]) -> None:
    """Write the files that change, each at once. Raises SinkFault, before any, for one that is not as it was read."""
    from maxtac_render.sinks import file as sink  # noqa: PLC0415 - only for whoever writes

    changed = [file for file in files if file.place and file.before != file.after]
    for file in changed:
        with open(file.place, "rb") as stream:  # noqa: PTH123 - importing pathlib costs more than this
            if stream.read() != file.before:
                raise SinkFault(f"{file.path} has changed while it was being mended; nothing was written")
    for file in changed:
        sink.write(file.place, [file.after.decode()])


def differences(files: Iterable[File]) -> Iterator[str]:
    """What mending would change, as the lines of a unified diff."""
    from difflib import unified_diff  # noqa: PLC0415 - only for whoever wants to see it

    for file in files:
        for line in unified_diff(_lines(file.before), _lines(file.after), file.path, f"{file.path} (mended)"):
            yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(text: bytes) -> list[str]:
    """Lines with their line feeds; str.splitlines would part them at other characters too."""
    *lines, rest = text.decode(errors="replace").split("\n")
    return [f"{line}\n" for line in lines] + ([rest] if rest else [])
