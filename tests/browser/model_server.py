"""A gateway reduced to the protocol, for tests of the browser SDK: one port for pages, socket and `POST /v1/events`.

It is strict where a real gateway is lenient: whatever a producer must not do is written into `violations`. What it
applied survives `kill`, as if it had been on disk. Its knobs may be turned from the test's thread at any time.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

from tests.browser.listener import Listener
from tests.browser.model_session import Lie, Session
from tests.browser.pages import CSP, DEMO, SDK, file_answer
from tests.client_sdk.model import rows_of
from tests.e2e.heldport import HeldPort

SNIPPET = "<!doctype html><title>Page</title><script type='module' src='/sdk.js'></script><p>page"


class ModelServer:
    """The model; `start` and `kill` may alternate on the same port, as restarts of one server."""

    def __init__(self) -> None:
        self._held = HeldPort()
        self.port = self._held.number
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
        self._listener: Listener | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen, always on the same port."""
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(60)

    def kill(self) -> None:
        """Stop listening and cut every connection without a word."""
        asyncio.run_coroutine_threadsafe(self._kill(), self._loop).result(60)

    def end(self) -> None:
        """Free the thread and its loop; nothing works after it."""
        if self._listener is not None:
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
        self._listener = Listener(app)
        await self._listener.open(self.port)

    async def _kill(self) -> None:
        assert self._listener is not None
        await self._listener.close()
        self._listener = None

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
