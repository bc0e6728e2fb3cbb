"""The viewer's half of protocol v1 as a small model of the server: it serves the dashboard and what a test publishes.

It runs in a thread of its own; a test calls its methods and waits on what the page sent. Nothing is random or timed.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import WSMsgType, web

from tests.browser.boards_model import BoardsModel
from tests.browser.listener import Listener
from tests.browser.topic_model import Topic

__all__ = ["CSP", "DASHBOARD", "KEY", "Topic", "ViewerModel", "meta", "row"]

DASHBOARD = Path(__file__).resolve().parents[2] / "gateway" / "dashboard"
KEY = "vk_test"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'; "
    "report-uri /csp-report"
)
DEADLINE_S = 60.0

Message = dict[str, Any]
T = TypeVar("T")


def now_ms() -> int:
    """Epoch milliseconds."""
    return time.time_ns() // 1_000_000


def meta(name: str, **fields: Any) -> Message:
    """A KPI's entry of `/v1/kpis`, every key there."""
    entry: Message = {
        "name": name,
        "title": name,
        "value": "count(*)",
        "where": None,
        "by": [],
        "window": "tumbling 1m",
        "delay": "2s",
        "grace": "10m",
        "owner": "",
        "unit": "",
        "good": "",
        "freshness": "2s",
        "description": "",
    }
    return entry | fields


def row(start: int, value: Any, *, size: int = 60_000, kind: str = "partial", rev: int = 0, **fields: Any) -> Message:
    """A row without dimensions unless `dims` is given; `size` in ms."""
    body = {"dims": {}, "start": start, "end": start + size, "value": value, "kind": kind, "rev": rev}
    return body | fields


