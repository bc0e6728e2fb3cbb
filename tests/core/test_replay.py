"""Recorded events to rows, as lines of JSON."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analytics import Batch, Engine, KpiSpec
from gateway.core.recording import Recording
from gateway.core.replay import Replay, replay_recording
from tests.analytics.streams import EVENTS
from tests.house.tree import ROOT

VECTORS = ROOT / "tests" / "vectors" / "replay"
BOARD = [
    KpiSpec(name="views", value="count(*)", window="tumbling 5s", delay="1s", grace="10s"),
    KpiSpec(name="pages", value="top(page, 2)", by=("country",), max_keys=2, window="tumbling 700ms", delay="0s"),
    KpiSpec(name="users", value="uniq(distinct_id)", by=("country",), window="sliding 7s every 3s", grace="3s"),
    KpiSpec(name="paid", value="sum(price) / count(*)", where="event = 'buy'", window="sliding 10s every 5s"),
    KpiSpec(name="visits", value="count(*)", window="session 2s", delay="1s", grace="20s", max_keys=100),
]


def _run(specs: list[KpiSpec], data: bytes, size: int = 1 << 20, partial: int | None = None) -> tuple[bytes, Replay]:
    engine = Engine(specs, exact=True)
    replay = Replay(engine, partial)
    recording = Recording(engine.schema, engine.coders, 1_000)
    pieces = (data[start : start + size] for start in range(0, len(data), size))
    return b"".join(replay_recording(pieces, recording, replay)), replay


def _ndjson(events: list[Any]) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def _seen(user: str, at: int) -> dict[str, Any]:
    return {"event": "view", "timestamp": at, "distinct_id": user, "properties": {"page": "/", "country": "DE"}}


@pytest.mark.parametrize("size", [1, 50, 1 << 20])
@pytest.mark.parametrize("name", sorted(file.stem for file in VECTORS.glob("*.toml")))
def test_golden_recordings(name: str, size: int) -> None:
    """Cases from the tests of Kafka Streams, Bytewax and Flink, and a mixed file: every byte as written down."""
    rows, _ = _run(KpiSpec.load(VECTORS / f"{name}.toml"), (VECTORS / f"{name}.ndjson").read_bytes(), size)
    assert rows.decode() == (VECTORS / f"{name}.rows.ndjson").read_text("utf-8")


def test_every_golden_recording_is_complete() -> None:
    """Each has its KPIs, its events and its rows."""
    stems = {file.name.split(".")[0] for file in VECTORS.iterdir()}
    assert len(stems) >= 5
    assert {p.name for p in VECTORS.iterdir()} == {
        f"{s}{e}" for s in stems for e in (".toml", ".ndjson", ".rows.ndjson")
    }


# A shown session begins anew between two corrections of another KPI: its row is taken back there, not behind them.
@example([_seen("a", 0), _seen("b", 1), _seen("a", 1_000), _seen("b", 0), _seen("a", 0)], 1, 1_000, False)
@given(st.lists(EVENTS, max_size=50), st.integers(1, 3_000), st.sampled_from([None, 1_000, 2_500]), st.booleans())
def test_the_bytes_do_not_depend_on_the_pieces(
    events: list[Any], size: int, partial: int | None, repeated: bool
) -> None:
    """Any size of pieces gives the same output, with open windows or without, with repeats or without."""
    told = [event | ({"uuid": f"u{nth % 20}"} if repeated else {}) for nth, event in enumerate(events)]
    data = _ndjson(told)
    assert _run(BOARD, data, size, partial)[0] == _run(BOARD, data, partial=partial)[0]


def test_open_windows_come_when_event_time_reaches_a_step() -> None:
    """As they stood before the event that got there, changed ones only; without `partial` there are none."""
    spec = KpiSpec(name="k", value="count(*)", window="tumbling 10s", delay="0s")
    data = _ndjson([{"event": "e", "timestamp": t} for t in (100, 200, 1_000, 2_500, 5_000, 5_100, 10_000)])
    kinds = [(row["kind"], row["value"]) for row in map(json.loads, _run([spec], data, partial=1_000)[0].splitlines())]
    assert kinds == [("partial", 2), ("partial", 3), ("partial", 4), ("partial", 6), ("final", 6), ("final", 1)]
    assert [json.loads(line)["kind"] for line in _run([spec], data)[0].splitlines()] == ["final", "final"]


def test_finals_and_corrections_are_the_same_with_open_windows_between_them() -> None:
    """`partial` adds rows and changes none."""
    data = (VECTORS / "bytewax_sliding.ndjson").read_bytes()
    specs = KpiSpec.load(VECTORS / "bytewax_sliding.toml")
    mixed = [line for line in _run(specs, data, partial=1)[0].splitlines() if b'"partial"' not in line]
    assert mixed == _run(specs, data)[0].splitlines()


def test_it_stops_at_a_bad_line_without_finals_it_cannot_know() -> None:
    """Rows up to there are out, what is still open is not made final, and the counts say where it was."""
    lines = _ndjson([{"event": "e", "timestamp": t} for t in (0, 1_000, 1_001)])
    spec = KpiSpec(name="k", value="count(*)", window="tumbling 1s", delay="0s")
    for size in (1, 1 << 20):
        rows, replay = _run([spec], lines + b"oops\n" + lines, size)
        assert [json.loads(line)["start"] for line in rows.splitlines()] == [0]
        assert (replay.counts.events, replay.counts.bad) == (3, 1)
        assert replay.counts.first_bad is not None
        assert replay.counts.first_bad.number == 4


def test_the_order_of_fields_is_fixed() -> None:
    """`error` and `keys` only where there is something to say."""
    spec = KpiSpec(name="k", value="count(*)", by=("$c",), max_keys=1, window="tumbling 1s")
    data = _ndjson([{"event": "e", "timestamp": 0, "properties": {"$c": c}} for c in ("a", "b", "c")])
    first, second = _run([spec], data)[0].splitlines()
    assert first == (b'{"kpi":"k","dims":{"$c":"a"},"start":0,"end":1000,"value":1,"kind":"final","rev":0}')
    assert second.endswith(b'"value":2,"kind":"final","rev":0,"keys":2}')


def test_the_rest_takes_little_memory_however_much_it_is() -> None:
    """Twelve thousand windows that are final at the end: what waits and what is kept of them, not all of their rows."""
    replay = Replay(Engine([KpiSpec(name="k", value="count(*)", window="sliding 20m every 100ms")], exact=True))
    list(replay.take(Batch.from_events([_seen("u", at) for at in (0, 1_000)])))
    tracemalloc.start()
    try:
        rows = sum(part.count(b"\n") for part in replay.finish())
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert rows == 12_010
    assert most < 20e6


def test_a_gap_in_the_middle_takes_little_memory() -> None:
    """The same windows, which become final with one event that comes a day later; then none is left for the end."""
    replay = Replay(Engine([KpiSpec(name="k", value="count(*)", window="sliding 20m every 100ms")], exact=True))
    list(replay.take(Batch.from_events([_seen("u", at) for at in (0, 1_000)])))
    tracemalloc.start()
    try:
        events = Batch.from_events([_seen("u", 86_400_000 + at) for at in range(10)])
        rows = sum(part.count(b"\n") for part in replay.take(events))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert rows == 12_010
    assert most < 20e6


def test_nothing_is_nothing() -> None:
    """An empty recording has no rows."""
    assert _run(BOARD, b"")[0] == b""
