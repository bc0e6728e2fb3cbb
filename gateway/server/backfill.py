"""KPIs that are new or changed: the event log is read for them, beside everything else, before they are shown.

A fold of their own takes the log from its oldest row on, in a thread that leaves the interpreter to the loop for half
of the time. When it is close behind, no further group is written until it has the last one; then its state joins that
of the running engine. From there on the rows are those of a KPI that was there from the start.

A crash before that loses nothing: a snapshot holds no KPI that is filling, and so the next start begins anew.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Final

import structlog

from analytics import Changes
from gateway.core.catchup import catch_up
from gateway.core.fold import Fold
from gateway.server.house import House
from gateway.store import Keep

__all__ = ["Backfill"]

CLOSE_S: Final = 0.05
"""A lap over the log that takes no longer is the last but one: so long the acks of the next group may wait."""

MOST_LAPS: Final = 50
"""After so many it is the last but one in any case: events come in faster than they are read."""

WAITING_ROWS: Final = 20_000
"""Rows of history that may wait for the disk while the log is read."""

_log = structlog.get_logger("tidegate")


class Backfill:
    """One run at a time; a reload begins it anew. All calls come from the loop."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._task: asyncio.Task[None] | None = None
        # Set for the thread of a run that is not wanted any more.
        self._stopped = False
        self._closed = False

    def begin(self) -> None:
        """Fill what the fold says is to be filled; what a run under way has done is forgotten."""
        self._stopped = True
        if self._task is None and not self._closed and self._house.fold.filling:
            self._task = asyncio.create_task(self._run())
            self._task.add_done_callback(self._over)

    async def close(self) -> None:
        """Give up."""
        self._closed = self._stopped = True
        if self._task is not None:
            await asyncio.wait([self._task])

    def _over(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled() and task.exception() is not None:
            _log.critical("backfill_failed", exc_info=task.exception())

    async def _run(self) -> None:
        fold = self._house.fold
        while fold.filling and not self._closed:
            self._stopped = False
            started = time.monotonic()
            names = [spec.name for spec in fold.filling]
            aside = fold.beside()
            try:
                events = await self._fill(aside)
            except Exception as error:
                # They begin with what comes from now on: later than they should, and said so.
                _log.error("backfill_failed", kpis=names, reason=str(error))
                aside, events = fold.beside(), 0
                await self._join(aside, None)
            if not self._stopped:
                _log.info("kpis_filled", kpis=names, events=events, seconds=round(time.monotonic() - started, 3))

    async def _fill(self, aside: Fold) -> int:
        """Read the log and join; how many events it held."""
        position = events = 0
        for _ in range(MOST_LAPS):
            began = time.monotonic()
            position, read = await asyncio.to_thread(self._lap, aside, position, gently=True)
            events += read
            if self._stopped:
                return events
            if time.monotonic() - began <= CLOSE_S:
                break
        return events + await self._join(aside, position)

    async def _join(self, aside: Fold, position: int | None) -> int:
        """With no group under way: read the rest behind `position`, and let the state join that of the engine."""
        house, read = self._house, 0
        await house.ingest.rest()
        try:
            if position is not None and not self._stopped:
                _, read = await asyncio.to_thread(self._lap, aside, position, gently=False)
            if not self._stopped:
                # What changed before is said under the old set.
                house.publish(house.clock())
                house.ingest.adopt(aside.engine.snapshot())
                house.hub.replace(house.fold.specs)
        finally:
            house.ingest.go_on()
        return read

    def _lap(self, aside: Fold, position: int, *, gently: bool) -> tuple[int, int]:
        """Replay what the log has behind `position`; the position reached, and how many events it was. In a thread."""
        log, events = self._house.log, 0

        def payloads() -> Iterator[bytes]:
            nonlocal position
            for row in log.read(position):
                if self._stopped:
                    return
                position = row.position
                yield row.payload

        def keep(changes: Changes | None = None) -> None:
            if changes is not None:
                aside.chronicle.take(changes)
            for lines in aside.chronicle.hand_over():
                log.keep(Keep(*lines, self._house.ingest.steady(self._house.clock())))
            log.keep_pace(WAITING_ROWS)

        aside.spill(keep)
        began = time.monotonic()
        for folded in catch_up(aside, payloads()):
            events += folded
            keep()
            if gently:
                time.sleep(time.monotonic() - began)
            began = time.monotonic()
        return position, events
