"""Events as rows of DuckDB."""

from __future__ import annotations

import duckdb
import numpy as np

from analytics import Batch
from gateway.audit.table import EventTable
from gateway.audit.terms import Columns


def test_values_are_kept_with_their_kind() -> None:
    """Numbers of a text are none, whole floats are integers, and what is nested is its text."""
    columns = Columns()
    columns.term("x")
    values = [7, 7.0, "7", True, None, 0.1, {"a": 1}, float("nan"), 2**53 + 1, "\ud800"]
    with duckdb.connect() as database:
        table = EventTable(database, columns, delay=0)
        table.add(Batch.from_events([{"event": "e", "timestamp": 1, "properties": {"x": v}} for v in values]), 0)
        table.close()
        rows = database.execute("SELECT c0_kind, c0_text, c0_number FROM events ORDER BY n").fetchall()
    assert rows == [
        (2, "7", 7.0),
        (2, "7", 7.0),
        (3, "7", None),
        (1, "true", None),
        (0, None, None),
        (2, "0.1", 0.1),
        (3, '{"a":1}', None),
        (0, None, None),
        (2, "9007199254740993", float(2**53)),
        (3, "?", None),
    ]


def test_events_have_the_watermark_that_they_met_and_skipped_ones_are_left_out() -> None:
    """The largest time before them less the delay; numbers count what was skipped."""
    columns = Columns()
    with duckdb.connect() as database:
        table = EventTable(database, columns, delay=3)
        batch = Batch.from_events([{"event": "e", "timestamp": t} for t in (10, 20, 99, 15)])
        batch.skip = np.array([False, False, True, False])
        table.add(batch, 0)
        table.add(Batch.from_events([{"event": "e", "timestamp": 30}]), 0)
        table.close()
        rows = database.execute("SELECT n, t, mark FROM events ORDER BY n").fetchall()
    assert [row[:2] for row in rows] == [(0, 10), (1, 20), (3, 15), (4, 30)]
    assert rows[0][2] < 0
    assert [row[2] for row in rows[1:]] == [7, 17, 17]


def test_a_column_that_no_event_has_is_null() -> None:
    """As a property that is missing."""
    columns = Columns()
    columns.term("x")
    with duckdb.connect() as database:
        table = EventTable(database, columns, delay=0)
        table.add(Batch.from_events([{"event": "e", "timestamp": 10}]), 0)
        table.close()
        assert database.execute("SELECT c0_kind, c0_text FROM events").fetchall() == [(0, None)]
