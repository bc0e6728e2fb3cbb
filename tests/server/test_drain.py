"""An orderly end."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest
from websockets.exceptions import InvalidStatus

from gateway.server.drain import drain
from tests.server.serving import on_loop, producer_hello, serving, until, wire


def test_everyone_is_told_and_closed_with_1012(tmp_path: Path) -> None:
    """The message first, then the closes spread over the time; new sockets are turned away."""

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as first, wire(server) as second:
            for socket, name in ((first, "a"), (second, "b")):
                await socket.say(producer_hello(name))
                await socket.hear("welcome")
            draining = asyncio.create_task(drain(server.house, server.gate, 200))
            for socket in (first, second):
                assert await socket.hear("drain") == {"type": "drain", "in_ms": 200}
            with pytest.raises(InvalidStatus) as caught:
                async with wire(server):
                    pass
            assert caught.value.response.status_code == 503
            assert "Retry-After" in caught.value.response.headers
            assert [await first.close_code(), await second.close_code()] == [1012, 1012]
            await draining

    on_loop(run)


def test_the_last_answer_is_waited_for(tmp_path: Path) -> None:
    """Someone who is slow to read is not cut behind the close frame, which could be lost with the socket."""

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as socket:
            await socket.say(producer_hello())
            await socket.hear("welcome")
            socket.connection.transport.pause_reading()
            (session,) = server.house.sessions
            draining = asyncio.create_task(drain(server.house, server.gate, 0))
            await until(lambda: session._ending)
            assert not draining.done()
            assert server.house.sessions
            socket.connection.transport.resume_reading()
            await draining
            assert not server.house.sessions
            assert await socket.close_code() == 1012

    on_loop(run)


def test_who_came_in_as_the_door_closed_is_told_too(tmp_path: Path) -> None:
    """A handshake that was under way is no reason for an end without a code."""

    async def run() -> None:
        inside = asyncio.Event()

        async def pause(_seconds: float) -> None:
            """The time over which closes are spread lasts until the second one is inside."""
            await inside.wait()
            await asyncio.sleep(0)

        async with serving(tmp_path) as server, wire(server) as first:
            await first.say(producer_hello())
            await first.hear("welcome")
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("gateway.server.drain.asyncio", SimpleNamespace(sleep=pause, timeout=asyncio.timeout))
                draining = asyncio.create_task(drain(server.house, server.gate, 200))
                await first.hear("drain")
                # As for one whom the gate had let pass before.
                server.gate.draining = False
                async with wire(server) as second:
                    await until(lambda: len(server.house.sessions) == 2)
                    inside.set()
                    await draining
                    assert [await first.close_code(), await second.close_code()] == [1012, 1012]

    on_loop(run)


def test_what_is_under_way_is_kept(tmp_path: Path) -> None:
    """A batch sent just before the stop is on disk after it."""

    async def run() -> None:
        async with serving(tmp_path) as server, wire(server) as socket:
            await socket.say(producer_hello())
            await socket.hear("welcome")
            await socket.say({"type": "batch", "seq": 1, "events": [{"event": "x"}]})
            await socket.hear("ack")
        async with serving(tmp_path) as server:
            assert server.house.fold.ledger.accepted == 1
            assert server.log.latest_snapshot() is not None

    on_loop(run)
