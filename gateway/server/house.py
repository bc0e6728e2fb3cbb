"""What all sessions of one server share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import structlog

from analytics import Changes, Row
from gateway.core.access import Access, Origins
from gateway.core.credit import CreditPool
from gateway.core.fold import Fold
from gateway.core.foreign import MOST_CHARS, Foreigners
from gateway.core.hub import Hub
from gateway.core.viewer import ViewerLimits, ViewerSession
from gateway.server.enricher import Enricher
from gateway.server.ingest import Ingest
from gateway.server.memory import resident_bytes
from gateway.server.metrics import Metrics
from gateway.server.misfits import Misfits
from gateway.server.refusal import Refusal
from gateway.store import DiskFullError, EventLog
from gateway.wire.replies import Limits

if TYPE_CHECKING:
    from gateway.server.session import Session

__all__ = ["House"]

_log = structlog.get_logger("tidegate")

WAITING_ROWS: Final = 20_000
"""Rows of windows that are over, from which on they do not wait for the next second to be handed to the store."""


@dataclass(slots=True)
class House:
    """The parts of a running server, by name: a session holds one reference."""

    node: str
    epoch: str
    access: Access
    origins: Origins
    limits: Limits
    heartbeat_ms: int
    viewer_limits: ViewerLimits
    pool: CreditPool
    fold: Fold
    ingest: Ingest
    log: EventLog
    hub: Hub
    metrics: Metrics
    clock: Callable[[], int]
    later: Callable[[float, Callable[[], None]], object]
    enricher: Enricher
    message_rate: int = 50
    misfits: Misfits = field(default_factory=Misfits)
    # Pages that may not send.
    foreign: Foreigners = field(default_factory=Foreigners)
    # The row that a snapshot was given last; when its maker fails, that one may be the reason.
    handed: Row | None = None
    sessions: dict[Session, None] = field(default_factory=dict)
    numbers: int = 0
    # Of the files `kpis` and `boards`, those whose present content does not run.
    refused: dict[str, Refusal] = field(default_factory=dict)
    # Of all processes: resident memory in bytes, and how each worker stands.
    resident: Callable[[], int] = resident_bytes
    workers: Callable[[], list[dict[str, Any]]] = list

    def __post_init__(self) -> None:
        self.fold.spill(self.spilled)

    def lets_in(self, origin: str | None) -> bool:
        """Whether a page of this origin may open a socket or post. One that may not is remembered for operators."""
        return self.origins.lets_in(origin, self.turn_away)

    def turn_away(self, origin: str) -> None:
        """Remember a page that may not send, here or at a worker."""
        if self.foreign.refuse(origin, self.clock()):
            _log.warning("origin_refused", origin=origin[:MOST_CHARS], hint="see allowed_origins")

    def publish(self, now: int) -> None:
        """Bring the engine up to date and its changes to the topics; viewers get them with their next flush."""
        for _ in self.publishing(now):
            pass

    def publishing(self, now: int) -> Iterator[None]:
        """The same in steps, for each set of windows that are kept together; anything else may happen in between.

        Rows that cannot be encoded are left out. Topics that had their step before such a row was met get it again.
        """
        if self.hub.tail is not None:
            self.hub.tail.publish(now)
        # No further than to the receipt of what is under way: after a restart nobody knows when there was a tick.
        waiting = self.ingest.waiting_since
        for changes in self.fold.advancing(now if waiting is None else min(now, waiting)):
            self._publish(changes)
            yield

    def spilled(self, changes: Changes) -> None:
        """Publish rows that cannot wait for the next tick; the store takes them when they are many."""
        self.fold.chronicle.take(changes)
        self._publish(changes)
        if len(self.fold.chronicle) > WAITING_ROWS:
            self.ingest.keep()

    def _publish(self, changes: Changes) -> None:
        try:
            self.hub.publish(changes)
        except Exception:
            fitting = self.misfits.without(changes.rows)
            if len(fitting) == len(changes.rows):
                raise
            self.hub.publish(replace(changes, rows=fitting))

    def rows(self, kpi: str, start_ms: int, end_ms: int) -> Iterator[Row]:
        """Rows of a KPI as they are asked for, from the engine of now: a reload puts another in its place."""
        if any(spec.name == kpi for spec in self.fold.filling):
            return
        for row in self.fold.engine.each_row(kpi, start_ms, end_ms):
            self.handed = row
            yield row
        self.handed = None

    def disk(self) -> dict[str, int | bool]:
        """How the disk of the data folder stands, as `Space.standing` says it.

        It is `full`, too, while what waits is larger than the room above the mark: nothing is taken then, either.
        """
        there = self.log.space.standing()
        return there | {"full": there["full"] or isinstance(self.ingest.refusal, DiskFullError)}

    def is_misfit(self) -> bool:
        """Whether what has just failed did so on a row that cannot be encoded. A snapshot goes on behind that row."""
        row, self.handed = self.handed, None
        return row is not None and self.misfits.is_one(row)

    def flush(self, viewers: Iterable[ViewerSession], now: int) -> None:
        """Send viewers what is due; see those out that are too slow.

        When a row stands in the way of one, its subscriptions begin anew with a snapshot: frames may have been lost.
        """
        for viewer in viewers:
            try:
                keeps_up = viewer.flush(now)
            except Exception:
                if not self.is_misfit():
                    raise
                for id_ in viewer.subscriptions:
                    viewer.resync(id_)
                continue
            if not keeps_up:
                self.hub.evict(viewer, now)
