"""A WebSocket's endpoint in a worker: batches are decoded here, everything else is the analytics process's."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

import msgspec

from gateway.core.bucket import spend
from gateway.core.packing import Packer
from gateway.errors import CLOSE_CODES, ProtocolError
from gateway.server.connection import Connection
from gateway.server.terms import BURST_S, TOO_FAST
from gateway.wire.codec import Batch
from gateway.wire.encoding import ENCODINGS, JSON
from gateway.wire.parcel import Kind, Parcel, ParcelError, coded
from gateway.workers.setup import Whom

if TYPE_CHECKING:
    from gateway.workers.station import Station

__all__ = ["Relay"]

_CODE: Final = struct.Struct("<H")
_BYTES: Final = struct.Struct("<I")
_OURS: Final = 1011
_SLACK: Final = 2
"""Frames beyond the burst: the hello, and one for what is lost in numbers that are not exact."""
_NAMES: Final = {encoding: name for name, encoding in ENCODINGS.items()}
_encode = msgspec.msgpack.Encoder().encode


class Relay:
    """Implements `Endpoint`."""

    __slots__ = ("_conn", "_number", "_paid_until", "_reported", "_station", "producing", "ready")

    def __init__(self, station: Station) -> None:
        self._station = station
        self._conn: Connection | None = None
        # Of the connection, on the link.
        self._number = 0
        # Whether the hello was taken, and whether it was a producer's: the other side says so.
        self.ready = False
        self.producing = False
        # Of the frames that go as they came; see `spend`.
        self._paid_until: float | None = 0.0
        # Bytes that wait for the socket, as the other side knows it.
        self._reported = 0

    # ---- Endpoint -------------------------------------------------------------------------------------------------

    def opened(self, conn: Connection) -> None:
        """The handshake is done."""
        self._conn = conn
        self._number = self._station.enter(self)
        sender = conn.sender
        whom = Whom(sender.address, sender.origin, sender.agent, _NAMES.get(sender.encoding, JSON))
        self._station.link.put(Kind.OPEN, self._number, _encode(whom))

    def message(self, data: bytes) -> None:
        """One frame. When all it holds are batches, they go as columns; else it goes as it came."""
        station = self._station
        packer = station.packer
        batches = self._batches(packer, data) if self.producing and packer is not None else None
        if packer is None or batches is None:
            if not self._in_time():
                return
            station.put_in_order(Kind.MESSAGE, self._number, data)
        else:
            for size, batch in batches:
                packer.add(self._number, size, batch)
            station.packed()
        if station.link.congested and self._conn is not None:
            station.wait(self._conn)

    def _in_time(self) -> bool:
        """Whether one more frame is within the rate of messages; else this is the end.

        The other side counts what is in the frames, all but the hello; it would find that there are too many as well,
        but what comes faster than it reads would be in the way of all others until then.
        """
        assert self._conn is not None
        rate = self._station.message_rate
        self._paid_until = spend(self._paid_until, self._station.now(), rate, BURST_S + _SLACK / rate)
        if self._paid_until is None:
            self._conn.close(TOO_FAST)
        return self._paid_until is not None

    def _batches(self, packer: Packer, data: bytes) -> list[tuple[int, Batch]] | None:
        assert self._conn is not None
        codec, encoding = packer.codec, self._conn.sender.encoding
        found = []
        try:
            for part in (codec if encoding is None else encoding).split(data):
                message = codec.message(part if encoding is None else encoding.text(part))
                if type(message) is not Batch:
                    return None
                found.append((len(part), message))
        except ProtocolError:
            return None  # who answers for it finds the same
        return found

    def closed(self, code: int, reason: str) -> None:
        """The socket is gone."""
        self._conn = None
        self._station.put_in_order(Kind.CLOSED, self._number, _CODE.pack(code) + reason.encode())
        self._station.leave(self._number)

    def writable(self) -> None:
        """The socket has taken what was written."""
        self.report()

    def heartbeat(self) -> None:
        """A heartbeat is due; the other side remembers when it was sent."""
        self._station.link.put(Kind.HEARTBEAT, self._number)

    # ---- what the other side wants --------------------------------------------------------------------------------

    def handle(self, parcel: Parcel) -> None:
        """A parcel for this connection.

        Raises:
            ParcelError: it makes no sense.
        """
        match parcel.kind:
            case Kind.SEND:
                self.send(bytes(parcel.body))
            case Kind.FRAMES:
                self.write(bytes(parcel.body))
            case Kind.WELCOMED:
                self.welcomed(bytes(parcel.body))
            case Kind.CLOSE:
                self.close(parcel.body)
            case Kind.ABORT:
                self.abort(parcel.body)
            case other:
                raise ParcelError(f"a parcel of kind {other} for a WebSocket")

    def welcomed(self, body: bytes) -> None:
        """The hello was taken."""
        self.ready, self.producing = True, body == b"p"

    def send(self, payload: bytes) -> None:
        """Send a message."""
        if self._conn is not None:
            self._conn.send(payload)
            self._look()

    def write(self, frames: bytes) -> None:
        """Send ready frames."""
        if self._conn is not None:
            self._conn.write(frames)
            self._look()

    def close(self, body: memoryview) -> None:
        """Begin the closing handshake."""
        if self._conn is not None:
            code, reason = coded(body)
            if code not in CLOSE_CODES:
                raise ParcelError(f"a close with {code}")
            self._conn.close(code, reason)

    def abort(self, body: memoryview) -> None:
        """Cut it."""
        if self._conn is not None:
            self._conn.abort(*coded(body))

    def cut(self) -> None:
        """Cut it for what went wrong here."""
        if self._conn is not None:
            self._conn.abort(_OURS, CLOSE_CODES[_OURS].reason)

    def _look(self) -> None:
        """Nearly always the kernel has taken all of it; who is slower is looked at until it has."""
        if self._conn is not None and (self._conn.buffered or self._reported):
            self._station.lagging[self] = None

    def report(self) -> bool:
        """Tell how much waits for the socket, if that has changed; whether something does."""
        waiting = 0 if self._conn is None else self._conn.buffered
        if waiting != self._reported:
            self._reported = waiting
            self._station.link.put(Kind.WAITING, self._number, _BYTES.pack(waiting))
        return waiting > 0
