"""What a peer may cost by what it sends, over real sockets."""

from __future__ import annotations

import asyncio

import pytest

from gateway.server.framing import FrameReader
from tests.server.hours import Hours
from tests.server.rig import Raw, eventually, masked, run, serving, upgrade

MB = 1 << 20


async def hang_up(raw: Raw) -> None:
    raw.writer.transport.abort()
    await raw.aclose()


def test_a_message_that_never_ends_is_cut() -> None:
    """A byte now and then keeps the peer alive, and not its message; one that ends in time is delivered."""

    async def main() -> None:
        async with serving(message_timeout_ms=10_000, heartbeat_ms=60_000) as rig:
            hours = Hours(rig)
            slow, quick = await Raw.open(rig.port), await Raw.open(rig.port)
            whole = masked(b"x" * 1_000)
            for raw in (slow, quick):
                raw.writer.write(whole[:500])
            await eventually(lambda: rig.door.terms.holding.bytes > 900)
            hours.pass_by(9)
            quick.writer.write(whole[500:])
            heard = await rig.endpoint(1)
            await heard.until(lambda e: e.messages == [b"x" * 1_000])
            assert len(rig.door.terms.holding) == 1
            hours.pass_by(2)
            assert await slow.close_code() == 4100
            await eventually(lambda: rig.door.terms.holding.bytes == 0)
            quick.writer.write(masked(b"later"))
            await heard.until(lambda e: len(e.messages) == 2)
            for raw in (slow, quick):
                await hang_up(raw)

    run(main)


def test_half_messages_are_bounded_together_and_the_oldest_goes() -> None:
    """Twelve of a quarter of a megabyte where one megabyte may wait: who began last is still there."""

    async def main() -> None:
        async with serving(receive_pool=1) as rig:
            raws = []
            for number in range(12):
                raws.append(await Raw.open(rig.port))
                raws[-1].writer.write(masked(b"x" * 250_000)[:-1])
                await eventually(lambda: rig.door.terms.received >= (number + 1) * 250_000)  # noqa: B023
                assert rig.door.terms.holding.bytes <= MB
            assert rig.door.terms.holding.cuts == 8
            assert await raws[0].close_code() == 4100
            raws[-1].writer.write(masked(b"x" * 250_000)[-1:])
            last = await rig.endpoint(11)
            await last.until(lambda e: [len(m) for m in e.messages] == [250_000])
            for raw in raws:
                await hang_up(raw)
            await eventually(lambda: rig.door.terms.holding.bytes == 0)

    run(main)


def test_request_heads_count_among_what_is_not_whole() -> None:
    """They are dropped without an answer: there was no request yet."""

    async def main() -> None:
        async with serving(receive_pool=1, max_header=1_000_000) as rig:
            raws = [await Raw.connect(rig.port) for _ in range(5)]
            for raw in raws:
                raw.writer.write(upgrade()[:-2] + b"x: " + b"y" * 300_000)
                await asyncio.sleep(0.01)
            await eventually(lambda: rig.door.terms.holding.cuts >= 2)
            assert rig.door.terms.holding.bytes <= MB
            for raw in raws:
                await hang_up(raw)
            await eventually(lambda: rig.door.terms.holding.bytes == 0)

    run(main)


@pytest.mark.parametrize(
    ("flood", "code"),
    [
        (masked(b"x", 9) * 5_000, 4102),
        (masked(b"", 1, fin=False) + masked(b"", 0, fin=False) * 5_000, 1009),
        (masked(b"x", 2) * 5_000, 1003),
        (masked(b"", 11) * 5_000, 1002),
    ],
    ids=["pings", "fragments", "binary", "reserved"],
)
def test_little_is_looked_at_behind_a_fault(flood: bytes, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of thousands of frames in one write a few dozen are parsed; the rest is dropped, and so is what comes later."""
    passed: list[int] = []
    pass_on = FrameReader._pass_on

    def counted(reader: FrameReader, data: bytes, found: list[object]) -> None:
        passed.append(len(data))
        pass_on(reader, data, found)  # type: ignore[arg-type]

    monkeypatch.setattr(FrameReader, "_pass_on", counted)

    async def main() -> None:
        async with serving() as rig:
            raw = await Raw.open(rig.port)
            raw.writer.write(flood + flood)
            assert await raw.close_code() == code
            assert len(passed) <= 130
            recorder = await rig.endpoint()
            assert recorder.messages == []
            await hang_up(raw)

    run(main)


def test_who_goes_on_sending_is_read_no_more() -> None:
    """A megabyte is dropped, then the socket is left alone and aborted; other sockets are served meanwhile."""

    async def main() -> None:
        async with serving() as rig:
            raw, other = await Raw.open(rig.port), await Raw.open(rig.port)
            recorder = await rig.endpoint()
            raw.writer.write(b"x" * (64 * MB))
            other.writer.write(masked(b"still there"))
            await (await rig.endpoint(1)).until(lambda e: e.messages == [b"still there"])
            await recorder.until(lambda e: [code for code, _ in e.closes] == [1002])
            assert recorder.conn is not None
            assert MB <= (recorder.conn._ignored or 0) < 2 * MB
            for one in (raw, other):
                await hang_up(one)

    run(main)


def test_much_in_one_read_leaves_turns_to_others() -> None:
    """A quarter of a megabyte is parsed in pieces; every message of it arrives."""

    async def main() -> None:
        async with serving() as rig:
            raw = await Raw.open(rig.port)
            raw.writer.write(b"".join(masked(b"%6d" % n + b"x" * 10_000) for n in range(100)))
            recorder = await rig.endpoint()
            await recorder.until(lambda e: len(e.messages) == 100)
            assert [int(message[:6]) for message in recorder.messages] == list(range(100))
            assert rig.door.terms.holding.bytes == 0
            await hang_up(raw)

    run(main)
