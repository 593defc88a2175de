"""What a call of the Argo CD plugin is asked for: command line over the Application's parameters over maxtac.yaml.

Whoever may write to an Application or its repository gets no more by it than the repository: what is read lies in
there, links that lead out are refused, and only an administrator's command line is taken as it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from maxtac_render.argocd import stages
from maxtac_render.argocd.application import VARIABLE, Application, application, root
from maxtac_render.argocd.settings import PARAMETERS, Settings
from maxtac_render.cli import configuration
from maxtac_render.cli.configuration import Configuration
from maxtac_render.cli.console import Console
from maxtac_render.cli.intake import inputs
from maxtac_render.model.configuration import API_VERSION, KIND
from maxtac_render.model.diagnostics import Report, Severity
from maxtac_render.model.errors import EnvironmentFault, SourceFault
from maxtac_render.model.objects import ObjectRef, Origin, Resource
from maxtac_render.model.options import Options
from maxtac_render.sources import Input, links, program
from maxtac_render.sources.inputs import shown

_SIGNS = (
    *((name, "kustomize") for name in ("kustomization.yaml", "kustomization.yml", "Kustomization")),
    ("Chart.yaml", "helm"),
)
"""Files by which a directory is known to be one for another program."""


class Request(NamedTuple):
    """One call: the Application, the root of its repository, the plugin's settings, and all options by their fields."""

    application: Application
    root: str
    settings: Settings
    said: Mapping[str, Any]

    @property
    def programmed(self) -> bool:
        """Tell whether another program makes the manifests, so that all of them are objects."""
        return bool(self.said["source"]) or self.settings.input != "plain"


def request(given: Mapping[str, Any], environment: Mapping[str, str], console: Console) -> Request:
    """What is asked for; with findings about it the command ends.

    Raises SourceFault for a link in the repository that leads out of it, EnvironmentFault for what is not allowed.
    """
    told = application(environment)
    top = root(os.getcwd(), told.path)  # noqa: PTH109 - importing pathlib costs more than this
    link = next(links.leaving(top), None)
    if link is not None:
        raise SourceFault(f"symbolic link {link} leads out of the repository; nothing is read")
    parameters = _parameters(told, console)
    said = configuration.complete({"sources": (), **given}, parameters, PARAMETERS)
    said = configuration.complete(said, configuration.load(given, console))
    settings = Settings(**{name: said[name] or default for name, default in Settings._field_defaults.items()})
    if said["source"] and (said["input"] or said["arguments"]):
        raise EnvironmentFault("the plugin reads standard input (-): input and arguments have no use")
    if not said["source"] and not said["input"]:
        _require_plain()
    if not given["arguments"]:
        checked = stages.allowed(settings.input, settings.arguments, lambda path: _file(path, top))
        settings = settings._replace(arguments=tuple(checked))
    return Request(told, top, settings, said)


def _require_plain() -> None:
    """Raise EnvironmentFault where the files here are not meant to be applied as they are, and nobody says that."""
    for name, stage in _SIGNS:
        if os.path.exists(name):  # noqa: PTH110 - as above
            words = f"say input: {stage}, or input: plain to have the files as they are"
            raise EnvironmentFault(f"{name} lies in the directory of the Application; {words}")


def _parameters(told: Application, console: Console) -> Configuration:
    """What the Application says, read as a configuration of its own: its namespace, and its parameters."""
    namespace = {"namespace": told.namespace} if told.namespace else {}
    body = {"apiVersion": API_VERSION, "kind": KIND, "spec": {**namespace, **told.parameters}}
    resource = Resource(ObjectRef(API_VERSION, KIND, "", VARIABLE), body, Origin(VARIABLE, 0, 0))
    report = Report()
    values = configuration.interpret(resource, report, PARAMETERS)
    if report.worst > Severity.OFF:
        configuration.refuse(console, report)
    return Configuration(VARIABLE, values, resource.origin)


def files(asked: Request, options: Options, report: Report, timeout: timedelta) -> Iterator[Input]:
    """The manifests that are asked for. Raises SourceFault for what cannot be read, or is not in the repository."""
    for file in _read(asked, options, report, timeout):
        yield file._replace(passed=asked.settings.manifests == "keep")


def _read(asked: Request, options: Options, report: Report, timeout: timedelta) -> Iterator[Input]:
    make = stages.COMMANDS.get(asked.settings.input)
    if asked.said["source"]:
        yield from inputs([asked.said["source"]], options, report)
    elif make is not None:
        command = make(asked.application, asked.settings.arguments)
        limits = program.Limits(timeout.total_seconds(), stages.LONGEST)
        printed = program.output(command, stages.environment(os.environ), limits)
        yield Input(f"<{asked.settings.input}>", printed, named=True)
    else:
        for source in options.sources:
            if not source.startswith("git:"):
                _require_within(source, asked.root)
            yield from inputs([source], options, report)


def _file(path: str, root: str) -> str:
    """The real path of a file of the repository. Raises SourceFault for any other, and for what is no path."""
    _require_within(path, root)
    if not os.path.isfile(path):  # noqa: PTH113 - as above
        raise SourceFault(f"no file {shown(path)} in the repository")
    return os.path.realpath(path)


def _require_within(path: str, root: str) -> None:
    if not links.inside(path, root):
        raise SourceFault(f"{shown(path)} leads out of the repository")
