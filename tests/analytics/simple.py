"""One definition over a few events, all of them in one window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analytics import Batch, Engine, KpiSpec, Row

__all__ = ["rows_of", "values_of"]

FIXED = ("event", "distinct_id", "session_id")


def rows_of(value: str, events: Sequence[dict[str, Any]], window: str = "tumbling 1m", **more: Any) -> list[Row]:
    """The final rows of a KPI over events given by their properties; the fixed columns are taken out of those."""
    engine = Engine([KpiSpec(name="k", value=value, window=window, **more)])
    made = []
    for i, properties in enumerate(events):
        fixed: dict[str, Any] = {name: properties[name] for name in FIXED if name in properties}
        rest = {name: v for name, v in properties.items() if name not in fixed and name != "timestamp"}
        made.append({"timestamp": properties.get("timestamp", i), "properties": rest} | fixed)
    engine.ingest(Batch.from_events(made), 0)
    return engine.finish().rows


def values_of(value: str, events: Sequence[dict[str, Any]], **more: Any) -> list[Any]:
    """The values of `rows_of`."""
    return [row.value for row in rows_of(value, events, **more)]
