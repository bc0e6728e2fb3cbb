"""The engine: windows become final, late events are told, and its state moves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analytics.batch import Batch
from analytics.dictionary import MAX_ENTRIES, Encoded
from analytics.engine import Engine
from analytics.measures import visited
from analytics.snapshot import Snapshot
from analytics.spec import KpiError, KpiSpec


def _spec(name: str = "k", value: str = "count(*)", **more: Any) -> KpiSpec:
    times = {"window": "tumbling 1s", "delay": "0s", "grace": "10s"} | more
    return KpiSpec(name=name, value=value, **times)


def _batch(*times: int, **properties: Any) -> Batch:
    return Batch.from_events([{"event": "e", "timestamp": t, "properties": properties} for t in times])


def _rows(engine: Engine) -> list[tuple[int, Any, str, int]]:
    return [(row.start, row.value, row.kind, row.rev) for row in engine.advance(0).rows]


def test_a_window_is_partial_then_final_then_corrected() -> None:
    """Each change is told once; an event within the grace corrects a final row with the next revision."""
    engine = Engine([_spec()])
    engine.ingest(_batch(100), 0)
    assert _rows(engine) == [(0, 1, "partial", 0)]
    assert _rows(engine) == []
    engine.ingest(_batch(1_200), 0)
    assert _rows(engine) == [(0, 1, "final", 0), (1_000, 1, "partial", 0)]
    assert engine.ingest(_batch(300), 0) == []
    assert _rows(engine) == [(0, 2, "correction", 1)]


def test_an_event_too_late_for_some_is_a_warning_and_for_all_a_drop() -> None:
    """A verdict names the event's place, and the counters tell the two apart."""
    engine = Engine([_spec("short", grace="0s"), _spec("long", grace="1m")])
    engine.ingest(_batch(70_000), 0)
    engine.advance(0)
    verdicts = engine.ingest(_batch(70_000, 69_000 - 1, 1), 0)
    assert [(v.index, v.outcome, v.reason) for v in verdicts] == [(1, "warn", "late"), (2, "drop", "late")]
    stats = engine.stats()
    assert (stats["late"], stats["late_some"], stats["late_by_kpi"]) == (1, 1, {"short": 2, "long": 1})


def test_skipped_events_are_not_counted() -> None:
    """`skip` marks what was seen before: it is in no window and in no counter."""
    engine, batch = Engine([_spec()]), _batch(1, 2, 3)
    batch.skip = np.array([False, True, False])
    engine.ingest(batch, 0)
    assert [row.value for row in engine.finish().rows] == [2]
    assert engine.stats()["events"] == 2


def test_finish_makes_all_final() -> None:
    """After `finish` no window is open and what comes is late."""
    engine = Engine([_spec()])
    engine.ingest(_batch(1, 5_000), 0)
    assert [(row.start, row.kind) for row in engine.finish().rows] == [(0, "final"), (5_000, "final")]
    assert [v.outcome for v in engine.ingest(_batch(5_001), 0)] == ["drop"]


def test_the_watermark_follows_the_slowest_source() -> None:
    """There is none before the first event; then it is the newest time of the slowest source, and it never falls."""
    engine = Engine([_spec()])
    assert engine.watermark() is None
    for times, expected in (((4_000, 9_000), 4_000), ((6_000, 20_000), 6_000), ((5_000, 30_000), 6_000)):
        engine.ingest(Batch(2, np.array(times, np.int64), {}, [("slow", 1), ("fast", 1)]), 0)
        assert engine.watermark() == engine.advance(0).watermark["k"] == expected


def test_a_restored_engine_goes_on_as_the_other_would_have() -> None:
    """State through bytes gives the same rows for what follows, and the same bytes again."""
    specs = [_spec(by=("c",)), _spec("total", "sum(x) / count(*)")]
    engine = Engine(specs)
    engine.ingest(_batch(100, 1_500, c="a", x=3), 0)
    engine.advance(0)
    data = engine.snapshot().to_bytes()
    other = Engine.restore(specs, Snapshot.from_bytes(data))
    assert other.snapshot().to_bytes() == data
    for each in (engine, other):
        each.ingest(_batch(1_600, 2_000, c="b", x=5), 0)
    rows = other.advance(0).rows
    assert rows
    assert rows == engine.advance(0).rows


