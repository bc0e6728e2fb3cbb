"""The protocol on a real socket: hello, batches, acks, subscriptions, and every kind of bad input."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import orjson
import pytest
from websockets.exceptions import InvalidStatus

from gateway.core.fold import Fold
from gateway.main import Server
from tests.server.serving import Wire, on_loop, producer_hello, serving, until, viewer_hello, wire


def now() -> int:
    return time.time_ns() // 1_000_000


def events(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"event": "x", "timestamp": now(), "properties": {"country": "DE", "value": 2}, **more}] * count


def batch(seq: int, count: int = 1, **more: Any) -> dict[str, Any]:
    return {"type": "batch", "seq": seq, "sent_at": now(), "backlog": 0, "events": events(count), **more}


async def producer(wire_: Wire, **hello: Any) -> dict[str, Any]:
    await wire_.say(producer_hello(**hello))
    return await wire_.hear("welcome")


async def viewer(wire_: Wire, **hello: Any) -> dict[str, Any]:
    await wire_.say(viewer_hello(**hello))
    return await wire_.hear("welcome")


def accepted(server: Server) -> int:
    return server.house.fold.ledger.accepted


# ---- hello ------------------------------------------------------------------------------------------------------


def test_a_producer_is_welcomed_with_its_credit(tmp_path: Path) -> None:
    """All fields of the protocol are there; the first claim takes the client's word."""

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as socket:
            welcome = await producer(socket, next_seq=42)
            assert welcome["resume"] == {"known": False, "last_seq": 41}
            assert welcome["credit"] == {"max_seq": 45, "max_bytes": 262_144}
            assert welcome["limits"] == {"max_frame": 262_144, "max_events": 500, "max_depth": 16}
            assert (welcome["ack"], welcome["level"], welcome["flush_ms"]) == ("fsync", 0, 500)
            assert (welcome["formats"], welcome["heartbeat_ms"]) == (["rows"], 25_000)

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


# ---- batches ----------------------------------------------------------------------------------------------------


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


def test_verdicts_name_each_bad_event(tmp_path: Path) -> None:
    """Good events beside bad ones count; the quarantine has the bad ones by reason."""
    bad = [
        f'{{"event":"ok","timestamp":{now()}}}',
        '{"event":"x","a":NaN}',
        '{"event":""}',
        '{"event":"x","timestamp":4102444800000}',
        '{"event":"x","uuid":"u"}',
        '{"event":"x","uuid":"u"}',
        '{"event":"x","z":18446744073709551616}',
        '{"event":"x","properties":{"__proto__":{"a":1}}}',
        '{"event":"x","timestamp":0}',
    ]

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as socket:
            await producer(socket)
            await socket.say('{"type":"batch","seq":1,"events":[' + ",".join(bad) + "]}")
            ack = await socket.hear("ack")
            assert sorted(ack["verdicts"]) == [
                [1, 1, "drop", "bad_json"],
                [1, 2, "drop", "event_name"],
                [1, 3, "warn", "clamped"],
                [1, 5, "duplicate", "uuid"],
                [1, 6, "warn", "number_range"],
                [1, 8, "drop", "late"],
            ]
            assert server.house.fold.ledger.as_dict() == {
                "sent": 9,
                "accepted": 5,
                "duplicate": 1,
                "rejected": 3,
                "warned": 2,
            }
            await until(lambda: server.log.quarantine_counts() == {"bad_json": 1, "event_name": 1, "late": 1})

    on_loop(run)


@pytest.mark.parametrize(
    ("frame", "code", "slug"),
    [
        (b"\xff\xfe\xfd", 1007, None),
        (b"no json", 4000, "bad_json"),
        (b"{}", 4000, "bad_message"),
        (b"[" * 1024, 4000, "bad_json"),
        (b'{"type":"batch","seq":"one","events":[]}', 4000, "bad_message"),
        (b'{"type":"batch","seq":1,"events":[' + b",".join([b"{}"] * 501) + b"]}", 4000, "too_many_events"),
        (b'{"type":"subscribe","id":1,"kpi":"events"}', 4000, "wrong_role"),
        (b'{"type":"hello","v":1,"role":"viewer","token":"v_test"}', 4000, "bad_message"),
    ],
)
def test_a_bad_message_ends_its_connection_only(tmp_path: Path, frame: bytes, code: int, slug: str | None) -> None:
    """Error, close code, and the server lives: another producer goes on."""

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as good, wire(server) as bad:
            await producer(good)
            await producer(bad, producer="other")
            await bad.say_raw(frame)
            if slug is not None:
                assert (await bad.hear("error"))["code"] == slug
            assert await bad.close_code() == code
            await good.say(batch(1))
            assert (await good.hear("ack"))["seq"] == 1

    on_loop(run)


def test_an_unknown_type_is_only_an_error(tmp_path: Path) -> None:
    """The connection goes on."""

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as socket:
            await producer(socket)
            await socket.say({"type": "from_the_future"})
            assert await socket.hear() == {"type": "error", "code": "unknown_type"}
            await socket.say(batch(1))
            assert (await socket.hear("ack"))["seq"] == 1

    on_loop(run)


def test_a_megabyte_of_property_does_not_get_in(tmp_path: Path) -> None:
    """The frame limit stops it with 1009; below that limit, 64 KiB of one text is dropped alone."""

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as socket:
            await producer(socket)
            long = {"event": "x", "properties": {"p": "a" * 70_000}}
            await socket.say(batch(1) | {"events": [*events(1), long]})
            assert (await socket.hear("ack"))["verdicts"] == [[1, 1, "drop", "too_large"]]
            huge = {"event": "x", "properties": {"p": "a" * 1_000_000}}
            await socket.say(batch(2) | {"events": [huge]})
            assert await socket.close_code() == 1009

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
                replayed.replay(row.payload)
            engine.advance(now())
            for each in (engine, replayed.engine):
                rows = each.rows("by_country", 0, 2**60)
                assert [(row.dims, row.value) for row in rows] == [({"country": "FR"}, 7)]

    on_loop(run)


def test_the_clock_is_measured_by_round_trips(tmp_path: Path) -> None:
    """A client an hour ahead: its events are put where they belong."""
    hour = 3_600_000

    async def run() -> None:
        async with serving(tmp_path, heartbeat_ms=100) as server, wire(server) as socket:
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
            await socket.say({"type": "auth", "token": "v_test"})
            assert await socket.close_code() == 4001

    on_loop(run)


# ---- viewers ----------------------------------------------------------------------------------------------------


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
