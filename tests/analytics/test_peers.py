"""Cases from the tests of other stream processors, as research/engine.md quotes them: same input, same windows."""

from __future__ import annotations

from typing import Any

import pytest

from analytics import Batch, Engine, KpiSpec, Row, Snapshot

FLINK = [("k2", 3999), ("k2", 3000), ("k1", 20), ("k1", 0), ("k1", 999), ("k2", 1998), ("k2", 1999), ("k2", 1000)]


def push(engine: Engine, *events: tuple[str, int], held: bool = False) -> list[str]:
    """Ingest events (name, time); a held one does not move the watermark. Returns the outcomes of refused ones."""
    batch = Batch.from_events([{"event": name, "timestamp": time} for name, time in events])
    batch.holds = (batch.timestamp == batch.timestamp) & held
    return [verdict.outcome for verdict in engine.ingest(batch, 0)]


def finals(rows: list[Row]) -> list[tuple[Any, ...]]:
    """(start, key, value) of the finals."""
    return [(row.start, row.dims["event"], row.value) for row in rows if row.kind == "final"]


@pytest.mark.parametrize("restored", [False, True])
def test_flink_sliding_event_time_windows(restored: bool) -> None:
    """WindowOperatorTest.testSlidingEventTimeWindows: size 3 s, slide 1 s, a snapshot and restore in between.

    Flink fires at watermark end - 1, we at end, so its watermark 999 is our 1000.
    """
    window = "sliding 3s every 1s"
    spec = KpiSpec(name="n", value="count(*)", where="event <> 'tick'", by=("event",), window=window, delay="0s")
    engine = Engine([spec])
    push(engine, *FLINK, held=True)
    expected = {
        1000: [(-2000, "k1", 3)],
        2000: [(-1000, "k1", 3), (-1000, "k2", 3)],
        3000: [(0, "k1", 3), (0, "k2", 3)],
        4000: [(1000, "k2", 5)],
        5000: [(2000, "k2", 2)],
        6000: [(3000, "k2", 2)],
        7000: [],
        8000: [],
    }
    for watermark, rows in expected.items():
        push(engine, ("tick", watermark))
        assert finals(engine.advance(0).rows) == rows
        if restored and watermark == 3000:
            engine = Engine.restore([spec], Snapshot.from_bytes(engine.snapshot().to_bytes()))


def test_flink_tumbling_event_time_windows() -> None:
    """The same input in windows of 3 s."""
    spec = KpiSpec(name="n", value="count(*)", where="event <> 'tick'", by=("event",), window="tumbling 3s", delay="0s")
    engine = Engine([spec])
    push(engine, *FLINK, held=True)
    push(engine, ("tick", 3000))
    assert finals(engine.advance(0).rows) == [(0, "k1", 3), (0, "k2", 3)]
    push(engine, ("tick", 6000))
    assert finals(engine.advance(0).rows) == [(3000, "k2", 2)]


def test_kafka_suppress_until_window_closes() -> None:
    """SuppressScenarioTest, windows of 2 ms, 1 ms of waiting: finals [0,2)=4 and [2,4)=1, the last event dropped."""
    engine = Engine([KpiSpec(name="n", value="count(*)", window="tumbling 2ms", delay="1ms", grace="0s")])
    found = []
    outcomes = []
    for time in (0, 1, 2, 1, 0, 5, 0):
        outcomes += push(engine, ("x", time))
        found += [(row.start, row.value) for row in engine.advance(0).rows if row.kind != "partial"]
    assert found == [(0, 4), (2, 1)]
    assert outcomes == ["drop"]


def test_kafka_updates_within_grace() -> None:
    """The same events without waiting and 1 ms of grace: what Kafka emits as updates are our rows, in its order."""
    engine = Engine([KpiSpec(name="n", value="count(*)", window="tumbling 2ms", delay="0s", grace="1ms")])
    found = []
    for time in (0, 1, 2, 1, 0, 5, 0):
        push(engine, ("x", time))
        found += [(row.start, row.value, row.kind, row.rev) for row in engine.advance(0).rows]
    assert found == [
        (0, 1, "partial", 0),
        (0, 2, "partial", 0),
        (0, 2, "final", 0),
        (2, 1, "partial", 0),
        (0, 3, "correction", 1),
        (0, 4, "correction", 2),
        (2, 1, "final", 0),
        (4, 1, "partial", 0),
    ]


def names(value: Any) -> str:
    """The values of a top list in one text."""
    return "".join(sorted(name for name, _ in value["items"]))


def test_bytewax_sliding_windows_with_a_late_event() -> None:
    """Length 10 s, offset 5 s: a1 b4 c8 d12 e13 f14 g16 and h1, which comes too late for all of its windows."""
    spec = KpiSpec(name="n", value="top(event, 9)", window="sliding 10s every 5s", delay="0s", grace="0s")
    engine = Engine([spec])
    stream = [("a", 1), ("b", 4), ("c", 8), ("d", 12), ("e", 13), ("f", 14), ("g", 16), ("h", 1)]
    assert push(engine, *((name, time * 1000) for name, time in stream)) == ["drop"]
    rows = [row for row in engine.advance(0).rows + engine.finish().rows if row.kind == "final"]
    expected = {-5000: "ab", 0: "abc", 5000: "cdef", 10000: "defg", 15000: "g"}
    assert {row.start: names(row.value) for row in rows} == expected


def test_bytewax_waits_as_long_as_it_is_told() -> None:
    """Tumbling 10 s, unlimited waiting: values out of order are all collected."""
    engine = Engine([KpiSpec(name="n", value="top(event, 9)", window="tumbling 10s", delay="7d", grace="0s")])
    stream = [("1", 0), ("3", 8), ("2", 4), ("5", 13), ("4", 12)]
    assert push(engine, *((name, time * 1000) for name, time in stream)) == []
    rows = engine.finish().rows
    assert {row.start: names(row.value) for row in rows} == {0: "123", 10000: "45"}
