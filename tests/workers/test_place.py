"""One port, several who listen."""

from __future__ import annotations

import asyncio
import socket

import pytest

from gateway.errors import ConfigError
from gateway.server.listening import Listening
from gateway.workers.place import listen, share
from tests.server.serving import on_loop


class Silent(asyncio.Protocol):
    """Takes connections and does nothing with them."""


async def _reach(port: int) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.transport.abort()


def test_those_it_is_shared_with_listen_and_nobody_else() -> None:
    """Bound, nobody answers; one or two listen; who comes with the port alone in mind is told that it is taken."""

    async def run() -> None:
        place = await Listening.bind(Silent, "127.0.0.1", 0, None)
        addresses = share(place.sockets)
        assert addresses == [(socket.AF_INET, ["127.0.0.1", place.port])]
        with pytest.raises(ConnectionRefusedError):
            await _reach(place.port)
        servers = [*await listen(Silent, addresses, None), *await listen(Silent, addresses, None)]
        await _reach(place.port)
        with pytest.raises(ConfigError, match=r"^port: "):
            await (await Listening.bind(Silent, "127.0.0.1", place.port, None)).open()
        servers.pop().close()
        for _ in range(20):
            await _reach(place.port)
        servers.pop().close()
        with pytest.raises(ConnectionRefusedError):
            await _reach(place.port)
        place.close()

    on_loop(run)


def test_an_address_that_cannot_be_had_is_an_error() -> None:
    """Which the worker reports."""

    async def run() -> None:
        with pytest.raises(OSError, match="assign"):
            await listen(Silent, [(socket.AF_INET, ["192.0.2.1", 1])], None)

    on_loop(run)
