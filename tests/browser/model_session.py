"""One producer's socket at the model of a gateway: credit, acks and order as the protocol has them."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.client_sdk.model import rows_of

if TYPE_CHECKING:
    from tests.browser.model_server import ModelServer

__all__ = ["Lie", "Session"]


class Session:
    """One producer's socket."""

    def __init__(self, server: ModelServer, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.server = server
        self.socket = socket
        self.producer = ""
        self.key = ""
        self.defaults: dict[str, Any] = {}
        self.used = 0
        self.max_seq = 0
        self.max_bytes = 0
        self.nacked = 0
        self._request = request

    def abort(self) -> None:
        """Cut the connection as a killed process does."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def send(self, message: dict[str, Any]) -> None:
        """One text frame; nothing when the socket is already going down."""
        if not self.socket.closed:
            await self.socket.send_str(json.dumps(message))

    async def receive(self, frame: str) -> None:
        """One frame of the producer."""
        message = json.loads(frame)
        if self.server.lie is not None and await self.server.lie(self, message):
            return
        await self.tell_the_truth(message, len(frame.encode()))

    async def tell_the_truth(self, message: dict[str, Any], size: int = 0) -> None:
        """What an honest server does with a message; `size` is that of its frame."""
        if message["type"] == "hello":
            await self._hello(message)
        elif not self.key:
            self.server.violate(f"{message['type']} before hello")
        elif message["type"] == "batch":
            await self._batch(message, size)
        elif message["type"] in self.server.formats:
            await self._batch(rows_of(message), size)
        elif message["type"] == "pong":
            self.server.pongs.append(message)
        else:
            self.server.violate(f"unknown type {message['type']}")

    async def _hello(self, message: dict[str, Any]) -> None:
        server = self.server
        server.hellos.append(message)
        if server.welcome_close:
            await self.socket.close(code=server.welcome_close)
            return
        identity = message["producer"]
        self.producer = identity["id"]
        self.key = f"{identity['id']}/{identity['epoch']}"
        self.defaults = message["defaults"]
        known = self.key in server.last
        last = server.last.setdefault(self.key, identity["next_seq"] - 1)
        await server.fence(self)
        welcome = {
            "type": "welcome",
            "session": "s",
            "node": "n",
            "server_epoch": "e",
            "now": int(time.time() * 1000),
            "heartbeat_ms": 25_000,
            "limits": {"max_frame": 262_144, "max_events": 500, "max_depth": 16},
            "formats": ["rows", *server.formats],
            "resume": {"known": known, "last_seq": last},
            "ack": "fsync",
            "flags": {},
        }
        await self.send({**welcome, **self._window()})

    def _window(self) -> dict[str, Any]:
        self.max_seq = max(self.max_seq, self.server.last[self.key] + self.server.window)
        self.max_bytes = max(self.max_bytes, self.used + self.server.window_bytes)
        credit = {"max_seq": self.max_seq, "max_bytes": self.max_bytes}
        return {"credit": credit, "level": self.server.level, "flush_ms": self.server.flush_ms}

    async def _batch(self, message: dict[str, Any], size: int) -> None:
        server, seq = self.server, message["seq"]
        server.batches.append(message)
        self.used += size
        if seq > self.max_seq or self.used > self.max_bytes:
            server.violate(f"beyond credit: seq {seq} of {self.max_seq}, {self.used} bytes of {self.max_bytes}")
        if not server.answer_acks:
            return
        last = server.last[self.key]
        verdicts: list[list[Any]] = []
        if seq > last + 1:
            if self.nacked != last + 1:
                self.nacked = last + 1
                await self.send({"type": "nack", "want": last + 1})
            return
        if seq == last + 1:
            verdicts = server.apply(self.key, seq, self.defaults, message["events"])
        ack = {"type": "ack", "seq": server.last[self.key], **self._window()}
        await self.send({**ack, "verdicts": verdicts} if verdicts else ack)


Lie = Callable[[Session, dict[str, Any]], Awaitable[bool]]
"""Gets each message first. True: it was dealt with; otherwise the truth is told too."""
