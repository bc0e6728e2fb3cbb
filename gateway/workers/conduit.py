"""A worker's HTTP socket as a transport: what aiohttp writes goes there, what comes in it reads from it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from gateway.wire.parcel import Kind

if TYPE_CHECKING:
    from gateway.workers.colleague import Colleague

__all__ = ["Conduit"]

_HIGH_WATER: Final = 65_536
_LOW_WATER: Final = 16_384


class Conduit(asyncio.Transport):
    """Bytes count as waiting until the worker's socket has taken them. `secure` is whether that speaks TLS."""

    def __init__(self, colleague: Colleague, number: int, address: str, secure: bool) -> None:
        super().__init__({"peername": (address, 0) if address else "", "sslcontext": True if secure else None})
        self._colleague = colleague
        self._number = number
        # None until it has one, and again when that is not its owner any more.
        self._protocol: asyncio.Protocol | None = None
        self._closing = False
        self._ended = False
        self._waiting = 0
        self._high, self._low = _HIGH_WATER, _LOW_WATER
        self._paused = False
        self._reading = True
        # What came for the door that gets the socket back.
        self._late: list[bytes] = []

    # What the worker says.

    def received(self, data: bytes) -> None:
        """Bytes came in."""
        if self._protocol is not None:
            self._protocol.data_received(data)
        elif self._late:
            self._late.append(data)

    def taken(self, size: int) -> None:
        """The socket has taken so many bytes."""
        self._waiting -= size
        if self._paused and self._waiting <= self._low:
            self._paused = False
            if self._protocol is not None:
                self._protocol.resume_writing()

    def lost(self) -> None:
        """The socket is gone."""
        self._closing = True
        protocol, self._protocol = self._protocol, None
        if protocol is not None:
            protocol.connection_lost(None)

    # What the protocol calls.

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        assert isinstance(protocol, asyncio.Protocol)
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        assert self._protocol is not None
        return self._protocol

    def is_closing(self) -> bool:
        return self._closing

    def write(self, data: Any) -> None:
        if self._closing or self._ended:
            return
        data = bytes(data)
        self._colleague.link.put(Kind.HTTP_WRITE, self._number, data)
        self._waiting += len(data)
        if self._waiting > self._high and not self._paused:
            self._paused = True
            if self._protocol is not None:
                self._protocol.pause_writing()

    def write_eof(self) -> None:
        if not self._ended and not self._closing:
            self._ended = True
            self._colleague.link.put(Kind.HTTP_END, self._number)

    def can_write_eof(self) -> bool:
        return True

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._colleague.link.put(Kind.HTTP_CLOSE, self._number)

    def abort(self) -> None:
        self._closing = True
        self._colleague.link.put(Kind.HTTP_ABORT, self._number)

    def yield_up(self, data: bytes) -> None:
        """The socket is to be the worker's door's again, which begins with `data` and what is still on its way here."""
        self._closing, self._protocol = True, None
        self._late = [data]
        self._colleague.link.put(Kind.HTTP_YIELD, self._number)

    @property
    def is_yielding(self) -> bool:
        """Whether the worker was asked for the last of what came in."""
        return bool(self._late)

    def yielded(self) -> None:
        """Nothing is on its way any more."""
        self._colleague.link.put(Kind.HTTP_RETURN, self._number, b"".join(self._late))

    def get_write_buffer_size(self) -> int:
        return self._waiting

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._low, self._high

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._high = _HIGH_WATER if high is None else high
        self._low = self._high // 4 if low is None else low

    def is_reading(self) -> bool:
        return self._reading

    def pause_reading(self) -> None:
        self._read(False)

    def resume_reading(self) -> None:
        self._read(True)

    def _read(self, on: bool) -> None:
        if self._reading != on and not self._closing:
            self._reading = on
            self._colleague.link.put(Kind.HTTP_RESUME if on else Kind.HTTP_PAUSE, self._number)
