"""The end of a server of asyncio's own loop while others still come."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable

__all__ = ["stop_accepting"]

_TURNS = 10


async def stop_accepting(sockets: Iterable[socket.socket]) -> None:
    """Accept nobody on these any more, and wait for those who are on their way in; then the server may be closed.

    One is accepted in one turn of the loop and attached to the server in a later one. If the server was closed in
    between, asyncio fails to attach it, tells nobody, and leaves its socket to the garbage collector.
    """
    loop = asyncio.get_running_loop()
    for one in sockets:
        loop.remove_reader(one)
    for _ in range(_TURNS):
        await asyncio.sleep(0)
