"""A KPI of each kind, events that fill them, and a board with a tile of each view."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.e2e.gateway_process import WRITE_KEY, GatewayProcess
from tests.e2e.kpifile import write_kpis

__all__ = ["BOARD", "at", "send", "write_set"]

DAY_MS = 86_400_000

KPIS: dict[str, dict[str, Any]] = {
    "orders": {"value": "count(*)", "where": "event = 'order'", "title": "Orders", "owner": "shop"},
    "turnover": {"value": "sum(value)", "where": "event = 'order'", "by": ["country"], "unit": "EUR"},
    "pages": {"value": 'top("$pathname", 5)'},
    "recent": {"value": "count(*)", "where": "event = 'order'", "window": "sliding 5m every 10s"},
    "by_second": {"value": "count(*)", "where": "event = 'tick'", "window": "tumbling 1s", "grace": "1s"},
    "checkout": {"value": "funnel(event = 'look', event = 'order', within => '1h')"},
    "comeback": {
        "value": "retention(event = 'look', event = 'look', periods => 2)",
        "window": "tumbling 1d",
        "grace": "2d",
    },
    "paint": {"value": "quantile(ms, 0.5)"},
    "paint_low": {"value": "quantile(ms, 0.1)"},
    "paint_high": {"value": "quantile(ms, 0.9)"},
    "visits": {"value": "count(*)", "window": "session 30m", "by": ["distinct_id"]},
}

BOARD = """
[[board]]
name = "kinds"
title = "All kinds"

[[board.tile]]
kpi = "orders"
view = "number"

[[board.tile]]
kpi = "recent"
view = "series"
title = "Orders lately"

[[board.tile]]
kpi = "turnover"
view = "bars"

[[board.tile]]
kpi = "checkout"

[[board.tile]]
kpi = "comeback"

[[board.tile]]
kpi = "pages"

[[board.tile]]
kpi = "paint"
low = "paint_low"
high = "paint_high"

[[board.tile]]
kpi = "visits"

[[board.tile]]
kpi = "nonesuch"
title = "Not there yet"
"""


def write_set(path: Path) -> Path:
    """The KPI file."""
    return write_kpis(path, KPIS)


def at(ms_ago: int) -> int:
    """Epoch milliseconds so long ago."""
    return time.time_ns() // 1_000_000 - ms_ago


def send(
    gateway: GatewayProcess, events: Iterable[tuple[str, str, dict[str, Any]]], timestamp: int | None = None
) -> None:
    """Post events (name, who, properties), all at one time (now unless given); each must be accepted."""
    when = at(0) if timestamp is None else timestamp
    batch = [
        {"event": event, "distinct_id": who, "timestamp": when, "properties": properties}
        for event, who, properties in events
    ]
    status, answer = gateway.post(json.dumps({"token": WRITE_KEY, "events": batch}).encode())
    assert (status, answer["verdicts"]) == (200, []), answer
