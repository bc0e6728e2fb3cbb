"""The port as several processes have it: each listens by itself, and the kernel deals new connections out."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from ssl import SSLContext
from typing import Any

from gateway.server.listening import BACKLOG

__all__ = ["listen", "share"]


def share(sockets: Sequence[Any]) -> list[tuple[int, list[Any]]]:
    """Let other processes of this user listen where these sockets are bound; their families and addresses.

    They were bound alone, so nobody else was there, and stay bound, so nobody else can come: a socket that does not
    listen gets no connections.
    """
    found = []
    for one in sockets:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        found.append((int(one.family), list(one.getsockname())))
    return found


async def listen(
    factory: Callable[[], asyncio.BaseProtocol], addresses: Sequence[tuple[int, list[Any]]], ssl: SSLContext | None
) -> list[asyncio.Server]:
    """Listen at these addresses, as others may, too.

    Raises:
        OSError: one of them cannot be had.
    """
    loop = asyncio.get_running_loop()
    servers = []
    for family, address in addresses:
        one = socket.socket(family, socket.SOCK_STREAM)
        try:
            one.setblocking(False)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if family == socket.AF_INET6:
                # Beside an IPv4 socket of the same port.
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind(tuple(address))
        except OSError:
            one.close()
            raise
        servers.append(await loop.create_server(factory, sock=one, ssl=ssl, backlog=BACKLOG))
    return servers
