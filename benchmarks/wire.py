"""The client's end of a WebSocket, on a plain blocking or polled socket: as little work as possible per frame."""

from __future__ import annotations

import base64
import os
import socket
import time
from typing import Any

import orjson

from benchmarks.traffic import masked_frame

__all__ = ["ClosedError", "FrameCounter", "FrameReader", "open_socket", "read_message", "say"]

_TEXT, _BINARY, _CLOSE, _PING = 1, 2, 8, 9


class ClosedError(Exception):
    """The server ended the connection, or broke it off. The message says where and with which code."""


class FrameReader:
    """Splits received bytes into payloads of whole server frames. Control frames are not payloads.

    `pongs` collects the frames that answer pings; the caller sends and clears it.
    """

    __slots__ = ("_tail", "pongs")

    def __init__(self) -> None:
        # Bytes of a frame that is not complete yet.
        self._tail = b""
        self.pongs: list[bytes] = []

    def feed(self, data: bytes) -> list[bytes]:
        """Payloads of the text and binary frames that are now complete, in order.

        Raises:
            ClosedError: a close frame came.
        """
        if self._tail:
            data = self._tail + data
        payloads = []
        at, end = 0, len(data)
        while end - at >= 2:
            length, start = data[at + 1], at + 2
            if length == 126:
                length, start = int.from_bytes(data[start : start + 2], "big"), start + 2
            elif length == 127:
                length, start = int.from_bytes(data[start : start + 8], "big"), start + 8
            stop = start + length
            if stop > end or start > end:
                break
            opcode = data[at] & 0x0F
            if opcode <= _BINARY:
                payloads.append(data[start:stop])
            else:
                self._control(opcode, data[start:stop])
            at = stop
        self._tail = data[at:]
        return payloads

    def _control(self, opcode: int, payload: bytes) -> None:
        if opcode == _CLOSE:
            raise ClosedError(
                f"close code {int.from_bytes(payload[:2], 'big')} {payload[2:].decode('utf-8', 'replace')}"
            )
        if opcode == _PING:
            self.pongs.append(masked_frame(payload, 10))


class FrameCounter:
    """Counts the server frames that end in a stream of bytes, without copying or looking at payloads."""

    __slots__ = ("_header", "_missing", "frames")

    def __init__(self) -> None:
        self.frames = 0
        # Bytes of the current payload that have not come yet.
        self._missing = 0
        # The start of a header that was cut by the end of a read.
        self._header = b""

    def feed(self, data: memoryview) -> int:
        """Take the next bytes; returns how many frames ended in them."""
        before = self.frames
        at, end = 0, len(data)
        while True:
            if self._missing:
                if self._missing > end - at:
                    self._missing -= end - at
                    break
                at += self._missing
                self._missing = 0
                self.frames += 1
            if at == end:
                break
            at = self._read_header(data, at, end)
        return self.frames - before

    def _read_header(self, data: memoryview, at: int, end: int) -> int:
        """Read a header, or what there is of it; returns where its payload starts. An empty frame ends here."""
        had = len(self._header)
        header = self._header + bytes(data[at : min(end, at + 10 - had)])
        size = 2
        if len(header) >= 2:
            size = {126: 4, 127: 10}.get(header[1], 2)
        if len(header) < size:
            self._header = header
            return end
        self._header = b""
        self._missing = header[1] if size == 2 else int.from_bytes(header[2:size], "big")
        if not self._missing:
            self.frames += 1
        return at + size - had


def open_socket(port: int, *, path: str = "/v1/ws", protocol: str = "tidegate.v1") -> socket.socket:
    """Connect and upgrade; a blocking socket with nothing read beyond the response head.

    Raises:
        ClosedError: the server refused.
    """
    sock = socket.create_connection(("127.0.0.1", port), timeout=10)
    try:
        _upgrade(sock, port, path, protocol)
    except BaseException:
        sock.close()
        raise
    return sock


def _upgrade(sock: socket.socket, port: int, path: str, protocol: str) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 262_144)
    key = base64.b64encode(os.urandom(16)).decode("ascii")
    offer = f"Sec-WebSocket-Protocol: {protocol}\r\n" if protocol else ""
    sock.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{offer}\r\n".encode("ascii")
    )
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        # One byte at a time: some servers speak first, and their frame must stay in the socket.
        byte = sock.recv(1)
        if not byte:
            raise ClosedError(f"no answer to the upgrade: {head!r}")
        head += byte
    if not head.startswith(b"HTTP/1.1 101"):
        raise ClosedError(f"upgrade refused: {head.splitlines()[0].decode('latin-1')}")


def say(sock: socket.socket, message: Any) -> None:
    """Send one message as a text frame."""
    sock.sendall(masked_frame(orjson.dumps(message)))


def read_message(sock: socket.socket, reader: FrameReader, kind: str, timeout: float = 10) -> dict[str, Any]:
    """Wait on a blocking socket for the first message of this `type`; others before it are dropped.

    Raises:
        ClosedError: the server closed, sent an `error`, or nothing of the kind came in time.
    """
    deadline = time.monotonic() + timeout
    sock.settimeout(timeout)
    while time.monotonic() < deadline:
        try:
            data = sock.recv(65_536)
        except TimeoutError:
            break
        if not data:
            raise ClosedError("connection ended")
        for payload in reader.feed(data):
            message = orjson.loads(payload)
            for one in message if isinstance(message, list) else [message]:
                if one["type"] == kind:
                    return dict(one)
                if one["type"] == "error":
                    raise ClosedError(f"error {one['code']} while waiting for {kind}")
    raise ClosedError(f"no {kind} within {timeout} s")
