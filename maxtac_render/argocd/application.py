"""What Argo CD tells a plugin about the Application that it renders: environment variables, parameters as JSON.

https://argo-cd.readthedocs.io/en/stable/user-guide/build-environment/
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from maxtac_render.model.errors import EnvironmentFault

VARIABLE = "ARGOCD_APP_PARAMETERS"
"""The parameters, whole. The variables PARAM_... say the same, but one of them may stand for several names."""


class Application(NamedTuple):
    """One Application. ``namespace`` is that of its destination, empty for none; so is all that was not told.

    ``path`` is where it lies in its repository. ``parameters`` are strings, lists and mappings of strings; an empty
    string is one that was cleared, so it is not there.
    """

    name: str = ""
    namespace: str = ""
    path: str = ""
    kube_version: str = ""
    api_versions: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = {}


def application(environment: Mapping[str, str]) -> Application:
    """The Application that an environment tells about. Raises EnvironmentFault for parameters that are no such list."""
    told = environment.get
    return Application(
        told("ARGOCD_APP_NAME", "").rpartition("_")[2],  # outside of Argo CD's own namespace: <namespace>_<name>
        told("ARGOCD_APP_NAMESPACE", ""),
        told("ARGOCD_APP_SOURCE_PATH", ""),
        told("KUBE_VERSION", ""),
        tuple(filter(None, told("KUBE_API_VERSIONS", "").split(","))),
        dict(_parameters(told(VARIABLE) or "null")),
    )


def _parameters(text: str) -> Iterator[tuple[str, Any]]:
    try:
        listed = json.loads(text) or []
    except (ValueError, RecursionError):
        listed = None
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise EnvironmentFault(f"{VARIABLE} is no list of parameters in JSON")
    seen = set()
    for entry in listed:
        name = entry.get("name")
        if not isinstance(name, str):
            raise EnvironmentFault(f"{VARIABLE} has a parameter without a name")
        if name in seen:
            raise EnvironmentFault(f"parameter {name} is set twice")
        seen.add(name)
        value = next((entry[form] for form in ("map", "array", "string") if entry.get(form) is not None), "")
        if value != "":
            yield name, value


def root(directory: str, path: str) -> str:
    """The root of an Application's repository, or of what was copied of it, above its own directory.

    As much of its path as the directory ends in lies below the root; the directory is absolute.
    """
    steps = [step for step in path.split("/") if step not in ("", ".")]
    here = directory.rstrip("/").split("/")
    sizes = range(len(steps), 0, -1) if ".." not in steps else ()
    depth = next((size for size in sizes if here[-size:] == steps[-size:]), 0)
    return "/".join(here[: len(here) - depth]) or "/"
