"""A server that is closed while somebody comes."""

from __future__ import annotations

import asyncio
import socket

import pytest

from tests.e2e.accepting import stop_accepting


def test_who_is_on_the_way_in_is_attached_first() -> None:
    """Behind it the server is closed over nobody: whoever was accepted is connected, whoever comes later is not."""
    connected: list[asyncio.BaseTransport] = []

    class Guest(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            connected.append(transport)

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Guest, "127.0.0.1", 0)
        with socket.create_connection(server.sockets[0].getsockname()) as early:
            # As the loop does when it finds that somebody came: what is accepted here is attached in a later turn.
            while not (coming := asyncio.all_tasks() - {asyncio.current_task()}):
                await asyncio.sleep(0)
            assert (len(coming), connected) == (1, [])
            await stop_accepting(server.sockets)
            assert len(connected) == 1
            with socket.create_connection(server.sockets[0].getsockname()) as late:
                server.close()
                with pytest.raises(ConnectionResetError):
                    late.recv(1)
            connected[0].close()
            early.setblocking(False)
            assert await loop.sock_recv(early, 1) == b""
        assert len(connected) == 1

    asyncio.run(scenario())
