"""Rows that cannot be encoded are found, counted, and logged once for each KPI."""

from __future__ import annotations

from structlog.testing import capture_logs

from analytics import Row
from gateway.server.misfits import Misfits


def row(kpi: str, value: object) -> Row:
    return Row(kpi, {}, 0, 1_000, value, "partial", 0)


def test_what_can_be_encoded_stays() -> None:
    """In order; the others are counted by KPI each time, and logged the first time."""
    misfits = Misfits()
    rows = [row("a", 1), row("a", object()), row("b", 10**30), row("a", 2.5), row("a", {1: object()})]
    with capture_logs() as logs:
        assert misfits.without(rows) == [rows[0], rows[3]]
        assert misfits.without(rows[:2]) == [rows[0]]
    assert misfits.counts == {"a": 3, "b": 1}
    assert [(log["event"], log["kpi"]) for log in logs] == [("row_unencodable", "a"), ("row_unencodable", "b")]
