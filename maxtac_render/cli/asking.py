"""What commands are asked about: endpoints and ports, as they stand on the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import click

from maxtac_render.analysis import endpoints
from maxtac_render.analysis.endpoints import Query, Stage, Unfit, parse, stage
from maxtac_render.analysis.universe import Assumptions
from maxtac_render.cli.pages import Option
from maxtac_render.model.cluster import Cluster
from maxtac_render.model.options import Options
from maxtac_render.model.ports import ANY_PORT, Ports, parse_port

Function = TypeVar("Function", bound=Callable[..., object])

ASKED = "What is asked"


class Asked(NamedTuple):
    """What the options narrow a list to: connections from these, to those, on these ports. Empty is not narrowed."""

    sources: tuple[Query, ...] = ()
    targets: tuple[Query, ...] = ()
    ports: Ports = ANY_PORT


class PortType(click.ParamType):  # type: ignore[type-arg] # generic in newer versions of click only
    """A port by its number or its name, or ports from one to another."""

    name = "PORT[/PROTO]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The port that a text names."""
        try:
            return parse_port(value) or endpoints.port(value) if isinstance(value, str) else value
        except Unfit as error:
            self.fail(str(error), param, ctx)

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:  # noqa: ARG002
        """What the help page calls the value."""
        return self.name


def narrowing(function: Function) -> Function:
    """Give a command the options ``--from``, ``--to`` and ``--port``."""
    for option in reversed(_NARROWING):
        function = option(function)
    return function


def _option(*names: str, words: str, **attributes: Any) -> Callable[[Function], Function]:
    return click.option(*names, multiple=True, help=f"{words} Repeatable.", cls=Option, section=ASKED, **attributes)


_NARROWING = (
    _option("--from", "asked_from", metavar="ENDPOINT", words="Connections from an endpoint."),
    _option("--to", "asked_to", metavar="ENDPOINT", words="Connections to an endpoint."),
    _option("--port", "asked_ports", type=PortType(), words="Connections on a port; TCP unless it says otherwise."),
)


def asked(given: Mapping[str, Any], options: Options) -> Asked:
    """What the options of a command narrow it to."""
    sources, targets = (queries(given[name], options.namespace) for name in ("asked_from", "asked_to"))
    return Asked(sources, targets, given["asked_ports"] or ANY_PORT)


def queries(texts: Sequence[str], namespace: str) -> tuple[Query, ...]:
    """Read endpoints; one without a namespace is in the one given. What is none is wrong usage."""
    try:
        return tuple(parse(text, namespace) for text in texts)
    except Unfit as error:
        raise click.UsageError(str(error), click.get_current_context()) from error


def staged(cluster: Cluster, asked: Sequence[Query], assumptions: Assumptions) -> Stage:
    """The endpoints of a cluster, with those that were asked for. A name that nothing bears cannot be answered."""
    try:
        return stage(cluster, asked, assumptions)
    except Unfit as error:
        raise click.ClickException(str(error)) from error
