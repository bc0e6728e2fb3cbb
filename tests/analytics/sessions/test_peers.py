"""Session cases from the tests of other stream processors, as research/engine.md quotes them: same input, same rows."""

from __future__ import annotations

from typing import Any

import pytest

from analytics import Batch, Engine, KpiSpec, Row, Snapshot


def push(engine: Engine, *events: tuple[str, int, int], held: bool = False) -> list[str]:
    """Ingest (key, value, time); held ones do not move the watermark. Returns the outcomes of refused ones."""
    made = [{"event": key, "timestamp": time, "properties": {"v": value}} for key, value, time in events]
    batch = Batch.from_events(made)
    batch.holds = (batch.timestamp == batch.timestamp) & held
    return [verdict.outcome for verdict in engine.ingest(batch, 0)]


def finals(rows: list[Row]) -> list[tuple[Any, ...]]:
    """(key, value, start, end) of the finals."""
    return [(row.dims["event"], row.value, row.start, row.end) for row in rows if row.kind == "final"]


@pytest.mark.parametrize("restored", [False, True])
def test_flink_session_windows(restored: bool) -> None:
    """WindowOperatorTest.testSessionWindows: gap 3 s, sums, a snapshot and restore in between.

    Flink fires at watermark end - 1, we beyond the end, so its watermark 17999 is our 18001.
    """
    spec = KpiSpec(
        name="n", value="sum(v)", where="event <> 'tick'", by=("event",), window="session 3s", delay="0s", grace="0s"
    )
    engine = Engine([spec])
    push(engine, ("k2", 1, 0), ("k2", 2, 1000), ("k2", 3, 2500), ("k1", 1, 10), ("k1", 2, 1000), held=True)
    if restored:
        engine = Engine.restore([spec], Snapshot.from_bytes(engine.snapshot().to_bytes()))
    push(engine, ("k1", 3, 2500), ("k2", 4, 5501), ("k2", 5, 6000), ("k2", 5, 6000), ("k2", 6, 6050), held=True)
    push(engine, ("tick", 0, 12_000))
    assert finals(engine.advance(0).rows) == [("k1", 6, 10, 5_500), ("k2", 6, 0, 5_500), ("k2", 20, 5_501, 9_050)]
    push(engine, ("k2", 10, 15_000), ("k2", 20, 15_000), held=True)
    push(engine, ("tick", 0, 18_000))
    assert finals(engine.advance(0).rows) == []
    push(engine, ("tick", 0, 18_001))
    assert finals(engine.advance(0).rows) == [("k2", 30, 15_000, 18_000)]


def test_bytewax_session_windows_with_a_late_event() -> None:
    """fold_window, gap 5 s: a1 b5 c11 d12 e13 f14 g20, and h1, which is late there and here."""
    spec = KpiSpec(name="n", value="top(event, 9)", by=("v",), window="session 5s", delay="0s", grace="0s")
    engine = Engine([spec])
    events = [("a", 1), ("b", 5), ("c", 11), ("d", 12), ("e", 13), ("f", 14), ("g", 20), ("h", 1)]
    refused = [outcome for name, second in events for outcome in push(engine, (name, 0, second * 1_000))]
    assert refused == ["drop"]
    rows = [row for row in engine.finish().rows if row.kind == "final"]
    assert ["".join(sorted(name for name, _ in row.value["items"])) for row in rows] == ["ab", "cdef", "g"]


@pytest.mark.parametrize(
    ("gap", "sessions"), [(300_000, [(0, 600_000, 2)]), (300_001, [(0, 300_000, 1), (300_001, 600_001, 1)])]
)
def test_kafka_gap_is_inclusive(gap: int, sessions: list[tuple[int, int, int]]) -> None:
    """Kafka Streams, inactivity gap of 5 minutes: exactly 5 minutes apart is one session, 1 ms more is two."""
    engine = Engine([KpiSpec(name="n", value="count(*)", window="session 5m", delay="0s")])
    push(engine, ("a", 0, 0), ("a", 0, gap))
    assert [(row.start, row.end, row.value) for row in engine.finish().rows] == sessions


def test_kafka_merges_sessions_and_takes_the_old_row_back() -> None:
    """KStreamSessionWindowAggregate.shouldMergeSessions: a record in between joins both, a tombstone for the newer."""
    engine = Engine([KpiSpec(name="n", value="count(*)", window="session 5m", delay="5m")])
    push(engine, ("a", 0, 0), ("a", 0, 300_001))
    assert [(row.start, row.value, row.kind) for row in engine.advance(0).rows] == [
        (0, 1, "partial"),
        (300_001, 1, "partial"),
    ]
    push(engine, ("a", 0, 150_000))
    assert [(row.start, row.end, row.value, row.kind, row.rev) for row in engine.advance(0).rows] == [
        (300_001, 600_001, None, "retract", 1),
        (0, 600_001, 3, "partial", 0),
    ]
