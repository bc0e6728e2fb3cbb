"""The collector is set while a server runs, and only then."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.server import garbage
from gateway.server.garbage import THRESHOLDS
from tests.server.serving import on_loop, serving


@pytest.fixture
def _ours(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The collector itself, in place of the one that tests/conftest.py gives to servers; then all is exempt again."""
    monkeypatch.setattr(garbage, "gc", gc)
    yield
    gc.collect()
    gc.freeze()


@pytest.mark.usefixtures("_ours")
def test_a_running_server_is_frozen_and_rarely_looked_through(tmp_path: Path) -> None:
    """After the start the thresholds are ours and objects are exempt; after the stop everything is as before."""
    before = gc.get_threshold()
    assert before != THRESHOLDS

    async def run() -> None:
        frozen = gc.get_freeze_count()
        async with serving(tmp_path):
            assert gc.get_threshold() == THRESHOLDS
            assert gc.get_freeze_count() > frozen
        assert gc.get_threshold() == before
        assert gc.get_freeze_count() <= frozen

    on_loop(run)
