"""Which cluster is meant, and as whom it is asked: kubectl's own options, by kubectl's own names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from maxtac_render.cli import values
from maxtac_render.cli.pages import Option
from maxtac_render.cli.parameters import Function
from maxtac_render.model.diagnostics import Report
from maxtac_render.model.options import Options
from maxtac_render.sources import Input, Reach

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from maxtac_render.live.access import Choice

REACHED = "Which cluster is meant"

PATIENCE = 60.0
"""Seconds that a request may take where nobody says anything else."""


class Timeout(click.ParamType):  # type: ignore[type-arg] # generic in newer versions of click only
    """How long a request may take, as kubectl writes it: seconds, or a Go duration; 0 is no limit."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The seconds that a text means."""
        if not isinstance(value, str):
            return value
        if value.isascii() and value.isdigit() and len(value) < 10:
            return float(value)
        try:
            return values.span(value).total_seconds()
        except values.Unfit:
            self.fail(f"{value} is not a length of time such as 30s, 2m or 0 for no limit", param, ctx)


class Context(click.ParamType):  # type: ignore[type-arg] # as above
    """The name of a context, which the shell can complete."""

    name = "NAME"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002
        """The contexts of the kubeconfig that begin so."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - only for the shell

        from maxtac_render.live.access import contexts  # noqa: PLC0415 - likewise

        names = contexts(ctx.params.get("kubeconfig") or "")
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]


_OPTIONS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (("--context",), {"type": Context(), "help": "Context of the kubeconfig; otherwise its current one."}),
    (
        ("--kubeconfig",),
        {
            "type": click.Path(),
            "metavar": "FILE",
            "help": "The kubeconfig; otherwise $KUBECONFIG, ~/.kube/config, or in a pod its service account.",
        },
    ),
    (
        ("--request-timeout",),
        {"type": Timeout(), "help": "How long one request may take; 0: as long as it likes.  [default: 60s]"},
    ),
)


def reaching(function: Function) -> Function:
    """Give a command the options that choose a cluster."""
    for names, attributes in reversed(_OPTIONS):
        function = click.option(*names, cls=Option, section=REACHED, **attributes)(function)
    return function


def choice(given: Mapping[str, Any], context: str = "") -> Choice:
    """The cluster that the parameters of a command choose; a context that is named elsewhere goes before theirs."""
    from maxtac_render.live.access import Choice  # noqa: PLC0415 - only for who asks for a cluster

    timeout = PATIENCE if given["request_timeout"] is None else given["request_timeout"] or None
    return Choice(given["kubeconfig"] or "", context or given["context"] or "", timeout)


def reach(given: Mapping[str, Any], options: Options, report: Report) -> Reach:
    """What gives a command the clusters that it names as SOURCEs."""

    def cluster(context: str) -> Input:
        from maxtac_render.sources import cluster  # noqa: PLC0415 - only for who asks for a cluster

        return cluster.load(choice(given, context), options.namespace, report)

    return cluster
