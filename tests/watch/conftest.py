"""What the tests of a watch share: all is tried again soon."""

from __future__ import annotations

import pytest

from maxtac_render.live import client
from maxtac_render.watch import loop, rounds, service


@pytest.fixture(autouse=True)
def _haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for less."""
    for name in ("CONFIRM", "RETRY", "FORBIDDEN"):
        monkeypatch.setattr(rounds, name, 0.05)
    monkeypatch.setattr(loop, "LOOK", 0.2)
    monkeypatch.setattr(service, "RETRY", 0.05)
    monkeypatch.setattr(service, "ANSWERED_WITHIN", 1.0)
    monkeypatch.setattr(client, "SLACK", 0.5)
