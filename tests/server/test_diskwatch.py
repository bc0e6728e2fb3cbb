"""What the log, viewers and operators are told of a disk that fills up."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.core.hub import Hub
from gateway.main import Server
from gateway.server.diskwatch import DiskWatch
from gateway.server.standing import standing
from gateway.server.ticker import Ticker
from gateway.store import Space
from gateway.store.space import LocalDisk, Room
from tests.server.serving import on_loop, producer_hello, serving, viewer_hello, wire
from tests.store.answers import TestDisk

KEEP = 4 << 20


def test_a_disk_that_fills_up_is_told_once_and_so_is_its_room(tmp_path: Path) -> None:
    """Nothing while nothing changes, however much is written."""
    disk, hub = TestDisk(free=5 << 20), Hub([], "e", lambda payload: payload, 1)
    watch = DiskWatch(Space(tmp_path, disk).standing, hub)
    said = []
    for free in (5 << 20, 4 << 20, 3 << 20, 2 << 20, 6 << 20, 5 << 20, 0):
        disk.free = free
        with capture_logs() as logs:
            watch.look()
        said.append([line["event"] for line in logs])
    assert said == [[], [], ["disk_full"], [], ["disk_has_room"], [], ["disk_full"]]
    assert list(hub.lasting) == ["disk_full"]
    with capture_logs() as logs:
        disk.free = 4 << 20
        watch.look()
    assert logs == [{"event": "disk_has_room", "free": 4 << 20, "log_level": "info"}]
    assert list(hub.lasting) == []


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> TestDisk:
    """The disk of every server."""
    there = TestDisk()

    def room(_self: LocalDisk, folder: Path) -> Room:
        return there.room(folder)

    monkeypatch.setattr(LocalDisk, "room", room)
    return there


def is_full(server: Server) -> bool:
    """As `/v1/status` has it."""
    return bool(standing(server.house, server.config)["disk"]["full"])


def test_viewers_are_told_while_the_disk_is_full(tmp_path: Path, disk: TestDisk) -> None:
    """Who is there, and who comes later, behind its welcome; and all of them when events are taken again."""

    async def run() -> None:
        async with serving(tmp_path, tick_ms=3_600_000) as server, wire(server) as looking, wire(server) as late:
            await looking.say(viewer_hello())
            await looking.hear("welcome")
            now = [1_000_000]
            server.house.clock = lambda: now[0]
            ticker = Ticker(server.house, 100, 1 << 40)
            disk.free = KEEP - 1
            await ticker.tick()
            assert await looking.hear() == {"type": "notice", "code": "disk_full"}
            await late.say(viewer_hello())
            assert [(await late.hear())["type"] for _ in range(2)] == ["welcome", "notice"]
            async with wire(server) as sending:
                await sending.say(producer_hello())
                assert (await sending.hear())["type"] == "welcome"
            disk.free = KEEP
            now[0] += 1_000
            await ticker.tick()
            for socket in (looking, late):
                assert await socket.hear() == {"type": "notice", "code": "disk_has_room"}

    on_loop(run)


def test_a_batch_that_is_larger_than_the_room_above_the_mark_is_a_full_disk(tmp_path: Path, disk: TestDisk) -> None:
    """Nothing is taken, so it is said to everybody alike, until there is room for it."""

    async def run() -> None:
        async with serving(tmp_path, tick_ms=20) as server, wire(server) as looking, wire(server) as sending:
            await looking.say(viewer_hello())
            await looking.hear("welcome")
            await sending.say(producer_hello())
            await sending.hear("welcome")
            disk.free = KEEP + 10
            await sending.say({"type": "batch", "seq": 1, "events": [{"event": "x"}] * 50})
            assert await looking.hear("notice") == {"type": "notice", "code": "disk_full"}
            assert is_full(server)
            assert (await sending.hear("ack"))["level"] == 3
            disk.free = 1 << 40
            assert await looking.hear("notice") == {"type": "notice", "code": "disk_has_room"}
            assert not is_full(server)
            while (await sending.hear("ack"))["seq"] != 1:
                pass

    on_loop(run)
