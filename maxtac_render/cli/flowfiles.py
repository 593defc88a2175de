"""Files of observed flows, one JSON object a line: read to their end, however long they are, and counted."""

from __future__ import annotations

import json
from collections.abc import Iterable
from io import BytesIO

from maxtac_render.analysis.assertions.traffic import Traffic
from maxtac_render.cli import intake
from maxtac_render.cli.compilation import count
from maxtac_render.cli.console import Console
from maxtac_render.model.cluster import Cluster
from maxtac_render.model.diagnostics import Code, Report, Spot
from maxtac_render.model.flows import Aside, Flow
from maxtac_render.model.objects import Origin
from maxtac_render.sources import STDIN
from maxtac_render.sources.inputs import shown
from maxtac_render.sources.lines import lines
from maxtac_render.wire.hubble import NoFlow, decode

FAULTS = 20
"""Lines that are reported one by one; further ones are counted."""


class Reading:
    """A file being read: its flows, how many lines there were, and how many of them are none."""

    def __init__(self, path: str, cluster: Cluster, report: Report) -> None:
        self.name = STDIN if path == "-" else shown(path)
        self.traffic = Traffic(cluster)
        self.flows = 0
        self.faults = 0
        self._path = path
        self._report = report

    def run(self, console: Console) -> None:
        """Read it to its end. Raises SourceFault for what cannot be read."""
        stdin = intake.stdin() if self._path == "-" else BytesIO()
        self._read(console.progress(lines(self._path, stdin), "reading flow"))
        if self.faults > FAULTS:
            problem = f"{self.faults - FAULTS:,} further lines are no flows"
            self._report.add(Code.BAD_FLOW, Spot(Origin(self.name)), problem=problem, done="left out")
        if not self.traffic.seen:
            problem = f"{count(self.flows, 'flow')}, and none that can be judged" if self.flows else "no flow in it"
            facts = {"problem": problem, "guess": "observe more, with hubble observe -o jsonpb"}
            self._report.add(Code.EMPTY_TEST, Spot(Origin(self.name)), (), **facts)

    def _read(self, texts: Iterable[bytes]) -> None:
        for number, text in enumerate(texts, 1):
            if not text or text.isspace():
                continue
            try:
                read = decode(json.loads(text))
            except (ValueError, RecursionError) as error:
                self._fault(number, str(error) if isinstance(error, NoFlow) else "no JSON")
                continue
            if isinstance(read, Flow):
                self.flows += 1
                self.traffic.add(read, number)
            else:
                aside, number_of = read
                self.flows += aside is not Aside.LOST
                self.traffic.aside[aside] += number_of

    def _fault(self, line: int, problem: str) -> None:
        self.faults += 1
        if self.faults <= FAULTS:
            spot = Spot(Origin(self.name, 0, line))
            self._report.add(Code.BAD_FLOW, spot, problem=f"line {line} is no flow: {problem}", done="left out")
