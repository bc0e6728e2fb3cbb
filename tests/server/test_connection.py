"""The WebSocket over real sockets: messages, limits, closing."""

from __future__ import annotations

import asyncio
import itertools
import socket
from struct import pack

import pytest

from tests.server.rig import Raw, eventually, masked, run, serving, upgrade


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_messages_arrive_whole_and_in_order(loop: str) -> None:
    """Text messages of every length form arrive as sent, also when many of them share a chunk."""
    sizes = [0, 1, 125, 126, 65_535, 65_536, 262_144]

    async def main() -> None:
        async with serving() as rig:
            raw = await Raw.open(rig.port)
            raw.writer.write(b"".join(masked(bytes([65 + i]) * size) for i, size in enumerate(sizes)))
            endpoint = await rig.endpoint()
            await endpoint.until(lambda e: len(e.messages) == len(sizes))
            assert endpoint.messages == [bytes([65 + i]) * size for i, size in enumerate(sizes)]
            await raw.aclose()

    run(main, loop)


def test_any_split_of_a_message_arrives() -> None:
    """A frame cut at any byte is put together again."""

    async def main() -> None:
        async with serving() as rig:
            raw = await Raw.open(rig.port)
            endpoint = await rig.endpoint()
            frame = masked(b"x" * 130)
            for cut in range(1, len(frame)):
                raw.writer.write(frame[:cut])
                await raw.writer.drain()
                raw.writer.write(frame[cut:])
            await endpoint.until(lambda e: len(e.messages) == len(frame) - 1)
            assert set(endpoint.messages) == {b"x" * 130}
            await raw.aclose()

    run(main)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (masked(b"x", 2), 1003),
        (masked(b"x" * 262_145), 1009),
        (b"\x81\xff" + pack("!Q", 2**63), 1009),
        (b"\x81\xff" + pack("!Q", 2**63 - 1), 1009),
        (masked(b"x" * 200_000, fin=False) + masked(b"x" * 62_145, 0), 1009),
        (masked(b"", fin=False) + masked(b"", 0, fin=False) * 10_000, 1009),
        (masked(b"x", mask=False), 1002),
        (masked(b"x", rsv=0x40), 1002),
        (masked(b"x", 3), 1002),
        (masked(b"x", 11), 1002),
        (masked(b"x", 0), 1002),
        (masked(b"x", fin=False) + masked(b"y"), 1002),
        (masked(b"x" * 126, 9), 1002),
        (masked(b"x", 9, fin=False), 1002),
        (masked(b"\x03", 8), 1002),
        (masked(pack("!H", 1005), 8), 1002),
        (masked(pack("!H", 999), 8), 1002),
        (masked(pack("!H", 1000) + b"\xff\xfe", 8), 1007),
        (masked(b"", 9) * 100, 4102),
        (masked(b"", 10) * 100, 4102),
    ],
)
def test_violations_close_with_their_code(sent: bytes, code: int) -> None:
    """What the protocol forbids, or our limits do, brings its close frame, the end of the stream, one `closed`."""

    async def main() -> None:
        async with serving() as rig:
            raw = await Raw.open(rig.port)
            raw.writer.write(sent)
            assert await raw.close_code() == code
            assert await raw.rest() == b""
            await raw.aclose()
            endpoint = await rig.endpoint()
            await endpoint.until(lambda e: bool(e.closes))
            assert [closed for closed, _ in endpoint.closes] == [code]
            assert rig.door.terms.closes == {code: 1}

    run(main)


@pytest.mark.parametrize(("bad", "code"), [(masked(b"bad", 2), 1003), (masked(b"bad", 3), 1002)])
def test_what_came_before_a_violation_counts(bad: bytes, code: int) -> None:
    """The good messages ahead of a bad frame in the same chunk are delivered, also behind a ping."""

    async def main() -> None:
        async with serving() as rig:
            raw = await Raw.open(rig.port)
            raw.writer.write(masked(b"one") + masked(b"", 9) + masked(b"two") + bad + masked(b"three"))
            assert await raw.close_code() == code
            assert (await rig.endpoint()).messages == [b"one", b"two"]
            await raw.aclose()

    run(main)


