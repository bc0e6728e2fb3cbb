"""The viewer's half of the protocol on a real socket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.server.serving import on_loop, serving, wire
from tests.server.talk import accepted, batch, producer, viewer


def test_a_viewer_sees_what_a_producer_sends(tmp_path: Path) -> None:
    """Snapshot, then a delta that continues it, with the row of the ack."""

    async def run() -> None:
        async with serving(tmp_path, tick_ms=20) as server, wire(server) as looking, wire(server) as sending:
            welcome = await viewer(looking)
            await producer(sending)
            await looking.say({"type": "subscribe", "id": 1, "kpi": "by_country", "last": 7_200, "max_hz": 20})
            snapshot = await looking.hear("snapshot")
            assert (snapshot["epoch"], snapshot["rows"], snapshot["meta"]["by"]) == (
                welcome["epoch"],
                [],
                ["country"],
            )
            await sending.say(batch(1, 3))
            await sending.hear("ack")
            delta = await looking.hear("delta")
            assert delta["prev"] == snapshot["offset"]
            (row,) = delta["set"]
            assert (row["dims"], row["value"], row["kind"]) == ({"country": "DE"}, 6, "partial")

    on_loop(run)


def test_a_viewer_may_renew_its_token(tmp_path: Path) -> None:
    """A good one changes nothing; one of the other role ends the connection as it would have in the hello."""

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as socket:
            await viewer(socket)
            await socket.say({"type": "auth", "token": "v_test"})
            await socket.say({"type": "subscribe", "id": 1, "kpi": "events"})
            await socket.hear("snapshot")
            await socket.say({"type": "auth", "token": "w_test"})
            assert await socket.close_code() == 4003

    on_loop(run)


def test_a_viewer_resumes_where_it_was(tmp_path: Path) -> None:
    """Within the epoch and the ring: a delta with prev = its offset, no snapshot."""

    async def run() -> None:
        async with serving(tmp_path, tick_ms=20) as server, wire(server) as sending:
            await producer(sending)
            async with wire(server) as looking:
                epoch = (await viewer(looking))["epoch"]
                await looking.say({"type": "subscribe", "id": 1, "kpi": "events", "max_hz": 20})
                offset = (await looking.hear("snapshot"))["offset"]
            await sending.say(batch(1))
            await sending.hear("ack")
            async with wire(server) as looking:
                await viewer(looking)
                start = {"epoch": epoch, "offset": offset}
                await looking.say({"type": "subscribe", "id": 9, "kpi": "events", "max_hz": 20, "from": start})
                first = await looking.hear()
                assert (first["type"], first["id"], first["prev"]) == ("delta", 9, offset)

    on_loop(run)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"type": "subscribe", "id": 4, "kpi": "nonsense"}, "unknown_kpi"),
        ({"type": "subscribe", "id": 4, "kpi": "events", "where": {"country": "DE"}}, "bad_where"),
        ({"type": "unsubscribe", "id": 4}, "bad_subscription"),
        ({"type": "resync", "id": 4}, "bad_subscription"),
    ],
)
def test_a_wrong_wish_is_only_an_error(tmp_path: Path, message: dict[str, Any], code: str) -> None:
    """It names the subscription, and the viewer goes on."""

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as socket:
            await viewer(socket)
            await socket.say(message)
            assert await socket.hear() == {"type": "error", "code": code, "id": 4}
            await socket.say({"type": "subscribe", "id": 1, "kpi": "events"})
            assert (await socket.hear())["type"] == "snapshot"

    on_loop(run)


def test_a_viewer_may_not_produce(tmp_path: Path) -> None:
    """A message of the other role ends the connection."""

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as socket:
            await viewer(socket)
            await socket.say(batch(1))
            assert (await socket.hear("error"))["code"] == "wrong_role"
            assert await socket.close_code() == 4000

    on_loop(run)


def test_a_resync_and_an_end(tmp_path: Path) -> None:
    """A snapshot on demand; after the unsubscribe, the id is free again."""

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as socket:
            await viewer(socket)
            for message in (
                {"type": "subscribe", "id": 1, "kpi": "events"},
                {"type": "resync", "id": 1},
                {"type": "unsubscribe", "id": 1},
                {"type": "subscribe", "id": 1, "kpi": "by_country"},
            ):
                await socket.say(message)
            kpis = [(await socket.hear("snapshot"))["meta"]["name"] for _ in range(3)]
            assert kpis == ["events", "events", "by_country"]

    on_loop(run)


def test_a_viewer_that_never_reads_is_cut_and_told(tmp_path: Path) -> None:
    """Others are not held up; its next welcome says why."""

    async def run() -> None:
        rows = 400
        settings: dict[str, Any] = {"tick_ms": 10, "viewer_stall_ms": 100, "viewer_evict_ms": 300}
        async with serving(tmp_path, **settings) as server, wire(server) as sending, wire(server) as stuck:
            await producer(sending)
            await viewer(stuck, viewer={"id": "v-1"})
            stuck.connection.transport.pause_reading()
            for id_ in range(100):
                await stuck.say({"type": "subscribe", "id": id_, "kpi": "by_country", "max_hz": 20})
            seq = 0
            while not server.house.hub.evictions["slow"]:
                seq += 1
                wide = [
                    {"event": "x", "properties": {"country": f"{seq % 7}-{n}" + "c" * 150, "value": 1}}
                    for n in range(rows)
                ]
                await sending.say(batch(seq) | {"events": wide})
                await sending.hear("ack")
            async with wire(server) as again:
                assert (await viewer(again, viewer={"id": "v-1"}))["evicted"] == "slow"
            async with wire(server) as again:
                assert "evicted" not in await viewer(again, viewer={"id": "v-1"})
            # It would wait ten seconds for the close frame that it does not read.
            stuck.connection.transport.abort()

    on_loop(run)


def test_two_messages_in_one_frame(tmp_path: Path) -> None:
    """A frame may hold an array."""

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as socket:
            await producer(socket)
            await socket.say(orjson.dumps([batch(1), batch(2)]).decode())
            while (await socket.hear("ack"))["seq"] < 2:
                pass
            assert accepted(server) == 2

    on_loop(run)
