"""The plugin's own options, and all that an Application may set: parameters by name, form and default."""

from __future__ import annotations

from typing import Literal, NamedTuple

from maxtac_render.model.options import INTENTS, OPTIONS, Option


class Settings(NamedTuple):
    """The values of the plugin's own options."""

    input: Literal["plain", "kustomize", "helm"] = "plain"
    arguments: tuple[str, ...] = ()
    manifests: Literal["keep", "drop"] = "keep"


INPUT = Option(
    "input",
    "Where the manifests come from: the files as they are, kustomize build, or helm template.",
    choices=("plain", "kustomize", "helm"),
)
ARGUMENTS = Option(
    "arguments",
    "Further arguments for helm template, each written as --name=value.",
    "ARGUMENT",
    form="list",
    takes="an argument",
)
MANIFESTS = Option(
    "manifests",
    "What becomes of the manifests besides the policies: Argo CD gets them too, or something else deploys them.",
    choices=("keep", "drop"),
)

OWN = (INPUT, ARGUMENTS, MANIFESTS)
"""What only the plugin has."""

PARAMETERS = (*OWN, INTENTS, *OPTIONS)
"""What an Application may set."""
