"""The annotations by which kustomize and kpt keep their books on the objects that they hand to a function.

Source: "KRM Functions Specification" and "Manifest Annotations" of the kustomize project, and its code.
"""

from __future__ import annotations

from collections.abc import Mapping

from maxtac_render.model.objects import History

INTERNAL = "internal.config.kubernetes.io/"
PATH = f"{INTERNAL}path"
"""The file that an object is in, relative to its package."""
INDEX = f"{INTERNAL}index"
"""Which document of that file it is, from 0, as a text."""

_HISTORY = ("previousNamespaces", "previousNames", "prefixes", "suffixes")
_BOOKS = frozenset(
    {
        "alpha.config.kubernetes.io/transformations",
        "config.k8s.io/id",
        "config.kubernetes.io/index",
        "config.kubernetes.io/origin",
        "config.kubernetes.io/path",
        "kustomize.config.k8s.io/id",
    }
)


def is_bookkeeping(key: str) -> bool:
    """Tell whether an annotation is an orchestrator's own, which a function gives back as it is."""
    return key.startswith(INTERNAL) or key in _BOOKS


def history(annotations: Mapping[str, object]) -> History:
    """What kustomize has called an object before. To it an object without a namespace is in ``default``."""
    namespaces, names, prefixes, suffixes = (_text(annotations, key) for key in _HISTORY)
    places = zip(namespaces.split(","), names.split(","), strict=False) if namespaces and names else ()
    return History(tuple(dict.fromkeys(places)), (prefixes, suffixes))


def _text(annotations: Mapping[str, object], key: str) -> str:
    value = annotations.get(f"{INTERNAL}{key}")
    return value if isinstance(value, str) else ""
