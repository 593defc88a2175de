"""``maxtac.yaml``: found, read, and put under what the command line says.

It is data: nothing in it is expanded, included or run. Anything wrong in it is wrong usage: a command that went on with
other options than those that were meant could open what was meant to be closed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

import click

from maxtac_render.cli import parameters, values
from maxtac_render.cli.console import Console
from maxtac_render.cli.exits import FAILED
from maxtac_render.manifests import written
from maxtac_render.model.configuration import API_VERSION, KIND, METADATA, NAME
from maxtac_render.model.diagnostics import CODES, SEVERITIES, Code, Report, Severity, Spot
from maxtac_render.model.errors import SourceFault
from maxtac_render.model.fields import Fields
from maxtac_render.model.objects import FieldPath, Key, ObjectRef, Origin, Place, Resource, nowhere, path_text
from maxtac_render.model.options import INTENTS, LAYOUT, SETTINGS, SOURCES, Option
from maxtac_render.sources import SCHEMES, inputs

UNUSED = "configuration not used"


class Configuration(NamedTuple):
    """What a file says: its path, the options that it sets by their fields in Options, and where they stand."""

    path: str
    values: Mapping[str, Any]
    origin: Origin

    def line(self, *path: str) -> int:
        """The line of an option, or of one finding's severity."""
        place = self.origin.places(("spec", *path))
        return place.line if place else self.origin.line


def load(given: Mapping[str, Any], console: Console | None = None) -> Configuration | None:
    """The configuration that the parameters of a command ask for; with findings about it the command ends.

    Raises SourceFault when the file cannot be read.
    """
    console = console or Console(parameters.manner(given))
    if given["no_config"] and given["config"] is not None:
        raise click.UsageError("--config and --no-config exclude each other", click.get_current_context())
    path = given["config"] if given["config"] is not None or given["no_config"] else find()
    if path is None:
        return None
    report = Report()
    configuration = read(content(path), path, report)
    if configuration is None or report.worst > Severity.OFF:
        refuse(console, report)
    console.detail(f"configured by {configuration.path}")
    return configuration


def refuse(console: Console, report: Report) -> NoReturn:
    """End a command because of what is wrong with its options."""
    console.findings(report, sys.stderr, "nothing done")
    raise click.exceptions.Exit(FAILED)


_ONLY_WITH = {LAYOUT.field: "output_dir", INTENTS.field: "passthrough"}
"""The options that are about one way of writing, and the parameter that chooses it."""


def complete(
    given: Mapping[str, Any], configuration: Configuration | None, options: Sequence[Option] = SETTINGS
) -> dict[str, Any]:
    """The parameters of a command, where they are not given with what the configuration says.

    Of lists the command line's counts alone; severities are those of both. Sources do not count where the command
    line names what is passed through, and what is about one way of writing counts only for that one.
    """
    completed = {name: value for name, value in given.items() if name not in ("config", "no_config")}
    if configuration is None:
        return completed
    for option in options:
        name = option.field
        value = configuration.values.get(name)
        if value is None or name not in given or not given.get(_ONLY_WITH.get(name, ""), True):
            continue
        if option is SOURCES and given.get("passthrough"):
            continue
        if option.form == "mapping":
            completed[name] = (*value.items(), *given[name])
        elif not parameters.said(given[name]):
            completed[name] = (value,) if option.name in values.LISTS else value
    return completed


def find() -> str | None:
    """The path of the configuration for the working directory: the one in it, or else the next one above it.

    What lies above the root of the repository is not ours, and outside of a repository all that is above. Raises
    SourceFault for a link that leads out of the repository.
    """
    steps = _steps_to_root()
    for path in ("../" * step + NAME for step in range(steps + 1)):
        if not os.path.lexists(path) or os.path.isdir(path):  # noqa: PTH112 - importing pathlib costs
            continue
        root = os.path.realpath("../" * steps or ".").rstrip("/")
        if not os.path.realpath(path).startswith(f"{root}/"):
            raise SourceFault(f"{path} leads out of {root or '/'}; if it is meant, name it with --config")
        return path
    return None


def _steps_to_root() -> int:
    """How far above the working directory the root of its repository is; 0 if it is in none."""
    steps = 0
    try:
        here = os.stat(".")  # noqa: PTH116 - importing pathlib costs
        while not os.path.lexists("../" * steps + ".git"):
            above = os.stat("../" * (steps + 1))  # noqa: PTH116 - as above
            if os.path.samestat(here, above):
                return 0
            here, steps = above, steps + 1
    except OSError:
        return 0
    return steps


def content(path: str) -> bytes:
    """The bytes of a file. Raises SourceFault when it cannot be read."""
    name = inputs.shown(path)
    try:
        with open(path, "rb", buffering=0) as stream:  # noqa: PTH123 - importing pathlib costs
            return inputs.read(stream, name)
    except (OSError, ValueError) as error:
        raise inputs.unreadable(name, error) from error


def read(data: bytes, path: str, report: Report) -> Configuration | None:
    """What a file says; None, or values that must not be used, where there are findings."""
    configuration = parse(data, path, report)
    if configuration is not None and "sources" in configuration.values:
        sources = tuple(below(path, source) for source in configuration.values["sources"] if source)
        return configuration._replace(values={**configuration.values, "sources": sources})
    return configuration


def parse(data: bytes, path: str, report: Report) -> Configuration | None:
    """What a text says; in it paths are relative to the working directory."""
    resource = _document(data, inputs.shown(path), report)
    return (
        None if resource is None else Configuration(resource.origin.path, interpret(resource, report), resource.origin)
    )


