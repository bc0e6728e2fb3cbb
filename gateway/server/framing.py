"""Frames out of bytes: whole messages by a short way, everything else by the package's own parser.

`ServerProtocol` costs 4 to 5 us a frame of 2.6 KB, this 1 to 2. Nearly every frame that a producer sends has one shape:
final, a message, masked, complete in what was read. Those are unmasked here and never seen by the protocol.
Any other frame (control, fragment, of the other kind, cut by the end of a read, too large, against the rules) is handed
to it byte for byte, so that what is refused, answered and closed stays its decision, but one: it takes a close amid the
fragments of a message for a fault, which RFC 6455, 5.4, allows. `tests/server/test_framing.py` holds the two against
each other.
"""

from __future__ import annotations

from typing import Final

from websockets.frames import Frame
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

try:
    from websockets.speedups import apply_mask
except ImportError:  # a build without the C extension
    from websockets.utils import apply_mask

__all__ = ["FrameReader"]

_FINAL_TEXT: Final = 0x81
_FINAL_BINARY: Final = 0x82
_FINAL_CLOSE: Final = 0x88
_MASKED: Final = 0x80
_RESERVED: Final = 0x70
_OPCODES: Final = frozenset((0, 1, 2, 8, 9, 10))
_MOST_RARE: Final = 32
"""Frames of another kind in one call: they cost ten times as much as bytes on the wire, and a limit on them is looked
at between two calls."""


class FrameReader:
    """Takes what a socket reads, in order. The protocol must be in the state after its handshake.

    Args:
        protocol: answers and judges; the caller sends what it wants sent.
        max_size: bytes of one message.
        binary: messages come in binary frames, not in text.
        plain: take no short way; all bytes are the protocol's.
    """

    __slots__ = ("_first", "_head", "_left", "_max_size", "_protocol", "_slow", "more")

    def __init__(self, protocol: ServerProtocol, max_size: int, *, binary: bool = False, plain: bool = False) -> None:
        # The first byte of nearly every frame.
        self._first = _FINAL_BINARY if binary else _FINAL_TEXT
        self._protocol = protocol
        self._max_size = max_size
        # The start of a header that was cut by the end of a read; the protocol has not seen it.
        self._head = b""
        # Bytes that are missing of a frame the protocol has begun to read.
        self._left = 0
        # Whether the last call left bytes unread, which the next one begins with.
        self.more = False
        # True once a frame broke the rules or the end was said: all bytes are the protocol's.
        self._slow = plain

    @property
    def held(self) -> int:
        """Bytes kept of what is not a whole message yet."""
        return len(self._head) + len(self._protocol.reader.buffer) + (self._protocol.current_size or 0)

    def forget(self) -> None:
        """Drop what is kept; the protocol has been told to fail, and drops its own."""
        self._head, self._left, self.more = b"", 0, False

    def feed(self, data: bytes) -> list[bytes | Frame]:
        """What the bytes complete, in order: whole messages as bytes, and frames of any other kind.

        Of the latter no more than a few come from one call; while there is `more`, call again with nothing.
        """
        self.more = False
        if self._head:
            data, self._head = self._head + data, b""
        found: list[bytes | Frame] = []
        at, size = 0, len(data)
        if self._left:
            at = min(self._left, size)
            self._left -= at
            self._pass_on(data[:at], found)
        protocol = self._protocol
        rare = 0
        while at < size:
            if self._slow or protocol.state is not OPEN:
                self._slow = True
                self._pass_on(data[at:], found)
                break
            mask_at = _mask_at(data, at, size)
            if mask_at > size:
                self._head = data[at:]
                break
            if mask_at < 0:
                self._slow = True
                continue
            length = data[at + 1] & 0x7F
            if length >= 126:
                length = int.from_bytes(data[at + 2 : mask_at], "big")
            start = mask_at + 4
            end = start + length
            # `current_size` is that of a message in fragments, None between messages.
            if data[at] == self._first and end <= size and length <= self._max_size and protocol.current_size is None:
                found.append(apply_mask(data[start:end], data[mask_at:start]))
                at = end
            else:
                if rare == _MOST_RARE:
                    self._head, self.more = data[at:], True
                    break
                rare += 1
                self._left = max(0, end - size)
                if data[at] == _FINAL_CLOSE and length < 126:
                    protocol.current_size = None  # what was begun is given up with all else
                self._pass_on(data[at:end], found)
                at = min(end, size)
        return found

    def _pass_on(self, data: bytes, found: list[bytes | Frame]) -> None:
        self._protocol.receive_data(data)
        found += self._protocol.events_received()  # type: ignore[arg-type]  # no requests in this state

    def outcome(self) -> tuple[int, str]:
        """Code and reason of whoever closed first; 1006 when nobody did."""
        protocol = self._protocol
        sent, received = protocol.close_sent, protocol.close_rcvd
        first = received if received and (sent is None or protocol.close_rcvd_then_sent) else sent
        return (int(first.code), first.reason) if first else (1006, "")


def _mask_at(data: bytes, at: int, size: int) -> int:
    """Where the length of the frame at `at` ends: beyond `size` when bytes are missing, -1 when it is no frame."""
    if size - at < 2:
        return size + 1
    first, second = data[at], data[at + 1]
    if first & _RESERVED or not second & _MASKED or first & 0x0F not in _OPCODES:
        return -1
    return at + (2 if second < 0xFE else 4 if second == 0xFE else 10)
