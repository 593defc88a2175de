"""``python -m maxtac_render``, which is the same as ``maxtac``."""

import sys

from maxtac_render.cli import main

if __name__ == "__main__":
    sys.exit(main(program="python -m maxtac_render"))
