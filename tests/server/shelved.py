"""The boards of a server in a temp folder, as its pages ask for them and change them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gateway.main import Server
from tests.server.serving import on_loop, serving

__all__ = ["delete", "names", "put", "told", "with_server"]


def with_server(tmp_path: Path, test: Any, **settings: Any) -> None:
    async def run() -> None:
        async with serving(tmp_path, **settings) as server:
            await test(server)

    on_loop(run)


def names(server: Server) -> list[str]:
    return [board.name for board in server._shelf.boards]


def told(server: Server) -> dict[str, Any]:
    """What `GET /v1/boards` says, by name."""
    answer = json.loads(server._shelf.body())
    return {board["name"]: board for board in answer["boards"]} | {key: answer[key] for key in ("writable", "order")}


async def put(
    server: Server, table: Any, expected: str | None = None, name: str = "mine", before: str | None = None
) -> tuple[int, Any]:
    body = table if isinstance(table, bytes) else json.dumps(table).encode()
    reply = await server._shelf.put(name, body, expected, before)
    return reply.status, json.loads(reply.body)


async def delete(server: Server, name: str, expected: str | None = None) -> tuple[int, Any]:
    reply = await server._shelf.delete(name, expected)
    return reply.status, json.loads(reply.body)
