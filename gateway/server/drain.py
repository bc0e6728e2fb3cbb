"""An orderly end: say so, spread the closes, keep everything."""

from __future__ import annotations

import asyncio

from gateway.core.gate import AcceptGate
from gateway.server.house import House
from gateway.wire.replies import Drain

__all__ = ["drain"]

RESTART = 1012
STEPS = 20


async def drain(house: House, gate: AcceptGate, drain_ms: int) -> None:
    """Turn new sockets away, tell the open ones, and close them one after the other over `drain_ms`.

    The server spreads the closes, not the clients: a jitter of theirs is undone by the first success.
    """
    gate.draining = True
    sessions = list(house.sessions)
    for session in sessions:
        session.say(Drain(drain_ms))
    if not sessions:
        return
    size = -(-len(sessions) // STEPS)
    steps = range(0, len(sessions), size)
    for start in steps:
        await asyncio.sleep(drain_ms / 1000 / len(steps))
        for session in sessions[start : start + size]:
            session.end(RESTART)
