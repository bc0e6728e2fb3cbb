"""The protocol on a real socket: hello, batches, acks."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from gateway.core.fold import Fold
from tests.core.simulation import refold
from tests.server.serving import on_loop, producer_hello, serving, until, viewer_hello, wire
from tests.server.talk import accepted, batch, now, producer


def test_a_producer_is_welcomed_with_its_credit(tmp_path: Path) -> None:
    """All fields of the protocol are there; the first claim takes the client's word."""

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as socket:
            welcome = await producer(socket, next_seq=42)
            assert welcome["resume"] == {"known": False, "last_seq": 41}
            assert welcome["credit"] == {"max_seq": 45, "max_bytes": 262_144}
            assert welcome["limits"] == {"max_frame": 262_144, "max_events": 500, "max_depth": 16}
            assert (welcome["ack"], welcome["level"], welcome["flush_ms"]) == ("fsync", 0, 500)
            assert (welcome["formats"], welcome["heartbeat_ms"]) == (["rows", "columns"], 25_000)

    on_loop(run)


@pytest.mark.parametrize(
    ("hello", "code"),
    [
        (producer_hello() | {"token": "nonsense"}, 4001),
        (producer_hello() | {"token": "v_test"}, 4003),
        (viewer_hello() | {"token": "w_test"}, 4003),
        (viewer_hello() | {"token": ""}, 4001),
        (producer_hello() | {"v": 2}, 4006),
        (producer_hello() | {"role": "admin"}, 4000),
        (producer_hello() | {"producer": None}, 4000),
        (producer_hello() | {"producer": {"id": ""}}, 4000),
        ({"type": "hello"}, 4000),
        (batch(1), 4000),
        ({"type": "subscribe", "id": 1, "kpi": "events"}, 4000),
        ({"type": "pong", "now": 1}, 4000),
        ({"type": "from_the_future"}, 4000),
        ([{"type": "pong", "now": 1}, producer_hello()], 4000),
        (viewer_hello(sdk={"name": "x" * 65_536}), 4000),
    ],
)
def test_a_wrong_opening_has_its_code(tmp_path: Path, hello: Any, code: int) -> None:
    """Keys, roles, versions, and whatever is not a hello."""

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as socket:
            await socket.say(hello)
            assert await socket.close_code() == code

    on_loop(run)


def test_no_hello_in_time_is_closed(tmp_path: Path) -> None:
    """4108, after the configured time."""

    async def run() -> None:
        async with serving(tmp_path, hello_timeout_ms=100) as server, wire(server) as socket:
            assert await socket.close_code() == 4108

    on_loop(run)


def test_a_foreign_origin_is_refused_at_the_door(tmp_path: Path) -> None:
    """403 before any frame; the own origin gets in."""

    async def run() -> None:
        async with serving(tmp_path) as server:
            for origin in ("https://evil.example", "null", server.url + ".evil.example"):
                with pytest.raises(InvalidStatus) as caught:
                    async with wire(server, origin):
                        pass
                assert caught.value.response.status_code == 403
            async with wire(server, server.url) as socket:
                assert (await producer(socket))["type"] == "welcome"

    on_loop(run)


def test_the_star_lets_producers_in_and_not_viewers(tmp_path: Path) -> None:
    """With `*`, a viewer's hello from a foreign page closes 4003."""

    async def run() -> None:
        async with serving(tmp_path, allowed_origins="*") as server:
            async with wire(server, "https://shop.example") as socket:
                assert (await producer(socket))["type"] == "welcome"
            async with wire(server, "https://shop.example") as socket:
                await socket.say(viewer_hello())
                assert await socket.close_code() == 4003

    on_loop(run)


def test_an_ack_means_counted_and_on_disk(tmp_path: Path) -> None:
    """Three batches, cumulative acks, and a restart finds them."""

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as socket:
            await producer(socket)
            for seq in (1, 2, 3):
                await socket.say(batch(seq, 5))
            while (await socket.hear("ack"))["seq"] < 3:
                pass
            assert accepted(server) == 15
        async with serving(tmp_path) as server, wire(server) as socket:
            assert (await producer(socket, next_seq=4))["resume"] == {"known": True, "last_seq": 3}
            assert accepted(server) == 15

    on_loop(run)


def test_a_resent_batch_is_acked_and_not_counted(tmp_path: Path) -> None:
    """With the cumulative sequence."""

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as socket:
            await producer(socket)
            await socket.say(batch(1))
            await socket.hear("ack")
            await socket.say(batch(1))
            assert (await socket.hear("ack"))["seq"] == 1
            assert accepted(server) == 1

    on_loop(run)


def test_a_gap_is_nacked_once_and_filled(tmp_path: Path) -> None:
    """What is behind the gap is ignored until it is filled."""

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as socket:
            await producer(socket)
            for seq in (2, 3, 1, 2, 3):
                await socket.say(batch(seq))
            assert await socket.hear() == {"type": "nack", "want": 1}
            heard: list[int] = []
            while not heard or heard[-1] < 3:
                heard.append((await socket.hear("ack", "nack"))["seq"])
            assert accepted(server) == 3

    on_loop(run)


def test_an_overrun_is_warned_then_closed(tmp_path: Path) -> None:
    """The first batch beyond the window is not applied, the second ends the connection."""

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as socket:
            await producer(socket)
            await socket.say(batch(5))
            assert await socket.hear() == {"type": "warn", "code": "over_credit", "seq": 5}
            await socket.say(batch(6))
            assert await socket.close_code() == 4101
            assert accepted(server) == 0

    on_loop(run)


