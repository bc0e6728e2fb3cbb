"""One WebSocket after its handshake: an `asyncio.Protocol` around the sans-I/O `ServerProtocol`.

The package parses, checks and answers; this file owns the transport, `inbound` the limits the package does not have.
Reading stops while writing is paused, so a peer that does not read cannot make replies pile up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final, cast

import structlog
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from gateway.errors import CLOSE_CODES
from gateway.server.enricher import Sender
from gateway.server.frames import binary_frame, close_reason, frame
from gateway.server.inbound import Inbound
from gateway.server.sockets import tune
from gateway.server.terms import Endpoint, Terms
from gateway.server.wheel import NEVER

__all__ = ["Connection", "Endpoint", "Terms"]

_FAULTS: Final = frozenset((4000, 4101, 4102, 4108))  # closes for what the peer did: it is not listened to any more
_OURS: Final = 1011
_CLOSE_S: Final = 2.0  # for the peer's half of the closing handshake; then the socket is aborted

_LOG: Final = logging.getLogger("tidegate.websockets")
_log = structlog.get_logger("tidegate.connection")


class Connection(Inbound):
    """One open WebSocket. The door makes it, hands it the transport and then any bytes that came with the handshake."""

    __slots__ = ("_beat", "_stalled_at", "_verdict", "opened_at")

    def __init__(self, terms: Terms, endpoint: Endpoint, sender: Sender) -> None:
        # A fresh object in the state after the handshake: the one that did the handshake still holds its headers.
        super().__init__(terms, endpoint, ServerProtocol(state=OPEN, max_size=terms.max_frame, logger=_LOG), sender)
        # Loop time of the handshake.
        self.opened_at = self.last_seen
        # Loop time of the next heartbeat; 0 before the first.
        self._beat = 0.0
        # Bytes in the write buffer when the wheel last looked at a paused socket: less of them is a sign of life.
        self._stalled_at = 0
        # Code and reason to report, when an abort leaves none on the wire.
        self._verdict: tuple[int, str] | None = None

    # What the endpoint uses.

    @property
    def can_write(self) -> bool:
        """Whether a message would go to the kernel at once: not closing, not paused, nothing buffered."""
        return not self._closing and not self._paused and not self._transport.get_write_buffer_size()

    @property
    def buffered(self) -> int:
        """Bytes that wait in the transport's write buffer."""
        return self._transport.get_write_buffer_size()

    def send(self, payload: bytes) -> None:
        """Send one message, text or binary as the peer does; what joins several in one turn saves system calls."""
        if not self._closing:
            self._transport.write(frame(payload) if self.sender.encoding is None else binary_frame(payload))

    def offer(self, frames: bytes) -> bool:
        """Send ready frames (see `frame`), which may be shared by many, if `can_write`; whether they were sent."""
        transport = self._transport
        if self._closing or self._paused or transport.get_write_buffer_size():
            return False
        transport.write(frames)
        return True

    def write(self, frames: bytes) -> None:
        """Send ready frames behind whatever waits; who calls it has bounded that."""
        if not self._closing:
            self._transport.write(frames)

    def close(self, code: int, reason: str = "") -> None:
        """Begin the closing handshake; without an answer the socket is aborted after two seconds. Idempotent.

        Without a `reason` the one of the table of close codes is sent.
        """
        if self._closing:
            return
        if code in _FAULTS:
            self._fail(code, reason)
            return
        # The peer's own close frame may lie unread in the same chunk as the message that brought us here.
        if self._protocol.state is OPEN:
            self._protocol.send_close(code, close_reason(code, reason))
        self._closing = True
        self._terms.wheel.put(self, self._terms.clock() + _CLOSE_S)
        self._flush()

    def abort(self, code: int = 1006, reason: str = "") -> None:
        """Drop the socket and all it buffers at once; `closed` will be told `code`, the peer nothing."""
        self._closing = True
        self._verdict = self._verdict or (code, reason)
        self._transport.abort()

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not every loop's transports are subclasses of asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        tune(self._transport)
        self._terms.wheel.put(self, self.opened_at + self._terms.first_s)
        self._guard(lambda: self._endpoint.opened(self))

    def eof_received(self) -> None:
        self._feed(self._rest)
        self._rest = b""
        self._closing = True
        # The transport now closes, but only when its buffer is empty, which may be never.
        self._terms.wheel.put(self, self._terms.clock() + _CLOSE_S)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._closing = True
        self._rest = b""
        self._terms.wheel.remove(self)
        self._terms.holding.hold(self, 0)
        self._terms.release(self.sender.address)
        code, reason = self._verdict or self._reader.outcome()
        self._terms.closes[code] = self._terms.closes.get(code, 0) + 1
        # The parser is a generator that refers back to its protocol: end it, rather than leave it to the collector.
        self._protocol.parser.close()
        try:
            self._endpoint.closed(code, reason)
        except Exception:
            _log.exception("endpoint_failed")

    def pause_writing(self) -> None:
        self._paused = True
        self._stalled_at = self.buffered
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._paused = False
        self.last_seen = self._terms.clock()
        if self._rest:
            self._feed_rest()
        elif not self._transport.is_closing():
            self._transport.resume_reading()
        if not self._closing:
            self._guard(self._endpoint.writable)

    # What the wheel calls.

    def check(self, now: float) -> float:
        terms = self._terms
        if self._closing:
            self._transport.abort()
            return NEVER
        if not self._endpoint.ready:
            due = self.opened_at + terms.hello_s
            if now < due:
                # It may be ready before that, and heartbeats are sent then.
                return min(due, now + terms.heartbeat_s)
            self.close(4108)
            return NEVER
        if self._paused and self.buffered < self._stalled_at:
            self._stalled_at, self.last_seen = self.buffered, now
        silent_at = self.last_seen + terms.silence_s
        if now >= silent_at:
            # Behind a full buffer a close frame would never arrive.
            (self.abort if self._paused else self.close)(4103, CLOSE_CODES[4103].reason)
            return NEVER
        if now >= self._whole_by:
            self.cut()
            return NEVER
        if now >= self._beat:
            self._beat = now + terms.heartbeat_s
            self._guard(self._endpoint.heartbeat)
        return min(self._beat, silent_at, self._whole_by)

    # Inside.

    def _expect(self, whole_by: float) -> None:
        # Before its first heartbeat the wheel looks at least once in the time of one.
        if whole_by < (self._beat or self.opened_at + self._terms.first_s):
            self._terms.wheel.put(self, whole_by)

    def _flush(self) -> None:
        """Write what the protocol object wants sent, in one piece; an end mark among it begins the end."""
        writes = self._protocol.data_to_send()
        if self._transport.is_closing():
            return
        data = b"".join(writes)
        if data:
            self._transport.write(data)
        if writes and not writes[-1]:
            self._closing = True
            if self._protocol.parser_exc is not None:
                # The package has found a fault, and closed for it.
                self._forget()
                self._terms.fault(self.sender.address)
            self._terms.wheel.put(self, self._terms.clock() + _CLOSE_S)
            # Half-close, so that a peer still sending can read the close frame before a reset discards it.
            if self._transport.can_write_eof():
                self._transport.write_eof()
            else:
                self._transport.close()

    def _fail(self, code: int, reason: str = "") -> None:
        """End the connection over what the peer did: close frame, end of stream, and nothing more is looked at."""
        self._closing = True
        self._protocol.fail(code, close_reason(code, reason))
        self._forget()
        if code != _OURS:
            self._terms.fault(self.sender.address)
        self._flush()

    def _guard(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception:
            self._crash()

    def _crash(self) -> None:
        _log.exception("endpoint_failed")
        self._fail(_OURS)
