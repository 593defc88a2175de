"""Serve as a plugin of the kustomize in kubectl, which runs no KRM functions.

install puts a file where kustomize looks for plugins of kind Render: below $KUSTOMIZE_PLUGIN_HOME, or else in
kustomize/plugin of the user's configuration. Then this works in a kustomization whose transformers name a Render:

kubectl kustomize --enable-alpha-plugins overlays/prod | kubectl apply -f -
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping

import click

from maxtac_render import compiler
from maxtac_render.cli import configuration, exits, functionconfig, intake, package, pages, parameters
from maxtac_render.cli.configuration import Configuration
from maxtac_render.cli.console import Console
from maxtac_render.cli.package import Rendering
from maxtac_render.cli.parameters import Manner
from maxtac_render.manifests import passthrough
from maxtac_render.manifests.read import Piece, pieces
from maxtac_render.model.configuration import API_VERSION, KIND
from maxtac_render.model.diagnostics import Report, Severity
from maxtac_render.model.errors import SinkFault
from maxtac_render.model.options import Options, severities
from maxtac_render.sinks import file
from maxtac_render.sources import STDIN, inputs

SECTION = "Deliver"

HOME = "KUSTOMIZE_PLUGIN_HOME"
MARK = "# Installed by maxtac plugin install."


@click.group(
    cls=pages.Group,
    help=__doc__,
    no_args_is_help=False,
    epilog=pages.examples(
        "maxtac plugin install",
        "maxtac plugin run render.yaml < objects.yaml   what kustomize does with it",
    ),
)
def command() -> None:
    """Serve as a plugin."""


@command.command("install", cls=pages.Command, epilog=pages.examples("maxtac plugin install"))
def install() -> int:
    """Put the plugin where kustomize looks for it, and print the path.

    It runs the maxtac that installed it: install it again when that has moved. A file there that is not ours is left
    alone.

    Exit codes: 0 installed, or up to date; 2 could not be.
    """
    group, version = API_VERSION.split("/")
    path = "/".join((_home(os.environ), group, version, KIND.lower(), KIND))
    program = f'#!/bin/sh\n{MARK}\nexec {shlex.quote(sys.executable)} -P -m maxtac_render.krm "$@"\n'
    if not _is_ours(path):
        raise SinkFault(f"{inputs.shown(path)} is not ours; left alone")
    file.write(path, [program])
    os.chmod(path, 0o755)  # noqa: PTH101, S103 - importing pathlib costs; a program that everybody may run
    click.echo(path)
    return exits.CLEAN


def _home(environment: Mapping[str, str]) -> str:
    """The directory in which kustomize looks for plugins."""
    if environment.get(HOME):
        return environment[HOME]
    settings = environment.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")  # noqa: PTH111 - as above
    if not os.path.isabs(settings):  # noqa: PTH117 - as above
        raise SinkFault(f"no home directory; say with {HOME} where plugins are")
    return f"{settings}/kustomize/plugin"


def _is_ours(path: str) -> bool:
    """Tell whether a file may be written there: there is none, or one that was installed."""
    if not os.path.lexists(path):
        return True
    if os.path.islink(path) or not os.path.isfile(path):  # noqa: PTH114, PTH113 - as above
        return False
    return MARK.encode() in configuration.content(path)


@command.command("run", cls=pages.Command, epilog=pages.examples("maxtac plugin run render.yaml < objects.yaml"))
@click.argument("config", type=click.Path())
@parameters.choosing
def run(config: str, **given: object) -> int:
    """Do what kustomize calls a plugin for: objects from standard input go to standard output, and policies with them.

    CONFIG is the Render that the kustomization names. Where there are no objects, as for a generator, the sources that
    it names are rendered, seen from the directory of the kustomization.

    Exit codes: 0 clean; 1 findings, or 2 could not run, and nothing is printed.
    """
    console, report = Console(Manner()), Report()
    configured = configuration.parse(configuration.content(config), "<config>", report)
    objects = inputs.read(intake.stdin(), STDIN)
    if configured is None or report.worst > Severity.OFF:
        return _refuse(report, console)
    options = parameters.options(configuration.complete(given, configured))
    if objects.strip():
        return _transform(objects, options, configured, console)
    report = Report(severities(options))
    rendering = package.generate(configured.values.get("sources", ()), options, report, console)
    return _write((), rendering, report, console)


def _transform(objects: bytes, options: Options, configured: Configuration, console: Console) -> int:
    """Write the objects again, and the policies that they ask for."""
    report = Report()
    functionconfig.require_moment(options, configured, report)
    if report.worst > Severity.OFF:
        return _refuse(report, console)
    report = Report(severities(options))
    read = list(pieces(objects, STDIN, report, package.WANTED))
    rendering = package.compiled((found for piece in read for found in piece.resources), options, report)
    gone = {present.origin for present in rendering.replaced}
    kept = list(passthrough.kept(read, lambda resource: resource.origin in gone, report))
    return _write(kept, rendering, report, console)


def _write(kept: list[Piece] | tuple[()], rendering: Rendering, report: Report, console: Console) -> int:
    """Write all of it, or nothing where there is an error."""
    if console.withheld(report):
        return _refuse(report, console)
    policies = compiler.yaml_documents(rendering.output.policies)
    console.put_bytes([b"".join(passthrough.join(kept, (text.encode() for text in policies)))])
    console.findings(report, sys.stderr)
    return exits.CLEAN


def _refuse(report: Report, console: Console) -> int:
    console.findings(report, sys.stderr, "nothing rendered")
    return exits.FOUND
