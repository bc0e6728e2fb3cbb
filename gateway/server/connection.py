"""One WebSocket after its handshake: an `asyncio.Protocol` around the sans-I/O `ServerProtocol`.

The package parses, checks and answers; this file owns the transport and the limits the package does not have:
fragments of a message, control frames a second, frames in one turn of the loop, and how long a close may take.
Reading stops while writing is paused, so a peer that does not read cannot make replies pile up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final, cast

import structlog
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from gateway.core.bucket import TokenBucket
from gateway.errors import CLOSE_CODES
from gateway.server.enricher import Sender
from gateway.server.frames import binary_frame, close_reason, frame
from gateway.server.framing import FrameReader
from gateway.server.sockets import tune
from gateway.server.terms import Endpoint, Terms
from gateway.server.wheel import NEVER

__all__ = ["Connection", "Endpoint", "Terms"]

_SLICE: Final = 16_384  # bytes parsed before the limits are looked at again
_TURN: Final = 256  # frames after which the loop gets its turn: 2 to 10 ms of work
_CLOSE_S: Final = 2.0  # for the peer's half of the closing handshake; then the socket is aborted

_LOG: Final = logging.getLogger("tidegate.websockets")
_log = structlog.get_logger("tidegate.connection")


class Connection(asyncio.Protocol):
    """One open WebSocket. The door makes it, hands it the transport and then any bytes that came with the handshake."""

    __slots__ = (
        "_beat",
        "_closing",
        "_control",
        "_endpoint",
        "_parts",
        "_paused",
        "_protocol",
        "_reader",
        "_rest",
        "_stalled_at",
        "_terms",
        "_transport",
        "_verdict",
        "last_seen",
        "opened_at",
        "sender",
        "slot",
    )

    _transport: asyncio.Transport

    def __init__(self, terms: Terms, endpoint: Endpoint, sender: Sender) -> None:
        self._terms = terms
        self._endpoint = endpoint
        # A fresh object in the state after the handshake: the one that did the handshake still holds its headers.
        self._protocol = ServerProtocol(state=OPEN, max_size=terms.max_frame, logger=_LOG)
        binary, plain = sender.encoding is not None, terms.plain_frames
        self._reader = FrameReader(self._protocol, terms.max_frame, binary=binary, plain=plain)
        # Whose it is: the address that holds the slot, and its `Origin` if it sent one.
        self.sender = sender
        # Loop time of the handshake and of the last bytes that came in.
        self.opened_at = self.last_seen = terms.clock()
        # Place on the wheel; the wheel's own.
        self.slot = 0
        # Loop time of the next heartbeat; 0 before the first.
        self._beat = 0.0
        # True once a close frame went out or the end came in: no more messages either way.
        self._closing = False
        # The transport's buffer is over its high-water mark, so nothing is read either.
        self._paused = False
        # Bytes in the write buffer when the wheel last looked at a paused socket: less of them is a sign of life.
        self._stalled_at = 0
        # Bytes received but not yet parsed: the loop had its turn, or writing was paused.
        self._rest = b""
        # Fragments of the message being received; None between messages.
        self._parts: list[bytes] | None = None
        # Budget of control frames; most peers never send one.
        self._control: TokenBucket | None = None
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

    def close(self, code: int, reason: str = "") -> None:
        """Begin the closing handshake; without an answer the socket is aborted after two seconds. Idempotent.

        Without a `reason` the one of the table of close codes is sent.
        """
        if self._closing:
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
        self._terms.wheel.put(self, self.opened_at + self._terms.hello_s)
        self._guard(lambda: self._endpoint.opened(self))

    def data_received(self, data: bytes) -> None:
        self.last_seen = self._terms.clock()
        if self._rest or self._paused:
            # TLS transports may deliver what they had decrypted before reading was paused.
            self._rest += data
        elif len(data) <= _SLICE:
            self._feed(data)
        else:
            self._feed_slices(data)

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
                return due
            self.close(4108)
            return NEVER
        if self._paused and self.buffered < self._stalled_at:
            self._stalled_at, self.last_seen = self.buffered, now
        silent_at = self.last_seen + terms.silence_s
        if now >= silent_at:
            # Behind a full buffer a close frame would never arrive.
            (self.abort if self._paused else self.close)(4103, CLOSE_CODES[4103].reason)
            return NEVER
        if now >= self._beat:
            self._beat = now + terms.heartbeat_s
            self._guard(self._endpoint.heartbeat)
        return min(self._beat, silent_at)

    # Inside.

    def _feed(self, data: bytes) -> int:
        """Parse `data`, deliver what came of it, send what it calls for; the number of frames."""
        frames = self._reader.feed(data)
        try:
            for event in frames:
                if self._closing:
                    break
                if type(event) is bytes:
                    self._endpoint.message(event)
                else:
                    self._receive_rare(event)  # type: ignore[arg-type]  # what is not bytes is a frame
        except Exception:
            self._crash()
        if self._protocol.writes:
            self._flush()
        self._terms.frames += len(frames)
        self._terms.received += len(data)
        return len(frames)

    def _feed_slices(self, data: bytes) -> None:
        """Feed much data with an eye on the limits, and keep the rest for later when the turn has been long enough."""
        budget = _TURN
        size = len(data)
        for start in range(0, size, _SLICE):
            end = start + _SLICE
            budget -= self._feed(data[start:end])
            if end < size and (budget <= 0 or self._paused):
                self._rest = data[end:]
                if not self._paused and not self._transport.is_closing():
                    self._transport.pause_reading()
                    self._terms.loop.call_soon(self._feed_rest)
                return

    def _feed_rest(self) -> None:
        if self._paused or not self._rest:
            return
        data, self._rest = self._rest, b""
        self._feed_slices(data)
        if not self._rest and not self._paused and not self._transport.is_closing():
            self._transport.resume_reading()

    def _receive_rare(self, event: Frame) -> None:
        """Everything but a whole message that came in one read."""
        data = bytes(event.data)
        match event.opcode:
            case Opcode.TEXT | Opcode.BINARY if (event.opcode is Opcode.TEXT) != (self.sender.encoding is None):
                self._fail(1003)
            case Opcode.TEXT | Opcode.BINARY if event.fin:
                self._endpoint.message(data)
            case Opcode.TEXT | Opcode.BINARY:
                self._parts = [data]
            case Opcode.CONT if self._parts is not None:
                self._parts.append(data)
                if event.fin:
                    parts, self._parts = self._parts, None
                    self._endpoint.message(b"".join(parts))
                elif len(self._parts) >= self._terms.max_fragments:
                    self._fail(1009, "too many fragments")
            case Opcode.PING | Opcode.PONG:
                now, rate = int(self.last_seen * 1000), self._terms.control_rate
                self._control = self._control or TokenBucket(rate, 2 * rate, now)
                if not self._control.take(now):
                    self._fail(4102)
                elif self._protocol.state is OPEN:
                    # The pong goes out ahead of what the messages behind the ping bring about. Were the state another,
                    # there would be a close frame among what is written, and the messages before it were not heard.
                    self._flush()

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
            self._terms.wheel.put(self, self._terms.clock() + _CLOSE_S)
            # Half-close, so that a peer still sending can read the close frame before a reset discards it.
            if self._transport.can_write_eof():
                self._transport.write_eof()
            else:
                self._transport.close()

    def _fail(self, code: int, reason: str = "") -> None:
        """End the connection over what the peer did: close frame, end of stream, and nothing more is read."""
        self._closing = True
        self._protocol.fail(code, close_reason(code, reason))
        self._flush()

    def _guard(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception:
            self._crash()

    def _crash(self) -> None:
        _log.exception("endpoint_failed")
        self._fail(1011)
