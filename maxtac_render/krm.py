"""``maxtac-render-krm``: the KRM function for callers that give no arguments; the image starts with it.

With arguments, and for people at a terminal, it is ``maxtac``.
"""

from __future__ import annotations

import sys

from maxtac_render.cli import main as maxtac


def main() -> int:
    """Run the program and return its exit code."""
    arguments = sys.argv[1:]
    if not arguments and sys.stdin is not None and not sys.stdin.isatty():
        arguments = ["krm"]
    return maxtac(arguments, program="maxtac")


if __name__ == "__main__":
    sys.exit(main())
