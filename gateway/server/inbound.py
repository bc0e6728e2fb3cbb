"""The half of a WebSocket that reads: bytes in, messages out, and what a peer may cost on the way.

Limits that the package does not have: frames and bytes in one turn of the loop, fragments of a message, control frames
a second, and how much is kept, how long, of a message that is not whole. A peer that breaks a rule is told so, and what
it still sends is dropped unread.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Sequence
from typing import Final

from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from gateway.core.bucket import TokenBucket
from gateway.server.enricher import Sender
from gateway.server.framing import FrameReader
from gateway.server.terms import Endpoint, Terms
from gateway.server.wheel import NEVER

__all__ = ["Inbound"]

_SLICE: Final = 16_384  # bytes parsed before the limits are looked at again
_TURN: Final = 256  # frames after which the loop gets its turn: 2 to 10 ms of work
_TURN_BYTES: Final = 65_536  # and bytes: one that sends much must not make the others wait
_MOST_IGNORED: Final = 1_048_576  # bytes read and dropped of a peer that was told to go; then nothing is read any more


class Inbound(asyncio.Protocol):
    """What `Connection` does with what it reads; the rest of it is there."""

    __slots__ = (
        "_closing",
        "_control",
        "_endpoint",
        "_held",
        "_ignored",
        "_parts",
        "_paused",
        "_protocol",
        "_reader",
        "_rest",
        "_terms",
        "_transport",
        "_whole_by",
        "last_seen",
        "sender",
        "slot",
    )

    _transport: asyncio.Transport

    def __init__(self, terms: Terms, endpoint: Endpoint, protocol: ServerProtocol, sender: Sender) -> None:
        self._terms = terms
        self._endpoint = endpoint
        self._protocol = protocol
        # Whose it is: the address that holds the slot, and its `Origin` if it sent one.
        self.sender = sender
        binary = sender.encoding is not None
        self._reader = FrameReader(protocol, terms.max_frame, binary=binary, plain=terms.plain_frames)
        # Loop time of the last bytes that came in.
        self.last_seen = terms.clock()
        # Place on the wheel; the wheel's own.
        self.slot = 0
        # True once a close frame went out or the end came in: no more messages either way.
        self._closing = False
        # The transport's buffer is over its high-water mark, so nothing is read either.
        self._paused = False
        # Bytes received but not yet parsed: the loop had its turn, or writing was paused.
        self._rest = b""
        # Fragments of the message being received; None between messages.
        self._parts: list[bytes] | None = None
        # Budget of control frames; most peers never send one.
        self._control: TokenBucket | None = None
        # Bytes kept of what is not a whole message yet, as the holding of all connections has them; and the loop time
        # by which that message must be whole.
        self._held = 0
        self._whole_by = NEVER
        # Bytes dropped since the peer was told to go for what it did; None before.
        self._ignored: int | None = None

    @abstractmethod
    def check(self, now: float) -> float:
        """What the wheel calls."""

    @abstractmethod
    def _expect(self, whole_by: float) -> None:
        """See to it that the wheel looks again when the message in hand must be whole."""

    @abstractmethod
    def _flush(self) -> None:
        """Write what the protocol object wants sent."""

    @abstractmethod
    def _fail(self, code: int, reason: str = "") -> None:
        """End the connection over what the peer did."""

    @abstractmethod
    def _crash(self) -> None:
        """End the connection over what we did."""

    def data_received(self, data: bytes) -> None:
        if self._ignored is not None:
            self._ignore(len(data))
            return
        self.last_seen = self._terms.clock()
        if self._rest or self._paused:
            # TLS transports may deliver what they had decrypted before reading was paused.
            self._rest += data
        elif self._terms.reading.defers(len(data)) and not self._transport.is_closing():
            self._rest = data
            self._put_off()
            return
        elif len(data) <= _SLICE:
            self._feed(data)
        else:
            self._feed_slices(data)
        if self._held or self._rest or self._reader.held:
            self._hold()

    def cut(self) -> None:
        """Its message took too long to come, or all that is not whole became too much and this one was the oldest."""
        if not self._closing:
            self._fail(4100)

    def _forget(self) -> None:
        """Nothing more is looked at: drop what is kept, and from now on what comes."""
        self._ignored, self._held = self._ignored or 0, 0
        self._rest, self._parts = b"", None
        self._reader.forget()
        self._terms.holding.hold(self, 0)

    def _feed(self, data: bytes) -> int:
        """Parse `data`, deliver what came of it, send what it calls for; the number of frames."""
        reader = self._reader
        frames = reader.feed(data)
        count = len(frames)
        self._deliver(frames)
        while reader.more and not self._closing:
            frames = reader.feed(b"")
            count += len(frames)
            self._deliver(frames)
        if self._protocol.writes:
            self._flush()
        self._terms.frames += count
        self._terms.received += len(data)
        return count

    def _deliver(self, frames: Sequence[bytes | Frame]) -> None:
        try:
            for event in frames:
                if self._closing:
                    break
                if type(event) is bytes:
                    self._whole_by = NEVER
                    self._endpoint.message(event)
                else:
                    self._receive_rare(event)  # type: ignore[arg-type]  # what is not bytes is a frame
        except Exception:
            self._crash()

    def _hold(self) -> None:
        """Say how much is kept of what is not a whole message. A message that has begun has its time from then on."""
        terms = self._terms
        held = 0 if self._closing else len(self._rest) + self._reader.held
        if not held:
            self._whole_by = NEVER
        elif self._whole_by == NEVER:
            # What was held before is whole now, and this is another message: it goes behind all others.
            terms.holding.hold(self, 0)
            self._whole_by = self.last_seen + terms.message_s
            self._expect(self._whole_by)
        self._held = held
        for oldest in terms.holding.hold(self, held):
            oldest.cut()

    def _ignore(self, count: int) -> None:
        assert self._ignored is not None
        self._ignored += count
        if self._ignored >= _MOST_IGNORED and not self._transport.is_closing():
            # Whoever still sends has not read that it is over: the wheel aborts it.
            self._transport.pause_reading()

    def _feed_slices(self, data: bytes) -> None:
        """Feed much data with an eye on the limits, and keep the rest for later when the turn has been long enough."""
        budget = _TURN
        size = len(data)
        until = min(size, _TURN_BYTES)
        for start in range(0, size, _SLICE):
            end = start + _SLICE
            budget -= self._feed(data[start:end])
            if self._closing:
                return
            if end < size and (budget <= 0 or end >= until or self._paused):
                self._rest = data[end:]
                if not self._paused and not self._transport.is_closing():
                    self._put_off()
                return

    def _put_off(self) -> None:
        """Read no more until what is left is parsed, in another turn."""
        self._transport.pause_reading()
        self._terms.reading.wait(self._feed_rest, len(self._rest))

    def _feed_rest(self) -> None:
        if self._paused or not self._rest:
            return
        data, self._rest = self._rest, b""
        self._feed_slices(data)
        self._hold()
        if not self._rest and not self._paused and not self._transport.is_closing():
            self._transport.resume_reading()

    def _receive_rare(self, event: Frame) -> None:
        """Everything but a whole message that came in one read."""
        data = bytes(event.data)
        match event.opcode:
            case Opcode.TEXT | Opcode.BINARY if (event.opcode is Opcode.TEXT) != (self.sender.encoding is None):
                self._fail(1003)
            case Opcode.TEXT | Opcode.BINARY if event.fin:
                self._whole_by = NEVER
                self._endpoint.message(data)
            case Opcode.TEXT | Opcode.BINARY:
                self._parts = [data]
            case Opcode.CONT if self._parts is not None:
                self._parts.append(data)
                if event.fin:
                    parts, self._parts = self._parts, None
                    self._whole_by = NEVER
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
