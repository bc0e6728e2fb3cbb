"""A stand-in for the gateway, as small as the drivers allow: it counts events in one window and pushes each change."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

__all__ = ["StandIn", "stand_in"]


@dataclass
class StandIn:
    """What it has seen, and how it shall misbehave."""

    port: int = 0
    # Events by the dimension of their KPI; the same rows for every viewer.
    counts: dict[str, int] = field(default_factory=dict)
    hellos: list[dict[str, Any]] = field(default_factory=list)
    # Offsets are skipped, so that deltas do not continue one another.
    skip_offsets: bool = False
    # Batches are counted and never acknowledged.
    mute: bool = False
    # Batches of credit beyond the last one taken.
    window: int = 4
    _viewers: list[ServerConnection] = field(default_factory=list)
    _offset: int = 0

    async def __call__(self, connection: ServerConnection) -> None:
        """Serve one connection."""
        with contextlib.suppress(ConnectionClosed):
            async for text in connection:
                message = orjson.loads(text)
                await getattr(self, "_" + message["type"])(connection, message)

    async def _hello(self, connection: ServerConnection, message: dict[str, Any]) -> None:
        self.hellos.append(message)
        last = message.get("producer", {}).get("next_seq", 1) - 1
        await self._say(connection, {"type": "welcome", "credit": self._credit(last)})

    async def _subscribe(self, connection: ServerConnection, message: dict[str, Any]) -> None:
        self._viewers.append(connection)
        snapshot = {"type": "snapshot", "id": message["id"], "offset": self._offset, "rows": self._rows()}
        await self._say(connection, snapshot)

    async def _batch(self, connection: ServerConnection, message: dict[str, Any]) -> None:
        for event in message["events"]:
            key = event["properties"].get("cell", "")
            self.counts[key] = self.counts.get(key, 0) + 1
        if not self.mute:
            ack = {"type": "ack", "seq": message["seq"], "credit": self._credit(message["seq"])}
            await self._say(connection, ack | {"level": 0, "flush_ms": 500})
        before, self._offset = self._offset, self._offset + 1
        delta = {"type": "delta", "id": 1, "prev": before - self.skip_offsets, "offset": self._offset}
        for viewer in self._viewers:
            await self._say(viewer, [delta | {"set": self._rows(), "del": []}])

    def _credit(self, seq: int) -> dict[str, int]:
        return {"max_seq": seq + self.window, "max_bytes": 1 << 40}

    def _rows(self) -> list[dict[str, Any]]:
        return [{"dims": {"cell": key}, "start": 0, "value": float(count)} for key, count in self.counts.items()]

    @staticmethod
    async def _say(connection: ServerConnection, message: Any) -> None:
        await connection.send(orjson.dumps(message).decode())


@contextlib.contextmanager
def stand_in(**changes: Any) -> Iterator[StandIn]:
    """Run it in a thread of its own on a free port."""
    server = StandIn(**changes)
    ready: threading.Event = threading.Event()
    loop = asyncio.new_event_loop()
    done = asyncio.Event()

    async def main() -> None:
        async with serve(server, "127.0.0.1", 0, compression=None, close_timeout=0.2) as listening:
            server.port = next(iter(listening.sockets)).getsockname()[1]
            ready.set()
            await done.wait()

    def run() -> None:
        loop.run_until_complete(main())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert ready.wait(60)
        yield server
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