def test_a_newer_connection_fences_the_older(tmp_path: Path) -> None:
    """4009 for the older; the newer goes on; a lower epoch gets 4009 itself."""

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as older, wire(server) as newer:
            await producer(older, epoch=2)
            await older.say(batch(1))
            await older.hear("ack")
            assert (await producer(newer, epoch=2, next_seq=2))["resume"] == {"known": True, "last_seq": 1}
            assert await older.close_code() == 4009
            await newer.say(batch(2))
            assert (await newer.hear("ack"))["seq"] == 2
            async with wire(server) as stale:
                await stale.say(producer_hello(epoch=1))
                assert await stale.close_code() == 4009

    on_loop(run)


def test_defaults_fill_what_events_leave_out(tmp_path: Path) -> None:
    """Also in a replay: they are in the log."""

    async def run() -> None:
        defaults = {"properties": {"country": "FR", "value": 7}}
        async with serving(tmp_path) as server, wire(server) as socket:
            await producer(socket, defaults=defaults)
            await socket.say(batch(1) | {"events": [{"event": "x"}]})
            await socket.hear("ack")
            engine = server.house.fold.engine
            replayed = Fold(engine.specs, server.house.limits, 65_536, 10, 10, 512 << 20)
            for row in server.log.read(0):
                refold(replayed, row.payload)
            engine.advance(now())
            for each in (engine, replayed.engine):
                rows = each.rows("by_country", 0, 2**60)
                assert [(row.dims, row.value) for row in rows] == [({"country": "FR"}, 7)]

    on_loop(run)


def test_the_clock_is_measured_by_round_trips(tmp_path: Path) -> None:
    """A client an hour ahead: its events are put where they belong."""
    hour = 3_600_000

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as socket:
            await producer(socket)
            ping = await socket.hear("ping")
            await socket.say({"type": "pong", "now": ping["now"], "sent": now() + hour})
            await until(lambda: server.house.fold.table.get("p").clock.value)  # type: ignore[union-attr]
            await socket.say(batch(1) | {"events": [{"event": "x", "timestamp": now() + hour}]})
            assert "verdicts" not in await socket.hear("ack")

    on_loop(run)


def test_a_producer_may_renew_its_token(tmp_path: Path) -> None:
    """A good one changes nothing, a bad one ends the connection."""

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as socket:
            await producer(socket)
            await socket.say({"type": "auth", "token": "w_test"})
            await socket.say(batch(1))
            await socket.hear("ack")
            await socket.say({"type": "auth", "token": "neither"})
            assert await socket.close_code() == 4001

    on_loop(run)


def test_messages_of_one_frame_stand_for_themselves(tmp_path: Path) -> None:
    """From the hello on; an unknown type among them is only an error, and a broken event costs itself alone."""

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as socket:
            await socket.say([producer_hello(), batch(1), {"type": "zzz"}, batch(2)])
            assert (await socket.hear())["type"] == "welcome"
            assert await socket.hear("error") == {"type": "error", "code": "unknown_type"}
            while (await socket.hear("ack"))["seq"] < 2:
                pass
            await socket.say('[{"type":"batch","seq":3,"events":[{"event":"x"},NaN]},' + json.dumps(batch(4)) + "]")
            while (await socket.hear("ack"))["seq"] < 4:
                pass
            assert accepted(server) == 4

    on_loop(run)


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ([{"type": "batch", "seq": "two"}], 4000),
        ([{"type": "resync", "id": 1}], 4000),
        ([{"type": "auth", "token": "v_test"}], 4003),
        ([batch(98), batch(99)], 4101),
    ],
)
def test_nothing_behind_the_end_is_applied(tmp_path: Path, ending: list[Any], code: int) -> None:
    """What a frame holds before the message that ends the connection counts, what it holds behind it does not."""

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as socket:
            await producer(socket)
            await socket.say([batch(1), *ending, batch(2)])
            assert await socket.close_code() == code
            await server.house.ingest.settled()
            assert accepted(server) == 1

    on_loop(run)


PONG = {"type": "pong", "now": 1, "sent": 1}


@pytest.mark.parametrize(
    "message",
    [PONG, {"type": "nothing"}, {"type": "auth", "token": "w_test"}, batch(1), batch(3)],
    ids=["pong", "unknown", "auth", "repeated", "gap"],
)
def test_messages_that_bring_nothing_have_a_rate(tmp_path: Path, message: dict[str, Any]) -> None:
    """Beyond it the connection is closed with 4102; what was acked before counts, once."""

    async def run() -> None:
        # No time passes for the rate: on a busy machine more would be let.
        settings: dict[str, Any] = {"message_rate": 2, "max_subscriptions": 5, "clock": partial(int, now())}
        async with serving(tmp_path, **settings) as server, wire(server) as socket:
            await producer(socket)
            await socket.say(batch(1))
            await socket.hear("ack")
            for _ in range(30):
                await socket.say(message)
            assert await socket.close_code() == 4102
            assert accepted(server) == 1

    on_loop(run)


def test_batches_have_no_rate_but_credit(tmp_path: Path) -> None:
    """A hundred of them where ten other messages would be too many."""

    async def run() -> None:
        async with serving(tmp_path, message_rate=1) as server, wire(server) as socket:
            await producer(socket)
            for seq in range(1, 101):
                await socket.say(batch(seq))
                while (await socket.hear("ack"))["seq"] < seq:
                    pass
            assert accepted(server) == 100

    on_loop(run)
