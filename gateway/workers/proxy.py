"""A worker's WebSocket as the session in the analytics process has it: what `Connection` is to it where there is one.

What was sent counts as waiting until the worker has said that it dealt with it and how much of it the socket has left
over; so a viewer behind a slow worker is told apart as little as one behind a slow network, and both are bounded alike.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final

from gateway.server.enricher import Sender
from gateway.server.session import Session
from gateway.wire.parcel import Kind

if TYPE_CHECKING:
    from gateway.workers.colleague import Colleague

__all__ = ["Proxy"]

ROOM: Final = 32_768
"""Bytes that may be on the way to a worker and count as sent: what a kernel takes for a socket, see `sockets.tune`."""

_CODE: Final = Struct("<H")


class Proxy:
    """Implements `Channel`."""

    __slots__ = ("_closing", "_colleague", "_mark", "_number", "_under_way", "sender", "session", "told", "waiting")

    def __init__(self, colleague: Colleague, number: int, sender: Sender, session: Session) -> None:
        self._colleague = colleague
        self._number = number
        self.sender = sender
        self.session = session
        # Whether the worker knows that it was welcomed.
        self.told = False
        # True once it was closed or cut from here, or is gone: nothing more goes out.
        self._closing = False
        # Bytes sent since the worker was last known to have dealt with all, and the count of parcels behind them.
        self._under_way = 0
        self._mark = 0
        # Bytes that the worker's socket has left over, as it says.
        self.waiting = 0

    @property
    def can_write(self) -> bool:
        """Whether a message would soon leave the worker; if not, the session is told when it would."""
        if self._closing:
            return False
        if not self.has_room:
            self._colleague.wanting[self] = None
            return False
        return True

    @property
    def has_room(self) -> bool:
        """The same of a socket that is open."""
        return not self.waiting and self._on_the_way < ROOM

    @property
    def buffered(self) -> int:
        """Bytes that wait here or in the worker."""
        return self.waiting + self._on_the_way

    @property
    def _on_the_way(self) -> int:
        return self._under_way if self._mark > self._colleague.dealt_with else 0

    def send(self, payload: bytes) -> None:
        """Send one message."""
        if not self._closing:
            link = self._colleague.link
            link.put(Kind.SEND, self._number, payload)
            self._sent(len(payload), link.put_count)

    def offer(self, frames: bytes) -> bool:
        """Send ready frames if `can_write`; whether they were sent. Who gets the same object shares it."""
        if not self.can_write:
            return False
        self._sent(len(frames), self._colleague.link.share(self._number, frames, self._mark))
        return True

    def _sent(self, size: int, mark: int) -> None:
        self._under_way = size + self._on_the_way
        self._mark = mark

    def close(self, code: int, reason: str = "") -> None:
        """Begin the closing handshake. Idempotent."""
        self._end(Kind.CLOSE, code, reason)

    def abort(self, code: int = 1006, reason: str = "") -> None:
        """Cut it, and drop what waits."""
        self._end(Kind.ABORT, code, reason)

    def _end(self, kind: Kind, code: int, reason: str) -> None:
        if kind is Kind.ABORT or not self._closing:
            self._closing = True
            self._colleague.link.put(kind, self._number, _CODE.pack(code) + reason.encode())

    def gone(self) -> None:
        """The socket, or its worker, is no more."""
        self._closing = True
