"""Which session an event belongs to, where there is a choice or no room."""

from __future__ import annotations

from analytics import Engine, KpiSpec
from tests.analytics.sessions.test_grid import a_kpi, events, told


def test_an_event_in_time_that_would_touch_a_closed_session_starts_a_new_one() -> None:
    """Without grace a session closes at its end; an event exactly there is not late, and not part of it."""
    engine = Engine([a_kpi("count(*)", 5_000, 0, 0)])
    engine.ingest(events(("a", 0), ("b", 5_000)), 0)
    assert engine.ingest(events(("a", 5_000)), 0) == []
    rows = told(engine.finish().rows)
    assert [(row[0], row[3], row[4]) for row in rows if row[2][1] == "a"] == [(0, 1, "final"), (5_000, 1, "final")]


def test_too_many_sessions_close_the_oldest_early_and_say_so() -> None:
    """Every event is counted in a session; those that would have ended first are final early."""
    engine = Engine([KpiSpec(name="k", value="count(*)", window="session 1m", max_keys=10)])
    for start in (0, 50):
        assert engine.ingest(events(*((f"u{i}", i) for i in range(start, start + 50))), 0) == []
    assert engine.stats()["closed_early"] == 90
    assert engine.stats()["open_sessions"] == 10
    rows = [row for row in engine.finish().rows if row.kind == "final"]
    assert sorted((row.dims["distinct_id"], row.value) for row in rows) == sorted((f"u{i}", 1) for i in range(100))


def test_one_batch_may_open_more_sessions_than_there_is_room_for() -> None:
    """It is halved until its new sessions fit, and every event counts."""
    engine = Engine([KpiSpec(name="k", value="count(*)", window="session 1m", delay="1h", max_keys=10)])
    assert engine.ingest(events(*((f"u{i % 80}", i) for i in range(160))), 0) == []
    rows = [row for row in engine.finish().rows if row.kind == "final"]
    assert sum(row.value for row in rows) == 160
    assert engine.stats()["closed_early"] == 150
