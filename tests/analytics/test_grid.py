"""A grid against the model: lateness, finals, corrections, batch splits, order of arrival."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from analytics import Engine, KpiSpec
from tests.analytics.model import VALUES, Model, same
from tests.analytics.streams import STREAMS, TIMES, WINDOWS, Stream, batch, feed, key_of, pieces, settled

CUTS = st.lists(st.integers(0, 60), max_size=6)


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
    stream: Stream, cuts: list[int], window: Any, delay: int, grace: int, value: str, by: str | None
) -> None:
    """For any stream, finals, corrections, partials and late events are those of the event-by-event model."""
    text, size, hop = window
    spec = KpiSpec(name="k", value=value, window=text, delay=f"{delay}ms", grace=f"{grace}ms", by=(by,) if by else ())
    engine, model = Engine([spec]), Model(VALUES[value], size, hop, delay, grace, by)
    late, at = [], 0
    partial: dict[Any, Any] = {}
    for piece in pieces(stream, cuts):
        late += [at + verdict.index for verdict in engine.ingest(batch(piece), 0)]
        at += len(piece)
        for event, source in piece:
            model.add(event, source)
        rows = engine.advance(0).rows
        assert_rows(settled(rows), model.advance())
        partial |= {(row.start, key_of(row)): row.value for row in rows if row.kind == "partial"}
        assert engine.watermark() == model.watermark
    assert late == model.late
    newest = max(event["timestamp"] for event, _ in stream)
    boundary = (newest - size) // hop * hop + hop + size
    for (start, key), expected in model.open().items():
        if start + size <= boundary:
            assert same(partial[start, key], expected) or abs(partial[start, key] - expected) <= 1e-12 * abs(expected)
    assert_rows(settled(engine.finish().rows), model.finish())


@given(STREAMS, CUTS, CUTS, WINDOWS, TIMES, TIMES)
def test_a_batch_split_changes_nothing(
    stream: Stream, cuts: list[int], others: list[int], window: Any, delay: int, grace: int
) -> None:
    """However a stream is cut into batches, the rows of the next advance are the same, and so is the state."""
    specs = board(window[0], delay, grace)
    one, other = Engine(specs), Engine(specs)
    feed(one, stream, cuts)
    feed(other, stream, others)
    assert one.snapshot().to_bytes() == other.snapshot().to_bytes()
    assert one.advance(0) == other.advance(0)


@given(STREAMS, st.randoms(use_true_random=False), WINDOWS)
def test_any_order_within_delay_and_grace_ends_in_the_same_rows(stream: Stream, random: Any, window: Any) -> None:
    """Nothing is late while the disorder is within delay + grace, and the last row of each window is the same."""
    specs = board(window[0], 8_000, 40_000, max_keys=10)
    shuffled = list(stream)
    random.shuffle(shuffled)
    ends = []
    for order in (stream, shuffled):
        engine = Engine(specs)
        last: dict[Any, Any] = {}
        for piece in pieces(order, [7, 20, 33]):
            assert engine.ingest(batch(piece), 0) == []
            last |= {(r.kpi, r.start, key_of(r)): (r.end, r.value) for r in engine.advance(0).rows}
        last |= {(r.kpi, r.start, key_of(r)): (r.end, r.value) for r in engine.finish().rows}
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
def test_each_window_has_exactly_one_final(stream: Stream, cuts: list[int], window: Any) -> None:
    """Per (kpi, dims, start) there is one final, of revision 0, and corrections count up from it."""
    engine = Engine(board(window[0], 1_000, 8_000))
    rows = []
    for piece in pieces(stream, cuts):
        engine.ingest(batch(piece), 0)
        rows += engine.advance(0).rows
    rows += engine.finish().rows
    seen: dict[Any, list[Any]] = {}
    for row in rows:
        if row.kind != "partial":
            seen.setdefault((row.kpi, row.start, key_of(row)), []).append((row.kind, row.rev))
    for history in seen.values():
        assert history == [("final" if i == 0 else "correction", i) for i in range(len(history))]


def board(window: str, delay: int, grace: int, max_keys: int = 3) -> list[KpiSpec]:
    """Every value of the model, half of them with a dimension and a condition."""
    specs = []
    for i, value in enumerate(sorted(VALUES)):
        spec = KpiSpec(name=f"k{i}", value=value, window=window, delay=f"{delay}ms", grace=f"{grace}ms")
        if i % 2:
            spec = replace(spec, by=("country",), where="event = 'buy' OR price > 0", max_keys=max_keys)
        specs.append(spec)
    return specs
