"""The ends of a WebSocket over real sockets: who closes, with which code, and that it really ends."""

from __future__ import annotations

from struct import pack
from typing import Any

import pytest

from tests.server.rig import Raw, eventually, masked, run, serving


def test_closing_handshake_of_the_client() -> None:
    """A client's close is echoed; the endpoint hears the client's code and reason."""

    async def main() -> None:
        async with serving() as rig:
            raw = await Raw.open(rig.port)
            raw.writer.write(masked(b"last") + masked(pack("!H", 1000) + b"bye", 8))
            assert await raw.frame() == (8, pack("!H", 1000) + b"bye")
            await raw.aclose()
            endpoint = await rig.endpoint()
            await endpoint.until(lambda e: bool(e.closes))
            assert endpoint.messages == [b"last"]
            assert endpoint.closes == [(1000, "bye")]

    run(main)


def test_closing_handshake_of_the_server() -> None:
    """`close` sends code and reason once, ignores what still comes, and ends with the client's echo."""

    async def main() -> None:
        async with serving() as rig:
            raw = await Raw.open(rig.port)
            endpoint = await rig.endpoint()
            await endpoint.until(lambda e: e.conn is not None)
            assert endpoint.conn is not None
            endpoint.conn.close(4009)
            endpoint.conn.close(4001)
            endpoint.conn.send(b"too late")
            assert await raw.frame() == (8, pack("!H", 4009) + b"fenced by a newer connection")
            raw.writer.write(masked(b"ignored") + masked(pack("!H", 4009), 8))
            assert await raw.rest() == b""
            await raw.aclose()
            await endpoint.until(lambda e: bool(e.closes))
            assert endpoint.messages == []
            assert endpoint.closes == [(4009, "fenced by a newer connection")]

    run(main)


@pytest.mark.parametrize("how", ["silent", "half", "half_unread", "half_stuck"])
def test_an_unanswered_close_ends_in_an_abort(how: str) -> None:
    """A client that ignores the close frame, or only shuts its sending side, does not keep the socket.

    Neither does one that leaves a little unread, so that the transport cannot finish. Behind a full write buffer
    nothing is read, so that a half-close there shows as silence.
    """
    hasty: dict[str, Any] = (
        {"heartbeat_ms": 200, "hello_timeout_ms": 200} if how == "half_stuck" else {"hello_timeout_ms": 60_000}
    )

    async def main() -> None:
        async with serving(**hasty) as rig:
            raw = await Raw.open(rig.port)
            # Without this the client would go on reading into its own memory.
            raw.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a reading transport
            endpoint = await rig.endpoint()
            conn = endpoint.conn
            assert conn is not None
            if how == "silent":
                conn.close(4000)
            else:
                if how == "half_stuck":
                    conn.send(b"x" * 16_000_000)
                while how == "half_unread" and not conn.buffered:
                    conn.send(b"x" * 30_000)
                raw.writer.write_eof()
            await endpoint.until(lambda e: bool(e.closes))
            assert [code for code, _ in endpoint.closes] == [{"silent": 4000, "half_stuck": 4103}.get(how, 1006)]
            await eventually(lambda: rig.gate.open == 0 and len(rig.wheel) == 0)
            await raw.aclose()

    run(main)


def test_a_client_that_is_still_sending_can_read_why() -> None:
    """After a violation the stream ends in order: a reset would throw the close frame away."""

    async def main() -> None:
        async with serving() as rig:
            raw = await Raw.open(rig.port)
            raw.writer.write(masked(b"bad", 2) + masked(b"x" * 200_000) * 30)
            assert await raw.close_code() == 1003
            assert await raw.reader.read(1) == b""
            await raw.aclose()

    run(main)


def test_both_sides_may_close_at_once() -> None:
    """When a message makes the endpoint close and the client's close frame came with it, the client's is echoed."""

    async def main() -> None:
        async with serving() as rig:
            raw = await Raw.open(rig.port)
            endpoint = await rig.endpoint()
            assert endpoint.conn is not None
            endpoint.react = lambda _data: endpoint.conn.close(4000) if endpoint.conn else None
            raw.writer.write(masked(b"bad") + masked(pack("!H", 1000), 8))
            assert await raw.close_code() == 1000
            assert await raw.rest() == b""
            await raw.aclose()
            await endpoint.until(lambda e: bool(e.closes))
            assert endpoint.closes == [(1000, "")]

    run(main)


def test_a_vanished_client_is_1006() -> None:
    """A reset without a closing handshake is reported once, as 1006."""

    async def main() -> None:
        async with serving() as rig:
            raw = await Raw.open(rig.port)
            raw.writer.transport.abort()
            endpoint = await rig.endpoint()
            await endpoint.until(lambda e: bool(e.closes))
            assert endpoint.closes == [(1006, "")]
            assert rig.gate.open == 0

    run(main)


def test_a_failing_endpoint_is_1011() -> None:
    """An exception of the endpoint closes its own socket with 1011 and says nothing of the exception."""

    def fail(_data: bytes) -> None:
        raise ZeroDivisionError("secret")

    async def main() -> None:
        async with serving() as rig:
            raw, other = await Raw.open(rig.port), await Raw.open(rig.port)
            (await rig.endpoint(0)).react = fail
            raw.writer.write(masked(b"x") * 3)
            assert await raw.frame() == (8, pack("!H", 1011) + b"internal error")
            assert len((await rig.endpoint(0)).messages) == 1
            other.writer.write(masked(b"y"))
            await (await rig.endpoint(1)).until(lambda e: e.messages == [b"y"])
            await raw.aclose()
            await other.aclose()

    run(main)
