"""Measures that look beyond a window, in an engine, against the event-by-event model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import Batch, Engine, KpiSpec
from tests.analytics.invariants import (
    assert_order_changes_nothing,
    assert_restart_changes_nothing,
    assert_split_changes_nothing,
)
from tests.analytics.model import same
from tests.analytics.streams import (
    STREAMS,
    TIMES,
    WINDOWS,
    Stream,
    Windows,
    batch,
    key_of,
    pieces,
    settled,
)
from tests.analytics.tracked import TrackedModel, sessions

FEWER = settings(max_examples=max(settings().max_examples // 4, 10))
CUTS = st.lists(st.integers(0, 60), max_size=6)
GAPS = st.sampled_from([0, 300, 2_000, 9_000])
VIEWS = ("sessions", "session_seconds", "bounce_rate")


def board(window: Windows, delay: int, grace: int, gap: int, max_keys: int = 2) -> list[KpiSpec]:
    """Each session function, with and without keys; most keys are in the overflow."""
    plain = [
        KpiSpec(
            name=f"{view}{number}",
            value=f"{view}(gap => '{max(gap * window.scale, 1)}ms')",
            window=window.text,
            tz=window.tz,
            delay=window.ms(delay),
            grace=window.ms(grace),
            by=by,
            max_keys=max_keys,
        )
        for view in VIEWS
        for number, by in enumerate([(), ("country",)])
    ]
    return [*plain, replace(plain[0], name="events", value="count(*)")]


def assert_rows(found: Sequence[tuple[Any, ...]], expected: Sequence[tuple[Any, ...]]) -> None:
    """Equal as sets of rows."""

    def order(row: tuple[Any, ...]) -> Any:
        return (row[1], row[5], repr(row[2]))

    assert sorted(found, key=order) == sorted(expected, key=order)


@given(STREAMS, CUTS, WINDOWS, TIMES, TIMES, GAPS, st.sampled_from(VIEWS), st.sampled_from([None, "country"]))
def test_session_rows_equal_the_model(
    stream: Stream, cuts: list[int], window: Windows, delay: int, grace: int, gap: int, view: str, by: str | None
) -> None:
    """For any stream, finals, corrections, partials and late events are those of the model."""
    stream, scale = window.moved(stream), window.scale
    ms = max(gap * scale, 1)
    spec = KpiSpec(name="k", value=f"{view}(gap => '{ms}ms')", window=window.text, tz=window.tz)
    engine = Engine([replace(spec, by=(by,) if by else (), delay=window.ms(delay), grace=window.ms(grace))])
    model = TrackedModel(len, window.spans, delay * scale, grace * scale, by, tracked=sessions(view, ms))
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
        # Of a day that one source is ahead, not every step is shown.
        if span[1] <= boundary and (span in partial or "cumulative" not in window.text):
            assert same(partial[span], expected)
    assert_rows(settled(engine.finish().rows), model.finish())


@FEWER
@given(STREAMS, CUTS, CUTS, WINDOWS, TIMES, TIMES, GAPS)
def test_a_batch_split_changes_nothing(
    stream: Stream, cuts: list[int], others: list[int], window: Windows, delay: int, grace: int, gap: int
) -> None:
    """However a stream is cut into batches, the rows of the next advance are the same, and so is the state."""
    specs, stream = board(window, delay, grace, gap), window.moved(stream)
    assert_split_changes_nothing(specs, stream, cuts, others)


@FEWER
@given(STREAMS, CUTS, WINDOWS, TIMES, TIMES, GAPS)
def test_a_restart_at_any_event_changes_nothing(
    stream: Stream, cuts: list[int], window: Windows, delay: int, grace: int, gap: int
) -> None:
    """An engine that is restored after every batch has the state and the rows of one that never stopped."""
    specs, stream = board(window, delay, grace, gap), window.moved(stream)
    assert_restart_changes_nothing(specs, stream, cuts)


@FEWER
@given(STREAMS, st.randoms(use_true_random=False), WINDOWS, GAPS)
def test_any_order_within_delay_and_grace_ends_in_the_same_rows(
    stream: Stream, random: Any, window: Windows, gap: int
) -> None:
    """While no window is closed, the last row of each is that of the events in order, whatever their order was."""
    specs, stream = board(window, 8_000, 40_000, gap, max_keys=10), window.moved(stream)
    assert_order_changes_nothing(specs, stream, random)


@given(STREAMS, CUTS, WINDOWS, TIMES, TIMES, GAPS, st.sampled_from(VIEWS), st.sampled_from([None, "country"]))
def test_an_exact_engine_tells_each_change_at_its_event(
    stream: Stream, cuts: list[int], window: Windows, delay: int, grace: int, gap: int, view: str, by: str | None
) -> None:
    """Rows are those of the model that is asked after each event."""
    stream, scale = window.moved(stream), window.scale
    ms = max(gap * scale, 1)
    spec = KpiSpec(name="k", value=f"{view}(gap => '{ms}ms')", window=window.text, tz=window.tz)
    spec = replace(spec, by=(by,) if by else (), delay=window.ms(delay), grace=window.ms(grace))
    engine = Engine([spec], exact=True)
    model = TrackedModel(len, window.spans, delay * scale, grace * scale, by, tracked=sessions(view, ms))
    found, expected = [], []
    for piece in pieces(stream, cuts):
        engine.ingest(batch(piece), 0)
        found += settled(engine.settled().rows)
        for event, source in piece:
            model.add(event, source)
            expected += model.advance()
    assert_rows(found + settled(engine.finish().rows), expected + model.finish())


@pytest.mark.parametrize("size", [1, 2, 20])
def test_an_exact_engine_corrects_at_each_event_in_any_batches(size: int) -> None:
    """Events behind a final window that lengthen its sessions bring a correction each, however they are batched."""
    spec = KpiSpec(name="k", value="session_seconds()", window="tumbling 10s", delay="0s", grace="1m")
    events = [{"event": "e", "distinct_id": "a", "timestamp": t} for t in range(0, 20_000, 1_000)]
    engine, values = Engine([spec], exact=True), []
    for start in range(0, len(events), size):
        engine.ingest(Batch.from_events(events[start : start + size]), 0)
        values += [row.value for row in engine.settled().rows]
    assert values == list(range(10, 20))
