"""The beat: changes are published and brought to the viewers, in slices."""

from __future__ import annotations

import asyncio
from pathlib import Path

from analytics import Changes
from gateway.server.ticker import Ticker
from tests.server.serving import on_loop, producer_hello, serving, until, viewer_hello, wire


def test_a_tick_brings_what_changed(tmp_path: Path) -> None:
    """Without the server's own beat, one tick by hand moves the delta."""

    async def run() -> None:
        async with serving(tmp_path, tick_ms=3_600_000) as server, wire(server) as looking, wire(server) as sending:
            await looking.say(viewer_hello())
            await looking.say({"type": "subscribe", "id": 1, "kpi": "events", "max_hz": 20})
            await looking.hear("snapshot")
            await sending.say(producer_hello())
            await sending.say({"type": "batch", "seq": 1, "events": [{"event": "x"}]})
            await sending.hear("ack")
            ticker = Ticker(server.house, 100, 1 << 30)
            (viewer,) = server.house.hub.viewers
            while not viewer.deltas:  # due 50 ms after the snapshot, at 20 Hz
                await ticker.tick()
                await asyncio.sleep(0.005)
            assert [row["value"] for row in (await looking.hear("delta"))["set"]] == [1]

    on_loop(run)


def test_nobody_looking_costs_a_publication_a_second(tmp_path: Path) -> None:
    """With a viewer there it is one each tick."""

    async def run() -> None:
        async with serving(tmp_path, tick_ms=3_600_000) as server, wire(server) as looking:
            house, now = server.house, [1_000_000]
            published: list[int] = []
            house.clock = lambda: now[0]
            advance = house.fold.engine.advance

            def counted(now: int) -> Changes:
                published.append(now)
                return advance(now)

            house.fold.engine.advance = counted  # type: ignore[method-assign]  # what every publication begins with
            ticker = Ticker(house, 100, 1 << 40)
            for _ in range(21):
                await ticker.tick()
                now[0] += 100
            assert published == [1_000_000, 1_001_000, 1_002_000]
            await looking.say(viewer_hello())
            await looking.hear("welcome")
            published.clear()
            for _ in range(3):
                await ticker.tick()
                now[0] += 100
            assert published == [1_002_100, 1_002_200, 1_002_300]

    on_loop(run)


def test_memory_near_its_cap_holds_the_producers(tmp_path: Path) -> None:
    """From nine tenths of the cap on, no credit: level 3, told to who is connected."""

    async def run() -> None:
        async with serving(tmp_path, tick_ms=3_600_000) as server, wire(server) as socket:
            await socket.say(producer_hello())
            await socket.hear("welcome")
            await Ticker(server.house, 100, memory_cap=1).tick()
            hold = await socket.hear("ack")
            assert (hold["level"], hold["seq"]) == (3, 0)
            assert hold["wait_ms"] > 0
            await Ticker(server.house, 100, memory_cap=1 << 40).tick()
            await until(lambda: server.house.ingest.level == 0)
            assert (await socket.hear("ack"))["level"] == 0

    on_loop(run)
