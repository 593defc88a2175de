"""What configures a KRM function: the document of ``maxtac.yaml``, or a ConfigMap with the same options as texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from maxtac_render.cli import configuration
from maxtac_render.cli.configuration import Configuration
from maxtac_render.cli.values import GIT
from maxtac_render.manifests.resourcelist import ResourceList
from maxtac_render.model.configuration import API_VERSION, KIND
from maxtac_render.model.diagnostics import Code, Report, Spot
from maxtac_render.model.fields import Fields
from maxtac_render.model.objects import Key, ObjectRef, Origin, Resource
from maxtac_render.model.options import MOMENT, SETTINGS, Options

_CONFIG_MAP = ("v1", "ConfigMap")
_DATA = "data"
_FORMS = {option.name: option.form for option in SETTINGS}


def read(package: ResourceList, report: Report) -> Configuration:
    """What a functionConfig says; what is wrong with it is reported. Without one there is nothing in it.

    Raises Broken where Kubernetes could not read it.
    """
    config = package.config()
    origin = Origin("", 0, 0, configuration.reticent(config.places))
    values: dict[str, Any] = {}
    if isinstance(config.value, dict):
        resource = Resource(_reference(config.value), config.value, origin)
        for path, key in config.twice:
            report.add(Code.DUPLICATE_KEY, resource, (*path, Key(key)), key=key)
        values = _values(resource, report)
    elif config.value is not None:
        configuration.wrong(report, Spot(origin), (), ("functionConfig", "a mapping", "something else"))
    return Configuration("functionConfig", values, origin)


def require_moment(options: Options, configured: Configuration, report: Report) -> None:
    """Report an anchor that would have to look into the history of files: of what is handed over there is none."""
    if options.anchor == GIT:
        facts = ("anchor", MOMENT, "git, as what is handed over has no history")
        configuration.wrong(report, Spot(configured.origin), ("spec", "anchor"), facts)


def _values(resource: Resource, report: Report) -> dict[str, Any]:
    if resource.ref[:2] != _CONFIG_MAP:
        return configuration.interpret(resource, report)
    texts = resource.body.get(_DATA)
    spread = {key: _spread(key, value) for key, value in texts.items()} if isinstance(texts, dict) else texts
    return configuration.settings(Fields(resource._replace(body={**resource.body, _DATA: spread}), report), _DATA)


def _reference(body: Mapping[str, Any]) -> ObjectRef:
    """What a functionConfig is called; it is meant as a Render if it is no ConfigMap."""
    kind = _CONFIG_MAP if (body.get("apiVersion"), body.get("kind")) == _CONFIG_MAP else (API_VERSION, KIND)
    metadata = body.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return ObjectRef(*kind, "", name if isinstance(name, str) and name else "functionConfig")


def _spread(key: str, value: object) -> object:
    """The text of an option as ``maxtac.yaml`` has it: a list between commas or lines, ID=LEVEL pairs likewise."""
    form = _FORMS.get(key, "text")
    if form == "text" or not isinstance(value, str):
        return value
    parts = [part for piece in value.splitlines() for text in piece.split(",") if (part := text.strip())]
    return parts if form == "list" else {name: level for name, _, level in (part.partition("=") for part in parts)}
