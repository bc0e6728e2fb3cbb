"""A small real server on loopback: the model behind `websockets` for the fronts to talk to, and a KPI for viewers."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from types import TracebackType
from typing import Any

from websockets.asyncio.server import Server as SocketServer
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from tests.client_sdk.model import LIMITS, Connection, ServerModel
from tests.e2e.accepting import stop_accepting
from tests.e2e.heldport import HeldPort


class Server:
    """`async with Server() as server`: commits each batch as it comes, unless `paused`."""

    def __init__(self, model: ServerModel | None = None, *, port: int = 0) -> None:
        self.model = model or ServerModel()
        # A close code instead of a welcome.
        self.refuse: int | None = None
        # An HTTP status instead of a handshake.
        self.status: int | None = None
        # True: batches are taken and not committed, so nothing is acknowledged.
        self.paused = False
        # Handshakes asked for, refused ones included.
        self.attempts = 0
        # What producers and viewers said, hello first.
        self.heard: list[dict[str, Any]] = []
        self.sockets: dict[ServerConnection, Connection | None] = {}
        # KPI name -> offset and rows, as a viewer's snapshot has them.
        self.kpis: dict[str, tuple[int, list[dict[str, Any]]]] = {}
        self._subscribed: dict[tuple[ServerConnection, int], str] = {}
        self._news = asyncio.Condition()
        self._server: SocketServer | None = None
        self._held = HeldPort()
        self._port = port or self._held.number

    @property
    def url(self) -> str:
        """What a client is given."""
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Server:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen, always on the same port."""
        self._server = await serve(
            self._serve,
            "127.0.0.1",
            self._port,
            subprotocols=[Subprotocol("tidegate.v1")],
            process_request=self._handshake,
            ping_interval=None,
            close_timeout=1,
        )

    async def stop(self) -> None:
        """Break every connection and stop to listen; the model keeps what is durable."""
        if self._server is not None:
            await stop_accepting(self._server.sockets)
        self.drop()
        self.model.crash()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    def drop(self) -> None:
        """Break every connection without a close frame."""
        for socket, connection in list(self.sockets.items()):
            socket.transport.abort()
            if connection in self.model.connections:
                self.model.connections.remove(connection)

    async def until(self, condition: Any) -> None:
        """Wait until something that depends on messages from clients is true; at most 60 s."""
        async with asyncio.timeout(60), self._news:
            await self._news.wait_for(condition)

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """Messages of one type heard so far."""
        return [message for message in self.heard if message["type"] == kind]

    async def say(self, message: dict[str, Any]) -> None:
        """The same message to every client."""
        for socket in list(self.sockets):
            await socket.send(json.dumps(message))

    async def publish(self, kpi: str, rows: list[dict[str, Any]], *, prev: int | None = None) -> None:
        """New rows of a KPI to its subscribers; `prev` pretends that they had another offset."""
        offset, before = self.kpis[kpi]
        self.kpis[kpi] = (offset + 1, before + rows)
        for (socket, number), name in list(self._subscribed.items()):
            if name == kpi:
                delta = {
                    "type": "delta",
                    "id": number,
                    "prev": offset if prev is None else prev,
                    "offset": offset + 1,
                    "watermark": 7,
                    "set": rows,
                    "del": [],
                }
                await socket.send(json.dumps(delta))

    def _handshake(self, socket: ServerConnection, request: Request) -> Response | None:
        self.attempts += 1
        if self.status is not None:
            response = socket.respond(HTTPStatus(self.status), "")
            response.headers["Retry-After"] = "1"
            return response
        return None

    async def _serve(self, socket: ServerConnection) -> None:
        self.sockets[socket] = None
        try:
            async for data in socket:
                frame = data.encode() if isinstance(data, str) else data
                message = json.loads(frame)
                if message["type"] == "hello" and self.refuse is not None:
                    await socket.close(self.refuse, "refused")
                    return
                if message["type"] == "hello" and message["role"] == "producer":
                    self.sockets[socket] = self.model.connect()
                await self._answer(socket, frame, message)
                self.heard.append(message)
                async with self._news:
                    self._news.notify_all()
        except ConnectionClosed:
            pass
        finally:
            connection = self.sockets.pop(socket)
            if connection in self.model.connections:
                self.model.connections.remove(connection)
            self._subscribed = {key: kpi for key, kpi in self._subscribed.items() if key[0] is not socket}

    async def _answer(self, socket: ServerConnection, frame: bytes, message: dict[str, Any]) -> None:
        connection = self.sockets[socket]
        if connection is None:
            for answer in self._view(socket, message):
                await socket.send(json.dumps(answer))
            return
        connection.receive(frame)
        if not self.paused:
            self.model.commit()
        for answered in connection.take():
            await socket.send(answered.decode())
        if connection.closed is not None:
            await socket.close(connection.closed)

    def _view(self, socket: ServerConnection, message: dict[str, Any]) -> list[dict[str, Any]]:
        match message["type"]:
            case "hello":
                common = {"session": "s", "node": "n", "server_epoch": "e", "now": 0}
                return [{"type": "welcome", **common, "heartbeat_ms": 25_000, "limits": LIMITS, "epoch": "e"}]
            case "subscribe" if "topic" in message:
                return []  # a test says the events itself
            case "subscribe" if message["kpi"] not in self.kpis:
                return [{"type": "error", "code": "unknown_kpi", "id": message["id"]}]
            case "subscribe":
                self._subscribed[socket, message["id"]] = message["kpi"]
                return [self._snapshot(message["id"], message["kpi"])]
            case "resync" | "unsubscribe" if (socket, message["id"]) not in self._subscribed:
                return []
            case "resync":
                return [self._snapshot(message["id"], self._subscribed[socket, message["id"]])]
            case "unsubscribe":
                del self._subscribed[socket, message["id"]]
        return []

    def _snapshot(self, number: int, kpi: str) -> dict[str, Any]:
        offset, rows = self.kpis[kpi]
        meta = {"name": kpi, "window": "tumbling 1m"}
        return {
            "type": "snapshot",
            "id": number,
            "epoch": "e",
            "offset": offset,
            "meta": meta,
            "watermark": 5,
            "rows": rows,
        }
