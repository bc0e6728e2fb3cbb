"""R3 on another server: the hand-written loops behind aiohttp's WebSocket, on uvloop, compression off.

    python -m benchmarks.peers.aiohttp_loops

It speaks as much of protocol v1 as `web` does, keeps nothing on disk and checks nothing either.
"""

from __future__ import annotations

import asyncio
import socket

import orjson
import uvloop
from aiohttp import WSMsgType, web

from benchmarks.peers.loops import Loops
from benchmarks.peers.web import KEEP_S, Board, ack, welcome

__all__ = ["application"]


def application(board: Board) -> web.Application:
    """The routes that the load driver and the comparison with the model ask."""
    forgotten = 0

    async def ingest(request: web.Request) -> web.WebSocketResponse:
        nonlocal forgotten
        ws = web.WebSocketResponse(protocols=("tidegate.v1",), compress=False, timeout=1.0)
        await ws.prepare(request)
        hello = orjson.loads(await ws.receive_str())
        await ws.send_str(welcome(hello["producer"]["next_seq"] - 1))
        async for message in ws:
            if message.type is not WSMsgType.TEXT:
                break
            batch = orjson.loads(message.data)
            board.add(batch["events"])
            await ws.send_str(ack(batch["seq"]))
            second = batch["sent_at"] // 1_000
            if second > forgotten:
                forgotten = second
                board.forget(second - KEEP_S)
        return ws

    async def rows(request: web.Request) -> web.Response:
        kpi, query = request.match_info["kpi"], request.query
        found = {"kpi": kpi, "rows": board.rows(kpi, int(query["from"]), int(query["to"]))}
        return web.Response(body=orjson.dumps(found), content_type="application/json")

    app = web.Application()
    app.add_routes([web.get("/v1/ws", ingest), web.get("/v1/kpis/{kpi}", rows)])
    return app


async def serve() -> None:
    """Listen on a free port until the process is ended."""
    runner = web.AppRunner(application(Loops()), access_log=None)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0), backlog=1_024)
    await web.SockSite(runner, listener, backlog=1_024).start()
    print(f"peer listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    uvloop.run(serve())
