"""The connections whose memory is measured."""

from __future__ import annotations

import pytest

from benchmarks import memory
from benchmarks.memory import per_connection
from benchmarks.process import Running, python_server
from tests.benchmarks.stand_in import stand_in


def test_idle_producers_and_viewers_have_done_what_live_ones_do() -> None:
    """A producer has an acknowledged batch behind it, a viewer a snapshot; both stay open."""
    with stand_in() as server:
        where = Running("x", server.port, 0, "wk", "vk")
        with memory.idle_producer(where) as producer, memory._viewer(where) as viewer:
            assert server.counts == {"cell-0": 1}
            assert producer.fileno() >= 0
            assert viewer.fileno() >= 0
    assert [(hello["role"], hello["token"]) for hello in server.hellos] == [("producer", "wk"), ("viewer", "vk")]


def test_connections_cost_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the peer's connections the private memory of its process grows by kilobytes each."""
    monkeypatch.setattr(memory, "STEPS", (60, 160))
    monkeypatch.setattr(memory, "_QUIET_S", 0.1)
    monkeypatch.setattr(memory, "_WARM", 10)
    with python_server("idle", "benchmarks.peers.idle") as server:
        each, first, second = per_connection(server, memory._plain)
    assert 3 < each < 60
    assert each == pytest.approx((60 * first + 100 * second) / 160)
