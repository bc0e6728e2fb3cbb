"""A producer comes back on a real socket: numbers that repeat or jump, epochs that are raised."""

from __future__ import annotations

from pathlib import Path

from gateway.core.fold import Fold
from tests.core.simulation import refold
from tests.server.serving import on_loop, producer_hello, serving, wire
from tests.server.talk import accepted, batch, producer


def test_batches_resent_together_are_acked_together(tmp_path: Path) -> None:
    """One ack for all repeats of a read."""

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as socket:
            await producer(socket)
            for seq in (1, 2, 3):
                await socket.say(batch(seq))
            while (await socket.hear("ack"))["seq"] < 3:
                pass
            await socket.say([batch(1), batch(2), batch(3), batch(2)])
            assert (await socket.hear())["seq"] == 3
            await socket.say(batch(4))
            assert (await socket.hear())["seq"] == 4
            assert accepted(server) == 4

    on_loop(run)


def test_a_raised_epoch_outlives_a_crash(tmp_path: Path) -> None:
    """Welcomed, nothing sent: what is on disk by then keeps the older epoch out."""

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as older, wire(server) as newer:
            await producer(older)
            await older.say(batch(1))
            await older.hear("ack")
            assert (await producer(newer, epoch=2))["resume"] == {"known": False, "last_seq": 0}
            assert await older.close_code() == 4009
            # As a kill -9 would leave it: the log as it is now, no snapshot.
            after = Fold(server.house.fold.engine.specs, server.house.limits, 65_536, 10, 10, 512 << 20)
            for row in server.log.read(0):
                refold(after, row.payload)
            assert after.table.claim("p", 1, 2) is None
            assert after.ledger.accepted == 1

    on_loop(run)


def test_what_comes_with_the_hello_is_answered_behind_the_welcome(tmp_path: Path) -> None:
    """Also when the welcome waits for the disk."""

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as socket:
            await socket.say([producer_hello(epoch=2), batch(1), batch(2)])
            assert [(await socket.hear())["type"] for _ in range(2)] == ["welcome", "ack"]
            assert accepted(server) == 2

    on_loop(run)


def test_a_jump_in_the_numbers_is_a_gap(tmp_path: Path) -> None:
    """A hello that claims more than we have is unknown, and moves nothing: the batch we want is still wanted."""

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as ahead, wire(server) as right:
            await producer(ahead, next_seq=1)
            await ahead.say(batch(1))
            await ahead.hear("ack")
            async with wire(server) as jumping:
                assert (await producer(jumping, next_seq=4))["resume"] == {"known": False, "last_seq": 1}
                await jumping.say(batch(4))
                assert await jumping.hear() == {"type": "nack", "want": 2}
            assert (await producer(right, next_seq=2))["resume"] == {"known": True, "last_seq": 1}
            await right.say(batch(2))
            await right.hear("ack")
            assert accepted(server) == 2

    on_loop(run)
