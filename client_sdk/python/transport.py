"""The two ways to a gateway as I/O: opening a WebSocket, and posting over HTTP. No decisions."""

from __future__ import annotations

import ssl as tls
from typing import Any, NamedTuple

import aiohttp
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidMessage, InvalidStatus
from websockets.typing import Subprotocol

from client_sdk.python.messages import SUBPROTOCOL

__all__ = ["HttpPost", "Opener", "OpeningError", "Reply"]

OPEN_S = 10
MAX_MESSAGE = 16 << 20
"""Bytes of one message from the server; snapshots come in parts far smaller."""


class OpeningError(Exception):
    """No socket could be opened. `retry_after_ms` is what the server asked for, 0 when it asked for nothing."""

    def __init__(self, reason: str, retry_after_ms: int = 0) -> None:
        super().__init__(reason)
        self.retry_after_ms = retry_after_ms


class Reply(NamedTuple):
    """An HTTP reply; `status` is 0 when none came."""

    status: int
    body: bytes
    retry_after_ms: int


class Opener:
    """Opens WebSockets to one address."""

    def __init__(
        self, url: str, *, proxy: str | None, ssl: tls.SSLContext | None, subprotocol: str = SUBPROTOCOL
    ) -> None:
        self._url = url
        self._proxy = proxy
        self._subprotocol = subprotocol
        self._options: dict[str, Any] = {} if ssl is None else {"ssl": ssl}

    async def open(self) -> ClientConnection:
        """A WebSocket that speaks the protocol.

        Raises:
            OpeningError: for whatever reason it could not be opened within 10 s.
        """
        try:
            socket = await connect(
                self._url,
                subprotocols=[Subprotocol(self._subprotocol)],
                compression=None,
                proxy=self._proxy,
                open_timeout=OPEN_S,
                ping_interval=None,  # the protocol has its own heartbeat, and the session its watchdog
                close_timeout=1,
                max_size=MAX_MESSAGE,
                **self._options,
            )
        except InvalidStatus as error:
            wait = error.response.headers.get("Retry-After", "")
            raise OpeningError(f"HTTP {error.response.status_code}", _seconds_ms(wait)) from error
        except (OSError, InvalidHandshake, InvalidMessage, TimeoutError) as error:
            raise OpeningError(str(error) or type(error).__name__) from error
        if socket.subprotocol != self._subprotocol:
            await socket.close(1002, "subprotocol")
            raise OpeningError(f"the server does not speak {self._subprotocol}")
        return socket


class HttpPost:
    """Posts to one address; connections are kept between calls."""

    def __init__(self, url: str, *, proxy: str | None, ssl: tls.SSLContext | None) -> None:
        self._url = url
        self._proxy = proxy
        self._ssl = ssl
        self._session: aiohttp.ClientSession | None = None

    async def send(self, body: bytes) -> Reply:
        """Post one body and read the reply. Never raises for the network's sake."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=OPEN_S))
        try:
            async with self._session.post(
                self._url,
                data=body,
                headers={"Content-Type": "application/json"},
                proxy=self._proxy,
                ssl=self._ssl or True,
                allow_redirects=False,
            ) as response:
                wait = _seconds_ms(response.headers.get("Retry-After", ""))
                return Reply(response.status, await response.read(), wait)
        except (aiohttp.ClientError, OSError, TimeoutError):
            return Reply(0, b"", 0)

    async def close(self) -> None:
        """Close kept connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def _seconds_ms(text: str) -> int:
    """Milliseconds of a `Retry-After` in seconds, at most an hour; 0 for a date or nonsense."""
    return min(int(text), 3_600) * 1_000 if text.isascii() and text.isdecimal() else 0
