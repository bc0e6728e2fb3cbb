"""Short ways of saying what tests of a session say all the time."""

from __future__ import annotations

import time
from typing import Any

from gateway.main import Server
from tests.server.serving import Wire, producer_hello, viewer_hello

__all__ = ["accepted", "batch", "events", "now", "producer", "viewer"]


def now() -> int:
    return time.time_ns() // 1_000_000


def events(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"event": "x", "timestamp": now(), "properties": {"country": "DE", "value": 2}, **more}] * count


def batch(seq: int, count: int = 1, **more: Any) -> dict[str, Any]:
    return {"type": "batch", "seq": seq, "sent_at": now(), "backlog": 0, "events": events(count), **more}


async def producer(wire_: Wire, **hello: Any) -> dict[str, Any]:
    await wire_.say(producer_hello(**hello))
    return await wire_.hear("welcome")


async def viewer(wire_: Wire, **hello: Any) -> dict[str, Any]:
    await wire_.say(viewer_hello(**hello))
    return await wire_.hear("welcome")


def accepted(server: Server) -> int:
    return server.house.fold.ledger.accepted
