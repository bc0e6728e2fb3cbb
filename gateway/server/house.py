"""What all sessions of one server share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from analytics import Row
from gateway.core.access import Access, Origins
from gateway.core.credit import CreditPool
from gateway.core.fold import Fold
from gateway.core.hub import Hub
from gateway.core.viewer import ViewerLimits
from gateway.server.ingest import Ingest
from gateway.server.metrics import Metrics
from gateway.wire.replies import Limits

if TYPE_CHECKING:
    from gateway.server.session import Session

__all__ = ["House"]


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
    hub: Hub
    metrics: Metrics
    clock: Callable[[], int]
    later: Callable[[float, Callable[[], None]], object]
    sessions: dict[Session, None] = field(default_factory=dict)
    numbers: int = 0

    def publish(self, now: int) -> None:
        """Bring the engine up to date and its changes to the topics; viewers get them with their next flush."""
        self.hub.publish(self.fold.engine.advance(now))

    def rows(self, kpi: str, start_ms: int, end_ms: int) -> Iterator[Row]:
        """Rows of a KPI as they are asked for, from the engine of now: a reload puts another in its place."""
        return self.fold.engine.each_row(kpi, start_ms, end_ms)
