"""A whole gateway inside the test's own loop, and a client that speaks raw frames to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from gateway.config import Config
from gateway.main import Server

__all__ = ["DEADLINE_S", "KPIS", "Wire", "on_loop", "producer_hello", "serving", "until", "viewer_hello", "wire"]

DEADLINE_S = 60.0
WRITE, VIEW = "w_test", "v_test"

KPIS = """
[[kpi]]
name = "events"
value = "count(*)"
window = "tumbling 1h"
grace = "1h"

[[kpi]]
name = "by_country"
value = "sum(value)"
by = ["country"]
window = "tumbling 1h"
grace = "1h"
"""


def on_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine on uvloop, as the gateway does, within the deadline."""

    async def bounded() -> None:
        async with asyncio.timeout(DEADLINE_S):
            await test()

    uvloop.run(bounded())


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until something is true; the deadline of `on_loop` bounds it."""
    while not condition():
        await asyncio.sleep(0.005)


@asynccontextmanager
async def serving(
    folder: Path, kpis: str = KPIS, *, clock: Callable[[], int] | None = None, **settings: Any
) -> AsyncIterator[Server]:
    """A gateway on a free port; stopped at the end, without a long drain. `clock` is its wall time, if not the real."""
    file = folder / "kpis.toml"
    file.write_text(kpis)
    # The memory is that of the whole test run, which is no sign of what one test does. And a busy machine may stand
    # still for longer than a client has for its hello.
    values = {
        "write_keys": WRITE,
        "view_keys": VIEW,
        "port": 0,
        "drain_ms": 20,
        "memory_cap": 1 << 20,
        "hello_timeout_ms": 60_000,
        "header_timeout_ms": 60_000,
        "body_timeout_ms": 60_000,
        **settings,
    }
    config = Config.load(None, {}, {"data": str(folder / "data"), "kpis": str(file), **values})
    server = Server(config, clock=clock)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


class Wire:
    """A socket that sends and receives JSON, and tells the close code."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def say(self, message: Any) -> None:
        """Send one frame: bytes and texts as they are, all else as JSON."""
        await self.connection.send(message if isinstance(message, str) else json.dumps(message))

    async def say_raw(self, text: bytes) -> None:
        """Send bytes as a text frame, whatever they are."""
        await self.connection.send(text, text=True)

    async def hear(self, *types: str) -> dict[str, Any]:
        """The next message, pings left out; of the given types, when there are any."""
        while True:
            message: dict[str, Any] = json.loads(await self.connection.recv())
            if message["type"] in types or (not types and message["type"] != "ping"):
                return message

    async def close_code(self) -> int | None:
        """The code the server closes with."""
        try:
            while True:
                await self.connection.recv()
        except ConnectionClosed:
            return self.connection.close_code


@asynccontextmanager
async def wire(server: Server, origin: str | None = None) -> AsyncIterator[Wire]:
    """An open socket before its hello."""
    async with connect(
        server.url.replace("http", "ws", 1) + "/v1/ws",
        subprotocols=[Subprotocol("tidegate.v1")],
        compression=None,
        origin=Origin(origin) if origin else None,
        proxy=None,
        max_size=None,
        ping_interval=None,
    ) as connection:
        yield Wire(connection)


def producer_hello(producer: str = "p", epoch: int = 1, next_seq: int = 1, **more: Any) -> dict[str, Any]:
    """The hello of a producer."""
    claim = {"id": producer, "epoch": epoch, "next_seq": next_seq}
    return {"type": "hello", "v": 1, "role": "producer", "token": WRITE, "producer": claim, **more}


def viewer_hello(**more: Any) -> dict[str, Any]:
    """The hello of a viewer."""
    return {"type": "hello", "v": 1, "role": "viewer", "token": VIEW, **more}
