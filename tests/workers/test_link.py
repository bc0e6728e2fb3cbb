"""One end of a link against the other, over a socket pair."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from struct import unpack

from gateway.wire.parcel import Kind, Parcel, ParcelError, head
from gateway.workers.link import HIGH_WATER, Link
from tests.server.serving import on_loop, until


class End:
    """A link that writes down what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, int, bytes]] = []
        self.ends = 0
        self.fault: Exception | None = None
        self.link = Link(asyncio.get_running_loop(), self._handle, self._ended)

    def _handle(self, parcel: Parcel) -> None:
        if self.fault is not None:
            raise self.fault
        self.heard.append((parcel.kind, parcel.number, bytes(parcel.body)))

    def _ended(self) -> None:
        self.ends += 1


@asynccontextmanager
async def pair() -> AsyncIterator[tuple[End, End]]:
    here, there = End(), End()
    ours, theirs = socket.socketpair()
    await here.link.connect(ours)
    await there.link.connect(theirs)
    try:
        yield here, there
    finally:
        here.link.cut()
        there.link.cut()
        await until(lambda: here.ends == there.ends == 1)


def test_parcels_arrive_in_order_both_ways() -> None:
    """And both ends know how many there were."""

    async def run() -> None:
        async with pair() as (here, there):
            for number in range(100):
                here.link.put(Kind.SEND, number, b"x" * number)
                there.link.put(Kind.TAKEN, number)
            await until(lambda: here.link.taken_count == there.link.taken_count == 100)
            assert there.heard == [(Kind.SEND, number, b"x" * number) for number in range(100)]
            assert here.heard == [(Kind.TAKEN, number, b"") for number in range(100)]
            assert here.link.put_count == 100

    on_loop(run)


def _frames(parcel: tuple[int, int, bytes]) -> list[tuple[int, bytes]]:
    """Who gets which frames."""
    kind, number, body = parcel
    if kind == Kind.SHARE:
        return [(one, body[4 * number :]) for one in unpack(f"<{number}I", body[: 4 * number])]
    return [(number, body)]


def test_frames_are_sent_once_for_all_who_get_them() -> None:
    """The same object to many is one parcel, and to one alone is one, too; equal bytes of another object are not."""

    async def run() -> None:
        async with pair() as (here, there):
            shared, single = b"s" * 1_000, b"o"
            for number in range(1, 51):
                assert here.link.share(number, shared, behind=0) == 1
            assert here.link.share(51, single, behind=0) == 2
            await until(lambda: len(there.heard) == 2)
            assert [kind for kind, _, _ in there.heard] == [Kind.SHARE, Kind.FRAMES]
            assert _frames(there.heard[0]) == [(number, shared) for number in range(1, 51)]
            assert _frames(there.heard[1]) == [(51, single)]
            here.link.share(1, shared, behind=2)
            await until(lambda: len(there.heard) == 3)
            assert _frames(there.heard[2]) == [(1, shared)]

    on_loop(run)


def test_shared_frames_overtake_nothing() -> None:
    """Who has been sent something behind the shared parcel gets another one; the next ones join that."""

    async def run() -> None:
        async with pair() as (here, there):
            shared = b"frames"
            assert here.link.share(1, shared, behind=0) == 1
            here.link.put(Kind.SEND, 2, b"first")
            assert here.link.share(2, shared, behind=2) == 3
            assert here.link.share(3, shared, behind=0) == 3
            await until(lambda: len(there.heard) == 3)
            found = [one for parcel in there.heard for one in _frames(parcel)]
            assert found == [(1, shared), (2, b"first"), (2, shared), (3, shared)]

    on_loop(run)


def test_what_is_kept_back_goes_with_the_turn() -> None:
    """Whoever keeps something for company is asked before the write."""

    async def run() -> None:
        async with pair() as (here, there):
            here.link.before_write = lambda: here.link.put(Kind.BATCHES, 0, b"kept")
            here.link.put(Kind.PULSE)
            await until(lambda: len(there.heard) == 2)
            assert [kind for kind, _, _ in there.heard] == [Kind.PULSE, Kind.BATCHES]

    on_loop(run)


def test_an_end_that_does_not_read_is_seen() -> None:
    """From the high-water mark on it is congested, and relieved when it reads again."""

    async def run() -> None:
        async with pair() as (here, there):
            relieved = asyncio.Event()
            here.link.relieved = relieved.set
            assert there.link._transport is not None
            there.link._transport.pause_reading()
            while not here.link.congested:
                here.link.put(Kind.SEND, 1, b"x" * HIGH_WATER)
                await asyncio.sleep(0)
            assert here.link.backlog >= HIGH_WATER
            there.link._transport.resume_reading()
            await relieved.wait()
            assert not here.link.congested

    on_loop(run)


def test_nonsense_ends_it() -> None:
    """A stream of no parcels, a parcel that its reader refuses, and one that it fails on."""

    async def run() -> None:
        for fault in (None, ParcelError("no"), KeyError("bug")):
            async with pair() as (here, there):
                there.fault = fault
                assert here.link._transport is not None
                here.link._transport.write(head(Kind.SEND, 1, 0 if fault else 2**32 - 1))
                await until(lambda there=there: there.ends)  # type: ignore[misc]
                assert there.heard == []
                there.link.put(Kind.SEND, 1, b"to nobody")

    on_loop(run)
