"""A client that writes any bytes, and cases: what is sent, what must be heard, how it must end."""

from __future__ import annotations

import json
import socket
import struct
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypeAlias

from tests.e2e.gateway_process import DEADLINE_S, VIEW_KEY, GatewayProcess

__all__ = ["Case", "Heard", "Peer", "ask", "chopped", "connected", "fragments", "frame", "numbered", "play"]

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
NO_CODE = 1005
"""What stands for a close frame without a code."""

KOSME = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"
"""A Greek word: characters of two and of three octets."""

MASK = b"\x37\xfa\x21\x3d"
LAST = 1_000_000
"""The id of the message that finds out whether the connection is still good."""

Heard: TypeAlias = tuple[str, int | bytes | str]
"""`("answer", id)`, `("pong", payload)`, `("ack", seq)` or `("error", slug)`."""


class Case(NamedTuple):
    """One case. After a case that does not end the connection a further message must be understood."""

    number: str
    """As in the Autobahn test suite."""
    sent: tuple[bytes | int, ...]
    """Pieces, each a write of its own. A number waits until so much was heard."""
    heard: tuple[Heard, ...] = ()
    code: int | None = None
    """What the gateway closes with; None when the connection goes on."""

    def __repr__(self) -> str:
        return f"{self.number}: -> {self.heard} {self.code}"


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, mask: bytes = MASK) -> bytes:
    """A masked frame; `rsv` are the three reserved bits, 0 to 7."""
    size = len(payload)
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 65_536:
        head += struct.pack("!BH", 0x80 | 126, size)
    else:
        head += struct.pack("!BQ", 0x80 | 127, size)
    key = (mask * (size // 4 + 1))[:size]
    return head + mask + (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")


def ask(number: int = 1, size: int = 0) -> bytes:
    """A message whose answer names its number; filled up to `size` bytes."""
    return (b'{"type":"subscribe","kpi":"none","id":%d' % number).ljust(size - 1) + b"}"


def fragments(payload: bytes, size: int, opcode: int = TEXT) -> Iterator[bytes]:
    """The frames of a message in fragments of so many bytes."""
    for at in range(0, len(payload), size):
        yield frame(CONTINUATION if at else opcode, payload[at : at + size], fin=at + size >= len(payload))


def chopped(data: bytes, size: int = 1) -> tuple[bytes, ...]:
    """The same bytes in writes of so many."""
    return tuple(data[at : at + size] for at in range(0, len(data), size))


class Peer:
    """A socket after its handshake."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), DEADLINE_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._stream = self._socket.makefile("rb")
        # Whether the gateway has hung up while something was written.
        self._deaf = False
        lines = (
            *("GET /v1/ws HTTP/1.1", "Host: 127.0.0.1", "Connection: Upgrade", "Upgrade: websocket"),
            *(f"Sec-WebSocket-Key: {b64encode(bytes(16)).decode()}", "Sec-WebSocket-Version: 13"),
            *("Sec-WebSocket-Protocol: tidegate.v1", "", ""),
        )
        self.write("\r\n".join(lines).encode())
        assert self._stream.readline() == b"HTTP/1.1 101 Switching Protocols\r\n"
        while self._stream.readline() != b"\r\n":
            pass

    def write(self, data: bytes) -> None:
        """Send bytes; nothing any more once the gateway has hung up."""
        if not self._deaf:
            try:
                self._socket.sendall(data)
            except (BrokenPipeError, ConnectionResetError):
                self._deaf = True

    def hear(self) -> Heard | int:
        """The next thing that the gateway says, pings and welcomes left out; a number is the code of its close."""
        while True:
            opcode, payload = self._frame()
            if opcode == PONG:
                return "pong", payload
            if opcode == CLOSE:
                return int.from_bytes(payload[:2], "big") if payload else NO_CODE
            assert opcode == TEXT, opcode
            message = json.loads(payload)
            if message["type"] == "error":
                return ("answer", message["id"]) if "id" in message else ("error", message["code"])
            if message["type"] == "ack":
                return "ack", message["seq"]
            assert message["type"] in ("welcome", "ping"), message

    def _frame(self) -> tuple[int, bytes]:
        """Opcode and payload of a frame, which must keep the rules itself: whole, unmasked, of the shortest length."""
        first, size = self._stream.read(2)
        assert first & 0xF0 == 0x80
        if size == 126:
            (size,) = struct.unpack("!H", self._stream.read(2))
            assert size >= 126
        elif size == 127:
            (size,) = struct.unpack("!Q", self._stream.read(8))
            assert size >= 65_536
        return first & 0x0F, self._stream.read(size)

    def ended(self) -> bool:
        """Whether nothing more comes, and the gateway ends the stream."""
        return self._stream.read() == b""

    def close(self) -> None:
        self._stream.close()
        self._socket.close()


@contextmanager
def connected(port: int, **hello: object) -> Iterator[Peer]:
    """A viewer that has said hello, or who else `hello` says."""
    peer = Peer(port)
    try:
        opening = {"type": "hello", "v": 1, "role": "viewer", "token": VIEW_KEY, **hello}
        peer.write(frame(TEXT, json.dumps(opening).encode()))
        yield peer
    finally:
        peer.close()


def play(case: Case, gateway: GatewayProcess) -> None:
    """Go through a case on a connection of its own."""
    with connected(gateway.port) as peer:
        heard: list[Heard | int] = []
        for piece in case.sent:
            if isinstance(piece, bytes):
                peer.write(piece)
            else:
                heard += [peer.hear() for _ in range(piece - len(heard))]
        if case.code is None:
            peer.write(frame(TEXT, ask(LAST)))
        last = case.code or ("answer", LAST)
        while not heard or (heard[-1] != ("answer", LAST) and not isinstance(heard[-1], int)):
            heard.append(peer.hear())
        if gateway.workers > 1 and case.code is not None:
            # Answers come from another process than the close, which is not held up for them.
            came = [one for one in heard if _is_answer(one)]
            assert came == [one for one in case.heard if _is_answer(one)][: len(came)], heard
            assert [one for one in heard if not _is_answer(one)] == [
                one for one in (*case.heard, last) if not _is_answer(one)
            ], heard
        else:
            assert heard == [*case.heard, last], heard
        peer.write(frame(CLOSE, b"\x03\xe8"))
        if case.code is None:
            assert peer.hear() == 1000
        assert peer.ended()


def _is_answer(one: Heard | int) -> bool:
    return not isinstance(one, int) and one[0] == "answer"


def numbered(family: str, cases: Iterable[Case]) -> list[Case]:
    """The cases as 1, 2, .. of a family."""
    return [case._replace(number=f"{family}.{place}") for place, case in enumerate(cases, 1)]
