"""Rows of KPI history for tests: short to write, and kept for certain."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

from gateway.store import Asked, EventLog, Keep, Page
from tests.store.answers import DEADLINE_S

SERIES = 77
EVER = 1 << 60

Line = tuple[int, int, int, str, int, str]
"""(level, start, mark, dims, end, body)."""


def lines(rows: Sequence[Line], gone: Sequence[Line] = (), *, series: int = SERIES, now: int = 1) -> Keep:
    """A job of one series."""
    put = [[series, *row] for row in rows]
    taken = [[series, *row[:4]] for row in gone]
    return Keep({series: f"kpi {series}"}, json.dumps(put).encode(), json.dumps(taken).encode(), len(put + taken), now)


def line(
    start: int, body: str = "[1,1,0]", *, level: int = 0, dims: str = "{}", ms: int = 1_000, mark: int = 0
) -> Line:
    """A row of a window of `ms`."""
    return level, start, mark, dims, start + ms, body


def keep(log: EventLog, *jobs: Keep) -> None:
    """Keep rows, and wait until they are on disk."""
    due = log.kept.written + sum(job.number for job in jobs)
    for job in jobs:
        log.keep(job)
    until = time.monotonic() + DEADLINE_S
    while log.kept.written < due or log.kept.owes:
        assert time.monotonic() < until
        time.sleep(0.001)


def asked(
    *,
    series: int = SERIES,
    levels: Sequence[int] = (0, 1, 2),
    nested: bool = True,
    start: int = -EVER,
    end: int = EVER,
    longest: int | None = None,
    after: tuple[int, int] = (-EVER, 0),
    limit: int = 1_000,
) -> Asked:
    """A question that all rows of the series answer, but for what is given."""
    return Asked(series, levels, nested, start, end, longest, after, limit)


def told(page: Page) -> list[tuple[int, int, str, str]]:
    """Start, end, dims and body of each row, in order."""
    return sorted((row.start, row.end, row.dims.decode(), row.body.decode()) for row in page.rows)
