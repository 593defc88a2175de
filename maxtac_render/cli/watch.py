"""Keep the policies of a cluster what its resources ask for.

MaxTac resources and Services are read from the cluster, and followed; whenever they change, or access ends, the
policies of the set are created, changed and deleted. Each policy carries the labels that say that it is ours; policies
that are not are left alone, also where one of ours would have their name (see maxtac adopt). What becomes of each
resource is told in its status and in events.

A policy is deleted only where that is certain: where its resource or Service was seen to go, or else where everything
has been read, twice, and not too many would go at once.

Several replicas may run: the one that holds the Lease writes, the others are ready. Without a cluster being named it is
the one of kubectl's configuration, or the one in which this runs.

Exit codes: 0 stopped by a signal; 1 the Lease was lost, and another replica may write; 2 could not run.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Mapping
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click

from maxtac_render.cli import configuration, exits, pages, parameters, reaching
from maxtac_render.cli.console import Console
from maxtac_render.cli.parameters import Function, Manner, Span
from maxtac_render.model import options as model
from maxtac_render.model.diagnostics import did_you_mean
from maxtac_render.model.intent import KINDS
from maxtac_render.model.names import lease_name

if TYPE_CHECKING:
    from maxtac_render.live.kinds import Kind
    from maxtac_render.live.probes import Address
    from maxtac_render.watch.service import Surroundings
    from maxtac_render.watch.settings import Settings

SECTION = "Cluster"

WRITTEN = "What is written"
RUNNING = "How it runs"

_NOT_HERE = frozenset({"namespace", "now", "anchor", "exclude", "expired"})
"""Options of the compiler that have no meaning for a cluster that goes on, or another one."""

_NAMESPACE = parameters.Text(next(each for each in model.OPTIONS if each.name == "namespace"))


class Where(click.ParamType):  # type: ignore[type-arg] # generic in newer versions of click only
    """An address to listen at: HOST:PORT, :PORT for every address of this machine, 0 for none."""

    name = "HOST:PORT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The host and the port; None for none."""
        if not isinstance(value, str) or value == "0":
            return None if value == "0" else value
        host, colon, port = value.rpartition(":")
        if not colon or not (port.isascii() and port.isdigit()) or not 0 < int(port[:6]) <= 65535:
            self.fail(f"{value!r} is not HOST:PORT, :PORT or 0 for none", param, ctx)
        return host.removeprefix("[").removesuffix("]"), int(port)


