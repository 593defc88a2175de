"""What a command reads: SOURCEs to Resources, and the moment from which the durations in them count."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

from maxtac_render.cli.console import Console
from maxtac_render.cli.values import GIT, moment
from maxtac_render.engine.lifetime import Anchor
from maxtac_render.manifests.encoding import mentions
from maxtac_render.manifests.read import Memory, Piece, pieces, read
from maxtac_render.manifests.wanted import INTENTS, PASSED, Wanted
from maxtac_render.model.diagnostics import Diagnostic, Report
from maxtac_render.model.errors import SourceFault
from maxtac_render.model.intent import KINDS
from maxtac_render.model.objects import FieldPath, Origin, Resource, is_local
from maxtac_render.model.options import Options
from maxtac_render.sources import STDIN, Input, Location, Reach, load
from maxtac_render.wire.service import KIND

if TYPE_CHECKING:
    from maxtac_render.sources.history import History


ADDRESS = "maxtac:"
"""What stands in a comment that speaks to this program."""


def inputs(sources: Sequence[str], options: Options, report: Report, reach: Reach | None = None) -> Iterator[Input]:
    """The files of all sources, and the clusters among them where these may be read.

    Raises SourceFault for what cannot be read.
    """
    for source in sources:
        yield from load(source, options.exclude, report, stdin() if source == "-" else BytesIO(), reach)


def passed(sources: Sequence[str], options: Options, report: Report) -> Iterator[Input]:
    """The files of sources whose documents are to come out again. Raises SourceFault for what cannot be read."""
    for file in inputs(sources, options, report):
        yield file._replace(passed=True)


class Intake:
    """Reads files, and remembers of each file where it lies and of each MaxTac resource what it says."""

    def __init__(
        self,
        inputs: Iterable[Input],
        options: Options,
        report: Report,
        *,
        thorough: bool = False,
        wanted: Wanted = INTENTS,
    ) -> None:
        self.addressed: dict[str, bytes] = {}
        """The files in which comments may speak to this program."""
        self.checked: list[Resource] = []
        """The MaxTac resources that were read."""
        self.passed: list[Piece] = []
        """The documents that are to come out again."""
        self.memory: Memory | None = None
        """What others have read before, and may read after."""
        self._inputs = inputs
        self._thorough = thorough
        self._wanted = wanted
        self._options = options
        self._report = report
        self._locations: dict[str, Location | None] = {}
        self._clusters: set[str] = set()
        self._history: History | None = None

    @property
    def files(self) -> int:
        """How many files have been read so far."""
        return len(self._locations)

    def may_change(self, diagnostic: Diagnostic) -> bool:
        """Tell whether a finding is in a text that can be mended: a file, or standard input."""
        path = diagnostic.origin.path
        location = self._locations.get(path)
        return path == STDIN or (location is not None and not location.revision)

    def resources(self, console: Console) -> Iterator[Resource]:
        """The Resources of all files. Raises SourceFault for what cannot be read."""
        return self.read(self._inputs, console)

    def read(self, files: Iterable[Input], console: Console) -> Iterator[Resource]:
        """The Resources of further files, likewise."""
        for file in console.progress(files, "reading file"):
            self._locations[file.path] = file.location
            if file.objects is not None:
                self._clusters.add(file.path)
            if mentions(file.data, ADDRESS):
                self.addressed[file.path] = file.data
            resources = self._read(file)
            if file.named:
                resources = console.progress(resources, f"reading {file.path}, object")
            for resource in resources:
                if resource.ref.kind in KINDS:
                    self.checked.append(resource)
                yield resource

    def _read(self, file: Input) -> Iterable[Resource]:
        if file.objects is not None:
            return file.objects(self._wanted)
        if file.passed:
            return self._pass(file)
        ways = {"named": file.named, "thorough": self._thorough}
        return read(file.data, file.path, self._report, **ways, wanted=self._wanted, memory=self.memory)

    def _pass(self, file: Input) -> Iterator[Resource]:
        """Keep the documents of a file, and give what policies are compiled from. Of a Service its text is enough."""
        for piece in pieces(file.data, file.path, self._report, PASSED):
            others = [found for found in piece.resources if found.ref.kind != KIND or is_local(found.body)]
            self.passed.append(piece._replace(resources=others))
            for resource in piece.resources:
                if self._wanted.takes(resource.ref.api_version, resource.ref.kind):
                    yield resource

    def anchor(self) -> Anchor | None:
        """From when durations count, as the options want it."""
        chosen = self._options.anchor
        if not chosen:
            return None
        if chosen == GIT:
            return self._newest_commit
        start = moment(chosen)
        return lambda _origin: start

    def _newest_commit(self, origin: Origin) -> datetime | None:
        """The newest commit of a resource's lines; None for one of a cluster, which has none and says its creation."""
        if origin.path in self._clusters:
            return None
        if self._history is None:
            from maxtac_render.sources.history import History  # noqa: PLC0415 - only for those who ask it

            self._history = History(self._locations)
        return self._history.anchor(origin, self._lines(origin))

    def _lines(self, origin: Origin) -> tuple[int, int]:
        """The first and the last line of the resource at an origin."""
        lines = [origin.line]
        body = next((resource.body for resource in self.checked if resource.origin[:3] == origin[:3]), {})
        for path in _paths(body, ()):
            place = origin.places(path)
            if place is not None:
                lines += (place.line, place.line + place.text.count("\n"))
        return min(lines), max(lines)


def _paths(value: object, path: FieldPath) -> Iterator[FieldPath]:
    """The paths of everything in a body."""
    items: Iterable[tuple[Any, object]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for step, inner in items:
        yield (*path, step)
        yield from _paths(inner, (*path, step))


def stdin() -> BinaryIO:
    """Standard input. Raises SourceFault where it is closed."""
    if sys.stdin is None:
        raise SourceFault("standard input is closed")
    return sys.stdin.buffer
