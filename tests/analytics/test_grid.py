"""A grid against the model: lateness, finals, corrections, batch splits, order of arrival."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analytics import Engine, KpiSpec, Snapshot
from analytics.grid import Grid
from tests.analytics.invariants import assert_split_changes_nothing
from tests.analytics.model import VALUES, Model, same
from tests.analytics.streams import (
    KINDS,
    STREAMS,
    TIMES,
    WINDOWS,
    Stream,
    Windows,
    batch,
    key_of,
    pieces,
    settled,
    views,
)

CUTS = st.lists(st.integers(0, 60), max_size=6)
# The window at 0 is corrected when it closes: behind the final of a later one, or before it if the stream is cut.
CORRECTED = views(
    *[(0, "s1")] * 7, (700, "s1"), (3_800, "s2"), (0, "s1"), (1_700, "s1"), (0, "s1"), (2_800, "s1"), (0, "s1")
)
# A sum that is beyond the whole numbers among floats at first, and a float when it is said anew.
LARGE_AT_FIRST = [
    (dict(event, properties=dict(event["properties"], price=price)), source)
    for (event, source), price in zip(
        views((0, "s3"), (5_000, "s1"), (0, "s1"), (0, "s1"), (5_000, "s3")),
        [None, None, 2**53 + 1, 0.1, None],
        strict=True,
    )
]
OF_700_MS, OF_5_S = (next(kind for kind in KINDS if kind.text == f"tumbling {size}") for size in ("700ms", "5s"))


def sort_key(row: tuple[Any, ...]) -> Any:
    return (row[1], row[5], repr(row[2]))


def assert_rows(found: list[tuple[Any, ...]], expected: list[tuple[Any, ...]]) -> None:
    """Equal as sets of rows, a null equal to a NaN of the model."""
    found, expected = sorted(found, key=sort_key), sorted(expected, key=sort_key)
    assert [(*row[:3], *row[4:]) for row in found] == [(*row[:3], *row[4:]) for row in expected]
    for got, want in zip(found, expected, strict=True):
        assert same(got[3], want[3]) or abs(got[3] - want[3]) <= 1e-12 * abs(want[3]), (got, want)


@given(STREAMS, CUTS, WINDOWS, TIMES, TIMES, st.sampled_from(sorted(VALUES)), st.sampled_from([None, "country"]))
def test_rows_equal_the_model(
    stream: Stream, cuts: list[int], window: Windows, delay: int, grace: int, value: str, by: str | None
) -> None:
    """For any stream, finals, corrections, partials and late events are those of the event-by-event model."""
    stream, scale = window.moved(stream), window.scale
    spec = KpiSpec(name="k", value=value, window=window.text, tz=window.tz, by=(by,) if by else ())
    # Few keys: with a thousand there are too few panes for every open step of a source far ahead to be shown.
    spec = replace(spec, max_keys=10)
    spec = replace(spec, delay=window.ms(delay), grace=window.ms(grace))
    engine = Engine([spec])
    model = Model(VALUES[value], window.spans, delay * scale, grace * scale, by)
    late, at = [], 0
    partial: dict[Any, Any] = {}
    for piece in pieces(stream, cuts):
        late += [at + verdict.index for verdict in engine.ingest(batch(piece), 0)]
        at += len(piece)
        for event, source in piece:
            model.add(event, source)
        rows = engine.advance(0).rows
        assert_rows(settled(rows), model.advance())
        partial |= {(row.start, row.end, key_of(row)): row.value for row in rows if row.kind == "partial"}
        assert engine.watermark() == model.watermark
    assert late == model.late
    newest = max(event["timestamp"] for event, _ in stream)
    boundary = min(end for _, end in window.spans(newest))
    for span, expected in model.open().items():
        if span[1] <= boundary:
            assert same(partial[span], expected) or abs(partial[span] - expected) <= 1e-12 * abs(expected)
    assert_rows(settled(engine.finish().rows), model.finish())


@given(STREAMS, CUTS, CUTS, WINDOWS, TIMES, TIMES)
@example(CORRECTED, [], [11], OF_700_MS, 0, 1_000)
def test_a_batch_split_changes_nothing(
    stream: Stream, cuts: list[int], others: list[int], window: Windows, delay: int, grace: int
) -> None:
    """However a stream is cut into batches, the rows of the next advance are the same, and so is the state."""
    specs, stream = board(window, delay, grace), window.moved(stream)
    assert_split_changes_nothing(specs, stream, cuts, others)


@given(STREAMS, CUTS, WINDOWS, TIMES, TIMES, st.booleans())
@example(LARGE_AT_FIRST, [3, 4], OF_5_S, 0, 0, True)
def test_a_restart_at_any_event_changes_nothing(
    stream: Stream, cuts: list[int], window: Windows, delay: int, grace: int, published: bool
) -> None:
    """An engine that is restored after every batch has the state and the rows of one that never stopped."""
    specs, stream = board(window, delay, grace), window.moved(stream)
    steady, restarted = Engine(specs), Engine(specs)
    for piece in pieces(stream, cuts):
        assert restarted.ingest(batch(piece), 0) == steady.ingest(batch(piece), 0)
        if published:
            assert restarted.advance(0) == steady.advance(0)
        state = restarted.snapshot().to_bytes()
        assert state == steady.snapshot().to_bytes()
        restarted = Engine.restore(specs, Snapshot.from_bytes(state))
        assert restarted.snapshot().to_bytes() == state
    assert restarted.finish() == steady.finish()
    for spec in specs:
        assert restarted.rows(spec.name, -(1 << 50), 1 << 50) == steady.rows(spec.name, -(1 << 50), 1 << 50)


@given(STREAMS, st.randoms(use_true_random=False), WINDOWS)
def test_any_order_within_delay_and_grace_ends_in_the_same_rows(stream: Stream, random: Any, window: Windows) -> None:
    """Nothing is late while the disorder is within delay + grace, and the last row of each window is the same."""
    specs, stream = board(window, 8_000, 40_000, max_keys=10), window.moved(stream)
    shuffled = list(stream)
    random.shuffle(shuffled)
    ends = []
    for order in (stream, shuffled):
        engine = Engine(specs)
        last: dict[Any, Any] = {}
        for piece in pieces(order, [7, 20, 33]):
            assert engine.ingest(batch(piece), 0) == []
            last |= {(r.kpi, r.start, r.end, key_of(r)): r.value for r in engine.advance(0).rows}
        last |= {(r.kpi, r.start, r.end, key_of(r)): r.value for r in engine.finish().rows}
        ends.append(last)
    assert ends[0] == ends[1]


@given(STREAMS, CUTS, TIMES, TIMES)
def test_every_event_is_counted_once_or_late(stream: Stream, cuts: list[int], delay: int, grace: int) -> None:
    """Tumbling counts of all keys plus dropped events are the events that came."""
    spec = KpiSpec(
        name="n", value="count(*)", window="tumbling 5s", delay=f"{delay}ms", grace=f"{grace}ms", by=("country",)
    )
    engine = Engine([spec])
    counts: dict[Any, int] = {}
    for piece in pieces(stream, cuts):
        engine.ingest(batch(piece), 0)
        counts |= {(row.start, key_of(row)): row.value for row in engine.advance(0).rows}
    counts |= {(row.start, key_of(row)): row.value for row in engine.finish().rows}
    assert sum(counts.values()) + engine.stats()["late"] == len(stream)


@given(STREAMS, CUTS, WINDOWS)
def test_each_window_has_exactly_one_final(stream: Stream, cuts: list[int], window: Windows) -> None:
    """Per (kpi, dims, start, end) there is one final, of revision 0, and corrections count up from it."""
    engine, stream = Engine(board(window, 1_000, 8_000)), window.moved(stream)
    rows = []
    for piece in pieces(stream, cuts):
        engine.ingest(batch(piece), 0)
        rows += engine.advance(0).rows
    rows += engine.finish().rows
    seen: dict[Any, list[Any]] = {}
    for row in rows:
        if row.kind != "partial":
            seen.setdefault((row.kpi, row.start, row.end, key_of(row)), []).append((row.kind, row.rev))
    for history in seen.values():
        assert history == [("final" if i == 0 else "correction", i) for i in range(len(history))]


def board(window: Windows, delay: int, grace: int, max_keys: int = 3) -> list[KpiSpec]:
    """Every value of the model, half of them with a dimension and a condition."""
    specs = []
    for i, value in enumerate(sorted(VALUES)):
        spec = KpiSpec(name=f"k{i}", value=value, window=window.text, tz=window.tz)
        spec = replace(spec, delay=window.ms(delay), grace=window.ms(grace))
        if i % 2:
            spec = replace(spec, by=("country",), where="event = 'buy' OR price > 0", max_keys=max_keys)
        specs.append(spec)
    return specs


def ingest(engine: Engine, *times: int, held: bool = False) -> list[Any]:
    """One batch of events at these times."""
    made = batch([({"event": "x", "timestamp": time, "properties": {}}, "s") for time in times])
    made.holds = made.timestamp != made.timestamp if not held else made.timestamp == made.timestamp
    return engine.ingest(made, 0)


def test_a_closed_window_takes_nothing_from_a_pane_it_shares() -> None:
    """Within one batch a final window gets an event, closes, and is not touched by a later one for its neighbour."""
    spec = KpiSpec(name="n", value="count(*)", window="sliding 10s every 5s", delay="0s", grace="2s")
    engine = Engine([spec])
    assert ingest(engine, 11_000, 7_000, 13_000, 8_000) == []
    rows = [(r.start, r.value, r.kind) for r in engine.finish().rows]
    assert rows == [(0, 1, "final"), (5_000, 4, "final"), (10_000, 2, "final")]


def test_a_window_that_ends_at_the_watermark_is_final() -> None:
    """Final at watermark >= end; an event 1 ms short of it leaves the window open."""
    engine = Engine([KpiSpec(name="n", value="count(*)", window="tumbling 10s", delay="2s", grace="0s")])
    ingest(engine, 1, 11_999)
    assert {r.kind for r in engine.advance(0).rows} == {"partial"}
    ingest(engine, 12_000)
    assert [(r.start, r.kind) for r in engine.advance(0).rows] == [(0, "final"), (10_000, "partial")]
    assert [v.outcome for v in ingest(engine, 9_999)] == ["drop"]


def test_events_left_out_by_where_move_the_watermark() -> None:
    """A filtered event closes windows all the same, and is not late itself."""
    spec = KpiSpec(name="n", value="count(*)", where="event = 'y'", window="tumbling 1s", delay="0s", grace="0s")
    engine = Engine([spec])
    engine.ingest(batch([({"event": "y", "timestamp": 500, "properties": {}}, "s")]), 0)
    ingest(engine, 1_000)
    assert [(r.value, r.kind) for r in engine.advance(0).rows] == [(1, "final")]
    assert ingest(engine, 10) == []


def test_a_held_event_far_ahead_takes_one_pane_and_closes_nothing() -> None:
    """A clamped time five minutes ahead is counted in its window and moves no watermark."""
    engine = Engine([KpiSpec(name="n", value="count(*)", window="tumbling 1s", delay="0s", grace="0s")])
    ingest(engine, 1_000)
    ingest(engine, 301_000, held=True)
    assert engine.watermark() == 1_000
    assert engine.stats()["open_panes"] == 2
    assert [(r.start, r.kind) for r in engine.advance(0).rows] == [(1_000, "partial"), (301_000, "partial")]


def test_a_full_pool_closes_the_oldest_pane_and_says_so() -> None:
    """When a source far ahead opens more panes than there are, the oldest are final early; every event is counted."""
    spec = KpiSpec(name="n", value="count(*)", window="tumbling 1s", delay="0s", grace="0s")
    engine = Engine([spec])
    slow = batch([({"event": "x", "timestamp": 0, "properties": {}}, "slow")])
    engine.ingest(slow, 0)
    rows = []
    for start in range(1, 2_001, 100):
        times = [second * 1_000 for second in range(start, start + 100)]
        fast = batch([({"event": "x", "timestamp": time, "properties": {}}, "fast") for time in times])
        assert engine.ingest(fast, 0) == []
        rows += engine.advance(0).rows
    assert engine.stats()["closed_early"] > 1_000
    rows += engine.finish().rows
    assert [row.start for row in rows if row.kind == "final"] == [second * 1_000 for second in range(2_001)]
    assert [v.outcome for v in engine.ingest(slow, 0)] == ["drop"]


@pytest.mark.parametrize("window", ["tumbling 1s", "sliding 4s every 1s"])
def test_a_batch_over_more_panes_than_there_are_equals_single_events(window: str) -> None:
    """A batch that spans thousands of panes gives the rows of the same events one by one."""
    times = [i * 7_919 % 500 * 20 + i * 900 for i in range(1_500)]
    spec = KpiSpec(name="n", value="uniq(timestamp)", window=window, delay="5s", grace="5s")
    one, other = Engine([spec]), Engine([spec])
    ingest(one, *times)
    for time in times:
        ingest(other, time)
    assert one.finish() == other.finish()
    assert one.stats() == other.stats()


@pytest.mark.parametrize("step", [1, 150])
@pytest.mark.parametrize("window", ["tumbling 1s", "sliding 4s every 1s"])
def test_the_past_makes_room_for_windows_that_are_held_open(window: str, step: int) -> None:
    """A source that lags holds windows open, nothing is closed: what is kept is still no more than was computed."""
    engine = Engine([KpiSpec(name="n", value="count(*)", window=window, delay="0s", grace="0s")])
    (grid,) = engine._grids
    assert isinstance(grid, Grid)
    kept = grid.plan.kept
    both = [({"event": "x", "timestamp": i * 1_000, "properties": {}}, "slow") for i in range(kept + 20)]
    engine.ingest(batch(both), 0)
    engine.advance(0)
    book = grid.publisher.books[0][0]
    assert len(book.records) == kept
    for start in range(kept + 20, kept + 170, step):
        times = [second * 1_000 for second in range(start, start + step)]
        engine.ingest(batch([({"event": "x", "timestamp": time, "properties": {}}, "fast") for time in times]), 0)
        before = list(book.records)
        engine.advance(0)
        assert len(book.records) == kept
        assert list(book.records)[: kept - step] == before[step:]
    newest = (kept + 169) * 1_000
    assert next(row.kind for row in engine.rows("n", newest, newest + 1)) == "partial"
    assert engine.stats()["closed_early"] == 0