class Kinds(click.ParamType):  # type: ignore[type-arg] # as above
    """Names of MaxTac kinds between commas."""

    name = "KIND"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The names."""
        if not isinstance(value, str):
            return value
        known = {name.lower(): name for name in KINDS}
        words = [word.strip() for word in value.split(",") if word.strip()]
        for word in words:
            if word.lower() not in known:
                self.fail(f"no kind {word}; {did_you_mean(word, list(KINDS))}", param, ctx)
        return tuple(known[word.lower()] for word in words)


_OPTIONS: tuple[tuple[str, tuple[str, ...], dict[str, Any]], ...] = (
    (
        WRITTEN,
        ("-n", "--namespace"),
        {"type": _NAMESPACE, "help": "The only namespace that is read and written; otherwise all."},
    ),
    (WRITTEN, ("--shadow",), {"is_flag": True, "help": "Write nothing; say in log and metrics what would be."}),
    (
        WRITTEN,
        ("--prune/--no-prune",),
        {"default": True, "show_default": True, "help": "Delete policies of the set that nothing asks for any more."},
    ),
    (
        WRITTEN,
        ("--prune-limit",),
        {
            "type": click.IntRange(min=0),
            "metavar": "NUMBER",
            "help": "How many of them at once whose cause was not seen to go.  [default: 10, or a fifth of all]",
        },
    ),
    (WRITTEN, ("--allow-empty",), {"is_flag": True, "help": "Delete them also where no policy would be left."}),
    (
        WRITTEN,
        ("--expired",),
        {
            "type": click.Choice(("isolate", "remove", "delete")),
            "help": "What becomes of expired access: isolation without rules, no policy, or no resource either."
            "  [default: isolate]",
        },
    ),
    (WRITTEN, ("--kinds",), {"type": Kinds(), "help": "MaxTac kinds to heed; otherwise all four. Between commas."}),
    (
        RUNNING,
        ("--debounce",),
        {"type": Span(), "help": "How long it must be quiet before changes are heeded.  [default: 300ms]"},
    ),
    (
        RUNNING,
        ("--leader-election/--no-leader-election",),
        {"default": True, "show_default": True, "help": "Write only while holding the Lease."},
    ),
    (
        RUNNING,
        ("--lease-namespace",),
        {
            "type": _NAMESPACE,
            "help": "Where the Lease is; otherwise where this runs, or the namespace of the context.",
        },
    ),
    (
        RUNNING,
        ("--lease-name",),
        {"metavar": "NAME", "help": "What it is called.  [default: maxtac-render-SET]"},
    ),
    (
        RUNNING,
        ("--health-address",),
        {
            "type": Where(),
            "default": "127.0.0.1:8081",
            "show_default": True,
            "help": "Where /healthz and /readyz are answered; 0: nowhere.",
        },
    ),
    (
        RUNNING,
        ("--metrics-address",),
        {
            "type": Where(),
            "default": "127.0.0.1:8080",
            "show_default": True,
            "help": "Where /metrics is answered, for Prometheus; 0: nowhere.",
        },
    ),
    (
        RUNNING,
        ("--log-format",),
        {
            "type": click.Choice(("json", "text")),
            "help": "Lines of the log.  [default: text on a terminal, json otherwise]",
        },
    ),
    (
        RUNNING,
        ("--log-level",),
        {
            "type": click.Choice(("debug", "info", "warning", "error")),
            "default": "info",
            "show_default": True,
            "help": "What is logged, at least.",
        },
    ),
)


def _watching(function: Function) -> Function:
    """Give the command its options: its own, those of the compiler, and those that choose a cluster."""
    function = parameters.configured(reaching.reaching(function))
    for option in reversed(model.OPTIONS):
        if option.name not in _NOT_HERE:
            function = parameters.flag(option)(function)
    for section, names, attributes in reversed(_OPTIONS):
        function = click.option(*names, cls=pages.Option, section=section, **attributes)(function)
    return function


@click.command(
    cls=pages.Command,
    help=__doc__,
    epilog=pages.examples(
        "maxtac watch --set prod                            here, as whom kubectl is configured",
        "maxtac watch --set prod --shadow                   only say what would be written",
        "maxtac watch --set shop -n shop                    one namespace",
        "maxtac manifests controller | kubectl apply --server-side -f -     in the cluster",
    ),
)
@_watching
def command(**given: Any) -> int:
    """Watch, and return the exit code."""
    console = Console(Manner())
    completed = configuration.complete(given, configuration.load(given, console))
    if not completed["set"]:
        words = "name the set with --set NAME: the policies that this keeps, and nobody else"
        raise click.UsageError(words, click.get_current_context())
    return _run(completed)


def _run(given: Mapping[str, Any]) -> int:
    from maxtac_render.live import access  # noqa: PLC0415 - help pages do not pay
    from maxtac_render.live.journal import Form, Journal  # noqa: PLC0415 - likewise
    from maxtac_render.watch.service import Service  # noqa: PLC0415 - likewise

    way = access.load(reaching.choice(given))
    form: Form = given["log_format"] or ("text" if os.isatty(2) else "json")
    service = Service(_settings(given), way, _surroundings(given, way.namespace), Journal(form, given["log_level"]))
    return exits.CLEAN if service.run(_signals()) else exits.FOUND


def _signals() -> SimpleQueue[int]:
    """The signals that end the program in order; the second one ends it at once."""
    queue: SimpleQueue[int] = SimpleQueue()
    heard: list[int] = []

    def hear(number: int, _: object) -> None:
        heard.append(number)
        if len(heard) > 1:
            os._exit(128 + number)
        queue.put(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, hear)
    return queue


def _settings(given: Mapping[str, Any]) -> Settings:
    from maxtac_render.watch.settings import Settings  # noqa: PLC0415 - as above

    options = parameters.options({**given, "expired": None})._replace(now=None)
    return Settings(
        options=options._replace(namespace=""),
        namespace=options.namespace,
        prune=given["prune"],
        limit=given["prune_limit"],
        allow_empty=given["allow_empty"],
        expired=given["expired"] or "isolate",
        shadow=given["shadow"],
    )


def _surroundings(given: Mapping[str, Any], namespace: str) -> Surroundings:
    from maxtac_render.live.bell import CALM, Calm  # noqa: PLC0415 - as above
    from maxtac_render.watch.service import Surroundings  # noqa: PLC0415 - as above

    lease = (given["lease_namespace"] or namespace, given["lease_name"] or lease_name(given["set"]))
    quiet = given["debounce"].total_seconds() if given["debounce"] is not None else CALM.quiet
    return Surroundings(
        identity=f"{socket.gethostname()}_{uuid4()}",
        lease=lease if given["leader_election"] else None,
        health=_address(given["health_address"]),
        metrics=_address(given["metrics_address"]),
        timeout=reaching.choice(given).timeout,
        only=_kinds(given["kinds"] or tuple(KINDS)),
        calm=Calm(quiet, max(CALM.most, quiet)),
    )


def _address(place: tuple[str, int] | None) -> Address | None:
    from maxtac_render.live.probes import Address  # noqa: PLC0415 - as above

    return None if place is None else Address(*place)


def _kinds(names: tuple[str, ...]) -> tuple[Kind, ...]:
    from maxtac_render.live.kinds import INTENTS  # noqa: PLC0415 - as above

    return tuple(kind for kind in INTENTS if kind.kind in names)
