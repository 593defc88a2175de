"""What the tests of the command line share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def walkthrough() -> str:
    """The directory with MaxTac's walkthrough."""
    return str(Path(__file__).parents[2] / "testdata" / "walkthrough")
