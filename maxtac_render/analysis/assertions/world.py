"""The endpoints and the verdicts that findings speak of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from maxtac_render.analysis import endpoints
from maxtac_render.analysis.reachability import Verdicts
from maxtac_render.analysis.universe import Universe
from maxtac_render.model.cluster import Applied


class World(NamedTuple):
    """A universe of which the first ``known`` are workloads of the input, with what its policies let pass."""

    universe: Universe
    verdicts: Verdicts
    applied: Sequence[Applied]
    known: int

    def name(self, number: int) -> str:
        """An endpoint as findings name it."""
        undeclared = self.known <= number < len(self.universe.workloads)
        name = endpoints.name(self.universe.endpoint(number))
        return f"undeclared pods {name}" if undeclared else name
