"""What must come out of a run, by brute force from all that the clients had to say."""

from __future__ import annotations

from typing import Any

from analytics import Batch
from gateway.core.fold import Fold
from tests.simulation.options import NOW

__all__ = ["Expected", "rows_of"]

Rows = dict[tuple[Any, ...], Any]
"""(dims.., start) -> value."""


class Expected:
    """`rows` of the KPI; how many events count, how many are rejected, how many repeat another."""

    def __init__(self, said: list[list[list[dict[str, Any]]]]) -> None:
        events = [event for batches in said for batch in batches for event in batch]
        good = [event for event in events if event["event"] == "purchase"]
        once = list({event.get("uuid", id(event)): event for event in good}.values())
        self.accepted, self.rejected = len(once), len(events) - len(good)
        self.duplicate = len(good) - len(once)
        self.rows: Rows = {}
        for event in once:
            key = (event["properties"]["country"], event["timestamp"] // 60_000 * 60_000)
            self.rows[key] = self.rows.get(key, 0) + event["properties"]["value"]


def rows_of(fold: Fold, now: int) -> Rows:
    """The rows of an engine, when `now` is so late that every source is idle but one, whose event closes all."""
    engine = fold.engine
    engine.ingest(Batch.from_events([{"event": "end", "timestamp": NOW + 120_000}], "end"), now)
    engine.advance(now)
    return {
        (*row.dims.values(), row.start): row.value
        for row in engine.rows("value_by_country", 0, NOW + 60_000)
        if row.kind in ("final", "correction")
    }
