"""One end of the Unix socket between the analytics process and a worker: parcels both ways, one write a turn."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Final, NamedTuple, cast

import structlog

from gateway.wire.parcel import Kind, Parcel, ParcelError, Parcels, head

__all__ = ["HIGH_WATER", "Link"]

HIGH_WATER: Final = 1 << 20
"""Bytes that wait here from which on nothing more should be added that can wait elsewhere."""
_LOW_WATER: Final = 1 << 18
_KERNEL: Final = 1 << 20  # asked for, for each direction; what the kernel gives of it is up to its settings

_log = structlog.get_logger("tidegate.link")


class _Share(NamedTuple):
    """Frames that go to several."""

    frames: bytes
    numbers: list[int]
    at: int
    """Where they stand in what is written next."""
    nth: int
    """Which parcel they are."""


class Link(asyncio.Protocol):
    """All calls come from `loop`.

    Args:
        handle: takes each parcel; what it raises ends the link.
        ended: called once, when the other end is gone, was cut, or made no sense.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, handle: Callable[[Parcel], None], ended: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._handle = handle
        self._ended = ended
        self._transport: asyncio.Transport | None = None
        self._parcels = Parcels()
        self._out: list[bytes] = []
        self._scheduled = False
        # Parcels put and taken since the start; those put are not all written yet.
        self.put_count = self.taken_count = 0
        # Whether the other end takes less than is written.
        self.congested = False
        # Called before a turn's parcels are written, to add what was kept back for company; after each read, for what
        # is to be said about it; and when it is not congested any more.
        self.before_write: Callable[[], None] = _nothing
        self.after_read: Callable[[], None] = _nothing
        self.relieved: Callable[[], None] = _nothing
        # Frames of this turn that go to several, by their identity.
        self._shares: dict[int, _Share] = {}
        self._shared: list[_Share] = []

    async def connect(self, sock: socket.socket) -> None:
        """Begin to speak over a connected socket. The first parcels may come before this returns."""
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            sock.setsockopt(socket.SOL_SOCKET, option, _KERNEL)
        sock.setblocking(False)
        await self._loop.create_unix_connection(lambda: self, sock=sock)

    @property
    def backlog(self) -> int:
        """Bytes that wait for the other end."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def put(self, kind: Kind, number: int = 0, body: bytes = b"") -> None:
        """Send a parcel with this turn's write."""
        self._out.append(head(kind, number, len(body)))
        if body:
            self._out.append(body)
        self.put_count += 1
        self.schedule()

    def share(self, number: int, frames: bytes, behind: int) -> int:
        """Send ready frames to a connection; once for all who get the same object in this turn.

        They go behind the parcel that was the `behind`th. Which one they are themselves.
        """
        known = self._shares.get(id(frames))
        if known is None or known.nth <= behind:
            self.put_count += 1
            # The place is filled when it is known who else gets them.
            known = _Share(frames, [], len(self._out), self.put_count)
            self._shares[id(frames)] = known
            self._shared.append(known)
            self._out += (b"", b"")
            self.schedule()
        known.numbers.append(number)
        return known.nth

    def schedule(self) -> None:
        """See to it that this turn ends with a write."""
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._write)

    def cut(self) -> None:
        """End it now."""
        if self._transport is not None:
            self._transport.abort()

    def _write(self) -> None:
        self.before_write()
        self._scheduled = False
        for frames, numbers, at, _ in self._shared:
            if len(numbers) == 1:
                self._out[at], self._out[at + 1] = head(Kind.FRAMES, numbers[0], len(frames)), frames
            else:
                listed = b"".join([number.to_bytes(4, "little") for number in numbers])
                self._out[at] = head(Kind.SHARE, len(numbers), len(listed) + len(frames)) + listed
                self._out[at + 1] = frames
        self._shares.clear()
        self._shared.clear()
        out, self._out = self._out, []
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(out))

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(HIGH_WATER, _LOW_WATER)

    def data_received(self, data: bytes) -> None:
        try:
            for parcel in self._parcels.feed(data):
                self.taken_count += 1
                self._handle(parcel)
        except ParcelError as error:
            _log.error("link_malformed", reason=str(error))
            self.cut()
            return
        except Exception:
            _log.exception("link_failed")
            self.cut()
            return
        self.after_read()

    def pause_writing(self) -> None:
        self.congested = True

    def resume_writing(self) -> None:
        self.congested = False
        self.relieved()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = None
        self._ended()


def _nothing() -> None:
    pass
