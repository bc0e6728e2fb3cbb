"""The frame around the R3 peers: Starlette on uvicorn, uvloop, orjson; one task per connection, one ack per batch.

It speaks as much of protocol v1 as the load driver needs, keeps nothing on disk and checks nothing beyond what the
counting itself trips over. uvicorn runs with its `websockets-sansio` implementation, its fastest, compression off.
"""

from __future__ import annotations

import socket
import time
from typing import Any, Protocol

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

__all__ = ["KEEP_S", "Board", "ack", "run", "welcome"]

_LIMITS = {"max_frame": 262_144, "max_events": 500, "max_depth": 16}
KEEP_S = 300
"""Windows are kept for so many seconds."""


class Board(Protocol):
    """The counting that differs between the peers."""

    def add(self, events: list[dict[str, Any]]) -> None:
        """Count a batch."""

    def forget(self, before: int) -> None:
        """Drop windows that start before this second."""

    def rows(self, kpi: str, start: int, end: int) -> list[dict[str, Any]]:
        """One KPI's rows in [start, end), epoch ms."""


def run(board: Board) -> None:
    """Serve a board on a free port until the process is ended."""
    forgotten = 0

    async def ingest(ws: WebSocket) -> None:
        nonlocal forgotten
        await ws.accept(subprotocol="tidegate.v1")
        try:
            hello = orjson.loads(await ws.receive_text())
            await ws.send_text(welcome(hello["producer"]["next_seq"] - 1))
            while True:
                batch = orjson.loads(await ws.receive_text())
                board.add(batch["events"])
                await ws.send_text(ack(batch["seq"]))
                second = batch["sent_at"] // 1_000
                if second > forgotten:
                    forgotten = second
                    board.forget(second - KEEP_S)
        except WebSocketDisconnect:
            pass

    async def rows(request: Request) -> Response:
        kpi, query = request.path_params["kpi"], request.query_params
        return JSONResponse({"kpi": kpi, "rows": board.rows(kpi, int(query["from"]), int(query["to"]))})

    app = Starlette(routes=[WebSocketRoute("/v1/ws", ingest), Route("/v1/kpis/{kpi}", rows)])
    config = uvicorn.Config(
        app, loop="uvloop", ws="websockets-sansio", ws_per_message_deflate=False, log_level="warning", access_log=False
    )
    listener = socket.create_server(("127.0.0.1", 0), backlog=1_024)
    print(f"peer listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    uvicorn.Server(config).run(sockets=[listener])


def welcome(last_seq: int) -> str:
    """The answer to a hello whose next batch follows `last_seq`."""
    return orjson.dumps({
        "type": "welcome", "session": "s", "node": "n", "server_epoch": "e", "now": time.time_ns() // 1_000_000,
        "heartbeat_ms": 25_000, "limits": _LIMITS, "formats": ["rows"],
        "resume": {"known": False, "last_seq": last_seq}, "credit": _credit(last_seq),
        "flush_ms": 500, "level": 0, "ack": "memory", "flags": {},
    }).decode("ascii")  # fmt: skip


def _credit(seq: int) -> dict[str, int]:
    return {"max_seq": seq + 32, "max_bytes": 1 << 40}


def ack(seq: int) -> str:
    """The answer to a batch."""
    said = {"type": "ack", "seq": seq, "credit": _credit(seq), "level": 0, "flush_ms": 500}
    return orjson.dumps(said).decode("ascii")
