"""Corrections of a final window by many events at once: those of one event at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import Engine, KpiSpec, Row
from analytics.aggregates import Trace
from analytics.corrections import Moments, correct_each
from analytics.grid import Grid
from analytics.measures.steps import Steps
from analytics.measures.tracker import Tracker
from analytics.publisher import Publisher
from tests.analytics.streams import STREAMS, TIMES, WINDOWS, Stream, Windows, batch, pieces

GAPS = st.sampled_from([300, 2_000, 9_000])


def board(window: Windows, delay: int, grace: int, gap: int) -> list[KpiSpec]:
    """What looks beyond its window, alone and with other aggregates, with keys that overflow and without."""
    values = {
        "n": "sessions(gap => '{}ms')",
        "seconds": "session_seconds(gap => '{}ms')",
        "bounces": "bounce_rate(gap => '{}ms')",
        "each": "session_seconds(gap => '{}ms') / count(*) + sum(price)",
        "two": "sessions(gap => '{}ms') - sessions(gap => '1h')",
        "back": "retention(event = 'view', event = 'buy', periods => 2)",
    }
    ms = max(gap * window.scale, 1)
    plain = KpiSpec("k", "count(*)", window.text, tz=window.tz, delay=window.ms(delay), grace=window.ms(grace))
    specs = [
        replace(plain, name=f"{name}{len(by)}", value=value.format(ms), by=by, max_keys=2)
        for name, value in values.items()
        for by in ((), ("country",))
    ]
    days = window.text.endswith("1d") and not window.text.startswith("cumulative")
    return [one for one in specs if days or not one.name.startswith("back")]


def exact(specs: list[KpiSpec], parts: list[Stream]) -> list[Row]:
    """All rows of a replay."""
    engine = Engine(specs, exact=True, memory_budget=1 << 40)
    rows: list[Row] = []
    for part in parts:
        engine.ingest(batch(part), 0)
        rows += engine.settled().rows
    return rows + engine.finish().rows


@settings(max_examples=max(settings().max_examples // 4, 10))
@given(STREAMS, WINDOWS, TIMES, st.sampled_from([0, 4_000, 30_000]), GAPS, st.lists(st.integers(0, 60), max_size=3))
def test_rows_are_those_of_one_event_at_a_time(
    stream: Stream, window: Windows, delay: int, grace: int, gap: int, cuts: list[int]
) -> None:
    """In values, revisions and order, whatever the batches."""
    stream = window.moved(stream)
    specs = board(window, delay, grace, gap)
    assert exact(specs, list(pieces(stream, cuts))) == exact(specs, [[one] for one in stream])


def test_moments_are_keys_after_events() -> None:
    """Several steps of one event are one moment; sums run on key by key."""
    keys, events = np.array([3, 1, 3, 3, 1]), np.array([10, 11, 12, 12, 15])
    moments = Moments.of_steps(keys, events)
    assert [column.tolist() for column in moments] == [[1, 3], [0, 0, 1, 1], [11, 15, 10, 12], [2, 0, 3, 3, 1]]
    counts, amounts = np.array([0, 0, 0, 1, 0]), np.array([5, 1, 7, 9, 2])
    steps = Steps(events, keys, keys, counts, amounts)
    assert moments.running(moments.steps, steps, 2).tolist() == [[1, 3, 5, 12], [0, 0, 0, 9]]


def test_nothing_is_done_where_it_is_not_known_what_was_said() -> None:
    """A window of which no row was written down is left to whoever looks at events one by one."""
    engine = Engine([KpiSpec("k", "sessions(gap => '1h')", "tumbling 1s", delay="0s", grace="1h")], exact=True)
    (grid,) = engine._grids
    assert isinstance(grid, Grid)
    publisher: Publisher = grid.publisher
    slot = grid.cells.pool.open(0)
    grid.cells.open_slot(slot, 0)
    (measure,) = grid.cells.aggregates.own.values()
    one = np.array([0])
    steps = Steps(one, one, one, one, one + 1)
    assert isinstance(measure, Tracker)
    assert not correct_each(publisher, [1], [Trace(measure, steps, np.ones(3, np.bool_))], 0)
    assert publisher.take() == []