def test_rows_of_the_past_can_be_asked_for() -> None:
    """`rows` gives the windows that overlap the span; an unknown KPI is a KeyError."""
    engine = Engine([_spec()])
    engine.ingest(_batch(100, 1_100, 2_100), 0)
    engine.advance(0)
    assert [row.start for row in engine.rows("k", 1_000, 2_000)] == [1_000]
    with pytest.raises(KeyError):
        engine.rows("other", 0, 1)


def test_rows_can_be_asked_for_one_by_one_while_events_come() -> None:
    """Each says at least what was known when the first was asked for; here, what was known when its turn came."""
    engine = Engine([_spec(by=("c",))])
    for c in "ab":
        engine.ingest(_batch(100, 1_100, c=c), 0)
    engine.advance(0)
    rows = engine.each_row("k", 0, 10_000)
    seen = [next(rows)]
    engine.ingest(_batch(1_200, 1_300, c="b"), 0)
    engine.advance(0)
    seen += rows
    assert [(row.start, row.dims["c"], row.value) for row in seen] == [
        (0, "a", 1), (0, "b", 1), (1_000, "a", 1), (1_000, "b", 3)
    ]  # fmt: skip


def test_what_waits_in_the_measures_can_be_taken_up_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only where it is much, whatever kinds of windows there are; the rows are what they are without."""
    specs = [
        _spec("way", "funnel(event = 'a', event = 'b', within => '10s')"),
        _spec("visits", "count(*)", window="session 10s"),
        _spec(),
    ]
    engine, other = Engine(specs), Engine(specs)
    batch = Batch.from_events([
        {"event": name, "timestamp": 100 * i, "distinct_id": f"u{i}"} for name in "ab" for i in range(9)
    ])  # fmt: skip
    for each in (engine, other):
        each.ingest(batch, 0)
        each.advance(0)
        each.ingest(batch, 0)
        each.settled()
    assert list(engine.relieving()) == []
    monkeypatch.setattr(visited, "MUCH", 1)
    assert list(engine.relieving()) != []
    assert list(engine.relieving()) == []
    assert engine.finish().rows == other.finish().rows


def test_a_set_over_the_budget_is_refused() -> None:
    """The error names the KPI whose grid is the largest."""
    small, large = _spec("small"), _spec("large", "uniq(x)", by=("c",), max_keys=10_000)
    with pytest.raises(KpiError, match="budget") as refused:
        Engine([small, large], memory_budget=1 << 20)
    assert refused.value.kpi == "large"


def test_a_caller_may_encode_texts_itself() -> None:
    """The rows are those of plain values; a column that is read as a number has no coder."""
    specs = [
        _spec("views", by=["country"]),
        _spec("users", "uniq(user)"),
        _spec("paid", "sum(price) FILTER (WHERE plan = 'pro')"),
        _spec("mixed", "sum(size) FILTER (WHERE size = 'big')"),
    ]
    columns: dict[str, list[Any]] = {
        "country": ["DE", None, "FR", "DE", 5],
        "user": ["a", "b", "a", None, True],
        "price": [1, 2.5, None, 4, 5],
        "plan": ["pro", "pro", "free", "pro", None],
    }
    times, sources = np.arange(5, dtype=np.int64) * 400, [("s", 5)]
    plain, coded = Engine(specs[:3]), Engine(specs[:3])
    assert set(coded.coders) == {"country", "user", "plan"}
    plain.ingest(Batch(5, times, columns, sources), 0)
    early: dict[str, Any] = {name: Encoded(coder.encode(columns[name]), coder) for name, coder in coded.coders.items()}
    coded.ingest(Batch(5, times, columns | early, sources), 0)
    assert coded.advance(0).rows == plain.advance(0).rows


def test_dictionaries_are_trimmed_behind_no_callers_back() -> None:
    """A batch with encoded columns leaves them alone, however full; `trim` says whether codes lost their meaning."""
    engine = Engine([_spec(by=["country"])])
    (coder,) = engine.coders.values()
    assert not engine.trim()
    codes = coder.encode([str(number) for number in range(MAX_ENTRIES + 1)])
    for part in (codes[:2], codes[-2:]):
        engine.ingest(Batch(2, np.array([1, 2]), {"country": Encoded(part, coder)}, [("s", 2)]), 0)
    assert [row.dims["country"] for row in engine.advance(0).rows] == sorted(["0", "1", "65535", "65536"])
    assert engine.trim()
    assert engine.ingest(_batch(3, country="DE"), 0) == []
