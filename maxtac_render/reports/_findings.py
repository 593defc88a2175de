"""Findings as every format but text writes them: flat, the gravest first, and with nothing in them that cannot be seen.

Whoever reads a report sees the same words in each of them: control characters, line feeds, bidirectional overrides and
bytes that are no UTF-8 stand there as escapes, as the text report shows them.
"""

from __future__ import annotations

import os.path
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from json import JSONEncoder
from typing import NamedTuple

from maxtac_render.model.catalogue import Severity
from maxtac_render.model.diagnostics import Diagnostic
from maxtac_render.model.objects import ObjectRef, path_text
from maxtac_render.reports import Run
from maxtac_render.reports.text import visible

NOTHING = ObjectRef("", "", "", "")
"""The object of findings that are about none."""

encode = JSONEncoder(separators=(",", ":")).encode
"""JSON on one line. It is ASCII: nothing in it can steer a terminal, and every encoding of a pipe takes it."""

_REVISION = re.compile(r"git:(?:[^:{]|\{[^}]*\})*:")
"""What stands before a path that was read from a commit."""


class Finding(NamedTuple):
    """One finding, its fields in the order in which findings are sorted: what is about the whole input comes last.

    ``file`` is the path as seen from the root of the repository, empty for what is in no file; ``path`` is how the
    input names it. ``end_column`` is the column after the field, and 0 where the field's own place is not known;
    ``column`` is 0 where only the document is. ``document`` and ``begin`` (its first line) tell equal objects apart.
    """

    rank: int
    placeless: bool
    path: str
    line: int
    column: int
    end_column: int
    id: str
    ref: ObjectRef
    field: str
    message: str
    mend: str
    file: str
    document: int
    begin: int

    @property
    def severity(self) -> Severity:
        """How grave it is."""
        return Severity(-self.rank)

    @property
    def about(self) -> str:
        """The object and the field, as the text report names them; empty for findings about no object."""
        return ", ".join(filter(None, (str(self.ref), self.field))) if self.ref.kind else ""

    @property
    def where(self) -> str:
        """Path, line and column, as compilers write them; empty without a file."""
        return ":".join(map(str, filter(None, (self.path, self.line, self.column)))) if self.path else ""


def gathered(found: Iterable[Diagnostic], run: Run) -> list[Finding]:
    """The findings, the gravest first and then by place, whatever their order was."""
    files: dict[str, str] = {}
    findings = []
    for diagnostic in found:
        path = diagnostic.origin.path
        if path not in files:
            files[path] = visible(seen_from_root(path, run))
        findings.append(_flat(diagnostic, files[path]))
    return sorted(findings)


def _flat(diagnostic: Diagnostic, file: str) -> Finding:
    code, severity, message, mend, ref, field, origin, _ = diagnostic
    place = diagnostic.place
    known = place.column > 1 or place.end_column > place.column
    counted = origin.path and origin.line
    return Finding(
        rank=-severity,
        placeless=not origin.path,
        path=visible(origin.path),
        line=max(place.line, 1) if counted else 0,
        column=place.column if known and counted else 0,
        end_column=place.end_column if place.end_column > place.column and counted else 0,
        id=code.id,
        ref=ObjectRef(*map(visible, ref)) if ref is not None else NOTHING,
        field=visible(path_text(field)),
        message=visible(message),
        mend=visible(mend),
        file=file,
        document=origin.document,
        begin=origin.line,
    )


def seen_from_root(path: str, run: Run) -> str:
    """A path of the input as seen from the root of the repository; empty for what is no file.

    A file outside of the repository keeps its absolute path.
    """
    if not path or path.startswith("<"):
        return ""
    revision = _REVISION.match(path)
    if revision:
        return path[revision.end() :]
    full = os.path.normpath(os.path.join(run.directory, path))  # noqa: PTH118 - pathlib has no normpath
    base = run.root or run.directory
    if not base or not os.path.isabs(full):  # noqa: PTH117 - as above
        return full
    near = os.path.relpath(full, base)
    return full if near == ".." or near.startswith("../") else near


def whole(run: Run) -> str:
    """The path, as seen from the root, that stands for the input as a whole."""
    return visible(seen_from_root(run.whole, run) or ".")


def fingerprints(findings: Sequence[Finding]) -> Iterator[str]:
    """What identifies each finding as long as rule, object and field stay, wherever their lines move.

    Findings that are equal in these are numbered in their order; one about no object belongs to its file.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    for finding in findings:
        group = finding.ref.api_version.rpartition("/")[0]
        owner = (group, *finding.ref[1:]) if finding.ref.kind else ("", "", "", finding.file or finding.path)
        key = (finding.id, *owner, finding.field)
        seen[key] += 1
        yield sha256(encode([*key, seen[key]]).encode()).hexdigest()[:32]


def in_input_order(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The findings as the input has them, what is about all of it last."""
    return sorted(found, key=_position)


def _position(diagnostic: Diagnostic) -> tuple[object, ...]:
    place, origin, ref = diagnostic.place, diagnostic.origin, diagnostic.ref
    where = (not origin.path, origin.path, origin.document, place.line, place.column)
    what = (diagnostic.code.id, str(ref or ""), path_text(diagnostic.field), diagnostic.message)
    return (*where, *what, diagnostic.severity, diagnostic.mend, place)
