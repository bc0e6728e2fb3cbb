"""The beat of the server: advance the engine, publish what changed, bring it to the viewers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gateway.core.overload import LeastLag
from gateway.server.diskwatch import DiskWatch
from gateway.server.house import House
from gateway.server.ingest import Ingest
from gateway.server.memory import trim
from gateway.server.metrics import Metrics

__all__ = ["Ticker"]

RENDER_SHARE = 0.5
"""Share of a tick for large snapshots that viewers wait for."""

BUNCH = 16
"""Viewers between two looks at the time: in 0.1 to 0.2 ms."""

REFRESH_MS = 1_000

UNWATCHED_MS = 1_000
"""How often changes are published when no viewer is there: what reads rows by HTTP publishes for itself. When there is
too much, also when some are."""

LAG_MS = 1_000
"""Window of the least lag: what holds the loop for a moment is no overload."""

TRIM_FROM = 0.5
TRIM_MS = 5_000
"""Share of the memory cap from which on, and how often, the holes that a flood has left are given back."""


class Ticker:
    """Runs as one task, which its owner awaits.

    Args:
        house: what the sessions share.
        tick_ms: how often changes are published while someone looks.
        memory_cap: bytes that the process, its workers included, may hold.
    """

    def __init__(self, house: House, tick_ms: int, memory_cap: int) -> None:
        self._house = house
        self._ingest: Ingest = house.ingest
        self._metrics: Metrics = house.metrics
        self._clock: Callable[[], int] = house.clock
        self._tick_s = tick_ms / 1000
        self._memory_cap = memory_cap
        self._loop = asyncio.get_running_loop()
        self._share = house.ingest.turn
        self._refreshed = 0
        self._published = 0
        self._trimmed = 0
        self._lag = LeastLag(LAG_MS)
        self._disk = DiskWatch(house.disk, house.hub)
        # When the turn of the loop began that is under way, and the longest one of this tick.
        self._turn = 0.0
        self._longest = 0.0

    async def run(self) -> None:
        """Tick until cancelled. A tick that comes late is not made up for."""
        loop = self._loop
        due = loop.time() + self._tick_s
        while True:
            await asyncio.sleep(max(0.0, due - loop.time()))
            started = loop.time()
            self._lag.note(max(0.0, started - due) * 1_000, int(started * 1_000))
            longest = await self.tick()
            self._metrics.stalled(max(started - due, longest))
            self._metrics.ticked(loop.time() - started)
            due = max(due + self._tick_s, loop.time())

    async def tick(self) -> float:
        """One beat; the longest turn of the loop in it, in seconds, its own and those of others between its slices."""
        self._turn, self._longest = self._loop.time(), 0.0
        self._share.begin()
        now = self._clock()
        house = self._house
        pushed = None
        watched = house.hub.viewers and not self._ingest.shedding.kpis
        if watched or now - self._published >= UNWATCHED_MS:
            self._published = now
            waiting = self._metrics.stages.take_unpublished()
            pushed = waiting if house.hub.viewers else None
            for _ in house.publishing(now):
                if self._share.spent:
                    await self._breathe()
        if now - self._refreshed >= REFRESH_MS:
            self._refreshed = now
            self._ingest.memory = self._memory(now)
            self._ingest.lag_ms = self._lag.value
            self._ingest.refresh()
            self._disk.look()
            house.hub.outgoing.pressed = self._ingest.shedding.kpis
        await self._render(self._turn + self._tick_s * RENDER_SHARE)
        await self._fan_out()
        if pushed is not None:
            self._metrics.stages.pushed(pushed, self._clock())
        return max(self._longest, self._loop.time() - self._turn)

    def _memory(self, now: int) -> float:
        share = self._house.resident() / self._memory_cap
        if share >= TRIM_FROM and now - self._trimmed >= TRIM_MS:
            self._trimmed = now
            if trim():
                share = self._house.resident() / self._memory_cap
        return share

    async def _breathe(self) -> None:
        """Let the others have the loop, and a second turn when they have held the first for long."""
        for _ in range(2):
            await asyncio.sleep(0)
            self._share.begin()
            after = self._loop.time()
            # From one turn of ours to the next: what anybody else would have waited.
            self._longest = max(self._longest, after - self._turn)
            self._turn = after
            if not self._share.spent:
                return

    async def _render(self, until: float) -> None:
        """Make snapshots that viewers wait for, a piece in each turn."""
        while self._loop.time() < until and self._work():
            await self._breathe()

    def _work(self) -> bool:
        try:
            return self._house.hub.work()
        except Exception:
            if not self._house.is_misfit():
                raise
            return True

    async def _fan_out(self) -> None:
        """Flush every viewer, letting the loop breathe between slices."""
        now = self._clock()
        house, share = self._house, self._share
        viewers = list(house.hub.viewers)
        for start in range(0, len(viewers), BUNCH):
            house.flush(viewers[start : start + BUNCH], now)
            if share.spent:
                await self._breathe()
                now = self._clock()
