"""Workers that a test can look into."""

from __future__ import annotations

import pytest

from gateway.workers import desk
from tests.workers.rig import InLoop


@pytest.fixture
def in_loop(monkeypatch: pytest.MonkeyPatch) -> list[InLoop]:
    """Workers run in the test's loop; those that were started, in order."""
    monkeypatch.setattr(desk, "start_process", InLoop.start)
    monkeypatch.setattr(InLoop, "started", [])
    return InLoop.started
