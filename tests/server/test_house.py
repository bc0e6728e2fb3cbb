"""What all sessions share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import ClientSession
from structlog.testing import capture_logs
from websockets.exceptions import InvalidStatus

from analytics import outlet
from gateway.core.viewer import ViewerSession
from gateway.server.standing import standing
from gateway.store import rows
from tests.server.serving import on_loop, producer_hello, serving, until, viewer_hello, wire
from tests.server.talk import now


def test_publishing_brings_the_engine_up_to_date(tmp_path: Path) -> None:
    """Without a tick, what was counted is in the engine's rows."""

    async def run() -> None:
        async with serving(tmp_path, tick_ms=3_600_000) as server, wire(server) as socket:
            await socket.say(producer_hello())
            await socket.say({"type": "batch", "seq": 1, "events": [{"event": "x"}]})
            await socket.hear("ack")
            server.house.publish(now())
            assert [row.value for row in server.house.fold.engine.rows("events", 0, 2**60)] == [1]

    on_loop(run)


def test_a_page_that_may_not_send_is_remembered(tmp_path: Path) -> None:
    """By its socket and by its post; who sends no origin is no page. Those that may are not listed."""

    async def run() -> None:
        async with serving(tmp_path) as server:
            foreign = "https://shop.example"
            with capture_logs() as logs:
                with pytest.raises(InvalidStatus):
                    async with wire(server, origin=foreign):
                        pass
                async with ClientSession(server.url) as http:
                    for origin, expected in ((foreign, 403), (server.url, 401), (None, 401)):
                        headers = {} if origin is None else {"Origin": origin}
                        async with http.post("/v1/events", json={"token": "x", "events": []}, headers=headers) as got:
                            assert got.status == expected
            (seen,) = standing(server.house, server.config)["foreign_origins"]
            assert (seen["origin"], seen["times"], seen["at"] > 0) == (foreign, 2, True)
            assert [line["origin"] for line in logs if line["event"] == "origin_refused"] == [foreign]

    on_loop(run)


def test_time_does_not_pass_what_is_under_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source whose batch waits for the disk is not idle: a replay finds it in time, and so must the live run."""
    monkeypatch.setattr(rows, "insert", Held(rows.insert))
    held = cast(Held, rows.insert)

    async def run() -> None:
        async with serving(tmp_path, tick_ms=3_600_000) as server, wire(server) as socket:
            house = server.house
            await socket.say(producer_hello())
            await socket.say({"type": "batch", "seq": 1, "events": [{"event": "x"}]})
            await socket.hear("ack")
            held.go.clear()
            try:
                await socket.say({"type": "batch", "seq": 2, "events": [{"event": "x"}]})
                await until(lambda: house.ingest.waiting_since)
                house.publish(now() + 60_000)
                assert house.fold.engine.stats()["sources"] == 1
            finally:
                held.go.set()
            await until(lambda: house.ingest.waiting_since is None)
            house.publish(now() + 60_000)
            assert house.fold.engine.stats()["sources"] == 0

    on_loop(run)


SLIDING = """
[[kpi]]
name = "events"
value = "count(*)"
window = "sliding 10s every 1s"
delay = "0s"
grace = "0s"
"""


def test_rows_that_cannot_wait_are_shown_and_stored_without_a_tick(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A producer sends what it kept for five minutes: hundreds of windows become final at once, and leave in pieces."""
    monkeypatch.setattr("gateway.server.house.WAITING_ROWS", 50)
    monkeypatch.setattr(outlet, "MOST", 60_000)

    async def run() -> None:
        async with serving(tmp_path, SLIDING, tick_ms=3_600_000) as server, wire(server) as socket:
            house, start = server.house, now() // 1_000 * 1_000 - 400_000
            async with wire(server) as viewer:
                await viewer.say(viewer_hello())
                await viewer.say({"type": "subscribe", "id": 1, "kpi": "events"})
                await until(lambda: [v for v in house.hub.viewers if v.subscriptions])
                await socket.say(producer_hello())
                events = [{"event": "x", "timestamp": start + i * 3_000} for i in range(100)]
                await socket.say({"type": "batch", "seq": 1, "events": events})
                await socket.hear("ack")
                topic = house.hub._topics["events"]["null"]
                shown = [row for step in topic._ring for row in step.rows.values()]
                assert topic.version >= 4
                assert len(shown) > 200
                told = [topic.watermark]
                await until(lambda: server.log.kept.written > 200)
                house.publish(now())
                told.append(topic.watermark)
                assert told == [None, start + 297_000]
                house.ingest.keep()
                await until(lambda: server.log.kept.written >= 297)

    on_loop(run)


class Held:
    """A write that takes as long as the test says."""

    def __init__(self, write: Callable[..., None]) -> None:
        self.go = threading.Event()
        self.go.set()
        self._write = write

    def __call__(self, *arguments: Any) -> None:
        assert self.go.wait(60)
        self._write(*arguments)


def test_rows_are_those_of_the_engine_of_now(tmp_path: Path) -> None:
    """A reload puts another engine in the place of the one that a viewer was welcomed with."""

    async def run() -> None:
        async with serving(tmp_path, tick_ms=3_600_000) as server, wire(server) as socket:
            house = server.house
            read = house.rows
            house.ingest.reload(house.fold.engine.specs)
            await socket.say(producer_hello())
            await socket.say({"type": "batch", "seq": 1, "events": [{"event": "x"}]})
            await socket.hear("ack")
            house.publish(now())
            assert [row.value for row in read("events", 0, 2**60)] == [1]

    on_loop(run)


def test_a_viewer_that_falls_behind_is_seen_out(tmp_path: Path) -> None:
    """Its flush says so; any other failure of a flush is raised."""

    async def run() -> None:
        async with serving(tmp_path, tick_ms=3_600_000) as server, wire(server) as looking:
            hub = server.house.hub
            await looking.say(viewer_hello())
            await looking.hear("welcome")
            (viewer,) = hub.viewers

            class Behind:
                """A viewer that cannot keep up, or breaks."""

                viewer_id, subscriptions, deltas, snapshots, conflations = None, dict[int, object](), 0, 0, 0

                def flush(self, now: int) -> bool:
                    if not now:
                        raise RuntimeError("broken")
                    return False

                def gone(self) -> None:
                    pass

            behind = cast("ViewerSession", Behind())
            hub.join(behind)
            with pytest.raises(RuntimeError, match="broken"):
                server.house.flush((behind,), 0)
            server.house.flush((behind,), 1)
            assert (list(hub.viewers), hub.evictions) == ([viewer], {"slow": 1})

    on_loop(run)


def test_sessions_are_known_while_they_are_open(tmp_path: Path) -> None:
    """The drain tells them, so it must know them."""

    async def run() -> None:
        async with serving(tmp_path) as server:
            async with wire(server) as socket:
                await socket.say(producer_hello())
                await socket.hear("welcome")
                assert (len(server.house.sessions), len(server.house.ingest.sessions)) == (1, 1)
            await until(lambda: not server.house.sessions and not server.house.ingest.sessions)

    on_loop(run)
