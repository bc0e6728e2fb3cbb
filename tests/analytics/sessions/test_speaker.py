"""What sessions say: rows in order, only what changed, and what was taken back."""

from __future__ import annotations

from typing import Any

from analytics import Batch, Engine, KpiSpec

GAP = 3_000


def engine(value: str = "count(*)", **more: Any) -> Engine:
    """One KPI of sessions of users."""
    return Engine([KpiSpec(name="k", value=value, window="session 3s", **({"delay": "0s", "grace": "1m"} | more))])


def send(to: Engine, *events: tuple[str, int], **properties: Any) -> list[Any]:
    """Ingest events of users at times and return the changed rows."""
    made = [{"event": "x", "distinct_id": u, "timestamp": t, "properties": properties} for u, t in events]
    to.ingest(Batch.from_events(made), 0)
    return told(to.advance(0).rows)


def told(rows: Any) -> list[Any]:
    """Rows without the name of their KPI."""
    return [(row.dims["distinct_id"], row.start, row.end, row.value, row.kind, row.rev) for row in rows]


def test_rows_come_by_end_and_dims() -> None:
    """Also when they became final in one batch."""
    rows = send(engine(), ("b", 0), ("a", 0), ("c", 1), ("d", 9_000))
    assert rows == [
        ("a", 0, 3_000, 1, "final", 0),
        ("b", 0, 3_000, 1, "final", 0),
        ("c", 1, 3_001, 1, "final", 0),
        ("d", 9_000, 12_000, 1, "partial", 0),
    ]


def test_what_stays_the_same_is_not_said_again() -> None:
    """A late event that changes neither value nor end makes no correction."""
    one = engine("uniq(distinct_id)")
    send(one, ("a", 0), ("a", 2_000), ("b", 9_000))
    assert send(one, ("a", 1_000)) == []
    assert send(one, ("a", 4_000)) == [("a", 0, 7_000, 1, "correction", 1)]


def test_a_moved_start_takes_its_row_back() -> None:
    """The old start is retracted with a null, and the session is final under the new one."""
    one = engine()
    send(one, ("a", 5_000), ("b", 20_000))
    assert send(one, ("a", 3_000)) == [("a", 5_000, 8_000, None, "retract", 1), ("a", 3_000, 8_000, 2, "final", 0)]
    assert [row.start for row in one.rows("k", 0, 9_000)] == [3_000]


def test_a_bridge_takes_the_newer_row_back() -> None:
    """Two final sessions become one: the older row is corrected, the newer one retracted."""
    one = engine()
    send(one, ("a", 0), ("a", 6_000), ("b", 20_000))
    assert send(one, ("a", 3_000)) == [
        ("a", 6_000, 9_000, None, "retract", 1),
        ("a", 0, 9_000, 3, "correction", 1),
    ]
    assert told(one.rows("k", 0, 10_000)) == [("a", 0, 9_000, 3, "correction", 1)]


def test_lists_and_errors_are_said_too() -> None:
    """A top list is an object in the row; rate() is over the session's own length."""
    assert send(engine("top(page, 1)"), ("a", 0), page="/")[0][3] == {"items": [["/", 1]]}
    assert send(engine("rate()"), ("a", 0), ("a", 1_000), ("b", 0)) == [
        ("b", 0, 3_000, 1 / 3, "partial", 0),
        ("a", 0, 4_000, 0.5, "partial", 0),
    ]


def test_closed_sessions_can_be_asked_for() -> None:
    """Rows of closed and of open sessions, by start and dims, within a half-open span."""
    one = engine(grace="0s")
    send(one, ("b", 0), ("a", 0), ("a", 50_000))
    assert told(one.rows("k", 0, 60_000)) == [
        ("a", 0, 3_000, 1, "final", 0),
        ("b", 0, 3_000, 1, "final", 0),
        ("a", 50_000, 53_000, 1, "partial", 0),
    ]
    assert one.rows("k", 3_000, 50_000) == []
