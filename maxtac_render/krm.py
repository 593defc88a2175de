"""``maxtac-render-krm``: the KRM function for callers that give no arguments; the image starts with it.

kustomize calls it as a plugin, too, where ``maxtac plugin install`` has put it. With other arguments, and for people
at a terminal, it is ``maxtac``.
"""

from __future__ import annotations

import os
import sys

from maxtac_render.cli import main as maxtac

PLUGIN = "KUSTOMIZE_PLUGIN_CONFIG_STRING"
"""What kustomize sets for a plugin, which it gives a file as its argument."""


def main() -> int:
    """Run the program and return its exit code."""
    arguments = sys.argv[1:]
    if not arguments and sys.stdin is not None and not sys.stdin.isatty():
        arguments = ["krm"]
    elif PLUGIN in os.environ and arguments and os.path.isfile(arguments[0]):  # noqa: PTH113 - importing pathlib costs
        arguments = ["plugin", "run", *arguments]
    return maxtac(arguments, program="maxtac")


if __name__ == "__main__":
    sys.exit(main())