def _document(data: bytes, path: str, report: Report) -> Resource | None:
    """The only document of a configuration."""
    found = written.read(data, path, report)
    if found is None:
        return None
    if len(found) != 1:
        origin = found[1].origin._replace(places=nowhere) if found else Origin(path)
        return wrong(report, Spot(origin), (), (NAME, "one document", str(len(found) or "none")))
    document = found[0]
    origin = document.origin._replace(places=reticent(document.origin.places))
    if not isinstance(document.value, dict):
        kind = "a list" if isinstance(document.value, list) else "a single value"
        return wrong(report, Spot(origin), (), (NAME, "a mapping", kind))
    resource = Resource(_reference(document.value), document.value, origin)
    document.report_twice(resource, report)
    return resource


def _reference(body: Mapping[str, Any]) -> ObjectRef:
    metadata = body.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return ObjectRef(API_VERSION, KIND, "", name if isinstance(name, str) and name else NAME)


def reticent(places: Callable[[FieldPath], Place | None]) -> Callable[[FieldPath], Place | None]:
    """The same places, whose lines show no other field: nobody knows what stands behind a key that nobody knows."""

    def shown(path: FieldPath) -> Place | None:
        place = places(path)
        if place is None:
            return None
        key = bool(path) and isinstance(path[-1], Key)
        alone = bool(path) and place.excerpt.count(":", 0, place.column - 1) <= (not key)
        end = place.end_column - (not key)
        whole = not key and ":" not in place.excerpt[end:]
        return place._replace(excerpt="" if not alone else place.excerpt if whole else place.excerpt[:end])

    return shown


def interpret(resource: Resource, report: Report, options: Sequence[Option] = SETTINGS) -> dict[str, Any]:
    """The options that a configuration sets, by their fields in Options."""
    fields = Fields(resource, report)
    if not (_must_be(fields, "apiVersion", API_VERSION) and _must_be(fields, "kind", KIND)):
        return {}
    fields.known((), ("apiVersion", "kind", "metadata", "spec"))
    fields.known(("metadata",), tuple(METADATA))
    _mapping(fields, ("metadata",))
    for name, kind in METADATA.items():
        (_text if kind == "string" else _mapping)(fields, ("metadata", name))
    return settings(fields, "spec", options)


def settings(fields: Fields, root: str, options: Sequence[Option] = SETTINGS) -> dict[str, Any]:
    """The options that a mapping at the root of a document sets, by their fields in Options."""
    fields.known((root,), tuple(option.name for option in options))
    stated = [option for option in options if option.name in _mapping(fields, (root,))]
    found = {option.field: _READERS[option.form](fields, (root, option.name), option) for option in stated}
    return {name: value for name, value in found.items() if value is not None}


def _must_be(fields: Fields, name: str, expected: str) -> bool:
    value = fields.at((name,))
    if value != expected:
        found = f'"{value}"' if isinstance(value, str) else "left out" if value is None else "something else"
        path = (name,) if value is not None else ()
        wrong(fields.report, fields.resource, path, (name, expected, found))
    return bool(value == expected)


def _list_option(fields: Fields, path: FieldPath, option: Option) -> object:
    items = fields.at(path)
    if items is None:
        return None
    if not isinstance(items, list):
        return fields.wrong(path, items, "a list", UNUSED)
    return tuple(dict.fromkeys(_single(fields, (*path, number), option) for number in range(len(items))))


def _severities(fields: Fields, path: FieldPath, option: Option) -> object:
    fields.known(path, tuple(CODES))
    levels = _mapping(fields, path)
    if fields.at(path) is None:
        return None
    found = {CODES[name]: _level(fields, (*path, name), option) for name in levels if name in CODES}
    return {code: level for code, level in found.items() if level is not None}


def _level(fields: Fields, path: FieldPath, option: Option) -> Severity | None:
    if fields.at(path) is False:
        return Severity.OFF  # what YAML 1.1, and so Kubernetes, makes of a bare off
    text = _text(fields, path)
    if text is None or text in SEVERITIES:
        return SEVERITIES.get(text or "")
    return wrong(fields.report, fields.resource, path, (path_text(path), option.expected, f'"{text}"'))


def _single(fields: Fields, path: FieldPath, option: Option) -> object:
    """One value of an option; None where it is wrong, or null where it may be."""
    value = fields.at(path)
    if value is None and isinstance(path[-1], int):
        return fields.wrong(path, value, "a string", UNUSED)
    text = _text(fields, path)
    try:
        return None if text is None else values.single(option)(text)
    except values.Unfit:
        return wrong(fields.report, fields.resource, path, (path_text(path), option.expected, f'"{text}"'))


_READERS: dict[str, Callable[[Fields, FieldPath, Option], object]] = {
    "text": _single,
    "list": _list_option,
    "mapping": _severities,
}


def _text(fields: Fields, path: FieldPath) -> str | None:
    value = fields.at(path)
    return value if value is None or isinstance(value, str) else fields.wrong(path, value, "a string", UNUSED)


def _mapping(fields: Fields, path: FieldPath) -> Mapping[str, Any]:
    value = fields.at(path)
    if isinstance(value, dict):
        return value
    if value is not None:
        fields.wrong(path, value, "a mapping", UNUSED)
    return {}


def wrong(report: Report, about: Resource | Spot, path: FieldPath, facts: tuple[str, str, str]) -> None:
    """Report a value that is none of those that it may be; the facts are its name, what it must be, and what it is."""
    name, expected, found = facts
    report.add(Code.WRONG_TYPE, about, path, name=name, expected=expected, found=found, done=UNUSED)


def below(file: str, source: str) -> str:
    """A SOURCE that a file names, as the command line would name it: a path is relative to the file."""
    directory, slash, _ = file.rpartition("/")
    if source == "-" or source.startswith(("/", *SCHEMES)) or not slash:
        return source
    return f"{directory}/" if source == "." else f"{directory}/{source}"
