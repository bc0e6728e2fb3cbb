"""Cumulative windows: one pane for all that is closed of a day, finals of quiet steps, room."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from analytics import Batch, Changes, Engine, KpiSpec, Row, Snapshot

DAY, HOUR, MINUTE = 86_400_000, 3_600_000, 60_000


def spec(window: str = "cumulative 1d every 1m", **more: Any) -> KpiSpec:
    """A count."""
    return KpiSpec(**{"name": "n", "value": "count(*)", "window": window, "delay": "0s", "grace": "10m"} | more)


def ingest(engine: Engine, *times: int, source: str = "s", **properties: Any) -> list[Any]:
    """One batch of events at these times."""
    batch = Batch.from_events([{"event": "x", "timestamp": t, "properties": properties} for t in times], source)
    return engine.ingest(batch, 0)


def told(changes: Changes) -> list[tuple[Any, ...]]:
    """(start, end, value, kind, rev), times in minutes."""
    return [(r.start // MINUTE, r.end // MINUTE, r.value, r.kind, r.rev) for r in changes.rows]


def test_each_step_is_partial_then_final_and_a_late_event_corrects_all_later_ones() -> None:
    """A quiet step has its final row too; steps before the first event of the day have none."""
    engine = Engine([spec()])
    ingest(engine, 2 * MINUTE + 5)
    assert told(engine.advance(0)) == [(0, 3, 1, "partial", 0)]
    ingest(engine, 5 * MINUTE + 1)
    assert told(engine.advance(0)) == [
        (0, 3, 1, "final", 0),
        (0, 4, 1, "final", 0),
        (0, 5, 1, "final", 0),
        (0, 6, 2, "partial", 0),
    ]
    assert ingest(engine, 3 * MINUTE) == []
    assert told(engine.advance(0)) == [
        (0, 4, 2, "correction", 1),
        (0, 5, 2, "correction", 1),
        (0, 6, 3, "partial", 0),
    ]


def test_a_late_event_does_not_touch_what_is_closed() -> None:
    """It is counted in the steps within the grace and in those to come, not in those before."""
    engine = Engine([spec(grace="2m")])
    ingest(engine, 30, 5 * MINUTE)
    engine.advance(0)
    assert ingest(engine, 40) == []
    assert told(engine.advance(0)) == [
        (0, 4, 2, "correction", 1),
        (0, 5, 2, "correction", 1),
        (0, 6, 3, "partial", 0),
    ]
    assert [row.value for row in engine.rows("n", 0, DAY)] == [1, 1, 1, 2, 2, 3]


def test_a_new_day_starts_from_nothing_and_the_old_one_ends_with_all() -> None:
    """The last step of a day has all its events; after the grace the day is closed."""
    engine = Engine([spec("cumulative 1d every 1h")])
    ingest(engine, 5, 23 * HOUR + 5, DAY + 5)
    rows = engine.advance(0).rows
    assert [(r.start, r.end, r.value, r.kind) for r in rows[-2:]] == [
        (0, DAY, 2, "final"),
        (DAY, DAY + HOUR, 1, "partial"),
    ]
    assert ingest(engine, DAY - 1) == []
    assert [(r.end, r.value, r.kind) for r in engine.advance(0).rows] == [(DAY, 3, "correction")]
    ingest(engine, DAY + 10 * MINUTE)
    assert [verdict.outcome for verdict in ingest(engine, DAY - 1)] == ["drop"]


def test_a_day_takes_the_panes_of_delay_and_grace() -> None:
    """At the end of a day of one event a second there is one pane for all that is closed, and the total is right."""
    engine = Engine([spec(value="sum(x)")])
    for minute in range(1_440):
        ingest(engine, *range(minute * MINUTE, (minute + 1) * MINUTE, 6_000), x=0.1)
        engine.advance(0)
        assert engine.stats()["open_panes"] <= 12
    assert engine.stats()["closed_early"] == 0
    last = engine.finish().rows[-1]
    assert (last.start, last.end, last.value) == (0, DAY, 1_440.0)


def test_distinct_values_of_merged_panes_are_counted_once() -> None:
    """Users that come back all day are as many as they are, whether their panes were merged or not."""
    engine = Engine([spec("cumulative 1d every 1h", value="uniq(user)", by=("city",), grace="2h")])
    for hour in range(24):
        for user in range(hour, hour + 5):
            ingest(engine, hour * HOUR + user, user=f"u{user}", city="x")
        engine.advance(0)
    engine.finish()
    rows = engine.rows("n", 0, DAY)
    assert [(row.value, row.error) for row in rows] == [(hour + 5, None) for hour in range(24)]


# Every 10 s in order, with a pause of five hours; one in 1,300 is hours late.
DENSE = [i * 10_000 + (i > 2_000) * 5 * HOUR - (i % 1_300 == 1_299) * (4 * HOUR + 1) for i in range(6_800)]
# 180 an hour from 19:00 on, and one that is late for all of them.
SPARSE = [*range(19 * HOUR, DAY, 20_000), 19 * HOUR + 1]


@pytest.mark.parametrize("times", [DENSE, SPARSE], ids=["dense", "sparse"])
@pytest.mark.parametrize("size", [1, 77, 401])
def test_approximate_values_do_not_depend_on_batches(times: list[int], size: int) -> None:
    """When panes are merged follows from event time, so that estimates are the same for any split into batches."""
    kpi = spec("cumulative 1d every 1h", value="uniq(timestamp)", where="event = 'x'", grace="5h")
    events = [{"event": "x", "timestamp": t} for t in times]
    # Then the watermark alone goes on.
    events += [{"event": "tick", "timestamp": DAY + minute * MINUTE} for minute in range(0, 400, 5)]
    ends = []
    for n in (len(events), size):
        engine = Engine([kpi])
        for start in range(0, len(events), n):
            assert engine.ingest(Batch.from_events(events[start : start + n]), 0) == []
        ends.append((engine.advance(0).rows, engine.snapshot().to_bytes(), engine.finish().rows))
    assert ends[0] == ends[1]
    rows = ends[0][0]
    assert {row.kind for row in rows} == {"final", "correction"}
    assert any(row.error for row in rows)


def test_a_source_a_day_ahead_does_not_make_every_step_partial() -> None:
    """Open steps are shown up to a bound, the others when their time comes; values are right in the end."""
    engine = Engine([spec()])
    ingest(engine, 5, source="slow")
    ingest(engine, 6, 20 * HOUR, source="fast")
    (panes,) = {grid.plan.panes for grid in engine._grids}
    shown = engine.advance(0).rows
    assert 0 < len(shown) <= panes
    ingest(engine, 19 * HOUR, source="slow")
    ends = {row.end: row.value for row in engine.advance(0).rows if row.kind == "final"}
    assert ends == dict.fromkeys(range(MINUTE, 19 * HOUR + 1, MINUTE), 2)
    assert engine.advance(0).rows == []


def test_a_held_event_is_shown_once_there_is_a_watermark() -> None:
    """A held event moves no watermark, and which step closes next is not known without one."""
    engine = Engine([spec()])
    batch = Batch.from_events([{"timestamp": 30 * MINUTE}])
    batch.holds = batch.timestamp == batch.timestamp
    engine.ingest(batch, 0)
    assert told(engine.advance(0)) == []
    ingest(engine, 30 * MINUTE)
    assert told(engine.advance(0)) == [(0, 31, 2, "partial", 0)]


def test_a_full_pool_merges_its_oldest_panes_and_says_so() -> None:
    """A source far ahead opens more panes than there are: the oldest steps are closed early, and nothing is lost."""
    engine = Engine([spec(grace="0s")])
    ingest(engine, 30, source="slow")
    for minute in range(600):
        assert ingest(engine, minute * MINUTE + 1, source="fast") == []
    assert engine.stats()["closed_early"] > 100
    rows = engine.finish().rows
    assert [(row.end, row.value) for row in rows if row.kind == "final"][-1] == (DAY, 601)
    finals = [row.end for row in rows if row.kind == "final"]
    assert finals == list(range(MINUTE, DAY + 1, MINUTE))


def test_the_last_steps_and_the_days_are_kept() -> None:
    """Of ten-second steps the last hour is kept, before it one a minute."""
    engine = Engine([spec("cumulative 1d every 10s", grace="1m")])
    for minute in range(120):
        ingest(engine, *range(minute * MINUTE, (minute + 1) * MINUTE, 10_000))
        engine.advance(0)
    ends = [row.end for row in engine.rows("n", 0, DAY)]
    assert ends == sorted(set(ends))
    assert {b - a for a, b in pairwise(ends)} == {10_000, MINUTE}
    assert ends[0] == MINUTE
    assert [row.value for row in engine.rows("n", 0, DAY)] == [end // 10_000 for end in ends]
    assert next(row.end for row in engine.rows("n", 90 * MINUTE, 91 * MINUTE)) == 90 * MINUTE + 10_000


def test_a_restored_day_goes_on() -> None:
    """The pane of all that is closed is in the snapshot; rows, history and bytes go on as if nothing had happened."""
    kpis = [spec(by=("city",), tz="Europe/Berlin"), spec(name="u", value="uniq(timestamp)", tz="Europe/Berlin")]
    engine = Engine(kpis)
    for minute in range(40):
        ingest(engine, minute * MINUTE, minute * MINUTE + 7, city=f"c{minute % 3}")
    data = engine.snapshot().to_bytes()
    copy = Engine.restore(kpis, Snapshot.from_bytes(data))
    assert copy.snapshot().to_bytes() == data
    for each in (engine, copy):
        assert ingest(each, 5, 41 * MINUTE, city="c9") == []
    assert copy.advance(0) == engine.advance(0)
    assert copy.finish() == engine.finish()
    assert copy.rows("n", 0, DAY) == engine.rows("n", 0, DAY)


VALUES = {
    "quantile": "quantile(price, 0.9)",
    "funnel": "funnel(event = 'a', event = 'b', event = 'c', within => '10s')",
    "top": "top(page, 3)",
    "users": "uniq(distinct_id)",
    "mean": "avg(price)",
    "low": "min(price)",
}


def test_the_last_step_of_a_period_is_the_tumbling_window() -> None:
    """Whatever the measure, merged panes hold what single ones held, for any batches and across restarts."""
    stream = []
    for i in range(900):
        time = max(i * 70 - (i * 37 % 4_000 if i % 7 == 0 else 0), 0)
        properties = {"price": i * 31 % 97, "page": f"/{i * i % 9}"}
        who = {"event": "abc"[i * 5 % 7 % 3], "distinct_id": f"d{i % 60}"}
        stream.append({"timestamp": time, "properties": properties} | who)

    def run(window: str, size: int, restart: bool = False) -> list[Row]:
        kpis = [spec(window, name=name, value=value, delay="1s", grace="5s") for name, value in VALUES.items()]
        engine = Engine(kpis)
        for start in range(0, len(stream), size):
            assert engine.ingest(Batch.from_events(stream[start : start + size]), 0) == []
            if restart:
                engine = Engine.restore(kpis, Snapshot.from_bytes(engine.snapshot().to_bytes()))
        return engine.advance(0).rows + engine.finish().rows

    rows = run("cumulative 30s every 2s", 900)
    assert run("cumulative 30s every 2s", 13) == rows
    assert run("cumulative 30s every 2s", 101, restart=True) == rows
    whole = {(row.kpi, row.start): row.value for row in run("tumbling 30s", 900)}
    assert {(row.kpi, row.start): row.value for row in rows if row.end - row.start == 30_000} == whole
    assert len(whole) == 3 * len(VALUES)
