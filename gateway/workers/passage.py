"""An HTTP socket in a worker: its bytes go to the analytics process and back, which has all the routes."""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING, Final, cast

from gateway.server.door import Tenancy
from gateway.server.sockets import tune
from gateway.wire.parcel import Kind, Parcel, ParcelError

if TYPE_CHECKING:
    from gateway.workers.station import Station

__all__ = ["Passage"]

_BYTES: Final = struct.Struct("<I")


class Passage(asyncio.Protocol):
    """The protocol of one such socket. The other side bounds and times what is read and written."""

    def __init__(self, station: Station, guest: Tenancy) -> None:
        self._station = station
        self._guest = guest
        self._transport: asyncio.Transport | None = None
        self._number = 0
        # Bytes written that the other side has not heard of, because the socket takes no more.
        self._unsaid = 0
        self._paused = False
        # The other side wants to read no more for now; or the link takes no more.
        self._stopped = self._waiting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        tune(self._transport)
        self._number = self._station.enter(self)
        peer = transport.get_extra_info("peername")
        address = str(peer[0]) if isinstance(peer, tuple) else ""
        secure = transport.get_extra_info("sslcontext") is not None
        self._station.link.put(Kind.HTTP_OPEN, self._number, b"%c%b" % (secure, address.encode()))

    def data_received(self, data: bytes) -> None:
        self._station.link.put(Kind.HTTP_DATA, self._number, data)
        if self._station.link.congested and not self._waiting:
            self._waiting = True
            self._station.wait(self)
            self._read()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = None
        self._station.link.put(Kind.HTTP_LOST, self._number)
        self._station.leave(self._number)
        self._guest.lost()

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._say()

    # What the other side wants.

    def handle(self, parcel: Parcel) -> None:
        """A parcel for this socket.

        Raises:
            ParcelError: it makes no sense.
        """
        match parcel.kind:
            case Kind.HTTP_WRITE:
                self.write(bytes(parcel.body))
            case Kind.HTTP_CLOSE:
                self.close()
            case Kind.HTTP_ABORT:
                self.abort()
            case Kind.HTTP_PAUSE | Kind.HTTP_RESUME:
                self.pause(parcel.kind == Kind.HTTP_PAUSE)
            case Kind.HTTP_YIELD:
                self.yield_up()
            case Kind.HTTP_RETURN:
                self.give_back(bytes(parcel.body))
            case Kind.HTTP_END:
                self.end()
            case other:
                raise ParcelError(f"a parcel of kind {other} for an HTTP socket")

    def write(self, data: bytes) -> None:
        """Send bytes, and say so when the socket has them."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)
            self._unsaid += len(data)
            if not self._paused:
                self._say()

    def _say(self) -> None:
        if self._unsaid:
            self._station.link.put(Kind.HTTP_TAKEN, self._number, _BYTES.pack(self._unsaid))
            self._unsaid = 0

    def pause(self, stopped: bool) -> None:
        """Read nothing for a while, or again."""
        self._stopped = stopped
        self._read()

    def go_on(self) -> None:
        """The link takes more again."""
        self._waiting = False
        self._read()

    def _read(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if self._stopped or self._waiting:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def close(self) -> None:
        """Close when all is written."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Cut it."""
        if self._transport is not None:
            self._transport.abort()

    cut = abort

    def end(self) -> None:
        """Nothing more is written."""
        if self._transport is not None and not self._transport.is_closing() and self._transport.can_write_eof():
            self._transport.write_eof()

    def yield_up(self) -> None:
        """The socket will be the door's again: read nothing more, and say that this was all."""
        self.pause(True)
        self._station.link.put(Kind.HTTP_BACK, self._number)

    def give_back(self, data: bytes) -> None:
        """The socket is the door's again, and what came from it last."""
        if self._transport is not None and not self._transport.is_closing():
            transport, self._transport = self._transport, None
            self._station.leave(self._number)
            self._guest.returned(transport, data)
