"""Which objects are read for their content; everything else is passed over."""

from __future__ import annotations

from typing import Final

from maxtac_render.model.intent import GROUP, KINDS

WANTED: Final = frozenset({("v1", "Service")})
"""apiVersion and kind of what is read from other groups than MaxTac's own. Of that one, everything is read."""

SUSPECTS: Final = frozenset({kind for _, kind in WANTED} | set(KINDS))
"""Kinds that are looked at whatever their group."""


def is_ours(api_version: str) -> bool:
    """Tell whether an apiVersion belongs to MaxTac's group."""
    return api_version.partition("/")[0] == GROUP


def is_wanted(api_version: str, kind: str) -> bool:
    """Tell whether objects of this kind are read for their content."""
    return (api_version, kind) in WANTED or is_ours(api_version)
