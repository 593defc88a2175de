"""What the commands that ask what policies mean have in common: SOURCEs in, a cluster, its findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from maxtac_render.assembly import assemble
from maxtac_render.cli import parameters, reaching
from maxtac_render.cli.compilation import PARSED
from maxtac_render.cli.console import Console
from maxtac_render.cli.intake import Intake, inputs
from maxtac_render.manifests.read import Memory
from maxtac_render.manifests.wanted import CLUSTER
from maxtac_render.model.catalogue import Code
from maxtac_render.model.cluster import Cluster
from maxtac_render.model.diagnostics import Located, Report
from maxtac_render.model.objects import Resource
from maxtac_render.model.options import Options, severities


class Known(NamedTuple):
    """A cluster as sources describe it, and what was found in them."""

    options: Options
    report: Report
    intake: Intake
    cluster: Cluster

    @property
    def checked(self) -> Sequence[Located]:
        """The MaxTac resources that were read."""
        return self.intake.checked


def known(
    given: Mapping[str, Any],
    sources: Sequence[str],
    console: Console,
    kept: list[Resource] | None = None,
    memory: Memory | None = None,
) -> Known:
    """Read the sources of a command, and render the intents among them. What was read is added to what is kept.

    Whoever reads several clusters that have much in common gives them one ``memory``.
    """
    options = parameters.options(given)
    report = Report(severities(options))
    files = inputs(sources, options, report, reaching.reach(given, options, report))
    intake = Intake(files, options, report, wanted=CLUSTER)
    intake.memory = memory
    resources = intake.resources(console)
    if kept is not None:
        resources = _keeping(resources, kept)
    return judged(resources, options, report, intake)


def judged(resources: Iterable[Resource], options: Options, report: Report, intake: Intake) -> Known:
    """Make a cluster of what is read, and find what is wrong with that."""
    cluster = assemble(resources, options, report, intake.anchor()).cluster
    if intake.addressed:
        from maxtac_render.manifests.ignores import heed  # noqa: PLC0415 - few files have such comments

        heed(report, intake.addressed, PARSED | {Code.EXPIRING})
    return Known(options, report, intake, cluster)


def _keeping(resources: Iterable[Resource], kept: list[Resource]) -> Iterator[Resource]:
    for resource in resources:
        kept.append(resource)
        yield resource