class ViewerModel(BoardsModel):
    """A server with any number of viewers. Use it as a context manager; all methods may be called from the test."""

    def __init__(self, kpis: list[Message], *, root: Path = DASHBOARD, csp: str = CSP) -> None:
        super().__init__()
        self.topics = {entry["name"]: Topic(entry) for entry in kpis}
        self.epoch = "e1"
        self.evicted: str | None = None
        # Codes of notices that who connects is told.
        self.lasting: list[str] = []
        # Everything that pages sent over sockets, in order, and the CSP violations that browsers reported.
        self.received: list[Message] = []
        self.reports: list[Any] = []
        # What `/v1/boards` says, and what pages have put there: name, board, version that it was to replace.
        self.boards: list[Message] = []
        self.writable = True
        self.put: list[tuple[str, Message, str | None]] = []
        # The orders that pages have asked for,.
        self.orders: list[list[str]] = []
        # Rows of the query API by KPI, and what was asked of it.
        self.past: dict[str, list[Message]] = {}
        self.queries: list[tuple[str, dict[str, str]]] = []
        # Pages of `/v1/quarantine/export`, none: refused; and what was asked of it.
        self.lines, self.exported = list[bytes](), list[dict[str, str]]()
        # When false, sockets and the KPI list are refused, as by a server that is not there yet.
        self.up = True
        # What other routes answer to a view key: path -> JSON, what makes it, or an HTTP status.
        self.answers: dict[str, Any] = {}
        self.url = ""
        self._root = root
        self._csp = csp
        self._sockets: dict[web.WebSocketResponse, dict[str, int]] = {}
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="viewer-model")
        self._listener: Listener | None = None

    def __enter__(self) -> ViewerModel:
        self._thread.start()
        self._call(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DEADLINE_S)
        self._loop.close()

    @property
    def link(self) -> str:
        """The dashboard's address with the view key in the fragment."""
        return f"{self.url}/#key={KEY}"

    def publish(
        self, kpi: str, rows: list[Message], *, gone: list[list[Any]] | None = None, watermark: int | None = None
    ) -> None:
        """One step of a KPI, to every viewer that is subscribed."""
        self._call(self._publish(kpi, rows, gone or [], watermark, lose=False))

    def lose(self, kpi: str, rows: list[Message]) -> None:
        """One step that no viewer gets: the next one shows them a hole."""
        self._call(self._publish(kpi, rows, [], None, lose=True))

    def say(self, message: Message) -> None:
        """A message to every viewer."""
        self._call(self.tell(message))

    def drop(self, code: int) -> None:
        """Close every viewer's socket."""
        self._call(self._drop(code))

    def wait(self, wanted: Callable[[Message], bool], *, times: int = 1) -> list[Message]:
        """Messages of pages for which `wanted` is true, once there are `times` of them.

        Raises:
            AssertionError: they did not come within the deadline; it shows what came instead.
        """
        with self._changed:
            found = self._changed.wait_for(
                lambda: len([m for m in self.received if wanted(m)]) >= times, timeout=DEADLINE_S
            )
            assert found, f"the page sent only {self.received}"
            return [message for message in self.received if wanted(message)]

    def await_query(self, kpi: str) -> None:
        """Wait until the query API was asked for a KPI."""
        with self._changed:
            assert self._changed.wait_for(lambda: any(name == kpi for name, _ in self.queries), timeout=DEADLINE_S)

    def restate(self, kpi: str) -> None:
        """Send every viewer of a KPI a snapshot that it has not asked for, as after a change of the KPI set."""
        self._call(self._restate(kpi))

    def forget(self) -> None:
        """Empty `received`, so that what comes next can be told from what came before."""
        with self._changed:
            self.received.clear()

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(DEADLINE_S)

    async def _open(self) -> None:
        app = web.Application()
        app.router.add_get("/v1/kpis", self._list)
        app.router.add_get("/v1/kpis/{name}", self._rows)
        self.add_board_routes(app)
        app.router.add_get("/v1/quarantine/export", self._export)
        app.router.add_get("/v1/ws", self._socket)
        app.router.add_post("/csp-report", self._report)
        app.router.add_get("/{path:.*}", self._file)
        self._listener = Listener(app)
        self.url = f"http://127.0.0.1:{await self._listener.open()}"

    async def _close(self) -> None:
        await self._drop(1001)
        if self._listener is not None:
            await self._listener.close()

    async def _file(self, request: web.Request) -> web.StreamResponse:
        if request.path in self.answers:
            answer = self.answers[request.path]
            answer = answer() if callable(answer) else answer
            allowed = request.headers.get("Authorization") == f"Bearer {KEY}"
            status = answer if isinstance(answer, int) else 200 if allowed else 401
            return web.json_response({} if status != 200 else answer, status=status)
        path = self._root / (request.match_info["path"] or "index.html")
        if not path.is_file():
            raise web.HTTPNotFound
        headers = {"Content-Security-Policy": self._csp, "X-Content-Type-Options": "nosniff"}
        return web.FileResponse(path, headers=headers | {"Cache-Control": "no-store"})

    async def _report(self, request: web.Request) -> web.Response:
        self.reports.append(json.loads(await request.read()))
        return web.Response(status=204)

    async def _list(self, request: web.Request) -> web.Response:
        if not self.up:
            return web.Response(status=503, headers={"Retry-After": "0"})
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return web.Response(status=401)
        return web.json_response({"kpis": [topic.meta for topic in self.topics.values()]})

    async def _export(self, request: web.Request) -> web.Response:
        self.exported.append(dict(request.query))
        if not self.lines:
            return web.json_response({"error": "texts_off"}, status=403)
        page = int(request.query["after"]) + 1
        headers = {"Tidegate-Next": str(page)} if page < len(self.lines) else {}
        return web.Response(body=self.lines[page - 1], headers=headers)

    async def _rows(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        with self._changed:
            self.queries.append((name, dict(request.query)))
            self._changed.notify_all()
        return web.json_response({"kpi": name, "next": None, "rows": self.past.get(name, [])})

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        if not self.up:
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse(protocols=("tidegate.v1",), compress=False)
        await socket.prepare(request)
        try:
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    parsed = json.loads(frame.data)
                    for message in parsed if isinstance(parsed, list) else [parsed]:
                        await self._answer(socket, message)
        finally:
            self._sockets.pop(socket, None)
        return socket

    async def _answer(self, socket: web.WebSocketResponse, message: Message) -> None:
        with self._changed:
            self.received.append(message)
            self._changed.notify_all()
        if message["type"] == "hello":
            if message["token"] != KEY:
                await socket.close(code=4001)
                return
            self._sockets[socket] = {}
            await socket.send_str(json.dumps(self._welcome()))
            for code in self.lasting:
                await socket.send_str(json.dumps({"type": "notice", "code": code}))
        elif message["type"] == "subscribe":
            await self._subscribe(socket, message)
        elif message["type"] == "resync":
            names = {id_: kpi for kpi, id_ in self._sockets[socket].items()}
            await self._send(socket, names[message["id"]], self.topics[names[message["id"]]].snapshot(self.epoch))

    def _welcome(self) -> Message:
        limits = {"max_frame": 262_144, "max_events": 500, "max_depth": 16}
        welcome: Message = {"type": "welcome", "session": "s", "node": "n", "server_epoch": self.epoch, "now": now_ms()}
        welcome |= {"heartbeat_ms": 25_000, "limits": limits, "epoch": self.epoch}
        return welcome if self.evicted is None else welcome | {"evicted": self.evicted}

    async def _subscribe(self, socket: web.WebSocketResponse, message: Message) -> None:
        if "topic" in message:
            return  # a test says the events itself, with the id that it waits for
        topic = self.topics.get(message["kpi"])
        if topic is None:
            await socket.send_str(json.dumps({"type": "error", "code": "unknown_kpi", "id": message["id"]}))
            return
        self._sockets[socket][message["kpi"]] = message["id"]
        start = message.get("from")
        if start is not None and (start["epoch"] != self.epoch or start["offset"] > topic.offset):
            start = None
        await self._send(socket, message["kpi"], topic.since(start["offset"]) if start else topic.snapshot(self.epoch))

    async def _send(self, socket: web.WebSocketResponse, kpi: str, message: Message) -> None:
        await socket.send_str(json.dumps(message | {"id": self._sockets[socket][kpi]}))

    async def _publish(
        self, kpi: str, rows: list[Message], gone: list[list[Any]], watermark: int | None, *, lose: bool
    ) -> None:
        delta = self.topics[kpi].step(rows, gone, watermark)
        for socket in [] if lose else [s for s, ids in self._sockets.items() if kpi in ids]:
            await self._send(socket, kpi, delta)

    async def _restate(self, kpi: str) -> None:
        for socket in [s for s, ids in self._sockets.items() if kpi in ids]:
            await self._send(socket, kpi, self.topics[kpi].snapshot(self.epoch))

    async def tell(self, message: Message) -> None:
        """The same, from within."""
        for socket in list(self._sockets):
            await socket.send_str(json.dumps(message))

    async def _drop(self, code: int) -> None:
        for socket in list(self._sockets):
            await socket.close(code=code)
