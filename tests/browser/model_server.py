"""A gateway reduced to the protocol, for tests of the browser SDK: one port for pages, socket and `POST /v1/events`.

It is strict where a real gateway is lenient: whatever a producer must not do is written into `violations`. What it
applied survives `kill`, as if it had been on disk. Its knobs may be turned from the test's thread at any time.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

from tests.browser.pages import CSP, DEMO, SDK, file_answer
from tests.client_sdk.model import rows_of

SNIPPET = "<!doctype html><title>Page</title><script type='module' src='/sdk.js'></script><p>page"


class ModelServer:
    """The model; `start` and `kill` may alternate on the same port, as restarts of one server."""

    def __init__(self) -> None:
        self.port = 0
        # Durable: what a restart finds again.
        self.last: dict[str, int] = {}
        self.events: list[dict[str, Any]] = []
        self.uuids: set[str] = set()
        # Seen, for assertions.
        self.hellos: list[dict[str, Any]] = []
        self.batches: list[dict[str, Any]] = []
        self.posts: list[dict[str, Any]] = []
        self.pongs: list[dict[str, Any]] = []
        self.violations: list[str] = []
        # Knobs.
        self.window = 4
        self.window_bytes = 262_144
        # How batches may be written, beside rows.
        self.formats = ["columns"]
        self.level = 0
        self.flush_ms = 100
        self.answer_acks = True
        self.accept_sockets = True
        self.accept_posts = True
        self.welcome_close = 0
        self.lie: Lie | None = None  # says other things than the truth, and whether that was all
        self.own = ""  # a page of the test's own, at `/own`, under no policy
        self._changed = threading.Condition()
        self._sessions: set[Session] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server: asyncio.Server | None = None
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen, on the port of last time if there was one."""
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(60)

    def kill(self) -> None:
        """Stop listening and cut every connection without a word."""
        asyncio.run_coroutine_threadsafe(self._kill(), self._loop).result(60)

    def end(self) -> None:
        """Free the thread and its loop; nothing works after it."""
        if self._server is not None:
            self.kill()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()

    def forget(self) -> None:
        """Evict every producer, and close its sockets so that it must say hello again."""
        with self._changed:
            self.last.clear()
        self.close_all(1012)

    def close_all(self, code: int) -> None:
        """Close every socket with `code`."""
        asyncio.run_coroutine_threadsafe(self._close_all(code), self._loop).result(60)

    def tell(self, message: dict[str, Any]) -> None:
        """Send one message to every producer."""
        asyncio.run_coroutine_threadsafe(self._tell(message), self._loop).result(60)

    def wait(self, condition: Callable[[], object], timeout: float = 60.0) -> None:
        """Block until `condition` holds; fails after `timeout` seconds, showing what was seen."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while not condition():
                left = deadline - time.monotonic()
                if left <= 0:
                    names = [event["event"] for event in self.events]
                    raise AssertionError(f"not reached: {names=} {self.last=} {self.violations=}")
                self._changed.wait(left)

    def names(self) -> list[str]:
        """Names of the applied events, in order."""
        return [event["event"] for event in self.events]

    def violate(self, text: str) -> None:
        """Note that a producer broke a rule."""
        self.violations.append(text)

    def notify(self) -> None:
        """Wake `wait`."""
        with self._changed:
            self._changed.notify_all()

    def apply(self, key: str, seq: int, defaults: dict[str, Any], events: list[dict[str, Any]]) -> list[list[Any]]:
        """Take the batch that follows the last one; its verdicts."""
        verdicts: list[list[Any]] = []
        for index, event in enumerate(events):
            if event["event"] == "bad":
                verdicts.append([seq, index, "drop", "schema:event"])
            elif event["uuid"] in self.uuids:
                verdicts.append([seq, index, "duplicate", "uuid"])
            else:
                self.uuids.add(event["uuid"])
                properties = {**defaults.get("properties", {}), **event["properties"]}
                self.events.append({**defaults, **event, "properties": properties})
        self.last[key] = seq
        return verdicts

    async def _start(self) -> None:
        app = web.Application()
        app.router.add_get("/v1/ws", self._socket)
        app.router.add_post("/v1/events", self._post)
        app.router.add_get("/icon.svg", self._icon)
        app.router.add_get("/{name:page|own}", self._page)
        app.router.add_get("/sdk.js", self._entry)
        app.router.add_get("/demo/config.json", self._config)
        app.router.add_get("/demo/{name:.*}", self._demo)
        app.router.add_get("/sdk/{name:.+}", self._sdk)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        assert self._runner.server is not None
        self._server = await self._loop.create_server(self._runner.server, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _kill(self) -> None:
        assert self._server is not None
        assert self._runner is not None
        self._server.close()
        for session in list(self._sessions):
            session.abort()
        await self._runner.cleanup()
        await self._server.wait_closed()
        self._server = None

    async def _close_all(self, code: int) -> None:
        for session in list(self._sessions):
            await session.socket.close(code=code)

    async def _tell(self, message: dict[str, Any]) -> None:
        for session in list(self._sessions):
            await session.send(message)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if not self.accept_sockets:
            return web.Response(status=503)
        socket = web.WebSocketResponse(protocols=("tidegate.v1",), max_msg_size=262_144)
        await socket.prepare(request)
        session = Session(self, socket, request)
        self._sessions.add(session)
        try:
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    await session.receive(message.data)
                    self.notify()
        finally:
            self._sessions.discard(session)
        return socket

    async def _post(self, request: web.Request) -> web.Response:
        if not self.accept_posts:
            return web.Response(status=503, headers={"Retry-After": "1"})
        body = json.loads(await request.text())
        self.posts.append(body)
        producer, seq = body["producer"], body["seq"]
        key = f"{producer['id']}/{producer['epoch']}"
        last = self.last.get(key, 0)
        if seq > last + 1:
            self.notify()
            return web.json_response({"want": last + 1}, status=409)
        verdicts = self.apply(key, seq, body["defaults"], body["events"]) if seq > last else []
        self.notify()
        return web.json_response({"seq": seq, "verdicts": verdicts})

    def apply_quietly(self, session: Session, message: dict[str, Any]) -> None:
        """Take a batch, as far as it is the next one, without a word to its producer."""
        rows = message if "events" in message else rows_of(message)
        if rows["seq"] == self.last[session.key] + 1:
            self.apply(session.key, rows["seq"], session.defaults, rows["events"])

    async def fence(self, newer: Session) -> None:
        """A newer connection of the same producer ends the older ones."""
        for session in list(self._sessions):
            if session is not newer and session.producer == newer.producer:
                await session.socket.close(code=4009)

    async def _page(self, request: web.Request) -> web.Response:
        own = request.match_info["name"] == "own"
        headers = None if own else {"Content-Security-Policy": CSP}
        return web.Response(text=self.own if own else SNIPPET, content_type="text/html", headers=headers)

    async def _icon(self, _request: web.Request) -> web.Response:
        return file_answer(DEMO.parent / "icon.svg")

    async def _entry(self, _request: web.Request) -> web.Response:
        text = 'export * from "/sdk/index.js";\nexport { default } from "/sdk/index.js";\n'
        return web.Response(text=text, content_type="text/javascript")

    async def _sdk(self, request: web.Request) -> web.Response:
        return file_answer(SDK / request.match_info["name"])

    async def _config(self, _request: web.Request) -> web.Response:
        return web.json_response({"key": "wk_test"})

    async def _demo(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        return file_answer(DEMO / (name if Path(name).suffix else "index.html"))


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
