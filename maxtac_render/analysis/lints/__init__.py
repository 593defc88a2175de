"""What is proved about policies that their authors may not expect; the folder is the registry, one file a concern.

A module of this folder has one function, ``lint(scene, report)``. One whose name begins with ``_`` is none.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from maxtac_render.analysis.lints._scene import Scene
from maxtac_render.model.diagnostics import Report

__all__ = ["Scene", "lint"]


def lint(scene: Scene, report: Report) -> None:
    """Report everything that the lints find."""
    for module in sorted(each.name for each in iter_modules(__path__) if not each.name.startswith("_")):
        import_module(f"{__name__}.{module}").lint(scene, report)
