"""A worker from its sockets to its link, with the analytics process behind it."""

from __future__ import annotations

import threading
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, cast

import pytest

from gateway.store.writer import Writer
from gateway.wire.parcel import Kind, Parcel, ParcelError
from gateway.workers import station
from tests.fuzz.stand_ins import Still
from tests.server.serving import on_loop, serving, until, viewer_hello, wire
from tests.server.talk import accepted, batch, events, now, producer
from tests.workers.rig import InLoop, colleagues


@pytest.mark.parametrize("body", [b'{"link":"\x80"}', b"{", b"[]"])
def test_a_setup_that_cannot_be_read_makes_no_sense(body: bytes) -> None:
    """Neither what is no text, nor what is no JSON, nor what is no setup."""
    one = station.Station(cast(Any, Still()), lambda: None)
    with pytest.raises(ParcelError):
        one.handle(Parcel(Kind.SETUP, 0, memoryview(body)))


def test_batches_go_as_columns_and_are_acked(tmp_path: Path, in_loop: list[InLoop]) -> None:
    """The analytics process decodes no event; what it counts is what was sent."""

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server, wire(server) as socket:
            await producer(socket)
            server.house.fold.codec.message = None  # type: ignore[method-assign, assignment]  # nobody may call it
            for seq in range(1, 4):
                await socket.say(batch(seq, 5))
            while (await socket.hear("ack"))["seq"] < 3:
                pass
            assert accepted(server) == 15
            rows = server.house.fold.engine.rows("by_country", 0, 2**60)
            server.house.publish(server.house.clock())
            rows = server.house.fold.engine.rows("by_country", 0, 2**60)
            assert [(row.dims, row.value) for row in rows] == [({"country": "DE"}, 30)]

    on_loop(run)


