"""Where the gateway listens: bound first, so that a place it cannot have ends the start before anything is touched."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Callable, Sequence
from ssl import SSLContext
from typing import Any

from gateway.errors import ConfigError

__all__ = ["BACKLOG", "Listening"]

BACKLOG = 2_048
"""Connections that the kernel holds for us while the loop is busy: the burst of a restart."""

_AGAIN_S = 0.05
_FOREIGN = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


class Listening:
    """The listening sockets of one host name and port. Connections are taken between `open` and `close`."""

    def __init__(self, server: asyncio.Server, host: str, port: int) -> None:
        self._server = server
        self._host = host
        # As asked for, and as found when that was 0.
        self._wanted = port
        self.port: int = server.sockets[0].getsockname()[1]

    @classmethod
    async def bind(
        cls,
        factory: Callable[[], asyncio.BaseProtocol],
        host: str,
        port: int,
        ssl: SSLContext | None,
        patience_s: float = 0.0,
    ) -> Listening:
        """Reserve the place. Until `open`, who connects is refused. `factory` makes the protocol of each connection.

        A place that is taken is waited for, for `patience_s`.

        Raises:
            ConfigError: `host` is no name or address of this machine, or `port` is taken or not allowed.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + patience_s
        while True:
            try:
                server = await loop.create_server(factory, host, port, ssl=ssl, backlog=BACKLOG, start_serving=False)
                return cls(server, host, port)
            except (OSError, UnicodeError) as error:
                if getattr(error, "errno", None) != errno.EADDRINUSE or loop.time() >= until:
                    raise refusal(error, host, port) from None
            await asyncio.sleep(_AGAIN_S)

    @property
    def sockets(self) -> Sequence[Any]:
        """The bound sockets."""
        return self._server.sockets

    async def open(self) -> None:
        """Take connections from here on.

        Raises:
            ConfigError: another process that was bound at the same time was quicker to listen.
        """
        await self._server.start_serving()
        # uvloop closes a socket that may not listen and says nothing.
        if not all(map(_listens, self._server.sockets)):
            raise refusal(OSError(errno.EADDRINUSE, ""), self._host, self._wanted)

    def close(self) -> None:
        """Take no more; connections that are there stay."""
        self._server.close()


def _listens(one: socket.socket | None) -> bool:
    return one is not None and one.fileno() >= 0 and one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1


def refusal(error: OSError | UnicodeError, host: str, port: int) -> ConfigError:
    """The error that blames the setting at fault.

    >>> refusal(PermissionError(13, "Permission denied"), "127.0.0.1", 80)
    ConfigError('port: cannot listen on 127.0.0.1:80: Permission denied')
    """
    if isinstance(error, UnicodeError):
        return ConfigError("host", f"{host!r} is no host name")
    if isinstance(error, socket.gaierror):
        return ConfigError("host", f"cannot find {host!r}: {error.strerror}")
    reason = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in _FOREIGN:
        return ConfigError("host", f"cannot listen on {host!r}, which is no address of this machine: {reason}")
    return ConfigError("port", f"cannot listen on {host}:{port}: {reason}")
