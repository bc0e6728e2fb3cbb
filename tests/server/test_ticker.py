"""The beat: changes are published and brought to the viewers, in slices."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics import Changes, Row
from gateway.core.rendering import PIECE_ROWS
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
            advancing = house.fold.engine.advancing

            def counted(now: int) -> Iterator[Changes]:
                published.append(now)
                return advancing(now)

            house.fold.engine.advancing = counted  # type: ignore[method-assign]  # what every publication begins with
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


def test_a_large_snapshot_is_made_within_the_ticks(tmp_path: Path) -> None:
    """Its first piece when it is asked for, the others by the ticker; then it is sent."""

    async def run() -> None:
        async with serving(tmp_path, tick_ms=3_600_000) as server, wire(server) as looking:
            house = server.house
            rows = [Row("events", {}, start, start + 1, 1, "final", 0) for start in range(5 * PIECE_ROWS)]
            house.fold.engine.each_row = lambda *_: iter(rows)  # type: ignore[method-assign]
            await looking.say(viewer_hello())
            await looking.say({"type": "subscribe", "id": 1, "kpi": "events"})
            await until(lambda: any(viewer.subscriptions for viewer in house.hub.viewers))
            (viewer,) = house.hub.viewers
            assert viewer.snapshots == 0
            ticker = Ticker(house, 10_000, 1 << 40)
            await ticker.tick()
            starts: list[int] = []
            while len(starts) < len(rows):
                starts += [row["start"] for row in (await looking.hear("snapshot"))["rows"]]
                await ticker.tick()
            assert (starts, viewer.snapshots) == ([row.start for row in rows], 1)

    on_loop(run)


@pytest.mark.parametrize("who", ["publication", "neighbour"])
def test_a_tick_sees_what_holds_the_loop_within_it(tmp_path: Path, who: str) -> None:
    """A long publication of its own, and a long callback of others between its slices."""

    async def run() -> None:
        async with serving(tmp_path, tick_ms=3_600_000) as server:
            house, loop = server.house, asyncio.get_running_loop()

            def hold() -> None:
                until = loop.time() + 0.05
                while loop.time() < until:
                    pass

            def work() -> bool:
                """A piece of a snapshot, the first time."""
                if work_left:
                    work_left.pop()
                    loop.call_soon(hold)
                    return True
                return False

            work_left = [1] if who == "neighbour" else []
            house.hub.work = work  # type: ignore[method-assign]
            if who == "publication":
                house.hub.publish = lambda changes: hold()  # type: ignore[method-assign]
            assert await Ticker(house, 1_000, 1 << 40).tick() > 0.04

    on_loop(run)


@pytest.mark.parametrize("where", ["snapshot", "delta"])
def test_a_row_that_cannot_be_encoded_is_left_out(tmp_path: Path, where: str) -> None:
    """Its viewers get the other rows and those of other KPIs, it is counted by KPI, and the beat goes on."""

    async def run() -> None:
        async with serving(tmp_path, tick_ms=3_600_000) as server, wire(server) as looking:
            house = server.house
            bad = [Row("events", {}, 0, 1_000, 1, "final", 1), Row("events", {}, 1_000, 2_000, object(), "final", 1),
                   Row("events", {}, 2_000, 3_000, 3, "final", 1)]  # fmt: skip
            good = Row("by_country", {"country": "DE"}, 0, 1_000, 7, "final", 1)
            stored = {"events": bad if where == "snapshot" else [], "by_country": [good]}
            house.fold.engine.each_row = lambda kpi, *_: iter(stored[kpi])  # type: ignore[method-assign]
            house.fold.engine.advancing = lambda now: iter([Changes(changed, {})])  # type: ignore[method-assign]
            changed: list[Row] = []
            await looking.say(viewer_hello())
            heard: dict[int, list[int]] = {1: [], 2: []}
            for id_, kpi in enumerate(stored, 1):
                await looking.say({"type": "subscribe", "id": id_, "kpi": kpi, "max_hz": 20})
            ticker = Ticker(house, 10_000, 1 << 40)
            await until(lambda: sum(len(viewer.subscriptions) for viewer in house.hub.viewers) == 2)
            (viewer,) = house.hub.viewers
            while any(one.offset is None for one in viewer.subscriptions.values()):
                await ticker.tick()
            if where == "delta":
                changed[:] = [*bad, good]
                await ticker.tick()
                changed.clear()
                while viewer.deltas < 2:  # due 50 ms after the snapshots, at 20 Hz
                    await ticker.tick()
                    await asyncio.sleep(0.005)
            while heard[1] != [0, 2_000] or heard[2] != [0]:
                await ticker.tick()
                message = await looking.hear("snapshot", "delta")
                rows = message["rows"] if message["type"] == "snapshot" else message["set"]
                heard[message["id"]] = sorted({*heard[message["id"]], *(row["start"] for row in rows)})
            assert house.misfits.counts == {"events": 1}

    on_loop(run)


@pytest.mark.parametrize("place", ["publish", "work"])
def test_another_mistake_is_not_hidden(tmp_path: Path, place: str) -> None:
    """What fails without such a row is raised: the owner of the beat ends the gateway."""

    async def run() -> None:
        async with serving(tmp_path, tick_ms=3_600_000) as server:

            def fail(*_: object) -> bool:
                raise RuntimeError(place)

            setattr(server.house.hub, place, fail)
            with pytest.raises(RuntimeError, match=place):
                await Ticker(server.house, 10_000, 1 << 40).tick()

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