def test_an_ack_waits_for_the_commit_of_its_own_batch(
    tmp_path: Path, in_loop: list[InLoop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not for that of one before it: what is under way is not acked with it."""
    commits, begun = threading.Semaphore(0), threading.Event()
    real = Writer._transact

    def held(writer: Writer, appends: list[Any]) -> None:
        if appends:
            begun.set()
            commits.acquire()
        real(writer, appends)

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server, wire(server) as socket:
            await producer(socket)
            monkeypatch.setattr(Writer, "_transact", held)
            try:
                row = server.house.fold.table.get("p")
                assert row is not None
                await socket.say(batch(1))
                await until(begun.is_set)
                await socket.say(batch(2))
                await until(lambda: row.received_seq == 2)
                for seq in (1, 2):
                    commits.release()
                    assert (await socket.hear("ack"))["seq"] == accepted(server) == seq
            finally:
                commits.release(1_000)

    on_loop(run)


def test_order_is_that_of_the_socket(tmp_path: Path, in_loop: list[InLoop]) -> None:
    """Batches that wait for company are not overtaken by what the same socket sends behind them."""

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server, wire(server) as socket:
            await producer(socket)
            for seq in range(1, 4):
                await socket.say(batch(seq))
            # Not a batch alone, so that it is decoded on the other side.
            await socket.say([batch(4), {"type": "visibility", "visible": True}])
            assert (await socket.hear("error"))["code"] == "wrong_role"
            await until(lambda: accepted(server) == 4)

    on_loop(run)


def test_the_end_of_a_socket_comes_behind_its_batches(tmp_path: Path, in_loop: list[InLoop]) -> None:
    """What a client sent before it left is counted."""

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server:
            async with wire(server) as socket:
                await producer(socket)
                for seq in range(1, 4):
                    await socket.say(batch(seq, 2))
            await until(lambda: accepted(server) == 6)
            await until(lambda: not server.house.sessions and not server.gate.open)

    on_loop(run)


def test_large_shipments_go_at_once(tmp_path: Path, in_loop: list[InLoop], monkeypatch: pytest.MonkeyPatch) -> None:
    """And smaller ones with their turn: what comes is the same."""
    monkeypatch.setattr(station, "PACK_BYTES", 1)

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server, wire(server) as socket:
            await producer(socket)
            await socket.say([batch(1), batch(2), batch(3)])
            await until(lambda: accepted(server) == 3)

    on_loop(run)


def test_a_reload_changes_what_workers_decode(tmp_path: Path, in_loop: list[InLoop]) -> None:
    """Batches on their way are decoded anew; later ones bring what the new KPI reads."""

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server, wire(server) as socket:
            await producer(socket)
            kpis = tmp_path / "kpis.toml"
            for seq in range(1, 9):
                if seq > 4:
                    while (await socket.hear("ack"))["credit"]["max_seq"] < seq:
                        pass
                await socket.say({"type": "batch", "seq": seq, "events": events(1, properties={"plan": f"p{seq % 2}"})})
                if seq == 3:
                    kpis.write_text(
                        '[[kpi]]\nname = "plans"\nvalue = "count(*)"\nby = ["plan"]\nwindow = "tumbling 1h"\n'
                        'grace = "1h"\n'
                    )
                    server.reload()
            await until(lambda: accepted(server) == 8 and not server.house.fold.filling)
            server.house.publish(server.house.clock())
            rows = server.house.fold.engine.rows("plans", 0, 2**60)
            assert sorted((row.dims["plan"], row.value) for row in rows) == [("p0", 4), ("p1", 4)]
            assert {one.unpacker.codec for one in colleagues(server)} == {server.house.fold.codec}

    on_loop(run)


def test_viewers_get_snapshots_and_deltas(tmp_path: Path, in_loop: list[InLoop]) -> None:
    """Of what other sockets sent, whichever worker has them."""

    async def run() -> None:
        async with (
            serving(tmp_path, workers=2, tick_ms=10) as server,
            wire(server) as sending,
            wire(server) as one,
            wire(server) as other,
        ):
            await producer(sending)
            for looking in (one, other):
                await looking.say(viewer_hello())
                await looking.hear("welcome")
                await looking.say({"type": "subscribe", "id": 1, "kpi": "events", "max_hz": 20})
                await looking.hear("snapshot")
            await sending.say(batch(1, 7))
            for looking in (one, other):
                (row,) = (await looking.hear("delta"))["set"]
                assert row["value"] == 7

    on_loop(run)


def test_a_delta_goes_once_to_each_worker(tmp_path: Path, in_loop: list[InLoop]) -> None:
    """Encoded once, in one parcel for all its viewers that are due at the same time, however many they are."""

    async def run() -> None:
        later = 0
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(
                serving(tmp_path, workers=2, tick_ms=10, clock=lambda: now() + later)
            )
            sending = await stack.enter_async_context(wire(server))
            await producer(sending)
            looking = [await stack.enter_async_context(wire(server)) for _ in range(12)]
            for one in looking:
                await one.say(viewer_hello())
                await one.hear("welcome")
                await one.say({"type": "subscribe", "id": 1, "kpi": "events", "max_hz": 20})
                await one.hear("snapshot")
            came: list[int] = []
            for worker in in_loop:
                _listen(worker, came)
            for seq in range(1, 9):
                came.clear()
                later += 1_000  # whoever had one a moment ago is due again
                await sending.say(batch(seq))
                for one in looking:
                    await one.hear("delta")
                assert sum(came) == len(looking)
                if len(came) <= len(in_loop):
                    return
            raise AssertionError("viewers that are due together got their deltas in several parcels")

    on_loop(run)


def _listen(worker: InLoop, came: list[int]) -> None:
    """Note for how many each parcel of frames is that a worker gets."""
    real = worker.link._handle

    def handle(parcel: Parcel) -> None:
        if parcel.kind in (Kind.SHARE, Kind.FRAMES):
            came.append(parcel.number if parcel.kind == Kind.SHARE else 1)
        real(parcel)

    worker.link._handle = handle


def test_counts_come_with_the_pulse(tmp_path: Path, in_loop: list[InLoop], monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames, closes and memory of the workers are those of the gateway."""
    monkeypatch.setattr(station, "PULSE_LOOKS", 1)

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server:
            async with wire(server) as socket:
                await socket.say("{}")
                assert await socket.close_code() == 4000
            tally = server._front.tally
            await until(lambda: tally().frames and tally().closes.get(4000) == 1)
            assert all(line["rss"] > 0 for line in server._front.workers())

    on_loop(run)
