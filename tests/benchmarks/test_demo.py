"""The demo whose memory is measured is the real one, in a hurry."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from benchmarks import demo
from benchmarks.demo import visit
from benchmarks.peers.hurried import hurried
from benchmarks.process import Running, python_server

SPEED = 2_000.0


def test_visitors_of_two_hours_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At 2,000 times the speed, two hours of a small crowd pass, and each has its figure."""
    monkeypatch.setattr(demo, "_LOOK_S", 0.01)
    began = time.time_ns() // 1_000_000
    argv = ("benchmarks.peers.hurried", str(began), str(SPEED), str(tmp_path / "data"))
    env = {"TIDEGATE_WRITE_KEYS": "wk_demo", "TIDEGATE_DRAIN_MS": "100"}
    with python_server("hurried", *argv, env=env) as server:
        where = Running("x", server.port, server.pid, "wk_demo")
        rss, events = asyncio.run(visit(where, hurried(began, SPEED), 2, visitors=2))
    assert len(rss) == 3
    assert min(rss) > 20
    assert events > 100
