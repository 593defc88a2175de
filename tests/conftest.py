"""What all tests share: the switch that rewrites expected output, and properties that time does not judge."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hypothesis import settings

if TYPE_CHECKING:
    import pytest

settings.register_profile("maxtac", deadline=None)  # a busy machine makes nothing wrong
settings.register_profile("ci", deadline=None, derandomize=True)  # what is new is looked for where somebody sees it
settings.load_profile("ci" if os.environ.get("CI") == "true" else "maxtac")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--update``."""
    parser.addoption("--update", action="store_true", help="rewrite the expected files of the golden cases")
