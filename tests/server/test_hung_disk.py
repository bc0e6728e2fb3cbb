"""A flush that does not come back: everything waits for it, nothing fails, and it goes on when it does."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.server.enricher import Sender
from gateway.server.kpiquery import KpiQuery
from gateway.server.services import HouseServices
from gateway.store import rows
from tests.server.serving import DEADLINE_S, on_loop, producer_hello, serving, until, wire
from tests.server.talk import accepted, batch, producer
from tests.server.test_services import body


class HungDisk:
    """Holds the store's writer thread in the middle of a transaction, for as long as a test likes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._go = threading.Event()
        self._go.set()
        self.hung = threading.Event()
        self._insert = rows.insert
        monkeypatch.setattr(rows, "insert", self._held)

    def _held(self, *arguments: Any) -> None:
        if not self._go.is_set():
            self.hung.set()
            assert self._go.wait(DEADLINE_S)
        self._insert(*arguments)

    def hang(self) -> None:
        """From the next transaction on."""
        self._go.clear()

    def release(self) -> None:
        """It comes back, and the transaction ends well."""
        self._go.set()


class Clock:
    """The real time, and what a test adds to it."""

    def __init__(self) -> None:
        self.ahead = 0

    def __call__(self) -> int:
        return time.time_ns() // 1_000_000 + self.ahead


def test_a_disk_that_hangs_holds_everyone_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No ack, no more credit, level 3, 503 over HTTP, viewing goes on; then everything is acked and counted once."""
    disk, clock = HungDisk(monkeypatch), Clock()

    async def run() -> None:
        async with serving(tmp_path, clock=clock) as server, wire(server) as socket, wire(server) as raising:
            house, services = server.house, server._services
            await producer(socket)
            await socket.say(batch(1))
            first = await socket.hear("ack")
            disk.hang()
            try:
                await socket.say([batch(2), batch(3)])
                await until(disk.hung.is_set)
                await socket.say(batch(4))
                await raising.say(producer_hello("q", epoch=2))
                await until(lambda: house.fold.table.get("q"))
                await _judged(services, clock, house)
                hold = await socket.hear("ack")
                assert (hold["seq"], hold["level"], hold["credit"]) == (1, 3, first["credit"])
                assert hold["wait_ms"] > 0
                assert accepted(server) == 1
                assert house.ingest.pending_bytes > 0
                assert (await services.post_events(_post(), Sender("local"))).status == 503
                assert (await services.kpi_rows(KpiQuery("events"))).status == 200
            finally:
                disk.release()
            while (ack := await socket.hear("ack"))["seq"] < 4 or ack["level"] > 0:
                pass
            assert (await raising.hear())["type"] == "welcome"
            assert (accepted(server), house.ingest.level, house.ingest.pending_bytes) == (4, 0, 0)
        async with serving(tmp_path, clock=clock) as server, wire(server) as socket:
            assert (await producer(socket, next_seq=5))["resume"] == {"known": True, "last_seq": 4}
            assert accepted(server) == 4

    on_loop(run)


async def _judged(services: HouseServices, clock: Clock, house: Any) -> None:
    """The ticker sees how long the disk has been silent; each step is a higher level."""
    for level, age in ((1, 1_000), (2, 3_000), (3, 10_000)):
        clock.ahead = age
        await until(lambda level=level: house.ingest.level >= level)  # type: ignore[misc]
    assert services.ready()


def _post() -> bytes:
    return orjson.dumps(body())
