"""Windows that stay open after their end; retention in an engine against the event-by-event model."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import Engine, KpiSpec
from analytics.aggregation import RetentionSetting
from analytics.hold import Hold
from tests.analytics.invariants import (
    assert_order_changes_nothing,
    assert_restart_changes_nothing,
    assert_split_changes_nothing,
)
from tests.analytics.measures.test_tracker import assert_rows
from tests.analytics.model import DAY, even, local_days
from tests.analytics.streams import (
    KINDS,
    STREAMS,
    TIMES,
    Stream,
    Windows,
    batch,
    key_of,
    pieces,
    settled,
)
from tests.analytics.tracked import TrackedModel, days_later, retention

FEWER = settings(max_examples=max(settings().max_examples // 4, 10))
CUTS = st.lists(st.integers(0, 60), max_size=6)
UTC_DAYS = [
    Windows("tumbling 1d", even(DAY, DAY), scale=8_640),
    Windows("tumbling 2d", even(2 * DAY, 2 * DAY), scale=20_000),
    Windows("sliding 2d every 1d", even(2 * DAY, DAY), scale=20_000),
]
WINDOWS = st.sampled_from([*UTC_DAYS, *(kind for kind in KINDS if kind.scale > 1 and "cumulative" not in kind.text)])
PERIODS = st.sampled_from([1, 3])
days_later = lru_cache(maxsize=1_000)(days_later)


def kpi(window: Windows, delay: int, grace: int, periods: int, name: str = "k", **more: Any) -> KpiSpec:
    """Users who view, and come back to buy."""
    value = f"retention(event = 'view', event = 'buy', periods => {periods})"
    times: dict[str, Any] = {"delay": window.ms(delay), "grace": window.ms(grace)}
    return KpiSpec(name=name, value=value, window=window.text, tz=window.tz, **times, **more)


def board(window: Windows, delay: int, grace: int, periods: int, max_keys: int = 2) -> list[KpiSpec]:
    """With and without keys, and beside a KPI that is not held back."""
    spec = kpi(window, delay, grace, periods, max_keys=max_keys)
    return [spec, replace(spec, name="by", by=("country",)), replace(spec, name="n", value="count(*)")]


def test_a_zone_holds_back_by_its_own_days() -> None:
    """Two days before the morning of the last Monday of March are 47 hours."""
    hold = Hold(RetentionSetting(DAY, 2, "Europe/Berlin"))
    monday = local_days("Europe/Berlin", 1_743_390_000_000)[20]
    assert (monday - hold.back(monday + 3_600_000)) % DAY in (0, 23 * 3_600_000)
    assert hold.due(hold.back(monday)) == monday


@given(STREAMS, CUTS, WINDOWS, TIMES, TIMES, PERIODS, st.sampled_from([None, "country"]))
def test_retention_rows_equal_the_model(
    stream: Stream, cuts: list[int], window: Windows, delay: int, grace: int, periods: int, by: str | None
) -> None:
    """For any stream, finals, corrections, partials and late events are those of the model."""
    stream, scale = window.moved(stream), window.scale
    engine = Engine([kpi(window, delay, grace, periods, by=(by,) if by else ())])
    model = TrackedModel(
        len,
        window.spans,
        delay * scale,
        min(grace * scale, 7 * DAY),
        by,
        tracked=retention(window.tz, 1, periods),
        final_at=lambda end: days_later(window.tz, end, periods),
    )
    late, at = [], 0
    shown: dict[Any, Any] = {}
    for piece in pieces(stream, cuts):
        late += [at + verdict.index for verdict in engine.ingest(batch(piece), 0)]
        at += len(piece)
        for event, source in piece:
            model.add(event, source)
        rows = engine.advance(0).rows
        assert_rows(settled(rows), model.advance())
        shown |= {(row.start, row.end, key_of(row)): row.value for row in rows if row.kind == "partial"}
        assert engine.watermark() == model.watermark
    assert late == model.late
    newest = max(event["timestamp"] for event, _ in stream)
    boundary = min(end for _, end in window.spans(newest))
    for span, expected in model.open().items():
        assert span[1] > boundary or shown[span] == expected
    assert_rows(settled(engine.finish().rows), model.finish())


@FEWER
@given(STREAMS, CUTS, CUTS, WINDOWS, TIMES, TIMES, PERIODS)
def test_a_batch_split_changes_nothing(
    stream: Stream, cuts: list[int], others: list[int], window: Windows, delay: int, grace: int, periods: int
) -> None:
    """However a stream is cut into batches, the rows of the next advance are the same, and so is the state."""
    specs, stream = board(window, delay, grace, periods), window.moved(stream)
    assert_split_changes_nothing(specs, stream, cuts, others)


@FEWER
@given(STREAMS, CUTS, WINDOWS, TIMES, TIMES, PERIODS)
def test_a_restart_at_any_event_changes_nothing(
    stream: Stream, cuts: list[int], window: Windows, delay: int, grace: int, periods: int
) -> None:
    """An engine that is restored after every batch has the state and the rows of one that never stopped."""
    specs, stream = board(window, delay, grace, periods), window.moved(stream)
    assert_restart_changes_nothing(specs, stream, cuts)


@FEWER
@given(STREAMS, st.randoms(use_true_random=False), WINDOWS, PERIODS)
def test_any_order_within_delay_and_grace_ends_in_the_same_rows(
    stream: Stream, random: Any, window: Windows, periods: int
) -> None:
    """Nothing is late, and the last row of each window is that of the events in order."""
    # A grace is at most seven days, so most of the disorder is within the delay.
    specs, stream = board(window, 40_000, 8_000, periods, max_keys=10), window.moved(stream)
    assert_order_changes_nothing(specs, stream, random)


@FEWER
@given(STREAMS, CUTS, WINDOWS, TIMES, TIMES, PERIODS)
def test_an_exact_engine_tells_each_change_at_its_event(
    stream: Stream, cuts: list[int], window: Windows, delay: int, grace: int, periods: int
) -> None:
    """Rows are those of the model that is asked after each event."""
    stream, scale = window.moved(stream), window.scale
    engine = Engine([kpi(window, delay, grace, periods)], exact=True)
    model = TrackedModel(
        len,
        window.spans,
        delay * scale,
        grace * scale,
        tracked=retention(window.tz, 1, periods),
        final_at=lambda end: days_later(window.tz, end, periods),
    )
    found, expected = [], []
    for piece in pieces(stream, cuts):
        engine.ingest(batch(piece), 0)
        found += settled(engine.settled().rows)
        for event, source in piece:
            model.add(event, source)
            expected += model.advance()
    assert_rows(found + settled(engine.finish().rows), expected + model.finish())
