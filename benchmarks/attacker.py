"""One connection of a flood: opened, heard, and kept sending if its kind does. `attacks` has the kinds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, cast

import orjson

from benchmarks.traffic import MASK, MASK_TABLE
from benchmarks.wire import ClosedError, FrameReader

__all__ = ["Attacker", "Means", "frame", "upgrade"]


class Means:
    """What all attackers of one flood share, and what they count."""

    def __init__(self, port: int, write_key: str, view_key: str, kpi: str, size: int, rate: float, prime: int) -> None:
        self.port = port
        self.write_key = write_key
        self.view_key = view_key
        # What viewers subscribe to.
        self.kpi = kpi
        # Bytes of one message, where the kind has a size.
        self.size = size
        # Most messages a second of one connection, 0 for as many as it takes; it holds from `prime` events on.
        self._rate, self._prime = rate, prime
        self._numbers = 0
        self.sent = 0
        self.acked = 0
        self.verdicts: dict[str, int] = {}

    @property
    def primed(self) -> bool:
        """Whether the first events are sent."""
        return self._numbers >= self._prime

    @property
    def rate(self) -> float:
        """Most messages a second of one connection just now, 0 for as many as it takes."""
        return self._rate if self.primed else 0.0

    def fresh(self) -> int:
        """A number that was not there before."""
        self._numbers += 1
        return self._numbers


def frame(payload: bytes, opcode: int = 1, *, fin: bool = True) -> bytes:
    """One masked client frame of any size."""
    first, size = (0x80 if fin else 0) | opcode, len(payload)
    if size < 126:
        head = bytes([first, 0x80 | size])
    elif size < 65_536:
        head = bytes([first, 0xFE]) + size.to_bytes(2, "big")
    else:
        head = bytes([first, 0xFF]) + size.to_bytes(8, "big")
    return head + bytes([MASK]) * 4 + payload.translate(MASK_TABLE)


def upgrade(port: int) -> bytes:
    """A handshake request."""
    return (
        f"GET /v1/ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: tidegate.v1\r\n\r\n"
    ).encode("ascii")


class Attacker(asyncio.Protocol):
    """A WebSocket that is opened and then left alone. `lost` is told when it is gone: status or close code."""

    transport: asyncio.Transport

    def __init__(self, means: Means, lost: Callable[[Attacker, int], None], number: int) -> None:
        self.means = means
        self.number = number
        # True once it is what it should be: what the driver waits for before it says that the flood is on.
        self.settled = False
        self._lost = lost
        self._head = b""
        self._reader: FrameReader | None = None
        # What it is told to have been, when it ends: HTTP status or close code; 0 while nothing was said.
        self.verdict = 0
        self._open = True
        self._pausing = False
        self._sending = False

    # ---- what a kind may change -------------------------------------------------------------------------------------

    def opening(self) -> bytes:
        """The first bytes."""
        return upgrade(self.means.port)

    def opened(self) -> None:
        """The handshake is done."""
        self.settled = True

    def message(self, message: dict[str, Any]) -> None:
        """A message of the server."""

    def burst(self) -> bytes:
        """The next bytes of an endless sender; empty to stop."""
        return b""

    # ---- transport --------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self.opening())

    def data_received(self, data: bytes) -> None:
        if self._reader is None:
            self._head += data
            head, found, rest = self._head.partition(b"\r\n\r\n")
            if not found:
                return
            self.verdict = int(head[9:12])
            if self.verdict != 101:
                self.transport.abort()
                return
            self.verdict = 0
            self._reader, self._head, data = FrameReader(), b"", rest
            self.opened()
        if not data:
            return
        try:
            for payload in self._reader.feed(data):
                found_here = orjson.loads(payload)
                for one in found_here if isinstance(found_here, list) else [found_here]:
                    self._answer(one)
        except ClosedError as end:
            self.verdict = int(str(end).split()[2])
            self.transport.abort()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._open = False
        self._lost(self, self.verdict)

    def pause_writing(self) -> None:
        self._pausing = True

    def resume_writing(self) -> None:
        self._pausing = False
        self.go_on()

    def go_on(self) -> None:
        """Send the next burst, now or as soon as the socket takes it."""
        if not self._sending:
            self._sending = True
            asyncio.get_running_loop().call_soon(self._send)

    def _send(self) -> None:
        self._sending = False
        if not self._open or self._pausing or self.transport.is_closing():
            return
        data = self.burst()
        if not data:
            return
        self.means.sent += 1
        self.transport.write(data)
        if self.means.rate:
            self._sending = True
            asyncio.get_running_loop().call_later(1 / self.means.rate, self._send)
        else:
            self.go_on()

    def _answer(self, message: dict[str, Any]) -> None:
        if message["type"] == "ping":
            self.say({"type": "pong", "now": message["now"], "sent": time.time_ns() // 1_000_000})
        self.message(message)

    def say(self, message: dict[str, Any]) -> None:
        """Send one message."""
        if not self.transport.is_closing():
            self.transport.write(frame(orjson.dumps(message)))

    def hello_producer(self, name: str) -> None:
        """Introduce itself as a producer that nobody knows."""
        self.say({
            "type": "hello", "v": 1, "role": "producer", "token": self.means.write_key,
            "producer": {"id": name, "epoch": 1, "next_seq": 1}, "sdk": {"name": "flood", "version": "1"},
        })  # fmt: skip
