"""One life of the gateway's process: the real store, recovery, fold, ingest and sessions, driven from outside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from analytics import KpiSpec
from gateway.config import Config
from gateway.core.access import Access, Origins
from gateway.core.credit import CreditPool
from gateway.core.fold import Fold
from gateway.core.hub import Hub
from gateway.core.viewer import ViewerLimits
from gateway.server.enricher import Enricher
from gateway.server.frames import frame
from gateway.server.house import House
from gateway.server.ingest import Ingest
from gateway.server.metrics import Metrics
from gateway.server.recovery import recover
from gateway.server.session import Session
from gateway.server.turn import Turn
from gateway.store import EventLog, writer
from gateway.store.jobs import Stop
from gateway.wire import Limits
from tests.simulation.loop import Future, Loop
from tests.store.answers import TestDisk

__all__ = ["Node", "new_fold"]

LIMITS = Limits(262_144, 500, 16)
SPECS = KpiSpec.parse(
    """
[[kpi]]
name = "value_by_country"
value = "sum(value)"
by = ["country"]
window = "tumbling 60s"
grace = "1h"
"""
)
WRITE_KEY = "w_simulation"
METRICS = Metrics()


def new_fold() -> Fold:
    """An empty one."""
    return Fold(SPECS, LIMITS, 65_536, producers=1_000, uuids=10_000, memory_budget=512 << 20)


class Node:
    """Started in its constructor, as far as it gets.

    Raises:
        TidegateError: it did not start, as a process that ends with 74.
    """

    def __init__(
        self, folder: Path, loop: Loop, clock: Callable[[], int], room: TestDisk, snapshot_ms: int, **keep: int
    ) -> None:
        self.loop = loop
        self.failure: Exception | None = None
        self.drained: Future | None = None
        self.log = EventLog.open(folder, quarantine_rows=20, disk=room, **keep)  # type: ignore[arg-type]
        self.fold = new_fold()
        try:
            self.recovered = recover(self.log, self.fold, clock)
        except BaseException:
            self.close()
            raise
        pool = CreditPool(64 << 20)
        any_loop = cast(Any, loop)
        self.ingest = Ingest(any_loop, self.log, self.fold, pool, METRICS, clock, self._failed, snapshot_ms)
        self.ingest.turn = Turn(any_loop, loop.pace)
        self.house = House(
            node="n",
            epoch="e",
            access=Access((WRITE_KEY,), ("v",)),
            origins=Origins(("*",), ()),
            limits=LIMITS,
            heartbeat_ms=25_000,
            viewer_limits=ViewerLimits(5_000, 15_000, 262_144),
            pool=pool,
            fold=self.fold,
            ingest=self.ingest,
            enricher=Enricher(Config()),
            log=self.log,
            hub=Hub(SPECS, "e", frame, 10),
            metrics=METRICS,
            clock=clock,
            later=lambda seconds, callback: loop.call_later(seconds, callback),
        )

    @property
    def writer(self) -> writer.Writer:
        """Its thread, which takes its turns when the world says so."""
        return self.log._writer

    def _failed(self, error: Exception) -> None:
        self.failure = error

    def session(self, connection: Any) -> Session:
        """A new connection."""
        session = Session(self.house)
        session.opened(connection)
        return session

    def write(self) -> None:
        """A turn of the writer thread."""
        if self.writer.failure is None:
            self.writer.step(0)
        else:
            self.writer._refuse([], self.writer.failure)

    def tick(self, now: int) -> None:
        """What the ticker does."""
        self.ingest.refresh()
        self.house.publish(now)

    def drain(self) -> None:
        """What SIGTERM begins."""
        self.drained = self.loop.start(self.ingest.close())

    def close(self) -> None:
        """The end of the drain: the store finishes and closes."""
        self.writer.queue.put(Stop())
        while self.writer.failure is None and not (self.writer._stopping and self.writer._idle()):
            self.writer.step(0)
        if self.writer.failure is None:
            self.writer._close()
        self.log._lock.release()

    def vanish(self) -> None:
        """The process is gone. Its connection was made unable to do anything before."""
        self.log._lock.release()
        self.writer._connection.close()
