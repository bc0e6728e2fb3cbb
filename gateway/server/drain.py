"""An orderly end: say so, spread the closes, keep everything."""

from __future__ import annotations

import asyncio
import contextlib

from gateway.core.gate import AcceptGate
from gateway.server.house import House
from gateway.wire.replies import Drain

__all__ = ["drain"]

RESTART = 1012
STEPS = 20
ANSWER_S = 5.0
"""How long the last answers are waited for. A socket that does not answer its close frame is cut sooner by its own
connection, as long as ticks go on."""
LOOK_S = 0.01


async def drain(house: House, gate: AcceptGate, drain_ms: int) -> None:
    """Turn new sockets away, tell the open ones, and close them one after the other over `drain_ms`.

    The server spreads the closes, not the clients: a jitter of theirs is undone by the first success. It returns when
    all have answered: cutting a socket behind its close frame may take the frame away again.
    """
    gate.draining = True
    sessions = list(house.sessions)
    for session in sessions:
        session.say(Drain(drain_ms))
    size = -(-len(sessions) // STEPS) or 1
    steps = range(0, len(sessions), size)
    for start in steps:
        await asyncio.sleep(drain_ms / 1000 / len(steps))
        for session in sessions[start : start + size]:
            session.end(RESTART)
    # Who was on the way in when the door closed.
    for session in house.sessions.keys() - set(sessions):
        session.end(RESTART)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(ANSWER_S):
            while house.sessions:
                await asyncio.sleep(LOOK_S)
