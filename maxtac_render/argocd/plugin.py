"""How Argo CD gets to know the plugin: plugin.yaml, the ConfigMap that holds it, and the parameters it announces."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from textwrap import indent
from typing import Any, Final

from maxtac_render.argocd.settings import PARAMETERS
from maxtac_render.manifests import write
from maxtac_render.model.configuration import NAME as CONFIGURATION
from maxtac_render.model.options import Option
from maxtac_render.model.policy import Policy

NAME: Final = "maxtac-render"
"""The plugin's name: what an Application calls it, and the beginning of its socket's name."""

CONFIGMAP: Final = "maxtac-render-plugin"
FILE: Final = "plugin.yaml"
"""The name that argocd-cmp-server looks for."""

SYNC_OPTIONS: Final = "argocd.argoproj.io/sync-options"
PRUNE_LAST: Final = (SYNC_OPTIONS, "PruneLast=true")

_FORMS = {"text": "string", "list": "array", "mapping": "map"}
"""What Argo CD calls the forms of options."""


def body() -> dict[str, Any]:
    """The plugin's configuration. Its commands are lists of words, and there is no shell among them.

    An Application is the plugin's where maxtac.yaml lies in its directory.
    """
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ConfigManagementPlugin",
        "metadata": {"name": NAME},
        "spec": {
            "generate": {"command": ["maxtac"], "args": ["argocd", "generate"]},
            "discover": {"fileName": CONFIGURATION},
            "parameters": {"dynamic": {"command": ["maxtac"], "args": ["argocd", "parameters"]}},
            "preserveFileMode": False,
            "provideGitCreds": False,
        },
    }


def text() -> str:
    """The file plugin.yaml."""
    return write.document(body())


def configmap() -> str:
    """The ConfigMap that holds plugin.yaml, for the sidecar to mount; the file in it as people would write it."""
    head = write.document({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": CONFIGMAP}})
    return f"{head}data:\n  {FILE}: |\n{indent(text(), '    ')}"


def announced(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The parameters for the user interface, with the values that count where an Application sets none.

    They are shown there and not sent: whoever reads parameters falls back to the same values.
    """
    return [_announced(option, values.get(option.name)) for option in PARAMETERS]


def _announced(option: Option, value: object) -> dict[str, Any]:
    form = _FORMS[option.form]
    described = {"name": option.name, "title": _title(option.name), "tooltip": _tooltip(option), "collectionType": form}
    return {**described, form: value} if value else described


def _title(name: str) -> str:
    """``mirrorNamespaces`` as ``Mirror namespaces``."""
    return re.sub(r"[A-Z]", lambda capital: f" {capital[0].lower()}", name).capitalize()


def _tooltip(option: Option) -> str:
    """What an option is for, and what may be said."""
    return f"{option.help} One of: {', '.join(option.choices)}." if option.choices else option.help


def pruned_last(policies: Iterable[Policy]) -> list[Policy]:
    """The policies, told to Argo CD as ones to be removed last.

    It prunes before it creates. A policy that gets another name would be gone for as long as that takes, and the pods
    it isolates would be open.
    """
    return [policy._replace(annotations=tuple(sorted((*policy.annotations, PRUNE_LAST)))) for policy in policies]