def test_a_pong_waits_for_no_message() -> None:
    """A ping is answered before the message that came behind it in the same chunk."""

    async def main() -> None:
        async with serving() as rig:
            raw = await Raw.open(rig.port)
            endpoint = await rig.endpoint()
            endpoint.react = lambda data: endpoint.conn.send(data) if endpoint.conn else None
            raw.writer.write(masked(b"hi", 9) + masked(b"text"))
            assert [await raw.frame(), await raw.frame()] == [(10, b"hi"), (1, b"text")]
            await raw.aclose()

    run(main)


def test_fragments_join_with_control_frames_between() -> None:
    """A message in fragments arrives once and whole; a ping between them is answered at once."""

    async def main() -> None:
        async with serving(max_fragments=4) as rig:
            raw = await Raw.open(rig.port)
            parts = [masked(b"a", fin=False), masked(b"b", 0, fin=False), masked(b"hi", 9), masked(b"", 0, fin=False)]
            raw.writer.write(b"".join(parts) + masked(b"c", 0))
            assert await raw.frame() == (10, b"hi")
            endpoint = await rig.endpoint()
            await endpoint.until(lambda e: bool(e.messages))
            assert endpoint.messages == [b"abc"]
            await raw.aclose()

    run(main)


def test_replies_join_in_order() -> None:
    """`send` and `offer` arrive in the order of the calls, every length form included."""
    sizes = [0, 125, 126, 65_535, 65_536]

    async def main() -> None:
        async with serving() as rig:
            raw = await Raw.open(rig.port)
            conn = (await rig.endpoint()).conn
            assert conn is not None
            for size in sizes:
                conn.send(b"x" * size)
            assert [len((await raw.frame())[1]) for _ in sizes] == sizes
            assert conn.offer(b"\x81\x01y" * 2)
            assert [await raw.frame() for _ in range(2)] == [(1, b"y")] * 2
            assert conn.can_write
            assert conn.buffered == 0
            await raw.aclose()

    run(main)


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_a_ping_flood_without_reading_stays_small(loop: str) -> None:
    """A client that pings and never reads is not read either: neither pongs nor input pile up."""

    async def main() -> None:
        # A rate that never trips, so that only the paused reading holds the flood.
        async with serving(control_rate=1_000_000_000) as rig:
            sock = socket.create_connection(("127.0.0.1", rig.port))
            sock.setblocking(False)
            running = asyncio.get_running_loop()

            await running.sock_sendall(sock, upgrade())
            endpoint = await rig.endpoint()
            conn = endpoint.conn
            assert conn is not None
            ping = masked(b"p" * 125, 9) * 200
            sent = stuck = 0
            # The kernel takes a few MB on both sides; what matters is that it then takes no more.
            while stuck < 50:
                try:
                    sent += sock.send(ping)
                    stuck = 0
                except BlockingIOError:
                    stuck += 1
                await asyncio.sleep(0.001)
                assert conn.buffered < 400_000
            assert sent < 64_000_000
            sock.close()
            await endpoint.until(lambda e: bool(e.closes))

    run(main, loop)


def test_writable_is_told_after_a_full_buffer() -> None:
    """On a full buffer `can_write` is False and an offer is refused; `writable` is called when the client has read."""

    async def main() -> None:
        async with serving() as rig:
            raw = await Raw.open(rig.port)
            endpoint = await rig.endpoint()
            assert endpoint.conn is not None
            endpoint.conn.send(b"x" * 16_000_000)
            assert not endpoint.conn.can_write
            assert not endpoint.conn.offer(b"\x81\x01y")
            assert endpoint.conn.buffered > 0
            assert len((await raw.frame())[1]) == 16_000_000
            await endpoint.until(lambda e: e.drained == 1)
            await eventually(lambda: endpoint.conn is not None and endpoint.conn.can_write)
            await raw.aclose()

    run(main)


def test_a_long_run_of_tiny_frames_gives_the_loop_its_turn() -> None:
    """50,000 frames that arrive together all count, and other callbacks run between them."""

    async def main() -> None:
        async with serving() as rig:
            raw = await Raw.open(rig.port)
            endpoint = await rig.endpoint()
            seen: list[int] = []

            def look() -> None:
                seen.append(len(endpoint.messages))
                if len(endpoint.messages) < 50_000:
                    asyncio.get_running_loop().call_soon(look)

            raw.writer.write(masked(b"") * 50_000)
            look()
            await endpoint.until(lambda e: len(e.messages) == 50_000)
            assert max(b - a for a, b in itertools.pairwise(seen)) < 6_000
            await raw.aclose()

    run(main)
